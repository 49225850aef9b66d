package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts call syncd: it is this binary again.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"syncd": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"okta":       oktaCmd,
			"hooks":      hooksCmd,
			"eventually": eventuallyCmd,
			"omni":       omniCmd,
			"status":     statusCmd,
			"alive":      aliveCmd,
			"takes":      takesCmd,
			"signal":     signalCmd,
			"hire":       hireCmd,
			"move":       moveCmd,
			"breaks":     breaksCmd,
			"begins":     beginsCmd,
			"terminate":  terminateCmd,
			"terminal":   terminalCmd,
			"fits":       fitsCmd,
			"saved":      savedCmd,
			"bare":       bareCmd,
			"alerts":     alertsCmd,
		},
	})
}

// world is one script's Okta and Omni.
type world struct {
	okta   *simokta.Org
	omni   *simomni.Org
	hooks  *hookDesk
	alerts *alertDesk
	faults sim.Faults        // of Omni
	ids    map[string]string // of Okta users and groups, by name
}

// setUp gives a script its own world, with four people and a pushed group, and
// a configuration file for it.
func setUp(env *testscript.Env) error {
	w := &world{
		okta: &simokta.Org{Token: "okta-token"},
		omni: &simomni.Org{Knobs: simomni.Knobs{Keys: []string{"omni-key"}, RealLimit: -1}},
		ids:  map[string]string{},
	}
	for _, name := range []string{"ann", "bob", "cat", "dan"} {
		w.ids[name] = w.okta.AddUser(simokta.User{Login: name + "@example.com", Email: name + "@example.com", FirstName: name, LastName: "Example"})
		w.okta.Assign(w.ids[name], simokta.AssignOptions{})
	}
	w.ids["Sales"] = w.okta.AddGroup("Sales", "OKTA_GROUP")
	w.okta.AddMembers(w.ids["Sales"], w.ids["ann"], w.ids["bob"])
	w.okta.Push(w.ids["Sales"])
	hooks, err := freeAddress()
	if err != nil {
		return err
	}
	w.hooks = &hookDesk{Handler: w.okta, proxy: hooks}
	okta, omni := httptest.NewServer(w.hooks), httptest.NewServer(w.faults.Wrap(w.omni))
	env.Defer(okta.Close)
	env.Defer(omni.Close)
	console, err := freeAddress()
	if err != nil {
		return err
	}
	env.Values["world"] = w
	env.Setenv("OKTA_API_TOKEN", "okta-token")
	env.Setenv("OMNI_API_KEY", "omni-key")
	env.Setenv("CONSOLE", console)
	env.Setenv("HOOKS", hooks)
	env.Setenv("OMNI_ELSEWHERE", strings.Replace(omni.URL, "127.0.0.1", "localhost", 1))
	w.alerts = &alertDesk{}
	receiver := httptest.NewServer(w.alerts)
	env.Defer(receiver.Close)
	env.Setenv("ALERTS", receiver.URL+"/services/s3cret")
	env.Setenv("SYNCD_CONFIG", "acme.yaml")
	return os.WriteFile(filepath.Join(env.WorkDir, "acme.yaml"), fmt.Appendf(nil, `name: acme
okta: {org_url: "%s", app_id: %s, rate_share: 1, auth: {api_token: "${env:OKTA_API_TOKEN}"}}
omni: {base_url: "%s", requests_per_minute: 6000, api_keys: ["${env:OMNI_API_KEY}"]}
schedule: {delta: "", full: "", reconcile: ""}
deprovision: {grace: 0s, settle: 0s}
guard: {deactivations: {count: 1, percent: 100}}
console: {listen: "%s"}
`, okta.URL, simokta.DefaultAppID, omni.URL, console), 0o600)
}

// freeAddress finds an address for a process that is started, or started again,
// later. Its port is none of those that the system gives to connections and to
// listeners that ask for any: one of them would take it in the meantime.
func freeAddress() (address string, err error) {
	for range 100 {
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 15_000+rand.IntN(15_000))); err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", err
}

func worldOf(ts *testscript.TestScript) *world {
	w, _ := ts.Value("world").(*world)
	return w
}

