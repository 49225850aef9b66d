package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Forgetting asks for somebody to be forgotten.
type Forgetting struct {
	Subject string `json:"subject"` // a name that they had, or an id in Okta or Omni
	By      string `json:"by"`      // who asks
	DryRun  bool   `json:"dryRun,omitempty"`
}

// Forgotten tells what became of it.
type Forgotten struct {
	OktaID    string           `json:"oktaId"`
	OmniID    string           `json:"omniId,omitempty"`
	Pseudonym string           `json:"pseudonym,omitempty"` // "" of a dry run about somebody who has none yet
	DryRun    bool             `json:"dryRun"`
	Already   bool             `json:"already"` // there was nothing left to replace
	At        time.Time        `json:"at,omitzero"`
	By        string           `json:"by,omitempty"`
	Places    []ForgottenPlace `json:"places"`
	Notes     []string         `json:"notes"` // what is left to a person
}

// forgetting is somebody's forgetting while it lasts.
type forgetting struct {
	engine  *Engine
	request Forgetting
	known   forgotten // the ledger's
	rec     state.Forgotten
	before  bool // they had been forgotten, and nothing was left open
	eraser  *eraser
}

// Forget replaces the names, addresses and values of somebody who is no longer assigned by a
// pseudonym: in the archive, the ledger, what was saved, the log and its export. Ids, times and kinds
// stay, and a name that comes back as another person's is recognised. No run may be under
// way; Loop.Forget sees to that.
//
// What is to be replaced stands in the ledger from the first step to the last, so that one
// that broke off anywhere goes on when it is asked for again. Doing it twice is no harm.
//
//	who -> what tells of them -> note it -> archive -> export -> records -> log -> the store's files -> over
func (e *Engine) Forget(ctx context.Context, r Forgetting) (Forgotten, error) {
	f := &forgetting{engine: e, request: r, known: forgotten{}}
	if err := collect(ctx, e.o.Store, state.Forgets, f.known); err != nil {
		return Forgotten{}, err
	}
	if _, err := e.connection(ctx); err != nil {
		return Forgotten{}, err
	}
	id, err := f.whom(ctx)
	if err != nil {
		return Forgotten{}, err
	}
	done, err := e.turns.take(ctx, userSubject(id))
	if err != nil {
		return Forgotten{}, err
	}
	defer done()
	exportable, err := e.unexported(ctx) // lest a line go out that is to be replaced
	if err != nil {
		return Forgotten{}, err
	}
	defer exportable()
	if err := f.may(ctx, id); err != nil { // a push may have been faster
		return Forgotten{}, err
	}
	if err := f.learn(ctx, id); err != nil {
		return Forgotten{}, err
	}
	found, err := f.count(ctx)
	if err != nil {
		return Forgotten{}, err
	}
	told := f.told(found)
	if r.DryRun || told.Already {
		return told, nil
	}
	told.Notes, err = f.do(ctx, found)
	return told, err
}

// ForgetHere replaces in this process's archive what it holds of somebody whom another one,
// which leads, has forgotten: each machine may have an archive of its own.
func (e *Engine) ForgetHere(ctx context.Context, r Forgetting) (int, error) {
	f := &forgetting{engine: e, request: r, known: forgotten{}}
	if err := collect(ctx, e.o.Store, state.Forgets, f.known); err != nil {
		return 0, err
	}
	ids := f.known.who(r.Subject)
	if _, known := f.known[identity.OktaID(r.Subject)]; known {
		ids = append(ids, identity.OktaID(r.Subject))
	}
	changed := 0
	for _, id := range slices.Compact(ids) {
		if err := f.learn(ctx, id); err != nil {
			return changed, err
		}
		n, err := e.o.Archive.Rewrite(ctx, f.eraser.archived)
		changed += n
		if err != nil {
			return changed, err
		}
		n, err = f.export(ctx)
		changed += n
		if err != nil {
			return changed, err
		}
	}
	return changed, nil
}

func (f *forgetting) told(found []ForgottenPlace) Forgotten {
	t := Forgotten{OktaID: string(f.rec.Okta), OmniID: string(f.rec.Omni), Pseudonym: f.rec.Pseudonym, DryRun: f.request.DryRun, Places: found, Notes: []string{}}
	if f.before || !f.request.DryRun {
		t.At, t.By = f.rec.At, f.rec.By
	} else {
		t.Pseudonym = ""
	}
	t.Already = f.before && len(found) == 0
	return t
}

