package statetest

import (
	"bytes"
	"fmt"
	"maps"
	"strconv"
	"testing"

	"github.com/omnisync/omnisync/state"
)

func scanOnce(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	for _, n := range []int{1, 999, 1000, 1001, 2500} {
		list := numbered(state.Users, n)
		apply(t, s, f, state.Batch{Drops: []state.Bucket{state.Users}, Writes: list})
		all := map[string]string{}
		for _, w := range list {
			all[w.Key] = string(w.Value)
		}
		if got := contents(t, s, state.Users); !maps.Equal(got, all) {
			t.Errorf("scan of %d records gives %d, or others", n, len(got))
		}
	}
}

func scanBig(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	big := bytes.Repeat([]byte("x"), 300_000)
	b := state.Batch{}
	for i := range 20 {
		b.Writes = append(b.Writes, state.Write{Bucket: state.Users, Key: fmt.Sprint(i), Value: big})
	}
	apply(t, s, f, b)
	got := contents(t, s, state.Users)
	if len(got) != 20 || got["19"] != string(big) {
		t.Errorf("scan gives %d records, want 20", len(got))
	}
}

func scanBreaks(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	apply(t, s, f, state.Batch{Writes: numbered(state.Users, 10)})
	seen := 0
	for _, err := range s.Scan(t.Context(), state.Users) {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; seen == 3 {
			break
		}
	}
	if seen != 3 {
		t.Errorf("saw %d records, want 3", seen)
	}
	apply(t, s, f, state.Batch{Writes: []state.Write{put(state.Users, "after", "x")}})
}

// scanWhileWriting writes within the loop's body: rewrites, removals, and so
// many new records that a file must grow and a hash be resized. The records
// that stand all the time come once each.
func scanWhileWriting(t *testing.T, s Store) {
	const n = 3000
	f := acquire(t, s, "a", long)
	apply(t, s, f, state.Batch{Writes: numbered(state.Users, n)})
	filler := bytes.Repeat([]byte("x"), 2000)
	seen := map[string]bool{}
	for e, err := range s.Scan(t.Context(), state.Users) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[e.Key] {
			t.Fatalf("%s comes twice", e.Key)
		}
		seen[e.Key] = true
		if len(seen)%500 == 1 {
			apply(t, s, f, growth(len(seen), filler))
		}
	}
	for _, w := range numbered(state.Users, n) {
		if i, _ := strconv.Atoi(w.Key[3:]); i >= n/10 && !seen[w.Key] {
			t.Fatalf("%s stood all the time and was not seen", w.Key)
		}
	}
}

// growth removes a few of the first records, rewrites all others, and adds many.
func growth(round int, filler []byte) state.Batch {
	b := state.Batch{}
	for i, w := range numbered(state.Users, 3000) {
		if i < 300 {
			b.Remove(w.Bucket, w.Key)
		} else if i%10 == 0 {
			b.Writes = append(b.Writes, w)
		}
	}
	for i := range 500 {
		b.Writes = append(b.Writes, state.Write{Bucket: state.Users, Key: fmt.Sprintf("00new%d-%d", round, i), Value: filler})
	}
	return b
}

func streamOrder(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	for i := 0; i < 30; i += 3 {
		b := state.Batch{Appends: []state.Append{{Stream: state.Runs, Value: []byte("a run")}}}
		for j := range 3 {
			b.Appends = append(b.Appends, state.Append{Stream: state.Log, Value: fmt.Append(nil, i+j)})
		}
		apply(t, s, f, b)
	}
	for _, c := range []struct{ n, want int }{{-1, 0}, {0, 0}, {1, 1}, {7, 7}, {30, 30}, {5000, 30}} {
		list, err := s.Tail(t.Context(), state.Log, c.n)
		if err != nil || len(list) != c.want {
			t.Fatalf("tail of %d gives %d entries, %v; want %d", c.n, len(list), err, c.want)
		}
		for i, v := range list {
			if string(v) != strconv.Itoa(29-i) {
				t.Errorf("tail of %d: entry %d is %q, want %d", c.n, i, v, 29-i)
			}
		}
	}
	list, err := s.Tail(t.Context(), state.Runs, 100)
	if err != nil || len(list) != 10 {
		t.Errorf("the other stream has %d entries, %v; want 10", len(list), err)
	}
}

// streamTrimmed appends three times what is kept: all that must be kept is, and
// most of the rest isn't (Redis trims by whole nodes of about a hundred).
func streamTrimmed(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	keep := state.Runs.Keep()
	for i := 0; i < 3*keep; i += 100 {
		b := state.Batch{}
		for j := range 100 {
			b.Appends = append(b.Appends, state.Append{Stream: state.Runs, Value: fmt.Append(nil, i+j)})
		}
		apply(t, s, f, b)
	}
	list, err := s.Tail(t.Context(), state.Runs, 3*keep)
	if err != nil || len(list) < keep || len(list) > keep+keep/5 {
		t.Fatalf("%d entries are left, %v; want %d or a few more", len(list), err, keep)
	}
	for i, v := range list {
		if string(v) != strconv.Itoa(3*keep-1-i) {
			t.Fatalf("entry %d is %q, want %d", i, v, 3*keep-1-i)
		}
	}
}
