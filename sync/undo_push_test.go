package sync_test

import (
	"slices"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// What Okta pushed is undone too. What it pushes of it again it is asked to bring later, and
// what takes access away is done.
func TestUndoOfAPush(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		p := c.withPush(false)
		defer p.stop()
		var ids []string
		for i := range 4 {
			ids = append(ids, p.enrolled(newcomer(i)).ID)
		}
		group := p.gathered("Sales", ids[0])
		<-time.After(time.Hour)
		before := snapshot(c)
		p.altered(ids[1], func(u *identity.PushedUser) { u.DisplayName = "Somebody Else" })
		if err := p.edits(group, identity.MemberEdit{IDs: []string{ids[2]}}); err != nil {
			c.t.Fatal(err)
		}
		lines, err := c.engine.History(c.t.Context(), sync.HistoryFilter{Since: time.Now().Add(-time.Minute), State: state.Applied})
		if err != nil || len(lines) != 2 {
			c.t.Fatalf("%+v, %v", lines, err)
		}
		<-time.After(10 * time.Minute)
		for _, line := range lines {
			c.want(c.undo(line.Run), sync.Done)
		}
		if got := snapshot(c); got != before {
			c.t.Fatalf("Omni had\n%s\nand has\n%s", before, got)
		}
		if err := p.tried(ids[1], func(u *identity.PushedUser) { u.DisplayName = "Another" }); !fault.Is(err, fault.Limited) {
			c.t.Errorf("a change of who was brought back is answered %v", err)
		}
		if err := p.edits(group, identity.MemberEdit{IDs: []string{ids[3]}}); !fault.Is(err, fault.Limited) {
			c.t.Errorf("a member of a group that was brought back is answered %v", err)
		}
		<-time.After(time.Hour)
		if got := snapshot(c); got != before {
			c.t.Fatalf("it isn't kept: Omni had\n%s\nand has\n%s", before, got)
		}
		err = p.edits(group, identity.MemberEdit{Remove: true, IDs: []string{ids[0]}}, identity.MemberEdit{IDs: []string{ids[3]}})
		if got := c.teamOf("Sales"); !fault.Is(err, fault.Limited) || len(got) != 0 {
			c.t.Errorf("who leaves together with somebody who waits is answered %v; Sales has %v", err, got)
		}
		if err := p.without(group, ids[0]); err != nil {
			c.t.Errorf("who leaves the group is answered %v", err)
		}
		p.altered(ids[1], func(u *identity.PushedUser) { u.Active = false })
		<-time.After(time.Hour)
		if got := c.teamOf("Sales"); len(got) != 0 || active(c) != 3 {
			c.t.Errorf("Sales has %v: %s", got, snapshot(c))
		}
		for _, line := range slices.Backward(lines) {
			c.pass(sync.Request{Kind: sync.Undo, Subject: line.Run, LetGo: true, By: "ben", Cause: sync.CauseCommand})
		}
		<-time.After(time.Hour)
		if n := len(c.status().Undone); n != 0 {
			c.t.Errorf("%d runs are undone still", n)
		}
	})
}
