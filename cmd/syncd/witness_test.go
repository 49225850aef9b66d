package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// logShown is how much of a log a failure shows.
const logShown = 12_000

// tell notes what happens, and when: a failure shows it, and beside it what each
// daemon logged at that time.
func (f *fleet) tell(format string, args ...any) {
	f.t.Helper()
	f.t.Logf("%s %s", time.Now().UTC().Format("15:04:05.000"), fmt.Sprintf(format, args...))
}

// confess tells how a daemon is, its log, and whether it ended by itself.
func (r *replica) confess() {
	t := r.fleet.t
	t.Helper()
	switch {
	case r.child == nil:
		t.Logf("%s was ended by the test", r.name)
	case r.child.gone():
		t.Logf("%s has ended by itself: %s", r.name, r.child.cmd.ProcessState)
	default:
		_, status := r.run("status")
		t.Logf("%s is process %d; its status:\n%s", r.name, r.child.pid(), status)
	}
	raw, err := os.ReadFile(r.log())
	if err != nil {
		t.Log(err)
	}
	t.Logf("the log of %s, but for runs that had nothing to do:\n%s", r.name, ending(raw))
}

// gone reports whether the child has ended.
func (c *child) gone() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// ending gives the end of a log, from a whole line on.
func ending(raw []byte) string {
	var kept strings.Builder
	for line := range strings.Lines(string(raw)) {
		if !strings.Contains(line, `"outcome":"done","counts":{},"doubts":[]`) {
			kept.WriteString(line)
		}
	}
	text := kept.String()
	if len(text) <= logShown {
		return text
	}
	text = text[len(text)-logShown:]
	return text[strings.Index(text, "\n")+1:]
}

// writes tells what Omni was asked to write, one line each.
func (f *fleet) writes() string {
	var lines []string
	for _, r := range f.omni.Requests() {
		if r.Method != "GET" {
			lines = append(lines, fmt.Sprintf("%s %s %s: %d", r.Time.UTC().Format("15:04:05.000"), r.Kind, r.Path, r.Status))
		}
	}
	return strings.Join(lines[max(0, len(lines)-80):], "\n")
}
