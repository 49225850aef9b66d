package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// toll is how long something takes through the ledger, and how long the same
// records take with bbolt or Redis alone.
type toll struct{ Ours, Bare time.Duration }

// What is done with the ledger.
const (
	tollIndex = "read the index"
	tollHeld  = "read the index into memory"
	tollWhole = "read the whole ledger"
	tollWrite = "write users"
)

// batchUsers is how many users are written at once.
const batchUsers = 1000

// indexTurns is how often the index is read in one process: it takes a tenth of a
// second, in which any other process of the machine shows.
const indexTurns = 5

// runLedger measures a prepared ledger, and writes users into another one.
func runLedger(ctx context.Context, t task) (taken, error) {
	result := taken{Costs: map[string][]toll{}}
	for range indexTurns {
		read, err := compareReading(ctx, t.Ledger, []state.Bucket{state.Marks}, readAll)
		if err != nil {
			return result, err
		}
		held, bytes, err := compareIndex(ctx, t.Ledger)
		if err != nil {
			return result, err
		}
		result.Costs[tollIndex], result.Costs[tollHeld] = append(result.Costs[tollIndex], read), append(result.Costs[tollHeld], held)
		result.Index = bytes
	}
	whole := []state.Bucket{state.Marks, state.Users, state.Groups}
	for g := range t.Company.Groups {
		whole = append(whole, state.Members(groupID(g)))
	}
	cost, err := compareReading(ctx, t.Ledger, whole, readAll)
	if err != nil {
		return result, err
	}
	result.Costs[tollWhole] = []toll{cost}
	cost, err = compareWriting(ctx, t)
	result.Costs[tollWrite] = []toll{cost}
	return result, err
}

// compareIndex reads the index into memory, as a run has it, and walks through it.
// It tells the memory too, in bytes.
func compareIndex(ctx context.Context, url string) (toll, int64, error) {
	index := map[identity.OktaID]state.Mark{}
	cost, err := compareReading(ctx, url, []state.Bucket{state.Marks}, func(ctx context.Context, s state.Store, _ []state.Bucket) (int, error) {
		for e, err := range state.All[state.Mark](ctx, s, state.Marks) {
			if err != nil {
				return 0, err
			}
			index[identity.OktaID(e.Key)] = e.Value
		}
		return len(index), nil
	})
	with := inUse()
	runtime.KeepAlive(index) // and no longer
	return cost, with - inUse(), err
}

// inUse is the memory, in bytes, that somebody refers to.
func inUse() int64 {
	runtime.GC()
	runtime.GC() // of what the first one only took out of the pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// compareReading reads and decodes the buckets, and then walks through them. An embedded
// ledger has one opener at a time. Neither has to clear up after the other.
func compareReading(ctx context.Context, url string, buckets []state.Bucket, reader func(context.Context, state.Store, []state.Bucket) (int, error)) (toll, error) {
	s, err := openStore(url, connection)
	if err != nil {
		return toll{}, err
	}
	var t toll
	read, walked := 0, 0
	runtime.GC()
	t.Ours, err = timed(func() (err error) { read, err = reader(ctx, s, buckets); return err })
	if err := errors.Join(err, s.Close()); err != nil {
		return t, err
	}
	b, err := openBare(url, connection)
	if err != nil {
		return t, err
	}
	runtime.GC()
	t.Bare, err = timed(func() error {
		for _, bucket := range buckets {
			n, err := b.walk(ctx, bucket)
			if err != nil {
				return err
			}
			walked += n
		}
		return nil
	})
	if err == nil && read > walked { // Redis may tell a record twice
		err = fmt.Errorf("the ledger gave %d records, the walk through them %d: did their place change? see bare.go", read, walked)
	}
	return t, errors.Join(err, b.close())
}

func timed(work func() error) (time.Duration, error) {
	began := time.Now()
	err := work()
	return time.Since(began), err
}

// readAll reads and decodes every record of the buckets, and counts them.
func readAll(ctx context.Context, s state.Store, buckets []state.Bucket) (n int, err error) {
	for _, b := range buckets {
		switch b {
		case state.Marks:
			err = drain(state.All[state.Mark](ctx, s, b), &n)
		case state.Users:
			err = drain(state.All[state.User](ctx, s, b), &n)
		case state.Groups:
			err = drain(state.All[state.Group](ctx, s, b), &n)
		default:
			err = drain(state.All[state.Member](ctx, s, b), &n)
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func drain[T any](all iter.Seq2[state.Keyed[T], error], n *int) error {
	for _, err := range all {
		if err != nil {
			return err
		}
		*n++
	}
	return nil
}

// compareWriting writes the same batches into a new ledger and into a new store without one.
func compareWriting(ctx context.Context, t task) (toll, error) {
	ours, plain := t.Ledger, t.Ledger
	if strings.HasPrefix(t.Ledger, "bolt://") {
		ours, plain = "bolt://"+filepath.Join(t.Scratch, "ours.db"), "bolt://"+filepath.Join(t.Scratch, "bare.db")
	}
	batches := usersToWrite(t.Records)
	s, err := openStore(ours, "scratch")
	if err != nil {
		return toll{}, err
	}
	var result toll
	if result.Ours, err = writeOurs(ctx, s, batches); err != nil {
		return result, errors.Join(err, s.Close())
	}
	if err := s.Close(); err != nil {
		return result, err
	}
	b, err := openBare(plain, "bare")
	if err != nil {
		return result, err
	}
	result.Bare, err = timed(func() error {
		for _, batch := range batches {
			if err := b.write(ctx, batch.Writes); err != nil {
				return err
			}
		}
		return nil
	})
	return result, errors.Join(err, b.close())
}

func writeOurs(ctx context.Context, s store, batches []state.Batch) (time.Duration, error) {
	fence, err := s.Acquire(ctx, "bench", leaseTime)
	if err != nil {
		return 0, err
	}
	took, err := timed(func() error {
		for _, batch := range batches {
			if err := s.Apply(ctx, fence, batch); err != nil {
				return err
			}
		}
		return nil
	})
	return took, errors.Join(err, s.Release(ctx, fence))
}

// usersToWrite gives users as a first load leaves them, each a record and its mark.
func usersToWrite(n int) []state.Batch {
	var batches []state.Batch
	for i := range n {
		if i%batchUsers == 0 {
			batches = append(batches, state.Batch{})
		}
		p := newPerson(i)
		state.PutUser(&batches[len(batches)-1], identity.OktaID(p.id), state.User{
			Omni: identity.OmniID("m" + p.id), Active: true, Link: state.Created, Account: "ACTIVE",
			User: identity.User{UserName: p.login, DisplayName: p.first + " " + p.last, Attributes: map[string]identity.Value{
				"department": identity.Value(fmt.Sprintf("%q", p.department)), "region": `"DE"`, "employee": identity.Value(fmt.Sprintf(`"%06d"`, i)),
			}},
			Seen: identity.PrintOf([]byte(p.id)),
		})
	}
	return batches
}
