package sync_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/identity"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"pgregory.net/rapid"
)

// drawnSights is how many histories of a credential that loses sight are drawn.
const drawnSights = 40

// Whatever the credential's role hides, and whatever happens meanwhile: no run takes
// from anybody what Okta still gives, and once all can be seen again Omni is as Okta is.
func TestPromise2LossesOfSight(t *testing.T) {
	checks(t, drawnSights)
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		if err := loseSight(t, drawSight(rt), seen); err != nil {
			rt.Fatal(err)
		}
	})
	for _, what := range []string{"hidden users", "hidden people", "hidden groups", "hidden members", "doubtful", "done", "delta", "taken"} {
		if seen[what] == 0 {
			t.Errorf("no history had any %s: this proves less than it says", what)
		}
	}
}

// sight is one drawn history, plain data.
type sight struct {
	People int
	From   string // groups.from
	Acts   []sightAct
}

// sightAct is what happens: to A, or to those whose bit is set in Of.
type sightAct struct {
	Do string
	A  int
	Of uint64
}

func drawSight(t *rapid.T) sight {
	act := rapid.Custom(func(t *rapid.T) sightAct {
		return sightAct{
			Do: rapid.SampledFrom([]string{"unassign", "assign", "leave", "join", "push", "hide users", "hide people", "hide groups", "hide members", "show",
				"full", "reconcile", "delta", "delta"}).Draw(t, "do"),
			A: rapid.IntRange(1, 7).Draw(t, "a"), Of: rapid.Uint64Range(0, 255).Draw(t, "of"),
		}
	})
	return sight{People: rapid.IntRange(4, 8).Draw(t, "people"), From: rapid.SampledFrom([]string{"push_mappings", "match"}).Draw(t, "from"),
		Acts: rapid.SliceOfN(act, 1, 14).Draw(t, "acts")}
}

// seer plays one history.
type seer struct {
	*company
	seen          map[string]int
	people        []string
	sales, anchor string
	story         []string
}

func loseSight(t *testing.T, h sight, seen map[string]int) error {
	t.Helper()
	p := lenient()
	p.Settle, p.OnUnpush, p.AdoptGroups = 0, "delete", "auto"
	p.Groups = sync.Selection{From: h.From}
	if h.From == "match" {
		p.Groups.Match = []string{"Sales", "Anchors"}
	}
	c := newCompanyOn(t, p, newMemory(), 600)
	c.logs = zap.NewNop()
	s := &seer{company: c, seen: seen}
	var err error
	synctest.Test(t, func(t *testing.T) {
		c.t = t
		c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
		s.people = c.join(staff(h.People)...)
		s.anchor, _ = c.push("Anchors", s.people...)
		s.sales, _ = c.push("Sales", s.people[1:]...)
		c.okta.AddMembers(c.okta.AddGroup("Everyone", "BUILT_IN"), s.people...)
		c.canary = sync.Canary{User: identity.OktaID(s.people[0]), Group: identity.GroupID(s.anchor)}
		c.start()
		<-time.After(time.Minute)
		err = s.play(h.Acts)
	})
	if err != nil {
		return fmt.Errorf("%w\n%+v\n%s", err, h, strings.Join(s.story, "\n"))
	}
	return nil
}

func (s *seer) play(acts []sightAct) error {
	if err := s.pass(sync.Reconcile); err != nil {
		return err
	}
	for _, a := range acts {
		<-time.After(time.Minute)
		if err := s.act(a); err != nil {
			return err
		}
	}
	s.hide(nil)
	for range 2 {
		<-time.After(time.Hour)
		if err := s.pass(sync.Reconcile); err != nil {
			return err
		}
	}
	if want, got := s.given(), s.has(); !slices.Equal(want, got) {
		return fmt.Errorf("at the end Okta gives %v\nand Omni has %v", want, got)
	}
	return nil
}

