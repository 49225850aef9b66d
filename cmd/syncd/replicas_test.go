package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/omnisync/omnisync/state/statetest"
	"github.com/omnisync/omnisync/sync"
	goredis "github.com/redis/go-redis/v9"
)

// leader waits until one of the replicas leads, and gives it and the others.
func (f *fleet) leader(patience time.Duration, among ...*replica) (*replica, []*replica) {
	f.t.Helper()
	var leads *replica
	var others []*replica
	f.until(patience, "one leads", func() bool {
		leads, others = nil, nil
		for _, r := range among {
			if r.ready() {
				leads = r
			} else {
				others = append(others, r)
			}
		}
		return leads != nil
	})
	if len(others) != len(among)-1 {
		f.t.Fatal("several lead at once")
	}
	return leads, others
}

// rebuilt reports whether the one that leads has compared both sides in whole.
func (f *fleet) rebuilt(all []*replica) bool {
	for _, r := range all {
		s, err := r.client().Status(f.t.Context())
		if err == nil && s.Leader && (s.State == sync.InStep || s.State == sync.Waiting) {
			return true
		}
	}
	return false
}

func connect(t *testing.T, url string) *goredis.Client {
	t.Helper()
	o, err := goredis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := goredis.NewClient(o)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// TestPromise5Standby has one that leads and one that stands by.
func TestPromise5Standby(t *testing.T) {
	url := statetest.Redis(t)
	f := newFleet(t, url)
	one, two := f.replica("one"), f.replica("two")
	one.start()
	f.until(20*time.Second, "the first leads", one.ready)
	f.converges(one, 20*time.Second)
	two.start()
	standsBy := func() bool {
		s, err := two.client().Status(t.Context())
		return err == nil && !s.Leader && strings.HasPrefix(s.Holder, "syncd ") && s.State == sync.InStep
	}
	f.until(20*time.Second, "the second stands by and tells who leads", standsBy)
	if ready, alive := two.answers("/readyz"), two.answers("/healthz"); ready != http.StatusServiceUnavailable || alive != http.StatusOK {
		t.Errorf("a standby answers %d when asked whether it is ready, and %d whether it is alive", ready, alive)
	}
	if status, out := two.run("status"); status != 0 || !strings.Contains(out, "leads)") || strings.Contains(out, "the daemon leads") {
		t.Errorf("status of the standby exits with %d:\n%s", status, out)
	}
	if status, out := two.run("plan"); status != 0 {
		t.Errorf("a plan of the standby exits with %d:\n%s", status, out)
	}

	f.hire("between")
	one.stop()
	if took := f.until(2*time.Second, "the second leads after an orderly end", two.ready); took > 2*time.Second {
		t.Errorf("taking over took %s", took)
	}
	f.converges(two, 10*time.Second)

	one.start()
	f.hire("afterwards")
	two.kill()
	took := f.until(15*time.Second, "the first leads after a death", one.ready)
	t.Logf("a death was made up for in %s", took.Round(100*time.Millisecond))
	f.converges(one, 10*time.Second)
	f.wroteOnce()
	f.quiet(one)
}

// TestStandbyAsksSeldom counts what a standby costs Redis.
func TestStandbyAsksSeldom(t *testing.T) {
	url := statetest.Redis(t)
	client := connect(t, url)
	f := newFleet(t, url)
	if err := client.Set(t.Context(), "omnisync:{fleet}:lease", "x:1 somebody else", 0).Err(); err != nil {
		t.Fatal(err)
	}
	one := f.replica("one")
	one.start()
	f.until(20*time.Second, "it stands by", func() bool {
		s, err := one.client().Status(t.Context())
		return err == nil && s.Holder == "somebody else" && one.logged("stands by") // and has seen which ledger it is
	})
	before := commands(t, client)
	f.wait(10 * time.Second)
	if n := commands(t, client) - before; n > 12 { // ten tries, the INFO itself, and one that is on its way
		t.Errorf("in ten seconds a standby sent %d commands", n)
	}
}

// commands is how many commands Redis has run, but for those within scripts.
func commands(t *testing.T, client *goredis.Client) int {
	t.Helper()
	stats, err := client.InfoMap(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	n, tries := 0, 0
	for name, value := range stats["Commandstats"] {
		n += calls(value)
		if name == "cmdstat_evalsha" {
			tries = calls(value)
		}
	}
	return n - 2*tries // the script of a try reads the form and the lease
}

func calls(value string) int {
	n := 0
	for _, c := range strings.TrimPrefix(value, "calls=") {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// TestPausedLeaderWritesNothing stops the leader for longer than its lease and
// lets it go on when another one has led.
func TestPausedLeaderWritesNothing(t *testing.T) {
	url := statetest.Redis(t)
	client := connect(t, url)
	f := newFleet(t, url)
	one, two := f.replica("one"), f.replica("two")
	one.start()
	f.until(20*time.Second, "the first leads", one.ready)
	f.converges(one, 20*time.Second)
	for range 20 {
		f.happen()
	}
	before := len(f.omni.Requests())
	f.until(10*time.Second, "the first is at work", func() bool { return len(f.omni.Requests()) > before })
	one.signal(syscall.SIGSTOP)
	two.start()
	f.until(15*time.Second+5*time.Second, "the second leads", two.ready)
	f.converges(two, 20*time.Second)
	f.wait(2 * time.Second) // its run has ended
	writes, fence := f.omni.Writes(), client.Get(context.Background(), "omnisync:{fleet}:lease").Val()
	one.signal(syscall.SIGCONT)
	f.until(20*time.Second, "the first knows that it doesn't lead", func() bool {
		s, err := one.client().Status(t.Context())
		return err == nil && !s.Leader
	})
	if now := client.Get(context.Background(), "omnisync:{fleet}:lease").Val(); now != fence {
		t.Errorf("the lease is %q, was %q", now, fence)
	}
	if n := f.omni.Writes() - writes; n > 4 { // one for each worker
		t.Errorf("the overtaken leader wrote %d times to Omni", n)
	}
	f.converges(two, 20*time.Second)
	f.wroteOnce()
	f.quiet(two)
}

// TestPromise5OvertakenInALoad stops the leader in the middle of a load. The one that
// leads meanwhile writes nothing, so that every change would be the first one's.
func TestPromise5OvertakenInALoad(t *testing.T) {
	url := statetest.Redis(t)
	client := connect(t, url)
	f := newFleet(t, url)
	for i := range 150 { // a first load isn't held
		f.hire(fmt.Sprintf("newcomer%03d", i))
	}
	one := f.replica("one")
	one.start()
	f.until(20*time.Second, "the load is under way", func() bool { return f.omni.Writes() > 10 })
	one.signal(syscall.SIGSTOP)
	f.wait(200 * time.Millisecond) // what was on its way to Omni has arrived
	left := len(f.okta.Assigned()) - len(f.omni.Users())
	const lease = "omnisync:{fleet}:lease"
	f.until(15*time.Second, "another one leads", func() bool {
		taken, err := client.SetNX(t.Context(), lease, "x:1:y somebody else", 0).Result()
		return err == nil && taken
	})
	ledger, asked := dumped(t, client), len(f.omni.Requests())
	one.signal(syscall.SIGCONT)
	f.until(20*time.Second, "the first knows that it doesn't lead", func() bool {
		s, err := one.client().Status(t.Context())
		return err == nil && !s.Leader && s.Holder == "somebody else"
	})
	f.wait(2 * time.Second) // two tries to lead
	if now := dumped(t, client); !maps.Equal(ledger, now) {
		t.Errorf("the ledger was\n%q\nand is\n%q", ledger, now)
	}
	n := len(f.omni.Requests()) - asked
	t.Logf("%d users were still to come; Omni was asked %d times", left, n)
	if n > 4 { // one for each worker
		t.Errorf("the overtaken leader asked Omni %d times", n)
	}
	if left < 20 {
		t.Errorf("only %d users were still to come", left)
	}
	if err := client.Del(t.Context(), lease).Err(); err != nil {
		t.Fatal(err)
	}
	f.until(20*time.Second, "the first leads again", one.ready)
	f.converges(one, 20*time.Second)
	f.wroteOnce()
	f.quiet(one)
}

// dumped is everything in Redis but for Omni's allowance, which isn't the ledger's.
func dumped(t *testing.T, client *goredis.Client) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, key := range client.Keys(t.Context(), "*").Val() {
		if strings.Contains(key, ":allowance:") {
			continue
		}
		value, err := client.Dump(t.Context(), key).Result()
		if client.Type(t.Context(), key).Val() == "hash" { // whose order is nobody's doing
			var fields map[string]string
			fields, err = client.HGetAll(t.Context(), key).Result()
			value = fmt.Sprint(fields)
		}
		if err != nil {
			t.Fatal(err)
		}
		all[key] = value
	}
	if len(all) < 5 {
		t.Fatalf("the ledger has only %d keys", len(all))
	}
	return all
}

// TestPromise8StandbyNoticesALoss empties Redis and kills the leader with it: a
// standby that never led knows all the same that there was a ledger.
func TestPromise8StandbyNoticesALoss(t *testing.T) {
	t.Parallel()
	url := statetest.Redis(t)
	client := connect(t, url)
	f := newFleet(t, url)
	one, two := f.replica("one"), f.replica("two")
	one.start()
	f.until(20*time.Second, "the first leads", one.ready)
	f.converges(one, 20*time.Second)
	two.start()
	seen := filepath.Join(f.dir, "two", "archive", "fleet.position.json")
	f.until(20*time.Second, "the second has seen the ledger", func() bool { _, err := os.Stat(seen); return err == nil })
	one.kill()
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	writes := f.omni.Writes()
	f.until(20*time.Second, "the second leads", two.ready)
	f.until(20*time.Second, "the ledger is built again", func() bool { return f.rebuilt([]*replica{two}) })
	if !two.logged("the ledger is empty, though one was seen here before") {
		t.Error("the second took the empty ledger for a new one")
	}
	if n := f.omni.Writes() - writes; n != 0 {
		t.Errorf("to build it again it wrote to Omni %d times", n)
	}
}

// TestThreeReplicas kills the leader again and again, and restarts Redis in
// between. Who is let go while the ledger is lost is another story: nobody is
// removed on that ground.
func TestThreeReplicas(t *testing.T) {
	dir := t.TempDir()
	server := newServer(t, dir)
	f := newFleet(t, server.url)
	all := []*replica{f.replica("one"), f.replica("two"), f.replica("three")}
	for _, r := range all {
		r.start()
	}
	for round := range 5 {
		leads, _ := f.leader(30*time.Second, all...)
		f.tell("round %d: %s leads", round, leads.name)
		happen := f.happen
		if round == 2 {
			f.converges(leads, 40*time.Second)
			happen = f.arrive
		}
		for range 6 {
			happen()
		}
		f.wait(time.Duration(f.chance.IntN(1500)) * time.Millisecond)
		switch round {
		case 1:
			f.tell("Redis restarts")
			server.restart(true)
		case 2:
			f.tell("Redis restarts empty")
			server.restart(false)
			f.until(30*time.Second, "the ledger is built again", func() bool { return f.rebuilt(all) })
		default:
			f.tell("%s is killed", leads.name)
			leads.kill()
			leads.start()
		}
	}
	leads, _ := f.leader(30*time.Second, all...)
	f.converges(leads, 40*time.Second)
	f.wroteOnce()
	f.quiet(leads)
}
