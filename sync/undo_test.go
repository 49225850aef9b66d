package sync_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/archive"
	"github.com/omnisync/omnisync/sync"
)

// undo undoes a run.
func (c *company) undo(run string) sync.Report {
	c.t.Helper()
	return c.pass(sync.Request{Kind: sync.Undo, Subject: run, By: "ann", Cause: sync.CauseCommand})
}

// rule says what becomes of what a run holds, or of some of it.
func (c *company) rule(run string, d state.Decision, only ...string) {
	c.t.Helper()
	if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: run, Decision: d, By: "ben", Only: only}); err != nil {
		c.t.Fatal(err)
	}
}

// mistake10 is a company of ten whose Okta was spoilt, and the run that followed it.
func mistake10(c *company) (ids []string, sales, board string, before string, run sync.Report) {
	ids = c.join(staff(10)...)
	sales, _ = c.push("Sales", ids[:5]...)
	board, _ = c.push("Board", ids[9])
	c.want(c.run(sync.Full), sync.Done)
	<-time.After(time.Hour)
	before = snapshot(c)
	c.okta.AddMembers(board, ids[1], ids[2])
	c.okta.RemoveMember(sales, ids[3])
	c.okta.UpdateProfile(ids[4], map[string]any{"department": "Board"})
	c.okta.SetUserName(ids[5], "other@acme.co")
	c.okta.RenameGroup(sales, "Selling")
	c.okta.Unassign(ids[0])
	run = c.run(sync.Full)
	c.want(run, sync.Done)
	return ids, sales, board, before, run
}

// What a run did is undone, and what Okta asks for again waits, until somebody lets go.
func TestUndoBringsBack(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		_, _, _, before, run := mistake10(c)
		spoilt := snapshot(c)
		<-time.After(time.Minute)
		dry := c.pass(sync.Request{Kind: sync.Undo, Subject: run.Run, By: "ann", Cause: sync.CauseCommand, DryRun: true})
		if got := snapshot(c); got != spoilt || dry.Counts[string(state.Planned)] == 0 {
			c.t.Fatalf("a dry run writes, or plans nothing:\n%s", printed(dry))
		}
		undone := c.undo(run.Run)
		c.want(undone, sync.Done)
		if got := snapshot(c); got != before {
			c.t.Fatalf("Omni had\n%s\nand has\n%s\n%s", before, got, printed(undone))
		}
		for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile, sync.Full} {
			c.omni.ResetLog()
			r := c.run(kind)
			if n := c.omni.Writes(); n != 0 {
				c.t.Fatalf("a %s run after it wrote %d times\n%s", kind, n, printed(r))
			}
			c.want(r, sync.Holding)
			held := 0
			for _, ch := range r.Changes {
				if ch.State == state.Held && strings.Contains(ch.Reason, "kept as it was before run "+run.Run+", which ann undid") {
					held++
				}
			}
			if held != 6 { // Board and Sales with their members, the name of Sales, three people
				c.t.Fatalf("%d changes wait\n%s", held, printed(r))
			}
		}
		gone := c.pass(sync.Request{Kind: sync.Undo, Subject: run.Run, LetGo: true, By: "ben", Cause: sync.CauseCommand})
		c.want(gone, sync.Done)
		if got := snapshot(c); got != spoilt {
			c.t.Fatalf("let go of, Omni has\n%s\nnot\n%s\n%s", got, spoilt, printed(gone))
		}
		c.silent()
		lines, err := c.engine.History(c.t.Context(), sync.HistoryFilter{Kind: string(sync.LetGo)})
		if err != nil || len(lines) != 5 || lines[0].Run != gone.Run || !strings.Contains(lines[0].Reason, "let go by ben; run "+run.Run+" had been undone by ann") {
			c.t.Fatalf("%d lines, %v: %+v", len(lines), err, lines)
		}
		if _, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.Undo, Subject: run.Run, LetGo: true}); !fault.Is(err, fault.NotFound) {
			c.t.Fatal(err)
		}
	})
}

