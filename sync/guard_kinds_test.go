package sync_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/mapping"
	"github.com/omnisync/omnisync/sync"
)

// guardLimit is how much each threat may do unasked.
const guardLimit = 3

// threat is what one guard stands against: a company in which, one by one, things are
// taken away in Okta.
type threat struct {
	name   string
	guard  string // of the configuration
	policy func(g *sync.Guard, limit sync.Limit)
	begin  func(c *company) *victim
}

// victim is who or what is threatened.
type victim struct {
	names  []string    // for --only and --except
	strike func(i int) // takes the thing away in Okta
	heal   func(i int) // gives it back
	pushed func(p *pushed, i int) error
	gone   func() int          // of how many that is so in Omni
	wait   func(time.Duration) // where time is simulated; else nothing
}

var threats = []threat{
	{"deactivations", "deactivations", func(g *sync.Guard, l sync.Limit) { g.Deactivations = l }, func(c *company) *victim {
		names := staff(40)
		ids := c.join(names...)
		return &victim{names: names,
			strike: func(i int) { c.okta.Unassign(ids[i]) },
			heal:   func(i int) { c.okta.Assign(ids[i], simokta.AssignOptions{}) },
			pushed: func(p *pushed, i int) error { return p.tried(p.of(names[i]), goes) },
			gone:   func() int { return len(names) - active(c) }}
	}},
	{"members of all groups", "member_removals", func(g *sync.Guard, l sync.Limit) { g.MemberRemovals = l }, func(c *company) *victim {
		return crowdsOf(c, 4, 5)
	}},
	{"members of one group", "member_removals", func(g *sync.Guard, l sync.Limit) { g.PerGroup = l.Count }, func(c *company) *victim {
		return crowdsOf(c, 1, 20)
	}},
	{"deletions of groups", "group_deletions", func(g *sync.Guard, l sync.Limit) { g.GroupDeletions = l }, func(c *company) *victim {
		v := &victim{}
		mappings := make([]string, 12)
		groups := make([]string, 12)
		ids := c.join(staff(2)...)
		for i := range groups {
			v.names = append(v.names, fmt.Sprintf("G%02d", i))
			groups[i], mappings[i] = c.push(v.names[i], ids...)
		}
		v.strike = func(i int) { c.okta.Unpush(mappings[i]) }
		v.heal = func(i int) { mappings[i] = c.okta.Push(groups[i]) }
		v.pushed = func(p *pushed, i int) error {
			g, err := p.pushes.FindGroup(p.t.Context(), "name", v.names[i], false)
			if err == nil {
				err = p.pushes.DeleteGroup(p.t.Context(), "push test", g.ID)
			}
			return err
		}
		v.gone = func() int { return len(groups) - len(teams(c)) }
		return v
	}},
	{"losses of an attribute", "attribute_losses", func(g *sync.Guard, l sync.Limit) { g.AttributeLosses = l }, func(c *company) *victim {
		names := staff(40)
		ids := c.join(names...)
		return &victim{names: names,
			strike: func(i int) { c.okta.UpdateProfile(ids[i], map[string]any{"department": nil}) },
			heal:   func(i int) { c.okta.UpdateProfile(ids[i], map[string]any{"department": "Sales"}) },
			gone: func() int {
				n := 0
				for _, name := range names {
					if len(omniUser(c, name).Attributes["department"]) == 0 {
						n++
					}
				}
				return n
			}}
	}},
	{"creations", "creations", func(g *sync.Guard, l sync.Limit) { g.Creations = sync.Limit{Count: l.Count, Percent: 1e9} }, func(c *company) *victim {
		c.join("first@acme.co")
		names := staff(20)
		ids := make([]string, len(names))
		for i, name := range names {
			ids[i] = c.okta.AddUser(simokta.User{Login: name, Email: name})
		}
		return &victim{names: names,
			strike: func(i int) { c.okta.Assign(ids[i], simokta.AssignOptions{}) },
			heal:   func(i int) { c.okta.Unassign(ids[i]) },
			pushed: func(p *pushed, i int) error {
				_, err := p.pushes.CreateUser(p.t.Context(), "push test", identity.PushedUser{UserName: names[i], External: ids[i], Active: true})
				return err
			},
			gone: func() int { return active(c) - 1 }}
	}},
}

