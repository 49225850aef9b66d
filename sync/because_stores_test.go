package sync_test

import (
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
)

// A cause is kept in the ledger, on both stores: a restart finds it there, and doesn't ask
// again. In real time, because Redis lives in it.
func TestCausesOnBothStores(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) store{"bolt": embedded, "redis": shared} {
		t.Run(name, func(t *testing.T) {
			c := newCompanyOn(t, held(), open(t), 600_000)
			c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
			c.start()
			ids := c.join(staff(40)...)
			c.want(c.run(sync.Full), sync.Done)
			c.okta.As(simokta.Target{Type: "User", ID: "00u1simbob0000000001", AlternateID: "bob@acme.co", DisplayName: "Bob"}, func() {
				for _, id := range ids[:20] {
					c.okta.Unassign(id)
				}
			})
			c.want(c.run(sync.Reconcile), sync.Holding)
			c.start()
			c.logAsked()
			c.want(c.run(sync.Full), sync.Holding)
			if n := c.logAsked(); n != 0 {
				t.Errorf("the log was asked %d times after the restart", n)
			}
			if got := c.because(); len(got) != 1 || !strings.HasPrefix(got[0], "20 of 20 were unassigned from the app") || !strings.HasSuffix(got[0], ", by Bob (bob@acme.co)") {
				t.Error(got)
			}
		})
	}
}

// What is pushed has no cause while nobody reads Okta, and gets it with the next run that does.
func TestCausesOfPushes(t *testing.T) {
	for _, pull := range []bool{false, true} {
		simulated(t, held(), func(c *company) {
			ids := c.join(staff(20)...)
			if pull {
				c.want(c.run(sync.Full), sync.Done)
			}
			p := c.withPush(pull)
			defer p.stop()
			var scim []string
			for _, name := range staff(20) {
				if pull {
					scim = append(scim, p.of(name))
				} else {
					u := newcomer(len(scim))
					scim = append(scim, p.enrolled(u).ID)
				}
			}
			<-time.After(time.Minute)
			for i, id := range scim[:10] {
				c.okta.Unassign(ids[i])
				p.altered(id, goes)
			}
			<-time.After(time.Minute)
			told := strings.Join(c.because(), "\n")
			want, then := "pushed by Okta; without okta.auth its System Log can't be read", "pushed by Okta; without okta.auth its System Log can't be read"
			if pull {
				want, then = "pushed by Okta; the next run that reads Okta looks into its System Log", "were unassigned from the app"
			}
			if !strings.Contains(told, want) {
				c.t.Errorf("pull %t: %q", pull, told)
			}
			<-time.After(10 * time.Minute)
			c.run(sync.Full)
			if told = strings.Join(c.because(), "\n"); !strings.Contains(told, then) || strings.Contains(told, "\n") {
				c.t.Errorf("pull %t, after a run: %q", pull, told)
			}
		})
	}
}

// A wave whose cause is looked for while Okta is slow to answer holds up nothing else: what
// isn't held is done in the same run.
func TestCausesKeepNothingBack(t *testing.T) {
	simulated(t, held(), func(c *company) {
		b := founded(c)
		each(b.byHand[:10], func(id string) { c.okta.Unassign(id) })
		c.okta.UpdateProfile(b.byHand[20], map[string]any{"department": "Legal"})
		c.oktaFaults.Add(sim.Fault{Path: "/api/v1/logs", Times: 1000, Do: sim.Status(500, "", nil)})
		report := c.run(sync.Full)
		c.want(report, sync.Holding)
		if report.Counts["applied"] != 1 {
			c.t.Errorf("%v\n%s", report.Counts, printed(report))
		}
	})
}
