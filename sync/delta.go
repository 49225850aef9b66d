package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// questions is how many a delta asks Okta at once.
const questions = 4

// delta reads what was touched, and nothing else: the desired state says nothing of
// everything besides.
type delta struct {
	engine  *Engine
	run     *run
	touched *touched
	desired *Desired
	ledger  *Ledger
	unsure  map[identity.GroupID]bool // groups of which single answers prove too little

	sightings map[identity.OktaID]identity.Sighting // of those who are assigned
	placeless map[identity.OktaID]string            // why it isn't known which groups somebody is in
}

// readTouched asks Okta about what was touched. Like read it fails only where nothing
// can be decided at all; whatever else goes wrong is doubt about one object, and
// that object is looked at again.
func (e *Engine) readTouched(ctx context.Context, run *run) (Desired, error) {
	d := Desired{Only: true, Users: map[identity.OktaID]Person{}, Same: map[identity.OktaID]int32{}, Groups: map[identity.GroupID]Crowd{}}
	r := &delta{engine: e, run: run, touched: run.touched, desired: &d, ledger: run.ledger, unsure: map[identity.GroupID]bool{},
		sightings: map[identity.OktaID]identity.Sighting{}, placeless: map[identity.OktaID]string{}}
	if err := r.ledger.fetchMarks(ctx, e.o.Store); err != nil {
		return d, err
	}
	app, err := r.app(ctx)
	d.Partial = app.Partial
	if err == nil {
		err = r.people(ctx)
	}
	for _, a := range r.touched.beside {
		r.sightings[a.ID] = a.Sighting()
	}
	if !e.groupwise {
		r.mapped(nil)
	}
	if err == nil {
		err = r.groupsOf(ctx, app)
	}
	if err == nil && e.groupwise {
		err = r.mappedByGroups(ctx)
	}
	if err != nil {
		return d, err
	}
	e.proveTouched(ctx, run, &d)
	slices.Sort(d.Doubts)
	if run.person != nil {
		d.narrow(run.ledger, run.person.id)
	}
	return d, ctx.Err()
}

// app gives the app as it was read last, and reads it again where it was touched.
func (r *delta) app(ctx context.Context) (identity.App, error) {
	app := r.engine.watch.theApp()
	if r.touched.app == nil && app.ID != "" {
		return app, nil
	}
	app, err := r.engine.activeApp(ctx)
	if err == nil {
		r.engine.watch.sawApp(app)
	}
	return app, err
}

// people reads the touched users, one by one or out of the list.
func (r *delta) people(ctx context.Context) error {
	if r.touched.list {
		r.listed(ctx)
		return nil
	}
	ids := slices.Sorted(maps.Keys(r.touched.users))
	found := make([]identity.Assignment, len(ids))
	errs := make([]error, len(ids))
	together(questions, ids, func(i int, id identity.OktaID) { found[i], errs[i] = r.engine.oktaOf(id).Assignment(ctx, id) })
	for i, id := range ids {
		switch err := errs[i]; {
		case ctx.Err() != nil || fault.Is(err, fault.Unauthorized):
			return errs[i]
		case fault.Is(err, fault.NotFound):
			r.unassigned(id, found[i].Origin)
		case err != nil:
			r.doubt(userSubject(id), "user "+string(id), err)
		default:
			r.sightings[id] = found[i].Sighting()
		}
	}
	return nil
}

// unassigned says that nobody assigned the user: whether that is certain, confirm asks.
func (r *delta) unassigned(id identity.OktaID, from identity.Origin) {
	r.desired.Users[id] = Person{Standing: identity.Unassigned, InScope: true, Origin: r.because(id, from)}
}

// mapped maps those who were seen, by the groups that in tells.
func (r *delta) mapped(in func(identity.OktaID) belongs) {
	e := r.engine
	for id, s := range r.sightings {
		var b belongs
		if in != nil {
			b = in(id)
		}
		p := e.person(s, b)
		p.Print, p.Origin = e.print(s, b), r.because(id, s.Origin)
		r.desired.Users[id] = p
	}
}

// mappedByGroups maps those who were seen by the groups that they are in: by the
// ledger, and by what was read just now.
func (r *delta) mappedByGroups(ctx context.Context) error {
	seen := make(map[identity.OktaID]bool, len(r.sightings))
	for id := range r.sightings {
		seen[id] = true
	}
	if err := r.ledger.fetchRows(ctx, r.engine.o.Store, seen); err != nil {
		return err
	}
	r.mapped(func(id identity.OktaID) belongs {
		return belongs{groups: inLedger(r.ledger, id, r.desired), doubt: r.placeless[id]}
	})
	for id, c := range r.desired.Groups {
		renamed := c.Gone || c.Name != r.ledger.Groups[id].Name
		if renamed || slices.ContainsFunc(slices.Concat(c.Joined, c.Left), func(u identity.OktaID) bool { return !seen[u] }) {
			r.run.wider = "users.* read which groups users are in, and more of those changed than a delta looks at"
		}
	}
	return nil
}

