package bolt_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
)

// edit changes a file of a closed ledger, by names as they stand in it.
func edit(t *testing.T, path string, change func(tx *bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(change), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// formOne makes a ledger as the first form had it: one user, and n entries in
// the log with their numbers alone as keys.
func formOne(t *testing.T, n int) string {
	t.Helper()
	path := ledgerPath(t)
	edit(t, path, func(tx *bbolt.Tx) error {
		l, e1 := tx.CreateBucket([]byte("ledger"))
		b, e2 := tx.CreateBucket([]byte("buckets"))
		s, e3 := tx.CreateBucket([]byte("streams"))
		if err := errors.Join(e1, e2, e3); err != nil {
			return err
		}
		users, e1 := b.CreateBucket([]byte("users"))
		log, e2 := s.CreateBucket([]byte("log"))
		if err := errors.Join(e1, e2); err != nil {
			return err
		}
		for i := range n {
			number, err := log.NextSequence()
			if err := errors.Join(err, log.Put(binary.BigEndian.AppendUint64(nil, number), fmt.Append(nil, i))); err != nil {
				return err
			}
		}
		return errors.Join(users.Put([]byte("00u1"), []byte("1{}")),
			l.Put([]byte("form"), []byte("1")), l.Put([]byte("epoch"), []byte("EPOCH")),
			l.Put([]byte("counter"), binary.BigEndian.AppendUint64(nil, 7)))
	})
	return path
}

// formOf reads form and needs out of a closed ledger.
func formOf(t *testing.T, path string) (form, needs string) {
	t.Helper()
	edit(t, path, func(tx *bbolt.Tx) error {
		l := tx.Bucket([]byte("ledger"))
		form, needs = string(l.Get([]byte("form"))), string(l.Get([]byte("needs")))
		return nil
	})
	return form, needs
}

func wantLog(t *testing.T, s *bolt.Store, newest string, n int) {
	t.Helper()
	list, err := s.Tail(t.Context(), state.Log, 1000)
	if err != nil || len(list) != n || n > 0 && string(list[0]) != newest {
		t.Errorf("the log has %d entries, the newest %.20q, %v; want %d and %q", len(list), list, err, n, newest)
	}
}

// TestFirstForm reads a ledger of the first form, which changes nothing in it,
// and then leads it.
func TestFirstForm(t *testing.T) {
	path := formOne(t, 250)
	s := open(t, path)
	wantLog(t, s, "249", 250)
	if p, err := s.Position(t.Context()); err != nil || p != (state.Position{Epoch: "EPOCH"}) {
		t.Errorf("it is at %+v, %v", p, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if form, needs := formOf(t, path); form != "1" || needs != "" {
		t.Errorf("reading made it form %q, needs %q", form, needs)
	}
	s = open(t, path)
	f := acquire(t, s)
	if f != "EPOCH:8" {
		t.Errorf("the fence is %q", f)
	}
	if err := s.Apply(t.Context(), f, oneUser()); err != nil {
		t.Fatal(err)
	}
	wantLog(t, s, "x", 251)
	if p, err := s.Position(t.Context()); err != nil || p != (state.Position{Epoch: "EPOCH", Writes: 1}) {
		t.Errorf("it is at %+v, %v", p, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if form, needs := formOf(t, path); form != fmt.Sprint(state.Form) || needs != state.Needs {
		t.Errorf("it has form %q, needs %q", form, needs)
	}
}

// TestNewerForm names the version that a newer ledger needs.
func TestNewerForm(t *testing.T) {
	path := formOne(t, 0)
	edit(t, path, func(tx *bbolt.Tx) error {
		l := tx.Bucket([]byte("ledger"))
		return errors.Join(l.Put([]byte("form"), []byte("12")), l.Put([]byte("needs"), []byte("3.4")))
	})
	_, err := bolt.Open(path)
	want := "open ledger " + path + ": the ledger has form 12, which needs syncd 3.4 or later; this one reads forms up to 2"
	if !fault.Is(err, fault.Refused) || err.Error() != want || fault.HintOf(err) == "" {
		t.Errorf("error %v (%s), hint %q; want %s", err, fault.KindOf(err), fault.HintOf(err), want)
	}
}

// TestOldEntries lets time go by: what is older than MaxAge, which
// nobody said otherwise, is gone with the next append.
func TestOldEntries(t *testing.T) {
	path := formOne(t, 4) // their time is that of the first lease
	synctest.Test(t, func(t *testing.T) {
		s, err := bolt.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		for _, step := range []struct {
			wait time.Duration
			left int
		}{
			{0, 5},
			{state.MaxAge / 2, 6},
			{state.MaxAge/2 - time.Second, 7},
			{time.Second, 8}, // the first are exactly as old as they may get
			{time.Millisecond, 4},
			{state.MaxAge, 2},
			{state.MaxAge + time.Hour, 1},
		} {
			<-time.After(step.wait)
			f, err := s.Acquire(t.Context(), "me", time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Apply(t.Context(), f, oneUser()); err != nil {
				t.Fatal(err)
			}
			wantLog(t, s, "x", step.left)
			if err := s.Release(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestKeepFor keeps a log for less time: what is older goes with the next append.
func TestKeepFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, ledgerPath(t))
		s.KeepFor(24 * time.Hour)
		for _, left := range []int{1, 2, 3, 3, 3} { // one each 12 hours
			f := acquire(t, s)
			if err := s.Apply(t.Context(), f, oneUser()); err != nil {
				t.Fatal(err)
			}
			wantLog(t, s, "x", left)
			if err := s.Release(t.Context(), f); err != nil {
				t.Fatal(err)
			}
			<-time.After(12 * time.Hour)
		}
	})
}

// TestStrangeEntry meets a key in a stream that no ledger writes.
func TestStrangeEntry(t *testing.T) {
	path := ledgerPath(t)
	s := open(t, path)
	if err := s.Apply(t.Context(), acquire(t, s), oneUser()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	edit(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("streams")).Bucket([]byte("log")).Put([]byte{0}, []byte("x"))
	})
	s = open(t, path)
	err := s.Apply(t.Context(), acquire(t, s), oneUser())
	if !fault.Is(err, fault.Other) || fault.HintOf(err) == "" {
		t.Errorf("error %v (%s), hint %q", err, fault.KindOf(err), fault.HintOf(err))
	}
	if p, err := s.Position(t.Context()); err != nil || p.Writes != 1 {
		t.Errorf("it is at %+v, %v; want one write, the other one failed", p, err)
	}
}
