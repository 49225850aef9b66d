package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// whatFails is a status with a few that fail each in its way, many that fail alike, and
// some that are refused before Omni is asked.
func whatFails() sync.Status {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := sync.Status{Name: "acme", State: sync.Broken, Leader: true,
		Last:  &sync.LastRun{Run: "r9", Kind: "delta", Outcome: "failed", Ended: at, Error: "create Omni user: 401 no such key", Hint: "make an organization key"},
		Whole: &sync.LastRun{Run: "r8", Kind: "full", Outcome: "failed", Ended: at, Error: "create Omni user: 401 no such key", Hint: "make an organization key"}}
	add := func(c state.Change, p state.Problem) {
		c.State, c.Problem = state.Failed, &p
		s.Failing = append(s.Failing, c)
	}
	add(state.Change{Kind: "deactivate", UserName: "erin@example.com", Error: "update Omni user: 400 not like this"},
		state.Problem{Cause: "refused", Advice: "compare what Omni says", Attempts: 9, Since: at, Next: at.Add(9 * time.Hour)})
	add(state.Change{Kind: "members", Group: "Finance", Error: "update Omni group: 400 no", Before: &state.Facts{Members: crowd(2)}},
		state.Problem{Cause: "refused", Attempts: 1, Since: at.Add(400 * 24 * time.Hour), Next: at.Add(401 * 24 * time.Hour)})
	add(state.Change{Kind: "create", UserName: "zoe@example.com", Error: "create zoe@example.com: Omni says that the address is taken, but shows nobody who has it", Reason: "failed once, tried again at 2026-01-03T03:04:05Z"},
		state.Problem{Cause: "hidden", Advice: "look in Omni for an embed user", Attempts: 1, Since: at, Next: at.Add(24 * time.Hour)})
	for i, name := range crowd(37) {
		add(state.Change{Kind: "create", UserName: name, OmniID: fmt.Sprint("o", i), Error: "create " + name + ": 400 Email domain not allowed", Reason: "let it in"},
			state.Problem{Cause: "address", Advice: "let it in", Attempts: i%3 + 1, Since: at.Add(time.Duration(i) * time.Minute), Next: at.Add(time.Duration(60-i) * time.Minute)})
	}
	s.Refused = []state.Trouble{{Cause: "username", Words: `the app username "ann" is not an email address`, Advice: "set it to Email", Count: 5, Names: []string{"ann", "b\x1bb", "cat"}}}
	return s
}

// One cause is told as one thing, however many it keeps from being done; the name of
// nobody is lost where few fail.
func TestWhatFailsAtAGlance(t *testing.T) {
	golden(t, "failing", false, func(p *printer) {
		p.status(whatFails())
		p.report(sync.Report{Run: "r9", Kind: sync.Full, Outcome: sync.Failing, Changes: whatFails().Failing}, false)
	})
}

// On a terminal every line fits, whatever the width; nothing is lost, and nothing that
// isn't written to a terminal is changed.
func TestLinesFitTheTerminal(t *testing.T) {
	text.EnableColors()
	goldenAt(t, "narrow", printer{width: 60}, func(p *printer) { p.status(whatFails()) })
	for _, width := range []int{20, 33, 60, 80, 200} {
		for _, color := range []bool{false, true} {
			var whole, wrapped strings.Builder
			draw := func(out *strings.Builder, like printer) {
				goldenless(out, like, func(p *printer) {
					p.status(whatFails())
					p.report(sync.Report{Run: "r1", Kind: sync.Full, Outcome: sync.Doubtful, Doubts: []string{strings.Repeat("doubt ", 30)}, Changes: changesOfEachKind()}, false)
				})
			}
			draw(&whole, printer{color: color})
			draw(&wrapped, printer{color: color, width: width})
			for line := range strings.SplitSeq(wrapped.String(), "\n") {
				if n := text.StringWidthWithoutEscSequences(line); n > width {
					t.Errorf("at %d columns a line has %d: %q", width, n, line)
				}
			}
			if a, b := inked(whole.String()), inked(wrapped.String()); a != b {
				t.Errorf("at %d columns the text differs:\n%s\n%s", width, a, b)
			}
		}
	}
}

// inked is what of a text leaves ink.
func inked(s string) string { return strings.Join(strings.Fields(s), "") }

func TestFit(t *testing.T) {
	for _, row := range []struct {
		line  string
		width int
		want  string
	}{
		{"short", 20, "short"}, {"a longer line than that", 0, "a longer line than that"},
		{"  + a@example.com   and a reason", 20, "  + a@example.com\n      and a reason"},
		{"  " + strings.Repeat("x", 30), 20, "  " + strings.Repeat("x", 18) + "\n      " + strings.Repeat("x", 12)},
		{"              deep down there", 20, "              deep\n    down there"},
		{"\u4f60\u597d\u4f60\u597d\u4f60\u597d\u4f60\u597d\u4f60\u597d\u4f60", 20, "\u4f60\u597d\u4f60\u597d\u4f60\u597d\u4f60\u597d\u4f60\u597d\n    \u4f60"},
		{"red \x1b[31mwords that go on\x1b[0m and end", 20, "red \x1b[31mwords that go on\x1b[0m\n    and end"},
	} {
		if got := fit(row.line, row.width); got != row.want {
			t.Errorf("%q at %d: %q, want %q", row.line, row.width, got, row.want)
		}
	}
}
