package state_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
)

// acme is whose ledger is moved.
var acme = state.Header{Connection: "acme", Org: "https://acme.okta.com", App: "0oa1", Omni: "https://acme.omniapp.co"}

// ledger is a store with the fence of this test.
type ledger struct {
	statetest.Store
	fence state.Fence
	at    state.Position
}

func (l *ledger) Position(context.Context) (state.Position, error) { return l.at, nil }

func (l *ledger) write(t *testing.T, b state.Batch) {
	t.Helper()
	if err := l.Apply(t.Context(), l.fence, b); err != nil {
		t.Fatal(err)
	}
}

func lead(t *testing.T, s statetest.Store, err error) *ledger {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	f, err := s.Acquire(t.Context(), "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return &ledger{Store: s, fence: f, at: state.Position{Epoch: "e", Writes: 7}}
}

func inFile(t *testing.T) *ledger {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "l.db"))
	return lead(t, s, err)
}

func inRedis(t *testing.T, url string) *ledger {
	t.Helper()
	s, err := redis.Open(redis.Options{URL: url, Name: statetest.Name()})
	return lead(t, s, err)
}

// full is a ledger with n users, and something in each place.
func full(t *testing.T, l *ledger, n int) *ledger {
	t.Helper()
	var b state.Batch
	state.Put(&b, state.Meta, "connection", state.Connection{Org: acme.Org, App: acme.App, Omni: acme.Omni, Policy: "p", Complete: true})
	state.Put(&b, state.Meta, "window", state.Window{Spent: []state.Spent{{At: noon, Count: map[string]int{"user": 3}}}})
	state.Put(&b, state.Meta, "log", logRead)
	state.Put(&b, state.Groups, "00g1", group)
	state.Put(&b, state.Groups, "00g2", state.Group{DisplayName: `<&> "x"` + "\u2028"})
	state.Put(&b, state.Holds, "deactivate/00u1", state.Hold{Change: change, Guard: "g", Decision: state.Rejected, By: "me"})
	state.Put(&b, state.Failing, "user/00u1", state.Failure{Change: change, Attempts: 3})
	state.Put(&b, state.Leavers, "00u1", leaver)
	state.Put(&b, state.Saves, saved.ID, saved)
	state.Put(&b, state.Undoes, "user:00u1", state.Undone{Run: "r2", Of: "r1", By: "me", At: noon, Name: "a1", In: []identity.OktaID{"00u1"}})
	state.Put(&b, state.Forgets, "00u9", state.Forgotten{Okta: "00u9", Pseudonym: "forgotten-1", At: noon, By: "me", Salt: []byte("salt"), Names: []string{"a1"}})
	state.Put(&b, state.Unlinks, "00u8", state.Unlinked{By: "me", At: noon, Omni: "m8", UserName: "h@b.example"})
	for i := range n {
		u := user
		u.UserName = fmt.Sprintf("user%d@b.example", i)
		state.PutUser(&b, identity.OktaID(fmt.Sprintf("00u%d", i)), u)
		state.Put(&b, state.Members("00g1"), fmt.Sprintf("00u%d", i), state.Member{Okta: i%2 == 0, Omni: state.Presence(i % 4)})
		state.Add(&b, state.Log, state.Change{Kind: "create", UserName: u.UserName, Time: noon})
	}
	for i := range 3 {
		state.Add(&b, state.Runs, state.Run{Run: fmt.Sprint(i), Started: noon})
	}
	l.write(t, b)
	return l
}

// contents gives all of a ledger, by place.
func contents(t *testing.T, s state.Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, b := range []state.Bucket{state.Meta, state.Users, state.Marks, state.Groups, state.Holds, state.Failing, state.Leavers, state.Saves, state.Forgets, state.Undoes, state.Unlinks, state.Members("00g1"), state.Members("00g2")} {
		for e, err := range s.Scan(t.Context(), b) {
			if err != nil {
				t.Fatal(err)
			}
			all[string(b)+"/"+e.Key] = string(e.Value)
		}
	}
	for _, st := range []state.Stream{state.Log, state.Runs} {
		list, err := s.Tail(t.Context(), st, st.Keep())
		if err != nil {
			t.Fatal(err)
		}
		for i, raw := range list {
			all[fmt.Sprintf("%s/%d", st, i)] = string(raw)
		}
	}
	return all
}

func export(t *testing.T, l *ledger) (string, state.Moved) {
	t.Helper()
	var out bytes.Buffer
	m, err := state.Export(t.Context(), l, &out, acme.Connection, noon)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), m
}

func wantContents(t *testing.T, s state.Store, wanted map[string]string) {
	t.Helper()
	got := contents(t, s)
	for _, k := range slices.Sorted(maps.Keys(wanted)) {
		if got[k] != wanted[k] {
			t.Fatalf("%s is %q, want %q", k, got[k], wanted[k])
		}
	}
	if len(got) != len(wanted) {
		t.Fatalf("%d records and entries, want %d", len(got), len(wanted))
	}
}

