package omni_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// model is what an organization must be, written as plainly as can be: lists
// that are walked.
type model struct {
	revoked simomni.Revoked
	people  []*person
	teams   []*band
	stale   string // id of somebody who is gone
}

type person struct {
	id, name string
	active   bool
}

type band struct {
	id, name string
	members  []*person
}

func (m *model) named(name string) *person {
	for _, p := range m.people {
		if strings.EqualFold(p.name, name) {
			return p
		}
	}
	return nil
}

func (m *model) team(name string) *band {
	for _, b := range m.teams {
		if strings.EqualFold(b.name, name) {
			return b
		}
	}
	return nil
}

func (m *model) end(p *person) {
	m.people = slices.DeleteFunc(m.people, func(x *person) bool { return x == p })
	for _, b := range m.teams {
		b.members = slices.DeleteFunc(b.members, func(x *person) bool { return x == p })
	}
	m.stale = p.id
}

// print gives people and teams in the form in which the organization is printed too.
func (m *model) print() string {
	var lines []string
	for _, p := range m.people {
		lines = append(lines, fmt.Sprint("user ", p.name, " ", p.active))
	}
	for _, b := range m.teams {
		names := []string{}
		for _, p := range b.members {
			names = append(names, p.name)
		}
		slices.Sort(names)
		lines = append(lines, fmt.Sprint("group ", b.name, " ", names))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func printOrg(o *simomni.Org) string {
	var lines []string
	for _, u := range o.Users() {
		lines = append(lines, fmt.Sprint("user ", u.UserName, " ", u.Active))
	}
	for _, g := range o.Groups() {
		lines = append(lines, fmt.Sprint("group ", g.DisplayName, " ", g.Members))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// player draws a step, plays it on the model, and asks the organization for it.
type player struct {
	client
	*model
	random *rand.Rand
}

func pick[T any](p player, list []T) T { return list[p.random.IntN(len(list))] }

func (p player) aName() string {
	return pick(p, []string{"ann@b.co", "Ann@b.co", "bob@b.co", "cy@b.co", "CY@b.co"})
}
func (p player) aTeamName() string {
	return pick(p, []string{"Sales", "sales", "Ops", "North"})
}

func (p player) createUser() {
	name := p.aName()
	text := fmt.Sprintf(`{"userName":%q,"displayName":"x"}`, name)
	if p.named(name) != nil {
		p.want(409, "POST", users, text)
		return
	}
	id := p.text(p.want(201, "POST", users, text), "id")
	p.people = append(p.people, &person{id, name, true})
}

func (p player) renameUser() {
	if len(p.people) == 0 {
		return
	}
	who, name := pick(p, p.people), p.aName()
	text := patch(fmt.Sprintf(`{"op":"replace","value":{"userName":%q}}`, name))
	if other := p.named(name); other != nil && other != who {
		p.want(409, "PATCH", users+"/"+who.id, text)
		return
	}
	p.want(200, "PATCH", users+"/"+who.id, text)
	who.name = name
}

func (p player) setActive() {
	if len(p.people) == 0 {
		return
	}
	who, active := pick(p, p.people), p.random.IntN(2) == 0
	status, after := 200, active
	if active && !who.active {
		switch p.revoked {
		case simomni.InactiveNotReactivable:
			status, after = 400, false
		case simomni.InactiveForGood:
			after = false
		default:
		}
	}
	p.want(status, "PATCH", users+"/"+who.id, patch(fmt.Sprintf(`{"op":"replace","path":"active","value":%v}`, active)))
	who.active = after
	if !after && p.revoked == simomni.Gone {
		p.end(who)
		p.want(404, "GET", users+"/"+who.id, "")
	}
}

func (p player) deleteUser() {
	if len(p.people) == 0 {
		return
	}
	who := pick(p, p.people)
	p.want(204, "DELETE", users+"/"+who.id, "")
	p.end(who)
}

func (p player) createGroup() {
	name := p.aTeamName()
	text := fmt.Sprintf(`{"displayName":%q}`, name)
	if p.team(name) != nil {
		p.want(409, "POST", groups, text)
		return
	}
	id := p.text(p.want(201, "POST", groups, text), "id")
	p.teams = append(p.teams, &band{id: id, name: name})
}

// changeGroup sends a rename, joiners and a leaver as one request.
func (p player) changeGroup() {
	if len(p.teams) == 0 || len(p.people) == 0 {
		return
	}
	team, name := pick(p, p.teams), p.aTeamName()
	joins, leaves := []*person{pick(p, p.people), pick(p, p.people)}, pick(p, p.people)
	stranger := p.stale != "" && p.random.IntN(5) == 0
	ids := fmt.Sprintf(`{"value":%q},{"value":%q}`, joins[0].id, joins[1].id)
	if stranger {
		ids += fmt.Sprintf(`,{"value":%q}`, p.stale)
	}
	text := patch(fmt.Sprintf(`{"op":"replace","path":"displayName","value":%q}`, name),
		`{"op":"add","path":"members","value":[`+ids+`]}`,
		fmt.Sprintf(`{"op":"remove","path":"members[value eq \"%s\"]"}`, leaves.id))
	other := p.team(name)
	switch {
	case other != nil && other != team:
		p.want(409, "PATCH", groups+"/"+team.id, text)
	case stranger:
		p.want(400, "PATCH", groups+"/"+team.id, text)
	default:
		p.want(200, "PATCH", groups+"/"+team.id, text)
		team.name = name
		for _, j := range joins {
			if !slices.Contains(team.members, j) {
				team.members = append(team.members, j)
			}
		}
		team.members = slices.DeleteFunc(team.members, func(x *person) bool { return x == leaves })
	}
}

func (p player) deleteGroup() {
	if len(p.teams) == 0 {
		return
	}
	team := pick(p, p.teams)
	p.want(204, "DELETE", groups+"/"+team.id, "")
	p.teams = slices.DeleteFunc(p.teams, func(b *band) bool { return b == team })
}

// TestOrgFollowsThePlainModel plays random steps under every fate of the inactive.
func TestOrgFollowsThePlainModel(t *testing.T) {
	for _, revoked := range []simomni.Revoked{simomni.StaysInactive, simomni.Gone, simomni.InactiveNotReactivable, simomni.InactiveForGood} {
		t.Run(fmt.Sprint(revoked), func(t *testing.T) {
			o := &simomni.Org{Knobs: simomni.Knobs{Revoked: revoked}}
			p := player{client: start(t, o), model: &model{revoked: revoked}, random: rand.New(rand.NewPCG(7, uint64(revoked)))}
			steps := []func(){
				p.createUser, p.createUser, p.createUser, p.renameUser, p.setActive, p.setActive, p.deleteUser,
				p.createGroup, p.createGroup, p.changeGroup, p.changeGroup, p.changeGroup, p.deleteGroup,
			}
			for step := range 400 {
				pick(p, steps)()
				if got, want := printOrg(o), p.print(); got != want {
					t.Fatalf("after step %d:\n%s\nwant\n%s", step, got, want)
				}
			}
			equal(t, "users in order of creation", p.want(200, "GET", users, "").list("Resources", "userName"), p.userNames())
			equal(t, "groups", len(p.teams), p.want(200, "GET", groups, "")["totalResults"])
		})
	}
}

func (m *model) userNames() string {
	var names []string
	for _, p := range m.people {
		names = append(names, p.name)
	}
	return strings.Join(names, " ")
}
