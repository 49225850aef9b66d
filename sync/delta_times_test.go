package sync_test

import (
	"testing"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/sync"
)

// Somebody who knows of news wakes a look before the log tells them: it is repeated
// within seconds. A tick of the schedule isn't.
func TestDeltaOfALogThatLags(t *testing.T) {
	for name, row := range map[string]struct {
		wakes bool
		looks int // that of the schedule with them
		late  time.Duration
	}{
		"woken":    {true, 3, 2 * time.Second},
		"schedule": {false, 1, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			followed(t, 30, func(c *company, ids []string, _ string) {
				c.okta.SetKnobs(func(k *simokta.Knobs) { k.LogLag = time.Second })
				loop := c.loop(sync.Schedule{Delta: "@every 30s", Hooks: true})
				c.during(loop, func() {
					<-time.After(time.Minute)
					looks := len(c.oktaAsked.All()) - c.asked()
					c.okta.UpdateProfile(ids[0], map[string]any{"department": "Ops"})
					if row.wakes {
						loop.Ask(sync.Request{Kind: sync.Delta, Cause: sync.CauseHook})
					}
					<-time.After(row.late + time.Second)
					if c.omni.Writes() != 1 {
						t.Errorf("Omni doesn't know after %s", row.late)
					}
					<-time.After(40*time.Second - row.late)
					if n := len(c.oktaAsked.All()) - c.asked() - looks; n != row.looks {
						t.Errorf("the log was read %d times, want %d", n, row.looks)
					}
				})
			})
		})
	}
}

// How long a removal took is measured without what it waited on purpose.
func TestDeltaMeasuresARemoval(t *testing.T) {
	policy := lenient()
	policy.Settle, policy.Grace = 10*time.Second, time.Hour
	simulated(t, policy, func(c *company) {
		id := c.join(staff(30)...)[0]
		<-time.After(time.Minute)
		c.want(c.run(sync.Reconcile), sync.Done)
		loop := c.loop(sync.Schedule{Delta: "@every 30s"})
		c.during(loop, func() {
			<-time.After(time.Minute + time.Second)
			c.okta.Unassign(id)
			<-time.After(2 * time.Hour)
		})
		status, err := c.engine.Status(c.t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s := status.Log.Seconds; s == nil || s.Count != 1 || s.Most < 28 || s.Most > 31 {
			t.Errorf("measured %+v, want one of half a minute", s)
		}
	})
}