// do replaces everything, place by place. It gives what is left to a person.
func (f *forgetting) do(ctx context.Context, found []ForgottenPlace) ([]string, error) {
	e := f.engine
	if err := f.note(ctx, f.eraser.remains()); err != nil {
		return nil, err
	}
	if err := f.archive(ctx); err != nil {
		return nil, err
	}
	if _, err := f.export(ctx); err != nil {
		return nil, err
	}
	if err := f.records(ctx); err != nil {
		return nil, err
	}
	for _, s := range []state.Stream{state.Log, state.Runs} {
		if err := f.stream(ctx, s); err != nil {
			return nil, err
		}
	}
	n := newNotes()
	n.Log = append(n.Log, state.Change{Kind: string(Forget), UserName: f.rec.Address(), OktaID: string(f.rec.Okta), OmniID: string(f.rec.Omni),
		State: state.Applied, Reason: "forgotten by " + f.rec.By + ": " + placesWords(found), Cause: CauseCommand, Time: time.Now().UTC()})
	f.rec.Open = &state.Remains{} // nothing is left but what the store's files may hold
	n.Forgotten[f.rec.Okta] = &f.rec
	if err := e.commit(ctx, nil, n); err != nil {
		return nil, err
	}
	notes := []string{}
	switch err := e.o.Store.Scrub(ctx, e.o.Fence); {
	case fault.Is(err, fault.Declined):
		if why, ok := errors.AsType[*fault.Error](err); ok {
			notes = append(notes, why.Detail+": "+why.Hint)
		}
	case err != nil:
		return nil, err
	}
	return notes, f.note(ctx, nil)
}

// placesWords tells the places in a line.
func placesWords(list []ForgottenPlace) string {
	if len(list) == 0 {
		return "nothing was left"
	}
	words := make([]string, len(list))
	for i, p := range list {
		words[i] = fmt.Sprintf("%s %d", p.Place, p.Count)
	}
	return strings.Join(words, ", ")
}

// note writes down how far it is; nil remains is the end.
func (f *forgetting) note(ctx context.Context, open *state.Remains) error {
	n, rec := newNotes(), f.rec
	rec.Open = open
	n.Forgotten[rec.Okta] = &rec
	return f.engine.commit(ctx, nil, n)
}

// archive notes there who is forgotten, so that a ledger that is built again knows it, and
// rewrites it.
func (f *forgetting) archive(ctx context.Context) error {
	a := f.engine.o.Archive
	if err := a.Append(ctx, archived(state.ArchivedForgotten, []state.Forgotten{f.rec.Archived()})...); err != nil {
		return err
	}
	_, err := a.Rewrite(ctx, f.eraser.archived)
	return err
}

// export rewrites the file that the log is exported to.
func (f *forgetting) export(ctx context.Context) (int, error) {
	if f.engine.o.Outlet == nil {
		return 0, nil
	}
	return f.engine.o.Outlet.Rewrite(ctx, f.eraser.exported)
}

