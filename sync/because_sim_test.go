package sync_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

var clock = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`)

// branch is a company of 60: half of them assigned by hand, half by the group Access, in
// which a rule has them. All are in the pushed group Sales, the second half by a rule too.
type branch struct {
	*company
	byHand, byGroup    []string
	access, sales      string
	mapping            string
	accessRule, places string
}

func founded(c *company) *branch {
	b := &branch{company: c}
	names := staff(60)
	b.byHand = c.join(names[:30]...)
	b.access = c.okta.AddGroup("Access", "")
	for _, name := range names[30:] {
		b.byGroup = append(b.byGroup, c.okta.AddUser(simokta.User{Login: name, Email: name, FirstName: "First", LastName: name,
			Profile: map[string]any{"department": "Sales", "region": "EMEA"}}))
	}
	c.okta.AssignGroup(b.access)
	b.accessRule = c.okta.AddRule("Region", b.access, "region", "EMEA")
	b.sales, b.mapping = c.push("Sales", b.byHand...)
	b.places = c.okta.AddRule("Sales people", b.sales, "department", "Sales")
	<-time.After(time.Hour)
	c.want(c.run(sync.Full), sync.Done)
	c.converged()
	<-time.After(time.Hour)
	return b
}

// bob is an admin, besides Ada.
func (b *branch) bob(do func()) {
	b.okta.As(simokta.Target{Type: "User", ID: "00u1simbob0000000001", AlternateID: "bob@acme.co", DisplayName: "Bob"}, do)
}

func each(ids []string, do func(id string)) {
	for _, id := range ids {
		do(id)
		<-time.After(time.Second)
	}
}

var played = []struct {
	name string
	do   func(b *branch)
	want string // with T for each time
	lone string // where no event names the act that it belongs to; "" is as want
}{
	{"by hand", func(b *branch) { b.bob(func() { each(b.byHand[:20], func(id string) { b.okta.Unassign(id) }) }) },
		"20 of 20 were unassigned from the app within 19 s from T, by Bob (bob@acme.co)", ""},
	{"import, rule, group", func(b *branch) {
		i := b.okta.Import("Workday")
		each(b.byGroup[:20], func(id string) { i.Update(id, map[string]any{"region": "APAC"}) })
		i.End()
	}, "20 of 20 left group Access within 19 s from T, by rule RULE, after an import from Workday",
		"20 of 20 left group Access within 19 s from T, by rule RULE, during an import from Workday"},
	{"a script changes profiles", func(b *branch) {
		b.okta.As(simokta.Target{Type: "PublicClientApp", ID: "0oa1simterraform0001", AlternateID: "unknown", DisplayName: "Terraform"}, func() {
			each(b.byGroup[:20], func(id string) { b.okta.UpdateProfile(id, map[string]any{"region": "APAC"}) })
		})
	}, "20 of 20 left group Access within 19 s from T, by rule RULE, after Terraform changed the profile", ""},
	{"an import empties a field", func(b *branch) {
		i := b.okta.Import("Workday")
		each(b.byHand[:20], func(id string) { i.Update(id, map[string]any{"department": nil}) })
		i.End()
	}, "20 of 20 lost the value as the profile changed within 19 s from T, by an import from Workday",
		"20 of 20 lost the value as the profile changed within 19 s from T, during an import from Workday"},
	{"rule", func(b *branch) { b.bob(func() { b.okta.EditRule(b.accessRule, "LATAM") }) },
		"30 of 30 left group Access at T, by rule Region, after Bob (bob@acme.co) changed the rule", ""},
	{"group unassigned", func(b *branch) { b.bob(func() { b.okta.UnassignGroup(b.access) }) },
		"30 of 30 went at T because group Access was unassigned from the app, by Bob (bob@acme.co)",
		"30 of 30 were unassigned by Okta itself at T, shortly after group Access was unassigned from the app, by Bob (bob@acme.co)"},
	{"group deleted", func(b *branch) { b.bob(func() { b.okta.DeleteGroup(b.access) }) },
		"30 of 30 went at T because group Access was deleted in Okta, by Bob (bob@acme.co)",
		"30 of 30 were unassigned by Okta itself at T, shortly after group Access was deleted in Okta, by Bob (bob@acme.co)"},
	{"accounts", func(b *branch) {
		i := b.okta.Import("Workday")
		each(b.byHand[:10], func(id string) { i.Deactivate(id) })
		i.End()
		b.bob(func() { each(b.byGroup[:5], func(id string) { b.okta.SetStatus(id, "DEPROVISIONED") }) })
	}, "10 of 15 were deactivated or deleted in Okta within 9 s from T, by an import from Workday\n" +
		"5 of 15 were deactivated or deleted in Okta within 4 s from T, by Bob (bob@acme.co)",
		"10 of 15 were deactivated or deleted in Okta within 9 s from T, during an import from Workday\n" +
			"5 of 15 were deactivated or deleted in Okta within 4 s from T, by Bob (bob@acme.co)"},
	{"scope", func(b *branch) {
		b.bob(func() {
			each(b.byHand[:20], func(id string) { b.okta.UpdateProfile(id, map[string]any{"department": "Outside"}) })
		})
	}, "20 of 20 fell out of users.scope as the profile changed within 19 s from T, by Bob (bob@acme.co)", ""},
	{"members", func(b *branch) {
		b.bob(func() { each(b.byHand[:20], func(id string) { b.okta.RemoveMember(b.sales, id) }) })
	}, "20 of 20 left group Sales within 19 s from T, by Bob (bob@acme.co)", ""},
	{"pushed group", func(b *branch) {
		_, m := b.push("Ops", b.byHand...)
		b.want(b.run(sync.Full), sync.Done)
		b.bob(func() { b.okta.Unpush(m); b.okta.Unpush(b.mapping) })
	}, "2 of 2 were taken out of Push Groups at T, by Bob (bob@acme.co)", ""},
	{"not told", func(b *branch) {
		b.okta.SetKnobs(func(k *simokta.Knobs) { k.Quiet = true })
		each(b.byHand[:20], func(id string) { b.okta.Unassign(id) })
	}, "20 of 20: the cause isn't known: Okta's System Log doesn't tell it", ""},
}

func held() sync.Policy {
	p := defaults()
	p.OnUnpush = "delete"
	p.Guard.MemberRemovals = sync.Limit{Count: 5, Percent: 100}
	return p
}

// Whatever Okta's cascade was, what is held names its cause: in the run's report, in the
// status, after a restart, and with or without events that name the act they belong to.
func TestHeldNamesItsCause(t *testing.T) {
	for _, row := range played {
		for _, lone := range []bool{false, true} {
			t.Run(row.name+map[bool]string{true: ", alone"}[lone], func(t *testing.T) {
				c := newCompany(t, held())
				c.rules.Scope = `user.department != "Outside"`
				simulatedOn(t, c, func(c *company) {
					c.okta.SetKnobs(func(k *simokta.Knobs) { k.LoneEvents = lone })
					b := founded(c)
					for range 5 {
						c.okta.Noise()
					}
					row.do(b)
					<-time.After(time.Minute)
					want := strings.ReplaceAll(row.want, "RULE", b.accessRule)
					if lone && row.lone != "" {
						want = strings.ReplaceAll(row.lone, "RULE", b.accessRule)
					}
					dry := c.pass(sync.Request{Kind: sync.Full, DryRun: true})
					report := c.run(sync.Full)
					c.want(report, sync.Holding)
					c.start()
					for where, got := range map[string][]string{"dry run": dry.Because, "report": report.Because, "status": c.because()} {
						if text := clock.ReplaceAllString(strings.Join(got, "\n"), "T"); text != want {
							t.Errorf("%s:\n%s\nwant:\n%s", where, text, want)
						}
					}
				})
			})
		}
	}
}

// because gathers what the status tells of what is held.
func (c *company) because() []string {
	c.t.Helper()
	s, err := c.engine.Status(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	var all []string
	for _, run := range s.Held {
		all = append(all, run.Because...)
	}
	return all
}

// logAsked counts the requests to the System Log since the last time.
func (c *company) logAsked() int {
	n := 0
	for _, r := range c.oktaAsked.All() {
		if strings.HasPrefix(r.Path, "/api/v1/logs") {
			n++
		}
	}
	c.oktaAsked.Reset()
	return n
}

// The log is asked once a wave, and not at all where nothing is newly held; what it didn't
// tell is asked for once more, since events may come late.
func TestCausesCostNothingElse(t *testing.T) {
	simulated(t, held(), func(c *company) {
		b := founded(c)
		runs := func(what string, want int) {
			t.Helper()
			c.run(sync.Full)
			if n := c.logAsked(); n != want {
				t.Errorf("%s: the log was asked %d times, want %d", what, n, want)
			}
			<-time.After(time.Hour)
		}
		c.logAsked()
		runs("nothing is held", 0)
		each(b.byHand[:1], func(id string) { c.okta.Unassign(id) })
		runs("one goes unasked", 0)
		each(b.byHand[1:11], func(id string) { c.okta.Unassign(id) })
		runs("a wave", 1)
		runs("it goes on waiting", 0)
		each(b.byHand[11:21], func(id string) { c.okta.Unassign(id) })
		runs("a second wave", 1)
		c.okta.SetKnobs(func(k *simokta.Knobs) { k.LogLag = 10 * time.Minute })
		each(b.byHand[21:25], func(id string) { c.okta.Unassign(id) })
		runs("a third, of which the log tells late", 1)
		if got := strings.Join(c.because(), "\n"); !strings.Contains(got, "4 of 4: the cause isn't known: Okta's System Log doesn't tell it") {
			t.Error(got)
		}
		runs("once more", 1)
		if got := strings.Join(c.because(), "\n"); !strings.Contains(got, "4 of 4 were unassigned from the app") {
			t.Error(got)
		}
		runs("and no more", 0)
		c.okta.SetKnobs(func(k *simokta.Knobs) { k.Quiet = true })
		each(b.byHand[25:29], func(id string) { c.okta.Unassign(id) })
		runs("a fourth, of which it never tells", 1)
		runs("once more", 1)
		runs("and no more", 0)
	})
}

// A log that can't be read fails no run.
func TestCausesWithoutALog(t *testing.T) {
	simulated(t, held(), func(c *company) {
		b := founded(c)
		each(b.byHand[:10], func(id string) { c.okta.Unassign(id) })
		c.okta.SetKnobs(func(k *simokta.Knobs) { k.Denied, k.DeniedPath = simokta.DeniedError, "/api/v1/logs" })
		report := c.run(sync.Full)
		c.want(report, sync.Holding)
		if len(report.Because) != 1 || !strings.HasPrefix(report.Because[0], "10 of 10: the cause isn't known: Okta's System Log could not be read: ") {
			t.Error(report.Because)
		}
	})
}

// Where Okta doesn't tell which groups assign the app, none is blamed.
func TestCausesWithoutTheAppsGroups(t *testing.T) {
	simulated(t, held(), func(c *company) {
		b := founded(c)
		b.bob(func() { c.okta.EditRule(b.accessRule, "LATAM") })
		c.okta.SetKnobs(func(k *simokta.Knobs) { k.Denied, k.DeniedPath = simokta.DeniedError, "/api/v1/apps/*/groups" })
		report := c.run(sync.Full)
		if len(report.Because) != 1 || !strings.HasPrefix(report.Because[0], "30 of 30: the cause isn't known: which groups assign the app could not be read: ") {
			c.t.Error(report.Because)
		}
	})
}

// What a decision or a return leaves of a wave is counted anew.
func TestCausesOfWhatStillStands(t *testing.T) {
	simulated(t, held(), func(c *company) {
		b := founded(c)
		b.bob(func() { each(b.byHand[:10], func(id string) { c.okta.Unassign(id) }) })
		c.want(c.run(sync.Full), sync.Holding)
		each(b.byHand[:4], func(id string) { c.okta.Assign(id, simokta.AssignOptions{}) })
		c.want(c.run(sync.Full), sync.Holding)
		if got := c.because(); len(got) != 1 || !strings.HasPrefix(got[0], "6 of 6 were unassigned from the app within 5 s") {
			t.Error(got)
		}
		wave, err := c.engine.Status(c.t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.engine.Decide(c.t.Context(), sync.Verdict{Run: wave.Held[0].Run, Decision: state.Rejected, By: "ada"}); err != nil {
			t.Fatal(err)
		}
		if got := c.because(); len(got) != 0 {
			t.Error(got)
		}
	})
}

// A run that stops at an inactive app says who deactivated it, and asks once for it.
func TestInactiveAppNamesWho(t *testing.T) {
	simulated(t, held(), func(c *company) {
		b := founded(c)
		b.bob(func() { c.okta.DeactivateApp() })
		<-time.After(time.Minute)
		c.logAsked()
		_, err := c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.Full})
		if err == nil || !strings.Contains(clock.ReplaceAllString(err.Error(), "T"), `the Okta app "Omni" is INACTIVE; deactivated by Bob (bob@acme.co) at T`) {
			t.Error(err)
		}
		if n := c.logAsked(); n != 1 {
			t.Errorf("the log was asked %d times", n)
		}
		c.oktaFaults.Add(sim.Fault{Path: "/api/v1/logs", Times: 1000, Do: sim.Status(500, "", nil)})
		if _, err = c.engine.Pass(c.t.Context(), sync.Request{Kind: sync.Full}); err == nil || !strings.HasSuffix(err.Error(), "is INACTIVE") {
			t.Error(err)
		}
	})
}
