package statetest

import (
	"fmt"
	"testing"

	"github.com/omnisync/omnisync/state"
)

// logged appends entries to s, numbered from on.
func logged(t *testing.T, s Store, f state.Fence, stream state.Stream, from, n int) {
	t.Helper()
	var b state.Batch
	for i := range n {
		b.Appends = append(b.Appends, state.Append{Stream: stream, Value: fmt.Append(nil, from+i)})
	}
	apply(t, s, f, b)
}

// follow reads on from key until nothing follows, n at once, and gives the values and the last key.
func follow(t *testing.T, s Store, key string, n int) (values []string, last string) {
	t.Helper()
	for {
		list, there, err := s.After(t.Context(), state.Log, key, n)
		if err != nil || !there || len(list) > n {
			t.Fatalf("after %q come %d entries of %d, that one is there: %t, %v", key, len(list), n, there, err)
		}
		if len(list) == 0 {
			return values, key
		}
		for _, e := range list {
			values = append(values, string(e.Value))
		}
		key = list[len(list)-1].Key
	}
}

// streamAfter follows a stream in pieces, while it grows and when it is rewritten.
func streamAfter(t *testing.T, s Store) {
	if values, last := follow(t, s, "", 10); len(values) != 0 || last != "" {
		t.Errorf("an empty stream has %q", values)
	}
	f := acquire(t, s, "a", long)
	logged(t, s, f, state.Runs, 1000, 3)
	logged(t, s, f, state.Log, 0, 2500)
	for _, n := range []int{1, 7, 2500, 9999} {
		values, _ := follow(t, s, "", n)
		for i, v := range values {
			if v != fmt.Sprint(i) {
				t.Fatalf("in pieces of %d, entry %d is %q", n, i, v)
			}
		}
		if len(values) != 2500 {
			t.Fatalf("in pieces of %d there are %d entries", n, len(values))
		}
	}
	_, last := follow(t, s, "", 9999)
	logged(t, s, f, state.Log, 2500, 1)
	if values, _ := follow(t, s, last, 9); len(values) != 1 || values[0] != "2500" {
		t.Errorf("after the last one come %q", values)
	}
	if _, err := s.Rewrite(t.Context(), f, state.Log, func(v []byte) ([]byte, error) { return append(v, 'x'), nil }); err != nil {
		t.Fatal(err)
	}
	if values, _ := follow(t, s, last, 9); len(values) != 1 || values[0] != "2500x" {
		t.Errorf("after a rewriting come %q", values)
	}
}

// afterTrimmed asks for what follows an entry that is there no more.
func afterTrimmed(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	keep := state.Runs.Keep()
	logged(t, s, f, state.Runs, 0, 1)
	first, _, err := s.After(t.Context(), state.Runs, "", 1)
	if err != nil || len(first) != 1 {
		t.Fatalf("%d entries, %v", len(first), err)
	}
	for i := 0; i < 2*keep; i += 100 {
		logged(t, s, f, state.Runs, 1+i, 100)
	}
	list, there, err := s.After(t.Context(), state.Runs, first[0].Key, 3*keep)
	if err != nil || there || len(list) < keep || len(list) > keep+keep/5 || string(list[len(list)-1].Value) != fmt.Sprint(2*keep) {
		t.Errorf("after one that is gone come %d entries, that one is there: %t, %v", len(list), there, err)
	}
}
