package sync

import (
	"context"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// How soon what was accepted is looked at again: after Omni didn't answer, or Okta
// said otherwise; and when nothing is known to wait.
const (
	followSoon = 50 * time.Second
	followLate = time.Hour
)

// causeFollow is the cause of changes that were accepted before.
const causeFollow = causePush + ", accepted before"

// Run applies what was accepted and isn't applied yet, until ctx ends: removals
// when their time has come, members who had no account, and whatever Omni wasn't
// there for.
func (p *Pushes) Run(ctx context.Context) error {
	for {
		next := p.round(ctx)
		wait := time.NewTimer(next)
		select {
		case <-p.follow:
			wait.Stop()
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return nil
		}
	}
}

// round looks at everything that waits, and gives the time until the next look.
func (p *Pushes) round(ctx context.Context) time.Duration {
	pause := p.engine.brake.now(time.Now())
	if !pause.Since.IsZero() && !pause.RemovalsOnly { // whose end is told
		return followLate
	}
	leaving, late := p.book.pending()
	opened := p.book.opened()
	if len(leaving)+len(late)+len(opened) > 0 {
		if rest := p.engine.o.Omni.Away(ctx, false); rest > 0 {
			return rest
		}
	}
	next := followLate
	if len(late) > 0 && !p.joins(ctx, late) {
		next = followSoon
	}
	for _, key := range opened {
		if err := p.finishGroup(ctx, key); err != nil {
			next = followSoon
		}
	}
	if len(leaving) > 0 && pause.Since.IsZero() {
		next = min(next, p.endings(ctx, leaving))
	}
	return next
}

// endings ends the memberships of those of whom Okta said that they leave. They
// are judged together, and Okta is asked about each. It gives the time until the
// next look.
func (p *Pushes) endings(ctx context.Context, ids []identity.OktaID) time.Duration {
	e := p.engine
	run := e.begin(Request{Kind: Push, Cause: causeFollow})
	leave := p.open(run)
	defer leave()
	l := run.ledger
	asked := make(map[identity.OktaID]bool, len(ids))
	for _, id := range ids {
		asked[id] = true
	}
	err := l.fetch(ctx, e.o.Store, asked)
	if err == nil {
		err = l.fetchRows(ctx, e.o.Store, asked)
	}
	if err == nil {
		err = collect(ctx, e.o.Store, state.Leavers, l.Leavers)
	}
	if err != nil {
		run.logger.Warn("accepted removals", zap.Error(err))
		return followSoon
	}
	d := Desired{Users: map[identity.OktaID]Person{}}
	for _, id := range ids {
		if u := l.Users[id]; u.Unassigned != nil && u.Active {
			d.Users[id] = Person{Standing: identity.Unassigned, InScope: true, Account: u.Account, Origin: toldByPush}
		}
	}
	run.desired = d
	judged := e.judge(Plan(d, l, e.policy), d, l, e.policy, run.started)
	next := p.sure(ctx, run, judged.Changes)
	judged.Changes = postpone(judged.Changes, l, time.Now().Add(followSoon), run.insists) // Omni's absence delays nothing
	next = min(next, delayed(judged.Changes, l))
	if err := e.note(ctx, run, p.waiting(holds(judged.Changes, d, l, run))); err != nil {
		return followSoon
	}
	planned, _ := part(judged.Changes)
	e.ledgers.Lock()
	for _, c := range planned {
		if !l.touched[c.subject()] { // else a delta reads them just now: were both to give way, nobody would do it
			e.touch(l, time.Now(), c.subject())
		}
	}
	e.ledgers.Unlock()
	if len(planned) == 0 {
		return next
	}
	results, err := e.apply(ctx, run, judged)
	for i, c := range results {
		switch {
		case judged.Changes[i].State != state.Planned || c.State == state.Applied:
		case c.Continues:
			next = min(next, time.Until(c.Due))
		case c.State == state.Kept: // left to who reads them just now
			next = min(next, followSoon)
		default:
			next = min(next, lookAgainIn(l.Users[c.User], time.Now()))
		}
	}
	if err != nil {
		next = min(next, followSoon)
		run.logger.Warn("accepted removals", zap.Error(err), zap.String("hint", fault.HintOf(err)))
	}
	return next
}

// delayed gives the time until the first of those whom Omni refused is tried again.
func delayed(changes []Change, l *Ledger) time.Duration {
	next := followLate
	for _, c := range changes {
		if f, failing := l.Failing[c.subject()]; failing && c.State == state.Failed {
			next = min(next, time.Until(f.Next))
		}
	}
	return max(next, time.Second)
}

// open gives the run a part of the ledger, until the function that it gives is called.
func (p *Pushes) open(run *run) (leave func()) {
	e := p.engine
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	l := p.book.part()
	for key, h := range l.Holds {
		if id := identity.OktaID(h.Change.OktaID); key != userKey(Deactivate, id) && key != userKey(Delete, id) || !p.book.leaving[id] {
			delete(l.Holds, key)
		}
	}
	l.forgets = map[string]bool{}
	l.mayForget(l.Holds)
	run.ledger = l
	return e.joined(l)
}

// sure asks Okta about each removal that is planned. What isn't certain, or still
// in grace, is kept for now. It gives the time until the next look.
func (p *Pushes) sure(ctx context.Context, run *run, changes []Change) time.Duration {
	e, l, next := p.engine, run.ledger, followLate
	notes := newNotes()
	for i, c := range changes {
		if c.State != state.Planned || !c.ends() {
			continue
		}
		if wait := p.early(l.Users[c.User], c.User, time.Now()); wait > 0 {
			changes[i].State, changes[i].Reason = state.Kept, "its waiting time isn't over"
			next = min(next, wait)
			continue
		}
		account, origin, err := e.departed(ctx, c.User)
		if err != nil {
			changes[i].State, changes[i].Reason = state.Kept, "not confirmed: "+err.Error()
			next = min(next, lookAgainIn(l.Users[c.User], time.Now()))
			continue
		}
		u := l.Users[c.User]
		if account != "" && u.Account != account {
			u.Account = account
			notes.user(c.User, u)
			l.Users[c.User] = u
		}
		now := time.Now()
		c.Origin = origin
		changes[i] = e.policy.waits(c, u, now, e.o.Okta.Skew())
		if wait := e.policy.due(u).Sub(now); wait > 0 {
			changes[i].State = state.Kept // others needn't wait for it
			next = min(next, wait)
		}
	}
	if err := e.note(ctx, run, notes); err != nil {
		return followSoon
	}
	return next
}

// askEvery is how often Okta is asked about somebody in grace, whose account may be
// deactivated meanwhile.
const askEvery = time.Hour

// early tells how long Okta need not be asked about somebody who leaves: nothing
// could be done yet, or it was asked a while ago and grace isn't over.
func (p *Pushes) early(u state.User, id identity.OktaID, now time.Time) time.Duration {
	policy := p.engine.policy
	if u.Unassigned == nil {
		return 0
	}
	if wait := policy.earliest(u).Sub(now); wait > 0 {
		return wait
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	last := p.asked[id]
	if wait := min(policy.due(u).Sub(now), last.Add(askEvery).Sub(now)); wait > 0 {
		return wait
	}
	if len(p.asked) > mostPushed {
		clear(p.asked)
	}
	p.asked[id] = now
	return 0
}

// lookAgainIn is when Okta is asked again about somebody of whom it said otherwise:
// its answers may lag behind its pushes, but not for long.
func lookAgainIn(u state.User, now time.Time) time.Duration {
	if u.Unassigned != nil && now.Sub(*u.Unassigned) > 2*pushLag {
		return time.Hour
	}
	return followSoon
}

// joins puts those who got an account into the groups that they are members of. It
// reports whether all is done.
func (p *Pushes) joins(ctx context.Context, late []identity.OktaID) bool {
	done := true
	byGroup, err := p.groupsOf(ctx, late)
	if err != nil {
		done = false
	}
	for key, users := range byGroup {
		if err := p.joinGroup(ctx, key, users); err != nil {
			done = false
		}
	}
	if !done {
		for _, id := range late {
			p.book.arrived(id)
		}
	}
	return done
}

// groupsOf finds the groups that lack somebody who belongs in them, or have
// somebody back who doesn't.
func (p *Pushes) groupsOf(ctx context.Context, users []identity.OktaID) (map[identity.GroupID][]identity.OktaID, error) {
	e := p.engine
	e.ledgers.Lock()
	l := p.book.part()
	e.ledgers.Unlock()
	wanted := make(map[identity.OktaID]bool, len(users))
	for _, id := range users {
		wanted[id] = true
	}
	if err := l.fetchRows(ctx, e.o.Store, wanted); err != nil {
		return nil, err
	}
	found := map[identity.GroupID][]identity.OktaID{}
	for g, members := range l.Members {
		if l.Groups[g].Paused {
			continue
		}
		for id, m := range members {
			if !m.Settled() {
				found[g] = append(found[g], id)
			}
		}
	}
	for _, id := range users {
		for _, g := range p.book.awaits(p.book.scimID(id)) {
			found[g] = append(found[g], id)
		}
	}
	return found, nil
}

func (p *Pushes) joinGroup(ctx context.Context, key identity.GroupID, users []identity.OktaID) error {
	done, err := p.engine.turns.take(ctx, groupSubject(key))
	if err != nil {
		return err
	}
	defer done()
	was, err := p.acceptedGroup(ctx, key)
	if fault.Is(err, fault.NotFound) || err == nil && was.Gone { // whoever makes the group sees to its members
		return nil
	}
	if err != nil {
		return err
	}
	_, err = p.crowd(ctx, grouping{cause: causeFollow, key: key, was: was, want: was.PushedGroup, quiet: true, look: users})
	return err
}

// finishGroup does what was accepted of a group while Omni wasn't there, or waited
// for approval.
func (p *Pushes) finishGroup(ctx context.Context, key identity.GroupID) error {
	done, err := p.engine.turns.take(ctx, groupSubject(key))
	if err != nil {
		return err
	}
	defer done()
	was, err := p.acceptedGroup(ctx, key)
	if err != nil {
		return err
	}
	if was.Gone {
		return p.letGo(ctx, causeFollow, key, was)
	}
	_, err = p.crowd(ctx, grouping{cause: causeFollow, key: key, was: was, want: was.PushedGroup, quiet: true, all: true})
	return err
}
