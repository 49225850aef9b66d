package sync_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/state/archive"
	"github.com/omnisync/omnisync/sync"
)

// Who lost the Okta account since isn't brought back, and it is said.
func TestUndoRevivesNobodyWithoutAccount(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids, _, _, _, run := mistake10(c)
		c.okta.SetStatus(ids[0], "DEPROVISIONED")
		undone := c.undo(run.Run)
		if omniUser(c, "person000@acme.co").Active || !strings.Contains(printed(undone), "not undone: their Okta account is deprovisioned") {
			c.t.Fatalf("%s\n%s", snapshot(c), printed(undone))
		}
	})
}

// A newcomer under somebody's former address gets nothing that was taken from the other.
func TestUndoIsAboutWhoItWas(t *testing.T) {
	p := lenient()
	p.OnRecycled = "adopt"
	simulated(t, p, func(c *company) {
		ids := c.join(staff(3)...)
		board, _ := c.push("Board", ids[0], ids[1])
		c.okta.UpdateProfile(ids[0], map[string]any{"department": "Board"})
		c.want(c.run(sync.Full), sync.Done)
		c.okta.RemoveMember(board, ids[0])
		out := c.run(sync.Full)
		c.okta.Unassign(ids[0])
		<-time.After(time.Minute)
		c.run(sync.Full)
		c.okta.Delete(ids[0])
		c.join("person000@acme.co")
		<-time.After(time.Minute)
		takeover := c.run(sync.Full)
		for _, run := range []string{out.Run, takeover.Run} {
			undone := c.undo(run)
			if slices.Contains(c.teamOf("Board"), "person000@acme.co") || omniUser(c, "person000@acme.co").Attributes["department"][0] != "Sales" {
				c.t.Fatalf("%s\n%s%s", snapshot(c), printed(takeover), printed(undone))
			}
		}
	})
}

// Of two undos of one object each is let go of by itself, and the object with the last.
func TestTwoUndosOfOne(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join(staff(4)...)
		c.want(c.run(sync.Full), sync.Done)
		spoils := func(id, department string) string {
			c.okta.UpdateProfile(id, map[string]any{"department": department})
			<-time.After(time.Minute)
			return c.run(sync.Full).Run
		}
		first, second := spoils(ids[0], "Board"), spoils(ids[0], "Legal")
		c.undo(second)
		c.undo(first)
		is := func(want string) {
			c.t.Helper()
			c.run(sync.Full)
			if got := omniUser(c, "person000@acme.co").Attributes["department"][0]; got != want {
				c.t.Fatalf("the department is %s, not %s; %+v", got, want, c.status().Undone)
			}
		}
		is("Sales")
		c.pass(sync.Request{Kind: sync.Undo, Subject: first, LetGo: true, By: "ben", Cause: sync.CauseCommand})
		is("Sales")
		c.pass(sync.Request{Kind: sync.Undo, Subject: second, LetGo: true, By: "ben", Cause: sync.CauseCommand})
		is("Legal")
	})
}

// After the loss of the ledger whoever is kept is linked again, and leaves as anybody; a
// group that is made anew lets nobody in who waits.
func TestUndoneAreLinkedAgain(t *testing.T) {
	c := newCompany(t, lenient())
	kept, err := archive.Open(t.TempDir(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	c.archive = kept
	simulatedOn(t, c, func(c *company) {
		ids, _, _, _, run := mistake10(c)
		c.undo(run.Run)
		c.store, c.fence = embedded(c.t), ""
		c.start()
		<-time.After(time.Hour)
		c.run(sync.Reconcile)
		c.okta.Unassign(ids[4])
		c.okta.Unassign(ids[5])
		<-time.After(time.Hour)
		c.run(sync.Full)
		if omniUser(c, "person004@acme.co").Active || omniUser(c, "person005@acme.co").Active {
			c.t.Fatalf("who left stays: %s", snapshot(c))
		}
		c.omni.RemoveGroup(team(c, "Board").ID)
		<-time.After(time.Hour)
		c.run(sync.Reconcile)
		c.run(sync.Full)
		if got := c.teamOf("Board"); !slices.Equal(got, []string{"person009@acme.co"}) {
			c.t.Fatalf("Board has %v", got)
		}
	})
}

// Whoever is kept as before a run is so no longer once the ledger is bound to another Omni,
// where that run did nothing; a link by hand ends it of the person too.
func TestUndoneEndsWithTheLink(t *testing.T) {
	c, next := newCompany(t, lenient()), newCompany(t, lenient())
	simulatedOn(t, c, func(c *company) {
		c.archived()
		ids := c.join("ada@acme.co", "bob@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		for _, id := range ids {
			c.okta.UpdateProfile(id, map[string]any{"department": "Board"})
		}
		<-time.After(time.Hour)
		c.undo(c.run(sync.Full).Run)
		if _, err := c.engine.Unlink(c.t.Context(), sync.LinkOrder{Subject: "bob@acme.co", By: "eve"}); err != nil {
			c.t.Fatal(err)
		}
		if u := c.status().Undone; len(u) != 1 || !slices.Equal(u[0].Users, []string{"ada@acme.co"}) {
			c.t.Fatalf("unlinked, and kept still: %+v", u)
		}
		c.omni, c.target = next.omni, next.target
		next.omni.AddUser("ada@acme.co", "Ada")
		c.moved(sync.Identity{Name: "acme", Org: "http://127.0.0.1", App: c.okta.ID(), Omni: "http://other"})
		c.rebinds(false)
		c.run(sync.Reconcile)
		c.run(sync.Full)
		if got := omniUser(c, "ada@acme.co").Attributes["department"]; len(c.status().Undone) != 0 || !slices.Equal(got, []string{"Board"}) {
			c.t.Fatalf("bound to another Omni, the department is %v, and kept is %+v", got, c.status().Undone)
		}
	})
}
