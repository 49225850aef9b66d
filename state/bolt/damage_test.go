package bolt_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
)

const pageSize = 4096

// TestCutFile cuts a ledger at every page: Open refuses it and leaves it as it is.
func TestCutFile(t *testing.T) {
	whole := filled(t)
	for n := pageSize; n < len(whole); n += pageSize {
		path := ledgerPath(t)
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := bolt.Open(path)
		if err == nil {
			if err := errors.Join(readAll(t, s), s.Close()); err != nil {
				t.Errorf("cut to %d pages: it opens, and then %v", n/pageSize, err)
			}
			continue
		}
		if fault.HintOf(err) == "" || !strings.Contains(err.Error(), path) {
			t.Errorf("cut to %d pages: %v, hint %q", n/pageSize, err, fault.HintOf(err))
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, whole[:n]) {
			t.Errorf("cut to %d pages: the file was changed: %v", n/pageSize, err)
		}
	}
}

// TestDamagedPages overwrites one page after the other: nothing panics, and
// what can't be read is an error.
func TestDamagedPages(t *testing.T) {
	whole := filled(t)
	refused := 0
	for n := 0; n < len(whole); n += pageSize {
		path := ledgerPath(t)
		broken := bytes.Clone(whole)
		copy(broken[n:n+pageSize], bytes.Repeat([]byte{0xff}, pageSize))
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := bolt.Open(path)
		if err == nil {
			err = readAll(t, s)
			_ = s.Close()
		}
		if err != nil {
			refused++
			if fault.HintOf(err) == "" {
				t.Errorf("page %d: %v has no hint", n/pageSize, err)
			}
		}
	}
	if refused < 3 {
		t.Errorf("only %d of %d damaged pages were noticed", refused, len(whole)/pageSize)
	}
}

// TestCutWhileOpen has somebody cut the file under an open store.
func TestCutWhileOpen(t *testing.T) {
	path := ledgerPath(t)
	if err := os.WriteFile(path, filled(t), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	if err := os.Truncate(path, 2*pageSize); err != nil {
		t.Fatal(err)
	}
	if err := readAll(t, s); err == nil || !strings.Contains(err.Error(), "damaged") || fault.HintOf(err) == "" {
		t.Errorf("reading a file that was cut gives %v, hint %q", err, fault.HintOf(err))
	}
}

// filled gives the bytes of a ledger with some hundred records.
func filled(t *testing.T) []byte {
	t.Helper()
	path := ledgerPath(t)
	s := open(t, path)
	f := acquire(t, s)
	for round := range 3 {
		b := oneUser()
		for i := range 300 {
			b.Writes = append(b.Writes, state.Write{Bucket: state.Users, Key: fmt.Sprintf("00u%d", i), Value: fmt.Append(nil, "some value ", round)})
		}
		if err := s.Apply(t.Context(), f, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func readAll(t *testing.T, s *bolt.Store) error {
	t.Helper()
	for _, err := range s.Scan(t.Context(), state.Users) {
		if err != nil {
			return err
		}
	}
	_, err := s.Tail(t.Context(), state.Log, 100)
	return err
}
