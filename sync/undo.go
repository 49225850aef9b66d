package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// An undo is a delta that looks at whom and what an earlier run changed. What it finds in
// the log is noted first, as what is to be kept (undone.go); from there on it takes the
// road of every run. Letting go is such a run too: what was kept is so no longer, and what
// Okta asks for is done.
//
//	undo -> undoes (done, undoer; or keptFor) -> pass, with keep and keeps

// undo does a run that undoes another, or lets go of what was undone.
func (e *Engine) undo(ctx context.Context, run *run) (Report, error) {
	u, err := e.undoes(ctx, run)
	if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Refused) && !fault.Is(err, fault.Conflict) {
		return e.aborted(ctx, run, err)
	}
	if err != nil || len(u.kept) == 0 {
		rep := e.report(run, nil) // nothing was begun, and nothing is to be remembered
		if err != nil {
			rep.Outcome = Failing
		}
		return rep.leaving(u.left), err
	}
	run.undoing, run.touched = u.kept, u.kept.touched(run.request.LetGo)
	rep, err := e.pass(ctx, run)
	return rep.leaving(u.left), err
}

// leaving adds what can't be undone to what was done.
func (r Report) leaving(left []state.Change) Report {
	for _, c := range left {
		r.Changes = append(r.Changes, c)
		r.Counts[string(state.Kept)]++
	}
	return r
}

// undoes works out what is called for, from the log and the ledger.
func (e *Engine) undoes(ctx context.Context, run *run) (undoing, error) {
	c, err := e.connection(ctx)
	if err == nil {
		err = e.unlost(ctx, c)
	}
	if err != nil {
		return undoing{}, err
	}
	of := strings.TrimSpace(run.request.Subject)
	if run.request.LetGo {
		kept, err := e.keptFor(ctx, of)
		return undoing{kept: kept}, err
	}
	x := &undoer{ledger: newLedger(), policy: e.policy.defining(e.definer.within(ctx, e.o.Omni, definitionsLast).all),
		mark: state.Undone{Run: run.id, Of: of, By: run.request.By, At: run.started.UTC()}}
	lines, err := e.readUndone(ctx, x)
	if err != nil {
		return undoing{}, err
	}
	return x.undo(lines), nil
}

// touched is where an undo looks: at the people in Okta, and at the groups, with their
// members in Okta where they are let go of, else as the ledger has them.
func (x undone) touched(letGo bool) *touched {
	t := newTouched()
	t.app = &hint{}
	for subject := range x {
		id, user := cutSubject(subject)
		switch group := identity.GroupID(id); {
		case user:
			t.users[identity.OktaID(id)] = hint{direct: true}
		case isOwn(group): // Okta doesn't know that key
			t.replan[group] = true
		default:
			t.groups[group], t.replan[group] = hint{}, true
			if letGo {
				t.lists[group] = true
			}
		}
	}
	return t
}

// keep makes what is undone, or let go of, part of the ledger in memory, so that all that
// follows goes by it.
func (r *run) keep() {
	for subject, kept := range r.undoing {
		rest, still := kept.Without(strings.TrimSpace(r.request.Subject))
		switch {
		case !r.request.LetGo:
			r.ledger.Undone[subject] = kept
		case still:
			r.ledger.Undone[subject] = rest
		default:
			delete(r.ledger.Undone, subject)
		}
	}
	if r.request.LetGo {
		maps.DeleteFunc(r.ledger.Holds, func(key string, h state.Hold) bool { return r.undoing.holds(key, h) })
	}
}

// holds reports whether a change waits because of what is kept.
func (x undone) holds(key string, h state.Hold) bool {
	return h.Guard == guardUndone && slices.ContainsFunc(subjectsOf(key), func(s string) bool { _, is := x[s]; return is })
}

// keeps notes what is undone, or let go of, now that Okta was read and before anything is
// done.
func (e *Engine) keeps(ctx context.Context, run *run) error {
	if len(run.undoing) == 0 {
		return nil
	}
	n := newNotes()
	for _, subject := range slices.Sorted(maps.Keys(run.undoing)) {
		kept, is := run.ledger.Undone[subject]
		switch {
		case is: // maybe because of another run that was undone
			n.Undone[subject] = &kept
		case run.request.LetGo:
			n.Undone[subject] = nil
			told := letGo(subject, run.undoing[subject], run.request.By)
			told.Run = run.id
			n.Log = append(n.Log, told)
		}
	}
	if !run.request.LetGo {
		return e.note(ctx, run, n)
	}
	holds := map[string]state.Hold{}
	if err := collect(ctx, e.o.Store, state.Holds, holds); err != nil {
		return err
	}
	for key, h := range holds {
		if run.undoing.holds(key, h) {
			n.Holds[key] = nil
		}
	}
	return e.note(ctx, run, n)
}

// keptFor gives what a run about letting go is about: all that is kept because of the run.
func (e *Engine) keptFor(ctx context.Context, of string) (undone, error) {
	kept := undone{}
	if err := collect(ctx, e.o.Store, state.Undoes, kept); err != nil {
		return nil, err
	}
	maps.DeleteFunc(kept, func(_ string, u state.Undone) bool { return !u.Because(of) })
	if len(kept) == 0 {
		return nil, &fault.Error{Kind: fault.NotFound, Op: fmt.Sprintf("nothing is kept as it was before run %q", of),
			Hint: "nothing was done; syncd status lists what was undone"}
	}
	return kept, nil
}

// letGo is the line of the log for an object that was let go of.
func letGo(subject string, kept state.Undone, by string) state.Change {
	id, user := cutSubject(subject)
	c := state.Change{Kind: string(LetGo), Group: kept.Name, OktaID: id, State: state.Applied, Cause: CauseCommand, Time: time.Now().UTC(),
		Reason: fmt.Sprintf("let go by %s; run %s had been undone by %s", by, kept.Of, kept.By)}
	if user {
		c.UserName, c.Group = c.Group, ""
	}
	return c
}

// frees notes what an approval lets go of: a person as a whole, of a group one member or
// its name.
func (n *Notes) frees(all undone, key string, h state.Hold, by string) {
	if h.Guard != guardUndone {
		return
	}
	g, u, member := memberOf(key)
	subject := userSubject(identity.OktaID(h.Change.OktaID))
	if h.Change.Group != "" {
		subject = groupSubject(identity.GroupID(h.Change.OktaID))
	}
	if member {
		subject = groupSubject(g)
	}
	kept, is := all[subject]
	switch {
	case !is:
		return
	case member:
		kept.Frees(u)
	case h.Change.Group != "":
		kept.DisplayName = ""
	default:
		delete(all, subject)
		n.Undone[subject] = nil
		n.Log = append(n.Log, letGo(subject, kept, by))
		return
	}
	all[subject] = kept
	n.Undone[subject] = &kept
}
