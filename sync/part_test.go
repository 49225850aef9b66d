package sync_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/omnisync/omnisync/state"
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

// The tests that know the engine's inside, over a ledger in a file.
func TestOverAStore(t *testing.T) {
	for name, test := range sync.StoreTests() {
		t.Run(name, func(t *testing.T) {
			test(t, func(t *testing.T) (state.Store, state.Fence) {
				s := embedded(t)
				fence, err := s.Acquire(t.Context(), "test", 10*365*24*time.Hour)
				if err != nil {
					t.Fatal(err)
				}
				return s, fence
			})
		})
	}
}