// A ledger goes from a file to Redis and back, and is the same.
func TestLedgerMovesBetweenStores(t *testing.T) {
	first := full(t, inFile(t), 2500)
	wanted := contents(t, first)
	text, moved := export(t, first)
	for _, to := range []*ledger{inRedis(t, statetest.Redis(t)), inFile(t)} {
		got, err := state.Import(t.Context(), to, to.fence, strings.NewReader(text), acme)
		if err != nil || !reflect.DeepEqual(got, moved) {
			t.Fatalf("import: %+v, %v; want %+v", got, err, moved)
		}
		wantContents(t, to, wanted)
		again, _ := export(t, to)
		if again != text {
			t.Error("exported again, it differs")
		}
		text = again
	}
	if want := map[string]int{"meta": 3, "users": 2500, "members": 2500, "groups": 2, "held": 1, "failing": 1, "leavers": 1, "saved": 1, "forgotten": 1, "undone": 1, "unlinked": 1}; !maps.Equal(moved.Records, want) {
		t.Errorf("it tells %v records, want %v", moved.Records, want)
	}
}

func TestExportIsReadable(t *testing.T) {
	text, _ := export(t, full(t, inFile(t), 1))
	lines := strings.Split(text, "\n")
	for _, want := range []string{
		`{"format":"omnisync-ledger","version":1,"connection":"acme","org":"https://acme.okta.com","app":"0oa1","omni":"https://acme.omniapp.co","position":{"epoch":"e","writes":7},"time":"2025-03-01T12:00:00.123456789Z"}`,
		`{"bucket":"groups","key":"00g2","form":"1","value":{"displayName":"<&> \"x\"\u2028","name":"","present":0}}`,
		`{"bucket":"saved","key":"s1","form":"1","value":` + savedText + `}`,
		`{"bucket":"members/00g1","key":"00u0","form":"1","base64":"QQ=="}`,
		`{"stream":"runs","form":"1","value":{"run":"0","kind":"","outcome":"","started":"2025-03-01T12:00:00.123456789Z","ended":"0001-01-01T00:00:00Z"}}`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line is %s", want)
		}
	}
	for i, line := range lines[:len(lines)-1] {
		if !json.Valid([]byte(line)) {
			t.Errorf("line %d is no JSON: %s", i+1, line)
		}
	}
}

// sealed gives a changed export a footer that fits.
func sealed(t *testing.T, text string, change func([]string) []string) string {
	t.Helper()
	lines := strings.SplitAfter(text, "\n")
	lines = change(lines[:len(lines)-2])
	f := state.Footer{Records: map[string]int{}, Streams: map[state.Stream]int{}}
	for _, line := range lines[1:] {
		var i struct{ Bucket, Stream string }
		if err := json.Unmarshal([]byte(line), &i); err != nil {
			t.Fatal(err)
		}
		if i.Bucket != "" {
			bucket, _, _ := strings.Cut(i.Bucket, "/")
			f.Records[bucket]++
		} else {
			f.Streams[state.Stream(i.Stream)]++
		}
	}
	text = strings.Join(lines, "")
	f.SHA256 = fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	footer, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return text + string(footer) + "\n"
}

