package main

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/omnisync/omnisync/state/statetest"
	goredis "github.com/redis/go-redis/v9"
)

// TestPromise4Killed kills the real process at random moments, again and again,
// while people come, go and move.
func TestPromise4Killed(t *testing.T) {
	t.Run("bolt", func(t *testing.T) {
		f := newFleet(t, "bolt://"+filepath.Join(t.TempDir(), "ledger.db"))
		killed(f, func() {})
	})
	t.Run("redis", func(t *testing.T) {
		url := statetest.Redis(t)
		o, err := goredis.ParseURL(url)
		if err != nil {
			t.Fatal(err)
		}
		client := goredis.NewClient(o)
		t.Cleanup(func() { _ = client.Close() })
		killed(newFleet(t, url), func() { // the lease of who was killed ends: nobody needs to wait for it here
			if err := client.Del(context.Background(), "omnisync:{fleet}:lease").Err(); err != nil {
				t.Fatal(err)
			}
		})
	})
}

// kills is how often the process is killed in one story.
const kills = 12

func killed(f *fleet, leaseEnds func()) {
	f.t.Helper()
	f.pace = 6000 // so that a run takes a while
	r := f.replica("one")
	under := 0
	for range kills {
		for range 6 + f.chance.IntN(14) { // a hundred a second are done, so that most kills find some left
			f.happen()
		}
		before := len(f.omni.Requests())
		r.start()
		f.until(20*time.Second, "the daemon asks Omni", func() bool {
			return len(f.omni.Requests()) > before || f.difference() == "" || len(r.held()) > 0
		})
		f.wait(time.Duration(f.chance.IntN(60)) * time.Millisecond)
		if f.difference() != "" {
			under++
		}
		r.kill()
		leaseEnds()
	}
	if under < kills/4 {
		f.t.Errorf("only %d of %d kills came while there was work to do", under, kills)
	}
	r.start()
	f.until(20*time.Second, "the daemon leads", r.ready)
	f.converges(r, 30*time.Second)
	f.wroteOnce()
	f.quiet(r)
	f.wroteOnce()
}
