package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// A change of what stands in Omni already has an intent too: it is in the ledger,
// as Sent, before Omni is asked, and goes when the answer is recorded. Without it
// a process that is killed between the two leaves a ledger that is behind Omni,
// and nobody would notice where Okta takes the change back before the next run.

// sending notes what is about to be sent for a linked object.
func (a *applier) sending(ctx context.Context, c Change) error {
	told, n := a.run.told(c), newNotes()
	a.lock()
	if g := a.ledger.Groups[c.Group]; c.Group != "" && g.Omni != "" && c.Kind != Release {
		g.Sent = &told
		n.group(c.Group, g)
	}
	if u := a.ledger.Users[c.User]; c.User != "" && u.Omni != "" {
		u.Sent = &told
		n.user(c.User, u)
	}
	a.unlock()
	return a.intend(ctx, n)
}

// answeredFor notes that what was sent is sent no more: Omni's answer is in the
// notes, or it was never asked.
func (a *applier) answeredFor(c Change, notes Notes) {
	a.lock()
	defer a.unlock()
	if u, known := latest(a.ledger.Users, notes.Users, c.User); known && u.Sent != nil {
		u.Sent = nil
		notes.user(c.User, u)
	}
	if g, known := latest(a.ledger.Groups, notes.Groups, c.Group); known && g.Sent != nil {
		g.Sent = nil
		notes.group(c.Group, g)
	}
}

// latest is a record as it is after the notes.
func latest[K comparable, V any](ledger map[K]V, notes map[K]*V, key K) (V, bool) {
	if noted, ok := notes[key]; ok {
		if noted == nil {
			var none V
			return none, false
		}
		return *noted, true
	}
	v, ok := ledger[key]
	return v, ok
}

// lookAgain asks Omni for each object to which something was sent whose answer
// was never recorded, and brings its record in line. What Omni doesn't answer
// for now stays marked for the next run.
func (e *Engine) lookAgain(ctx context.Context, run *run) error {
	l := run.ledger
	for _, id := range slices.Sorted(maps.Keys(l.Users)) {
		err := e.lookIdle(l, userSubject(id), func() error {
			if u := l.Users[id]; u.Sent != nil {
				return e.lookAtUser(ctx, run, id, u)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(l.Groups)) {
		err := e.lookIdle(l, groupSubject(id), func() error {
			if g := l.Groups[id]; g.Sent != nil {
				return e.lookAtGroup(ctx, run, id, g)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	run.desired.recallSame(l) // of those who were read on the way
	return nil
}

// lookIdle looks at an object unless another run is at work on it now: that one will
// record the answer.
func (e *Engine) lookIdle(l *Ledger, subject string, look func() error) error {
	done, free := e.turns.free(subject)
	if !free {
		return nil
	}
	defer done()
	e.ledgers.Lock()
	l.catchUp()
	e.ledgers.Unlock()
	return look()
}

func (e *Engine) lookAtUser(ctx context.Context, run *run, id identity.OktaID, u state.User) error {
	l, n := run.ledger, newNotes()
	account, err := e.o.Omni.User(ctx, u.Omni)
	gone := fault.Is(err, fault.NotFound)
	if err != nil && !gone {
		return run.unseen(ctx, u.UserName, err)
	}
	if err := l.fetchRows(ctx, e.o.Store, map[identity.OktaID]bool{id: true}); err != nil {
		return err
	}
	is := corrected(u, account, e.policy.Attributes)
	is.Sent, is.Seen = nil, identity.Print{}
	done := gone || !sameRecord(is, u)
	switch {
	case gone:
		n.forgetUser(l, id)
	default:
		n.user(id, is)
		n.byHand(l, id, is)
		if u.Active && !is.Active {
			n.membershipsBecome(l, id, state.Ended)
		}
	}
	if u.Active && (gone || !is.Active && !is.ByHand) {
		n.spend(guardDeactivations, 1)
	}
	for name := range u.Attributes {
		if _, there := is.Attributes[name]; !gone && !there {
			n.spend(ofAttribute(name), 1)
		}
	}
	return e.note(ctx, run, run.found(n, u.Sent, done))
}

func (e *Engine) lookAtGroup(ctx context.Context, run *run, id identity.GroupID, g state.Group) error {
	l, n := run.ledger, newNotes()
	t, err := e.o.Omni.Team(ctx, g.Omni)
	gone := fault.Is(err, fault.NotFound)
	if err != nil && !gone {
		return run.unseen(ctx, g.DisplayName, err)
	}
	if err := l.fetchCrowd(ctx, e.o.Store, id); err != nil {
		return err
	}
	owner, err := l.owners(ctx, e.o.Store, t.Members...)
	if err != nil {
		return err
	}
	sent := g.Sent
	g.Sent = nil
	if gone {
		unlinkGroup(n, l, id, g)
		n.spend(guardGroupDeletions, 1)
		return e.note(ctx, run, run.found(n, sent, true))
	}
	in := map[identity.OktaID]bool{}
	for _, member := range t.Members {
		if u, ours := owner[member]; ours {
			in[u] = l.Users[u].Active
		}
	}
	correctMembers(n, l, id, in)
	done := len(n.Members[id]) > 0 || t.DisplayName != g.DisplayName
	removed := left(n.Members[id], l.Members[id])
	n.spend(guardMemberRemovals, removed)
	n.spend(ofGroup(id), removed)
	g.DisplayName = t.DisplayName
	n.group(id, g)
	return e.note(ctx, run, run.found(n, movedAs(sent, n.Members[id], l, id), done))
}

// left counts the members who are no longer there.
func left(now map[identity.OktaID]*state.Member, before map[identity.OktaID]state.Member) int {
	count := 0
	for id, m := range now {
		if before[id].Omni == state.Present && (m == nil || m.Omni == state.Absent) {
			count++
		}
	}
	return count
}

// unseen tells that Omni didn't say what became of a change. A refused
// credential and the end of the context end the run.
func (r *run) unseen(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil || fault.Is(err, fault.Unauthorized) {
		return err
	}
	r.desired.Notes = append(r.desired.Notes, fmt.Sprintf("whether the last change of %s was done isn't known yet: %v", name, err))
	return nil
}

// found adds to the log what an earlier run sent and Omni did, though nobody recorded it.
func (r *run) found(n Notes, sent *state.Change, done bool) Notes {
	if done {
		c := *sent
		c.State, c.Error = state.Applied, ""
		c.Reason = "Omni had done it when the run that sent it ended without its answer"
		n.Log = append(n.Log, c)
	}
	return n
}