// What is kept isn't in the way of removals that Okta asks for later.
func TestUndoneRemovalsAskedForLater(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids, sales, board, _, run := mistake10(c)
		c.undo(run.Run)
		later := func(why string, gone func() bool, do ...func()) {
			for _, f := range do {
				f()
				<-time.After(time.Minute)
				c.run(sync.Full)
			}
			if !gone() {
				c.t.Fatalf("%s: it stays: %s", why, snapshot(c))
			}
		}
		inactive := func(name string) func() bool { return func() bool { return !omniUser(c, name).Active } }
		without := func(group, name string) func() bool {
			return func() bool { return !slices.Contains(c.teamOf(group), name) }
		}
		if inactive("person000@acme.co")() || without("Sales", "person003@acme.co")() {
			c.t.Fatal(snapshot(c))
		}
		later("who was renamed is unassigned", inactive("person005@acme.co"), func() { c.okta.Unassign(ids[5]) })
		later("a member of a group that is kept leaves it", without("Sales", "person002@acme.co"), func() { c.okta.RemoveMember(sales, ids[2]) })
		later("who was taken out is put in, and taken out once more", without("Sales", "person003@acme.co"),
			func() { c.okta.AddMembers(sales, ids[3]) }, func() { c.okta.RemoveMember(sales, ids[3]) })
		later("whose membership ended is assigned, and unassigned once more", inactive("person000@acme.co"),
			func() { c.okta.Assign(ids[0], simokta.AssignOptions{}) }, func() { c.okta.Unassign(ids[0]) })
		later("the group is no longer pushed", func() bool { return true }, func() { c.okta.DeleteGroup(board) })
		for _, ch := range c.run(sync.Full).Changes {
			if ch.Group == "Board" {
				c.t.Errorf("Board is released, and still kept: %+v", ch)
			}
		}
	})
}

// A membership that an undo brought back ends when the Okta account does.
func TestUndoneOutlivesNoAccount(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids, _, _, _, run := mistake10(c)
		c.undo(run.Run)
		c.want(c.run(sync.Full), sync.Holding)
		c.okta.SetStatus(ids[0], "DEPROVISIONED")
		<-time.After(time.Minute)
		c.run(sync.Full)
		if omniUser(c, "person000@acme.co").Active {
			c.t.Fatal("who is deactivated in Okta keeps the membership")
		}
	})
}

// The undo's own removals are guarded, and what waits after it is decided one by one.
func TestUndoIsGuarded(t *testing.T) {
	p := lenient()
	p.Guard.MemberRemovals = sync.Limit{Count: 1, Percent: 100}
	simulated(t, p, func(c *company) {
		ids := c.join(staff(10)...)
		board, _ := c.push("Board", ids[0])
		c.want(c.run(sync.Full), sync.Done)
		c.okta.AddMembers(board, ids[1:4]...)
		c.okta.UpdateProfile(ids[9], map[string]any{"department": "Board"})
		run := c.run(sync.Full)
		undone := c.undo(run.Run)
		c.want(undone, sync.Holding)
		if got := c.teamOf("Board"); len(got) != 4 || omniUser(c, "person009@acme.co").Attributes["department"][0] != "Sales" {
			c.t.Fatal(got, printed(undone))
		}
		c.okta.AddMembers(board, ids[8])
		<-time.After(time.Minute)
		c.want(c.run(sync.Full), sync.Holding) // it goes on waiting, although the group is read anew
		c.rule(undone.Run, state.Approved)
		next := c.run(sync.Full)
		if got := c.teamOf("Board"); len(got) != 1 {
			c.t.Fatalf("approved, Board has %v\n%s", got, printed(next))
		}
		next = c.run(sync.Full)
		c.want(next, sync.Holding)
		waits := func(name string) (run string) { // that showed what waits about somebody
			for _, r := range c.status().Held {
				for _, ch := range r.Changes {
					if ch.UserName == name || ch.Group == "Board" && slices.Contains(ch.After.Members, name) {
						run = r.Run
					}
				}
			}
			return run
		}
		c.rule(waits("person001@acme.co"), state.Approved, "person001@acme.co")
		c.rule(waits("person002@acme.co"), state.Rejected, "person002@acme.co")
		c.run(sync.Full)
		<-time.After(25 * time.Hour) // the approval is over, and was acted upon
		c.run(sync.Full)
		if got := c.teamOf("Board"); !slices.Equal(got, []string{"person000@acme.co", "person001@acme.co"}) {
			c.t.Fatalf("Board has %v", got)
		}
		c.rule(waits("person009@acme.co"), state.Approved, "person009@acme.co")
		c.run(sync.Full)
		if got := omniUser(c, "person009@acme.co").Attributes["department"][0]; got != "Board" {
			c.t.Fatalf("let go of, the department is %s", got)
		}
		if s := c.status(); len(s.Undone) != 1 || len(s.Undone[0].Users) != 0 || !slices.Equal(s.Undone[0].Groups, []string{"Board"}) || s.Undone[0].By != "ann" {
			c.t.Fatalf("%+v", s.Undone)
		}
	})
}

