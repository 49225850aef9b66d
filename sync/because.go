package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

const (
	lookWithinLog = 10 * time.Second // nothing is removed meanwhile, and nothing added

	mostLooks  = 2              // into the System Log for one removal: events may come late
	lookUntil  = 24 * time.Hour // of when it was held first
	lookBehind = 24 * time.Hour // where no whole run tells when all was still as it should be
)

// waiting is holds, with what led to the removals among it.
func (e *Engine) waiting(ctx context.Context, run *run, changes []Change) Notes {
	n := holds(changes, run.desired, run.ledger, run)
	e.explain(ctx, run, n)
	return n
}

// explain looks for what led to the removals that are newly held, and once more for those
// of which the log told nothing at first. Nothing newly held: nothing is asked. That the
// log can't be read fails no run: the cause isn't known then, and says why.
func (e *Engine) explain(ctx context.Context, run *run, n Notes) {
	l := run.ledger
	removals, seen := e.unexplained(run, n)
	if len(removals) == 0 {
		return
	}
	looking, cancel := context.WithTimeout(ctx, lookWithinLog)
	defer cancel()
	chapter, err := e.o.Okta.Deeds(looking, e.lookBack(ctx, seen))
	why := map[string]state.Because{}
	if err == nil {
		var ask bool
		if why, ask = link(removals, chapter, e.assigning(l)); ask {
			why = e.linkAsking(ctx, removals, chapter)
		}
	}
	for _, r := range removals {
		b := why[r.key]
		if err != nil {
			b.Unknown = unread(err)
		}
		h := l.Holds[r.key]
		if held := n.Holds[r.key]; held != nil {
			h = *held
		}
		if h.Why != nil {
			b.Asked = h.Why.Asked
		}
		b.Asked++
		h.Why = &b
		n.Holds[r.key] = &h
	}
}

// unread is why a log that couldn't be read tells nothing.
func unread(err error) string {
	if fault.Is(err, fault.Declined) {
		return err.Error()
	}
	return "Okta's System Log could not be read: " + err.Error()
}

// unexplained gives the removals that are to be looked up, and when the first of them was
// seen. Those whose cause is no matter of Okta's log get it at once, and what was known of
// one that is held anew goes on being known.
func (e *Engine) unexplained(run *run, n Notes) (list []removal, seen time.Time) {
	l := run.ledger
	keys := slices.Sorted(maps.Keys(n.Holds))
	for key := range l.Holds {
		if _, noted := n.Holds[key]; !noted {
			keys = append(keys, key)
		}
	}
	seen = run.started
	for _, key := range keys {
		h, first := l.Holds[key], false
		if noted, known := n.Holds[key]; known {
			if noted == nil {
				continue
			}
			if was := l.Holds[key].Why; was.Known() && noted.Why == nil {
				noted.Why = was
			}
			h, first = *noted, true
		}
		if !caused(h) || h.Why.Known() || h.Decision != state.None {
			continue
		}
		if !first && !run.looksAgain(h) {
			continue
		}
		if reason := e.ownReason(run, h); reason != state.ReasonUnknown {
			h.Why = &state.Because{Reason: reason}
			n.Holds[key] = &h
			continue
		}
		r := e.removalOf(run, key, h)
		list = append(list, r)
		if u := l.Users[r.user]; u.Unassigned != nil && r.group == "" && u.Unassigned.Before(seen) {
			seen = *u.Unassigned
		}
		if h.Since.Before(seen) {
			seen = h.Since
		}
	}
	return list, seen
}

// looksAgain reports whether the run looks once more for what it wasn't told of a hold: a
// run about one person leaves that to others.
func (r *run) looksAgain(h state.Hold) bool {
	return r.request.Kind != User && h.Why != nil && h.Why.Asked < mostLooks && r.started.Sub(h.Since) <= lookUntil
}

// ownReason gives the reason of a removal that Okta did nothing for.
func (e *Engine) ownReason(run *run, h state.Hold) state.Reason {
	was := run.ledger.Connection.Policy
	switch {
	case h.Guard == guardAdoption:
		return state.ReasonAdopted
	case was == "" || was == e.policy.Fingerprint:
		return state.ReasonUnknown
	case h.Guard == guardPolicyChange:
		return state.ReasonPolicy
	}
	p, told := run.desired.person(identity.OktaID(h.Change.OktaID))
	if told && h.Change.Group == "" && outside(p) {
		return state.ReasonPolicy
	}
	return state.ReasonUnknown
}

// outside reports whether the app is assigned and users.scope alone leaves the person out.
func outside(p Person) bool {
	return !p.InScope && p.Standing != identity.Unassigned && p.Standing != identity.Doubtful
}

