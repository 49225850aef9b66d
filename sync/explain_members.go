package sync

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// compare finds who is on one side alone: of Okta's side by what was read last, of
// Omni's by what it has now.
func (f *groupFile) compare(ctx context.Context) error {
	l, store := f.ledger, f.engine.o.Store
	f.facts.Apart = []MemberApart{}
	if f.record.Omni == "" {
		return nil
	}
	if err := l.fetchCrowd(ctx, store, f.id); err != nil {
		return err
	}
	members := map[identity.OktaID]bool{}
	for u := range l.Members[f.id] {
		members[u] = true
	}
	if err := l.fetch(ctx, store, members); err != nil {
		return err
	}
	owners, err := l.owners(ctx, store, f.team.Members...)
	if err != nil {
		return err
	}
	in := map[identity.OktaID]bool{}
	for _, m := range f.team.Members {
		if id, linked := owners[m]; linked {
			in[id], members[id] = true, true
		} else {
			f.facts.Strange++
		}
	}
	asked := 0
	for _, u := range slices.Sorted(maps.Keys(members)) {
		m := l.Members[f.id][u]
		there := in[u]
		if f.omniErr != nil {
			there = m.Omni == state.Present || m.Omni == state.Found
		}
		switch {
		case m.Okta && there:
			f.facts.InBoth++
		case m.Okta != there:
			at := MemberApart{Name: firstOf(l.Users[u].UserName, string(u)), OktaID: string(u), Okta: m.Okta, Omni: there}
			if there {
				at.Why = f.whyStill(u)
			} else {
				f.whyNot(ctx, u, &at, &asked)
			}
			f.facts.Apart = append(f.facts.Apart, at)
		}
	}
	return nil
}

// whyStill tells why somebody is in the group in Omni whom Okta doesn't have in it.
func (f *groupFile) whyStill(u identity.OktaID) string {
	l := f.ledger
	rec := l.Users[u]
	h, held := l.Holds[memberKey(f.id, u)]
	switch {
	case held && h.Decision == state.Rejected:
		return "the removal was rejected by " + h.By
	case held && h.Decision == state.Approved:
		return "the removal was approved by " + h.By + ", and the next run does it"
	case held:
		return "the removal waits for approval: " + h.Change.Reason
	case f.engine.policy.protects(rec.UserName) != "":
		return fmt.Sprintf("protected by users.protected %q", f.engine.policy.protects(rec.UserName))
	case rec.Unassigned != nil:
		return "unassigned since " + moment(*rec.Unassigned) + "; the membership ends with the account, never before"
	case !rec.Active:
		return "the account is inactive, so that this means nothing"
	default:
		return "the next full run looks at it"
	}
}

// protects gives the glob that protects the name, "" for none.
func (p Policy) protects(name string) string {
	for _, glob := range p.Protected {
		if ok, err := path.Match(identity.FoldUserName(glob), identity.FoldUserName(name)); err == nil && ok {
			return glob
		}
	}
	return ""
}

// whyNot tells why somebody isn't in the group in Omni whom Okta has in it. Of those
// without an account, Okta tells more, of a few.
func (f *groupFile) whyNot(ctx context.Context, u identity.OktaID, at *MemberApart, asked *int) {
	l := f.ledger
	rec, known := l.Users[u]
	fails, failed := l.Failing[userSubject(u)]
	switch {
	case known && rec.Omni != "" && rec.Active:
		at.Why = "the next run adds them"
		if g, stuck := l.Failing[groupSubject(f.id)]; stuck {
			at.Why = "writing the group fails: " + failing(g)
		}
	case failed:
		at.Why = "no account: " + failing(fails)
	case f.held(u) != "":
		at.Why = "no account: it waits for approval: " + f.held(u)
	case known && rec.Unassigned != nil:
		at.Why = "no account: unassigned since " + moment(*rec.Unassigned)
	case *asked < asksAbout && f.oktaErr == nil:
		*asked++
		at.Name, at.Why = f.ask(ctx, u, at.Name)
	default:
		at.Why = "no account"
	}
}

func (f *groupFile) held(u identity.OktaID) string {
	for _, key := range slices.Sorted(maps.Keys(f.ledger.Holds)) {
		_, _, member := memberOf(key)
		if h := f.ledger.Holds[key]; !member && h.Change.OktaID == string(u) && h.Decision != state.Rejected {
			return h.Change.Reason
		}
	}
	return ""
}

// ask has Okta tell what somebody without an account is to it.
func (f *groupFile) ask(ctx context.Context, u identity.OktaID, name string) (called, why string) {
	e := f.engine
	okta := e.oktaOf(u)
	a, err := okta.Assignment(ctx, u)
	switch {
	case fault.Is(err, fault.NotFound):
		if holder, err := okta.OktaUser(ctx, string(u)); err == nil {
			name = firstOf(holder.Login, name)
		}
		return name, "no account: not assigned to the app"
	case err != nil:
		return name, "no account: Okta can't be asked why: " + err.Error()
	}
	p := e.person(a.Sighting(), e.askGroups(ctx, u))
	name = firstOf(a.UserName, name)
	switch {
	case p.Fault != "":
		return name, "no account: " + p.Fault
	case !p.InScope:
		return name, "no account: outside users.scope"
	case p.Standing == identity.Assigned:
		return name, "no account yet: the next run makes it"
	case p.Standing == identity.Unassigned:
		return name, "no account: no longer assigned to the app"
	default:
		return name, "no account: the Okta account is " + p.Account
	}
}
