package statetest_test

import (
	"net"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/state/statetest"
)

func TestRedisAnswersAndEnds(t *testing.T) {
	url, stop, err := statetest.StartRedis(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimPrefix(url, "redis://")
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	stop()
	stop() // twice is no harm
	if c, err := net.Dial("tcp", addr); err == nil {
		_ = c.Close()
		t.Errorf("%s still answers", addr)
	}
}

func TestRedisWithAPassword(t *testing.T) {
	if url := statetest.Redis(t, "--requirepass", "x"); !strings.HasPrefix(url, "redis://127.0.0.1:") {
		t.Errorf("the URL is %s", url)
	}
}

func TestRedisIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, _, err := statetest.StartRedis(t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "install redis-server") {
		t.Errorf("error %v, want what to install", err)
	}
}

func TestRedisThatEnds(t *testing.T) {
	_, _, err := statetest.StartRedis(t.TempDir(), "--no-such-option", "yes")
	if err == nil || !strings.Contains(err.Error(), "ended at once") || !strings.Contains(err.Error(), "no-such-option") {
		t.Errorf("error %v, want what the server said", err)
	}
}

func TestNamesDiffer(t *testing.T) {
	if a, b := statetest.Name(), statetest.Name(); a == b {
		t.Errorf("%s twice", a)
	}
}
