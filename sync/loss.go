package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// Recollection is an Archive that keeps nothing but the position, for as long as
// the process lives. Its zero value is ready.
type Recollection struct {
	mu   sync.Mutex
	seen state.Position
}

// Append keeps nothing.
func (*Recollection) Append(context.Context, ...state.Archived) error { return nil }

// Records gives nothing.
func (*Recollection) Records() iter.Seq2[state.Archived, error] {
	return func(func(state.Archived, error) bool) {}
}

// Rewrite has nothing to change.
func (*Recollection) Rewrite(context.Context, func(state.Archived) (state.Archived, error)) (int, error) {
	return 0, nil
}

// Position implements Archive.
func (r *Recollection) Position(context.Context) (state.Position, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen, nil
}

// Remember implements Archive.
func (r *Recollection) Remember(_ context.Context, p state.Position) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = p
	return nil
}

// lost tells how the ledger isn't the one that was seen last, "" when it is, and
// the epoch of the lost one that it stands in for. What was noticed once stays
// noticed until a run has read both sides whole.
func (e *Engine) lost(ctx context.Context, c state.Connection) (why, follows string, err error) {
	if c.Lost != "" {
		return c.Lost, c.Follows, nil
	}
	seen, err := e.o.Archive.Position(ctx)
	if err != nil {
		return "", "", err
	}
	now, err := e.o.Store.Position(ctx)
	if err != nil {
		return "", "", err
	}
	switch {
	case !now.Behind(seen), c.Follows == seen.Epoch:
		return "", c.Follows, nil
	case c.Org == "":
		why = "the ledger is empty, though one was seen here before"
	case now.Epoch != seen.Epoch:
		why = "the ledger is not the one that was seen here before"
	default:
		return fmt.Sprintf("the ledger is an older copy: %d of its writes are missing", seen.Writes-now.Writes), c.Follows, nil
	}
	return why, seen.Epoch, nil
}

// found writes down which ledger this is where that is news. A lost one is built
// again: such a run reads both sides whole, and what the archive kept comes back.
func (e *Engine) found(ctx context.Context, run *run, c state.Connection) error {
	l := run.ledger
	fresh := l.Connection.Org == ""
	n := newNotes()
	if c != l.Connection {
		n.Connection = &c
	}
	if c.Lost == "" {
		return e.begun(ctx, run, n)
	}
	run.request.Kind = Reconcile
	run.logger.Warn("ledger lost", zap.String("reason", c.Lost))
	run.noticed = "the ledger was lost, so this run reads both sides whole and removes nobody unasked: " + c.Lost
	if !l.Whole {
		if err := l.complete(ctx, e.o.Store); err != nil {
			return err
		}
	}
	if news := c.Lost != l.Connection.Lost; (fresh || news) && !run.request.DryRun {
		if fresh {
			n.Pause = &state.Pause{}
		}
		if err := e.restore(ctx, n, l, fresh); err != nil {
			return err
		}
		if fresh && n.Pause.By == "" { // the archive tells of none
			n.Pause = nil
		}
	}
	return e.begun(ctx, run, n)
}

// begun writes the first notes of a run, and remembers where the ledger is.
func (e *Engine) begun(ctx context.Context, run *run, n Notes) error {
	if err := e.note(ctx, run, n); err != nil || run.request.DryRun || e.o.Fence == "" {
		return err
	}
	return e.place(ctx)
}

// restored is how many records come back together.
const restored = 1000

