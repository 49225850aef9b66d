package sync

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

var errNoVault = errors.New("there is no key to open it with")

// edited gives a record as the eraser makes it, in the bytes that it had where that
// changes nothing.
func edited[T any](raw []byte, bucket state.Bucket, edit func(*T) error) ([]byte, error) {
	v, err := state.Decode[T](state.Entry{Value: raw}, bucket)
	if err != nil {
		return raw, err
	}
	was := encoded(v)
	err = edit(&v)
	now := encoded(v)
	if err != nil || bytes.Equal(was, now) {
		return raw, err
	}
	return now, nil
}

func encoded[T any](v T) []byte {
	var b state.Batch
	state.Put(&b, state.Meta, "v", v)
	return b.Writes[0].Value
}

// always makes of what can't fail what edited takes.
func always[T any](edit func(*T)) func(*T) error {
	return func(v *T) error {
		edit(v)
		return nil
	}
}

// entry gives an entry of a stream.
func (x *eraser) entry(s state.Stream) func([]byte) ([]byte, error) {
	return func(raw []byte) ([]byte, error) {
		switch {
		case !x.mentioned(raw, x.ids) && !x.mentioned(raw, x.omnis):
			return raw, nil
		case s == state.Log:
			return edited(raw, state.Bucket(s), always(x.change))
		default:
			return edited(raw, state.Bucket(s), always(x.run))
		}
	}
}

// record gives a record of a bucket; nil takes it away.
func (x *eraser) record(b state.Bucket, key string, raw []byte) ([]byte, error) {
	switch own := x.ids[key]; {
	case b == state.Users && own:
		return edited(raw, b, always(x.user))
	case b == state.PushedUsers && own:
		return edited(raw, b, always(x.accepted))
	case b == state.Saves:
		return edited(raw, b, x.saved)
	case b == state.Undoes && x.theirs(key):
		return nil, nil // who is forgotten isn't brought back any more
	case b == state.Meta && key == metaKeys:
		return edited(raw, b, always(func(v *json.RawMessage) { *v = texts(x, *v, x.now) }))
	case b == state.PushedUsers, b == state.PushedGroups, b == state.Meta, b == state.Forgets:
		return raw, nil // what Okta says of others is theirs, and the rest names nobody
	case !x.mentioned(raw, x.ids) && !x.mentioned(raw, x.omnis):
		return raw, nil
	case b == state.Users:
		return edited(raw, b, always(func(u *state.User) { x.sent(u.Sent) }))
	case b == state.Groups:
		return edited(raw, b, always(func(g *state.Group) { x.sent(g.Sent) }))
	case b == state.Holds && x.renames(key):
		return nil, nil
	case b == state.Holds:
		return edited(raw, b, always(x.hold))
	case b == state.Failing:
		return edited(raw, b, always(x.failure))
	default: // of which nothing is known but its texts
		return edited(raw, b, always(func(v *json.RawMessage) { *v = texts(x, *v, x.now) }))
	}
}

func (x *eraser) sent(c *state.Change) {
	if c != nil {
		x.change(c)
	}
}

// renames reports whether the key, which holds a name, is of a renaming of the person: that
// is over.
func (x *eraser) renames(key string) bool {
	for id := range x.ids {
		if strings.HasPrefix(key, renameKey(identity.OktaID(id), "")) {
			return true
		}
	}
	return false
}

// archived gives a record of the archive.
func (x *eraser) archived(r state.Archived) (state.Archived, error) {
	was := r.Record
	var err error
	switch {
	case r.Kind == state.ArchivedSaved:
		err = inPlace(x, &r, x.saved)
	case r.Kind == state.ArchivedForgotten:
	case !x.mentioned(was, x.ids) && !x.mentioned(was, x.omnis):
	case r.Kind == "": // it can't be read
		r.Record = []byte(x.beside(x.text(string(was), r.Time)))
	case r.Kind == state.ArchivedChange:
		err = inPlace(x, &r, always(x.change))
	case r.Kind == state.ArchivedRun:
		err = inPlace(x, &r, always(x.run))
	case r.Kind == state.ArchivedUndo:
		err = inPlace(x, &r, always(x.undone))
	case r.Kind == state.ArchivedDecision:
		err = inPlace(x, &r, always(func(h *state.ArchivedHold) {
			if x.renames(h.Key) {
				h.Key = renameKey(identity.OktaID(h.Change.OktaID), x.address)
			}
			x.hold(&h.Hold)
		}))
	default:
		r.Record, err = x.plain(was, r.Time)
	}
	return r, err
}

