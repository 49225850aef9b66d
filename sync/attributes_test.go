package sync_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// maps makes each named attribute the Okta field of that name.
func (c *company) maps(names ...string) {
	c.rules.Attributes = map[string]string{}
	for _, name := range names {
		c.rules.Attributes[name] = "user." + name
	}
	c.start()
}

// has fails unless Omni keeps these values of the user, as text.
func (c *company) has(name string, want map[string][]string) {
	c.t.Helper()
	if got := omniUser(c, name).Attributes; !maps.EqualFunc(got, want, slices.Equal[[]string]) {
		c.t.Fatalf("%s has %v, want %v", name, got, want)
	}
}

// Every type and cardinality comes, changes and goes, in each way to go, and stays as
// it is in between: against an Omni that shows defaults, and one that keeps booleans.
func TestEveryAttributeComesAndGoes(t *testing.T) {
	definitions := []simomni.Definition{{Reference: "word"}, {Reference: "number", Number: true}, {Reference: "truth"},
		{Reference: "words", Multiple: true}, {Reference: "numbers", Number: true, Multiple: true}, {Reference: "truths", Multiple: true}}
	values := map[string]any{"word": "a", "number": 5, "truth": true, "words": []any{"b", "a"}, "numbers": []any{2, 1.5}, "truths": []any{true, false}}
	others := map[string]any{"word": "7", "number": 7, "truth": false, "words": []any{"a"}, "numbers": []any{1.5, 7}, "truths": []any{true}}
	first := map[string][]string{"word": {"a"}, "number": {"5"}, "truth": {"true"}, "words": {"a", "b"}, "numbers": {"1.5", "2"}, "truths": {"false", "true"}}
	second := map[string][]string{"word": {"7"}, "number": {"7"}, "truth": {"false"}, "words": {"a"}, "numbers": {"1.5", "7"}, "truths": {"true"}}
	none := map[string]any{"word": nil, "number": nil, "truth": nil, "words": nil, "numbers": nil, "truths": nil}
	empty := map[string]any{"word": nil, "number": nil, "truth": nil, "words": []any{}, "numbers": []any{}, "truths": []any{}}
	for _, knobs := range []simomni.Knobs{{}, {DefaultsShown: true}, {BooleansKept: true, BareWrites: true}} {
		for _, standard := range [][]string{nil, {"9"}} {
			t.Run(fmt.Sprintf("%+v %v", knobs, standard), func(t *testing.T) {
				simulated(t, lenient(), func(c *company) {
					knobs.RealLimit = -1
					c.omni.SetKnobs(knobs)
					for _, d := range definitions {
						d.Default = standard
						c.omni.DefineAttribute(d)
					}
					c.maps(slices.Collect(maps.Keys(values))...)
					ada := c.join("ada@acme.co")[0]
					step := func(profile map[string]any, want map[string][]string, writes int) {
						c.t.Helper()
						c.okta.UpdateProfile(ada, profile)
						c.omni.ResetLog()
						c.want(c.run(sync.Full), sync.Done)
						if n := c.omni.Writes(); n != writes {
							c.t.Fatalf("%v took %d writes", profile, n)
						}
						c.has("ada@acme.co", want)
						c.silent()
					}
					step(values, first, 1)
					step(others, second, 1)
					step(none, map[string][]string{}, 1)
					step(values, first, 1)
					step(empty, map[string][]string{}, 1)
					if c.omni.Count(simomni.ReplaceUser) != 0 {
						c.t.Error("a PUT was sent")
					}
				})
			})
		}
	}
}

