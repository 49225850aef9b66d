package sync_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// tied lists the links, a line each, in the order of names.
func (c *company) tied(subject string) string {
	c.t.Helper()
	var lines []string
	err := c.engine.Links(c.t.Context(), subject, func(l sync.Linked) error {
		since := "?"
		if !l.Since.IsZero() {
			since = l.Since.Format("15:04")
		}
		lines = append(lines, strings.Join(strings.Fields(fmt.Sprint(l.UserName, l.Group, " ", l.How, " ", l.By, " ", since)), " "))
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}

// ties says whose account somebody's is, or only looks.
func (c *company) ties(o sync.LinkOrder, want fault.Kind) sync.LinkAnswer {
	c.t.Helper()
	o.By = "eve"
	do := c.engine.Link
	if o.OmniID == "" {
		do = c.engine.Unlink
	}
	answer, err := do(c.t.Context(), o)
	if fault.KindOf(err) != want || (err == nil) != (want == fault.Other) {
		c.t.Fatalf("%+v: %v, want %s", o, err, want)
	}
	return answer
}

// toldOf fails unless the changes are these, as "kind name state".
func toldOf(t *testing.T, what string, changes []state.Change, want ...string) {
	t.Helper()
	var got []string
	for _, c := range changes {
		got = append(got, fmt.Sprintf("%s %s %s", c.Kind, c.UserName+c.Group, c.State))
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// Each link tells how it came to be, and since when; of a record of before that was noted
// the log does, and where it doesn't either, nothing is made up.
func TestLinksTellHowAndSinceWhen(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.omni.AddUser("ada@acme.co", "Ada")
		ids := c.join("ada@acme.co", "bob@acme.co", "cat@acme.co")
		c.push("Sales", ids...)
		c.want(c.run(sync.Full), sync.Done)
		const all = "Sales created 00:00; ada@acme.co adopted 00:00; bob@acme.co created 00:00; cat@acme.co created 00:00"
		if got := c.tied(""); got != all {
			t.Errorf("all: %s", got)
		}
		<-time.After(time.Hour)
		c.okta.UpdateProfile(ids[1], map[string]any{"department": "Law"})
		c.run(sync.Full)
		c.run(sync.Reconcile)
		if got := c.tied(""); got != all {
			t.Errorf("after changes and a reconcile: %s", got)
		}
		for _, name := range []string{"ADA@acme.co", ids[0], c.omniID("ada@acme.co")} {
			if got := c.tied(name); got != "ada@acme.co adopted 00:00" {
				t.Errorf("%s: %s", name, got)
			}
		}
		if got := c.tied("sales"); got != "Sales created 00:00" {
			t.Errorf("the group: %s", got)
		}
		if err := c.engine.Links(c.t.Context(), "dan@acme.co", nil); !fault.Is(err, fault.NotFound) {
			t.Errorf("nobody: %v", err)
		}
		var b state.Batch
		for i, id := range ids[:2] {
			u := c.record(id)
			u.Linked, u.Omni = time.Time{}, u.Omni[:len(u.Omni)-i] // bob's has no line in the log
			state.PutUser(&b, identity.OktaID(id), u)
		}
		if err := c.store.Apply(c.t.Context(), c.fence, b); err != nil {
			t.Fatal(err)
		}
		if got := c.tied(""); got != "Sales created 00:00; ada@acme.co adopted 00:00; bob@acme.co created ?; cat@acme.co created 00:00" {
			t.Errorf("of records of before: %s", got)
		}
	})
}

// Somebody was linked to the wrong one of two accounts. Who mends it sees first what comes
// of it; the account of before stays as it is; the next delta brings the other in line, its
// groups too; what was said is in the log.
func TestLinkByHand(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join("ada@acme.co", "bob@acme.co")
		c.push("Sales", ids...)
		_, _ = c.push("Law", ids[1])
		c.want(c.run(sync.Full), sync.Done)
		c.watch()
		wrong := c.omniID("ada@acme.co")
		right := c.omni.AddUser("ada.lovelace@acme.co", "Countess")
		law := team(c, "Law")
		c.omni.EditGroup(law.ID, "Law", c.omniID("bob@acme.co"), right)
		c.omni.EditUser(wrong, func(u *simomni.User) { u.UserName = "ada.old@acme.co" })
		c.run(sync.Reconcile) // gives the account its name back
		c.omni.EditUser(wrong, func(u *simomni.User) { u.UserName = "ada.old@acme.co" })

		before := c.ledger()
		seen := c.ties(sync.LinkOrder{Subject: "ada@acme.co", OmniID: right, DryRun: true}, fault.Other)
		if seen.Was.OmniID != wrong || seen.Account.UserName != "ada.lovelace@acme.co" || !strings.Contains(seen.Notes[0], "stays as it is and isn't managed any more: it keeps its access") {
			t.Errorf("seen first: %+v %+v", seen.Was, seen)
		}
		toldOf(t, "seen first", seen.Changes, "members Law planned", "members Sales planned", "update ada@acme.co planned")
		if c.ledger() != before {
			t.Error("a dry run has changed the ledger")
		}
		c.omni.ResetLog()
		c.ties(sync.LinkOrder{Subject: "ada@acme.co", OmniID: right}, fault.Other)
		if n := c.omni.Writes(); n != 0 {
			t.Errorf("the link itself wrote %d times", n)
		}
		if u := c.record(ids[0]); u.Link != state.LinkedByHand || u.LinkedBy != "eve" || string(u.Omni) != right || u.UserName != "ada.lovelace@acme.co" {
			t.Errorf("the ledger has %+v", u)
		}
		c.ties(sync.LinkOrder{Subject: "ada@acme.co", OmniID: right}, fault.Conflict)
		w := c.watch()
		toldOf(t, "the next delta", w.Report.Changes, "members Law applied", "members Sales applied", "update ada@acme.co applied")
		if u := omniUser(c, "ada@acme.co"); u.ID != right || fmt.Sprint(u.Groups) != "[Sales]" {
			t.Errorf("the account is %+v", u)
		}
		if u := omniUser(c, "ada.old@acme.co"); !u.Active || fmt.Sprint(u.Groups) != "[Sales]" || u.ID != wrong {
			t.Errorf("the account of before is %+v", u)
		}
		c.silent()
		lines := c.logged()
		if !strings.Contains(strings.Join(lines, "\n"), "link ada@acme.co applied linked by eve to Omni's account "+right+", and to "+wrong+" no more, which stays as it is") {
			t.Errorf("the log: %q", lines)
		}
		if got := c.tied(right); !strings.HasPrefix(got, "ada@acme.co by_hand eve ") {
			t.Errorf("it tells %s", got)
		}
		if x, err := c.engine.Explain(c.t.Context(), "ada@acme.co"); err != nil || !strings.Contains(fmt.Sprint(x), "linked by hand (eve), linked since 2000-01-01T") {
			t.Errorf("explained: %+v, %v", x, err)
		}
	})
}

