package bolt_test

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
)

// What was removed and replaced is in no byte of the file once it is scrubbed, and the
// ledger goes on in the same place.
func TestScrubLeavesNoByte(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	s, err := bolt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f, err := s.Acquire(t.Context(), "me", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	write := func(value string) {
		t.Helper()
		b := state.Batch{Writes: []state.Write{{Bucket: state.Users, Key: "00u1", Value: []byte(value)}},
			Appends: []state.Append{{Stream: state.Log, Value: []byte(value)}}}
		if err := s.Apply(t.Context(), f, b); err != nil {
			t.Fatal(err)
		}
	}
	write("1MARKNAME")
	write("1other")
	_, err = s.Rewrite(t.Context(), f, state.Log, func(v []byte) ([]byte, error) { return bytes.ReplaceAll(v, []byte("MARKNAME"), []byte("gone")), nil })
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(file(t, path), []byte("MARKNAME")) {
		t.Error("the file has nothing to scrub")
	}
	if err := os.WriteFile(path+".scrub", []byte("what a crash left"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Scrub(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(file(t, path), []byte("MARKNAME")) {
		t.Error("the file still has the name")
	}
	if _, err := os.Stat(path + ".scrub"); !os.IsNotExist(err) {
		t.Errorf("the copy is still there: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	if _, err := bolt.Open(path); !fault.Is(err, fault.Fenced) {
		t.Errorf("another one opens it: %v", err)
	}
	before, _ := s.Position(t.Context())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := bolt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if after, err := again.Position(t.Context()); err != nil || after != before {
		t.Errorf("the ledger was at %+v and is at %+v, %v", before, after, err)
	}
	if next, err := again.Acquire(t.Context(), "me", time.Hour); err != nil || next == f {
		t.Errorf("the next fence is %s after %s, %v", next, f, err)
	}
}

func file(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Whoever waits for the file's lock while it is scrubbed finds the new file, never the old one.
func TestScrubWhileOthersOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	s, err := bolt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Acquire(t.Context(), "me", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var others sync.WaitGroup
	for range 4 {
		others.Go(func() {
			o, err := bolt.Open(path)
			if fault.Is(err, fault.Fenced) {
				return
			}
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			if _, ok, err := o.Get(t.Context(), state.Users, "last"); !ok || err != nil {
				t.Errorf("the file that another one opened lacks the last record: %v", err)
			}
			_ = o.Close()
		})
	}
	for range 5 {
		if err := s.Scrub(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	b := state.Batch{Writes: []state.Write{{Bucket: state.Users, Key: "last", Value: []byte("1x")}}}
	if err := s.Apply(t.Context(), f, b); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	others.Wait()
}
