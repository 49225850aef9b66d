package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
)

// fleet is a company, its Omni, and real processes of syncd between them that
// share one ledger. The processes are this binary again.
type fleet struct {
	t       *testing.T
	okta    *simokta.Org
	omni    *simomni.Org
	chance  *rand.Rand
	oktaURL string
	omniURL string
	dir     string
	state   string // state.url
	pace    int    // omni.requests_per_minute
	people  []string
	groups  []string
	names   map[string]string // of people and groups, by Okta's id
}

// newFleet founds a company of twelve with three groups. Omni takes a moment
// for each answer, so that a process that is killed has requests under way.
func newFleet(t *testing.T, state string) *fleet {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	f := &fleet{t: t, state: state, pace: 60_000, dir: t.TempDir(), chance: rand.New(rand.NewPCG(seed, 1)), names: map[string]string{},
		okta: &simokta.Org{Token: "okta-token"},
		omni: &simomni.Org{Knobs: simomni.Knobs{Keys: []string{"omni-key"}, RealLimit: -1}}}
	f.okta.SetKnobs(func(k *simokta.Knobs) { k.Limits = plenty() })
	for i := range 12 {
		f.hire(fmt.Sprintf("person%02d", i))
	}
	for _, name := range []string{"Sales", "Support", "Data"} {
		id := f.okta.AddGroup(name, "")
		f.groups, f.names[id] = append(f.groups, id), name
		f.okta.AddMembers(id, f.someone(), f.someone(), f.someone())
		f.okta.Push(id)
	}
	var slow sim.Faults
	slow.Add(sim.Fault{Do: sim.Delay(20 * time.Millisecond)})
	f.oktaURL, f.omniURL = f.serve(f.okta), f.serve(slow.Wrap(f.omni))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what was written to Omni:\n%s", f.writes())
		}
	})
	return f
}

func (f *fleet) serve(h http.Handler) string {
	s := httptest.NewServer(h)
	f.t.Cleanup(s.Close)
	return s.URL
}

func (f *fleet) hire(name string) {
	address := name + "@example.com"
	id := f.okta.AddUser(simokta.User{Login: address, Email: address, FirstName: name, LastName: "Example", Profile: map[string]any{}})
	f.okta.Assign(id, simokta.AssignOptions{})
	f.people, f.names[id] = append(f.people, id), name
}

func (f *fleet) someone() string   { return f.people[f.chance.IntN(len(f.people))] }
func (f *fleet) somewhere() string { return f.groups[f.chance.IntN(len(f.groups))] }

// happen makes one random change in Okta.
func (f *fleet) happen() {
	switch f.chance.IntN(3) {
	case 0:
		who := f.someone()
		f.tell("Okta unassigns %s", f.names[who])
		f.okta.Unassign(who)
	case 1:
		group, who := f.somewhere(), f.someone()
		f.tell("Okta takes %s out of %s", f.names[who], f.names[group])
		f.okta.RemoveMember(group, who)
	default:
		f.arrive()
	}
}

// arrive makes one random change in Okta that takes nothing from anybody.
func (f *fleet) arrive() {
	switch f.chance.IntN(3) {
	case 0:
		name := fmt.Sprintf("joiner%03d", len(f.people))
		f.tell("Okta gets %s", name)
		f.hire(name)
	case 1:
		who := f.someone()
		f.tell("Okta assigns %s", f.names[who])
		f.okta.Assign(who, simokta.AssignOptions{})
	default:
		group, who := f.somewhere(), f.someone()
		f.tell("Okta puts %s into %s", f.names[who], f.names[group])
		f.okta.AddMember(group, who)
	}
}

// replica is one installation of syncd: its configuration, and its process while there is one.
type replica struct {
	fleet   *fleet
	name    string
	console string
	child   *child
}