// An account that holds more than anybody expects is said to; a link by hand leaves values
// alone that Okta has none for, as an adoption does.
func TestLinkByHandWarns(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join("ada@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		admin := c.omni.AddUser("root@acme.co", "Root")
		c.omni.EditUser(admin, func(u *simomni.User) {
			u.OrgAdmin, u.Attributes = true, map[string][]string{"department": {"Vault"}}
		})
		c.omni.AddModelRole(admin, "MODELER")
		c.omni.AddSchedule(admin, "Weekly", "x@acme.co")
		c.okta.UpdateProfile(ids[0], map[string]any{"department": nil})
		c.run(sync.Full)
		notes := strings.Join(c.ties(sync.LinkOrder{Subject: ids[0], OmniID: admin, DryRun: true}, fault.Other).Notes, "\n")
		for _, want := range []string{"ORGANIZATION ADMIN", "MODEL ROLES, which this person gets: MODELER", "owns 1 schedule and 0 documents"} {
			if !strings.Contains(notes, want) {
				t.Errorf("%q isn't said:\n%s", want, notes)
			}
		}
		c.omni.EditUser(c.omniID("ada@acme.co"), func(u *simomni.User) { u.UserName = "ada.old@acme.co" })
		c.ties(sync.LinkOrder{Subject: ids[0], OmniID: admin}, fault.Other)
		c.run(sync.Full)
		if u := omniUser(c, "ada@acme.co"); !u.OrgAdmin || fmt.Sprint(u.Attributes["department"]) != "[Vault]" {
			t.Errorf("the account is %+v", u)
		}
	})
}