// crowdsOf is groups of so many members each, of whom every other leaves.
func crowdsOf(c *company, groups, each int) *victim {
	v := &victim{names: staff(groups * each)}
	ids := c.join(v.names...)
	in := make([]string, groups)
	for g := range groups {
		in[g], _ = c.push(fmt.Sprintf("Crowd %d", g), ids[g*each:(g+1)*each]...)
	}
	group := func(i int) string { return in[i*groups/len(ids)] }
	place := func(i int) int { return i * 2 % len(ids) } // never all of a group
	names := v.names
	v.names = nil
	for i := range len(ids) / 2 {
		v.names = append(v.names, names[place(i)])
	}
	v.strike = func(i int) { c.okta.RemoveMember(group(place(i)), ids[place(i)]) }
	v.heal = func(i int) { c.okta.AddMember(group(place(i)), ids[place(i)]) }
	v.pushed = func(p *pushed, i int) error {
		g, err := p.pushes.FindGroup(p.t.Context(), "name", fmt.Sprintf("Crowd %d", place(i)*groups/len(ids)), false)
		if err != nil {
			return err
		}
		return p.without(g.ID, p.of(names[place(i)]))
	}
	v.gone = func() int {
		n := len(ids)
		for g := range groups {
			n -= len(c.teamOf(fmt.Sprintf("Crowd %d", g)))
		}
		return n
	}
	return v
}

// on plays a threat on a store. With the embedded one time is simulated.
func (th threat) on(t *testing.T, kind string, play func(c *company, v *victim)) {
	t.Helper()
	policy := lenient()
	policy.OnUnpush, policy.Settle = "delete", 20*time.Millisecond
	th.policy(&policy.Guard, sync.Limit{Count: guardLimit, Percent: 100})
	begin := func(c *company) {
		c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
		c.okta.SetKnobs(func(k *simokta.Knobs) {
			k.Limits = map[simokta.Bucket]int{simokta.BucketApp: -1, simokta.BucketApps: -1, simokta.BucketGroup: -1,
				simokta.BucketGroups: -1, simokta.BucketUser: -1, simokta.BucketUsers: -1, simokta.BucketLogs: -1, simokta.BucketRest: -1}
		})
		c.rules = mapping.Rules{Scope: "true", Attributes: map[string]string{"department": "user.department"}}
		c.start()
		v := th.begin(c)
		v.wait = func(d time.Duration) {
			if kind != "redis" {
				<-time.After(d)
			}
		}
		c.want(c.run(sync.Full), sync.Done)
		play(c, v)
	}
	if kind == "redis" {
		begin(newCompanyOn(t, policy, shared(t), 600_000))
		return
	}
	simulatedOn(t, newCompanyOn(t, policy, embedded(t), 600_000), begin)
}

// held gives what waits, which must be of the guard's kind.
func (th threat) held(c *company) sync.HeldRun {
	c.t.Helper()
	s := c.status()
	if len(s.Held) != 1 || s.Held[0].Kind != th.guard {
		c.t.Fatalf("%s: held: %+v", th.name, s.Held)
	}
	return s.Held[0]
}

func (v *victim) strikes(from, to int) {
	for i := from; i < to; i++ {
		v.strike(i)
	}
}

func (v *victim) wantGone(c *company, n int, when string) {
	c.t.Helper()
	if got := v.gone(); got != n {
		c.t.Fatalf("%s: %d are gone in Omni, want %d", when, got, n)
	}
}

func (c *company) says(v sync.Verdict) sync.Decided {
	c.t.Helper()
	v.By = "ada"
	d, err := c.engine.Decide(c.t.Context(), v)
	if err != nil {
		c.t.Fatal(err)
	}
	return d
}

// everyGuard plays each threat on both stores.
func everyGuard(t *testing.T, play func(th threat, c *company, v *victim)) {
	t.Helper()
	for _, th := range threats {
		for _, kind := range []string{"bolt", "redis"} {
			t.Run(th.name+", "+kind, func(t *testing.T) {
				th.on(t, kind, func(c *company, v *victim) { play(th, c, v) })
			})
		}
	}
}