// because is where something is told of a user, after the event that made us look.
func (r *delta) because(id identity.OktaID, from identity.Origin) identity.Origin {
	return after(r.touched.users[id].event, from)
}

// after joins an event with the answer to what was asked because of it.
func after(event, answer identity.Origin) identity.Origin {
	if event == "" || answer == "" {
		return event + answer
	}
	return event + "; " + answer
}

// listed looks for the touched users in the list of all. Of everybody else nothing is
// said. Who isn't on a list that is whole, and not empty, is unassigned.
func (r *delta) listed(ctx context.Context) {
	n, end := 0, identity.Origin("")
	for s, err := range r.engine.o.Okta.Assignments(ctx) {
		if err != nil {
			r.desired.Doubts = append(r.desired.Doubts, fmt.Sprintf("the list of assigned users broke off after %d, so nobody is removed because of it: %v", n, err))
			r.againAll()
			return
		}
		n, end = n+1, s.Origin
		if _, touched := r.touched.users[s.ID]; touched {
			r.sightings[s.ID] = s
		}
	}
	if n == 0 {
		r.desired.Doubts = append(r.desired.Doubts, "Okta lists no assigned user, which proves nothing about those who were touched")
		r.againAll()
		return
	}
	for id := range r.touched.users {
		if _, there := r.sightings[id]; !there {
			r.unassigned(id, end)
		}
	}
}

// againAll has everybody looked at again whom the list didn't tell.
func (r *delta) againAll() {
	for id := range r.touched.users {
		if _, there := r.sightings[id]; !there {
			r.run.unread = append(r.run.unread, userSubject(id))
		}
	}
}

// doubt notes that an object couldn't be read, and has it looked at again.
func (r *delta) doubt(subject, what string, err error) {
	r.desired.Doubts = append(r.desired.Doubts, fmt.Sprintf("%s could not be read, so nothing is done about it: %v", what, err))
	r.run.unread = append(r.run.unread, subject)
}

// hasAccount reports whether the user has, or is to get, an account.
func (r *delta) hasAccount(id identity.OktaID) bool {
	_, known := r.ledger.Marks[id]
	return known || r.joins(id) || r.engine.comes(id)
}

// joins reports whether the user is to get an account, as far as that is known: the
// scope may go by the groups that are asked for because of it.
func (r *delta) joins(id identity.OktaID) bool {
	if r.ledger.Marks[id].Active {
		return false
	}
	if p, mapped := r.desired.Users[id]; mapped {
		return p.wanted()
	}
	s, seen := r.sightings[id]
	return seen && s.Standing() == identity.Assigned
}

// comes reports whether a run beside may be about to make the account of somebody who
// is assigned.
func (e *Engine) comes(id identity.OktaID) bool {
	e.ledgers.Lock()
	beside := len(e.live) > 1
	e.ledgers.Unlock()
	e.watch.mu.Lock()
	defer e.watch.mu.Unlock()
	return beside && e.watch.outside[id]
}

// alongside adds to what is desired, as they were, the groups of those whose account
// comes or goes. A group that is open is looked at whole.
func (e *Engine) alongside(ctx context.Context, run *run) error {
	d, l := &run.desired, run.ledger
	if !d.Only || d.AllGroups { // who isn't among all groups is let go
		return nil
	}
	for id, g := range l.Groups {
		if _, told := d.Groups[id]; told || g.Paused || g.Omni == "" || d.Apart[groupSubject(id)] {
			continue
		}
		concerned := slices.ContainsFunc(slices.Sorted(maps.Keys(l.Members[id])), func(u identity.OktaID) bool {
			_, told := d.Users[u]
			return told && !l.Members[id][u].Settled() || told && l.Users[u].Omni == ""
		})
		if !concerned {
			continue
		}
		d.Groups[id] = asItWas(g)
		if needsAll(id, *d, l) {
			if err := l.fetchCrowd(ctx, e.o.Store, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// asItWas is a group of which nothing new is known.
func asItWas(g state.Group) Crowd {
	return Crowd{Name: g.Name, Title: g.DisplayName, AsItWas: true, Type: g.Type, Mapping: g.Mapping, Paused: g.Paused, Certain: g.Short == state.Short{}, Short: g.Short, AsOf: g.AsOf}
}
