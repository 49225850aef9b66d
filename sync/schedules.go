package sync

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// countLater is how long after an answer that can't be right it isn't asked for again.
const countLater = 24 * time.Hour

// countWithin bounds how long a run goes on to tell what those who leave own.
const countWithin = time.Minute

// recount is when something may be counted again. Its zero value lets it be at once.
type recount struct{ after atomic.Int64 }

func (r *recount) may(now time.Time) bool { return now.UnixNano() >= r.after.Load() }

// heed notes a failure to count: of too many, which costs as much each time, not soon again.
func (r *recount) heed(err error, now time.Time) error {
	if fault.Is(err, fault.Doubt) {
		r.after.Store(now.Add(countLater).UnixNano())
	}
	return err
}

// owned is what somebody who leaves owns in Omni; nil where nobody has counted.
type owned struct{ schedules, recipients, documents *int }

func ownedBy(c state.Change) owned { return owned{c.Schedules, c.Recipients, c.Documents} }

// on says it in a change.
func (o owned) on(c *state.Change) {
	c.Schedules, c.Recipients, c.Documents = o.schedules, o.recipients, o.documents
}

func (o owned) counted() bool { return o.schedules != nil && o.recipients != nil && o.documents != nil }

// countOwned tells of each user whose removal waits what they own in Omni, once each:
// who decides about it should know. Of a dry run it tells so of those who would go, too.
// What can't be told now is left to the next run.
func (e *Engine) countOwned(ctx context.Context, run *run, changes []Change) error {
	if kind := run.request.Kind; kind != Full && kind != Reconcile {
		return nil
	}
	held := run.ledger.leavers()
	who := map[identity.OmniID]owned{}
	for id, keys := range held {
		who[id] = ownedBy(run.ledger.Holds[keys[0]].Change)
	}
	for _, c := range changes {
		if _, waits := held[identity.OmniID(c.Omni)]; run.request.DryRun && c.ends() && c.Omni != "" && !waits {
			who[identity.OmniID(c.Omni)] = owned{}
		}
	}
	maps.DeleteFunc(who, func(_ identity.OmniID, o owned) bool { return o.counted() })
	if len(who) == 0 {
		return nil
	}
	if err := e.count(ctx, who); err != nil {
		run.logger.Info("what those who leave own isn't known", zap.Error(err))
	}
	run.owned = who
	n := newNotes()
	for id, o := range who {
		for _, key := range held[id] {
			h := run.ledger.Holds[key]
			if o != ownedBy(h.Change) {
				o.on(&h.Change)
				n.Holds[key] = &h
			}
		}
	}
	return e.note(ctx, run, n)
}

// ownedOf gives what is known of what the user owns whose removal a change is.
func (r *run) ownedOf(c Change) owned {
	if o, counted := r.owned[identity.OmniID(c.Omni)]; counted {
		return o
	}
	return ownedBy(r.ledger.Holds[c.key()].Change)
}

// leavers gives the keys of removals of users that wait for a person, by account.
func (l *Ledger) leavers() map[identity.OmniID][]string {
	found := map[identity.OmniID][]string{}
	for key, h := range l.Holds {
		c := h.Change
		if (c.Kind == string(Deactivate) || c.Kind == string(Delete)) && c.Group == "" && c.OmniID != "" && h.Decision == state.None {
			found[identity.OmniID(c.OmniID)] = append(found[identity.OmniID(c.OmniID)], key)
		}
	}
	return found
}

// count completes what is known of each. What could be counted is, beside an error.
func (e *Engine) count(ctx context.Context, who map[identity.OmniID]owned) error {
	asking, cancel := context.WithTimeout(identity.WithLane(ctx, identity.LaneName), countWithin)
	defer cancel()
	lacking := func(lacks func(owned) bool) (ids []identity.OmniID) {
		for _, id := range slices.Sorted(maps.Keys(who)) {
			if lacks(who[id]) {
				ids = append(ids, id)
			}
		}
		return ids
	}
	var bySchedule, byDocument error
	now := time.Now()
	if ids := lacking(func(o owned) bool { return o.schedules == nil || o.recipients == nil }); len(ids) > 0 && e.schedules.may(now) {
		count, err := e.o.Omni.Schedules(asking, ids)
		if bySchedule = e.schedules.heed(err, now); err == nil {
			for id, d := range count {
				o := who[id]
				o.schedules, o.recipients = &d.Schedules, &d.People
				who[id] = o
			}
		}
	}
	if ids := lacking(func(o owned) bool { return o.documents == nil }); len(ids) > 0 && e.documents.may(now) {
		count, err := e.o.Omni.Documents(asking, ids)
		if byDocument = e.documents.heed(err, now); err == nil {
			for id, n := range count {
				o := who[id]
				o.documents = &n
				who[id] = o
			}
		}
	}
	return errors.Join(bySchedule, byDocument)
}
