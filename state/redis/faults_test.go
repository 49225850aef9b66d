package redis_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
)

func TestOpenRefusesBadURLs(t *testing.T) {
	for _, url := range []string{
		"", "syncd.db", "bolt://syncd.db", "http://h", "redis:", "redis://", "redis:///0", "unix:///run/redis.sock",
		"redis+cluster://h", "redis://h/x", "redis://h/0/1", "redis://h/-1", "redis://h/99999",
		"redis://h?dial_timeout=1", "redis://h#frag", "redis://h:port",
		"redis://:geheim/x@h:6379/0", "redis://:12geheim@h:x", "redis://u:1/geheim@h", "redis://u:1#geheim@h",
		"redis://u:1?geheim@h", "redis://u:%geheim@h", "redis://u:geheim @h",
	} {
		_, err := redis.Open(redis.Options{URL: url, Name: "main"})
		if !fault.Is(err, fault.Refused) {
			t.Errorf("Open(%q) gives %v, want a refusal", url, err)
			continue
		}
		if !strings.Contains(fault.HintOf(err), "redis://user:password@host") {
			t.Errorf("Open(%q): the hint %q doesn't show a URL", url, fault.HintOf(err))
		}
		wantNoSecret(t, err)
	}
}

func TestOpenDoesNoIO(t *testing.T) {
	for _, url := range []string{"redis://127.0.0.1:1", "redis://nowhere.invalid/3", "rediss://u:p@nowhere.invalid:6380/0", "redis://[::1]:1/"} {
		open(t, url, "main")
	}
}

func TestOpenRefusesBadNames(t *testing.T) {
	for _, name := range []string{"", "a}b", "{", "a b", "a:b", "ü", strings.Repeat("a", 101)} {
		if _, err := redis.Open(redis.Options{URL: shared, Name: name}); !fault.Is(err, fault.Refused) {
			t.Errorf("the name %q gives %v, want a refusal", name, err)
		}
	}
}

// TestRefusals meets the refusals of real servers.
func TestRefusals(t *testing.T) {
	locked := statetest.Redis(t, "--requirepass", "geheim")
	host := strings.TrimPrefix(locked, "redis://")
	small := statetest.Redis(t, "--maxmemory", "100kb", "--maxmemory-policy", "noeviction")
	closed := closedPort(t)
	lost := statetest.Redis(t, "--replicaof", "127.0.0.1 "+closed, "--replica-serve-stale-data", "no")
	stale := statetest.Redis(t, "--replicaof", "127.0.0.1 "+closed)
	for _, c := range []struct {
		name, url string
		kind      fault.Kind
		hint      string
	}{
		{"nobody listens", "redis://u:geheim@127.0.0.1:" + closed, fault.Unavailable, "is Redis running"},
		{"no such host", "redis://u:geheim@nowhere.invalid", fault.Unavailable, "check its name"},
		{"no password", locked, fault.Unauthorized, "asks for a password"},
		{"wrong password", "redis://:notgeheim@" + host, fault.Unauthorized, "refuses"},
		{"wrong user", "redis://u:geheim@" + host, fault.Unauthorized, "refuses"},
		{"no such database", shared + "/99", fault.Refused, "no database"},
		{"TLS without TLS", strings.Replace(shared, "redis:", "rediss:", 1), fault.Unavailable, "TLS"},
		{"out of memory", small, fault.Unavailable, "maxmemory"},
		{"a replica", stale, fault.Unavailable, "name the master"},
		{"a replica without its master", lost, fault.Unavailable, "lost its master"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, c.url, "main")
			ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
			defer stop()
			_, err := s.Acquire(ctx, "me", time.Minute)
			if !fault.Is(err, c.kind) || !strings.Contains(fault.HintOf(err), c.hint) {
				t.Errorf("error %v is %q with the hint %q; want %q with %q", err, fault.KindOf(err), fault.HintOf(err), c.kind, c.hint)
			}
			wantNoSecret(t, err)
		})
	}
}

// TestFullServer fills a server under a held lease: a batch that doesn't fit writes nothing.
func TestFullServer(t *testing.T) {
	url := statetest.Redis(t, "--maxmemory", "20mb", "--maxmemory-policy", "noeviction")
	s := open(t, url, "main")
	f := acquire(t, s)
	value := make([]byte, 1<<20)
	for i := range 100 {
		key := fmt.Sprint(i)
		err := s.Apply(t.Context(), f, state.Batch{Writes: []state.Write{
			{Bucket: state.Users, Key: key, Value: value}, {Bucket: state.Groups, Key: key, Value: []byte("x")},
		}})
		if err == nil {
			continue
		}
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "maxmemory") {
			t.Errorf("error %v is %q", err, fault.KindOf(err))
		}
		wantAbsent(t, s, state.Users, key)
		wantAbsent(t, s, state.Groups, key)
		return
	}
	t.Error("100 MB went into 20 MB")
}

func TestSilentServer(t *testing.T) {
	url := statetest.Redis(t)
	s := open(t, url, "main")
	f := acquire(t, s)
	admin := raw(t, url)
	if err := admin.Do(t.Context(), "CLIENT", "PAUSE", 60_000, "ALL").Err(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	err := s.Renew(ctx, f, time.Minute)
	if !fault.Is(err, fault.Unavailable) || fault.HintOf(err) == "" {
		t.Errorf("a silent server gives %v (%s)", err, fault.KindOf(err))
	}
}

// TestStoppedServer uses a store over its server's end.
func TestStoppedServer(t *testing.T) {
	url, stop, err := statetest.StartRedis(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	s := open(t, url, "main")
	f := acquire(t, s)
	stop()
	if err := s.Apply(t.Context(), f, oneUser()); !fault.Is(err, fault.Unavailable) || fault.HintOf(err) == "" {
		t.Errorf("a stopped server gives %v (%s)", err, fault.KindOf(err))
	}
}

func TestCutConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	_, err = open(t, "redis://"+l.Addr().String(), "main").Holder(t.Context())
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "rediss://") {
		t.Errorf("a cut connection gives %v (%s, %q)", err, fault.KindOf(err), fault.HintOf(err))
	}
}

func wantNoSecret(t *testing.T, err error) {
	t.Helper()
	if s := fmt.Sprintf("%v %+v %q", err, err, fault.HintOf(err)); strings.Contains(s, "geheim") {
		t.Errorf("the password stands in %s", s)
	}
}

func wantAbsent(t *testing.T, s *redis.Store, b state.Bucket, key string) {
	t.Helper()
	if v, ok, err := s.Get(t.Context(), b, key); ok || err != nil {
		t.Errorf("get %s/%s gives %.20q, %t, %v; want none", b, key, v, ok, err)
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}

func acquire(t testing.TB, s *redis.Store) state.Fence {
	t.Helper()
	f, err := s.Acquire(t.Context(), "me", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func oneUser() state.Batch {
	return state.Batch{
		Writes:  []state.Write{{Bucket: state.Users, Key: "00u1", Value: []byte("x")}},
		Appends: []state.Append{{Stream: state.Log, Value: []byte("x")}},
	}
}

// raw is a client beside the store.
func raw(t testing.TB, url string) *goredis.Client {
	t.Helper()
	o, err := goredis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := goredis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}
