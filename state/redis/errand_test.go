package redis_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
)

var _ state.Mailbox = (*redis.Store)(nil)

func errand(id string) state.Errand {
	return state.Errand{ID: id, Kind: "run", By: "syncd 8@host9", Request: []byte(`{"a":"b c"}`)}
}

func leave(t *testing.T, s *redis.Store, id string) {
	t.Helper()
	if err := s.Leave(t.Context(), errand(id), time.Minute); err != nil {
		t.Fatal(err)
	}
}

func collect(t *testing.T, s *redis.Store, f state.Fence) []state.Errand {
	t.Helper()
	list, err := s.Collect(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func post(t *testing.T, s *redis.Store, f state.Fence, id, text string) bool {
	t.Helper()
	wanted, err := s.Post(t.Context(), f, state.Answer{ID: id, Text: []byte(text), TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return wanted
}

// wantAnswers asks about an errand and gives where to go on.
func wantAnswers(t *testing.T, s *redis.Store, next string, want state.Answers) string {
	t.Helper()
	got, err := s.Answers(t.Context(), "e1", next, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	at := got.Next
	got.Next = ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	return at
}

func texts(list ...string) (out [][]byte) {
	for _, l := range list {
		out = append(out, []byte(l))
	}
	return out
}

// TestErrand leaves errands, does one, and leaves nothing behind; as the user
// whose rights the documentation lists.
func TestErrand(t *testing.T) {
	url := as(t, statetest.Redis(t), documentedUser(t))
	leader, asker := open(t, url, "main"), open(t, url, "main")
	leave(t, asker, "e1")
	wantAnswers(t, asker, "", state.Answers{})
	f := acquire(t, leader)
	leave(t, asker, "e2")
	next := wantAnswers(t, asker, "", state.Answers{Holder: "me"})
	if diff := cmp.Diff([]state.Errand{errand("e1"), errand("e2")}, collect(t, leader, f)); diff != "" {
		t.Errorf("collected: -want +got\n%s", diff)
	}
	if list := collect(t, leader, f); len(list) != 0 {
		t.Errorf("collected twice: %+v", list)
	}
	next = wantAnswers(t, asker, next, state.Answers{Holder: "me"})
	taken := state.Answers{Holder: "me", Taken: true}
	if !post(t, leader, f, "e1", "") {
		t.Error("an errand that somebody waits for isn't wanted")
	}
	next = wantAnswers(t, asker, next, taken)
	next = wantAnswers(t, asker, next, taken)
	post(t, leader, f, "e1", "one")
	post(t, leader, f, "e1", "two")
	post(t, leader, f, "e1", "")
	both := state.Answers{Holder: "me", Taken: true, List: texts("one", "two")}
	wantAnswers(t, asker, next, both)
	next = wantAnswers(t, asker, next, both) // the answer of the time before was lost
	wantAnswers(t, asker, next, taken)
	post(t, leader, f, "e1", "three")
	next = wantAnswers(t, asker, next, state.Answers{Holder: "me", Taken: true, List: texts("three")})
	wantAnswers(t, asker, next, taken)
	for id, want := range map[string]bool{"e1": true, "e2": false, "never": false} {
		if was, err := asker.Withdraw(t.Context(), id); was != want || err != nil {
			t.Errorf("%s was taken up: %t, %v", id, was, err)
		}
	}
	for _, id := range []string{"e1", "e2"} {
		if post(t, leader, f, id, "late") {
			t.Errorf("%s is wanted after it was withdrawn", id)
		}
	}
	leave(t, asker, "e3")
	leave(t, asker, "e4")
	for _, id := range []string{"e3", "e4"} {
		if was, err := asker.Withdraw(t.Context(), id); was || err != nil {
			t.Errorf("%s was taken up: %t, %v", id, was, err)
		}
	}
	if list := collect(t, leader, f); len(list) != 2 { // of the two that waited none was alone
		t.Errorf("collected %+v", list)
	}
	leave(t, asker, "e5")
	if _, err := asker.Withdraw(t.Context(), "e5"); err != nil {
		t.Error(err)
	}
	wantNoErrands(t, url)
}

// wantNoErrands fails where anything about errands is in Redis.
func wantNoErrands(t *testing.T, url string) {
	t.Helper()
	keys, err := raw(t, strings.Replace(url, "syncd:geheim@", "", 1)).Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(keys, func(k string) bool { return strings.Contains(k, ":errand") || strings.Contains(k, ":answers") }); i >= 0 {
		t.Errorf("left behind: %s", keys[i])
	}
}

// TestErrandFenced shows that nobody collects or answers who doesn't lead, and
// that an asker learns of a leader's end.
func TestErrandFenced(t *testing.T) {
	name := statetest.Name()
	one, two := open(t, shared, name), open(t, shared, name)
	f := acquire(t, one)
	leave(t, two, "e1")
	refused := func(f state.Fence) {
		t.Helper()
		if _, err := one.Collect(t.Context(), f); !fault.Is(err, fault.Fenced) {
			t.Errorf("collecting with %q: %v", f, err)
		}
		if _, err := one.Post(t.Context(), f, state.Answer{ID: "e1", Text: []byte("x"), TTL: time.Minute}); !fault.Is(err, fault.Fenced) {
			t.Errorf("answering with %q: %v", f, err)
		}
	}
	for _, wrong := range []state.Fence{"", "x:1:y", f + "1", f[:len(f)-1]} {
		refused(wrong)
	}
	if list := collect(t, one, f); len(list) != 1 {
		t.Fatalf("who leads collects %+v", list)
	}
	post(t, one, f, "e1", "begun")
	if err := one.Release(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	refused(f)
	wantAnswers(t, two, "", state.Answers{Lost: true, List: texts("begun")})
	g, err := two.Acquire(t.Context(), "another", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	refused(f)
	next := wantAnswers(t, two, "", state.Answers{Holder: "another", Lost: true, List: texts("begun")})
	wantAnswers(t, two, next, state.Answers{Holder: "another", Lost: true})
	if list := collect(t, two, g); len(list) != 0 {
		t.Errorf("what the first had taken up is given to the second: %+v", list)
	}
}

// TestErrandEnds lets each side fall silent.
func TestErrandEnds(t *testing.T) {
	url := statetest.Redis(t)
	s := open(t, url, "main")
	f := acquire(t, s)
	const short = 100 * time.Millisecond
	ends := func(what string, done func() bool) {
		t.Helper()
		for begun := time.Now(); !done(); <-time.After(10 * time.Millisecond) {
			if time.Since(begun) > 20*time.Second {
				t.Fatal(what)
			}
		}
	}
	if err := s.Leave(t.Context(), errand("e1"), short); err != nil {
		t.Fatal(err)
	}
	ends("an errand whose asker is silent stays", func() bool { return raw(t, url).Exists(t.Context(), "omnisync:{main}:errands").Val() == 0 })
	wantAnswers(t, s, "", state.Answers{Holder: "me", Lost: true})
	if post(t, s, f, "e1", "x") {
		t.Error("an errand that has ended is wanted")
	}
	leave(t, s, "e1")
	collect(t, s, f)
	if _, err := s.Post(t.Context(), f, state.Answer{ID: "e1", Text: []byte("x"), TTL: short}); err != nil {
		t.Fatal(err)
	}
	next := wantAnswers(t, s, "", state.Answers{Holder: "me", Taken: true, List: texts("x")})
	ends("a silent leader isn't noticed", func() bool {
		a, err := s.Answers(t.Context(), "e1", next, short)
		return err == nil && a.Lost
	})
	ends("something stays", func() bool { return len(raw(t, url).Keys(t.Context(), "omnisync:{main}:*errand*").Val()) == 0 })
	wantNoErrands(t, url)
}

// TestWaitingErrandsAreTold shows that a renewal tells of errands, and asks
// nothing more than one that finds none.
func TestWaitingErrandsAreTold(t *testing.T) {
	url := statetest.Redis(t)
	leader, asker, admin := open(t, url, "main"), open(t, url, "main"), raw(t, url)
	f := acquire(t, leader)
	told := func() bool {
		t.Helper()
		before := scripts(t, url)
		if err := leader.Renew(t.Context(), f, time.Minute); err != nil {
			t.Fatal(err)
		}
		if n := scripts(t, url) - before; n != 1 {
			t.Errorf("a renewal ran %d scripts", n)
		}
		select {
		case <-leader.Waiting():
			return true
		default:
			return false
		}
	}
	if err := leader.Renew(t.Context(), f, time.Minute); err != nil { // the server knows the script from here on
		t.Fatal(err)
	}
	if told() {
		t.Error("a renewal tells of errands where there is none")
	}
	leave(t, asker, "e1")
	for range 2 {
		if !told() {
			t.Error("a renewal doesn't tell of an errand")
		}
	}
	collect(t, leader, f)
	if told() {
		t.Error("a renewal tells of errands that were collected")
	}
	if err := admin.Set(t.Context(), "omnisync:{main}:lease", "x:1:y another", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	leave(t, asker, "e2")
	if err := leader.Renew(t.Context(), f, time.Minute); !fault.Is(err, fault.Fenced) {
		t.Errorf("a lost lease is renewed: %v", err)
	}
}

// scripts is how many scripts a server has run.
func scripts(t *testing.T, url string) int {
	t.Helper()
	stats := raw(t, url).InfoMap(t.Context(), "commandstats").Val()["Commandstats"]
	n := 0
	_, err := fmt.Sscanf(stats["cmdstat_evalsha"], "calls=%d,", &n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestErrandWithoutRedis answers with the store's errors.
func TestErrandWithoutRedis(t *testing.T) {
	s := open(t, shared, statetest.Name())
	f := acquire(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	errs := map[string]error{"Leave": s.Leave(ctx, errand("e1"), time.Minute)}
	_, errs["Answers"] = s.Answers(ctx, "e1", "", time.Minute)
	_, errs["Withdraw"] = s.Withdraw(ctx, "e1")
	_, errs["Collect"] = s.Collect(ctx, f)
	_, errs["Post"] = s.Post(ctx, f, state.Answer{ID: "e1"})
	for name, err := range errs {
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
