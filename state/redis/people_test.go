package redis_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
)

// documentedUser is the line of docs/state.md that makes a user for syncd.
func documentedUser(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/state.md")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ +ACL SETUSER syncd .*$`).Find(page)
	if line == nil {
		t.Fatal("docs/state.md has no ACL SETUSER")
	}
	return strings.Replace(string(line), ">PASSWORD", ">geheim", 1)
}

// as gives the URL of the same server for the user that the line makes.
func as(t *testing.T, url, line string) string {
	t.Helper()
	command := []any{}
	for word := range strings.FieldsSeq(line) {
		command = append(command, word)
	}
	if err := raw(t, url).Do(t.Context(), command...).Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Replace(url, "://", "://syncd:geheim@", 1)
}

// TestDocumentedUser runs everything as a user with the rights that the
// documentation asks for.
func TestDocumentedUser(t *testing.T) {
	url := as(t, statetest.Redis(t), documentedUser(t))
	statetest.Run(t, func(t *testing.T) statetest.Store { return open(t, url, statetest.Name()) })
}

// TestNoRightTooMany takes each right of the documented ones away in turn:
// something doesn't work then.
func TestNoRightTooMany(t *testing.T) {
	line := documentedUser(t)
	server := statetest.Redis(t)
	for _, right := range regexp.MustCompile(`\+[a-z]+`).FindAllString(line, -1) {
		if right == "+info" {
			continue // syncd check asks for it, no store
		}
		if err := raw(t, server).FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		// EVAL is asked for only where the server doesn't know a script yet.
		if err := raw(t, server).ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		without := strings.Replace(line, " on ", " reset on ", 1) + strings.Replace(right, "+", " -", 1)
		err := useAll(t, open(t, as(t, server, without)+"/1", "main"))
		if !fault.Is(err, fault.Unauthorized) || !strings.Contains(fault.HintOf(err), "docs/state.md") {
			t.Errorf("without %s: %v (%s), hint %q", right, err, fault.KindOf(err), fault.HintOf(err))
		}
	}
}

// useAll does what a daemon does to a ledger, up to the first error.
func useAll(t *testing.T, s *redis.Store) error {
	t.Helper()
	f, err := s.Acquire(t.Context(), "me", time.Minute)
	if err != nil {
		return err
	}
	b := oneUser()
	b.Drops = []state.Bucket{state.Groups}
	b.Remove(state.Users, "gone")
	if err := s.Apply(t.Context(), f, b); err != nil {
		return err
	}
	if _, _, err := s.Get(t.Context(), state.Users, "00u1"); err != nil {
		return err
	}
	for _, err := range s.Scan(t.Context(), state.Users) {
		if err != nil {
			return err
		}
	}
	if _, err := s.Tail(t.Context(), state.Log, 1); err != nil {
		return err
	}
	if _, err := s.Position(t.Context()); err != nil {
		return err
	}
	turn := func(v []byte) ([]byte, error) { return append(v, '.'), nil }
	if _, err := s.Rewrite(t.Context(), f, state.Log, turn); err != nil {
		return err
	}
	if err := s.Renew(t.Context(), f, time.Minute); err != nil {
		return err
	}
	if _, err := s.Allowance().Take(t.Context(), "digest", 60); err != nil {
		return err
	}
	for range 2 { // the second one has to wait
		if _, err := s.Spend(t.Context(), identity.Quota{Name: "logs", Most: 1, Window: time.Minute}); err != nil {
			return err
		}
	}
	return s.Release(t.Context(), f)
}

