package sync

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// What is looked at again, besides the subjects of users and groups: a group's subject
// alone has its members planned again, without a question to Okta.
const (
	lookSelection = "selection"   // which groups are synced
	lookGroup     = "object of "  // a group itself, by its id
	lookMembers   = "members of " // a group, by its id
	lookGroupsOf  = "groups of "  // a user, by their id
)

// look is when something is looked at again, although no event tells of it.
type look struct {
	at    time.Time
	tries int  // that were in vain
	hint  hint // of a user: the event that it all began with
}

const (
	// lookSoon is how long after a failed reading the next one is, at first.
	lookSoon = time.Minute
	// lookLate is the longest that it takes.
	lookLate = time.Hour
)

// soon has a subject looked at again after a reading that failed, later each time.
func (w *watch) soon(subject string, now time.Time) {
	l := w.again[subject]
	l.at = now.Add(min(lookLate, lookSoon<<min(l.tries, 10)))
	l.tries++
	w.again[subject] = l
}

// next is when something is to be looked at again, zero for never.
func (w *watch) next() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	var first time.Time
	for _, l := range w.again {
		if first.IsZero() || l.at.Before(first) {
			first = l.at
		}
	}
	return first
}

// due adds to what is touched whatever is to be looked at again by now.
func (w *watch) due(t *touched, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for subject, l := range w.again {
		if l.at.After(now) {
			continue
		}
		kind, id := partsOf(subject)
		switch kind {
		case lookSelection:
			t.selection = firstHint(t.selection)
		case lookMembers:
			t.lists[identity.GroupID(id)] = true
		case lookGroupsOf:
			t.asked[identity.OktaID(id)] = true
		case groupSubject(""):
			t.replan[identity.GroupID(id)] = true
		case lookGroup:
			if _, known := t.groups[identity.GroupID(id)]; !known {
				t.groups[identity.GroupID(id)] = hint{}
			}
		case userSubject(""):
			h, known := t.users[identity.OktaID(id)]
			if !known {
				h = l.hint
			}
			h.direct = true
			t.users[identity.OktaID(id)] = h
		}
	}
}

// drop forgets what is due and needs no look any more.
func (w *watch) drop(t *touched, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	maps.DeleteFunc(w.again, func(subject string, l look) bool {
		kind, id := partsOf(subject)
		return !l.at.After(now) && !t.has(kind, id)
	})
}

func firstHint(h *hint) *hint {
	if h == nil {
		return &hint{}
	}
	return h
}

func partsOf(subject string) (kind, id string) {
	for _, k := range []string{lookSelection, lookGroup, lookMembers, lookGroupsOf, groupSubject(""), userSubject("")} {
		if rest, ok := strings.CutPrefix(subject, k); ok {
			return k, rest
		}
	}
	return "", ""
}

// after notes what a run has left for later: what it couldn't read, and what it didn't
// do yet. What it looked at and did is forgotten.
func (w *watch) after(r *run, results []Change, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t := r.touched; t != nil {
		w.looked(t, r.unread)
		w.met(r.desired, r.ledger)
	}
	for _, c := range results {
		if c.Halted { // the run at the pause's end finds it
			continue
		}
		subject := c.subject()
		why := r.touched.hint(c)
		if why.at.IsZero() {
			why = w.again[subject].hint
		}
		switch c.State {
		case state.Applied, state.Held:
			delete(w.again, subject)
		case state.Planned: // the run was stopped before its turn
			w.again[subject] = look{at: now.Add(lookSoon), hint: why}
		case state.Failed:
			if f, failing := r.ledger.Failing[subject]; failing && c.Group != "" {
				w.again[lookGroup+string(c.Group)] = look{at: f.Next, hint: why}
			} else if failing {
				w.again[subject] = look{at: f.Next, hint: why}
			}
		case state.Kept:
			switch {
			case c.Due.IsZero():
			case c.Group != "":
				w.again[lookSelection] = look{at: c.Due}
			default:
				w.again[subject] = look{at: c.Due, hint: why}
			}
		}
	}
	w.leftOpen(r, results, now)
	for _, subject := range r.unread {
		w.soon(subject, now)
	}
}