// A value that Omni's definition doesn't take is refused before anything is sent; the
// user keeps what they have, others go on, and a leaver leaves.
func TestWrongValuesNeverReachOmni(t *testing.T) {
	for _, row := range []struct {
		name   string
		d      simomni.Definition
		value  any
		reason string
	}{
		{"a word for a number", simomni.Definition{Number: true}, "many", "it is text, and Omni takes numbers"},
		{"a boolean for a number", simomni.Definition{Number: true}, true, "it is text, and Omni takes numbers"},
		{"a list for one text", simomni.Definition{}, []any{"a", "b"}, "it is a list, and Omni takes one value"},
		{"a list for one number", simomni.Definition{Number: true}, []any{1}, "it is a list, and Omni takes one value"},
		{"words among numbers", simomni.Definition{Number: true, Multiple: true}, []any{1, "many"}, "it is text, and Omni takes numbers"},
		{"an empty text", simomni.Definition{}, "", "it is an empty text"},
		{"an empty text in a list", simomni.Definition{Multiple: true}, []any{"a", ""}, "it is an empty text"},
	} {
		t.Run(row.name, func(t *testing.T) {
			simulated(t, lenient(), func(c *company) {
				row.d.Reference = "plan"
				c.omni.DefineAttribute(row.d)
				c.maps("plan", "department")
				ids := c.join("ada@acme.co", "bob@acme.co", "cat@acme.co")
				c.want(c.run(sync.Full), sync.Done)
				before := omniUser(c, "ada@acme.co").Attributes
				c.okta.UpdateProfile(ids[0], map[string]any{"plan": row.value, "department": "Legal"})
				c.okta.UpdateProfile(ids[1], map[string]any{"department": "Legal"})
				dan := c.okta.AddUser(simokta.User{Login: "dan@acme.co", Email: "dan@acme.co", Profile: map[string]any{"plan": row.value}})
				c.okta.Assign(dan, simokta.AssignOptions{})
				c.okta.Unassign(ids[2])
				c.omni.ResetLog()
				report := c.run(sync.Full)
				c.want(report, sync.Failing)
				reasons := ""
				for _, change := range report.Changes {
					if change.State == state.Failed {
						reasons += change.Kind + " " + change.UserName + ": " + change.Reason + "\n"
					}
				}
				for _, want := range []string{"update ada@acme.co: attribute plan: " + row.reason, "create dan@acme.co: attribute plan: " + row.reason} {
					if !strings.Contains(reasons, want) {
						c.t.Errorf("%q is not among\n%s", want, reasons)
					}
				}
				if c.omni.Writes() != 2 || c.omni.Count(simomni.CreateUser) != 0 { // bob and cat
					c.t.Errorf("Omni was asked %+v", c.omni.Requests())
				}
				c.has("ada@acme.co", before)
				if omniUser(c, "bob@acme.co").Attributes["department"][0] != "Legal" || omniUser(c, "cat@acme.co").Active {
					c.t.Error("the others didn't go on")
				}
				c.okta.UpdateProfile(ids[0], map[string]any{"plan": nil})
				c.okta.UpdateProfile(dan, map[string]any{"plan": nil})
				c.want(c.run(sync.Full), sync.Done)
				c.inStep()
			})
		})
	}
}

// An attribute that Omni doesn't have, or that is its own, ends in a failed run that
// lists what there is; nobody comes and nobody is given attributes, who leaves leaves,
// and once Omni has it everything follows, under the guard of a changed policy.
func TestMisnamedAttribute(t *testing.T) {
	for _, system := range []bool{false, true} {
		simulated(t, defaults(), func(c *company) {
			ids := c.join(staff(40)...)
			c.want(c.run(sync.Full), sync.Done)
			c.maps("plan", "department")
			if system {
				c.omni.DefineAttribute(simomni.Definition{Reference: "plan", System: true})
			}
			for _, id := range ids {
				c.okta.UpdateProfile(id, map[string]any{"plan": "gold"})
			}
			c.join("zoe@acme.co")
			c.okta.Unassign(ids[0])
			c.omni.ResetLog()
			report := c.run(sync.Full)
			c.want(report, sync.Failing)
			if told := strings.Join(report.Notes, "\n"); !strings.Contains(told, `"plan"`) || !strings.Contains(told, "department") {
				c.t.Errorf("noted: %q", told)
			}
			if n := c.omni.Writes(); n != 1 {
				c.t.Errorf("%d writes\n%s", n, printed(report))
			}
			status, err := c.engine.Status(c.t.Context())
			if err != nil || status.State != sync.Broken || !strings.Contains(status.Last.Error, `"plan"`) {
				c.t.Errorf("the status is %+v, %v", status.Last, err)
			}
			c.omni.DefineAttribute(simomni.Definition{Reference: "plan"})
			report = c.run(sync.Full)
			c.want(report, sync.Holding)
			if _, there := c.omni.User("zoe@acme.co"); !there || report.Counts[string(state.Held)] != 39 {
				c.t.Errorf("counts %v\n%s", report.Counts, printed(report))
			}
		})
	}
}