// exported gives a line of the export. One that isn't a change, as of a crash, is a text.
func (x *eraser) exported(line []byte) ([]byte, error) {
	var c state.Change
	if json.Unmarshal(line, &c) != nil || c.Kind == "" {
		r, err := x.archived(state.Archived{Record: line, Time: x.now})
		return r.Record, err
	}
	r, err := x.archived(state.Archived{Kind: state.ArchivedChange, Record: line, Time: c.Time})
	if err != nil || bytes.Equal(r.Record, line) {
		return line, err
	}
	var now state.Change
	err = json.Unmarshal(r.Record, &now)
	return bytes.TrimSuffix(lineOf(now), []byte("\n")), err
}

// inPlace is edited for the archive, whose records are JSON alone. Of a record that isn't
// what its kind says nothing is known but its texts.
func inPlace[T any](x *eraser, r *state.Archived, edit func(*T) error) (err error) {
	if json.Unmarshal(r.Record, new(T)) != nil {
		r.Record, err = x.plain(r.Record, r.Time)
		return err
	}
	raw, err := edited(append([]byte("1"), r.Record...), state.Bucket(r.Kind), edit)
	if err == nil {
		r.Record = raw[1:]
	}
	return err
}

// ForgottenPlace tells how much of somebody stood in one place.
type ForgottenPlace struct {
	Place string `json:"place"` // ledger, log, runs, saved, archive, export
	Count int    `json:"count"` // of records
}

// The places.
const (
	placeLedger  = "ledger"
	placeLog     = "log"
	placeRuns    = "runs"
	placeSaved   = "saved"
	placeArchive = "archive"
	placeExport  = "export"
)

func placeOf(b state.Bucket) string {
	if b == state.Saves {
		return placeSaved
	}
	return placeLedger
}

// buckets walks over all buckets that may hold something of the person, and gives what
// changes.
func (f *forgetting) buckets(ctx context.Context, each func(b state.Bucket, key string, now []byte) error) error {
	for _, b := range state.Buckets() {
		for e, err := range f.engine.o.Store.Scan(ctx, b) {
			if err != nil {
				return err
			}
			now, err := f.eraser.record(b, e.Key, e.Value)
			if err != nil {
				return unopened(err, e.Key)
			}
			if bytes.Equal(now, e.Value) && (now == nil) == (e.Value == nil) {
				continue
			}
			if err := each(b, e.Key, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// unopened tells what keeps a saved definition from being rewritten.
func unopened(err error, key string) error {
	return &fault.Error{Kind: fault.Refused, Op: "what was saved as " + key + " can't be opened, and may name the person", Err: err,
		Hint: "nothing is half forgotten: give state.key the key back with which it was encrypted, then forget again"}
}

// count tells what would be replaced, and writes nothing. Whatever can't be rewritten is
// found here too.
func (f *forgetting) count(ctx context.Context) ([]ForgottenPlace, error) {
	n := map[string]int{}
	if err := f.buckets(ctx, func(b state.Bucket, _ string, _ []byte) error { n[placeOf(b)]++; return nil }); err != nil {
		return nil, err
	}
	for _, s := range []state.Stream{state.Log, state.Runs} {
		list, err := f.engine.o.Store.Tail(ctx, s, s.Keep())
		if err != nil {
			return nil, err
		}
		for _, raw := range list {
			now, err := f.eraser.entry(s)(raw)
			if err != nil {
				return nil, err
			}
			if !bytes.Equal(now, raw) {
				n[string(s)]++
			}
		}
	}
	for r, err := range f.engine.o.Archive.Records() {
		if err != nil {
			continue // a line that can't be read is replaced as a text
		}
		now, err := f.eraser.archived(r)
		if err != nil {
			return nil, unopened(err, "a line of the archive")
		}
		if !bytes.Equal(now.Record, r.Record) {
			n[placeArchive]++
		}
	}
	if err := f.countExport(n); err != nil {
		return nil, err
	}
	return places(n), nil
}

func (f *forgetting) countExport(n map[string]int) error {
	if f.engine.o.Outlet == nil {
		return nil
	}
	for line, err := range f.engine.o.Outlet.Lines() {
		if err != nil {
			return err
		}
		now, err := f.eraser.exported(line)
		if err != nil {
			return err
		}
		if !bytes.Equal(now, line) {
			n[placeExport]++
		}
	}
	return nil
}

// places gives the counts in the order in which they are told; places without any aren't.
func places(n map[string]int) []ForgottenPlace {
	list := []ForgottenPlace{}
	for _, p := range []string{placeLedger, placeSaved, placeLog, placeRuns, placeArchive, placeExport} {
		if n[p] > 0 {
			list = append(list, ForgottenPlace{p, n[p]})
		}
	}
	return list
}