func (s *seer) act(a sightAct) error {
	who := s.people[1+a.A%(len(s.people)-1)] // never the canary
	switch a.Do {
	case "unassign":
		s.okta.Unassign(who)
	case "assign":
		s.okta.Assign(who, simokta.AssignOptions{})
	case "leave":
		s.okta.RemoveMember(s.sales, who)
	case "join":
		s.okta.AddMember(s.sales, who)
	case "push":
		if _, pushed := s.okta.Pushed()[s.sales]; !pushed {
			s.okta.Push(s.sales)
		}
	case "show":
		s.hide(nil)
	case "hide users":
		s.seen["hidden users"]++
		s.hide(append(s.chosen(a.Of), s.people[0]), listOfUsers, userOfApp)
	case "hide people": // as a narrowed resource set does: everywhere
		s.seen["hidden people"]++
		s.hide(append(s.chosen(a.Of), s.people[0]))
	case "hide groups":
		s.seen["hidden groups"]++
		s.hide([]string{s.sales, s.anchor})
	case "hide members":
		return s.hideMembers(a)
	default:
		return s.pass(sync.RunKind(a.Do))
	}
	s.story = append(s.story, fmt.Sprintf("%s %s %b", a.Do, who, a.Of))
	return nil
}

// hideMembers hides some from the lists of members alone, which no canary sees: the
// next reconcile does, and what comes after it keeps to that.
func (s *seer) hideMembers(a sightAct) error {
	s.seen["hidden members"]++
	s.story = append(s.story, fmt.Sprintf("%s %b", a.Do, a.Of))
	s.hide(s.chosen(a.Of), membersOf, groupsOf)
	if err := s.pass(sync.Reconcile); err != nil {
		return err
	}
	s.okta.AddMember(s.sales, s.people[0])
	<-time.After(time.Minute)
	if err := s.pass(sync.Full); err != nil {
		return err
	}
	s.hide(nil)
	return nil
}

func (s *seer) chosen(of uint64) []string {
	var ids []string
	for i, id := range s.people {
		if of>>i&1 == 1 {
			ids = append(ids, id)
		}
	}
	return ids
}

// given is what Okta gives: accounts, and the groups of those who have one.
func (s *seer) given() []string {
	var list []string
	assigned := s.okta.Assigned()
	for _, name := range assigned {
		list = append(list, identity.FoldUserName(name))
	}
	for g, name := range map[string]string{s.sales: "Sales", s.anchor: "Anchors"} {
		for _, id := range s.okta.MembersOf(g) {
			if member, there := assigned[id]; there {
				list = append(list, name+" "+identity.FoldUserName(member))
			}
		}
	}
	slices.Sort(list)
	return list
}

// has is the same of Omni.
func (s *seer) has() []string {
	var list []string
	active := map[string]bool{}
	for _, u := range s.omni.Users() {
		if active[u.UserName] = u.Active; u.Active {
			list = append(list, identity.FoldUserName(u.UserName))
		}
	}
	for _, g := range s.omni.Groups() {
		for _, m := range g.Members {
			if active[m] {
				list = append(list, g.DisplayName+" "+identity.FoldUserName(m))
			}
		}
	}
	slices.Sort(list)
	return list
}

// pass does one run of the kind, and tells what it took that Okta still gives.
func (s *seer) pass(kind sync.RunKind) error {
	before := s.has()
	var report sync.Report
	var err error
	if kind == sync.Delta {
		w, failed := s.engine.Watch(s.t.Context(), false)
		if w.Wider != "" {
			return s.pass(w.Wider)
		}
		if w.Report == nil {
			return failed
		}
		report, err = *w.Report, failed
		s.seen["delta"]++
	} else {
		report, err = s.engine.Pass(s.t.Context(), sync.Request{Kind: kind, Cause: "test"})
	}
	s.story = append(s.story, fmt.Sprintf("%s %s %v %v\n%s", kind, report.Outcome, report.Doubts, err, printed(report)))
	s.seen[string(report.Outcome)]++
	given, after := s.given(), s.has()
	for _, what := range before {
		if slices.Contains(after, what) {
			continue
		}
		s.seen["taken"]++
		if slices.Contains(given, what) {
			return fmt.Errorf("a %s run took %s, which Okta gives", kind, what)
		}
	}
	return err
}
