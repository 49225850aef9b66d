package sync

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// maxSkew is how far our clock may be from Okta's before times mean nothing.
const maxSkew = 2 * time.Minute

// confirm asks Okta once more about everything that the guard let through and
// that would take something away, so that only what is certain is done. One
// contradiction makes the whole reading doubtful: nothing is removed then. What
// is confirmed waits until its grace is over.
func (e *Engine) confirm(ctx context.Context, changes []Change, run *run, now time.Time) ([]Change, []string, Notes) {
	l, notes := run.ledger, newNotes()
	out := slices.Clone(changes)
	ends := pick(out, func(c Change) bool { return c.State == state.Planned && c.ends() })
	gone := pick(out, func(c Change) bool {
		return c.State == state.Planned && c.Group != "" && (c.Kind == Delete || c.Kind == Release)
	})
	if len(ends)+len(gone) == 0 {
		return changes, nil, notes
	}
	run.follower.expect(stepConfirm, asked(ends)+len(gone))
	app, err := e.activeApp(ctx)
	if err != nil {
		return run.withhold(changes, "the app could not be read again: "+err.Error()), []string{err.Error()}, notes
	}
	if doubt := e.confirmUsers(ctx, ends, notes, run); doubt != "" {
		return run.withhold(changes, doubt), []string{doubt}, notes
	}
	if doubt := e.confirmGroups(ctx, app, gone, run); doubt != "" {
		return run.withhold(changes, doubt), []string{doubt}, notes
	}
	l.Take(notes)
	skew := e.o.Okta.Skew()
	for _, c := range ends {
		*c = e.policy.waits(*c, l.Users[c.User], now, skew)
	}
	return out, nil, notes
}

func pick(changes []Change, yes func(Change) bool) []*Change {
	var list []*Change
	for i, c := range changes {
		if yes(c) {
			list = append(list, &changes[i])
		}
	}
	return list
}

// withhold is the function of that name, and has what is kept looked at again.
func (r *run) withhold(changes []Change, why string) []Change {
	for _, c := range changes {
		switch {
		case c.State != state.Planned:
		case c.ends():
			r.unread = append(r.unread, userSubject(c.User))
		case c.Group != "" && (c.Kind == Delete || c.Kind == Release):
			r.unread = append(r.unread, lookSelection)
		case len(c.Drop) > 0:
			r.unread = append(r.unread, groupSubject(c.Group))
		}
	}
	slices.Sort(r.unread)
	r.unread = slices.Compact(r.unread)
	return withhold(changes, why)
}

// withhold keeps every change that takes something away from being done.
func withhold(changes []Change, why string) []Change {
	out := slices.Clone(changes)
	for i, c := range out {
		if c.State != state.Planned {
			continue
		}
		if c.ends() || c.Group != "" && (c.Kind == Delete || c.Kind == Release) {
			out[i].State, out[i].Reason = state.Kept, "not confirmed: "+why
		}
		if len(c.Drop) > 0 {
			out[i].Drop = nil
			before := *c.Before
			before.Members = nil
			out[i].Before = &before
		}
	}
	return slices.DeleteFunc(out, func(c Change) bool {
		return c.Kind == Members && c.State == state.Planned && len(c.Add)+len(c.Drop) == 0
	})
}

// confirmUsers asks for each user by id; for many, reads the whole list once
// more and asks for some by id. Each change gets the answer that confirmed it as its
// origin. It gives the contradiction, "" for none.
func (e *Engine) confirmUsers(ctx context.Context, ends []*Change, notes Notes, run *run) string {
	ask := ends
	if len(ends) > maxAsked {
		if doubt := e.listAgain(ctx, run, ends); doubt != "" {
			return doubt
		}
		ask = draw(ends, sample)
	}
	for _, c := range ask {
		run.follower.count(stepConfirm, 1)
		account, from, err := e.departed(ctx, c.User)
		if err != nil {
			return fmt.Sprintf("%s: %v", c.Name, err)
		}
		c.Origin, c.Asked = from, time.Now()
		if u := run.ledger.Users[c.User]; account != "" && u.Account != account {
			u.Account = account
			notes.user(c.User, u)
		}
	}
	return ""
}

// listAgain reads the whole list once more. Who isn't on it is told where it ends.
func (e *Engine) listAgain(ctx context.Context, run *run, ends []*Change) string {
	wanted, leaving := map[identity.OktaID]bool{}, map[identity.OktaID]identity.Origin{}
	var end identity.Origin
	for s, err := range e.lists(run).Assignments(ctx) {
		if err != nil {
			return fmt.Sprintf("the second reading of the assigned users broke off: %v", err)
		}
		end = s.Origin
		if wanted[s.ID] = !e.person(s, run.in(s.ID)).leaves(); !wanted[s.ID] {
			leaving[s.ID] = end
		}
	}
	for _, c := range ends {
		if wanted[c.User] {
			return fmt.Sprintf("%s was missing from the first reading, but is assigned in the second", c.Name)
		}
		c.Origin = cmp.Or(leaving[c.User], end, c.Origin)
	}
	return ""
}

// asked is how many users confirmUsers asks for by id.
func asked(ends []*Change) int {
	if len(ends) > maxAsked {
		return sample
	}
	return len(ends)
}

// accountDeleted stands for the status of an Okta account that is no more.
const accountDeleted = "DELETED"

