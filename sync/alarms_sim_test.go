package sync_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// heard is one thing that was told, and when.
type heard struct {
	at   time.Time
	what string // word and key
	news sync.News
}

// hears tells what is to be told into a channel until the function that it gives is called.
func (c *company) hears() (chan heard, func()) {
	told := make(chan heard, 1000)
	ctx, stop := context.WithCancel(c.t.Context())
	ended := make(chan struct{})
	e := c.engine
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			list, next, err := e.News(ctx)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				c.t.Errorf("what is to be told isn't known: %v", err)
				return
			}
			for _, n := range list {
				told <- heard{time.Now(), string(n.Word) + " " + n.Key, n}
				if err := e.Told(ctx, n); err != nil {
					c.t.Errorf("what was told isn't noted: %v", err)
				}
			}
			timer := time.NewTimer(time.Until(next))
			select {
			case <-timer.C:
			case <-e.Stirred():
			case <-ctx.Done():
			}
			timer.Stop()
		}
	}()
	return told, func() { stop(); <-ended }
}

// since takes out what was told since the time before.
func since(told chan heard) (list []heard) {
	for range len(told) {
		list = append(list, <-told)
	}
	return list
}

// wants fails unless exactly this was told since the time before, and soon enough after the moment.
func (c *company) wants(told chan heard, from time.Time, within time.Duration, want ...string) []heard {
	c.t.Helper()
	list := since(told)
	var got []string
	for _, h := range list {
		got = append(got, h.what)
		if h.at.Sub(from) > within {
			c.t.Errorf("%s was told after %s, want within %s", h.what, h.at.Sub(from), within)
		}
	}
	if !slices.Equal(got, want) {
		c.t.Errorf("told %q, want %q", got, want)
	}
	return list
}

// unauthorised is how Okta answers a credential that it doesn't take.
var unauthorised = sim.Fault{Do: sim.Status(http.StatusUnauthorized, `{"errorCode":"E0000011","errorSummary":"Invalid token provided"}`, nil)}

// A refused credential is told within one interval, a stall within two; each once, and its
// end.
func TestAlertsInTime(t *testing.T) {
	for name, row := range map[string]struct {
		schedule sync.Schedule
		interval time.Duration
		fault    sim.Fault
		within   time.Duration // told
		want     string
	}{
		"a refused credential, by deltas":    {sync.Schedule{Delta: "@every 30s", Full: "0 * * * *"}, 30 * time.Second, unauthorised, 30 * time.Second, "credential"},
		"a refused credential, by full runs": {sync.Schedule{Full: "@every 10m"}, 10 * time.Minute, unauthorised, 10 * time.Minute, "credential"},
		"a stall, by deltas": {sync.Schedule{Delta: "@every 30s", Full: "0 * * * *"}, 30 * time.Second,
			sim.Fault{Do: sim.Status(http.StatusServiceUnavailable, "away", nil)}, time.Minute, "stall"},
		"an Okta that doesn't answer": {sync.Schedule{Full: "@every 10m"}, 10 * time.Minute, sim.Fault{Do: sim.Delay(9 * time.Minute)}, 20 * time.Minute, "stall"},
	} {
		t.Run(name, func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				c.join(staff(2)...)
				c.during(c.loop(row.schedule), func() {
					c.want(c.run(sync.Reconcile), sync.Done)
					told, deaf := c.hears()
					defer deaf()
					<-time.After(31 * time.Minute)
					c.wants(told, time.Now(), 0)
					broke := time.Now()
					fault := c.oktaFaults.Add(row.fault)
					<-time.After(2*row.interval + time.Second)
					list := since(told)
					i := slices.IndexFunc(list, func(h heard) bool { return h.what == "begin "+row.want })
					if i < 0 || list[i].at.Sub(broke) > row.within+time.Second {
						t.Fatalf("after %s: %v", row.within, list)
					}
					<-time.After(50 * row.interval)
					for _, h := range append(list, since(told)...) {
						if strings.HasPrefix(h.what, "over") || h.what == "begin "+row.want && h.at != list[i].at {
							t.Errorf("while it stands: %s at %s", h.what, h.at)
						}
					}
					fault.Remove()
					<-time.After(2*row.interval + time.Hour)
					over := since(told)
					if !slices.ContainsFunc(over, func(h heard) bool { return h.what == "over "+row.want && h.news.Title != "" && h.news.Hint != "" }) {
						t.Errorf("when it is over: %v", over)
					}
				})
			})
		})
	}
}

// What is held is told at once, each day until somebody decides, and then no more; whoever leads
// next neither repeats it nor forgets its end.
func TestAlertsOfWhatIsHeld(t *testing.T) {
	policy := lenient()
	policy.Guard.Deactivations, policy.Settle = sync.Limit{Count: 1, Percent: 100}, 0
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(5)...)
		c.want(c.run(sync.Reconcile), sync.Done)
		told, deaf := c.hears()
		c.okta.Unassign(ids[0])
		c.okta.Unassign(ids[1])
		now := time.Now()
		r := c.run(sync.Full)
		c.want(r, sync.Holding)
		<-time.After(time.Second)
		list := c.wants(told, now, 3*time.Second, "begin held "+r.Run)
		if n := list[0].news; n.Count != 2 || n.Run != r.Run || !slices.Equal(n.Names, staff(2)) || strings.Contains(n.Title+n.Hint, "@") {
			t.Errorf("told %+v", n)
		}
		for day := range 3 {
			deaf() // another one leads
			c.start()
			told, deaf = c.hears()
			<-time.After(23 * time.Hour)
			c.wants(told, time.Now(), 0)
			<-time.After(time.Hour + time.Minute)
			if list := c.wants(told, now.Add(time.Duration(day+1)*24*time.Hour), time.Duration(day+1)*2*time.Minute, "daily held "+r.Run); len(list) != 1 {
				break
			}
		}
		deaf()
		c.says(sync.Verdict{Run: r.Run, Decision: state.Rejected})
		c.start()
		now = time.Now()
		told, deaf = c.hears()
		defer deaf()
		<-time.After(time.Second)
		c.wants(told, now, time.Second, "over held "+r.Run)
		<-time.After(72 * time.Hour)
		c.wants(told, now, 0)
	})
}