// restore takes from the archive what an empty ledger lacks: the provisioning log, the
// runs, the rejections that still stand, who was forgotten, what is saved of leavers, and what
// people said about links; of the last three, what any other ledger lacks. The loss isn't known to the ledger until n is written, so a
// restoring that breaks off begins again; what it had restored of the log is then there
// twice.
func (e *Engine) restore(ctx context.Context, n Notes, l *Ledger, fresh bool) error {
	known := map[string]state.Saved{}
	if err := collect(ctx, e.o.Store, state.Saves, known); err != nil {
		return err
	}
	var b state.Batch
	said := ties{}
	for r, err := range e.o.Archive.Records() {
		switch {
		case err == nil && r.Kind == state.ArchivedLink:
			err = said.add(r.Record)
		case err == nil && r.Kind == state.ArchivedSaved:
			err = restoreSaved(&b, r.Record, known)
		case err == nil && (r.Kind == state.ArchivedChange || r.Kind == state.ArchivedRun) && !e.younger(r.Time):
			continue
		case err == nil && (fresh || r.Kind == state.ArchivedForgotten || r.Kind == state.ArchivedUndo):
			err = n.restore(&b, r)
		}
		if err != nil {
			e.o.Log.Warn("a record of the archive can't be read, and stays out of the ledger", zap.Error(err))
		}
		if len(b.Appends)+len(b.Writes) < restored {
			continue
		}
		if err := e.put(ctx, b); err != nil {
			return err
		}
		b = state.Batch{}
	}
	n.retie(said, l)
	if b.Empty() {
		return nil
	}
	return e.put(ctx, b)
}

// restoreSaved puts a save where it was. That a schedule was restored stays known, also
// where the archive missed that.
func restoreSaved(b *state.Batch, record []byte, known map[string]state.Saved) error {
	var s state.Saved
	if err := json.Unmarshal(record, &s); err != nil {
		return err
	}
	if k, there := known[s.ID]; !there || k.Restored == nil || s.Restored != nil {
		s.PutArchived(b, time.Now())
	}
	return nil
}

// restore puts one record where it was: into a stream through b, or among the notes.
func (n Notes) restore(b *state.Batch, r state.Archived) (err error) {
	switch r.Kind {
	case state.ArchivedChange:
		err = restoreTo[state.Change](b, state.Log, r.Record)
	case state.ArchivedRun:
		err = restoreTo[state.Run](b, state.Runs, r.Record)
	case state.ArchivedForgotten:
		var f state.Forgotten
		if err = json.Unmarshal(r.Record, &f); err == nil {
			n.Forgotten[f.Okta] = &f
		}
	case state.ArchivedUndo:
		err = n.restoreUndone(r.Record)
	case state.ArchivedPause:
		var p state.Pause
		if err = json.Unmarshal(r.Record, &p); err == nil {
			*n.Pause = p
		}
	case state.ArchivedDecision:
		var h state.ArchivedHold
		if err = json.Unmarshal(r.Record, &h); err != nil {
			return err
		}
		delete(n.Holds, h.Key)
		if h.Decision == state.Rejected {
			n.Holds[h.Key] = &h.Hold
		}
	}
	return err
}

// younger reports whether the ledger would keep a line of that time still: what has gone
// because it is old doesn't come back.
func (e *Engine) younger(t time.Time) bool {
	return e.o.Keep == 0 || time.Since(t) <= e.o.Keep
}

func restoreTo[T any](b *state.Batch, s state.Stream, record []byte) error {
	var v T
	err := json.Unmarshal(record, &v)
	if err == nil {
		state.Add(b, s, v)
	}
	return err
}

// meanwhile links Omni's active accounts of those who left while nobody looked,
// as far back as Okta's System Log reaches, so that the plan shows their end.
// The guard holds it for a person to decide.
func (e *Engine) meanwhile(ctx context.Context, run *run, s Strangers) Notes {
	n := newNotes()
	if run.ledger.Connection.Lost == "" || len(s.Accounts) == 0 {
		return n
	}
	for d, err := range e.o.Okta.Departures(ctx) {
		if err != nil {
			run.desired.Notes = append(run.desired.Notes,
				"who left while the ledger was gone is not known, because Okta's System Log could not be read: "+err.Error())
			break
		}
		p, told := run.desired.person(d.ID)
		_, marked := run.ledger.Unlinked[d.ID]
		if _, linked := run.ledger.Users[d.ID]; linked || marked || n.Users[d.ID] != nil || !told || p.Fault != "" || !p.leaves() {
			continue
		}
		a, there := s.named(d.Names)
		if !there {
			continue
		}
		account, _, err := e.departed(ctx, d.ID)
		if err != nil {
			run.desired.Notes = append(run.desired.Notes, fmt.Sprintf("%s seems to have left while the ledger was gone, which is not certain: %v", a.UserName, err))
			continue
		}
		was := state.User{Omni: a.ID, Link: state.Adopted, Linked: time.Now().UTC(), Unassigned: &d.At, Account: account}
		if run.desired.Departed == nil {
			run.desired.Departed = map[identity.OktaID]identity.Origin{}
		}
		run.desired.Departed[d.ID] = d.Event
		n.user(d.ID, corrected(was, a, e.policy.Attributes))
		delete(s.Accounts, identity.FoldUserName(a.UserName))
	}
	return n
}

