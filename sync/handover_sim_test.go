package sync_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// handsOver is the lenient policy, with a handover.
func handsOver(schedules, documents state.Treatment) sync.Policy {
	p := lenient()
	p.Handover, p.Keep = state.Handover{Schedules: schedules, Documents: documents, Within: 7 * 24 * time.Hour}, 90*24*time.Hour
	return p
}

// savedNames gives what the ledger has saved.
func (c *company) savedNames() []string {
	c.t.Helper()
	var names []string
	for e, err := range state.All[state.Saved](c.t.Context(), c.store, state.Saves) {
		if err != nil {
			c.t.Fatal(err)
		}
		names = append(names, e.Value.Name)
	}
	slices.Sort(names)
	return names
}

func (c *company) leavers() []state.Leaver {
	c.t.Helper()
	var list []state.Leaver
	for e, err := range state.All[state.Leaver](c.t.Context(), c.store, state.Leavers) {
		if err != nil {
			c.t.Fatal(err)
		}
		list = append(list, e.Value)
	}
	return list
}

// owned gives a schedule's owner by name of the schedule.
func (c *company) ownerOf(schedule string) string {
	for _, s := range c.omni.Schedules() {
		if s.Name == schedule {
			return c.nameOf(s.Owner)
		}
	}
	return ""
}

func (c *company) nameOf(omni string) string {
	for _, u := range c.omni.Users() {
		if u.ID == omni {
			return u.UserName
		}
	}
	return ""
}

func (c *company) omniID(name string) string {
	u, _ := c.omni.User(name)
	return u.ID
}

// What a leaver owned is saved before the membership ends; who owned nothing leaves no trace.
func TestSavedBeforeTheEnd(t *testing.T) {
	p := handsOver(state.Save, state.LeaveAlone)
	simulated(t, p, func(c *company) {
		ids := c.join(staff(4)...)
		c.want(c.run(sync.Full), sync.Done)
		ann, bob := c.omniID("person000@acme.co"), c.omniID("person001@acme.co")
		c.omni.AddSchedule(ann, "Weekly", "x@acme.co", "y@acme.co")
		c.omni.AddSchedule(ann, "Monthly", "x@acme.co")
		c.omni.AddSchedule(bob, "Bob's", "x@acme.co")
		c.omni.AddDocument(ann, "Notes")
		c.okta.Unassign(ids[0])
		c.okta.Unassign(ids[3])
		c.omni.ResetLog()
		report := c.run(sync.Full)
		c.want(report, sync.Done)
		if n := c.omni.Writes(); n != 2 {
			c.t.Errorf("Omni was written to %d times, want 2: the ends alone", n)
		}
		if omniUser(c, "person000@acme.co").Active || omniUser(c, "person003@acme.co").Active {
			c.t.Errorf("the memberships stand\n%s", printed(report))
		}
		if got := c.savedNames(); !slices.Equal(got, []string{"Monthly", "Notes", "Weekly"}) {
			c.t.Errorf("saved are %q\n%s", got, printed(report))
		}
		if len(c.omni.Lost()) != 2 || len(c.leavers()) != 0 {
			c.t.Errorf("lost %v, on the way %v", c.omni.Lost(), c.leavers())
		}
		if told := printed(report); !strings.Contains(told, "before that: 2 schedules saved, 1 document left alone") {
			c.t.Errorf("it isn't told:\n%s", told)
		}
	})
}

// Where it can't be said that a definition is safe, the membership stands.
func TestNothingSafeNothingEnds(t *testing.T) {
	c := newCompany(t, handsOver(state.Save, state.LeaveAlone))
	c.bare = true
	simulatedOn(t, c, func(c *company) {
		ids := c.join(staff(4)...)
		c.run(sync.Full)
		c.omni.AddSchedule(c.omniID("person000@acme.co"), "Weekly")
		c.okta.Unassign(ids[0])
		report := c.run(sync.Full)
		if !omniUser(c, "person000@acme.co").Active || !strings.Contains(printed(report), "set state.key") {
			c.t.Errorf("it ended, or isn't told why not:\n%s", printed(report))
		}
	})
}

// With transfer a membership ends when everything has a new owner: the first candidate
// whom Omni lets have it.
func TestTransferred(t *testing.T) {
	c := newCompany(t, handsOver(state.Transfer, state.Transfer))
	c.rules.Candidates = []string{"user.managerEmail", "person002@acme.co"}
	simulatedOn(t, c, func(c *company) {
		ids := c.join(staff(5)...)
		c.okta.UpdateProfile(ids[0], map[string]any{"managerEmail": "person001@acme.co"})
		c.want(c.run(sync.Full), sync.Done)
		ann, manager, second := c.omniID("person000@acme.co"), c.omniID("person001@acme.co"), c.omniID("person002@acme.co")
		secret := c.omni.AddDocument(second, "Secret")
		c.omni.EditDocument(secret, func(d *simomni.Document) { d.Viewers = []string{second, ann} })
		c.omni.AddSchedule(ann, "Weekly", "x@acme.co")
		c.omni.PlaceSchedule(simomni.Schedule{Owner: ann, Name: "Of a secret", Dashboard: secret})
		c.omni.AddDocument(ann, "Notes")
		c.okta.Unassign(ids[0])
		report := c.run(sync.Full)
		c.want(report, sync.Done)
		if omniUser(c, "person000@acme.co").Active {
			c.t.Errorf("the membership stands\n%s", printed(report))
		}
		if c.ownerOf("Weekly") != "person001@acme.co" || c.ownerOf("Of a secret") != "person002@acme.co" || len(c.omni.Lost()) > 0 {
			c.t.Errorf("owners are %s, %s, lost %v", c.ownerOf("Weekly"), c.ownerOf("Of a secret"), c.omni.Lost())
		}
		if d := c.omni.Documents()[1]; d.Owner != manager {
			c.t.Errorf("the document belongs to %s", c.nameOf(d.Owner))
		}
		if told := printed(report); !strings.Contains(told, "1 schedule handed over to person001@acme.co, 1 schedule handed over to person002@acme.co, 1 document handed over to person001@acme.co") {
			c.t.Errorf("it isn't told:\n%s", told)
		}
	})
}

