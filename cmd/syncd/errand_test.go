package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/omnisync/omnisync/state/statetest"
	"github.com/omnisync/omnisync/sync"
	goredis "github.com/redis/go-redis/v9"
)

// pair is a fleet of which one leads and was in step, and whose runs are only
// those that are asked for. It has a standby, and an installation without a daemon.
// Omni is asked ten times a second.
type pair struct {
	*fleet
	leader, standby, bare *replica
	redis                 *goredis.Client
}

func newPair(t *testing.T, people int) *pair {
	t.Helper()
	url := statetest.Redis(t)
	p := &pair{fleet: newFleet(t, url), redis: connect(t, url)}
	for range people {
		p.hire(fmt.Sprintf("employee%03d", len(p.people)))
	}
	p.leader, p.standby, p.bare = p.replica("one"), p.replica("two"), p.replica("three")
	all := []*replica{p.leader, p.standby, p.bare}
	p.configure(all, `full: "@every 1s"`, `full: ""`)
	p.leader.start()
	p.until(20*time.Second, "the first leads", p.leader.ready)
	p.converges(p.leader, 20*time.Second)
	p.configure(all, "requests_per_minute: 60000", "requests_per_minute: 1800")
	p.again()
	return p
}

// again starts both daemons anew.
func (p *pair) again() {
	p.t.Helper()
	for _, r := range []*replica{p.standby, p.leader} {
		if r.child != nil {
			r.stop()
		}
	}
	p.leader.start()
	p.until(20*time.Second, "the first leads", p.leader.ready)
	p.standby.start()
	p.until(20*time.Second, "the second stands by", func() bool {
		s, err := p.standby.client().Status(p.t.Context())
		return err == nil && !s.Leader && s.Running == nil && s.State == sync.InStep
	})
}

// leave has n people unassigned: work for as many tenths of a second.
func (p *pair) leave(n int) {
	for _, id := range p.people[:n] {
		p.okta.Unassign(id)
	}
	p.people = p.people[n:]
}

