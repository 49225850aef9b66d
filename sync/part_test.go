package sync_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/sync"
	"pgregory.net/rapid"
)

func TestPartOfTheLedgerPlansTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		store, err := bolt.Open(fmt.Sprintf("%s.%d", path, n))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = store.Close() }()
		fence, err := store.Acquire(t.Context(), "test", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		sync.PlanTheSame(t, store, fence)
	})
}
