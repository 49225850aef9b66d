package sync

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
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
	d := Desired{Users: map[identity.OktaID]Person{}, Groups: map[identity.GroupID]Crowd{}}
	e.readUsers(ctx, &d, l)
	if app.Has("GROUP_PUSH") {
		e.readGroups(ctx, r, &d, l)
	} else if len(l.Groups) > 0 {
		d.Doubts = append(d.Doubts, "the app no longer announces GROUP_PUSH, so its groups are left as they are")
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
		return app, &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("the Okta app %q is %s", app.Label, app.Status),
			Hint: "activate the app in Okta; while it is inactive its assignments mean nothing, so nothing is done"}
	case app.Implicit:
		return app, &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("the Okta app %q is in implicit assignment", app.Label),
			Hint: "switch on user assignment for the app (settings.implicitAssignment off): otherwise no list tells who is assigned"}
	}
	return app, nil
}

func (e *Engine) readUsers(ctx context.Context, d *Desired, l *Ledger) {
	for a, err := range e.o.Okta.Assignments(ctx) {
		if err != nil {
			d.Doubts = append(d.Doubts, fmt.Sprintf("the list of assigned users broke off after %d, so nobody is removed because of it: %v", len(d.Users), err))
			return
		}
		d.Users[a.ID] = e.person(a)
	}
	d.AllUsers = true
	if len(d.Users) == 0 && anyActive(l) {
		d.Empty = true
		d.Doubts = append(d.Doubts, "Okta lists no assigned user although some are managed; usually the credential lacks the permission to see them (role Read-only Administrator, scope okta.apps.read)")
	}
}

func anyActive(l *Ledger) bool {
	for _, u := range l.Users {
		if u.Active {
			return true
		}
	}
	return false
}

// person maps one assignment.
func (e *Engine) person(a identity.Assignment) Person {
	p := Person{Standing: a.Standing(), Account: a.Account, InScope: true, External: identity.OmniID(a.ExternalID)}
	p.UserName = a.UserName
	if p.Standing == identity.Suspended && e.policy.Suspended == "deactivate" {
		p.Standing = identity.Unassigned
	}
	if p.Standing == identity.Unassigned || p.Standing == identity.Doubtful {
		if p.Standing == identity.Doubtful {
			p.Fault = fmt.Sprintf("Okta tells app-user status %q and account status %q, which says nothing certain", a.Status, a.Account)
		}
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

// crowdReader reads the members of groups.
type crowdReader struct {
	engine *Engine
	ledger *Ledger
	all    bool // also of those that didn't move
}

// rereadings is how often a group that moves while it is read is read again.
const rereadings = 3

// read completes c: with what the ledger knows where the group didn't move, else
// with its members, as complete only when it didn't move meanwhile.
func (cr *crowdReader) read(ctx context.Context, c Crowd, object identity.Group) (Crowd, []string) {
	if c.Paused {
		return c, nil
	}
	if known := cr.ledger.Groups[object.ID].AsOf; !cr.all && !known.IsZero() && known.Equal(object.MembershipUpdated) {
		c.Certain, c.AsOf = true, known
		return c, nil
	}
	doubt := ""
	for range rereadings {
		members, err := cr.members(ctx, object.ID)
		c.Read = members
		if err != nil {
			doubt = err.Error()
			break
		}
		after, err := cr.engine.o.Okta.Groups(ctx, []identity.GroupID{object.ID})
		if err != nil {
			doubt = err.Error()
			break
		}
		again, ok := after[object.ID]
		switch {
		case !ok:
			c.Gone = true
			return c, nil
		case again.MembershipUpdated.IsZero():
			return c, []string{fmt.Sprintf("Okta doesn't tell when the members of group %q changed, so nobody is removed from it", c.Name)}
		case again.MembershipUpdated.Equal(object.MembershipUpdated):
			c.AsOf, c.Certain = again.MembershipUpdated, true
			return cr.proven(ctx, c, object.ID)
		}
		object, doubt = again, "it changed each time it was read"
	}
	return c, []string{fmt.Sprintf("the members of group %q are not completely known, so nobody is removed from it: %s", c.Name, doubt)}
}

func (cr *crowdReader) members(ctx context.Context, id identity.GroupID) (map[identity.OktaID]bool, error) {
	members := map[identity.OktaID]bool{}
	for u, err := range cr.engine.o.Okta.Members(ctx, id) {
		if err != nil {
			return members, err
		}
		members[u] = true
	}
	return members, nil
}

// sample is how many of those who are missing are asked for one by one.
const sample = 20

// proven keeps the reading certain only when those who are missing from it are
// really gone: some of them, drawn at random, are asked for their own groups,
// and an empty group must be empty by Okta's own count.
func (cr *crowdReader) proven(ctx context.Context, c Crowd, id identity.GroupID) (Crowd, []string) {
	missing := membersOf(cr.ledger, id, func(m state.Member) bool { return m.Okta })
	missing = slices.DeleteFunc(missing, func(u identity.OktaID) bool { return c.Read[u] })
	if len(missing) == 0 {
		return c, nil
	}
	if why := cr.contradiction(ctx, c, id, missing); why != "" {
		c.Certain = false
		return c, []string{fmt.Sprintf("the members of group %q can't be believed, so nobody is removed from it: %s", c.Name, why)}
	}
	return c, nil
}

func (cr *crowdReader) contradiction(ctx context.Context, c Crowd, id identity.GroupID, missing []identity.OktaID) string {
	if len(c.Read) == 0 {
		n, err := cr.engine.o.Okta.GroupSize(ctx, id)
		if err != nil {
			return err.Error()
		}
		if n != 0 {
			return fmt.Sprintf("the list is empty, but Okta counts %d", n)
		}
	}
	for _, u := range draw(missing, sample) {
		groups, err := cr.engine.o.Okta.GroupsOf(ctx, u)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err.Error()
		}
		if slices.Contains(groups, id) {
			return fmt.Sprintf("user %s is missing from the list, but is in the group", u)
		}
	}
	return ""
}

// draw gives up to n of the ids at random. Chance is wanted here: whoever cuts
// a list can't know who will be asked for.
func draw[T any](ids []T, n int) []T {
	ids = slices.Clone(ids)
	rand.Shuffle(len(ids), func(i, k int) { ids[i], ids[k] = ids[k], ids[i] })
	return ids[:min(n, len(ids))]
}
