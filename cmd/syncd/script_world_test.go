package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/creack/pty"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/rogpeppe/go-internal/testscript"
)

// hireCmd adds people: hire N. move makes each of them, and the first four, another name.
func hireCmd(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for i := range n {
		name := fmt.Sprintf("person%03d", i)
		w.ids[name] = w.okta.AddUser(simokta.User{Login: name + "@example.com", Email: name + "@example.com", FirstName: name, LastName: "Example"})
		w.okta.Assign(w.ids[name], simokta.AssignOptions{})
	}
}

// hide lets the role behind the token lose sight of a user: of the assignment to the app,
// but not of the account, or of the memberships.
func hide(w *world, what, id string, first bool) {
	w.okta.SetKnobs(func(k *simokta.Knobs) {
		if first { // the word that says what
			k.Hidden, k.HiddenPaths = nil, map[string][]string{
				"users": {"/api/v1/apps/*/users", "/api/v1/apps/*/users/*"}, "members": {"/api/v1/groups/*/users", "/api/v1/users/*/groups"},
			}[what]
			return
		}
		k.Hidden = append(slices.Clip(k.Hidden), id)
	})
}

// moveCmd gives everybody another first name: move NAME.
func moveCmd(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	for name, id := range w.ids {
		if name != "Sales" {
			w.okta.UpdateProfile(id, map[string]any{"firstName": args[0]})
		}
	}
}

// breaksCmd makes Omni fail: breaks PERSON STATUS WORDS refuses what is written of one,
// breaks new STATUS WORDS whoever is to be made, breaks all STATUS WORDS every request;
// breaks nothing ends it.
func breaksCmd(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	if args[0] == "nothing" {
		w.faults.Clear()
		return
	}
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	fault := sim.Fault{Do: sim.Status(status, fmt.Sprintf(`{"error":%q,"message":%q}`, http.StatusText(status), strings.Join(args[2:], " ")), nil)}
	switch args[0] {
	case "all":
	case "new":
		fault.Method, fault.Path = http.MethodPost, "/api/scim/v2/Users"
	default:
		u, ok := w.omni.User(args[0] + "@example.com")
		if !ok {
			ts.Fatalf("Omni has no %s", args[0])
		}
		fault.Method, fault.Path = http.MethodPatch, "/api/scim/v2/Users/"+u.ID
	}
	w.faults.Add(fault)
}

// beginsCmd waits until Omni was written to N times since the script looked last.
func beginsCmd(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for range 2000 {
		if worldOf(ts).omni.Writes() >= n {
			return
		}
		pause()
	}
	ts.Fatalf("nobody writes")
}

// terminateCmd sends SIGTERM to the background command that was started last.
func terminateCmd(ts *testscript.TestScript, _ bool, _ []string) {
	list := ts.BackgroundCmds()
	ts.Check(list[len(list)-1].Process.Signal(syscall.SIGTERM))
}

// terminalCmd runs syncd on a terminal so many columns wide, and keeps what it prints there
// in terminal.txt: terminal 80 status. Before the command stand variables as NAME=value, and
// TYPES=TEXT, which a person types there.
func terminalCmd(ts *testscript.TestScript, _ bool, args []string) {
	width, err := strconv.ParseUint(args[0], 10, 16)
	ts.Check(err)
	environ := []string{"TERM=xterm"}
	for _, name := range []string{"PATH", "HOME", "TESTSCRIPT_COMMAND_NAME", "SYNCD_CONFIG", "OKTA_API_TOKEN", "OMNI_API_KEY"} {
		environ = append(environ, name+"="+ts.Getenv(name))
	}
	typed := ""
	for args = args[1:]; strings.Contains(args[0], "="); args = args[1:] {
		if text, types := strings.CutPrefix(args[0], "TYPES="); types {
			typed = text + "\n"
			continue
		}
		environ = append(environ, args[0])
	}
	path := ""
	for dir := range strings.SplitSeq(ts.Getenv("PATH"), string(os.PathListSeparator)) {
		if _, err := os.Stat(filepath.Join(dir, "syncd")); err == nil && path == "" {
			path = filepath.Join(dir, "syncd")
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.Dir = environ, ts.MkAbs(".")
	mine, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: uint16(width)})
	ts.Check(err)
	defer mine.Close()
	_, err = io.WriteString(mine, typed)
	ts.Check(err)
	var out bytes.Buffer
	_, _ = io.Copy(&out, mine) // ends with EIO
	_ = cmd.Wait()             // its exit status is other scripts' business
	text := strings.ReplaceAll(out.String(), "\r\n", "\n")
	ts.Check(os.WriteFile(ts.MkAbs("terminal.txt"), []byte(text), 0o600))
}

// fitsCmd wants each line of a file to be so many columns wide at most: fits 60 terminal.txt.
func fitsCmd(ts *testscript.TestScript, neg bool, args []string) {
	width, err := strconv.Atoi(args[0])
	ts.Check(err)
	widest := 0
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		widest = max(widest, text.StringWidthWithoutEscSequences(strings.TrimRight(line, "\n")))
	}
	if (widest <= width) == neg {
		ts.Fatalf("the widest line has %d columns", widest)
	}
}

// bareCmd wants no file of a directory to hold a text: bare archive ann@.
func bareCmd(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) == 0 {
		ts.Fatalf("%s is empty", args[0])
	}
	for _, e := range entries {
		if strings.Contains(ts.ReadFile(filepath.Join(args[0], e.Name())), args[1]) {
			ts.Fatalf("%s holds %s", e.Name(), args[1])
		}
	}
}
