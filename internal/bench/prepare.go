package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/omnisync/omnisync/sync"
)

// runRecord does a first load into an empty Omni, and saves what the engine recorded.
func runRecord(ctx context.Context, t task) (result taken, err error) {
	recorded := newMemory()
	engine, err := newEngine(t.At, recorded, "")
	if err != nil {
		return result, err
	}
	for range 2 { // the second changes nothing, but settles what only a second run can know
		report, err := engine.Pass(ctx, sync.Request{Kind: sync.Full, Cause: "bench"})
		if err != nil {
			return result, err
		}
		result = told(report)
		if report.Outcome != sync.Done {
			return result, fmt.Errorf("the first load ended as %q: %v", report.Outcome, report.Doubts)
		}
	}
	return result, recorded.save(t.Record)
}

// runFill copies what was recorded into a ledger.
func runFill(ctx context.Context, t task) (result taken, err error) {
	recorded, err := loadMemory(t.Record)
	if err != nil {
		return result, err
	}
	s, err := openStore(t.Ledger, connection)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	fence, err := s.Acquire(ctx, "bench", leaseTime)
	if err != nil {
		return result, err
	}
	return result, errors.Join(recorded.copyTo(ctx, s, fence), s.Release(ctx, fence))
}

// prepared gives a ledger after a first load of the company, in which a run has
// nothing to do.
func (b *bench) prepared(ctx context.Context, store string) (string, error) {
	if url, ok := b.ledgers[store]; ok {
		return url, nil
	}
	at, err := b.standin(ctx)
	if err != nil {
		return "", err
	}
	record, err := b.recorded(ctx, at)
	if err != nil {
		return "", err
	}
	url, err := b.place(ctx, store)
	if err != nil {
		return "", err
	}
	b.say("%s: filling the ledger", store)
	if _, err := perform(ctx, task{Role: "fill", Record: record, Ledger: url}); err != nil {
		return "", err
	}
	settled, err := perform(ctx, task{Role: "engine", Company: b.company, At: at, Ledger: url})
	if err != nil {
		return "", err
	}
	if err := idle(settled); err != nil {
		return "", err
	}
	b.ledgers[store] = url
	return url, nil
}

// recorded gives the file of a first load's record.
func (b *bench) recorded(ctx context.Context, at string) (string, error) {
	folder := b.dir
	if b.Work != "" {
		folder = b.Work
	}
	path := filepath.Join(folder, fmt.Sprintf("ledger-%d.gob", b.company.Users))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	b.say("recording a first load of %d users", b.company.Users)
	began := time.Now()
	if _, err := tell(ctx, at, &setup{Empty: true}); err != nil {
		return "", err
	}
	if _, err := perform(ctx, task{Role: "record", Company: b.company, At: at, Record: path}); err != nil {
		return "", err
	}
	b.say("recorded in %s", time.Since(began).Round(time.Second))
	return path, nil
}

// place gives the address of a new ledger.
func (b *bench) place(ctx context.Context, store string) (string, error) {
	if store != "redis" {
		return "bolt://" + filepath.Join(b.dir, "bench.db"), nil
	}
	url, stop, err := startRedis(ctx, b.dir)
	if err == nil {
		b.stops = append(b.stops, stop)
	}
	return url, err
}

// idle is an error where a run that had nothing to do did something.
func idle(t taken) error {
	if t.Outcome != string(sync.Done) || t.Changes != 0 {
		return fmt.Errorf("a run without changes in Okta ended as %q with %d changes, want %q and none: %v", t.Outcome, t.Changes, sync.Done, t.Doubts)
	}
	return nil
}
