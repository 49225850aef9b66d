package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// The credentials of the demo's stand-ins, which let nobody else in.
const (
	demoToken     = "okta-token-of-the-demo"
	demoKey       = "omni-key-of-the-demo"
	demoSCIMToken = "scim-token-of-the-demo-which-okta-has"
	demoPace      = 6000 // requests a minute that the demo's Omni takes; the real one takes 60
)

// supportTeam is the department that the mass unassignment is about.
const supportTeam = "Support"

// departments are groups in Okta, each with its people. Being in one gives the
// Omni app; each is also pushed, so that Omni has a group of its name.
func departments() []department {
	return []department{
		{"Data", 12}, {"Engineering", 58}, {"Finance", 14}, {"Legal", 6}, {"Marketing", 22},
		{"People", 10}, {"Product", 12}, {"Sales", 38}, {supportTeam, 28},
	}
}

type department struct {
	name string
	size int
}

// offices and circles are pushed groups that give nobody the app.
func offices() []string { return []string{"Austin", "Berlin", "Dublin"} }
func circles() []string { return []string{"Dashboard Builders", "Managers", "On Call"} }

const (
	facilities  = 6  // people in Okta who work in an office and have no Omni app
	contractors = 6  // the last of Support: theirs are the accounts that end
	knownEach   = 10 // every tenth person has had an Omni account before
)

// person is someone in Okta.
type person struct {
	id         string // Okta's
	userName   string
	name       string
	department string // "" for who has no Omni app
	contractor bool
	left       bool // for good: the account in Omni must end
}

// company is an Okta org and an Omni organization with the same people, and
// what stood in Omni before Omnisync came.
type company struct {
	okta       *simokta.Org
	omni       *simomni.Org
	omniFaults sim.Faults // in front of omni; okta has its own
	people     []*person
	groups     map[string]string // Okta's id by name

	known  map[string]string // Omni's id of those it had before, by folded userName
	begun  int               // accounts in Omni before Omnisync came
	ids    map[string]string // Omni's id of everyone who had an account on Monday evening, by folded userName
	guest  simomni.User      // an account that is nobody's business of ours
	circle simomni.Group     // a group of the same sort
}

// found gives the company as it stands in the morning: Okta complete, Omni with
// the accounts that somebody once made by hand.
func found() *company {
	c := &company{
		okta:   &simokta.Org{Token: demoToken, Knobs: simokta.Knobs{Limits: plenty()}},
		omni:   &simomni.Org{Knobs: simomni.Knobs{Keys: []string{demoKey}, RealLimit: demoPace}},
		groups: map[string]string{}, known: map[string]string{}, ids: map[string]string{},
	}
	c.omni.DefineAttribute(simomni.Definition{Reference: "department"})
	for _, name := range slices.Concat(offices(), circles()) {
		c.groups[name] = c.okta.AddGroup(name, "")
	}
	for _, d := range departments() {
		c.groups[d.name] = c.okta.AddGroup(d.name, "")
		for i := range d.size {
			p := c.hire(personName(len(c.people)), d.name)
			p.contractor = d.name == supportTeam && i >= d.size-contractors
		}
		c.okta.AssignGroup(c.groups[d.name])
	}
	for range facilities {
		c.hire(personName(len(c.people)), "")
	}
	for _, name := range c.pushed() {
		c.okta.Push(c.groups[name])
	}
	c.settleOmni()
	return c
}

// plenty lifts Okta's limits as far as Omni's, so that the day is short.
func plenty() map[simokta.Bucket]int {
	limits := map[simokta.Bucket]int{}
	for _, b := range []simokta.Bucket{simokta.BucketApp, simokta.BucketApps, simokta.BucketGroup, simokta.BucketGroups,
		simokta.BucketUser, simokta.BucketUsers, simokta.BucketLogs, simokta.BucketRest} {
		limits[b] = demoPace
	}
	return limits
}

