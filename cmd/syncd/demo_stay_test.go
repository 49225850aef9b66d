package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// shared is a buffer that is read while it is written.
type shared struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// find gives the first group of a pattern in the text.
func find(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("nothing like %s in:\n%s", pattern, text)
	}
	return m[1]
}

// A demo that stays shows where to look; what it says to type works; and it
// ends, without a trace, when it is told to.
func TestDemoStays(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	out := &shared{}
	a := &app{shell: shell{Out: out, Err: out}}
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- a.demo(ctx, demonstration{company: found(), scenes: shortWeek(func(*week) {}), stay: true})
	}()
	eventually(t, "staying", func() bool { return len(ended) > 0 || strings.Contains(out.String(), "What is held is released") })
	text := out.String()
	config := find(t, text, `status --config (\S+)`)
	hands := find(t, text, `Both sides in words +curl (\S+)`)
	pid, _ := strconv.Atoi(find(t, text, `The daemon +process (\d+)`))
	for _, file := range []string{config, find(t, text, `its token in (\S+)`), find(t, text, `its log in (\S+)`)} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
	for _, step := range []struct {
		method, path, want string
		status             int    // of syncd, typed afterwards
		typed              string // a command
	}{
		{http.MethodGet, "", "Nothing differs", exitDone, "status"},
		{http.MethodPost, "/unassign?user=nobody@acme.example", "nobody is called", exitDone, "plan"},
		{http.MethodPost, "/unassign?user=Ada.Adler@acme.example", "no longer has the Omni app", exitFound, "plan --detailed-exitcode"},
		{http.MethodPost, "/assign?user=ada.adler@acme.example", "has the Omni app", exitDone, "plan --detailed-exitcode"},
		{http.MethodPost, "/assign?group=Engineering", "nothing changed", exitDone, "reconcile"},
		{http.MethodPost, "/unassign?group=Engineering", "no longer has the Omni app", exitHeld, "reconcile"},
		{http.MethodGet, "", "is active in Omni only", exitHeld, "status"},
	} {
		if got := answer(t, step.method, hands+step.path); !strings.Contains(got, step.want) {
			t.Errorf("%s %s answers %q, want %q", step.method, step.path, got, step.want)
		}
		var told bytes.Buffer
		args := append(strings.Fields(step.typed), "--config", config)
		if got := execute(t.Context(), shell{Args: args, Out: &told, Err: &told}); got != step.status {
			t.Errorf("syncd %s exits with %d, want %d:\n%s", step.typed, got, step.status, told.String())
		}
	}
	interrupt()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	gone(t, pid)
	nothingIn(t, os.TempDir())
}

// Where Okta's provisioning is on, a demo that stays pushes what happens in Okta.
func TestDemoStaysAndPushes(t *testing.T) {
	t.Parallel()
	out, company := &shared{}, found()
	a := &app{shell: shell{Out: out, Err: out}}
	ctx, interrupt := context.WithCancel(t.Context())
	scenes := shortWeek(func(w *week) {
		w.okta.switchOn()
		if err := w.okta.push(ctx); err != nil {
			t.Error(err)
		}
	})
	ended := make(chan error, 1)
	go func() { ended <- a.demo(ctx, demonstration{company: company, scenes: scenes, stay: true}) }()
	eventually(t, "staying", func() bool { return len(ended) > 0 || strings.Contains(out.String(), "What is held is released") })
	text := out.String()
	request := strings.Split(find(t, text, `SCIM endpoint +curl -H 'Authorization: (Bearer \S+' '\S+)'`), "' '")
	if got := answer(t, http.MethodGet, request[1], request[0]); !strings.Contains(got, `"totalResults":200`) {
		t.Errorf("the endpoint answers %s", got)
	}
	hands := find(t, text, `Both sides in words +curl (\S+)`)
	for _, path := range []string{"/unassign", "/assign"} {
		_ = answer(t, http.MethodPost, hands+path+"?user=ada.adler@acme.example")
		eventually(t, path, func() bool {
			u, _ := company.omni.User("ada.adler@acme.example")
			return u.Active == (path == "/assign")
		})
	}
	interrupt()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// answer gives what is answered, to who brings these credentials.
func answer(t *testing.T, method, url string, credentials ...string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range credentials {
		r.Header.Set("Authorization", c)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// demoProcess is `syncd demo` as a person types it, in a folder for temporary
// files of its own, up to the daemon that was started after the crash.
func demoProcess(t *testing.T) (demo *exec.Cmd, dir string, daemon int) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	demo = exec.Command(program, "demo", "--stay")
	demo.Args[0] = "syncd"
	demo.Env = append(os.Environ(), "TMPDIR="+dir)
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = demo.Process.Kill() })
	seen := map[int]bool{demo.Process.Pid: true} // it looks by itself before it starts the daemon
	eventually(t, "second daemon", func() bool {
		if pid := ownerIn(dir); pid > 0 && !seen[pid] {
			seen[pid] = true
			daemon = pid
		}
		return len(seen) == 3
	})
	return demo, dir, daemon
}

// ownerIn gives the process that owns the ledger of the demo in dir, 0 while there is none.
func ownerIn(dir string) int {
	files, _ := filepath.Glob(filepath.Join(dir, "syncd-demo-*", "ledger.db.owner"))
	for _, file := range files {
		raw, err := os.ReadFile(file)
		var owner struct{ PID int }
		if err == nil && json.Unmarshal(raw, &owner) == nil {
			return owner.PID
		}
	}
	return 0
}

// Ctrl-C in the middle of the week ends everything and removes it.
func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	demo, dir, daemon := demoProcess(t)
	if err := demo.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = demo.Wait()
	if status := demo.ProcessState.ExitCode(); status != exitFailed {
		t.Errorf("exit status %d", status)
	}
	gone(t, daemon)
	nothingIn(t, dir)
}