// replica writes the configuration of one more syncd. Each has a console and an archive of its own.
func (f *fleet) replica(name string) *replica {
	f.t.Helper()
	address, err := freeAddress()
	if err != nil {
		f.t.Fatal(err)
	}
	r := &replica{fleet: f, name: name, console: address}
	if err := os.Mkdir(filepath.Join(f.dir, name), 0o700); err != nil {
		f.t.Fatal(err)
	}
	text := fmt.Sprintf(`name: fleet
okta: {org_url: %q, app_id: %s, rate_share: 1, auth: {api_token: "${env:OKTA_API_TOKEN}"}}
omni: {base_url: %q, requests_per_minute: %d, api_keys: ["${env:OMNI_API_KEY}"]}
state: {url: %q, archive: %q}
schedule: {delta: "", full: "@every 1s", reconcile: ""}
deprovision: {grace: 0s, settle: 0s}
guard: {deactivations: {count: 1000, percent: 100}, member_removals: {count: 1000, percent: 100}}
console: {listen: %q, token: "${env:SYNCD_CONSOLE_TOKEN}"}
`, f.oktaURL, simokta.DefaultAppID, f.omniURL, f.pace, f.state, filepath.Join(f.dir, name, "archive"), address)
	if err := os.WriteFile(r.config(), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if f.t.Failed() {
			r.confess()
		}
		r.kill()
	})
	return r
}

func (r *replica) config() string { return filepath.Join(r.fleet.dir, r.name, "syncd.yaml") }
func (r *replica) log() string    { return filepath.Join(r.fleet.dir, r.name, "log") }

// command is syncd with this replica's configuration.
func (r *replica) command(ctx context.Context, args ...string) *exec.Cmd {
	r.fleet.t.Helper()
	program, err := os.Executable()
	if err != nil {
		r.fleet.t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, program, append(args, "--config", r.config())...)
	cmd.Args[0] = "syncd"
	cmd.Dir = filepath.Join(r.fleet.dir, r.name)
	cmd.Env = append(os.Environ(), "OKTA_API_TOKEN=okta-token", "OMNI_API_KEY=omni-key", "SYNCD_CONSOLE_TOKEN=console-token")
	return cmd
}

// start starts the daemon and waits for nothing.
func (r *replica) start() {
	r.fleet.t.Helper()
	log, err := os.OpenFile(r.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		r.fleet.t.Fatal(err)
	}
	defer log.Close()
	cmd := r.command(context.Background(), "run")
	cmd.Stdout, cmd.Stderr = log, log
	if r.child, err = spawn(cmd); err != nil {
		r.fleet.t.Fatal(err)
	}
}

// kill ends the daemon at once, where there is one.
func (r *replica) kill() {
	if r.child != nil {
		r.child.kill()
		r.child = nil
	}
}

// stop ends the daemon orderly.
func (r *replica) stop() {
	r.child.stop()
	r.child = nil
}

func (r *replica) signal(s syscall.Signal) {
	r.fleet.t.Helper()
	if err := r.child.cmd.Process.Signal(s); err != nil {
		r.fleet.t.Fatal(err)
	}
}

func (r *replica) client() console.Client {
	return console.Client{URL: "http://" + r.console, Name: "fleet", Token: "console-token"}
}

// held names the runs that wait for a person.
func (r *replica) held() []string {
	status, err := r.client().Status(r.fleet.t.Context())
	if err != nil {
		return nil // not up yet
	}
	var runs []string
	for _, h := range status.Held {
		runs = append(runs, h.Run)
	}
	return runs
}

// ready reports whether this one leads.
func (r *replica) ready() bool { return r.answers("/readyz") == http.StatusOK }

