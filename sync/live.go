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

// Several runs may be under way at once: one that reads Okta, and the pushes that
// come meanwhile. Each has a ledger of its own in memory, with what may matter to
// it. What one of them commits reaches all the others, and only Engine.ledgers is
// held for that, never while somebody is asked.
//
// A run decides nothing about an object whose push was under way when the run began
// to read, or came later: what it read may be older than the push.

// join makes what others commit reach l, until the function that it gives is called.
func (e *Engine) join(l *Ledger) (leave func()) {
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	return e.joined(l)
}

// joined is join for who holds the lock.
func (e *Engine) joined(l *Ledger) (leave func()) {
	l.touched, l.claimed = map[string]bool{}, map[string]bool{}
	for other := range e.live {
		for _, s := range other.pushes { // it isn't accepted yet, so the run may read what was before it
			l.pushed(s)
		}
		for _, s := range other.claims {
			l.leftTo(s)
		}
	}
	e.live[l] = true
	return func() {
		e.ledgers.Lock()
		defer e.ledgers.Unlock()
		delete(e.live, l)
	}
}

// joinRun is join for a pass. What a delta is about to read, other readings leave to it.
func (e *Engine) joinRun(run *run) (leave func()) {
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	leave = e.joined(run.ledger)
	if run.touched != nil {
		e.claim(run.ledger, run.touched.subjects())
	}
	return leave
}

// claim makes the other readings under way leave the subjects to the run of l, which
// reads them now. A push is newer than either. The lock is held.
func (e *Engine) claim(l *Ledger, subjects []string) {
	l.claims = append(l.claims, subjects...)
	for other := range e.live {
		if other == l || len(other.pushes) > 0 {
			continue
		}
		for _, s := range subjects {
			other.leftTo(s)
		}
	}
}

// leftTo leaves a subject to a delta, pushed to a push, which is newer than either.
func (l *Ledger) leftTo(subject string) {
	l.claimed[subject] = l.claimed[subject] || !l.touched[subject]
	l.touched[subject] = true
}

func (l *Ledger) pushed(subject string) {
	delete(l.claimed, subject)
	l.touched[subject] = true
}

// commit writes notes into the store, under the fence, and then makes them part
// of every ledger in memory. l may be nil for notes that were computed without one.
func (e *Engine) commit(ctx context.Context, l *Ledger, n Notes) error {
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	return e.committed(ctx, l, n)
}

// committed is commit for who holds the lock.
func (e *Engine) committed(ctx context.Context, l *Ledger, n Notes) error {
	if l != nil {
		l.catchUp()
		e.settleWindow(&n, l, time.Now())
		n.count(l)
	}
	if err := e.write(ctx, n); err != nil {
		return err
	}
	if e.o.Logged != nil && len(n.Log) > 0 {
		e.o.Logged(n.Log)
	}
	e.archive(ctx, archived(state.ArchivedChange, n.Log)...)
	e.archive(ctx, slices.Concat(archivedUndoes(n.Undone), n.endedUnlinks())...)
	if n.Pause != nil {
		e.brake.set(*n.Pause)
	}
	if n.Pause != nil || len(n.Holds)+len(n.Failing) > 0 {
		e.alarms.stir()
	}
	if l != nil {
		l.Take(n)
	}
	for other := range e.live {
		if other != l {
			other.inbox = append(other.inbox, n)
		}
	}
	if e.book != nil {
		e.book.take(n)
	}
	return nil
}

// observed commits what a reading tells, but for what was pushed meanwhile.
func (e *Engine) observed(ctx context.Context, l *Ledger, n Notes) error {
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	n.leave(l.touched)
	for _, told := range l.inbox { // what a person decided meanwhile stands
		for key, h := range told.Holds {
			if h != nil && h.Decision != "" {
				delete(n.Holds, key)
			}
		}
		for subject := range told.Undone {
			delete(n.Undone, subject)
		}
	}
	told := l.inbox
	l.catchUp()
	n.keepDone(told, l)
	return e.committed(ctx, l, n)
}

// catchUp makes what others committed part of the ledger. The lock is held.
func (l *Ledger) catchUp() {
	for _, n := range l.inbox {
		l.note(n)
		l.Take(n)
	}
	l.inbox = nil
}

// touch tells every other run under way that the objects were pushed. The lock is held.
func (e *Engine) touch(own *Ledger, now time.Time, subjects ...string) {
	if len(e.pushed) > mostPushed { // nobody reads Okta, or seldom
		maps.DeleteFunc(e.pushed, func(_ string, at time.Time) bool { return now.Sub(at) > pushLag })
	}
	for _, s := range subjects {
		e.pushed[s] = now
		for l := range e.live {
			if l != own {
				l.pushed(s)
			}
		}
	}
}

