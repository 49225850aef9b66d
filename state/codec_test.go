package state_test

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// shelf is a store that holds one record, or an error, and nothing else.
type shelf struct {
	value []byte
	err   error
}

func (shelf) Position(context.Context) (state.Position, error) { return state.Position{}, nil }

func (s shelf) Get(context.Context, state.Bucket, string) ([]byte, bool, error) {
	return s.value, s.value != nil, s.err
}

func (s shelf) Scan(context.Context, state.Bucket) iter.Seq2[state.Entry, error] {
	return func(yield func(state.Entry, error) bool) {
		for _, k := range []string{"one", "two"} {
			if !yield(state.Entry{Key: k, Value: s.value}, s.err) || s.err != nil {
				return
			}
		}
	}
}

func (s shelf) Tail(context.Context, state.Stream, int) ([][]byte, error) {
	return [][]byte{s.value}, s.err
}

func (s shelf) After(context.Context, state.Stream, string, int) ([]state.Entry, bool, error) {
	return []state.Entry{{Key: "one", Value: s.value}}, true, s.err
}

func (shelf) Apply(context.Context, state.Fence, state.Batch) error { return nil }

func (shelf) Durable(context.Context) error { return nil }

func (shelf) Rewrite(context.Context, state.Fence, state.Stream, func([]byte) ([]byte, error)) (int, error) {
	return 0, nil
}

func (shelf) Scrub(context.Context, state.Fence) error { return nil }

var (
	noon = time.Date(2025, 3, 1, 12, 0, 0, 123456789, time.UTC)
	yes  = true
	text = identity.Value(`"Sales & <Co> ü"`)

	user = state.User{
		Omni:   "6f1f0f9e-0000-4000-8000-000000000001",
		User:   identity.User{UserName: "a@b.example", DisplayName: "A ü", Attributes: map[string]identity.Value{"dept": text, "n": "1.50", "list": `["a","b"]`}},
		Active: true, Link: state.Adopted, Intent: "run-1", Unassigned: &noon, Account: "ACTIVE", Kept: []string{"dept"}, OrgAdmin: true,
	}
	group  = state.Group{Omni: "g1", DisplayName: "Team", Name: "team", Mapping: "gPm1", Link: state.Created, Intent: "run-1", AsOf: noon}
	change = state.Change{
		Kind: "user.update", UserName: "a@b.example", Group: "g", OktaID: "00u1", OmniID: "m1",
		Before: &state.Facts{UserName: "a", Active: &yes, Attributes: map[string]*identity.Value{"dept": &text, "gone": nil}},
		After:  &state.Facts{DisplayName: "B", Members: []string{"a@b.example"}},
		State:  state.Applied, Reason: "r", Error: "e", Run: "run-1", Cause: "full", Time: noon, Happened: noon.Add(-time.Second),
	}
	logRead = state.LogRead{LogPlace: identity.LogPlace{Since: noon, Next: "https://acme.okta.com/api/v1/logs?after=1", Filter: identity.Print{1, 2, 3, 255}}, Missed: 2}
)

// roundTrip puts v into a batch, and reads it back in each way.
func roundTrip[T any](t *testing.T, name string, v T) {
	t.Helper()
	var b state.Batch
	state.Put(&b, state.Users, "k", v)
	state.Add(&b, state.Log, v)
	if len(b.Writes) != 1 || len(b.Appends) != 1 || string(b.Writes[0].Value) != string(b.Appends[0].Value) {
		t.Fatalf("%s: the batch is %+v", name, b)
	}
	s := shelf{value: b.Writes[0].Value}
	got, ok, err := state.Read[T](t.Context(), s, state.Users, "k")
	if err != nil || !ok || !reflect.DeepEqual(got, v) {
		t.Errorf("%s: read %+v, %t, %v; want %+v", name, got, ok, err, v)
	}
	list, err := state.Newest[T](t.Context(), s, state.Log, 1)
	if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], v) {
		t.Errorf("%s: newest %+v, %v; want %+v", name, list, err, v)
	}
	keys := ""
	for k, err := range state.All[T](t.Context(), s, state.Users) {
		if err != nil || !reflect.DeepEqual(k.Value, v) {
			t.Errorf("%s: all has %+v, %v; want %+v", name, k, err, v)
		}
		keys += k.Key + " "
	}
	if keys != "one two " {
		t.Errorf("%s: all has the keys %s", name, keys)
	}
}

func TestRoundTrips(t *testing.T) {
	roundTrip(t, "user", user)
	roundTrip(t, "empty user", state.User{})
	roundTrip(t, "group", group)
	roundTrip(t, "empty group", state.Group{})
	roundTrip(t, "connection", state.Connection{Org: "o", App: "a", Omni: "https://x", Policy: "p", Complete: true})
	roundTrip(t, "window", state.Window{Spent: []state.Spent{{At: noon, Count: map[string]int{"user": 3}}}})
	roundTrip(t, "hold", state.Hold{Change: change, Guard: "g", Run: "r", Since: noon, Decision: state.Approved, By: "me", At: noon, Until: noon, Account: "ACTIVE"})
	roundTrip(t, "failure", state.Failure{Change: change, Attempts: 3, Since: noon, Next: noon})
	roundTrip(t, "change", change)
	roundTrip(t, "place in the log", logRead)
	roundTrip(t, "run", state.Run{Run: "r", Kind: "full", Outcome: "ok", Started: noon, Ended: noon, Doubts: []string{"d"}, Counts: map[string]int{"x": 1}, Error: "e"})
	for _, okta := range []bool{false, true} {
		for _, p := range []state.Presence{state.Absent, state.Present, state.Found, state.Ended} {
			roundTrip(t, "member", state.Member{Okta: okta, Omni: p})
		}
	}
}

