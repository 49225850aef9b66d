package sync

import (
	"fmt"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// halt keeps from being done what a pause stops: the whole plan, or what of it takes
// something away, split off where the rest goes on. What is halted is planned anew by the
// next run, so that nothing has to be remembered of it. Pure.
//
//	a membership of the organization that ends, a group that is deleted or let go    halted
//	an account that passes from one person to another                                halted: groups and attributes are taken off it
//	members who go                                                                   split off
//	an attribute that loses its value                                                split off
//	everything else                                                                  halted only where all is
func halt(changes []Change, p state.Pause, d Desired, l *Ledger) []Change {
	if p.Since.IsZero() {
		return changes
	}
	var out []Change
	for _, c := range changes {
		switch {
		case c.State != state.Planned || !stops(p, c):
			out = append(out, c)
		case p.RemovalsOnly && len(c.Drop) > 0:
			out = append(out, haltMembers(c, p, d, l)...)
		case p.RemovalsOnly && len(c.losses()) > 0:
			out = append(out, haltLosses(c, p)...)
		default:
			out = append(out, c.halted(p))
		}
	}
	return out
}

// halt is the function of that name, of a run that does something.
func (r *run) halt(judged Judged) Judged {
	if !r.request.DryRun {
		judged.Changes = halt(judged.Changes, r.pause, r.desired, r.ledger)
	}
	return judged
}

// stops reports whether the pause keeps the change, as a whole, from being done.
func stops(p state.Pause, c Change) bool { return !p.RemovalsOnly || c.takes() }

// takes reports whether a change takes something away.
func (c Change) takes() bool {
	return c.ends() || c.Takes || c.Group != "" && (c.Kind == Delete || c.Kind == Release) || len(c.Drop) > 0 || len(c.losses()) > 0
}

func (c Change) halted(p state.Pause) Change {
	c.State, c.Halted, c.Reason = state.Kept, true, pausedBy(p)
	return c
}

// haltMembers lets a group's newcomers in, and its name change, and nobody go.
func haltMembers(c Change, p state.Pause, d Desired, l *Ledger) []Change {
	names := memberFacts(c.Drop, func(u identity.OktaID) string { return firstOf(l.Users[u].UserName, string(u)) })
	stay := Change{Kind: Members, Group: c.Group, Omni: c.Omni, Name: c.Name, Title: c.Title, Drop: c.Drop,
		Before: &state.Facts{Members: names}, After: &state.Facts{}}
	stay.Origin = d.origin(stay)
	goes, before := c, *c.Before
	before.Members = nil
	goes.Drop, goes.Before = nil, &before
	goes.Origin = d.origin(goes)
	if goes.Kind == Members && len(goes.Add) == 0 {
		return []Change{stay.halted(p)}
	}
	return []Change{goes, stay.halted(p)}
}

// haltLosses gives a user what is new, and takes nothing.
func haltLosses(c Change, p state.Pause) []Change {
	goes := c
	stay := Change{Kind: Update, User: c.User, Omni: c.Omni, Name: c.Name, Want: c.Want, Origin: c.Origin, Guard: guardAttributes,
		Before: &state.Facts{}, After: &state.Facts{}}
	for _, name := range c.losses() {
		goes = goes.without(name)
		stay.take(name, c)
	}
	if isEmpty(goes.Patch) {
		return []Change{stay.halted(p)}
	}
	return []Change{goes, stay.halted(p)}
}

// pauseOf gives the pause that held when a run began, or that stopped it; nil for none.
func (e *Engine) pauseOf(r *run, results []Change) *state.Pause {
	p := r.pause
	if p.Since.IsZero() && anyHalted(results) {
		p = e.brake.now(time.Now())
	}
	if p.Since.IsZero() {
		return nil
	}
	return &p
}

// lies tells how many changes a pause has let lie.
func lies(results []Change) string {
	n := 0
	for _, c := range results {
		if c.Halted {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "; 1 change waits for its end"
	}
	return fmt.Sprintf("; %d changes wait for its end", n)
}

// anyHalted reports whether a pause kept anything of it from being done.
func anyHalted(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Halted })
}