// oktaCmd is what an admin does: okta assign NAME..., okta unassign NAME...,
// okta profile NAME KEY VALUE, okta group NAME MEMBER..., okta app STATUS, okta
// denied PATH; and okta run
// FILE, which sets RUN to the run of a report.
func oktaCmd(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	for i, name := range args[1:] {
		switch args[0] {
		case "assign":
			w.okta.Assign(w.ids[name], simokta.AssignOptions{})
		case "unassign":
			w.okta.Unassign(w.ids[name])
		case "profile":
			if i == 0 {
				w.okta.UpdateProfile(w.ids[name], map[string]any{args[2]: args[3]})
			}
		case "group": // okta group NAME MEMBER...: one that isn't pushed
			if i == 0 {
				w.ids[name] = w.okta.AddGroup(name, "OKTA_GROUP")
			} else {
				w.okta.AddMember(w.ids[args[1]], w.ids[name])
			}
		case "in", "out": // okta in GROUP MEMBER...
			if i > 0 && args[0] == "in" {
				w.okta.AddMember(w.ids[args[1]], w.ids[name])
			} else if i > 0 {
				w.okta.RemoveMember(w.ids[args[1]], w.ids[name])
			}
		case "run", "undo":
			ts.Setenv(strings.ToUpper(args[0]), runOf(ts, name))
		case "app":
			w.okta.SetKnobs(func(k *simokta.Knobs) { k.AppStatus = name })
		case "denied":
			w.okta.SetKnobs(func(k *simokta.Knobs) { k.Denied, k.DeniedPath = simokta.DeniedSilence, name })
		case "id": // into the variable of that name, in capitals
			ts.Setenv(strings.ToUpper(name), w.ids[name])
		case "hidden": // okta hidden users|members NAME...; okta hidden nobody: all are seen again
			hide(w, args[1], w.ids[name], i == 0)
		default:
			ts.Fatalf("okta %s is not known", args[0])
		}
	}
}

func runOf(ts *testscript.TestScript, file string) string {
	var report sync.Report
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &report))
	return report.Run
}

// omniCmd looks into Omni: omni active NAME..., omni sales NAME... for members, omni writes N since the
// last time, or since omni reset; omni add NAME... and omni id NAME... put an account's id into $NAME.
func omniCmd(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	if args[0] == "reset" {
		w.omni.ResetLog()
	}
	for _, arg := range args[1:] {
		switch args[0] {
		case "active":
			u, _ := w.omni.User(arg + "@example.com")
			if u.Active == neg {
				ts.Fatalf("%s: %+v", arg, u)
			}
		case "sales":
			g, _ := w.omni.Group("Sales")
			if slices.Contains(g.Members, arg+"@example.com") == neg {
				ts.Fatalf("%s: %+v", arg, g)
			}
		case "add":
			ts.Setenv(arg, w.omni.AddUser(arg+"@example.com", arg))
		case "id":
			u, _ := w.omni.User(arg + "@example.com")
			ts.Setenv(arg, u.ID)
		case "writes":
			if got := fmt.Sprint(w.omni.Writes()); got != arg {
				ts.Fatalf("Omni was written to %s times, want %s: %+v", got, arg, w.omni.Requests())
			}
			w.omni.ResetLog()
		default:
			ts.Fatalf("omni %s is not known", args[0])
		}
	}
}

// statusCmd runs syncd and wants an exit status: status 4 plan --json. Its
// output is for stdout and stderr, as after exec.
func statusCmd(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("syncd", args[1:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("syncd %s exits with %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// aliveCmd waits until the daemon answers and its first run has ended: before it,
// others may have made some.
func aliveCmd(ts *testscript.TestScript, _ bool, _ []string) {
	for range 1000 {
		var owner struct{ Since time.Time }
		text, err := os.ReadFile(ts.MkAbs("syncd.db.owner"))
		if err == nil {
			err = json.Unmarshal(text, &owner)
		}
		if s, asked := clientFor(ts).Status(context.Background()); err == nil && asked == nil && s.Leader && s.Last != nil && s.Last.Ended.After(owner.Since) {
			return
		}
		pause()
	}
	ts.Fatalf("the daemon did not come up")
}

// signalCmd sends HUP or TERM to the daemon that owns syncd.db.
func signalCmd(ts *testscript.TestScript, _ bool, args []string) {
	var owner struct{ PID int }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("syncd.db.owner")), &owner))
	ts.Check(syscall.Kill(owner.PID, map[string]syscall.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM}[args[0]]))
}

// takesCmd takes the console's address, so that a daemon can't.
func takesCmd(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", ts.Getenv("CONSOLE"))
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
}
