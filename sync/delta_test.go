package sync_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/sync"
)

// followed founds a company of n people and a group Sales with all of them, whose
// ledger is in step, and whose System Log is followed from now on.
func followed(t *testing.T, n int, play func(c *company, ids []string, group string)) {
	t.Helper()
	policy := lenient()
	policy.Settle = 0
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(n)...)
		group, _ := c.push("Sales", ids...)
		c.okta.AddMembers(c.okta.AddGroup("Everyone", "BUILT_IN"), ids...)
		<-time.After(time.Minute)
		c.want(c.run(sync.Reconcile), sync.Done)
		c.watch()
		<-time.After(time.Minute)
		c.oktaAsked.Reset()
		c.omni.ResetLog()
		play(c, ids, group)
	})
}

// watch looks at the System Log once.
func (c *company) watch() sync.Watched {
	c.t.Helper()
	w, err := c.engine.Watch(c.t.Context(), false)
	if err != nil {
		c.t.Fatalf("watch: %v", err)
	}
	return w
}

// asked counts the requests to Okta since the last time, besides those for the log.
func (c *company) asked() int {
	n := 0
	for _, r := range c.oktaAsked.All() {
		if !strings.HasPrefix(r.Path, "/api/v1/logs") {
			n++
		}
	}
	return n
}

// One user touched: what is asked of Okta besides the log, and what is written to Omni,
// in a group of many.
func TestDeltaOfOne(t *testing.T) {
	for name, row := range map[string]struct {
		do     func(c *company, id, group string)
		asks   int
		writes int
		kinds  string
	}{
		"profile":              {func(c *company, id, _ string) { c.okta.UpdateProfile(id, map[string]any{"department": "Ops"}) }, 1, 1, "update"},
		"username":             {func(c *company, id, _ string) { c.okta.SetUserName(id, "new@acme.co") }, 1, 1, "update"},
		"unassigned":           {func(c *company, id, _ string) { c.okta.Unassign(id) }, 4, 1, "deactivate"},
		"deactivated":          {func(c *company, id, _ string) { c.okta.SetStatus(id, "DEPROVISIONED") }, 4, 1, "deactivate"},
		"suspended":            {func(c *company, id, _ string) { c.okta.SetStatus(id, "SUSPENDED") }, 1, 0, ""},
		"left":                 {func(c *company, id, group string) { c.okta.RemoveMember(group, id) }, 1, 1, "members"},
		"nothing that matters": {func(c *company, id, _ string) { c.okta.UpdateProfile(id, map[string]any{"shoeSize": 43}) }, 1, 0, ""},
		"renamed group":        {func(c *company, _, group string) { c.okta.RenameGroup(group, "Vendors") }, 1, 1, "rename"},
	} {
		t.Run(name, func(t *testing.T) {
			followed(t, 30, func(c *company, ids []string, group string) {
				row.do(c, ids[0], group)
				<-time.After(30 * time.Second)
				w := c.watch()
				if w.Report == nil {
					t.Fatalf("no delta: %+v\n%v", w, c.oktaAsked.All())
				}
				c.want(*w.Report, sync.Done)
				var kinds []string
				for _, change := range w.Report.Changes {
					kinds = append(kinds, change.Kind)
				}
				if got := strings.Join(kinds, " "); got != row.kinds {
					t.Errorf("it did %q, want %q", got, row.kinds)
				}
				if n := c.asked(); n != row.asks {
					t.Errorf("it asked Okta %d times besides the log, want %d:\n%v", n, row.asks, c.oktaAsked.All())
				}
				if n := c.omni.Writes(); n != row.writes {
					t.Errorf("it wrote %d times to Omni, want %d", n, row.writes)
				}
				if name != "suspended" { // who is still there, though Okta counts them as away
					c.converged()
				}
				c.silent()
			})
		})
	}
}

