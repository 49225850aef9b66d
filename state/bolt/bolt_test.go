package bolt_test

import (
	"path/filepath"
	"testing"

	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/state/statetest"
)

func TestStore(t *testing.T) {
	statetest.Run(t, func(t *testing.T) statetest.Store { return open(t, ledgerPath(t)) })
}

// TestDurable: a file is on the disk with each batch.
func TestDurable(t *testing.T) {
	if err := open(t, ledgerPath(t)).Durable(t.Context()); err != nil {
		t.Error(err)
	}
}

func ledgerPath(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "ledger.db")
}

func open(t testing.TB, path string) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}