// What can't be undone is named, each with why, and what was changed since stays.
func TestUndoNamesWhatStays(t *testing.T) {
	p := lenient()
	p.OnUnpush = "delete"
	simulated(t, p, func(c *company) {
		ids := c.join(staff(6)...)
		_, old := c.push("Old", ids[0])
		c.want(c.run(sync.Full), sync.Done)
		c.omni.AddUser("found@acme.co", "Found")
		c.join("found@acme.co", "new@acme.co")
		c.push("New", ids[1], ids[2])
		c.okta.Unpush(old)
		c.okta.UpdateProfile(ids[3], map[string]any{"department": "Board"})
		run := c.run(sync.Full)
		c.want(run, sync.Done)
		c.okta.UpdateProfile(ids[3], map[string]any{"department": "Legal"})
		c.want(c.run(sync.Full), sync.Done)
		undone := c.undo(run.Run)
		why := map[string]string{}
		for _, ch := range undone.Changes {
			if ch.State == state.Kept {
				why[ch.Kind+" "+ch.UserName+ch.Group] = ch.Reason
			}
		}
		for what, want := range map[string]string{
			"create new@acme.co":       "deletes and deactivates nobody",
			"adopt found@acme.co":      "the account stays linked, and active",
			"create New":               "deletes no group",
			"delete Old":               "Omni has deleted the group",
			"update person003@acme.co": "department was changed since",
		} {
			if got := why[what]; !strings.HasPrefix(got, "not undone: ") || !strings.Contains(got, want) {
				c.t.Errorf("%s is told as %q, want %q\n%s", what, got, want, printed(undone))
			}
		}
		if got := c.teamOf("New"); len(got) != 0 || omniUser(c, "found@acme.co").DisplayName != "Found" || active(c) != 8 {
			c.t.Errorf("New has %v: %s", got, snapshot(c))
		}
	})
}

// What is kept comes back from the archive with the ledger, also that it was let go of.
func TestUndoneOutlivesTheLedger(t *testing.T) {
	for _, letGo := range []bool{false, true} {
		c := newCompany(t, lenient())
		kept, err := archive.Open(t.TempDir(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = kept.Close() })
		c.archive = kept
		simulatedOn(t, c, func(c *company) {
			_, _, _, before, run := mistake10(c)
			c.undo(run.Run)
			if letGo {
				c.pass(sync.Request{Kind: sync.Undo, Subject: run.Run, LetGo: true, By: "ben", Cause: sync.CauseCommand})
				before = snapshot(c)
			}
			c.store, c.fence = embedded(c.t), ""
			c.start()
			<-time.After(time.Hour)
			for range 2 {
				c.run(sync.Reconcile)
				if got := snapshot(c); got != before {
					c.t.Fatalf("let go of: %t; Omni had\n%s\nand has\n%s", letGo, before, got)
				}
			}
			if n := len(c.status().Undone); (n == 0) != letGo {
				c.t.Fatalf("let go of: %t; %d runs are undone", letGo, n)
			}
		})
	}
}

// Whoever is forgotten is kept as they were no longer.
func TestUndoneIsForgotten(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids, _, _, _, run := mistake10(c)
		c.undo(run.Run)
		c.okta.Unassign(ids[5])
		<-time.After(time.Minute)
		c.run(sync.Full)
		if _, err := c.engine.Forget(c.t.Context(), sync.Forgetting{Subject: "person005@acme.co", By: "ben"}); err != nil {
			c.t.Fatal(err)
		}
		for e, err := range c.store.Scan(c.t.Context(), state.Undoes) {
			if err != nil || strings.Contains(string(e.Value), "person005") || strings.Contains(string(e.Value), "other@") {
				c.t.Fatalf("%s, %v", e.Value, err)
			}
		}
	})
}