// A joiner gets the account and the groups; what a delta did, a full run finds done.
func TestDeltaOfAJoiner(t *testing.T) {
	followed(t, 30, func(c *company, _ []string, group string) {
		id := c.join("new@acme.co")[0]
		c.okta.AddMember(group, id)
		<-time.After(30 * time.Second)
		w := c.watch()
		c.want(*w.Report, sync.Done)
		if n := c.asked(); n != 2 {
			t.Errorf("it asked Okta %d times besides the log, want 2:\n%v", n, c.oktaAsked.All())
		}
		if n := c.omni.Writes(); n != 2 {
			t.Errorf("it wrote %d times to Omni, want 2", n)
		}
		c.inStep()
		for _, change := range w.Report.Changes {
			if !strings.Contains(change.Cause, "okta event ") || !strings.Contains(change.Cause, "okta request ") {
				t.Errorf("%s was caused by %q", change.Kind, change.Cause)
			}
		}
	})
}

// Nothing touched: an hour of looks costs one request to Okta each, none to Omni.
func TestDeltaIdle(t *testing.T) {
	followed(t, 30, func(c *company, _ []string, _ string) {
		counter := &counting{store: c.store}
		c.store = counter
		c.start()
		c.want(c.run(sync.Full), sync.Done)
		c.watch()
		<-time.After(time.Minute)
		c.oktaAsked.Reset()
		c.omni.ResetLog()
		counter.reset()
		c.during(c.loop(sync.Schedule{Delta: "@every 30s"}), func() { <-time.After(time.Hour + time.Second) })
		if n := len(c.oktaAsked.All()); n != 120 {
			t.Errorf("an hour of two looks a minute asked Okta %d times, want 120", n)
		}
		if n := len(c.omni.Requests()); n != 0 {
			t.Errorf("it asked Omni %d times", n)
		}
		if n := counter.most(); n > 3 {
			t.Errorf("a look asked the ledger up to %d times, want at most 3", n)
		}
		if runs := c.runs(); runs[len(runs)-1].Kind != "full" {
			t.Errorf("looks in vain stand among the runs: %s", kinds(runs))
		}
	})
}

// A burst becomes one full run.
func TestDeltaOfABurst(t *testing.T) {
	followed(t, 30, func(c *company, ids []string, _ string) {
		for _, id := range ids {
			for n := range 40 {
				c.okta.UpdateProfile(id, map[string]any{"department": fmt.Sprint("Ops ", n)})
			}
		}
		c.join(staff(60)[30:]...)
		c.during(c.loop(sync.Schedule{Delta: "@every 30s"}), func() { <-time.After(10 * time.Minute) })
		if got := kinds(c.runs()[1:]); got != "full" {
			t.Errorf("the burst made the runs %q", got)
		}
		c.inStep()
	})
}

// An event hook may be faster than the log: what it told of is looked for again a
// moment later, three times, and then no more.
func TestDeltaAfterAnEarlyHook(t *testing.T) {
	for lag, want := range map[time.Duration]time.Duration{0: time.Second, time.Second: 3 * time.Second, 5 * time.Second: 7 * time.Second} {
		t.Run(lag.String(), func(t *testing.T) {
			followed(t, 30, func(c *company, ids []string, _ string) {
				l := c.loop(sync.Schedule{Hooks: true})
				c.during(l, func() {
					c.okta.SetKnobs(func(k *simokta.Knobs) { k.LogLag = lag })
					began := time.Now()
					c.okta.UpdateProfile(ids[0], map[string]any{"department": "Ops"})
					l.Ask(sync.Request{Kind: sync.Delta, Cause: sync.CauseHook})
					<-time.After(time.Minute)
					if n := len(c.omni.Requests()); n != 1 {
						t.Fatalf("Omni was asked %d times", n)
					}
					if took := c.omni.Requests()[0].Time.Sub(began); took > want {
						t.Errorf("it took %s, want at most %s", took, want)
					}
					c.oktaAsked.Reset()
					l.Ask(sync.Request{Kind: sync.Delta, Cause: sync.CauseHook}) // forged
					<-time.After(time.Minute)
					if n := len(c.oktaAsked.All()); n != 4 {
						t.Errorf("a hook that means nothing costs %d requests, want 4", n)
					}
				})
			})
		})
	}
}