// A configuration that names what Omni doesn't have fails also while nobody is concerned.
func TestMisnamedAttributeOfNobody(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.maps("plan")
		c.want(c.run(sync.Full), sync.Failing)
		c.maps("department")
		c.want(c.run(sync.Full), sync.Done)
	})
}

// Where the definitions can't be read, those of before count; where they never could,
// attributes are written, and Omni's answer alone is believed.
func TestDefinitionsOutOfReach(t *testing.T) {
	refused := sim.Fault{Path: "/api/v1/user-attributes", Do: sim.Status(http.StatusForbidden, `{"detail":"Insufficient permissions"}`, nil)}
	simulated(t, lenient(), func(c *company) {
		c.omni.DefineAttribute(simomni.Definition{Reference: "plan", Number: true})
		c.maps("plan", "department")
		planted := c.omniFaults.Add(refused)
		ids := c.join("ada@acme.co")
		report := c.run(sync.Full)
		c.want(report, sync.Done)
		if told := strings.Join(report.Notes, "\n"); !strings.Contains(told, "without being checked before") || !strings.Contains(told, "manage user attributes") {
			c.t.Errorf("noted: %q", told)
		}
		c.has("ada@acme.co", map[string][]string{"department": {"Sales"}})
		c.okta.UpdateProfile(ids[0], map[string]any{"plan": "many"})
		c.want(c.run(sync.Full), sync.Failing) // Omni itself refuses it
		planted.Remove()
		c.want(c.run(sync.Reconcile), sync.Failing)
		c.omniFaults.Add(refused)
		c.omni.ResetLog()
		report = c.run(sync.Reconcile)
		c.want(report, sync.Failing)
		if told := strings.Join(report.Notes, "\n"); !strings.Contains(told, "taken as they were defined on") || c.omni.Count(simomni.PatchUser) != 0 {
			c.t.Errorf("noted: %q; Omni was asked %+v", told, c.omni.Requests())
		}
	})
}

// What the configuration doesn't name is never touched, whatever Omni does.
func TestUnnamedAttributesStay(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		for _, name := range []string{"plan", "theirs"} {
			c.omni.DefineAttribute(simomni.Definition{Reference: name})
		}
		c.maps("plan")
		ada := c.join("ada@acme.co")[0]
		c.want(c.run(sync.Full), sync.Done)
		c.omni.EditUser(omniUser(c, "ada@acme.co").ID, func(u *simomni.User) { u.Attributes = map[string][]string{"theirs": {"x"}, "department": {"y"}} })
		for i, profile := range []map[string]any{{"plan": "a"}, {"plan": "b", "firstName": "Ada"}, {"plan": nil}} {
			c.okta.UpdateProfile(ada, profile)
			c.want(c.run([]sync.RunKind{sync.Full, sync.Reconcile}[i%2]), sync.Done)
			got := omniUser(c, "ada@acme.co").Attributes
			if got["theirs"][0] != "x" || got["department"][0] != "y" {
				c.t.Fatalf("after %v she has %v", profile, got)
			}
		}
		if c.omni.Count(simomni.ReplaceUser) != 0 {
			c.t.Error("a PUT was sent")
		}
	})
}

