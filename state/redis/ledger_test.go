package redis_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
)

// TestKeys shows what a person finds in Redis.
func TestKeys(t *testing.T) {
	name := statetest.Name()
	s := open(t, shared, name)
	f := acquire(t, s)
	b := oneUser()
	b.Writes = append(b.Writes, state.Write{Bucket: state.Members("00g1"), Key: "00u1", Value: []byte("1P")})
	if err := s.Apply(t.Context(), f, b); err != nil {
		t.Fatal(err)
	}
	client := raw(t, shared)
	got, err := client.Keys(t.Context(), "*"+name+"*").Result()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	p := "omnisync:{" + name + "}:"
	want := []string{p + "bucket:members/00g1", p + "bucket:users", p + "counter", p + "epoch", p + "form", p + "lease", p + "position", p + "stream:log"}
	if !slices.Equal(got, want) {
		t.Errorf("keys are %q, want %q", got, want)
	}
	for _, k := range want {
		expires := client.PTTL(t.Context(), k).Val() > 0
		if expires != strings.HasSuffix(k, "lease") {
			t.Errorf("%s expires: %t", k, expires)
		}
	}
	if ttl := client.PTTL(t.Context(), p+"lease").Val(); ttl > time.Minute || ttl < time.Second {
		t.Errorf("the lease ends in %s, want a minute", ttl)
	}
	if v := client.Get(t.Context(), p+"lease").Val(); v != string(f)+" me" {
		t.Errorf("the lease is %q, want %q", v, string(f)+" me")
	}
}

func TestNamesAreApart(t *testing.T) {
	one, two := open(t, shared, statetest.Name()), open(t, shared, statetest.Name())
	f, g := acquire(t, one), acquire(t, two)
	if err := one.Apply(t.Context(), f, oneUser()); err != nil {
		t.Fatal(err)
	}
	wantAbsent(t, two, state.Users, "00u1")
	if err := two.Apply(t.Context(), f, oneUser()); !fault.Is(err, fault.Fenced) {
		t.Errorf("the other ledger's fence gives %v", err)
	}
	if err := two.Apply(t.Context(), g, oneUser()); err != nil {
		t.Error(err)
	}
}

// TestTwoProcesses has two stores of one ledger, as two daemons have.
func TestTwoProcesses(t *testing.T) {
	name := statetest.Name()
	one, two := open(t, shared, name), open(t, shared, name)
	f := acquire(t, one)
	_, err := two.Acquire(t.Context(), "other", time.Minute)
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Fenced || e.Detail != "me" {
		t.Fatalf("a second holder gets %v", err)
	}
	if h, err := two.Holder(t.Context()); h != "me" || err != nil {
		t.Errorf("the holder is %q, %v", h, err)
	}
	if err := two.Apply(t.Context(), "x:1:y", oneUser()); !fault.Is(err, fault.Fenced) || !strings.Contains(err.Error(), "with me") {
		t.Errorf("a writer without lease gets %v, want who has it", err)
	}
	if err := one.Release(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	g := acquire(t, two)
	if err := one.Apply(t.Context(), f, oneUser()); !fault.Is(err, fault.Fenced) {
		t.Errorf("the old holder gets %v", err)
	}
	if err := two.Apply(t.Context(), g, oneUser()); err != nil {
		t.Error(err)
	}
	if _, ok, err := one.Get(t.Context(), state.Users, "00u1"); !ok || err != nil {
		t.Errorf("the first doesn't see what the second wrote: %v", err)
	}
}

// TestLostCount plays a failover to a replica that lacks the newest lease and
// count: the next holder must not get the same fence.
func TestLostCount(t *testing.T) {
	name := statetest.Name()
	s, client := open(t, shared, name), raw(t, shared)
	f := acquire(t, s)
	p := "omnisync:{" + name + "}:"
	if err := client.Del(t.Context(), p+"lease", p+"counter").Err(); err != nil {
		t.Fatal(err)
	}
	g := acquire(t, s)
	epoch := func(f state.Fence) string { return strings.Split(string(f), ":")[0] }
	if f == g || epoch(f) != epoch(g) {
		t.Errorf("fences %q and %q: want the same epoch and another fence", f, g)
	}
	if err := s.Apply(t.Context(), f, oneUser()); !fault.Is(err, fault.Fenced) {
		t.Errorf("the old holder gets %v", err)
	}
}

// TestLostLedger empties the server: it has another epoch then, and no lease.
func TestLostLedger(t *testing.T) {
	url := statetest.Redis(t)
	s := open(t, url, "main")
	f := acquire(t, s)
	if err := raw(t, url).FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), f, oneUser()); !fault.Is(err, fault.Fenced) {
		t.Errorf("a writer into a lost ledger gets %v", err)
	}
	g := acquire(t, s)
	if strings.Split(string(f), ":")[0] == strings.Split(string(g), ":")[0] {
		t.Errorf("fences %q and %q are of one epoch", f, g)
	}
}

