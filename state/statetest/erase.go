package statetest

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// blacken replaces the word secret.
func blacken(value []byte) ([]byte, error) {
	return bytes.ReplaceAll(value, []byte("secret"), []byte("black")), nil
}

// rewritten changes every tenth entry of several pieces of a stream: the others stand as
// they were, at their places, and what is appended afterwards comes last.
func rewritten(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	const n = 4500
	b := state.Batch{Appends: []state.Append{{Stream: state.Runs, Value: []byte("a secret run")}}}
	for i := range n {
		text := fmt.Sprintf("%d plain", i)
		if i%10 == 0 {
			text = fmt.Sprintf("%d secret", i)
		}
		b.Appends = append(b.Appends, state.Append{Stream: state.Log, Value: []byte(text)})
	}
	apply(t, s, f, b)
	at := position(t, s)
	if changed, err := s.Rewrite(t.Context(), f, state.Log, blacken); err != nil || changed != n/10 {
		t.Fatalf("rewrote %d entries, %v; want %d", changed, err, n/10)
	}
	if now := position(t, s); now.Epoch != at.Epoch || now.Writes != at.Writes+1 {
		t.Errorf("the position went from %+v to %+v, want one more", at, now)
	}
	apply(t, s, f, state.Batch{Appends: []state.Append{{Stream: state.Log, Value: []byte("last")}}})
	list, err := s.Tail(t.Context(), state.Log, 2*n)
	if err != nil || len(list) != n+1 || string(list[0]) != "last" {
		t.Fatalf("%d entries are left, %v", len(list), err)
	}
	for i, v := range list[1:] {
		want := strconv.Itoa(n-1-i) + " plain"
		if (n-1-i)%10 == 0 {
			want = strconv.Itoa(n-1-i) + " black"
		}
		if string(v) != want {
			t.Fatalf("entry %d is %q, want %q", i, v, want)
		}
	}
	runs, err := s.Tail(t.Context(), state.Runs, 9)
	if err != nil || len(runs) != 1 || string(runs[0]) != "a secret run" {
		t.Errorf("the other stream has %q, %v", runs, err)
	}
}

// rewrittenIdly is a rewriting that changes nothing, or isn't allowed, or whose edit fails:
// everything stands as it was.
func rewrittenIdly(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	if changed, err := s.Rewrite(t.Context(), f, state.Log, blacken); err != nil || changed != 0 {
		t.Errorf("an empty stream: %d, %v", changed, err)
	}
	apply(t, s, f, state.Batch{Appends: []state.Append{{Stream: state.Log, Value: []byte("a secret")}, {Stream: state.Log, Value: []byte("b")}}})
	at := position(t, s)
	same := func(v []byte) ([]byte, error) { return v, nil }
	if changed, err := s.Rewrite(t.Context(), f, state.Log, same); err != nil || changed != 0 {
		t.Errorf("nothing to change: %d, %v", changed, err)
	}
	_, err := s.Rewrite(t.Context(), "made:1", state.Log, blacken)
	wantKind(t, err, fault.Fenced)
	wantKind(t, s.Scrub(t.Context(), "made:1"), fault.Fenced)
	broken := errors.New("broken")
	_, err = s.Rewrite(t.Context(), f, state.Log, func(v []byte) ([]byte, error) {
		if string(v) == "b" {
			return nil, broken
		}
		return blacken(v)
	})
	if !errors.Is(err, broken) {
		t.Errorf("an edit that fails: %v", err)
	}
	list, err := s.Tail(t.Context(), state.Log, 9)
	if err != nil || len(list) != 2 || string(list[1]) != "a secret" {
		t.Errorf("the stream has %q, %v", list, err)
	}
	if now := position(t, s); now != at {
		t.Errorf("the position went from %+v to %+v", at, now)
	}
}

// scrubbed wants a store that goes on as before, or says what else is to be done.
func scrubbed(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	apply(t, s, f, state.Batch{Writes: numbered(state.Users, 3000), Appends: []state.Append{{Stream: state.Log, Value: []byte("x")}}})
	seen := 0
	for _, err := range s.Scan(t.Context(), state.Users) { // which goes on over it
		if err != nil {
			t.Fatal(err)
		}
		if seen++; seen == 10 {
			if err := s.Scrub(t.Context(), f); err != nil && (!fault.Is(err, fault.Declined) || fault.HintOf(err) == "") {
				t.Fatalf("scrub: %v (%s), hint %q", err, fault.KindOf(err), fault.HintOf(err))
			}
		}
	}
	if seen != 3000 {
		t.Errorf("the scan gives %d records, want 3000", seen)
	}
	apply(t, s, f, state.Batch{Writes: []state.Write{put(state.Users, "after", "x")}, Appends: []state.Append{{Stream: state.Log, Value: []byte("y")}}})
	want(t, s, state.Users, "after", []byte("x"))
	if list, err := s.Tail(t.Context(), state.Log, 9); err != nil || len(list) != 2 || string(list[0]) != "y" {
		t.Errorf("the stream has %q, %v", list, err)
	}
}
