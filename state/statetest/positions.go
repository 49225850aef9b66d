package statetest

import (
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

func position(t *testing.T, s Store) state.Position {
	t.Helper()
	p, err := s.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func positionMoves(t *testing.T, s Store) {
	f := acquire(t, s, "me", long)
	first := position(t, s)
	if first.Epoch == "" || first.Writes != 0 {
		t.Fatalf("a new ledger is at %+v", first)
	}
	b := state.Batch{Writes: []state.Write{put(state.Users, "00u1", "x")}}
	apply(t, s, f, b)
	wantKind(t, s.Apply(t.Context(), "made:1", b), fault.Fenced)
	apply(t, s, f, state.Batch{Appends: []state.Append{{Stream: state.Log, Value: []byte("x")}}})
	now := position(t, s)
	if want := (state.Position{Epoch: first.Epoch, Writes: 2}); now != want {
		t.Errorf("after two batches and a refused one it is at %+v, want %+v", now, want)
	}
	if !first.Behind(now) || now.Behind(first) || now.Behind(now) || now.Behind(state.Position{}) {
		t.Error("the first position is behind the second, and no other pair")
	}
}

func sentAgain(t *testing.T, s Store) {
	f := acquire(t, s, "me", long)
	b := state.Batch{ID: "b1", Writes: []state.Write{put(state.Users, "00u1", "x")}, Appends: []state.Append{{Stream: state.Log, Value: []byte("x")}}}
	entries := func(n int, when string) {
		t.Helper()
		list, err := s.Tail(t.Context(), state.Log, 9)
		if err != nil || len(list) != n {
			t.Errorf("%s the log has %d entries, %v; want %d", when, len(list), err, n)
		}
	}
	apply(t, s, f, b)
	at := position(t, s)
	apply(t, s, f, state.Batch{ID: "b1", Writes: []state.Write{put(state.Users, "00u1", "other")}, Appends: b.Appends})
	entries(1, "sent again")
	want(t, s, state.Users, "00u1", []byte("x"))
	if now := position(t, s); now != at {
		t.Errorf("a batch that was there already moved the position from %+v to %+v", at, now)
	}
	apply(t, s, f, state.Batch{Appends: b.Appends})
	apply(t, s, f, state.Batch{Appends: b.Appends})
	entries(3, "without an ID")
	apply(t, s, f, b)
	entries(4, "sent again after others")
	wantKind(t, s.Apply(t.Context(), "made:1", b), fault.Fenced)
}

// durable wants a store that confirms, or says what it takes to. It neither needs the
// lease nor writes anything of the ledger's.
func durable(t *testing.T, s Store) {
	confirm := func(when string) {
		t.Helper()
		err := s.Durable(t.Context())
		if err != nil && (!fault.Is(err, fault.Refused) || fault.HintOf(err) == "") {
			t.Errorf("durable %s: %v (%s), hint %q", when, err, fault.KindOf(err), fault.HintOf(err))
		}
	}
	confirm("of an empty ledger")
	f := acquire(t, s, "me", long)
	apply(t, s, f, state.Batch{ID: "b1", Writes: []state.Write{put(state.Saves, "s1", "x")}})
	at := position(t, s)
	confirm("after a batch")
	if err := s.Release(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	confirm("without the lease")
	if now := position(t, s); now != at {
		t.Errorf("asking moved the position from %+v to %+v", at, now)
	}
	want(t, s, state.Saves, "s1", []byte("x"))
	wantHolder(t, s, "")
}