// TestPrefix has a user who may see the keys of one prefix alone.
func TestPrefix(t *testing.T) {
	server := statetest.Redis(t)
	url := as(t, server, strings.Replace(documentedUser(t), "~omnisync:*", "~Acme_sync.1:*", 1))
	at := func(prefix string) *redis.Store {
		s, err := redis.Open(redis.Options{URL: url, Name: "main", Prefix: prefix})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	if err := useAll(t, at("Acme_sync.1")); err != nil {
		t.Error(err)
	}
	for _, key := range raw(t, server).Keys(t.Context(), "*").Val() {
		if !strings.HasPrefix(key, "Acme_sync.1:{main}:") {
			t.Errorf("there is a key %s", key)
		}
	}
	if err := useAll(t, at("")); !strings.Contains(fault.HintOf(err), "~omnisync:*") {
		t.Errorf("without a prefix: %v, hint %q", err, fault.HintOf(err))
	}
	if err := useAll(t, at("other")); !fault.Is(err, fault.Unauthorized) || !strings.Contains(fault.HintOf(err), "~other:*") {
		t.Errorf("with another prefix: %v, hint %q", err, fault.HintOf(err))
	}
}

func TestBadPrefixes(t *testing.T) {
	for _, prefix := range []string{"a:b", "{a}", "a*", "a b", "ü", "a[b]", strings.Repeat("p", 41)} {
		_, err := redis.Open(redis.Options{URL: shared, Name: "main", Prefix: prefix})
		if !fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), "state.prefix") {
			t.Errorf("the prefix %q gives %v, hint %q", prefix, err, fault.HintOf(err))
		}
	}
}

// TestPrefixesAreApart has two ledgers of one name under two prefixes.
func TestPrefixesAreApart(t *testing.T) {
	name := statetest.Name()
	one := open(t, shared, name)
	two, err := redis.Open(redis.Options{URL: shared, Name: name, Prefix: "two"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = two.Close() })
	if err := one.Apply(t.Context(), acquire(t, one), oneUser()); err != nil {
		t.Fatal(err)
	}
	acquire(t, two)
	wantAbsent(t, two, state.Users, "00u1")
}

// TestDemotedServer makes a replica of the server under a held lease, as a
// failover does: nothing of the batch is written, and afterwards all of it is.
func TestDemotedServer(t *testing.T) {
	url := statetest.Redis(t)
	s, admin := open(t, url, "main"), raw(t, url)
	f := acquire(t, s)
	if err := admin.Do(t.Context(), "REPLICAOF", "127.0.0.1", closedPort(t)).Err(); err != nil {
		t.Fatal(err)
	}
	err := s.Apply(t.Context(), f, oneUser())
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "name the master") {
		t.Errorf("a replica gives %v (%s), hint %q", err, fault.KindOf(err), fault.HintOf(err))
	}
	if err := s.Renew(t.Context(), f, time.Minute); !fault.Is(err, fault.Unavailable) {
		t.Errorf("renewing on a replica gives %v (%s)", err, fault.KindOf(err))
	}
	wantAbsent(t, s, state.Users, "00u1")
	if err := admin.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), f, oneUser()); err != nil {
		t.Error(err)
	}
	if p, err := s.Position(t.Context()); err != nil || p.Writes != 1 {
		t.Errorf("it is at %+v, %v", p, err)
	}
}

// TestSlowServer gives up on a batch that the server writes all the same, a
// little later. Sent again under its ID, it is written once.
func TestSlowServer(t *testing.T) {
	url := statetest.Redis(t, "--enable-debug-command", "yes")
	s, admin := open(t, url, "main"), raw(t, url)
	f := acquire(t, s)
	b := oneUser()
	b.ID = "b1"
	asleep := make(chan error, 1)
	go func() { asleep <- admin.Do(t.Context(), "DEBUG", "SLEEP", "1").Err() }()
	for err := error(nil); err == nil; { // until it sleeps
		err = hasty(t, func(ctx context.Context) error { return s.Renew(ctx, f, time.Minute) })
	}
	err := hasty(t, func(ctx context.Context) error { return s.Apply(ctx, f, b) })
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "in time") {
		t.Errorf("a slow server gives %v (%s), hint %q", err, fault.KindOf(err), fault.HintOf(err))
	}
	if err := <-asleep; err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), f, b); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Tail(t.Context(), state.Log, 9); err != nil || len(list) != 1 {
		t.Errorf("the log has %q, %v; want one entry", list, err)
	}
	if p, err := s.Position(t.Context()); err != nil || p.Writes != 1 {
		t.Errorf("it is at %+v, %v", p, err)
	}
}

// hasty does work that must end within some milliseconds.
func hasty(t *testing.T, work func(context.Context) error) error {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	return work(ctx)
}
