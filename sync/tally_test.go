package sync_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// metered is what an engine is to tell those who measure; zero for nobody.
type metered struct {
	ran    func(state.Run)
	logged func([]state.Change)
}

// The end of each run is told, and each line of the provisioning log, once it is written.
func TestRunsAndTheLogAreTold(t *testing.T) {
	var ran, logged []string
	c := newCompany(t, defaults())
	c.meters = metered{
		ran: func(r state.Run) {
			ran = append(ran, fmt.Sprint(r.Kind, " ", r.Outcome, " ", r.Ended.Sub(r.Started) >= 0))
		},
		logged: func(list []state.Change) {
			for _, l := range list {
				logged = append(logged, fmt.Sprint(l.Kind, " ", l.UserName, " ", l.State))
			}
		},
	}
	simulatedOn(t, c, func(c *company) {
		t := c.t
		ids := c.join("ann@acme.co", "bob@acme.co")
		c.run(sync.Reconcile)
		c.spoil("bob@acme.co", refused)
		c.okta.UpdateProfile(ids[1], map[string]any{"department": "Legal"})
		c.run(sync.Full)
		c.pass(sync.Request{Kind: sync.Full, DryRun: true}) // which is no run that anybody waits for
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, err := c.engine.Pass(gone, sync.Request{Kind: sync.Full}); err == nil {
			t.Error("a run without time succeeds")
		}
		if diff := cmp.Diff([]string{"reconcile done true", "full failed true", "full stopped true"}, ran); diff != "" {
			t.Error(diff)
		}
		slices.Sort(logged)
		if diff := cmp.Diff([]string{"create ann@acme.co applied", "create bob@acme.co applied", "update bob@acme.co failed"}, logged); diff != "" {
			t.Error(diff)
		}
		written, err := state.Newest[state.Change](t.Context(), c.store, state.Log, 100)
		if err != nil || len(written) != len(logged) {
			t.Errorf("%d lines are told, %d written, %v", len(logged), len(written), err)
		}
	})
}

// put writes records into the ledger.
func (c *company) places(fill func(b *state.Batch)) {
	c.t.Helper()
	var b state.Batch
	fill(&b)
	if err := c.store.Apply(c.t.Context(), c.fence, b); err != nil {
		c.t.Fatal(err)
	}
}

// What waits, fails and leaves is counted, and the newest success of each kind of run.
func TestTally(t *testing.T) {
	simulated(t, defaults(), func(c *company) {
		t := c.t
		now := time.Now().UTC()
		hold := func(guard string, decision state.Decision, until time.Time) state.Hold {
			return state.Hold{Guard: guard, Since: now.Add(-time.Hour), Decision: decision, Until: until}
		}
		fails := func(cause, kind string, since time.Duration) state.Failure {
			return state.Failure{Cause: cause, Since: now.Add(-since), Change: state.Change{Kind: kind, UserName: "x"}}
		}
		run := func(kind, outcome string, ago time.Duration, why string) state.Run {
			return state.Run{Run: fmt.Sprint(ago), Kind: kind, Outcome: outcome, Ended: now.Add(-ago), Error: why}
		}
		c.places(func(b *state.Batch) {
			state.Put(b, state.Holds, "a", hold("deactivations", "", time.Time{}))
			state.Put(b, state.Holds, "b", hold("deactivations", state.Rejected, time.Time{}))
			state.Put(b, state.Holds, "c", hold("loss", state.Approved, now.Add(time.Hour)))
			state.Put(b, state.Holds, "d", hold("renames", state.Approved, now.Add(-time.Hour)))
			state.Put(b, state.Failing, "a", fails("refused", "update", time.Minute))
			state.Put(b, state.Failing, "b", fails("refused", "deactivate", time.Hour))
			state.Put(b, state.Failing, "c", fails("address", "delete", 2*time.Hour))
			state.Put(b, state.Leavers, "a", state.Leaver{Step: state.InGrace})
			state.Put(b, state.Leavers, "b", state.Leaver{Step: state.InGrace})
			state.Put(b, state.Leavers, "c", state.Leaver{Step: state.AtEnd})
			state.Add(b, state.Runs, run("full", "failed", 50*time.Hour, "")) // some changes failed, all was read
			state.Add(b, state.Runs, run("reconcile", "held", 49*time.Hour, ""))
			for i := range 200 {
				state.Add(b, state.Runs, run("delta", "done", time.Duration(400-i)*time.Minute, ""))
			}
			state.Add(b, state.Runs, run("full", "doubtful", time.Hour, ""))
			state.Add(b, state.Runs, run("reconcile", "failed", time.Minute, "Omni refuses the key"))
		})
		teller := sync.NewTeller(c.store)
		got, err := teller.Tally(t.Context())
		want := sync.Tally{Held: map[string]int{"deactivations": 1, "renames": 1}, HeldSince: now.Add(-time.Hour),
			Failing: map[string]int{"refused": 2, "address": 1}, Removals: 2, RemovalsSince: now.Add(-2 * time.Hour),
			Leavers:   map[state.Step]int{state.InGrace: 2, state.AtEnd: 1},
			Succeeded: map[sync.RunKind]time.Time{sync.Full: now.Add(-50 * time.Hour), sync.Reconcile: now.Add(-49 * time.Hour), sync.Delta: now.Add(-201 * time.Minute)}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("%v\n%s", err, diff)
		}
		c.places(func(b *state.Batch) {
			for i := range 100 { // more than are looked at first
				state.Add(b, state.Runs, run("delta", "done", time.Duration(100-i)*time.Second, ""))
			}
			state.Add(b, state.Runs, run("full", "done", 0, ""))
		})
		<-time.After(time.Minute)
		if got, err = teller.Tally(t.Context()); err != nil || !got.Succeeded[sync.Full].Equal(now) || !got.Succeeded[sync.Delta].Equal(now.Add(-time.Second)) {
			t.Errorf("%+v, %v", got.Succeeded, err)
		}
	})
}