func TestBadExportsAreRefused(t *testing.T) {
	text, _ := export(t, full(t, inFile(t), 3))
	count := strings.Count(text, "\n")
	last := fmt.Sprintf("line %d ", count)
	swap := func(old, new string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("the export has no %s", old)
		}
		return strings.Replace(text, old, new, 1)
	}
	add := func(line string) string {
		return sealed(t, text, func(l []string) []string { return append(l, line+"\n") })
	}
	for _, c := range []struct{ name, text, line, says string }{
		{"nothing", "", "line 1 ", "cut short"},
		{"something else", "PK\x03\x04\n", "line 1 ", "not an export"},
		{"other JSON", "{}\n", "line 1 ", "not an export"},
		{"another form", swap(`"version":1`, `"version":2`), "line 1 ", "form 2, this binary reads 1"},
		{"another connection", swap(`"connection":"acme"`, `"connection":"beta"`), "line 1 ", `is of connection "beta", the configuration names "acme"`},
		{"another org", swap(acme.Org, "https://beta.okta.com"), "line 1 ", "Okta org"},
		{"another app", swap(`"app":"0oa1"`, `"app":"0oa2"`), "line 1 ", "Okta app"},
		{"another Omni", swap(acme.Omni, "https://beta.omniapp.co"), "line 1 ", "Omni"},
		{"a changed name", swap("user1@b.example", "evil@b.example"), last, "something was changed"},
		{"a changed count", swap(`"users":3`, `"users":4`), last, "it counts"},
		{"a line less", strings.Join(slices.Delete(strings.SplitAfter(text, "\n"), 4, 5), ""), fmt.Sprintf("line %d ", count-1), "something was changed"},
		{"more at the end", text + "{}\n", fmt.Sprintf("line %d ", count+1), "more follows"},
		{"broken JSON", swap(`{"bucket":"users","key":"00u0"`, `{"bucket":"users",key":"00u0"`), "", "invalid character"},
		{"an unknown field", swap(`{"bucket":"users","key":"00u0"`, `{"bucket":"users","k":"00u0"`), "", "unknown field"},
		{"a newer record", add(`{"bucket":"users","key":"a","form":"2","value":{}}`), last, "newer syncd"},
		{"an unknown bucket", add(`{"bucket":"teams","key":"a","form":"1","value":{}}`), last, "no such bucket"},
		{"an unknown stream", add(`{"stream":"logs","form":"1","value":{}}`), last, "no such stream"},
		{"no key", add(`{"bucket":"users","form":"1","value":{}}`), last, "the key has no name"},
		{"no form", add(`{"bucket":"users","key":"a","value":{}}`), last, "lacks its form"},
		{"no value", add(`{"bucket":"users","key":"a","form":"1"}`), last, "neither value nor base64"},
		{"no place", add(`{"key":"a","form":"1","value":{}}`), last, "neither a bucket nor a stream"},
		{"not a leaver", add(`{"bucket":"leavers","key":"a","form":"1","value":{"items":{}}}`), last, "cannot unmarshal"},
		{"nothing saved", add(`{"bucket":"saved","key":"a","form":"1","value":[]}`), last, "cannot unmarshal"},
		{"not a user", add(`{"bucket":"users","key":"a","form":"1","value":[]}`), last, "cannot unmarshal"},
		{"not a member", add(`{"bucket":"members/00g1","key":"a","form":"1","base64":"eA=="}`), last, "unknown member letter"},
		{"a member of no group", add(`{"bucket":"members/00g9","key":"a","form":"1","base64":"QQ=="}`), last, "doesn't stand before it"},
		{"two connections", add(`{"bucket":"meta","key":"connection","form":"1","value":{"org":"https://acme.okta.com","app":"0oa1","omni":"https://acme.omniapp.co","complete":true}}`), last, "another connection"},
		{"no connection", sealed(t, text, func(l []string) []string { return slices.Delete(l, 1, 2) }), fmt.Sprintf("line %d ", count-1), "connection is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := inFile(t)
			_, err := state.Import(t.Context(), to, to.fence, strings.NewReader(c.text), acme)
			if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.line) || !strings.Contains(err.Error(), c.says) || fault.HintOf(err) == "" {
				t.Errorf("it says %v; want %q and %q", err, c.line, c.says)
			}
			wantContents(t, to, nil)
		})
	}
}

// TestCutExports cuts the export behind each line, and within each.
func TestCutExports(t *testing.T) {
	text, _ := export(t, full(t, inFile(t), 1))
	for cut := range len(text) {
		_, err := state.Verify(strings.NewReader(text[:cut]), acme)
		line := fmt.Sprintf("line %d ", strings.Count(text[:cut], "\n")+1)
		if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), line) || !strings.Contains(err.Error(), "cut short") {
			t.Fatalf("cut at %d it says %v; want %s", cut, err, line)
		}
	}
}

// busy is a ledger that is written to while it is read.
type busy struct{ *ledger }

func (b busy) Tail(ctx context.Context, s state.Stream, n int) ([][]byte, error) {
	b.at.Writes++
	return b.ledger.Tail(ctx, s, n)
}

func TestExportRefuses(t *testing.T) {
	empty, written, damaged := inFile(t), full(t, inFile(t), 1), full(t, inFile(t), 1)
	damaged.write(t, state.Batch{Writes: []state.Write{{Bucket: state.Users, Key: "00u7", Value: []byte("1{")}}})
	for _, c := range []struct {
		store state.Store
		kind  fault.Kind
		says  string
	}{
		{empty, fault.Refused, "it is empty"},
		{busy{written}, fault.Conflict, "written to while it was read"},
		{damaged, fault.Other, "users/00u7"},
	} {
		if _, err := state.Export(t.Context(), c.store, new(bytes.Buffer), "acme", noon); !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("it says %v, want %q", err, c.says)
		}
	}
}

// TestEveryBucketIsExported reads the source: a bucket or a stream that is new
// must be moved too, or stand here with the reason why not.
func TestEveryBucketIsExported(t *testing.T) {
	left := map[string]string{"marks": "they follow from the users"}
	text, _ := export(t, full(t, inFile(t), 1))
	source, err := os.ReadFile("store.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\t\w+ +(Bucket|Stream) += "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 8 {
		t.Errorf("found only %q", found)
	}
	for _, f := range found {
		line := fmt.Sprintf("{%q:%q,", strings.ToLower(f[1]), f[2])
		if left[f[2]] == "" && !strings.Contains(text, line) {
			t.Errorf("an export holds nothing of the %s %s", strings.ToLower(f[1]), f[2])
		}
	}
}
