package redis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/statetest"
)

// TestFirstForm leads a ledger of the first form, which had neither a form nor a
// position. Reading it changes nothing.
func TestFirstForm(t *testing.T) {
	name := statetest.Name()
	s, client := open(t, shared, name), raw(t, shared)
	p := "omnisync:{" + name + "}:"
	for _, command := range [][]any{
		{"SET", p + "epoch", "EPOCH"},
		{"SET", p + "counter", 7},
		{"HSET", p + "bucket:users", "00u1", "1{}"},
		{"XADD", p + "stream:log", "*", "v", "entry"},
	} {
		if err := client.Do(t.Context(), command...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if at, err := s.Position(t.Context()); err != nil || at != (state.Position{Epoch: "EPOCH"}) {
		t.Errorf("it is at %+v, %v", at, err)
	}
	if n := client.Exists(t.Context(), p+"form").Val(); n != 0 {
		t.Error("reading gave it a form")
	}
	f := acquire(t, s)
	if !strings.HasPrefix(string(f), "EPOCH:8:") {
		t.Errorf("the fence is %q", f)
	}
	if err := s.Apply(t.Context(), f, oneUser()); err != nil {
		t.Fatal(err)
	}
	if at, err := s.Position(t.Context()); err != nil || at != (state.Position{Epoch: "EPOCH", Writes: 1}) {
		t.Errorf("it is at %+v, %v", at, err)
	}
	if list, err := s.Tail(t.Context(), state.Log, 9); err != nil || len(list) != 2 || string(list[1]) != "entry" {
		t.Errorf("the log has %q, %v", list, err)
	}
	if form := client.Get(t.Context(), p+"form").Val(); form != fmt.Sprint(state.Form, " ", state.Needs) {
		t.Errorf("its form is %q", form)
	}
}

// TestOtherForms refuses to lead and to place a ledger of a form that it doesn't
// know, also while a newer syncd leads it, and changes nothing.
func TestOtherForms(t *testing.T) {
	for form, want := range map[string]string{
		"12 3.4": "the ledger has form 12, which needs syncd 3.4 or later; this one reads forms up to 2",
		"12":     "which needs a later syncd",
		"x y":    "no syncd writes",
		"0 0.1":  "no syncd writes",
	} {
		name := statetest.Name()
		s, client := open(t, shared, name), raw(t, shared)
		key := "omnisync:{" + name + "}:form"
		if err := client.Set(t.Context(), key, form, 0).Err(); err != nil {
			t.Fatal(err)
		}
		_, leading := s.Acquire(t.Context(), "me", time.Minute)
		_, placing := s.Position(t.Context())
		for _, err := range []error{leading, placing} {
			if !fault.Is(err, fault.Refused) || fault.HintOf(err) == "" || !strings.Contains(err.Error(), want) {
				t.Errorf("form %q: error %v (%s), hint %q; want %q", form, err, fault.KindOf(err), fault.HintOf(err), want)
			}
		}
		keys := client.Keys(t.Context(), "*{"+name+"}*").Val()
		if got := client.Get(t.Context(), key).Val(); got != form || len(keys) != 1 {
			t.Errorf("form %q became %q, and the keys are %q", form, got, keys)
		}
	}
}

// TestOldEntries appends to a log with entries of long ago: those older than
// MaxAge are gone, to the entry.
func TestOldEntries(t *testing.T) {
	name := statetest.Name()
	s, client := open(t, shared, name), raw(t, shared)
	key := "omnisync:{" + name + "}:stream:log"
	now := time.Now()
	for i, age := range []time.Duration{3 * state.MaxAge, 2 * state.MaxAge, state.MaxAge + time.Hour, state.MaxAge - time.Hour, time.Hour} {
		id := fmt.Sprintf("%d-%d", now.Add(-age).UnixMilli(), i)
		if err := client.XAdd(t.Context(), &goredis.XAddArgs{Stream: key, ID: id, Values: []any{"v", age.String()}}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	f := acquire(t, s)
	if err := s.Apply(t.Context(), f, state.Batch{Appends: []state.Append{{Stream: state.Runs, Value: []byte("x")}}}); err != nil {
		t.Fatal(err)
	}
	if n := client.XLen(t.Context(), key).Val(); n != 5 {
		t.Errorf("an append to another stream leaves %d entries, want 5", n)
	}
	if err := s.Apply(t.Context(), f, oneUser()); err != nil {
		t.Fatal(err)
	}
	list, err := s.Tail(t.Context(), state.Log, 9)
	if err != nil || len(list) != 3 || string(list[2]) != (state.MaxAge-time.Hour).String() {
		t.Errorf("the log has %q, %v; want the new entry and the two younger ones", list, err)
	}
}

// TestKeepFor keeps a log for less time: what is older goes with the next append.
func TestKeepFor(t *testing.T) {
	name := statetest.Name()
	s, client := open(t, shared, name), raw(t, shared)
	s.KeepFor(24 * time.Hour)
	for i, age := range []time.Duration{48 * time.Hour, 25 * time.Hour, 23 * time.Hour} {
		id := fmt.Sprintf("%d-%d", time.Now().Add(-age).UnixMilli(), i)
		if err := client.XAdd(t.Context(), &goredis.XAddArgs{Stream: "omnisync:{" + name + "}:stream:log", ID: id, Values: []any{"v", age.String()}}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Apply(t.Context(), acquire(t, s), oneUser()); err != nil {
		t.Fatal(err)
	}
	list, err := s.Tail(t.Context(), state.Log, 9)
	if err != nil || len(list) != 2 || string(list[1]) != "23h0m0s" {
		t.Errorf("the log has %q, %v; want the new entry and the younger one", list, err)
	}
}

// TestForeignPosition meets keys of another type where the position stands.
func TestForeignPosition(t *testing.T) {
	for _, suffix := range []string{"epoch", "form"} {
		name := statetest.Name()
		s, client := open(t, shared, name), raw(t, shared)
		if err := client.HSet(t.Context(), "omnisync:{"+name+"}:"+suffix, "a", "b").Err(); err != nil {
			t.Fatal(err)
		}
		if p, err := s.Position(t.Context()); !fault.Is(err, fault.Refused) || fault.HintOf(err) == "" {
			t.Errorf("a strange %s gives %+v, %v (%s)", suffix, p, err, fault.KindOf(err))
		}
	}
	name := statetest.Name()
	s, client := open(t, shared, name), raw(t, shared)
	if err := client.HSet(t.Context(), "omnisync:{"+name+"}:position", "writes", "many").Err(); err != nil {
		t.Fatal(err)
	}
	if p, err := s.Position(t.Context()); err == nil {
		t.Errorf("strange writes give %+v", p)
	}
}
