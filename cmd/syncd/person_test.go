package main

import (
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/sync"
)

// TestUserIsDoneByTheLeader asks a standby, and a command line without a daemon, for a
// run about one person, and for an explanation, which both answer themselves.
func TestUserIsDoneByTheLeader(t *testing.T) {
	t.Parallel()
	p := newPair(t, 0)
	for _, r := range []*replica{p.standby, p.bare} {
		p.hire("for" + r.name)
		name := "for" + r.name + "@example.com"
		explained := func(words string) {
			t.Helper()
			if status, out := r.run("explain", name); status != 0 || !strings.Contains(out, words) {
				t.Errorf("explain by %s exits with %d:\n%s", r.name, status, out)
			}
		}
		explained("creating the account is still to be done")
		if status, out := r.run("user", name, "--dry-run"); status != 0 || !strings.Contains(out, "to be done: creating the account") {
			t.Errorf("a dry run by %s exits with %d:\n%s", r.name, status, out)
		}
		status, out := r.run("user", name)
		if status != 0 || p.difference() != "" || !strings.Contains(out, "done: creating the account") || !strings.Contains(out, "Next: ") {
			t.Errorf("user by %s exits with %d, %s:\n%s", r.name, status, p.difference(), out)
		}
		explained("has access to Omni")
		if status, out := r.run("user", "nobody@example.com"); status != 1 || !strings.Contains(out, "nobody is known as") || !strings.Contains(out, "hint: ") {
			t.Errorf("nobody, by %s, exits with %d:\n%s", r.name, status, out)
		}
	}
	if s, err := p.leader.client().Status(t.Context()); err != nil || s.State != sync.InStep {
		t.Errorf("the status is %+v, %v", s, err)
	}
	if !p.leader.logged(`"run_kind":"user"`) {
		t.Error("the leader made no such run")
	}
	p.leavesNothing(5 * time.Second)
	p.wroteOnce()
}

// What is told of a person is printed step by step, the answer first, and can't steer
// the terminal.
func TestPersonAtAGlance(t *testing.T) {
	evil := "ev\x1b[2Jil"
	steps := []sync.Step{{Name: "found", Text: "ann@example.com is the app username of Okta user 00u1, Ann Lee"}, {Name: "scope", Text: evil, Doubt: true},
		{Name: "decision", Text: "done: creating the account"}, {Name: "decision", Text: "done: adding them to the group Sales"}}
	golden(t, "person", false, func(p *printer) {
		p.walked(sync.Report{Run: "r1", Kind: sync.User, Outcome: sync.Doubtful, Steps: steps, Doubts: []string{evil}, Notes: []string{"a note"}, Next: "nothing is left to do"}, false)
		p.line("")
		p.explanation(sync.Explanation{Answer: "Ann Lee has access to Omni: " + evil, Sentences: steps, Next: "nothing is left to do"})
	})
}
