package bolt_test

import (
	"fmt"
	"testing"

	"github.com/omnisync/omnisync/state"
)

// TestTrimIsExact counts what a stream keeps, also over a restart and where one
// batch is longer than that.
func TestTrimIsExact(t *testing.T) {
	path := ledgerPath(t)
	next, keep := 0, state.Runs.Keep()
	for _, n := range []int{keep - 1, 1, 1, 0, 7, 3 * keep} {
		s := open(t, path)
		b := state.Batch{}
		for range n {
			b.Appends = append(b.Appends, state.Append{Stream: state.Runs, Value: fmt.Append(nil, next)})
			next++
		}
		if err := s.Apply(t.Context(), acquire(t, s), b); err != nil {
			t.Fatal(err)
		}
		list, err := s.Tail(t.Context(), state.Runs, 10*keep)
		if err != nil || len(list) != min(next, keep) {
			t.Fatalf("after %d entries: %d are kept, %v; want %d", next, len(list), err, min(next, keep))
		}
		if oldest := string(list[len(list)-1]); oldest != fmt.Sprint(next-len(list)) {
			t.Errorf("after %d entries: the oldest is %s", next, oldest)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
