package sync

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// countLater is how long after an answer that can't be right it isn't asked for again.
const countLater = 24 * time.Hour

// countWithin bounds how long a run goes on to tell what those who are held own.
const countWithin = time.Minute

// countSchedules tells of each user whose removal waits how many schedules Omni would
// delete with the membership, once each: who decides about it should know. What can't
// be told now is left to the next run.
func (e *Engine) countSchedules(ctx context.Context, run *run) error {
	if kind := run.request.Kind; kind != Full && kind != Reconcile || time.Now().Before(e.countAgain) {
		return nil
	}
	asked := map[identity.OmniID][]string{}
	for key, h := range run.ledger.Holds {
		c := h.Change
		if (c.Kind == string(Deactivate) || c.Kind == string(Delete)) && c.Group == "" && c.OmniID != "" && c.Schedules == nil && h.Decision == state.None {
			asked[identity.OmniID(c.OmniID)] = append(asked[identity.OmniID(c.OmniID)], key)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	asking, cancel := context.WithTimeout(identity.WithLane(ctx, identity.LaneName), countWithin)
	defer cancel()
	count, err := e.o.Omni.Schedules(asking, slices.Sorted(maps.Keys(asked)))
	if fault.Is(err, fault.Doubt) { // such as of too many, which costs as much each time
		e.countAgain = time.Now().Add(countLater)
	}
	if err != nil {
		run.logger.Info("what those who are held own isn't known", zap.Error(err))
		return nil
	}
	n := newNotes()
	for owner, keys := range asked {
		schedules := count[owner]
		for _, key := range keys {
			h := run.ledger.Holds[key]
			h.Change.Schedules = &schedules
			n.Holds[key] = &h
		}
	}
	return e.note(ctx, run, n)
}
