package okta_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

// Who left the app or Okta, the newest first; nobody who left something else, and
// no further back than the log reaches.
func TestDepartures(t *testing.T) {
	c := newCompany(t, simokta.Knobs{})
	synctest.Test(t, func(t *testing.T) {
		people := map[string]string{}
		for _, name := range []string{"early", "ada", "bob", "cyd", "dan"} {
			people[name] = c.AddUser(simokta.User{Login: name + "@login.test"})
			c.Assign(people[name], simokta.AssignOptions{UserName: name + "@acme.test"})
		}
		group := c.AddGroup("Sales", "")
		c.AddMember(group, people["dan"])
		c.Unassign(people["early"])
		<-time.After(100 * 24 * time.Hour)
		c.Unassign(people["ada"])
		first := time.Now()
		<-time.After(time.Hour + 300*time.Millisecond)
		c.SetStatus(people["bob"], "DEPROVISIONED") // within the second in which the log is read
		c.RemoveMember(group, people["dan"])
		<-time.After(100 * time.Millisecond)

		var names []string
		for d, err := range c.reader.Departures(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			for name, id := range people {
				if d.ID == identity.OktaID(id) && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
			if d.ID == identity.OktaID(people["ada"]) {
				if want := []string{"ada@acme.test", "ada@login.test"}; !slices.Equal(d.Names, want) {
					t.Errorf("names %q, want %q", d.Names, want)
				}
				if off := d.At.Sub(first).Abs(); off > time.Second {
					t.Errorf("left at %s, which is off by %s", d.At, off)
				}
			}
		}
		if want := []string{"bob", "ada"}; !slices.Equal(names, want) {
			t.Errorf("%q left, want %q", names, want)
		}
	})
}

// A list that breaks off says so.
func TestDeparturesBreakOff(t *testing.T) {
	c := newCompany(t, simokta.Knobs{})
	c.faults.Add(sim.Fault{Path: "/api/v1/logs", Times: 100, Do: sim.Truncate(10)})
	synctest.Test(t, func(t *testing.T) {
		id := c.AddUser(simokta.User{Login: "ada@login.test"})
		c.Assign(id, simokta.AssignOptions{UserName: "ada@acme.test"})
		c.Unassign(id)
		<-time.After(time.Minute)
		var broken error
		for d, err := range c.reader.Departures(t.Context()) {
			if broken = err; err == nil {
				t.Errorf("%v was told", d)
			}
		}
		if broken == nil {
			t.Error("the list ended without an error")
		}
	})
}