// records rewrites the ledger's. What the engine knows of in memory it is told.
func (f *forgetting) records(ctx context.Context) error {
	var b state.Batch
	n := newNotes()
	err := f.buckets(ctx, func(bucket state.Bucket, key string, now []byte) error {
		took, err := n.take(bucket, key, now)
		if err == nil && !took {
			b.Writes = append(b.Writes, state.Write{Bucket: bucket, Key: key, Value: now})
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, part := range cut(b) {
		if err := f.engine.put(ctx, part); err != nil {
			return err
		}
	}
	return f.engine.commit(ctx, nil, n)
}

// take notes a record of a bucket that notes have a place for.
func (n Notes) take(b state.Bucket, key string, raw []byte) (bool, error) {
	switch {
	case b == state.Users:
		return enter(n.Users, b, key, raw)
	case b == state.PushedUsers:
		return enter(n.PushedUsers, b, key, raw)
	case b == state.Groups:
		return enter(n.Groups, b, key, raw)
	case b == state.Holds:
		return enter(n.Holds, b, key, raw)
	case b == state.Failing:
		return enter(n.Failing, b, key, raw)
	case b == state.Leavers:
		return enter(n.Leavers, b, key, raw)
	case b == state.Undoes:
		return enter(n.Undone, b, key, raw)
	case b == state.Unlinks:
		return enter(n.Unlinked, b, key, raw)
	}
	return false, nil
}

func enter[K ~string, V any](into map[K]*V, b state.Bucket, key string, raw []byte) (bool, error) {
	if raw == nil {
		into[K(key)] = nil
		return true, nil
	}
	v, err := state.Decode[V](state.Entry{Key: key, Value: raw}, b)
	into[K(key)] = &v
	return true, err
}

// stream rewrites one while nothing is written to the ledger.
func (f *forgetting) stream(ctx context.Context, s state.Stream) error {
	e := f.engine
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	e.writing.Lock()
	defer e.writing.Unlock()
	_, err := e.o.Store.Rewrite(ctx, e.o.Fence, s, f.eraser.entry(s))
	return err
}

// learn gathers all that tells of the person.
func (f *forgetting) learn(ctx context.Context, id identity.OktaID) error {
	rec, known := f.known[id]
	f.before = known && rec.Open == nil
	if !known {
		rec = state.Forgotten{Okta: id, Pseudonym: state.NewPseudonym(), Salt: f.known.salt()}
	}
	if !f.before {
		rec.At, rec.By = time.Now().UTC(), f.request.By
	}
	x := &eraser{traces: newTraces(rec), ids: map[string]bool{string(id): true}, omnis: map[string]bool{}, vault: f.engine.o.Vault, now: time.Now()}
	f.rec, f.eraser = rec, x
	if err := f.learnRecords(ctx, id); err != nil {
		return err
	}
	for _, look := range []func(state.Change){f.learnIDs, f.learnWords} {
		for c, err := range f.changes(ctx) {
			if err != nil {
				return err
			}
			look(c)
		}
	}
	for a := range x.addresses {
		if identity.CheckUserName(a) == nil {
			f.rec.Names = append(f.rec.Names, state.KeyedSum(rec.Salt, a))
		}
	}
	slices.Sort(f.rec.Names)
	f.rec.Names = slices.Compact(f.rec.Names)
	x.ready()
	return nil
}

// learnRecords takes what the ledger and Okta call the person.
func (f *forgetting) learnRecords(ctx context.Context, id identity.OktaID) error {
	e, x := f.engine, f.eraser
	if identity.CheckUserName(f.request.Subject) == nil {
		x.addAddress(f.request.Subject)
	}
	u, _, err := state.Read[state.User](ctx, e.o.Store, state.Users, string(id))
	if err != nil {
		return err
	}
	if u.Omni != "" {
		f.rec.Omni, x.omnis[string(u.Omni)] = u.Omni, true
	}
	if u.UserName != "" && !u.Forgotten {
		f.rec.Name = state.KeyedSum(f.rec.Salt, u.UserName)
		x.addUser(u.User)
	}
	if err := x.addSaves(ctx, e.o.Store); err != nil {
		return err
	}
	pushed, _, err := state.Read[state.PushedUser](ctx, e.o.Store, state.PushedUsers, string(id))
	if err != nil {
		return err
	}
	x.addPushed(pushed.PushedUser)
	if holder, err := e.oktaOf(id).OktaUser(ctx, string(id)); err == nil { // else Okta doesn't know them any more
		x.addAddress(holder.Login)
		x.addName(holder.Name)
	}
	return ctx.Err()
}

// learnIDs finds the other ids of the person: of accounts, and the key from before Okta told
// the id.
func (f *forgetting) learnIDs(c state.Change) {
	x := f.eraser
	if x.about(c) && c.OmniID != "" && !(c.Kind == string(Adopt) && c.State != state.Applied) {
		x.omnis[c.OmniID] = true
	}
	if c.Group == "" && isOwn(identity.OktaID(c.OktaID)) && x.omnis[c.OmniID] {
		x.ids[c.OktaID] = true
	}
}

// learnWords takes what a change of the person tells, and notes from when on a name was
// another's.
func (f *forgetting) learnWords(c state.Change) {
	x := f.eraser
	switch {
	case x.about(c):
		x.addChange(c)
	case c.Group == "" && c.OktaID != "":
		x.addAnother(c)
	}
}