func TestForgottenScripts(t *testing.T) {
	url := statetest.Redis(t)
	s := open(t, url, "main")
	f := acquire(t, s)
	if err := raw(t, url).ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), f, oneUser()); err != nil {
		t.Error(err)
	}
}

// TestForeignKey puts a key of another type where the second of two writes goes.
func TestForeignKey(t *testing.T) {
	for _, suffix := range []string{"bucket:groups", "stream:log"} {
		name := statetest.Name()
		s, client := open(t, shared, name), raw(t, shared)
		f := acquire(t, s)
		if err := client.Set(t.Context(), "omnisync:{"+name+"}:"+suffix, "foreign", 0).Err(); err != nil {
			t.Fatal(err)
		}
		b := oneUser()
		b.Writes = append(b.Writes, state.Write{Bucket: state.Groups, Key: "00g1", Value: []byte("x")})
		err := s.Apply(t.Context(), f, b)
		if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), suffix) {
			t.Errorf("%s: error %v is %q, want a refusal that names the key", suffix, err, fault.KindOf(err))
		}
		wantAbsent(t, s, state.Users, "00u1")
	}
}

// TestMissingRight has users that lack one command each. The one that may write
// hashes and not streams writes neither.
func TestMissingRight(t *testing.T) {
	url := statetest.Redis(t)
	client := raw(t, url)
	as := func(user, without string) *redis.Store {
		err := client.Do(t.Context(), "ACL", "SETUSER", user, "on", ">geheim", "~omnisync:*", "+@all", "-"+without).Err()
		if err != nil {
			t.Fatal(err)
		}
		return open(t, strings.Replace(url, "://", "://"+user+":geheim@", 1), user)
	}
	want := func(err error) {
		t.Helper()
		if !fault.Is(err, fault.Unauthorized) || !strings.Contains(fault.HintOf(err), "~omnisync:*") {
			t.Errorf("error %v is %q with the hint %q", err, fault.KindOf(err), fault.HintOf(err))
		}
		wantNoSecret(t, err)
	}
	for _, without := range []string{"evalsha", "incr"} {
		_, err := as("no-"+without, without).Acquire(t.Context(), "me", time.Minute)
		want(err)
	}
	s := as("no-xadd", "xadd")
	want(s.Apply(t.Context(), acquire(t, s), oneUser()))
	wantAbsent(t, s, state.Users, "00u1")
	if list, err := s.Tail(t.Context(), state.Log, 1); err != nil || len(list) != 0 {
		t.Errorf("the log has %q, %v", list, err)
	}
}

// TestCluster proves that all keys of a script lie in one slot.
func TestCluster(t *testing.T) {
	url := statetest.Redis(t, "--cluster-enabled", "yes", "--cluster-require-full-coverage", "no")
	client := raw(t, url)
	if err := client.Do(t.Context(), "CLUSTER", "ADDSLOTSRANGE", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	s := open(t, url, "main")
	deadline := time.Now().Add(10 * time.Second)
	var f state.Fence
	for {
		var err error
		if f, err = s.Acquire(t.Context(), "me", time.Minute); err == nil {
			break
		}
		if !fault.Is(err, fault.Unavailable) || time.Now().After(deadline) {
			t.Fatal(err) // CLUSTERDOWN for a moment
		}
	}
	if err := s.Apply(t.Context(), f, oneUser()); err != nil {
		t.Error(err)
	}
}

func TestBatchBeyondRedis(t *testing.T) {
	s := open(t, shared, statetest.Name())
	f := acquire(t, s)
	b := state.Batch{Writes: slices.Repeat([]state.Write{{Bucket: state.Users, Key: "k", Value: []byte("x")}}, 500_000)}
	if err := s.Apply(t.Context(), f, b); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "500000 writes") {
		t.Errorf("a batch that Redis can't take gives %v", err)
	}
	wantAbsent(t, s, state.Users, "k")
}
