package sync

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"golang.org/x/sync/errgroup"
)

// read asks Okta what is to be. It fails only where nothing can be decided at
// all: the app is missing, inactive or in implicit assignment, or the
// credential is refused. Everything else that goes wrong is a doubt, and what
// is doubted covers nothing.
func (e *Engine) read(ctx context.Context, run *run) (Desired, error) {
	if run.touched != nil {
		return e.readTouched(ctx, run)
	}
	l, follower := run.ledger, run.follower
	app, err := e.activeApp(ctx)
	if err != nil {
		return Desired{}, err
	}
	e.watch.sawApp(app)
	users := Desired{Partial: app.Partial, Users: map[identity.OktaID]Person{}, Same: map[identity.OktaID]int32{}}
	groups := Desired{Partial: app.Partial, Groups: map[identity.GroupID]Crowd{}}
	if e.groupwise { // the users are mapped by it
		e.readCrowds(ctx, app, &groups, run)
		if run.roster, err = e.roster(ctx, groups, l); err != nil {
			return Desired{}, err
		}
	}
	var both errgroup.Group
	follower.begin(stepRead, len(l.Marks))
	follower.beside(stepMembers, 0)
	both.Go(func() error {
		defer follower.end(stepRead)
		var err error
		e.prove(&users, []string{scopeApps, scopeUsers}, func() { err = e.readUsers(ctx, &users, run) }, func() string { return e.missesUser(&users) })
		return err
	})
	both.Go(func() error {
		defer follower.end(stepMembers)
		if e.groupwise {
			return nil
		}
		e.readCrowds(ctx, app, &groups, run)
		return nil
	})
	if err := both.Wait(); err != nil {
		return Desired{}, err
	}
	d := users
	d.Groups, d.AllGroups, d.Chosen, d.Miscounts = groups.Groups, groups.AllGroups && !app.Partial, groups.Chosen, groups.Miscounts
	if !users.AllUsers && !users.Partial && d.left() { // no whole list shows the canary
		users.unproven(e.hidesUsers(ctx, 0))
	}
	d.Doubts, d.Notes = slices.Concat(users.Doubts, groups.Doubts), groups.Notes
	if d.Unproven = users.Unproven || groups.Unproven; d.Unproven {
		d.distrust()
	}
	return d, ctx.Err()
}

// activeApp reads the app and refuses the states in which no list can be believed.
func (e *Engine) activeApp(ctx context.Context) (identity.App, error) {
	app, err := e.o.Okta.App(ctx)
	switch {
	case fault.Is(err, fault.NotFound):
		return app, &fault.Error{Kind: fault.NotFound, Op: "read the Okta app " + e.o.Identity.App,
			Hint: "check okta.app_id, and that the credential's admin role may see this app", Err: err}
	case err != nil:
		return app, err
	case app.Status != "ACTIVE":
		return app, &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("the Okta app %q is %s%s", app.Label, app.Status, e.stoppedBy(ctx)),
			Hint: "activate the app in Okta; while it is inactive its assignments mean nothing, so nothing is done"}
	case app.Implicit:
		return app, &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("the Okta app %q is in implicit assignment", app.Label),
			Hint: "switch on user assignment for the app (settings.implicitAssignment off): otherwise no list tells who is assigned"}
	}
	return app, nil
}

// usersAhead is how many users are read before the ledger's index is there.
const usersAhead = 4000

// readUsers compares the app's users with the ledger's index, which is read while
// the first pages are on their way. An error is the ledger's.
func (e *Engine) readUsers(ctx context.Context, d *Desired, run *run) error {
	l := run.ledger
	indexed := sync.OnceValue(func() error {
		err := l.fetchMarks(ctx, e.o.Store)
		run.follower.expect(stepRead, len(l.Marks))
		return err
	})
	go func() { _ = indexed() }() // the loop waits for its result
	n := 0
	for s, err := range ahead(e.o.Patient.Assignments(ctx), usersAhead) {
		if err := indexed(); err != nil {
			return err
		}
		if err != nil {
			d.Doubts = append(d.Doubts, fmt.Sprintf("the list of assigned users broke off after %d, so nobody is removed because of it: %v", n, err))
			return nil
		}
		if n++; n == 1 {
			d.Same = make(map[identity.OktaID]int32, len(l.Marks)) // most are as they were
		}
		run.follower.count(stepRead, 1)
		page := d.Pages.number(s.Origin)
		in := run.roster.in(s.ID)
		if seen := e.print(s, in); l.Marks[s.ID].Seen == seen {
			d.Same[s.ID] = page
		} else {
			p := e.person(s, in)
			p.Print = seen
			d.Users[s.ID] = p
		}
	}
	if err := indexed(); err != nil {
		return err
	}
	d.AllUsers = !d.Partial
	if n == 0 && l.active() > 0 && d.AllUsers {
		d.Empty = true
		d.Doubts = append(d.Doubts, "Okta lists no assigned user although some are managed; usually the credential lacks the permission to see them (role Read-only Administrator, scope okta.apps.read)")
	}
	return nil
}

// print digests what Okta says of a user together with the policy that reads it.
func (e *Engine) print(s identity.Sighting, in belongs) identity.Print {
	if !e.groupwise {
		return identity.PrintOf([]byte(e.policy.Fingerprint), s.Print[:])
	}
	if in.doubt != "" {
		return identity.Print{}
	}
	parts := [][]byte{[]byte(e.policy.Fingerprint), s.Print[:]}
	for _, name := range in.groups {
		parts = append(parts, []byte(name))
	}
	return identity.PrintOf(parts...)
}

// person maps one assignment, reading its profiles where they are needed.
func (e *Engine) person(s identity.Sighting, in belongs) Person {
	p := Person{Standing: s.Standing(), Account: s.Account, InScope: true, External: identity.OmniID(s.ExternalID), Origin: s.Origin}
	p.UserName = s.UserName
	if p.Standing == identity.Suspended && e.policy.Suspended == "deactivate" {
		p.Standing = identity.Unassigned
	}
	if p.Standing == identity.Unassigned || p.Standing == identity.Doubtful {
		if p.Standing == identity.Doubtful {
			p.Fault = fmt.Sprintf("Okta tells app-user status %q and account status %q, which says nothing certain", s.Status, s.Account)
		}
		return p
	}
	a, err := s.Whole()
	if err != nil {
		p.Fault = err.Error()
		return p
	}
	if p.Fault = in.doubt; p.Fault != "" {
		return p
	}
	a.Groups = in.groups
	user, inScope, err := e.o.Mapper.Map(a)
	if err != nil {
		p.Fault = err.Error()
		return p
	}
	if p.InScope = inScope; inScope { // who is outside keeps the name that Okta knows
		p.User = user
	}
	return p
}
