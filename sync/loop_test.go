package sync_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
)

// plainMapper maps everybody as they are.
type plainMapper struct{}

func (plainMapper) Map(a identity.Assignment) (identity.User, bool, error) {
	return identity.User{UserName: a.UserName}, true, nil
}
func (plainMapper) Candidates(identity.Assignment) []identity.Candidate       { return nil }
func (plainMapper) Explain(identity.Assignment) ([]identity.Explained, error) { return nil, nil }
func (plainMapper) Attributes() []string                                      { return nil }
func (plainMapper) Fingerprint() identity.Fingerprint                         { return "plain" }
func (plainMapper) GroupName(g identity.Group) (string, error)                { return g.Name, nil }
func (plainMapper) UsesGroups() bool                                          { return false }

func (c *company) loop(s sync.Schedule) *sync.Loop {
	c.t.Helper()
	l, err := sync.NewLoop(c.engine, s, zap.NewNop())
	if err != nil {
		c.t.Fatal(err)
	}
	return l
}

// during lets the loop run while do does something, and waits for its end.
func (c *company) during(l *sync.Loop, do func()) {
	c.t.Helper()
	ctx, stop := context.WithCancel(c.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	do()
	stop()
	if err := <-ended; err != nil {
		c.t.Errorf("the loop ended with %v", err)
	}
}

// runs are the runs that the ledger remembers, oldest first.
func (c *company) runs() []state.Run {
	c.t.Helper()
	list, err := state.Newest[state.Run](c.t.Context(), c.store, state.Runs, 1000)
	if err != nil {
		c.t.Fatal(err)
	}
	slices.Reverse(list)
	return list
}

func kinds(runs []state.Run) string {
	words := make([]string, len(runs))
	for i, r := range runs {
		words[i] = r.Kind
	}
	return strings.Join(words, " ")
}

// A day by two schedules: each tick is one run, at its time.
func TestLoopKeepsItsSchedule(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.join(staff(3)...)
		began := time.Now()
		c.during(c.loop(sync.Schedule{Full: "0 */4 * * *", Reconcile: "30 3 * * *"}), func() { <-time.After(24*time.Hour - time.Minute) })
		want := "reconcile full full full full full"
		if got := kinds(c.runs()); got != want {
			c.t.Errorf("in a day from %s ran %s, want %s", began.UTC(), got, want)
		}
		for _, r := range c.runs() {
			at := r.Started.UTC()
			if r.Kind == "full" && (at.Hour()%4 != 0 || at.Minute() != 0) || r.Kind == "reconcile" && (at.Hour() != 3 || at.Minute() != 30) {
				c.t.Errorf("a %s run began at %s", r.Kind, at)
			}
			if r.Outcome != "done" {
				c.t.Errorf("a %s run ended %s: %s", r.Kind, r.Outcome, r.Error)
			}
		}
	})
}

// A schedule is read in its place's time.
func TestLoopInAnotherPlace(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		place := time.FixedZone("UTC+5", 5*60*60)
		c.during(c.loop(sync.Schedule{Full: "0 3 * * *", Location: place}), func() { <-time.After(24 * time.Hour) })
		runs := c.runs()
		if len(runs) != 1 || runs[0].Started.UTC().Hour() != 22 {
			c.t.Errorf("three in the morning, five hours east: %+v", runs)
		}
	})
}

// Runs don't overlap. Ticks during a long run are made up for by one run, right
// after it; then the schedule goes on.
func TestLoopMakesUpOnce(t *testing.T) {
	c := newCompanyOn(t, lenient(), embedded(t), 6)
	simulatedOn(t, c, func(c *company) {
		c.join(staff(30)...) // takes five minutes
		c.during(c.loop(sync.Schedule{Full: "* * * * *"}), func() { <-time.After(8 * time.Minute) })
		runs := c.runs()
		if len(runs) < 3 || runs[0].Ended.Sub(runs[0].Started) < 4*time.Minute {
			c.t.Fatalf("the first run took %s of %d: this proves nothing", runs[0].Ended.Sub(runs[0].Started), len(runs))
		}
		for i, r := range runs[1:] {
			if r.Started.Before(runs[i].Ended) {
				c.t.Errorf("run %d began at %s, before the one before it ended at %s", i+2, r.Started, runs[i].Ended)
			}
		}
		if gap := runs[1].Started.Sub(runs[0].Ended); gap > time.Second {
			c.t.Errorf("the missed tick is made up for after %s", gap)
		}
		for _, r := range runs[2:] {
			if r.Started.Sub(r.Started.Truncate(time.Minute)) > time.Second {
				c.t.Errorf("a run began at %s, between two ticks", r.Started)
			}
		}
	})
}

// Whoever wakes the loop several times gets one run; a reconcile comes first.
func TestLoopWake(t *testing.T) {
	for _, row := range []struct {
		name string
		wake []sync.RunKind
		want string
	}{
		{"nobody", nil, ""},
		{"full", []sync.RunKind{sync.Full}, "full"},
		{"full, several times", []sync.RunKind{sync.Full, sync.Full, sync.Full}, "full"},
		{"reconcile, several times", []sync.RunKind{sync.Reconcile, sync.Reconcile}, "reconcile"},
	} {
		t.Run(row.name, func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				c.join(staff(3)...)
				l := c.loop(sync.Schedule{})
				for _, kind := range row.wake {
					l.Wake(kind)
				}
				c.during(l, func() { <-time.After(time.Hour) })
				if got := kinds(c.runs()); got != row.want {
					c.t.Errorf("ran %q, want %q", got, row.want)
				}
			})
		})
	}
	simulated(t, lenient(), func(c *company) {
		l := c.loop(sync.Schedule{})
		l.Wake(sync.Full)
		l.Wake(sync.Reconcile)
		c.during(l, func() { <-time.After(time.Hour) })
		if got := kinds(c.runs()); !strings.HasPrefix(got, "reconcile") {
			c.t.Errorf("ran %q: the deeper run comes first", got)
		}
	})
}

