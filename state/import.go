package state

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/fault"
)

// A batch of an import ends with so many lines, or so many bytes of records.
const (
	importLines = 1000
	importBytes = 1 << 20
)

// Importable refuses a ledger that isn't empty. One in which an import of the
// same export broke off may be imported to again: it goes on where it ended.
func Importable(ctx context.Context, s Store, m Moved) error {
	_, err := importTarget(ctx, s, m)
	return err
}

// Import reads the export twice: once to verify it, then to write it under the
// fence f into a ledger that must be empty. It is all or nothing in effect: from
// its first batch to its last the ledger's Connection says that it is not whole,
// and nothing acts upon it. After an error the same export can be imported again.
func Import(ctx context.Context, s Store, f Fence, r io.ReadSeeker, own Header) (Moved, error) {
	m, err := Verify(r, own)
	if err != nil {
		return Moved{}, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return Moved{}, &fault.Error{Kind: fault.Other, Op: "read the export again", Err: err}
	}
	progress, err := importTarget(ctx, s, m)
	if err != nil {
		return Moved{}, err
	}
	w := &intake{ctx: ctx, store: s, fence: f, progress: progress, seen: map[Stream]int{},
		part: Connection{Org: m.Org, App: m.App, Omni: m.Omni}}
	if err := w.flush(true); err != nil {
		return Moved{}, err
	}
	again, err := readExport(r, own, w.add)
	if err != nil {
		return Moved{}, err
	}
	if again.SHA256 != m.SHA256 {
		return Moved{}, &fault.Error{Kind: fault.Refused, Op: "read the export again", Detail: "it was changed in the meantime",
			Hint: "empty the ledger, and import the file again while nothing writes to it"}
	}
	if err := w.flush(true); err != nil {
		return Moved{}, err
	}
	return m, s.Apply(ctx, f, Batch{Writes: []Write{w.connection}})
}

// importTarget gives how far an earlier import of the same export came.
func importTarget(ctx context.Context, s Store, m Moved) (Importing, error) {
	fresh := Importing{SHA256: m.SHA256, Streams: map[Stream]int{}}
	c, known, err := Read[Connection](ctx, s, Meta, "connection")
	if err != nil {
		return fresh, err
	}
	switch {
	case known && c.Importing != nil && c.Importing.SHA256 == m.SHA256:
		maps.Copy(fresh.Streams, c.Importing.Streams)
		return fresh, nil
	case known && c.Importing != nil:
		return fresh, notEmpty(fmt.Sprintf("an import of another export broke off in it (SHA-256 %.16s...)", c.Importing.SHA256))
	case known:
		return fresh, notEmpty(fmt.Sprintf("it is that of Okta %s, app %s, and Omni %s", c.Org, c.App, c.Omni))
	}
	for _, b := range append(slices.Clone(moved), Marks) {
		for _, err := range s.Scan(ctx, b) {
			if err == nil {
				err = notEmpty("it has records in " + string(b))
			}
			return fresh, err
		}
	}
	for _, stream := range []Stream{Log, Runs} {
		list, err := s.Tail(ctx, stream, 1)
		if err != nil {
			return fresh, err
		}
		if len(list) > 0 {
			return fresh, notEmpty("it has entries in " + string(stream))
		}
	}
	return fresh, nil
}

func notEmpty(detail string) error {
	return &fault.Error{Kind: fault.Refused, Op: "import into a ledger that isn't empty", Detail: detail,
		Hint: "nothing was changed; let state.url name a new ledger, or move away what is there: ledgers are never merged"}
}

// intake is an import under way.
type intake struct {
	ctx   context.Context
	store Store
	fence Fence

	part       Connection // the record that says that the ledger is not whole
	progress   Importing  // what the ledger holds when the batch is written
	connection Write      // the export's own record, for the end

	batch Batch
	bytes int
	seen  map[Stream]int // entries of the export so far
}

// add takes one item into the batch. Records are written anew by an import
// that goes on, entries of streams only where they are not there yet.
func (w *intake) add(i item, raw []byte) error {
	write := Write{Bucket: i.Bucket, Key: i.Key, Value: raw}
	switch {
	case i.Stream != "":
		w.seen[i.Stream]++
		if w.seen[i.Stream] <= w.progress.Streams[i.Stream] {
			return nil
		}
		w.progress.Streams[i.Stream]++
		w.batch.Appends = append(w.batch.Appends, Append{Stream: i.Stream, Value: raw})
	case i.Bucket == Meta && i.Key == "connection":
		w.connection = write
		return nil
	default:
		w.batch.Writes = append(w.batch.Writes, write)
		if err := w.index(i, raw); err != nil {
			return err
		}
	}
	w.bytes += len(raw)
	return w.flush(false)
}

// index adds the mark of a user, which an export leaves out.
func (w *intake) index(i item, raw []byte) error {
	if i.Bucket != Users {
		return nil
	}
	var u User
	if err := decode(raw, &u); err != nil {
		return err
	}
	Put(&w.batch, Marks, i.Key, MarkOf(u))
	return nil
}

// flush writes the batch where it is full, or now. How far the streams came is
// part of the same batch: an import that goes on after a lost answer knows it.
func (w *intake) flush(now bool) error {
	full := len(w.batch.Writes)+len(w.batch.Appends) >= importLines || w.bytes >= importBytes
	if !now && !full {
		return nil
	}
	w.part.Importing = &w.progress
	Put(&w.batch, Meta, "connection", w.part)
	err := w.store.Apply(w.ctx, w.fence, w.batch)
	w.batch, w.bytes = Batch{}, 0
	return err
}
