package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/state"
)

// ledgers gives one new ledger on each store.
func ledgers(t *testing.T) map[string]string {
	t.Helper()
	url, stop, err := startRedis(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return map[string]string{"bolt": "bolt://" + filepath.Join(t.TempDir(), "ledger.db"), "redis": url}
}

// The bare store walks through exactly the records of the ledger: if it looked
// in the wrong place, the ledger would be compared with nothing.
func TestBareFindsTheLedgersRecords(t *testing.T) {
	for name, url := range ledgers(t) {
		s, err := openStore(url, connection)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := writeOurs(t.Context(), s, usersToWrite(1500)); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := openBare(url, connection)
		if err != nil {
			t.Fatal(err)
		}
		for bucket, want := range map[state.Bucket]int{state.Users: 1500, state.Marks: 1500, state.Groups: 0} {
			if n, err := b.walk(t.Context(), bucket); err != nil || n != want {
				t.Errorf("%s: %d records in %s, want %d; %v", name, n, bucket, want, err)
			}
		}
		if err := b.close(); err != nil {
			t.Error(err)
		}
		took, err := compareReading(t.Context(), url, []state.Bucket{state.Marks, state.Users}, readAll)
		if err != nil || took.Ours <= 0 || took.Bare <= 0 {
			t.Errorf("%s: %+v, %v", name, took, err)
		}
	}
}

// The index is measured as a run has it in memory.
func TestIndexIsMeasured(t *testing.T) {
	const users = 3000
	for name, url := range ledgers(t) {
		s, err := openStore(url, connection)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := writeOurs(t.Context(), s, usersToWrite(users)); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		took, held, err := compareIndex(t.Context(), url)
		if err != nil || took.Ours <= 0 || took.Bare <= 0 {
			t.Errorf("%s: %+v, %v", name, took, err)
		}
		if held < 40*users || held > 400*users { // a key and a mark, and what a map takes for them
			t.Errorf("%s: %d bytes for %d users", name, held, users)
		}
	}
}

// Both ways of writing leave the same records behind.
func TestWritesAreTheSame(t *testing.T) {
	for name, url := range ledgers(t) {
		dir := t.TempDir()
		took, err := compareWriting(t.Context(), task{Ledger: url, Scratch: dir, Records: 1100})
		if err != nil || took.Ours <= 0 || took.Bare <= 0 {
			t.Fatalf("%s: %+v, %v", name, took, err)
		}
		for scratch, file := range map[string]string{"scratch": "ours.db", "bare": "bare.db"} {
			at := url
			if name == "bolt" {
				at = "bolt://" + filepath.Join(dir, file)
			}
			b, err := openBare(at, scratch)
			if err != nil {
				t.Fatal(err)
			}
			users, err := b.walk(t.Context(), state.Users)
			if err != nil || users != 1100 {
				t.Errorf("%s, %s: %d users, %v", name, scratch, users, err)
			}
			if err := b.close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// A user is written with its mark, a thousand in a batch, in a form that reads back.
func TestUsersToWrite(t *testing.T) {
	batches := usersToWrite(2001)
	if len(batches) != 3 || len(batches[0].Writes) != 2000 || len(batches[2].Writes) != 2 {
		t.Fatalf("%d batches", len(batches))
	}
	w := batches[2].Writes[0]
	u, err := state.Decode[state.User](state.Entry{Key: w.Key, Value: w.Value}, state.Users)
	if err != nil || u.UserName != newPerson(2000).login || len(u.Attributes) != len(attributes) || !u.Active {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestNoRedis(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, _, err := startRedis(t.Context(), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "install redis-server") || !strings.Contains(err.Error(), "-only /bolt") {
		t.Errorf("%v", err)
	}
}

// Who stops the benchmark stops its waiting for a server.
func TestAwaitEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := awaitRedis(ctx, "redis://127.0.0.1:1"); err == nil {
		t.Error("nobody answers, and it goes on")
	}
}