func (e *Engine) removalOf(run *run, key string, h state.Hold) removal {
	l := run.ledger
	if g, u, member := memberOf(key); member {
		return removal{key: key, user: u, group: g}
	}
	if h.Change.Group != "" {
		g := identity.GroupID(h.Change.OktaID)
		return removal{key: key, group: g, ends: e.ends(l.Groups[g])}
	}
	r := removal{key: key, user: identity.OktaID(h.Change.OktaID), in: map[identity.GroupID]bool{}, value: h.Guard == guardAttributes}
	if p, told := run.desired.person(r.user); told {
		r.outside = outside(p)
		r.suspended = p.Account == "SUSPENDED" && p.Standing == identity.Unassigned && e.policy.Suspended == "deactivate"
	}
	for g, rec := range l.Groups {
		if m, there := l.Members[g][r.user]; there && (m.Okta || !rec.AsOf.IsZero()) {
			r.in[g] = m.Okta
		}
	}
	return r
}

// ends are the deeds that let a group go, by where groups come from.
func (e *Engine) ends(g state.Group) []identity.DeedKind {
	switch {
	case e.policy.Groups.From == fromAssigned:
		return []identity.DeedKind{identity.DeedGroupEnded, identity.DeedLetGo}
	case e.policy.Groups.From == fromMatch || g.Mapping == "":
		return []identity.DeedKind{identity.DeedGroupEnded, identity.DeedRenamed}
	default:
		return []identity.DeedKind{identity.DeedGroupEnded, identity.DeedUnpushed}
	}
}

// lookBack is from when on the log is read: a cascade before the newest run that read
// all of Okta and believed it, and began before anything was amiss.
func (e *Engine) lookBack(ctx context.Context, seen time.Time) time.Time {
	runs, err := state.Newest[state.Run](ctx, e.o.Store, state.Runs, lookedBack)
	if err == nil {
		for _, r := range runs {
			if whole(r) && r.Error == "" && r.Outcome != string(Doubtful) && r.Started.Before(seen) {
				return r.Started.Add(-cascade)
			}
		}
	}
	return seen.Add(-lookBehind)
}

// assigning gives the groups that assign the app where the ledger has just them.
func (e *Engine) assigning(l *Ledger) map[identity.GroupID]bool {
	if e.policy.Groups.From != fromAssigned {
		return nil
	}
	ids := map[identity.GroupID]bool{}
	for id := range l.Groups {
		ids[id] = true
	}
	return ids
}

// linkAsking is link by the groups that Okta says assign the app.
func (e *Engine) linkAsking(ctx context.Context, removals []removal, c identity.Chapter) map[string]state.Because {
	ids, failed := map[identity.GroupID]bool{}, ""
	for g, err := range e.o.Okta.AppGroups(ctx) {
		if err != nil {
			failed = "which groups assign the app could not be read: " + err.Error()
			break
		}
		ids[g.ID] = true
	}
	why, _ := link(removals, c, ids)
	for key, b := range why {
		if failed != "" && !b.Known() {
			b.Unknown = failed
			why[key] = b
		}
	}
	return why
}

// waiting is together of what a push has held. Nobody is asked for its cause: Okta waits
// for the answer. The next run that reads Okta looks for it, where one does.
func (p *Pushes) waiting(n Notes) Notes {
	why := pushedAlone
	if p.o.Pull {
		why = pushedFirst
	}
	for _, h := range n.Holds {
		if h != nil && h.Why == nil && caused(*h) {
			h.Why = &state.Because{Unknown: why}
		}
	}
	return p.together(n)
}

// heldBecause tells what led to those of the changes that are held.
func (r *run) heldBecause(results []Change) []string {
	var holds []state.Hold
	for _, c := range results {
		if c.State != state.Held {
			continue
		}
		for _, key := range holdKeys(c) {
			if h, known := r.ledger.Holds[key]; known {
				holds = append(holds, h)
			}
		}
	}
	return because(holds)
}

// stoppedBy tells who deactivated the app and when, "" where Okta's log doesn't.
func (e *Engine) stoppedBy(ctx context.Context) string {
	d, err := e.o.Okta.Stopped(ctx)
	if err != nil || d.Kind != identity.DeedStopped {
		return ""
	}
	at := d.Published.UTC().Format(time.DateTime)
	if d.Actor == (identity.Named{}) {
		return fmt.Sprintf("; deactivated at %s UTC", at)
	}
	return fmt.Sprintf("; deactivated by %s at %s UTC", d.Actor.Name, at)
}