// hire adds someone to Okta and to the groups that go with the work. In none of
// the departments, they have no Omni app.
func (c *company) hire(name, department string) *person {
	first, last, _ := strings.Cut(name, " ")
	p := &person{name: name, userName: strings.ToLower(first + "." + last + "@acme.example"), department: department}
	p.id = c.okta.AddUser(simokta.User{Login: p.userName, FirstName: first, LastName: last,
		Profile: map[string]any{"department": department}})
	n := len(c.people)
	c.people = append(c.people, p)
	groups := []string{department, offices()[n%len(offices())]}
	if n%9 == 0 {
		groups = append(groups, circles()[n/9%len(circles())])
	}
	for _, g := range groups {
		if id, exists := c.groups[g]; exists {
			c.okta.AddMember(id, p.id)
		}
	}
	return p
}

// settleOmni fills Omni with what stood there before: accounts made by hand, some
// in other letter case, one of somebody from outside, a group, and schedules.
func (c *company) settleOmni() {
	n := 0
	for i, p := range c.people {
		if p.department == "" || i%knownEach != 0 && (p.department != supportTeam || i%2 != 0) || p.contractor {
			continue
		}
		userName := p.userName
		if n++; n%4 == 0 {
			userName = strings.ReplaceAll(p.name, " ", ".") + "@Acme.Example"
		}
		id := c.omni.AddUser(userName, p.name)
		c.known[p.userName] = id
		c.omni.AddSchedule(id, "Weekly numbers for "+p.name, "numbers@acme.example")
	}
	guest := c.omni.AddUser("auditor@partner.example", "Outside Auditor")
	c.omni.AddSchedule(guest, "Audit extract", "auditor@partner.example")
	c.omni.AddGroup("Auditors", guest)
	c.guest, _ = c.omni.User("auditor@partner.example")
	c.circle, _ = c.omni.Group("Auditors")
	c.begun = len(c.omni.Users())
}

// open makes a department that comes with its people: assigned and pushed.
func (c *company) open(name string, size int) {
	c.groups[name] = c.okta.AddGroup(name, "")
	c.okta.AssignGroup(c.groups[name])
	c.okta.Push(c.groups[name])
	for range size {
		c.hire(personName(len(c.people)), name)
	}
}

// move changes a person's department, as a directory does: group and attribute.
func (c *company) move(p *person, to string) {
	c.okta.AddMember(c.groups[to], p.id)
	c.okta.RemoveMember(c.groups[p.department], p.id)
	c.okta.UpdateProfile(p.id, map[string]any{"department": to})
	p.department = to
}

// register notes whose account is whose.
func (c *company) register() {
	for _, u := range c.omni.Users() {
		c.ids[strings.ToLower(u.UserName)] = u.ID
	}
}

// pushed names the groups under Push Groups, sorted.
func (c *company) pushed() []string {
	names := slices.Concat(offices(), circles())
	for _, d := range departments() {
		names = append(names, d.name)
	}
	slices.Sort(names)
	return names
}

// staff lists who works in a department and has, or had, the Omni app.
func (c *company) staff(department string) []*person {
	return slices.DeleteFunc(slices.Clone(c.people), func(p *person) bool { return p.department != department })
}

// personName gives the nth name; 400 of them are different.
func personName(n int) string {
	first := []string{"Ada", "Ben", "Chloe", "Daniel", "Elena", "Felix", "Grace", "Hugo", "Ines", "Jonas",
		"Kira", "Liam", "Maya", "Noah", "Olga", "Paul", "Rosa", "Samir", "Tessa", "Yusuf"}
	last := []string{"Adler", "Bauer", "Costa", "Diaz", "Eriksen", "Fischer", "Greco", "Haas", "Ivanov", "Jansen",
		"Keller", "Lopez", "Meyer", "Novak", "Okafor", "Park", "Rossi", "Silva", "Tanaka", "Wolf"}
	f := n % len(first)
	return fmt.Sprintf("%s %s", first[f], last[(n/len(first)+f)%len(last)])
}