// named finds the active account of one of the names.
func (s Strangers) named(names []string) (identity.Account, bool) {
	for _, name := range names {
		if a, there := s.Accounts[identity.FoldUserName(name)]; there && a.Active {
			return a, true
		}
	}
	return identity.Account{}, false
}

// lost tells why a removal waits because the ledger was lost, "" when it wasn't.
func (j *judging) lost(id identity.OktaID) string {
	why := j.ledger.Connection.Lost
	if why == "" {
		return ""
	}
	since := ""
	if u := j.ledger.Users[id]; u.Unassigned != nil {
		since = "; unassigned in Okta since " + u.Unassigned.UTC().Format(time.DateOnly)
	}
	return why + since
}

// place remembers which ledger was seen, and how far it is.
func (e *Engine) place(ctx context.Context) error {
	at, err := e.o.Store.Position(ctx)
	if err != nil {
		return err
	}
	if err := e.o.Archive.Remember(ctx, at); err != nil {
		e.unarchive(err)
	}
	return nil
}

// Glimpse remembers which ledger is there though another process leads it: that one
// may be gone with the ledger, and who leads next must notice. A ledger that looks
// lost isn't remembered, so that it stays noticeable.
func (e *Engine) Glimpse(ctx context.Context) error {
	now, err := e.o.Store.Position(ctx)
	if err != nil || now.Epoch == "" {
		return err
	}
	seen, err := e.o.Archive.Position(ctx)
	if err != nil || now == seen || now.Behind(seen) {
		return err
	}
	return e.o.Archive.Remember(ctx, now)
}

// archive appends what the ledger has taken. The ledger holds it already, so an
// archive that fails doesn't stop the run; the report tells it.
func (e *Engine) archive(ctx context.Context, records ...state.Archived) {
	if len(records) > 0 {
		_ = e.appended(ctx, records) // which the report tells
	}
}

// appended appends to the archive, and notes for the report whether it could be written.
func (e *Engine) appended(ctx context.Context, records []state.Archived) error {
	err := e.o.Archive.Append(context.WithoutCancel(ctx), records...)
	if err != nil {
		e.unarchive(err)
		return err
	}
	e.unarchived.Store(nil)
	return nil
}

func (e *Engine) unarchive(err error) {
	e.o.Log.Error("archive", zap.Error(err))
	told := "the archive could not be written: " + err.Error()
	e.unarchived.Store(&told)
}

// Archives reports whether the newest record went into the archive.
func (e *Engine) Archives() bool { return e.unarchived.Load() == nil }

// archived gives records as the archive keeps them.
func archived[T any](kind string, list []T) []state.Archived {
	out := make([]state.Archived, 0, len(list))
	for _, v := range list {
		record, err := json.Marshal(v)
		if err != nil {
			panic(fmt.Sprintf("a %s that isn't JSON: %v", kind, err)) // its types can't fail
		}
		out = append(out, state.Archived{Kind: kind, Record: record})
	}
	return out
}

func archivedHolds(holds map[string]*state.Hold) []state.Archived {
	list := make([]state.ArchivedHold, 0, len(holds))
	for _, key := range slices.Sorted(maps.Keys(holds)) {
		list = append(list, state.ArchivedHold{Key: key, Hold: *holds[key]})
	}
	return archived(state.ArchivedDecision, list)
}
