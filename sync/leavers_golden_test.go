package sync_test

import (
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// wayOut has the ledger say that Ann, who was just unassigned, is on the way out.
func (c *company) wayOut(make func(*state.Leaver)) string {
	c.t.Helper()
	id, _, _ := c.settled()
	c.okta.Unassign(id)
	c.policy.Grace = time.Hour
	c.start()
	c.run(sync.Full)
	<-time.After(2 * time.Hour)
	c.policy.Grace = 0
	c.start()
	now := time.Now()
	rec := state.Leaver{Okta: identity.OktaID(id), Omni: identity.OmniID(omniUser(c, ann).ID), UserName: ann, Began: now.Add(-2 * time.Hour),
		Step: state.InHandover, Since: now.Add(-time.Hour), Read: now.Add(-time.Hour), Run: "20000101-000000-aaaaaa",
		Policy: state.Handover{Schedules: state.Transfer, Documents: state.Transfer, Within: 7 * 24 * time.Hour},
		Items: []state.Item{
			{Kind: state.Schedule, ID: "s1", Name: "Weekly numbers", Detail: "Sales dashboard, Mondays", Recipients: 4, State: state.ItemTransferred, To: bob, At: now},
			{Kind: state.Document, ID: "d1", Name: "Forecast", State: state.ItemWaiting},
		}}
	make(&rec)
	var b state.Batch
	state.Put(&b, state.Leavers, id, rec)
	if err := c.store.Apply(c.t.Context(), c.fence, b); err != nil {
		c.t.Fatal(err)
	}
	return ann
}

// waysOut are about those whose record tells how far they are.
func waysOut() []situation {
	return []situation{
		{name: "leaver, refused by all", mention: []string{`nobody can take over schedule "Daily"`, "bob@acme.co: may not see the dashboard", "personal access tokens", "deprovision.handover.to"}, play: func(c *company) string {
			return c.wayOut(func(l *state.Leaver) {
				l.Items = append(l.Items, state.Item{Kind: state.Schedule, ID: "s2", Name: "Daily", Recipients: 1, State: state.ItemRefused, Saved: true,
					Tried: []state.Tried{{To: bob, Why: "may not see the dashboard"}}})
			})
		}},
		{name: "leaver, saved", mention: []string{"1 saved"}, play: func(c *company) string {
			return c.wayOut(func(l *state.Leaver) {
				l.Step, l.Policy = state.AtConfirm, state.Handover{Schedules: state.Save, Documents: state.LeaveAlone}
				l.Items = []state.Item{{Kind: state.Schedule, ID: "s1", Name: "Weekly numbers", Recipients: 4, State: state.ItemSaved, Saved: true}}
			})
		}},
		{name: "leaver, tried again later", mention: []string{"Omni answered 503", "it is tried again at"}, play: func(c *company) string {
			return c.wayOut(func(l *state.Leaver) {
				l.Error, l.Attempts, l.Next = "Omni answered 503", 2, time.Now().Add(time.Hour)
			})
		}},
		{name: "leaver, overdue", mention: []string{"deprovision.handover.within", "nobody named may take over"}, play: func(c *company) string {
			return c.wayOut(func(l *state.Leaver) {
				l.Policy.Within, l.Reason, l.Alerted = 30*time.Minute, "nobody named may take over", time.Now()
			})
		}},
		{name: "leaver, not read yet", mention: []string{"what they own is to be read"}, play: func(c *company) string {
			return c.wayOut(func(l *state.Leaver) {
				l.Step, l.Read, l.Items, l.Error, l.Next = state.AtReading, time.Time{}, nil, "Omni answered 500", time.Now().Add(time.Minute)
			})
		}},
	}
}

// What is told of somebody on the way out, before anything is done about it.
func TestLeaverGolden(t *testing.T) {
	for _, s := range waysOut() {
		t.Run(s.name, func(t *testing.T) {
			policy := defaults()
			policy.Grace = 0
			simulatedOn(t, newCompany(t, policy), func(c *company) {
				var b strings.Builder
				subject := s.play(c)
				c.explains(&b, subject)
				b.WriteString("\n$ syncd user " + subject + " --dry-run\n")
				r, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.User, Subject: subject, DryRun: true, Insist: true, Cause: "command"})
				writeRun(&b, r, err)
				compared(t, s.name, unnamed(b.String()))
				s.tellsEnough(t, b.String())
			})
		})
	}
}
