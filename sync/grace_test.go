package sync_test

import (
	"strings"
	"testing"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// When somebody's membership ends, by what became of their Okta account: at the
// first run of an hourly schedule after it, never before. Until then access,
// values and memberships stay as they are.
func TestGrace(t *testing.T) {
	for _, row := range []struct {
		name      string
		do        func(c *company, id string)
		suspended string
		after     time.Duration // 0: never
	}{
		{"unassigned", func(c *company, id string) { c.okta.Unassign(id) }, "keep", 24 * time.Hour},
		{"deactivated in Okta", func(c *company, id string) { c.okta.SetStatus(id, "DEPROVISIONED") }, "keep", time.Minute},
		{"unassigned, and hidden from the role", func(c *company, id string) { c.okta.Unassign(id); c.hide([]string{id}) }, "keep", 24 * time.Hour},
		{"deleted in Okta", func(c *company, id string) { c.okta.Delete(id) }, "keep", time.Minute},
		{"suspended, kept", func(c *company, id string) { c.okta.SetStatus(id, "SUSPENDED") }, "keep", 0},
		{"suspended, deactivated", func(c *company, id string) { c.okta.SetStatus(id, "SUSPENDED") }, "deactivate", 24 * time.Hour},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := lenient()
			p.Grace, p.Suspended = 24*time.Hour, row.suspended
			simulated(t, p, func(c *company) {
				ids := c.join(staff(4)...)
				c.push("Sales", ids...)
				c.run(sync.Full)
				row.do(c, ids[0])
				began := time.Now()
				ended := time.Duration(0)
				for hour := range 30 {
					c.run(sync.Full)
					u, there := c.omni.User("person000@acme.co")
					if !there || !u.Active {
						ended = time.Since(began)
						break
					}
					if got := len(c.teamOf("Sales")); got != 4 {
						t.Fatalf("after %d hours Sales has %d members, though the account stands", hour, got)
					}
					<-time.After(time.Hour)
				}
				if row.after == 0 && ended != 0 || row.after != 0 && (ended == 0 || ended < row.after-time.Minute || ended > row.after+time.Hour+time.Minute) {
					t.Errorf("it ended after %s, want %s", ended, row.after)
				}
			})
		})
	}
}

// Who is deactivated in Okta while in grace ends then, and who is assigned again
// begins anew when they leave once more.
func TestGraceIsAskedForAgain(t *testing.T) {
	p := lenient()
	p.Grace = 24 * time.Hour
	simulated(t, p, func(c *company) {
		ids := c.join(staff(4)...)
		c.run(sync.Full)
		c.okta.Unassign(ids[0])
		c.okta.Unassign(ids[1])
		c.run(sync.Full)
		<-time.After(20 * time.Hour)
		c.okta.SetStatus(ids[0], "DEPROVISIONED")
		c.okta.Assign(ids[1], simokta.AssignOptions{})
		c.run(sync.Full)
		if omniUser(c, "person000@acme.co").Active || !omniUser(c, "person001@acme.co").Active {
			c.t.Error("who was deactivated is still there, or who came back isn't")
		}
		c.okta.Unassign(ids[1])
		c.run(sync.Full)
		<-time.After(20 * time.Hour)
		report := c.run(sync.Full)
		if !omniUser(c, "person001@acme.co").Active {
			c.t.Errorf("the first absence counts for the second\n%s", printed(report))
		}
		if told := printed(report); !strings.Contains(told, "in grace until") {
			c.t.Errorf("the grace isn't told:\n%s", told)
		}
		<-time.After(5 * time.Hour)
		c.want(c.run(sync.Full), sync.Done)
		if omniUser(c, "person001@acme.co").Active {
			c.t.Error("the grace doesn't end")
		}
	})
}

// No time is measured while our clock and Okta's differ: nobody ends.
func TestClocksThatDiffer(t *testing.T) {
	for _, skew := range []time.Duration{-time.Hour, 3 * time.Minute, time.Hour} {
		simulated(t, lenient(), func(c *company) {
			ids := c.join(staff(4)...)
			c.run(sync.Full)
			c.okta.SetKnobs(func(k *simokta.Knobs) { k.Skew = skew })
			c.okta.Unassign(ids[0])
			<-time.After(48 * time.Hour)
			report := c.run(sync.Full)
			if !omniUser(c, "person000@acme.co").Active || !strings.Contains(printed(report), "set the clock right") {
				c.t.Errorf("%s off:\n%s", skew, printed(report))
			}
			c.okta.SetKnobs(func(k *simokta.Knobs) { k.Skew = 0 })
			c.want(c.run(sync.Full), sync.Done)
			c.inStep()
		})
	}
}

// Removals of members and creations wait over their limits, and an approval lets
// them go; what else changes in the same group goes on at once.
func TestGuardedMembersAndCreations(t *testing.T) {
	p := defaults()
	p.Guard.MemberRemovals = sync.Limit{Count: 3, Percent: 100}
	p.Guard.Creations = sync.Limit{Count: 5, Percent: 100}
	simulated(t, p, func(c *company) {
		ids := c.join(staff(20)...)
		sales, _ := c.push("Sales", ids[:15]...)
		c.want(c.run(sync.Full), sync.Done)
		for _, id := range ids[:4] {
			c.okta.RemoveMember(sales, id)
		}
		c.okta.AddMember(sales, ids[16])
		for _, name := range staff(26)[20:] {
			c.join(name)
		}
		report := c.run(sync.Full)
		c.want(report, sync.Holding)
		if n, members := len(c.omni.Users()), len(c.teamOf("Sales")); n != 20 || members != 16 {
			c.t.Errorf("%d users and %d members, want 20 and 16: nobody comes or goes, one joins\n%s", n, members, printed(report))
		}
		if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: report.Run, Decision: state.Approved, By: "ada"}); err != nil {
			c.t.Fatal(err)
		}
		c.want(c.run(sync.Full), sync.Done)
		c.inStep()
	})
}