// What can't be linked is refused, with the way out, and nothing is changed.
func TestLinkByHandRefuses(t *testing.T) {
	policy := lenient()
	policy.Protected = []string{"svc-*"}
	simulated(t, policy, func(c *company) {
		ids := c.join("ada@acme.co", "bob@acme.co", "cat@acme.co")
		c.ties(sync.LinkOrder{Subject: "ada@acme.co", OmniID: "x"}, fault.Refused) // the ledger is empty
		c.want(c.run(sync.Full), sync.Done)
		c.okta.Unassign(ids[2])
		c.run(sync.Full)
		service, embed := c.omni.AddUser("svc-load@acme.co", "Loader"), c.omni.AddEmbedUser("ada@acme.co", "Ada")
		free := c.omni.AddUser("free@acme.co", "Free")
		before := c.ledger()
		for _, row := range []struct {
			subject, account string
			kind             fault.Kind
			says             string
		}{
			{"ada@acme.co", "6f1f0f9e-0000-4000-8000-000000000099", fault.NotFound, "embed and email-only users"},
			{"ada@acme.co", embed, fault.NotFound, "embed and email-only users"},
			{"ada@acme.co", c.omniID("bob@acme.co"), fault.Refused, "run: syncd unlink " + ids[1]},
			{"ada@acme.co", c.omniID("ada@acme.co"), fault.Conflict, "nothing was done"},
			{"ada@acme.co", service, fault.Refused, `users.protected "svc-*" keeps it from being changed`},
			{"cat@acme.co", free, fault.Refused, "assign them in Okta first"},
			{"free@acme.co", free, fault.Refused, "only an account in Omni"},
			{"nobody@acme.co", free, fault.NotFound, "nobody is known"},
			{" ", free, fault.Refused, "no name is given"},
		} {
			for _, dry := range []bool{true, false} {
				_, err := c.engine.Link(c.t.Context(), sync.LinkOrder{Subject: row.subject, OmniID: row.account, By: "eve", DryRun: dry})
				if !fault.Is(err, row.kind) || !strings.Contains(fmt.Sprint(err, fault.HintOf(err)), row.says) {
					t.Errorf("%s to %s: %v (%s)", row.subject, row.account, err, fault.HintOf(err))
				}
			}
		}
		c.ties(sync.LinkOrder{Subject: "free@acme.co"}, fault.Refused)
		c.ties(sync.LinkOrder{Subject: "nobody@acme.co"}, fault.NotFound)
		if c.ledger() != before {
			t.Error("a refusal has changed the ledger")
		}
		var b state.Batch
		u := c.record(ids[0])
		u.Sent = &state.Change{Kind: "update"}
		state.PutUser(&b, identity.OktaID(ids[0]), u)
		if err := c.store.Apply(c.t.Context(), c.fence, b); err != nil {
			t.Fatal(err)
		}
		c.ties(sync.LinkOrder{Subject: "ada@acme.co", OmniID: free}, fault.Refused)
		c.ties(sync.LinkOrder{Subject: "ada@acme.co"}, fault.Refused)
	})
}