// An expression that can't be read is named by its key.
func TestLoopNamesABadExpression(t *testing.T) {
	for _, row := range []struct {
		s    sync.Schedule
		says string
	}{
		{sync.Schedule{Full: "every now and then"}, "schedule.full"}, {sync.Schedule{Reconcile: "61 * * * *"}, "schedule.reconcile"},
		{sync.Schedule{Full: "* * * * *", Reconcile: "* *"}, "schedule.reconcile"}, {sync.Schedule{Full: "* * * *"}, "schedule.full"},
		{sync.Schedule{}, ""}, {sync.Schedule{Full: "@hourly", Reconcile: "@every 90m"}, ""},
	} {
		l, err := sync.NewLoop(sync.New(sync.Options{Mapper: plainMapper{}}), row.s, zap.NewNop())
		if row.says == "" && (err != nil || l == nil) || row.says != "" && (err == nil || !strings.Contains(err.Error(), row.says)) {
			t.Errorf("%+v: %v, want %q", row.s, err, row.says)
		}
	}
}

// A run that fails doesn't end the loop: the next tick tries again.
func TestLoopOutlivesAFailure(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.join(staff(3)...)
		broken := c.oktaFaults.Add(sim.Fault{Path: "/api/v1/apps/*", Do: sim.Status(http.StatusForbidden, `{"errorCode":"E0000006"}`, nil)})
		c.during(c.loop(sync.Schedule{Full: "0 * * * *"}), func() {
			<-time.After(150 * time.Minute)
			broken.Remove()
			<-time.After(time.Hour)
		})
		var outcomes []string
		for _, r := range c.runs() {
			outcomes = append(outcomes, r.Outcome)
		}
		if got := strings.Join(outcomes, " "); got != "failed failed done" {
			c.t.Errorf("the runs ended %s", got)
		}
		c.converged()
	})
}

// Starting and stopping leaves nothing behind, whatever the moment: a goroutine
// that stayed would keep the bubble from ending.
func TestLoopStartsAndStops(t *testing.T) {
	c := newCompany(t, lenient())
	simulatedOn(t, c, func(c *company) {
		c.join(staff(2)...)
		for i := range 100 {
			l := c.loop(sync.Schedule{Full: "@every 1s", Reconcile: "@every 7s"})
			c.during(l, func() {
				if i%3 == 0 {
					l.Wake(sync.Full)
				}
				<-time.After(time.Duration(i) * 13 * time.Millisecond)
			})
			synctest.Wait()
		}
		c.want(c.run(sync.Reconcile), sync.Done)
		c.inStep()
	})
}

// A stop in the middle of a load lets what is under way end, and the loop returns
// only then; the next start goes on where it stopped.
func TestLoopStopsInALoad(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.push("Sales", c.join(staff(100)...)...)
		l := c.loop(sync.Schedule{})
		l.Wake(sync.Full)
		var stopped time.Time
		c.during(l, func() { <-time.After(30 * time.Second); stopped = time.Now() })
		if took := time.Since(stopped); took > 10*time.Second {
			c.t.Errorf("stopping took %s", took)
		}
		made := len(c.omni.Users())
		if made < 10 || made > 60 {
			c.t.Fatalf("%d accounts after 30 seconds", made)
		}
		for id, omni := range c.links() {
			if omni == "" {
				c.t.Errorf("%s is left with an intent alone, though there was time to end", id)
			}
		}
		c.start()
		c.want(c.run(sync.Full), sync.Done)
		if n := len(c.omni.Users()); n != 100 {
			c.t.Errorf("Omni has %d users, want 100", n)
		}
		c.inStep()
	})
}

// A run that somebody asks for waits for the one that is under way, or until
// they give up.
func TestLoopDoWaits(t *testing.T) {
	c := newCompanyOn(t, lenient(), embedded(t), 6)
	simulatedOn(t, c, func(c *company) {
		c.join(staff(30)...)
		l := c.loop(sync.Schedule{})
		l.Wake(sync.Full)
		c.during(l, func() {
			<-time.After(time.Minute)
			short, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
			defer cancel()
			if _, err := l.Do(short, sync.Request{Kind: sync.Full}); !errors.Is(err, context.DeadlineExceeded) {
				c.t.Errorf("who gave up is told %v", err)
			}
			report, err := l.Do(c.t.Context(), sync.Request{Kind: sync.Full, Cause: "command"})
			if err != nil || report.Outcome != sync.Done || len(report.Changes) != 0 {
				c.t.Errorf("who waited got %s, %v\n%s", report.Outcome, err, printed(report))
			}
		})
		runs := c.runs()
		if len(runs) != 2 || runs[1].Started.Before(runs[0].Ended) {
			c.t.Errorf("the runs are %+v", runs)
		}
	})
}

// A request whose context has ended does nothing, even when no run is under way.
func TestLoopDoOfADeadContext(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ctx, cancel := context.WithCancel(c.t.Context())
		cancel()
		if _, err := c.loop(sync.Schedule{}).Do(ctx, sync.Request{Kind: sync.Full}); !errors.Is(err, context.Canceled) {
			c.t.Errorf("it answers %v", err)
		}
		if len(c.runs()) != 0 {
			c.t.Errorf("it ran: %+v", c.runs())
		}
	})
}
