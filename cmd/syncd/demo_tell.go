package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// maxTold is how many sorts of changes the story tells of one run.
const maxTold = 4

// bunch is what several changes of a run have in common.
type bunch struct {
	kind   string
	group  bool
	state  state.ChangeState
	reason string
}

// highlights tells a run's changes, those of one sort together, in the order in
// which the sorts first appear.
func highlights(r sync.Report) []string {
	names := map[bunch][]string{}
	var order []bunch
	for _, c := range r.Changes {
		s := bunch{c.Kind, isGroup(c), c.State, cmp.Or(c.Error, c.Reason)} // of what failed the reason is advice
		if names[s] == nil {
			order = append(order, s)
		}
		names[s] = append(names[s], c.UserName+c.Group) // one of them is ""
	}
	var lines []string
	for i, s := range order {
		if i == maxTold {
			lines = append(lines, fmt.Sprintf("... and %s", counted(len(order)-maxTold, "more kind")))
			break
		}
		lines = append(lines, s.line(names[s]))
	}
	return lines
}

func (b bunch) line(names []string) string {
	what := counted(len(names), "user")
	if b.group {
		what = counted(len(names), "group")
	}
	if sync.Kind(b.kind) == sync.Members {
		what = "members of " + what
	}
	line := fmt.Sprintf("%s %s %s: %s", signOf(state.Change{Kind: b.kind}), what, b.fate(len(names)), some(names))
	if b.reason != "" {
		line += " (" + b.reason + ")"
	}
	return line
}

// fate says what was done to n of them, or what became of it instead.
func (b bunch) fate(n int) string {
	kind, is, waits := sync.Kind(b.kind), "are", "wait"
	if n == 1 {
		is, waits = "is", "waits"
	}
	if kind == sync.Members {
		kind, is, waits = "change", "are", "wait"
	}
	switch b.state {
	case state.Applied:
		return strings.TrimSuffix(string(kind), "e") + "ed"
	case state.Planned: // the run stopped before its turn
		return fmt.Sprintf("to %s %s for the next run", kind, waits)
	case state.Failed:
		return fmt.Sprintf("to %s failed", kind)
	case state.Held, state.Kept:
	}
	return fmt.Sprintf("to %s %s %s", kind, is, b.state)
}

// some names up to two, and counts the rest.
func some(names []string) string {
	if len(names) <= 3 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:2], ", "), len(names)-2)
}
