package sync

import (
	"context"
	"fmt"
	"maps"
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
func (e *Engine) read(ctx context.Context, r Request, l *Ledger) (Desired, error) {
	app, err := e.activeApp(ctx)
	if err != nil {
		return Desired{}, err
	}
	users := Desired{Users: map[identity.OktaID]Person{}, Same: map[identity.OktaID]struct{}{}}
	groups := Desired{Groups: map[identity.GroupID]Crowd{}}
	var both sync.WaitGroup
	both.Go(func() { e.readUsers(ctx, &users, l) })
	both.Go(func() { e.readCrowds(ctx, app, r, &groups, l) })
	both.Wait()
	d := users
	d.Groups, d.AllGroups = groups.Groups, groups.AllGroups
	d.Doubts, d.Notes = slices.Concat(users.Doubts, groups.Doubts), groups.Notes
	return d, ctx.Err()
}

// readCrowds reads the groups, where the app pushes any.
func (e *Engine) readCrowds(ctx context.Context, app identity.App, r Request, d *Desired, l *Ledger) {
	if app.Has("GROUP_PUSH") {
		e.readGroups(ctx, r, d, l)
	} else if len(l.Groups) > 0 {
		d.Doubts = append(d.Doubts, "the app no longer announces GROUP_PUSH, so its groups are left as they are")
	}
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
		return app, &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("the Okta app %q is %s", app.Label, app.Status),
			Hint: "activate the app in Okta; while it is inactive its assignments mean nothing, so nothing is done"}
	case app.Implicit:
		return app, &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("the Okta app %q is in implicit assignment", app.Label),
			Hint: "switch on user assignment for the app (settings.implicitAssignment off): otherwise no list tells who is assigned"}
	}
	return app, nil
}

func (e *Engine) readUsers(ctx context.Context, d *Desired, l *Ledger) {
	n := 0
	for s, err := range e.o.Okta.Assignments(ctx) {
		if err != nil {
			d.Doubts = append(d.Doubts, fmt.Sprintf("the list of assigned users broke off after %d, so nobody is removed because of it: %v", n, err))
			return
		}
		n++
		if print := e.print(s); l.Marks[s.ID].Seen == print {
			d.Same[s.ID] = struct{}{}
		} else {
			p := e.person(s)
			p.Print = print
			d.Users[s.ID] = p
		}
	}
	d.AllUsers = true
	if n == 0 && l.active() > 0 {
		d.Empty = true
		d.Doubts = append(d.Doubts, "Okta lists no assigned user although some are managed; usually the credential lacks the permission to see them (role Read-only Administrator, scope okta.apps.read)")
	}
}

// print digests what Okta says of a user together with the policy that reads it.
func (e *Engine) print(s identity.Sighting) identity.Print {
	return identity.PrintOf([]byte(e.policy.Fingerprint), s.Print[:])
}

// person maps one assignment, reading its profiles where they are needed.
func (e *Engine) person(s identity.Sighting) Person {
	p := Person{Standing: s.Standing(), Account: s.Account, InScope: true, External: identity.OmniID(s.ExternalID)}
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
	user, in, err := e.o.Mapper.Map(a)
	if err != nil {
		p.Fault = err.Error()
		return p
	}
	p.User, p.InScope = user, in
	return p
}

// readObjects reads the groups themselves, and the members of those that moved.
func (e *Engine) readObjects(ctx context.Context, r Request, d *Desired, l *Ledger) {
	objects, err := e.o.Okta.Groups(ctx, slices.Sorted(maps.Keys(d.Groups)))
	if err != nil {
		d.Doubts = append(d.Doubts, fmt.Sprintf("the groups could not be read, so they are left as they are: %v", err))
		d.AllGroups, d.Groups = false, map[identity.GroupID]Crowd{}
		return
	}
	reader := &crowdReader{engine: e, ledger: l, all: r.AllMembers || r.Kind == Reconcile}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(4)
	var mu sync.Mutex
	pushed := maps.Clone(d.Groups) // what is read below is written to d.Groups meanwhile
	for _, id := range slices.Sorted(maps.Keys(pushed)) {
		c := pushed[id]
		object, exists := objects[id]
		work.Go(func() error {
			var doubts []string
			if exists {
				c.Name = object.Name
				c, doubts = reader.read(ctx, c, object)
			}
			c.Gone = c.Gone || !exists
			mu.Lock()
			defer mu.Unlock()
			d.Groups[id] = c
			d.Doubts = append(d.Doubts, doubts...)
			return nil
		})
	}
	_ = work.Wait() // its functions return no error: what goes wrong is a doubt
	slices.Sort(d.Doubts)
	slices.Sort(d.Notes)
}
