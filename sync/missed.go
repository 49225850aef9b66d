package sync

import (
	"context"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// suspects are changes that a full run found although deltas followed the log. An
// event may still come, since the log lags; one that doesn't was missed.
type suspects struct {
	waiting map[string]suspect // by subject, or by member
	missed  int                // in all
	names   []string           // the newest of them
}

type suspect struct {
	name  string
	found time.Time // by Okta's clock
	done  time.Time // when Omni had it; zero while it hasn't
}

const (
	// missedAfter is how long an event may take to come to the log.
	missedAfter = 10 * time.Minute
	// missedNames is how many of the missed are named.
	missedNames = 20
)

// suspect notes what a full reading has found that no delta had: what Okta says now
// differs from what it said when the record was brought in line.
func (w *watch) suspect(found time.Time, list []news) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.suspects.waiting == nil {
		w.suspects.waiting = map[string]suspect{}
	}
	for _, n := range list {
		if _, waits := w.again[n.subject]; !waits {
			w.suspects.waiting[n.subject] = suspect{name: n.name, found: found}
		}
	}
}

// knew takes from the ledger, once, how far the log was read before this process, and how
// much was missed until then.
func (e *Engine) knew(ctx context.Context) error {
	w := &e.watch
	w.mu.Lock()
	known := !w.kept.Since.IsZero()
	w.mu.Unlock()
	if known {
		return nil
	}
	read, there, err := state.Read[state.LogRead](ctx, e.o.Store, state.Meta, metaLog)
	if err != nil || !there {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = read
	w.suspects.missed += read.Missed
	return nil
}

// news is something that a reading found and the ledger didn't know.
type news struct{ subject, name string }

// newsOf gives what the plan does because Okta says something new.
func newsOf(d Desired, l *Ledger, plan []Change) []news {
	var list []news
	for _, c := range plan {
		switch {
		case c.State != state.Planned && c.State != state.Held:
		case c.User != "":
			p, told := d.person(c.User)
			m, known := l.Marks[c.User]
			fresh := !known || m.Seen != (identity.Print{}) && told && p.Print != m.Seen
			if _, failing := l.Failing[c.subject()]; fresh && !failing {
				list = append(list, news{c.subject(), c.Name})
			}
		case c.Kind == Members:
			g := d.Groups[c.Group]
			for _, id := range slices.Concat(c.Add, c.Drop) {
				_, joined := slices.BinarySearch(g.Joined, id)
				_, left := slices.BinarySearch(g.Left, id)
				if joined || left {
					list = append(list, news{memberKey(c.Group, id), c.Name + ": " + firstOf(l.Users[id].UserName, string(id))})
				}
			}
		}
	}
	return list
}

// explained drops the suspects that the log tells of, and measures how long they took.
// It gives those who were missed.
func (w *watch) explained(touches []identity.Touch, now time.Time) (missed []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range touches {
		for _, u := range t.Users {
			w.explain(userSubject(u), t.Published)
			for _, g := range t.Groups {
				w.explain(memberKey(g, u), t.Published)
			}
		}
	}
	for key, s := range w.suspects.waiting {
		if now.Sub(s.found) > missedAfter {
			delete(w.suspects.waiting, key)
			missed = append(missed, s.name)
		}
	}
	slices.Sort(missed)
	w.suspects.missed += len(missed)
	w.suspects.names = append(w.suspects.names, missed...)
	w.suspects.names = w.suspects.names[max(0, len(w.suspects.names)-missedNames):]
	return missed
}

func (w *watch) explain(key string, published time.Time) {
	s, there := w.suspects.waiting[key]
	if !there {
		return
	}
	delete(w.suspects.waiting, key)
	if !s.done.IsZero() && s.done.After(published) {
		w.times.add(s.done.Sub(published))
	}
}

// did notes when Omni had a change, and measures how long that took.
func (e *Engine) did(run *run, c Change, l *Ledger) {
	now, skew := time.Now(), e.o.Okta.Skew()
	var seen, due time.Time
	if u := l.Users[c.User]; c.ends() && u.Unassigned != nil {
		seen, due = u.Unassigned.Add(-skew), e.policy.due(u).Add(-skew)
	}
	now = now.Add(-skew)
	e.took(run.touched.hint(c).at, seen, due, now)
	w := &e.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	w.suspects.done(c.subject(), now)
	for _, id := range slices.Concat(c.Add, c.Drop) {
		w.suspects.done(memberKey(c.Group, id), now)
	}
}

func (s suspects) done(key string, now time.Time) {
	if one, there := s.waiting[key]; there {
		one.done = now
		s.waiting[key] = one
	}
}