// A run that reads Okta whole reads the definitions once; pushes go by them for an hour.
func TestDefinitionsAreReadSeldom(t *testing.T) {
	pushing(t, lenient(), true, func(p *pushed) {
		p.want(p.run(sync.Full), sync.Done)
		read := func() int { return p.omni.Count(simomni.ListAttributes) }
		if read() != 1 {
			p.t.Fatalf("a run read them %d times", read())
		}
		for i := range 3 {
			p.enrolled(newcomer(i))
		}
		if read() != 1 {
			p.t.Errorf("three pushes read them %d times", read()-1)
		}
		<-time.After(61 * time.Minute)
		p.enrolled(newcomer(3))
		p.enrolled(newcomer(4))
		if read() != 2 {
			p.t.Errorf("after an hour two pushes read them %d times", read()-1)
		}
	})
}

// A pushed value that Omni doesn't take is refused to Okta, and what Omni doesn't
// define too; Omni is asked anew before, and not written to.
func TestPushedValuesAreChecked(t *testing.T) {
	pushing(t, lenient(), false, func(p *pushed) {
		p.omni.DefineAttribute(simomni.Definition{Reference: "level", Number: true})
		p.enrolled(newcomer(0))
		for name, v := range map[string]identity.Value{"level": `"many"`, "nowhere": `"x"`} {
			<-time.After(2 * time.Minute)
			p.omni.ResetLog()
			u := newcomer(1)
			u.Omni = map[string]identity.Value{name: v}
			_, err := p.pushes.CreateUser(p.t.Context(), "push test", u)
			if err == nil || !strings.Contains(err.Error(), name) || p.omni.Writes() != 0 || p.omni.Count(simomni.ListAttributes) != 1 {
				p.t.Errorf("%s: %v; Omni was asked %+v", name, err, p.omni.Requests())
			}
		}
		u := newcomer(1)
		u.Omni = map[string]identity.Value{"level": `"5"`}
		p.enrolled(u)
	})
}

// While users.attributes names what Omni doesn't have, Okta is asked to come again, and
// does once it is mended, without anybody's doing.
func TestPushWaitsForAMisnamedAttribute(t *testing.T) {
	simulatedOn(t, newCompanyOn(t, lenient(), newMemory(), 600), func(c *company) {
		c.rules.Attributes = map[string]string{"plan": "user.department"}
		p := c.withPush(false)
		defer p.stop()
		_, err := p.pushes.CreateUser(p.t.Context(), "push test", newcomer(0))
		f, ok := err.(*fault.Error)
		if !ok || f.Kind != fault.Limited || f.After == 0 || !strings.Contains(f.Detail, `"plan"`) || p.omni.Writes() != 0 {
			p.t.Fatalf("%v; Omni was asked %+v", err, p.omni.Requests())
		}
		p.omni.DefineAttribute(simomni.Definition{Reference: "plan"})
		p.enrolled(newcomer(0))
		if n := p.omni.Count(simomni.CreateUser); n != 1 {
			p.t.Errorf("%d creations", n)
		}
	})
}

// An account that is gone from Omni isn't made anew with a value that Omni doesn't take.
func TestGoneAccountsAreNotMadeUnfit(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.omni.DefineAttribute(simomni.Definition{Reference: "plan"})
		c.maps("plan")
		ada := c.join("ada@acme.co")[0]
		c.okta.UpdateProfile(ada, map[string]any{"plan": "gold"})
		c.want(c.run(sync.Full), sync.Done)
		c.omni.DefineAttribute(simomni.Definition{Reference: "plan", Number: true})
		c.okta.UpdateProfile(ada, map[string]any{"firstName": "Ada"})
		c.omni.RemoveUser(omniUser(c, "ada@acme.co").ID)
		c.omni.ResetLog()
		report := c.run(sync.Full)
		c.want(report, sync.Failing)
		if n := c.omni.Count(simomni.CreateUser); n != 0 || !strings.Contains(printed(report), "attribute plan: it is text") {
			c.t.Errorf("%d creations\n%s", n, printed(report))
		}
	})
}
