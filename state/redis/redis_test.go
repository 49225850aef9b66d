package redis_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
)

// shared is the URL of the server that the tests share, each with a name of its own.
var shared string

// trusted is a CA among those that this process trusts.
var trusted authority

func TestMain(m *testing.M) { os.Exit(withServer(m)) }

func withServer(m *testing.M) int {
	redis.Quiet()
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if trusted, err = newAuthority(dir); err == nil {
		err = os.Setenv("SSL_CERT_FILE", trusted.file) // read once, at the first certificate
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	url, stop, err := statetest.StartRedis(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stop()
	shared = url
	return m.Run()
}

func TestStore(t *testing.T) {
	statetest.Run(t, func(t *testing.T) statetest.Store { return open(t, shared, statetest.Name()) })
}

func open(t testing.TB, url, name string) *redis.Store {
	t.Helper()
	s, err := redis.Open(redis.Options{URL: url, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}
