package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// How somebody was found, in the order in which they are looked for.
const (
	byOktaID   = "Okta id"
	byOmniID   = "Omni id"
	byAppName  = "app username"
	byOmniName = "username in Omni"
	byLogin    = "Okta login"
	byFormer   = "former username"
)

// find looks for the person whom the subject names. Okta's word on the app username
// counts before the ledger's, and who has the name now before who had it. A side that
// doesn't answer is noted; where nobody is found then, that is the error, else
// fault.NotFound.
func (e *Engine) find(ctx context.Context, d *dossier) error {
	l := newLedger()
	app, err := e.o.Okta.App(ctx) // first of all, so that what failed in an earlier run is tried again
	if fault.Is(err, fault.NotFound) || unauthorized(err) != nil {
		_, err = e.activeApp(ctx) // which says what to mend
		return &fault.Error{Kind: fault.Refused, Op: "no person can be looked at", Err: err}
	}
	d.label, d.oktaErr = app.Label, err
	for _, look := range []func(context.Context, *dossier, *Ledger) error{e.findID, e.findNamed, e.findInLedger, e.findLogin, e.findFormer, e.findInOmni} {
		if err := look(ctx, d, l); err != nil {
			return err
		}
		if d.id != "" || d.account.ID != "" {
			break
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case d.id == "" && d.account.ID == "" && d.oktaErr != nil:
		return d.oktaErr
	case d.id == "" && d.account.ID == "" && d.omniErr != nil:
		return d.omniErr
	case d.id == "" && d.account.ID == "":
		return nobody(d.subject)
	case d.id == "":
		return nil
	}
	_, _, err = l.mark(ctx, e.o.Store, d.id)
	if err == nil {
		err = l.fetch(ctx, e.o.Store, map[identity.OktaID]bool{d.id: true})
	}
	if err != nil {
		return err
	}
	d.before = l.Users[d.id]
	return e.identify(ctx, d)
}

func nobody(subject string) error {
	return &fault.Error{Kind: fault.NotFound, Op: fmt.Sprintf("%s %q", errNobody, subject),
		Detail: "no app user of Okta has this username, no Okta user signs in under it, and neither the ledger nor Omni has it",
		Hint:   "look the name up on the app's Assignments tab in Okta's admin console: it is the app username; who isn't there yet is assigned there"}
}

// findID looks for an Okta id or an Omni id that the ledger knows.
func (e *Engine) findID(ctx context.Context, d *dossier, l *Ledger) error {
	if strings.Contains(d.subject, "@") { // which no id does
		return nil
	}
	_, known, err := l.mark(ctx, e.o.Store, identity.OktaID(d.subject))
	if err != nil {
		return err
	}
	if known {
		d.id, d.how = identity.OktaID(d.subject), byOktaID
		return nil
	}
	if err := l.fetchMarks(ctx, e.o.Store); err != nil {
		return err
	}
	owners, err := l.owners(ctx, e.o.Store, identity.OmniID(d.subject))
	if id := owners[identity.OmniID(d.subject)]; id != "" {
		d.id, d.how = id, byOmniID
	}
	return err
}

// findNamed looks for the app user of that username. Of several the one counts who is
// linked.
func (e *Engine) findNamed(ctx context.Context, d *dossier, l *Ledger) error {
	if d.oktaErr == nil {
		d.named, d.oktaErr = e.o.Okta.Named(ctx, d.subject)
	}
	for _, a := range d.named {
		m, _, err := l.mark(ctx, e.o.Store, a.ID)
		if err != nil {
			return err
		}
		if d.id == "" || m.Omni != 0 && l.Marks[d.id].Omni == 0 {
			d.id, d.how, d.assigned = a.ID, byAppName, &a
		}
	}
	return unauthorized(d.oktaErr)
}

// findInLedger looks for who is linked under that username, or is to be.
func (e *Engine) findInLedger(ctx context.Context, d *dossier, l *Ledger) error {
	if err := l.fetchMarks(ctx, e.o.Store); err != nil { // only now, as most are found without
		return err
	}
	same := map[identity.OktaID]bool{}
	for id, m := range l.Marks {
		if m.Name == state.NameSum(d.subject) {
			same[id] = true
		}
	}
	if err := l.fetch(ctx, e.o.Store, same); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(same)) {
		u := l.Users[id]
		if identity.FoldUserName(u.UserName) == identity.FoldUserName(d.subject) && (d.id == "" || u.Active) {
			d.id, d.how = id, byOmniName
		}
	}
	return nil
}