// What nobody may see keeps the membership, is tried again and reported, after a week
// daily; once somebody may, it ends.
func TestRefusedByAll(t *testing.T) {
	c := newCompany(t, handsOver(state.Transfer, state.LeaveAlone))
	c.rules.Candidates = []string{"person001@acme.co"}
	simulatedOn(t, c, func(c *company) {
		ids := c.join(staff(5)...)
		c.want(c.run(sync.Full), sync.Done)
		ann, second := c.omniID("person000@acme.co"), c.omniID("person002@acme.co")
		secret := c.omni.AddDocument(second, "Secret")
		c.omni.EditDocument(secret, func(d *simomni.Document) { d.Viewers = []string{second, ann} })
		c.omni.AddSchedule(ann, "Weekly", "x@acme.co")
		c.omni.PlaceSchedule(simomni.Schedule{Owner: ann, Name: "Of a secret", Dashboard: secret})
		c.okta.Unassign(ids[0])
		late := 0
		for hour := range 9 * 24 {
			report := c.run(sync.Full)
			if !omniUser(c, "person000@acme.co").Active {
				c.t.Fatalf("it ended after %d hours\n%s", hour, printed(report))
			}
			if slices.ContainsFunc(report.Notes, func(n string) bool { return strings.Contains(n, "the membership stands") }) {
				if late++; hour < 7*24-1 {
					c.t.Fatalf("overdue after %d hours", hour)
				}
			}
			<-time.After(time.Hour)
		}
		if late != 2 && late != 3 || c.ownerOf("Weekly") != "person001@acme.co" {
			c.t.Errorf("told %d times; the owner is %s", late, c.ownerOf("Weekly"))
		}
		c.omni.EditDocument(secret, func(d *simomni.Document) { d.Viewers = nil })
		c.want(c.run(sync.Full), sync.Done)
		if omniUser(c, "person000@acme.co").Active || c.ownerOf("Of a secret") != "person001@acme.co" {
			c.t.Error("it doesn't end")
		}
	})
}

// Who is assigned again in the midst of it stays, and what has a new owner is told.
func TestAssignedAgainDuringHandover(t *testing.T) {
	c := newCompany(t, handsOver(state.Transfer, state.LeaveAlone))
	c.rules.Candidates = []string{"person001@acme.co"}
	simulatedOn(t, c, func(c *company) {
		ids := c.join(staff(5)...)
		c.want(c.run(sync.Full), sync.Done)
		ann, second := c.omniID("person000@acme.co"), c.omniID("person002@acme.co")
		secret := c.omni.AddDocument(second, "Secret")
		c.omni.EditDocument(secret, func(d *simomni.Document) { d.Viewers = []string{second, ann} })
		c.omni.AddSchedule(ann, "Weekly", "x@acme.co")
		c.omni.PlaceSchedule(simomni.Schedule{Owner: ann, Name: "Of a secret", Dashboard: secret})
		c.okta.Unassign(ids[0])
		c.run(sync.Full)
		c.okta.Assign(ids[0], simokta.AssignOptions{})
		report := c.run(sync.Full)
		c.want(report, sync.Done)
		want := `person000@acme.co: assigned again while what they own was handed over; it stays with its new owners: 1 item (schedule "Weekly") with person001@acme.co`
		if !slices.Contains(report.Notes, want) || len(c.leavers()) > 0 || !omniUser(c, "person000@acme.co").Active {
			c.t.Errorf("told %q, on the way %v", report.Notes, c.leavers())
		}
		c.silent()
	})
}

// Much is handed over in slices, within the allowance, and holds nobody else up.
func TestMuchToHandOver(t *testing.T) {
	c := newCompany(t, handsOver(state.Transfer, state.Transfer))
	c.rules.Candidates = []string{"person001@acme.co"}
	simulatedOn(t, c, func(c *company) {
		ids := c.join(staff(5)...)
		c.want(c.run(sync.Full), sync.Done)
		ann := c.omniID("person000@acme.co")
		for i := range 200 {
			c.omni.AddSchedule(ann, fmt.Sprintf("S%03d", i), "x@acme.co")
		}
		for i := range 300 {
			c.omni.AddDocument(ann, fmt.Sprintf("D%03d", i))
		}
		c.okta.Unassign(ids[0])
		began := time.Now()
		c.join("joiner@acme.co")
		done := make(chan sync.Report, 1)
		go func() { done <- c.run(sync.Full) }()
		<-time.After(30 * time.Second)
		if _, there := c.omni.User("joiner@acme.co"); !there {
			c.t.Error("a joiner waits for the handover")
		}
		report := <-done
		for !slices.ContainsFunc(report.Changes, func(ch state.Change) bool { return ch.State == state.Applied && ch.OktaID == ids[0] }) {
			if time.Since(began) > time.Hour {
				c.t.Fatalf("not over within an hour\n%s", printed(report))
			}
			report = c.run(sync.Full)
		}
		requests, limited := 0, 0
		for _, e := range c.omni.Requests() {
			requests++
			if e.Status == 429 {
				limited++
			}
		}
		c.t.Logf("over after %s, %d requests", time.Since(began), requests)
		if limited > 0 || len(c.omni.Lost()) > 0 {
			c.t.Errorf("%d requests over the limit, lost %d", limited, len(c.omni.Lost()))
		}
	})
}
