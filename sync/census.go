package sync

import (
	"context"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// census is what the newest full reading counted, to know what a list costs.
type census struct {
	users  int                      // assigned
	crowds map[identity.GroupID]int // present members of each group that the ledger knows
}

// learn takes from a full reading what deltas need to know, once what it led to is
// planned. Where the log wasn't followed until then, it is read on from the reading's
// beginning.
func (e *Engine) learn(ctx context.Context, run *run, plan []Change) {
	w, d := &e.watch, run.desired
	if d.Only || run.request.DryRun || !d.AllUsers || d.Partial || d.Empty {
		return
	}
	w.mu.Lock()
	w.census = &census{users: len(d.Same) + len(d.Users), crowds: crowdsOf(run.ledger.Groups)}
	w.outside = map[identity.OktaID]bool{}
	for id := range d.Users {
		if m := run.ledger.Marks[id]; m.Omni == 0 {
			w.outside[id] = true
		}
	}
	w.began = run.started.Add(-e.o.Okta.Skew())
	from := w.began.Add(-logOverlap)
	followed := w.whole == nil && w.place.Since.After(from.Add(-followedWithin))
	w.whole = nil
	if !followed {
		w.place = identity.LogPlace{Since: from}
		if len(d.Doubts) > 0 { // no event from here on tells of what wasn't read of groups
			run.unread = append(run.unread, lookSelection)
		}
	}
	place, began := w.place, w.began
	w.mu.Unlock()
	if followed && e.brake.lay() { // the log may have told of it during a pause
		return
	}
	if followed {
		w.suspect(began, newsOf(d, run.ledger, plan))
	} else if err := e.moveOn(ctx, place, true); err != nil {
		run.logger.Warn("from where on the System Log is to be read isn't written down", zap.Error(err))
	}
}

// followedWithin is how long before a full run the log may have been read last for the
// deltas to count as having followed it.
const followedWithin = 2 * time.Minute

// news reports whether any of the touches came after the newest full reading began.
func (w *watch) news(touches []identity.Touch) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(touches, func(t identity.Touch) bool { return t.Published.After(w.began) })
}

// count takes from the ledger how large its groups are.
func (w *watch) count(groups map[identity.GroupID]state.Group) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.census == nil {
		return
	}
	w.census = &census{users: w.census.users, crowds: crowdsOf(groups)}
}

func crowdsOf(groups map[identity.GroupID]state.Group) map[identity.GroupID]int {
	crowds := make(map[identity.GroupID]int, len(groups))
	for id, g := range groups {
		crowds[id] = g.Present
	}
	return crowds
}