// findLogin looks for an Okta user who signs in under that name, or has that id.
func (e *Engine) findLogin(ctx context.Context, d *dossier, _ *Ledger) error {
	var u identity.OktaUser
	if d.oktaErr == nil {
		u, d.oktaErr = e.o.Okta.OktaUser(ctx, d.subject)
	}
	switch {
	case fault.Is(d.oktaErr, fault.NotFound):
		d.oktaErr = nil
	case d.oktaErr != nil:
	case string(u.ID) == d.subject:
		d.id, d.how, d.holder = u.ID, byOktaID, u
	default:
		d.id, d.how, d.holder = u.ID, byLogin, u
	}
	return unauthorized(d.oktaErr)
}

// findFormer looks through the log for who had the name last.
func (e *Engine) findFormer(ctx context.Context, d *dossier, _ *Ledger) error {
	f := HistoryFilter{Subject: d.subject}
	all, err := state.Newest[state.Change](ctx, e.o.Store, state.Log, state.Log.Keep())
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.UserName != "" && c.OktaID != "" && f.named(c) {
			d.id, d.how = identity.OktaID(c.OktaID), byFormer
			return nil
		}
	}
	return nil
}

// findInOmni looks for an account of that name or id, which may be linked under another
// name since somebody renamed it there.
func (e *Engine) findInOmni(ctx context.Context, d *dossier, l *Ledger) error {
	d.how = byOmniID
	if strings.Contains(d.subject, "@") {
		d.how = byOmniName
		d.account, d.omniErr = e.o.Omni.FindUser(ctx, d.subject)
	} else {
		d.account, d.omniErr = e.o.Omni.User(ctx, identity.OmniID(d.subject))
	}
	if fault.Is(d.omniErr, fault.NotFound) || fault.Is(d.omniErr, fault.Refused) {
		d.omniErr = nil
	}
	if d.omniErr != nil || d.account.ID == "" {
		d.account = identity.Account{}
		return unauthorized(d.omniErr)
	}
	owners, err := l.owners(ctx, e.o.Store, d.account.ID)
	d.id = owners[d.account.ID]
	return err
}

// identify reads what Okta says of whoever was found: the assignment, everybody else of
// that app username, and the account.
func (e *Engine) identify(ctx context.Context, d *dossier) error {
	okta := e.oktaOf(d.id)
	if d.assigned == nil && d.oktaErr == nil {
		a, err := okta.Assignment(ctx, d.id)
		switch {
		case err == nil:
			d.assigned = &a
		case !fault.Is(err, fault.NotFound):
			d.oktaErr = err
		}
	}
	if d.assigned != nil && len(d.named) == 0 && strings.TrimSpace(d.assigned.UserName) != "" && !isOwn(d.id) {
		d.named, d.oktaErr = okta.Named(ctx, d.assigned.UserName)
	}
	if d.assigned != nil {
		d.holder = identity.OktaUser{ID: d.id, Status: d.assigned.Account, Login: d.assigned.Login, Name: nameIn(d.assigned.Profile)}
	} else if d.holder.ID == "" && d.oktaErr == nil {
		u, err := okta.OktaUser(ctx, string(d.id))
		if err != nil && !fault.Is(err, fault.NotFound) {
			d.oktaErr = err
		}
		d.holder = u
	}
	return unauthorized(d.oktaErr)
}

// nameIn gives what an Okta profile calls somebody.
func nameIn(profile map[string]any) string {
	text := func(key string) string { s, _ := profile[key].(string); return s }
	return firstOf(text("displayName"), strings.TrimSpace(text("firstName")+" "+text("lastName")))
}

// unauthorized gives an error that ends everything, nil for any other.
func unauthorized(err error) error {
	if fault.Is(err, fault.Unauthorized) {
		return err
	}
	return nil
}