// departed makes certain that the user must not have an account, and gives the
// status of the Okta account, "" where it isn't known, and where Okta said so: the app user
// asked for by id, or, of an account that isn't shown, the event. Any other answer is a
// contradiction.
func (e *Engine) departed(ctx context.Context, id identity.OktaID) (string, identity.Origin, error) {
	okta := e.oktaOf(id)
	a, err := okta.Assignment(ctx, id)
	switch {
	case err == nil && e.person(a.Sighting(), e.askGroups(ctx, id)).leaves():
		return a.Account, a.Origin, nil
	case err == nil:
		return "", "", &fault.Error{Kind: fault.Doubt, Op: "the user is assigned after all"}
	case !fault.Is(err, fault.NotFound):
		return "", "", err
	}
	if !isOwn(id) {
		if hidden := e.hidesUsers(ctx, provenFor); hidden != "" {
			return "", "", &fault.Error{Kind: fault.Doubt, Op: hidden}
		}
	}
	account, event, err := e.accountOf(ctx, id)
	return account, cmp.Or(event, a.Origin), err
}

// accountOf gives the status of the Okta account; of one that isn't shown, the event by which
// the user departed, too. Only the end of the account makes it deleted: who was unassigned
// may be hidden, and then the status isn't known.
func (e *Engine) accountOf(ctx context.Context, id identity.OktaID) (string, identity.Origin, error) {
	okta := e.oktaOf(id)
	account, err := okta.Account(ctx, id)
	if !fault.Is(err, fault.NotFound) {
		return account, "", err
	}
	event, gone, err := okta.Departed(ctx, id)
	switch {
	case err != nil:
		return "", "", err
	case event == "":
		return "", "", &fault.Error{Kind: fault.Doubt, Op: "Okta knows neither the user nor their departure"}
	case gone:
		return accountDeleted, event, nil
	default:
		return "", event, nil
	}
}

// waits keeps a confirmed removal until its grace is over.
func (p Policy) waits(c Change, u state.User, now time.Time, skew time.Duration) Change {
	if skew.Abs() > maxSkew {
		c.State, c.Reason = state.Kept, fmt.Sprintf("our clock is %s off Okta's, so no grace can be measured: set the clock right", skew.Abs().Round(time.Second))
		return c
	}
	due := p.due(u)
	if wait := due.Sub(now); wait > p.Settle {
		c.State, c.Reason, c.Due = state.Kept, "in grace until "+due.UTC().Format(time.RFC3339), due
	}
	return c
}

// early keeps the removals of a delta for which it is too early whatever Okta says of
// the account: it asks, and doesn't wait, when they may be done.
func (e *Engine) early(changes []Change, l *Ledger, now time.Time) []Change {
	out := slices.Clone(changes)
	for i, c := range out {
		u := l.Users[c.User]
		if c.State != state.Planned || !c.ends() || u.Unassigned == nil {
			continue
		}
		due := e.policy.earliest(u)
		if due.After(now) {
			out[i].State, out[i].Reason, out[i].Due = state.Kept, settles(due), due
		}
	}
	return out
}

// due is when the membership of an unassigned user may end.
func (p Policy) due(u state.User) time.Time {
	if u.Unassigned == nil {
		return time.Unix(1<<40, 0) // nobody saw the user unassigned: never
	}
	grace := p.Grace
	if u.Account == "DEPROVISIONED" || u.Account == accountDeleted {
		grace = p.GraceGone
	}
	if u.AtOnce != nil {
		grace = 0
	}
	return u.Unassigned.Add(max(grace, p.Settle))
}

// earliest is when the membership of an unassigned user may end whatever Okta says of
// the account.
func (p Policy) earliest(u state.User) time.Time {
	if u.AtOnce != nil {
		return u.Unassigned.Add(p.Settle)
	}
	return u.Unassigned.Add(max(p.Settle, min(p.Grace, p.GraceGone)))
}

// reopen drops rejections that the user's Okta account has outlived, and what keeps an
// ended membership undone: once the account is deactivated, suspended or deleted the
// removal is proposed anew. A reading whose users are doubted drops none.
func (e *Engine) reopen(ctx context.Context, l *Ledger, d Desired) Notes {
	n := newNotes()
	if d.Unproven || d.Empty || !d.AllUsers && !d.Only && !d.Partial {
		return n
	}
	for key, h := range l.Holds {
		id := identity.OktaID(h.Change.OktaID)
		if l.forgets != nil && !l.forgets[key] {
			continue
		}
		if h.Decision != state.Rejected || h.Change.Group != "" || (key != userKey(Deactivate, id) && key != userKey(Delete, id)) {
			continue
		}
		if e.outlived(ctx, d, id, h.Account) {
			n.Holds[key] = nil
		}
	}
	for subject, kept := range l.Undone {
		id, user := cutSubject(subject)
		_, told := d.person(identity.OktaID(id))
		if !user || !kept.Active || !told { // a delta looks at whom it is about
			continue
		}
		if e.outlived(ctx, d, identity.OktaID(id), kept.Account) {
			kept.Active = false
			n.Undone[subject] = &kept
		}
	}
	return n
}

// outlived reports whether the Okta account of somebody asks for the end of access by
// itself by now. While nobody knows, it doesn't.
func (e *Engine) outlived(ctx context.Context, d Desired, id identity.OktaID, was string) bool {
	account := d.Users[id].Account
	if account == "" {
		status, event, err := e.accountOf(ctx, id)
		if err != nil || event != "" && e.hidesUsers(ctx, provenFor) != "" {
			return false
		}
		account = status
	}
	return account != was && asksForEnd(account)
}

// asksForEnd reports whether the status of an Okta account asks for the end of access by itself.
func asksForEnd(account string) bool {
	return account == "DEPROVISIONED" || account == "SUSPENDED" || account == accountDeleted
}