// configure replaces a part of each configuration.
func (p *pair) configure(all []*replica, old, text string) {
	p.t.Helper()
	for _, r := range all {
		raw, err := os.ReadFile(r.config())
		if err != nil || !strings.Contains(string(raw), old) {
			p.t.Fatalf("%s has no %q: %v", r.config(), old, err)
		}
		if err := os.WriteFile(r.config(), []byte(strings.Replace(string(raw), old, text, 1)), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
}

// leavesNothing waits until no key about errands is in Redis.
func (p *pair) leavesNothing(patience time.Duration) {
	p.t.Helper()
	p.until(patience, "nothing about errands is left in Redis", func() bool {
		for _, pattern := range []string{"omnisync:*:errand*", "omnisync:*:answers*"} {
			if keys, err := p.redis.Keys(context.Background(), pattern).Result(); err != nil || len(keys) > 0 {
				return false
			}
		}
		return true
	})
}

// begin starts a command and doesn't wait for its end.
func (r *replica) begin(args ...string) *begun {
	r.fleet.t.Helper()
	b := &begun{t: r.fleet.t, ended: make(chan struct{})}
	cmd := r.command(context.Background(), args...)
	cmd.Stdout, cmd.Stderr = &b.out, &b.out
	if err := cmd.Start(); err != nil {
		r.fleet.t.Fatal(err)
	}
	b.cmd = cmd
	go func() { _ = cmd.Wait(); close(b.ended) }()
	r.fleet.t.Cleanup(func() { _ = cmd.Process.Kill(); <-b.ended })
	return b
}

// begun is a command that runs.
type begun struct {
	t     *testing.T
	cmd   *exec.Cmd
	out   bytes.Buffer
	ended chan struct{}
}

// end waits for the command's end, and gives its exit status and what it printed.
func (b *begun) end(patience time.Duration) (int, string) {
	b.t.Helper()
	select {
	case <-b.ended:
		return b.cmd.ProcessState.ExitCode(), b.out.String()
	case <-time.After(patience):
		b.t.Fatalf("the command didn't end within %s", patience)
		return 0, ""
	}
}

// logged reports whether the daemon's log has text.
func (r *replica) logged(text string) bool {
	raw, err := os.ReadFile(r.log())
	return err == nil && bytes.Contains(raw, []byte(text))
}

// TestErrandsAreDoneByTheLeader asks a standby, and a command line without a
// daemon, for what only the leader does.
func TestErrandsAreDoneByTheLeader(t *testing.T) {
	t.Parallel()
	p := newPair(t, 0)
	for _, r := range []*replica{p.standby, p.bare} {
		p.hire("for" + r.name)
		status, out := r.run("reconcile")
		if status != 0 || p.difference() != "" {
			t.Errorf("reconcile by %s exits with %d, %s:\n%s", r.name, status, p.difference(), out)
		}
		for _, line := range []string{"wait, syncd ", " leads, and is asked to do it\n", "read users", "apply 0/1", "Run ", "1 user comes"} {
			if !strings.Contains(out, line) {
				t.Errorf("reconcile by %s doesn't print %q:\n%s", r.name, line, out)
			}
		}
		p.leavesNothing(5 * time.Second)
	}
	var stdout bytes.Buffer
	cmd := p.bare.command(t.Context(), "reconcile", "--json")
	cmd.Stdout = &stdout
	var report sync.Report
	if err := cmd.Run(); err != nil || json.Unmarshal(stdout.Bytes(), &report) != nil || report.Kind != sync.Reconcile || report.Outcome != sync.Done {
		t.Errorf("reconcile --json: %v\n%s", err, stdout.String())
	}
	for _, r := range []*replica{p.standby, p.bare} {
		if status, out := r.run("retry"); status != 0 || !strings.Contains(out, "done: nothing to do") {
			t.Errorf("retry by %s exits with %d:\n%s", r.name, status, out)
		}
		if status, out := r.run("retry", "nobody@example.com"); status != 1 || !strings.Contains(out, `no delay to cut short: "nobody@example.com"`) || !strings.Contains(out, "hint: nothing was done") {
			t.Errorf("retry of nobody by %s exits with %d:\n%s", r.name, status, out)
		}
		if status, out := r.run("schedules", "restore", "nobody@example.com", "--to", "x@example.com"); status != 1 || !strings.Contains(out, `no schedule is saved of "nobody@example.com"`) || !strings.Contains(out, "is asked to do it") {
			t.Errorf("restore by %s exits with %d:\n%s", r.name, status, out)
		}
		for _, verb := range []string{"approve", "reject"} {
			if status, out := r.run(verb, "no-such-run"); status != 1 || !strings.Contains(out, "no-such-run") {
				t.Errorf("%s of nothing by %s exits with %d:\n%s", verb, r.name, status, out)
			}
		}
	}
	if !p.leader.logged("does what another syncd asks") || p.standby.logged("\"leads\"") {
		t.Error("the leader did nothing for others, or wasn't alone")
	}
	p.leavesNothing(5 * time.Second)
	p.wroteOnce()
}

// TestErrandsDecide has held removals approved and rejected through a standby and
// through a command line without a daemon.
func TestErrandsDecide(t *testing.T) {
	t.Parallel()
	p := newPair(t, 40)
	p.configure([]*replica{p.leader, p.standby, p.bare}, "deactivations: {count: 1000, percent: 100}", "deactivations: {count: 1, percent: 1}")
	p.again()
	holds := func() string {
		t.Helper()
		p.leave(2)
		if status, out := p.standby.run("reconcile"); status != exitHeld || !strings.Contains(out, "Waits for approval") {
			t.Fatalf("a run that holds exits with %d:\n%s", status, out)
		}
		runs := p.leader.held()
		if len(runs) != 1 {
			t.Fatalf("held: %v", runs)
		}
		return runs[0]
	}
	for _, r := range []*replica{p.standby, p.bare} {
		status, out := r.run("approve", holds())
		if status != 0 || p.difference() != "" || !strings.Contains(out, "2 users go") || len(p.leader.held()) != 0 {
			t.Errorf("approve by %s exits with %d, %s:\n%s", r.name, status, p.difference(), out)
		}
	}
	status, out := p.bare.run("reject", holds(), "--json")
	var answer rejected
	if status != 0 || json.Unmarshal([]byte(out), &answer) != nil || len(answer.Decided.Decided) != 2 || len(p.leader.held()) != 0 {
		t.Errorf("reject exits with %d:\n%s", status, out)
	}
	p.leavesNothing(5 * time.Second)
}

// TestErrandOfAKilledLeader ends in a clear error, not in a hang.
func TestErrandOfAKilledLeader(t *testing.T) {
	t.Parallel()
	p := newPair(t, 60)
	p.leave(50)
	before := p.omni.Writes()
	b := p.bare.begin("reconcile")
	p.until(20*time.Second, "the errand is under way", func() bool { return p.omni.Writes() > before })
	p.leader.kill()
	status, out := b.end(20 * time.Second)
	if status != 1 || !strings.Contains(out, "the syncd that did what was asked is gone") || !strings.Contains(out, "syncd history tells") {
		t.Errorf("exits with %d:\n%s", status, out)
	}
	p.until(20*time.Second, "the second leads", p.standby.ready)
	if status, out := p.bare.run("reconcile"); status != 0 || p.difference() != "" {
		t.Errorf("afterwards reconcile exits with %d, %s:\n%s", status, p.difference(), out)
	}
	p.leavesNothing(5 * time.Second)
	p.wroteOnce()
}

// TestErrandIsCalledOff ends a command by a signal: the leader's run goes on, or ends, as
// it was asked for.
func TestErrandIsCalledOff(t *testing.T) {
	t.Parallel()
	p := newPair(t, 200)
	for _, row := range []struct {
		signal syscall.Signal
		flag   string
		says   string
		goesOn bool
	}{
		{syscall.SIGINT, "--stop-on-interrupt", "is stopped after the changes that are under way", false},
		{syscall.SIGTERM, "--json", "the run goes on in the syncd that leads", true},
	} {
		p.leave(100)
		before := p.omni.Writes()
		b := p.bare.begin("reconcile", row.flag)
		p.until(20*time.Second, "the errand is under way", func() bool { return p.omni.Writes() > before })
		if err := b.cmd.Process.Signal(row.signal); err != nil {
			t.Fatal(err)
		}
		if status, out := b.end(10 * time.Second); status != 1 || !strings.Contains(out, row.says) || !strings.Contains(out, "syncd history") {
			t.Errorf("%v: exits with %d:\n%s", row.signal, status, out)
		}
		p.until(20*time.Second, "the leader's run ends", func() bool {
			status, err := p.leader.client().Status(t.Context())
			return err == nil && status.Running == nil
		})
		if row.goesOn != (p.difference() == "") {
			t.Errorf("%s %v: the difference is %q", row.flag, row.signal, p.difference())
		}
		status, err := p.leader.client().Status(t.Context())
		if stopped := strings.Contains(status.Last.Error, "stopped by who asked for it"); err != nil || stopped == row.goesOn {
			t.Errorf("%s: the run is recorded as %+v, %v", row.flag, status.Last, err)
		}
	}
	p.leavesNothing(5 * time.Second)
}

// TestErrandsWaitForTheirTurn asks for several runs at once, and for a decision
// that doesn't wait for them.
func TestErrandsWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	p := newPair(t, 120)
	p.leave(120)
	before := p.omni.Writes()
	first := p.bare.begin("reconcile")
	p.until(20*time.Second, "the first is under way", func() bool { return p.omni.Writes() > before })
	second, third := p.standby.begin("reconcile"), p.bare.begin("reconcile")
	if status, out := p.bare.run("reject", "no-such-run"); status != 1 || !strings.Contains(out, "no-such-run") {
		t.Errorf("a decision meanwhile exits with %d:\n%s", status, out)
	}
	for _, b := range []*begun{first, second, third} {
		if status, out := b.end(time.Minute); status != 0 || b != first && !strings.Contains(out, sync.Waits) {
			t.Errorf("exits with %d:\n%s", status, out)
		}
	}
	p.leavesNothing(5 * time.Second)
	p.wroteOnce()
}

// TestErrandWhereNobodyLeads asks for what a leader doesn't take up, and then ends.
func TestErrandWhereNobodyLeads(t *testing.T) {
	t.Parallel()
	url := statetest.Redis(t)
	f := newFleet(t, url)
	p := &pair{fleet: f, redis: connect(t, url), bare: f.replica("bare")}
	const lease = "omnisync:{fleet}:lease"
	if err := p.redis.Set(t.Context(), lease, "x:1:y somebody else", 0).Err(); err != nil {
		t.Fatal(err)
	}
	b := p.bare.begin("reconcile")
	p.until(20*time.Second, "it is asked for", func() bool { return p.redis.Exists(t.Context(), "omnisync:{fleet}:errands").Val() == 1 })
	if err := p.redis.Del(t.Context(), lease).Err(); err != nil {
		t.Fatal(err)
	}
	if status, out := b.end(30 * time.Second); status != 0 || f.difference() != "" {
		t.Errorf("exits with %d, %s:\n%s", status, f.difference(), out)
	}
	p.leavesNothing(5 * time.Second)
}
