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

func TestMain(m *testing.M) { os.Exit(withServer(m)) }

func withServer(m *testing.M) int {
	redis.Quiet()
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
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
	s, err := redis.Open(url, name)
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