// slowly reads the buckets that are counted slowly, or fails at them, and none that isn't.
type slowly struct {
	state.Store
	mu    mutex
	slow  time.Duration
	err   error
	times int
	whole []state.Bucket
}

func (s *slowly) Scan(ctx context.Context, b state.Bucket) iter.Seq2[state.Entry, error] {
	switch b {
	case state.Holds:
		s.set(func() { s.times++ })
		<-time.After(s.slow)
		var err error
		if s.set(func() { err = s.err }); err != nil {
			return func(yield func(state.Entry, error) bool) { yield(state.Entry{}, err) }
		}
	case state.Failing, state.Leavers:
	default:
		s.set(func() { s.whole = append(s.whole, b) })
	}
	return s.Store.Scan(ctx, b)
}

// set lets one at a time read and write.
func (s *slowly) set(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// Counting takes no more than its part of the time: meanwhile the old count stands, and
// it stands as long as nobody writes. Nobody waits beyond their patience for a newer one.
func TestTallyIsSeldomCounted(t *testing.T) {
	c := newCompany(t, lenient())
	synctest.Test(t, func(t *testing.T) {
		c.t = t
		c.start()
		s := &slowly{Store: c.store, slow: 2 * time.Second}
		teller := sync.NewTeller(s)
		held := func(patience time.Duration) int {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			got, err := teller.Tally(ctx)
			if err != nil {
				return -1
			}
			return got.Held["deactivations"]
		}
		hold := func(key string) {
			c.places(func(b *state.Batch) { state.Put(b, state.Holds, key, state.Hold{Guard: "deactivations"}) })
		}
		check := func(got, want, times int) {
			t.Helper()
			counts := 0
			if s.set(func() { counts = s.times }); got != want || counts != times {
				t.Errorf("%d held after %d counts, want %d after %d", got, counts, want, times)
			}
		}
		hold("a")
		check(held(time.Second), -1, 1) // none yet, and no patience
		check(held(5*time.Second), 1, 1)
		hold("b")
		check(held(5*time.Second), 1, 1)
		<-time.After(41 * time.Second)
		check(held(time.Second), 1, 2) // the old one, and a new one begins
		check(held(5*time.Second), 2, 2)
		<-time.After(45 * time.Second)
		check(held(5*time.Second), 2, 2) // nobody wrote
		<-time.After(time.Minute)
		check(held(5*time.Second), 2, 3) // an approval may have ended
		s.set(func() { s.err = errors.New("away") })
		hold("c")
		<-time.After(time.Minute)
		check(held(5*time.Second), -1, 4)
		s.set(func() { s.err = nil })
		check(held(5*time.Second), 3, 5)
		_ = s.Store.(interface{ Close() error }).Close()
		if _, err := teller.Tally(t.Context()); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a ledger that is closed is counted: %v", err)
		}
		if s.whole != nil {
			t.Errorf("also read: %v", s.whole)
		}
	})
}

// Every guard, and every kind of change, is in its list.
func TestGuardsAndKindsAreListed(t *testing.T) {
	for file, row := range map[string]struct {
		constant string
		listed   []string
	}{
		"guard.go":  {`(?m)^\tguard[A-Z]\w* += "(\w+)"`, sync.Guards()},
		"change.go": {`(?m)^\t[A-Z]\w* +Kind = "(\w+)"`, words(sync.Kinds())},
	} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, m := range regexp.MustCompile(row.constant).FindAllStringSubmatch(string(source), -1) {
			names = append(names, m[1])
		}
		if diff := cmp.Diff(names, row.listed); diff != "" || len(names) < 5 {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

func words[T ~string](list []T) []string {
	var out []string
	for _, v := range list {
		out = append(out, string(v))
	}
	return out
}