// answers gives the status that the console answers with, 0 for none.
func (r *replica) answers(path string) int {
	ctx, cancel := context.WithTimeout(r.fleet.t.Context(), time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.console+path, http.NoBody)
	if err != nil {
		r.fleet.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// run runs a command to its end and gives its exit status and all that it printed.
func (r *replica) run(args ...string) (int, string) {
	r.fleet.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	cmd := r.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		return ended.ExitCode(), out.String()
	}
	if err != nil {
		r.fleet.t.Fatal(err)
	}
	return 0, out.String()
}

// until polls until done, at most for so long.
func (f *fleet) until(patience time.Duration, what string, done func() bool) time.Duration {
	f.t.Helper()
	begun := time.Now()
	for !done() {
		if time.Since(begun) > patience {
			f.t.Fatalf("not within %s: %s", patience, what)
		}
		pause()
	}
	return time.Since(begun)
}

// wait lets real time pass for other processes.
func (f *fleet) wait(d time.Duration) { <-time.After(d) }

// difference tells the first way in which Omni isn't what Okta says, "" for none.
func (f *fleet) difference() string {
	want, got := map[string]bool{}, map[string]bool{}
	assigned := f.okta.Assigned()
	for _, name := range assigned {
		want[identity.FoldUserName(name)] = true
	}
	for _, u := range f.omni.Users() {
		if u.Active {
			got[identity.FoldUserName(u.UserName)] = true
		}
	}
	if !maps.Equal(want, got) {
		return fmt.Sprintf("Okta assigns %v, Omni has %v", slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
	}
	names := f.okta.Groups()
	for id := range f.okta.Pushed() {
		var members []string
		for _, u := range f.okta.MembersOf(id) {
			if name, ok := assigned[u]; ok {
				members = append(members, identity.FoldUserName(name))
			}
		}
		slices.Sort(members)
		if in := f.activeIn(names[id]); !slices.Equal(members, in) {
			return fmt.Sprintf("Okta's group %s has %v, Omni's %v", names[id], members, in)
		}
	}
	return ""
}

func (f *fleet) activeIn(name string) []string {
	g, _ := f.omni.Group(name)
	var in []string
	for _, m := range g.Members {
		if u, ok := f.omni.User(m); ok && u.Active {
			in = append(in, identity.FoldUserName(m))
		}
	}
	slices.Sort(in)
	return in
}

// converges waits until Omni is what Okta says, while an admin approves by r
// what the guard holds: early in a load a few removals are many.
func (f *fleet) converges(r *replica, patience time.Duration) {
	f.t.Helper()
	begun := time.Now()
	for f.difference() != "" {
		for _, run := range r.held() {
			_, _, err := r.client().Approve(f.t.Context(), console.Decision{Verdict: sync.Verdict{Run: run, By: "admin"}, Progress: func(sync.Progress) {}})
			if err != nil && !fault.Is(err, fault.NotFound) {
				f.tell("%s couldn't approve: %v", r.name, err) // the lease may be moving: patience decides
			}
		}
		if time.Since(begun) > patience {
			f.t.Fatalf("not in step after %s: %s", patience, f.difference())
		}
		pause()
	}
}

// wroteOnce fails where Omni made an object twice: all its creations that took
// effect are still there, as nothing in these stories deletes.
func (f *fleet) wroteOnce() {
	f.t.Helper()
	made := 0
	for _, r := range f.omni.Requests() {
		if r.Status == http.StatusCreated && (r.Kind == simomni.CreateUser || r.Kind == simomni.CreateGroup) {
			made++
		}
	}
	if there := len(f.omni.Users()) + len(f.omni.Groups()); made != there {
		f.t.Errorf("Omni made %d users and groups and has %d", made, there)
	}
	names := map[string]int{}
	for _, u := range f.omni.Users() {
		names[identity.FoldUserName(u.UserName)]++
	}
	for _, g := range f.omni.Groups() {
		names["group "+strings.ToLower(g.DisplayName)]++
	}
	for name, n := range names {
		if n > 1 {
			f.t.Errorf("Omni has %d times %s", n, name)
		}
	}
}

// quiet fails unless a reconcile by command, after one that ends whatever was
// under way, finds nothing to do.
func (f *fleet) quiet(r *replica) {
	f.t.Helper()
	before := 0
	for range 2 {
		before = f.omni.Writes()
		if status, out := r.run("reconcile"); status != 0 {
			f.t.Fatalf("reconcile exits with %d:\n%s", status, out)
		}
	}
	if n := f.omni.Writes() - before; n != 0 {
		f.t.Errorf("a reconcile of what is in step wrote %d times", n)
	}
}