// TestSpelling pins what stands in a ledger: a change here needs a new version.
func TestSpelling(t *testing.T) {
	var b state.Batch
	state.Put(&b, state.Users, "k", state.User{Omni: "m1", User: identity.User{UserName: "a@b.example", DisplayName: "A"}, Active: true})
	state.Put(&b, state.Members("00g1"), "k", state.Member{})
	state.Put(&b, state.Members("00g1"), "k", state.Member{Okta: true, Omni: state.Present})
	state.Put(&b, state.Members("00g1"), "k", state.Member{Omni: state.Found})
	state.Put(&b, state.Members("00g1"), "k", state.Member{Okta: true, Omni: state.Ended})
	state.Put(&b, state.Meta, "log", logRead)
	b.Remove(state.Users, "k")
	for i, want := range []string{`1{"omni":"m1","userName":"a@b.example","displayName":"A","active":true}`, "1a", "1P", "1f", "1E",
		`1{"since":"2025-03-01T12:00:00.123456789Z","next":"https://acme.okta.com/api/v1/logs?after=1","filter":"AQID_wAAAAAAAAAAAAAAAA","missed":2}`, ""} {
		if got := string(b.Writes[i].Value); got != want {
			t.Errorf("record %d is %s, want %s", i, got, want)
		}
	}
	if b.Writes[6].Value != nil {
		t.Error("a removal has a value")
	}
	if b.Writes[1].Bucket != "members/00g1" {
		t.Errorf("the members' bucket is %s", b.Writes[1].Bucket)
	}
}

func TestBadRecords(t *testing.T) {
	for _, c := range []struct{ raw, says string }{
		{"", "0 bytes"},
		{"1", "1 bytes"},
		{"2{}", "newer syncd"},
		{"0{}", "not a record"},
		{"{}", "newer syncd"}, // '{' comes after '1'
		{"1{", "unexpected end"},
		{"1{} {}", "after top-level"},
		{`1{"active":"yes"}`, "active"},
		{"1x", "invalid character"},
	} {
		wantBad[state.User](t, c.raw, c.says)
	}
	for _, c := range []struct{ raw, says string }{
		{"1x", "letter 'x'"}, {"2P", "newer syncd"}, {"1", "1 bytes"}, {"1PP", "3 bytes"}, {`1{"Okta":true}`, "bytes"},
	} {
		wantBad[state.Member](t, c.raw, c.says)
	}
}

// wantBad wants an error that says so, and names the record, in each way of reading.
func wantBad[T any](t *testing.T, raw, says string) {
	t.Helper()
	s := shelf{value: []byte(raw)}
	_, ok, err := state.Read[T](t.Context(), s, state.Users, "00u1")
	if err == nil || ok || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "users/00u1") {
		t.Errorf("reading %q gives %t, %v; want %q", raw, ok, err, says)
	}
	if _, err := state.Newest[T](t.Context(), s, state.Log, 1); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("newest of %q gives %v; want %q", raw, err, says)
	}
	n := 0
	for k, err := range state.All[T](t.Context(), s, state.Users) {
		n++
		if err == nil || k.Key != "one" || !strings.Contains(err.Error(), "users/one") {
			t.Errorf("all of %q gives %v", raw, err)
		}
	}
	if n != 1 {
		t.Errorf("all of %q goes on after its error: %d", raw, n)
	}
}

func TestStoreErrorsPass(t *testing.T) {
	down := &fault.Error{Kind: fault.Unavailable, Op: "read"}
	s := shelf{value: []byte("1{}"), err: down}
	if _, ok, err := state.Read[state.User](t.Context(), s, state.Users, "k"); ok || !errors.Is(err, down) {
		t.Errorf("read: %t, %v", ok, err)
	}
	if _, err := state.Newest[state.User](t.Context(), s, state.Log, 1); !errors.Is(err, down) {
		t.Errorf("newest: %v", err)
	}
	n := 0
	for _, err := range state.All[state.User](t.Context(), s, state.Users) {
		if n++; !errors.Is(err, down) {
			t.Errorf("all: %v", err)
		}
	}
	if n != 1 {
		t.Errorf("all gives %d", n)
	}
	if _, ok, err := state.Read[state.User](t.Context(), shelf{}, state.Users, "k"); ok || err != nil {
		t.Errorf("an absent record: %t, %v", ok, err)
	}
}

// FuzzDecode wants that no stored bytes panic, and that a member is spelt in one way only.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"", "1", "1P", "1e", "2{}", `1{"userName":"a@b.example","attributes":{"x":null,"y":[],"z":[1,"a"]}}`, `1{"spent":[{"count":{}}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := shelf{value: raw}
		_, _, _ = state.Read[state.User](t.Context(), s, state.Users, "k")
		_, _, _ = state.Read[state.Hold](t.Context(), s, state.Holds, "k")
		_, _, _ = state.Read[state.Window](t.Context(), s, state.Meta, "k")
		m, ok, err := state.Read[state.Member](t.Context(), s, "members/g", "k")
		if ok != (err == nil && raw != nil) {
			t.Fatalf("%q gives %t, %v", raw, ok, err)
		}
		if !ok {
			return
		}
		var b state.Batch
		state.Put(&b, "members/g", "k", m)
		if string(b.Writes[0].Value) != string(raw) {
			t.Errorf("%q is read as %+v and written as %q", raw, m, b.Writes[0].Value)
		}
	})
}