// leftOpen has the plan of a group made once more when members differ still: a run
// beside this one made accounts that this one waited for, or the other way round.
func (w *watch) leftOpen(r *run, results []Change, now time.Time) {
	waits := map[identity.GroupID]bool{}
	for _, c := range results {
		waits[c.Group] = waits[c.Group] || c.Halted || c.State == state.Held || c.State == state.Failed
		if c.Kind == Create && c.Group != "" && c.State == state.Applied && r.ledger.claimed[c.subject()] {
			w.again[lookSelection] = look{at: now} // a delta found meanwhile that it isn't to be
		}
	}
	for id, g := range r.ledger.Groups {
		_, told := r.desired.Groups[id]
		again := r.touched != nil && (r.touched.replan[id] || !told && !r.waitsIn(id))
		if g.Open && g.Omni != "" && !g.Paused && !waits[id] && !again {
			w.again[groupSubject(id)] = look{at: now.Add(soonest)}
		}
	}
}

// waitsIn reports whether somebody whom the run looked at has an account by now, and
// isn't where they belong: the group was made by a run beside.
func (r *run) waitsIn(id identity.GroupID) bool {
	for u, m := range r.ledger.Members[id] {
		if _, told := r.desired.Users[u]; told && !m.Settled() && r.ledger.stays(r.desired, u) {
			return true
		}
	}
	return false
}

// met remembers who is assigned and has no account.
func (w *watch) met(d Desired, l *Ledger) {
	if w.census == nil {
		return
	}
	for id, p := range d.Users {
		if _, known := l.Marks[id]; !known && p.Standing != identity.Unassigned {
			w.outside[id] = true
		}
	}
}

// looked forgets what was to be looked at again and has been.
func (w *watch) looked(t *touched, unread []string) {
	maps.DeleteFunc(w.again, func(subject string, _ look) bool {
		kind, id := partsOf(subject)
		return t.has(kind, id) && !slices.Contains(unread, subject)
	})
}

// has reports whether the delta looks at this, by the parts of its subject.
func (t *touched) has(kind, id string) bool {
	switch kind {
	case lookSelection:
		return t.selection != nil
	case lookMembers:
		return t.lists[identity.GroupID(id)]
	case lookGroupsOf:
		return t.asked[identity.OktaID(id)]
	case groupSubject(""):
		return t.replan[identity.GroupID(id)]
	case lookGroup:
		_, there := t.groups[identity.GroupID(id)]
		return there
	default:
		_, there := t.users[identity.OktaID(id)]
		return there
	}
}

// seed takes from the ledger what is to be looked at again, where no full run has told
// it in this process: who is in grace, and what fails.
func (e *Engine) seed(ctx context.Context) error {
	w := &e.watch
	w.mu.Lock()
	known := w.census != nil || w.seeded
	w.mu.Unlock()
	if known {
		return nil
	}
	again := map[string]look{}
	for m, err := range state.All[state.Mark](ctx, e.o.Store, state.Marks) {
		if err != nil {
			return err
		}
		if !m.Value.Open {
			continue
		}
		u, _, err := state.Read[state.User](ctx, e.o.Store, state.Users, m.Key)
		if err != nil {
			return err
		}
		if u.Active && u.Unassigned != nil {
			again[userSubject(identity.OktaID(m.Key))] = look{at: e.policy.due(u)}
		}
	}
	failing := map[string]state.Failure{}
	if err := collect(ctx, e.o.Store, state.Failing, failing); err != nil {
		return err
	}
	for subject, f := range failing {
		if id, group := strings.CutPrefix(subject, groupSubject("")); group {
			subject = lookGroup + id
		}
		again[subject] = look{at: f.Next}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for subject, l := range again {
		if _, there := w.again[subject]; !there {
			w.again[subject] = l
		}
	}
	w.seeded = true
	return nil
}
