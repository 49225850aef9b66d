package sync

import (
	"context"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// A user run is a delta that somebody asks for: of both sides it reads one person, and
// from there on it takes the road of every run. What it finds on the way it tells as
// steps. An explanation is such a run that is dry, told in sentences (explain.go).
//
//	walk -> find -> regard -> pass, with narrow, correctPerson and mine -> tell

// dossier is what is known of one person.
type dossier struct {
	subject string // as it was asked for
	id      identity.OktaID
	how     string // by what they were found, such as "Okta login"

	// Okta.
	named    []identity.Assignment // app users of one app username: several by mistake
	assigned *identity.Assignment  // nil where they aren't assigned to the app
	holder   identity.OktaUser     // without an ID where Okta doesn't know them
	groups   []identity.Group      // that they are in
	assigns  []identity.Group      // that are assigned to the app
	reasons  []identity.Explained  // what the expressions make of them, the scope first
	oktaErr  error                 // why Okta doesn't tell whether they are assigned
	groupErr error                 // why it doesn't tell their groups, or those of the app

	// Omni.
	account identity.Account // without an ID where it has none, or wasn't asked
	owner   identity.OktaID  // whom the ledger links it to; "" for nobody
	gone    bool             // the account that is linked isn't there any more
	omniErr error

	// The ledger, and what a run makes of it all.
	before   state.User // as it was before Omni was read
	policy   Policy
	explains bool    // nothing is to be done, only told
	label    string  // of the Okta app; "" where it wasn't read
	run      *run    // with the ledger, what is desired, and the changes
	out      *Leaver // nil where they aren't on the way out
	way      []Step  // what was found, before anything was done
	passErr  error   // why no run is possible
}

// errNobody begins the error for somebody whom nobody knows.
const errNobody = "nobody is known as"

// walk does a user run.
func (e *Engine) walk(ctx context.Context, run *run) (Report, error) {
	ctx = identity.WithLane(ctx, identity.LanePush) // somebody waits
	d, err := e.open(ctx, run)
	switch {
	case fault.Is(err, fault.NotFound) || fault.Is(err, fault.Refused):
		rep := e.report(run, nil) // nothing was begun, and nothing is to be remembered
		rep.Outcome = Failing
		return rep, err
	case err != nil:
		return e.aborted(ctx, run, err)
	case d.id == "": // only Omni knows them
		d.way = d.wayIn()
		return d.told(e.report(run, nil)), nil
	}
	rep, err := e.pass(ctx, run)
	if err == nil {
		err = e.leaverOf(ctx, d)
	}
	return d.told(rep), err
}

// open finds the person whom a run is about, and prepares the run. Whatever can't be
// read ends it: nothing is done about somebody who is half known.
func (e *Engine) open(ctx context.Context, run *run) (*dossier, error) {
	d := &dossier{subject: strings.TrimSpace(run.request.Subject), run: run, policy: e.policy}
	if d.subject == "" {
		return d, &fault.Error{Kind: fault.Refused, Op: "find a person", Detail: "no name is given", Hint: "name an email address, an Okta id or an Omni id"}
	}
	if err := e.find(ctx, d); err != nil {
		return d, err
	}
	if d.id == "" {
		return d, nil
	}
	e.regard(ctx, d)
	run.person, run.touched = d, d.touched()
	c, _, err := state.Read[state.Connection](ctx, e.o.Store, state.Meta, metaConnection)
	if err == nil {
		err = e.unlost(ctx, c)
	}
	if err == nil {
		err = d.oktaErr
	}
	return d, err
}

// unlost refuses to go by a ledger that was lost: the run that builds it again reads
// both sides whole.
func (e *Engine) unlost(ctx context.Context, c state.Connection) error {
	if err := c.Whole(); err != nil {
		return err
	}
	why, _, err := e.lost(ctx, c)
	if err == nil && why != "" {
		err = &fault.Error{Kind: fault.Refused, Op: "the ledger was lost, and isn't built again yet", Detail: why, Hint: "run: syncd reconcile"}
	}
	return err
}

// touched is where a run about the person looks: at the app, at them, at their groups.
func (d *dossier) touched() *touched {
	t := newTouched()
	t.app = &hint{}
	t.users[d.id] = hint{direct: true}
	t.asked[d.id] = true
	for _, a := range d.named {
		if a.ID != d.id {
			t.beside = append(t.beside, a)
		}
	}
	return t
}

// regard reads what is only told, and decides nothing: which groups assign them, and
// what the expressions make of them.
func (e *Engine) regard(ctx context.Context, d *dossier) {
	if d.oktaErr != nil {
		return
	}
	okta := e.oktaOf(d.id)
	if d.groups, d.groupErr = okta.GroupsIn(ctx, d.id); fault.Is(d.groupErr, fault.NotFound) {
		d.groupErr = nil // the account is deleted
	}
	for g, err := range okta.AppGroups(ctx) {
		if err != nil {
			d.groupErr = err
			break
		}
		d.assigns = append(d.assigns, g)
	}
	if d.assigned == nil {
		return
	}
	a := *d.assigned
	if e.groupwise {
		a.Groups = e.askGroups(ctx, d.id).groups
	}
	d.reasons, _ = e.o.Mapper.Explain(a) // the run that follows tells what is wrong
}

// ready notes what was found, now that nothing is done yet.
func (d *dossier) ready(e *Engine) {
	d.learn(e)
	d.way = d.wayIn()
}

// learn takes from the engine what its run has read of Omni's attributes.
func (d *dossier) learn(e *Engine) {
	d.policy = e.defining(e.policy)
}

// oktaOf is whom to ask about a user: Okta, or where it doesn't know them by their key,
// what it pushed.
func (e *Engine) oktaOf(id identity.OktaID) Okta {
	if isOwn(id) {
		return Accepted{Store: e.o.Store}
	}
	return e.o.Okta
}