// A removal that fails is told after the first hour, a pause when it has lasted for a day and then
// daily, each with its end.
func TestAlertsOfFailuresAndPauses(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(3)...)
		c.during(c.loop(sync.Schedule{Full: "@every 30m"}), func() {
			c.want(c.run(sync.Reconcile), sync.Done)
			told, deaf := c.hears()
			defer deaf()
			c.spoil("person000@acme.co", sim.Status(http.StatusBadRequest, `{"detail":"no"}`, nil))
			c.okta.Unassign(ids[0])
			now := time.Now()
			<-time.After(100 * time.Minute)
			for _, h := range since(told) {
				if h.at.Sub(now) > 95*time.Minute || !strings.HasPrefix(h.what, "begin removal user:") {
					t.Errorf("told %s after %s", h.what, h.at.Sub(now))
				}
			}
			<-time.After(20 * time.Minute)
			since(told)
			c.omniFaults.Clear()
			<-time.After(25 * time.Hour)
			if list := since(told); len(list) != 1 || !strings.HasPrefix(list[0].what, "over removal user:") {
				t.Errorf("when it is done: %v", list)
			}
			now = time.Now()
			c.pauses(sync.PauseOrder{})
			<-time.After(3*24*time.Hour + time.Hour)
			c.resumes()
			<-time.After(time.Minute)
			var got []string
			for _, h := range since(told) {
				got = append(got, fmt.Sprintf("%s %d", strings.Fields(h.what)[0], int(h.at.Sub(now).Hours())))
			}
			if want := []string{"begin 24", "daily 48", "daily 72", "over 73"}; !slices.Equal(got, want) {
				t.Errorf("a pause is told %q, want %q", got, want)
			}
		})
	})
}

// What the app's features say is told where nobody pushes to us.
func TestAlertOfDirectProvisioning(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.join("ada@acme.co")
		c.okta.SetKnobs(func(k *simokta.Knobs) { k.Features = []string{"GROUP_PUSH", "PUSH_NEW_USERS"} })
		c.want(c.run(sync.Full), sync.Done)
		told, deaf := c.hears()
		defer deaf()
		<-time.After(time.Minute)
		c.wants(told, time.Now().Add(-time.Minute), time.Second, "begin direct")
		c.okta.SetKnobs(func(k *simokta.Knobs) { k.Features = []string{"GROUP_PUSH"} })
		c.want(c.run(sync.Full), sync.Done)
		<-time.After(time.Minute)
		c.wants(told, time.Now().Add(-time.Minute), time.Second, "over direct")
	})
}

// A first load that takes longer than two intervals, and comes on, is no stall; one that stands still is.
func TestAlertsWaitForALongRun(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.join(staff(300)...)
		c.during(c.loop(sync.Schedule{Full: "@every 1m"}), func() {
			told, deaf := c.hears()
			defer deaf()
			<-time.After(5 * time.Minute)
			c.wants(told, time.Now(), 0)
			if len(c.omni.Users()) < 200 || len(c.omni.Users()) == 300 {
				t.Fatalf("%d accounts after five minutes", len(c.omni.Users()))
			}
			now := time.Now()
			c.omniFaults.Add(sim.Fault{Do: sim.Delay(time.Hour)})
			<-time.After(3*time.Minute + 10*time.Second)
			if list := since(told); !slices.ContainsFunc(list, func(h heard) bool { return h.what == "begin stall" && h.at.Sub(now) < 3*time.Minute+5*time.Second }) ||
				slices.ContainsFunc(list, func(h heard) bool { return strings.HasPrefix(h.what, "over") }) {
				t.Errorf("told %v", list)
			}
		})
	})
}

// A whole run that failed isn't over because many others came after it.
func TestAlertsOutliveManyDeltas(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.join(staff(2)...)
		c.want(c.run(sync.Full), sync.Done)
		var b state.Batch
		state.Add(&b, state.Runs, state.Run{Run: "f", Kind: string(sync.Full), Outcome: string(sync.Failing), Error: "the app is gone", Ended: time.Now()})
		for i := range 60 {
			state.Add(&b, state.Runs, state.Run{Run: fmt.Sprint("d", i), Kind: string(sync.Delta), Outcome: string(sync.Done), Ended: time.Now()})
		}
		if err := c.store.Apply(c.t.Context(), c.fence, b); err != nil {
			c.t.Fatal(err)
		}
		list, _, err := c.engine.News(c.t.Context())
		if err != nil || !slices.ContainsFunc(list, func(n sync.News) bool { return n.Key == "runs" && n.Word == sync.Begins }) {
			c.t.Errorf("told is %+v, %v", list, err)
		}
	})
}