// judge lets a plan pass, or holds parts of it, and reserves what it is to remove
// unasked: until that is done and counted, those who judge meanwhile count it too.
func (e *Engine) judge(changes []Change, d Desired, l *Ledger, p Policy, now time.Time) Judged {
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	l.catchUp()
	l.others = map[string]int{}
	for other := range e.live {
		if other == l {
			continue
		}
		for kind, n := range other.reserved {
			l.others[kind] += n
		}
	}
	judged := judge(changes, d, l, p, now)
	l.reserved = unasked(judged, l, p)
	return judged
}

// settleWindow turns what notes spend into the guard's new window. The lock is held,
// so that of two who count at once both are counted.
func (e *Engine) settleWindow(n *Notes, l *Ledger, now time.Time) {
	if len(n.Spent) == 0 {
		return
	}
	for kind, count := range n.Spent {
		l.reserved[kind] = max(0, l.reserved[kind]-count)
	}
	w := state.Window{}
	for _, s := range l.Window.Spent {
		if now.Sub(s.At) < e.policy.Guard.Window {
			w.Spent = append(w.Spent, s)
		}
	}
	w.Spent = append(w.Spent, state.Spent{At: now, Count: maps.Clone(n.Spent)})
	n.Window = &w
}

// mostPushed is from how many on old times of pushes are forgotten.
const mostPushed = 10_000

// pushLag is how long Okta's lists may lag behind its pushes.
const pushLag = 5 * time.Minute

// asOf is what is believed of a list of members that was read now: where Okta
// pushes, a list of a group that changed lately may lag, and is read again.
func (e *Engine) asOf(moved time.Time) time.Time {
	if e.book != nil && time.Now().Add(-e.o.Okta.Skew()).Sub(moved) < pushLag {
		return time.Time{}
	}
	return moved
}

// recheck asks once more, by id, about the users who were pushed shortly before the
// run began: Okta's list may not show it yet. Groups that were, and users who are
// too many or of whom Okta doesn't tell, are left to the next run.
func (e *Engine) recheck(ctx context.Context, run *run) {
	users, groups := e.lately(run)
	if run.desired.Only && !run.touched.list {
		users = nil // each was asked for by id just now
	}
	if len(groups) > 0 {
		run.desired.Notes = append(run.desired.Notes, fmt.Sprintf("left to the next run, because Okta pushed them less than %s ago: %s",
			pushLag, some(groups, "group", "groups")))
	}
	var left []string
	for i, id := range users {
		if _, same := run.desired.Same[id]; same {
			continue
		}
		if i >= maxAsked || isOwn(id) { // Okta doesn't know that key
			left = append(left, userSubject(id))
			continue
		}
		a, err := e.o.Okta.Assignment(ctx, id)
		switch {
		case err != nil && (run.desired.Unproven || !fault.Is(err, fault.NotFound)):
			left = append(left, userSubject(id))
		case err != nil:
			run.desired.Users[id] = Person{Standing: identity.Unassigned, InScope: true}
		default:
			run.desired.Users[id] = e.person(a.Sighting(), e.askGroups(ctx, id))
		}
	}
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	for _, s := range left {
		run.ledger.pushed(s)
	}
}

// lately gives the users who were pushed before the run, but not long, and leaves
// the groups that were alone.
func (e *Engine) lately(run *run) (users []identity.OktaID, groups []string) {
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	for subject, at := range e.pushed {
		if run.started.Sub(at) > pushLag {
			delete(e.pushed, subject)
			continue
		}
		if id, ok := strings.CutPrefix(subject, userSubject("")); ok {
			users = append(users, identity.OktaID(id))
			continue
		}
		run.ledger.pushed(subject)
		if strings.HasPrefix(subject, groupNameSubject("")) {
			continue
		}
		id := identity.GroupID(strings.TrimPrefix(subject, groupSubject("")))
		groups = append(groups, firstOf(run.ledger.Groups[id].Name, string(id)))
	}
	slices.Sort(users)
	return users, groups
}

// pushedApart reports whether Okta's push has made, under a key of our own, the user
// whom the change is to make: the next run brings both together.
func (e *Engine) pushedApart(c Change) bool {
	if e.book == nil || c.User == "" || c.Kind != Create && c.Kind != Adopt {
		return false
	}
	holder, who, known := find(e.book, &e.book.users, withName[identity.OktaID](identity.FoldUserName(c.Want.UserName)))
	return known && holder != c.User && isOwn(holder) && who.omni != ""
}

// leave makes the run say nothing of what was pushed since it began.
func (e *Engine) leave(run *run) {
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	l := run.ledger
	l.catchUp()
	clear(l.moved)
	run.desired.leave(l.touched)
	for id, g := range l.Groups {
		if run.desired.Only && g.Omni == "" && run.desired.unpushed(id) { // the run beside is not to make it
			e.claim(l, []string{groupSubject(id)})
		}
	}
	for subject := range l.touched {
		if id, ok := strings.CutPrefix(subject, userSubject("")); ok {
			delete(l.Strangers, identity.FoldUserName(l.Users[identity.OktaID(id)].UserName))
		}
	}
}
