package sync_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
)

// replica is what Omni becomes by what stands in the provisioning log, and by nothing
// else. It knows what the kinds of changes mean, and shares no line with the engine.
type replica struct {
	users  map[string]*replicaUser // by Omni's id
	teams  map[string]*replicaTeam // by Omni's id
	called map[string]string       // Okta ids by the folded userNames that they ever had
	linked map[string]string       // Omni's ids by Okta's
}

type replicaUser struct {
	name, display, department string
	active                    bool
}

type replicaTeam struct {
	name    string
	members map[string]bool // Omni's ids
}

// replicaOf takes Omni as it stands now.
func replicaOf(omni *simomni.Org) *replica {
	r := &replica{users: map[string]*replicaUser{}, teams: map[string]*replicaTeam{}, called: map[string]string{}, linked: map[string]string{}}
	for _, u := range omni.Users() {
		r.users[u.ID] = &replicaUser{u.UserName, u.DisplayName, department(u.Attributes["department"]), u.Active}
	}
	ids := idsOf(omni)
	for _, g := range omni.Groups() {
		r.teams[g.ID] = &replicaTeam{g.DisplayName, map[string]bool{}}
		for _, name := range g.Members {
			r.teams[g.ID].members[ids[name]] = true
		}
	}
	return r
}

// clone gives a replica to go on with.
func (r *replica) clone() *replica {
	c := &replica{users: map[string]*replicaUser{}, teams: map[string]*replicaTeam{}, called: map[string]string{}, linked: map[string]string{}}
	for id, u := range r.users {
		same := *u
		c.users[id] = &same
	}
	for id, t := range r.teams {
		c.teams[id] = &replicaTeam{t.name, maps.Clone(t.members)}
	}
	return c
}

func idsOf(omni *simomni.Org) map[string]string {
	ids := map[string]string{}
	for _, u := range omni.Users() {
		ids[u.UserName] = u.ID
	}
	return ids
}

// learn takes the names in: a line of a group's members has nothing else of them.
func (r *replica) learn(lines []state.Change) {
	for _, c := range lines {
		if c.Group != "" {
			continue
		}
		for _, f := range []*state.Facts{{UserName: c.UserName}, c.Before, c.After} {
			if f != nil && f.UserName != "" {
				r.called[fold(f.UserName)] = c.OktaID
			}
		}
	}
}

// replay does once more what the line says was done.
func (r *replica) replay(c state.Change) error {
	if c.State != state.Applied {
		return nil
	}
	switch c.Kind {
	case "release", "end_grace", "forget", "stay", "transfer", "restore", "pause", "resume", "let_go", "rebind":
		return nil
	case "link":
		r.linked[c.OktaID] = c.OmniID
		return nil
	case "unlink":
		delete(r.linked, c.OktaID)
		return nil
	}
	if c.OmniID == "" {
		if c.Kind == "delete" || c.Kind == "deactivate" { // of what was never made
			return nil
		}
		return fmt.Errorf("nobody can tell where it was done: %s of %s%s", c.Kind, c.UserName, c.Group)
	}
	if c.Group != "" {
		return r.replayTeam(c)
	}
	r.linked[c.OktaID] = c.OmniID
	u := r.users[c.OmniID]
	switch {
	case c.Kind == "delete":
		delete(r.users, c.OmniID)
		for _, t := range r.teams {
			delete(t.members, c.OmniID)
		}
		return nil
	case u == nil && (c.Kind == "create" || c.Kind == "adopt" && c.After != nil && c.After.UserName != "" && c.After.Active != nil):
		u = &replicaUser{active: true, department: "-"}
		r.users[c.OmniID] = u
	case u == nil:
		return fmt.Errorf("%s of %s, whom no line made", c.Kind, c.UserName)
	}
	u.take(c)
	return nil
}

func (u *replicaUser) take(c state.Change) {
	if f := c.After; f != nil {
		u.name, u.display = firstOf(f.UserName, u.name), firstOf(f.DisplayName, u.display)
		if f.Active != nil {
			u.active = *f.Active
		}
		if v, told := f.Attributes["department"]; told {
			u.department = "-"
			if v != nil {
				u.department = strings.Trim(string(*v), `"`)
			}
		}
	}
}

func (r *replica) replayTeam(c state.Change) error {
	t := r.teams[c.OmniID]
	switch {
	case c.Kind == "delete":
		delete(r.teams, c.OmniID)
		return nil
	case t == nil && (c.Kind == "create" || c.Kind == "adopt" && c.After != nil && c.After.DisplayName != ""):
		t = &replicaTeam{members: map[string]bool{}}
		r.teams[c.OmniID] = t
	case t == nil:
		return fmt.Errorf("%s of group %s, which no line made", c.Kind, c.Group)
	}
	if c.Before != nil {
		for _, name := range c.Before.Members {
			delete(t.members, r.omniID(name))
		}
	}
	if c.After != nil {
		t.name = firstOf(c.After.DisplayName, t.name)
		for _, name := range slices.Concat(c.After.Members, c.After.Stood) {
			id := r.omniID(name)
			if r.users[id] == nil {
				return fmt.Errorf("%s comes into group %s, whom no line made", name, c.Group)
			}
			t.members[id] = true
		}
	}
	return nil
}

// omniID is the account of who had the name.
func (r *replica) omniID(name string) string {
	if id := r.linked[r.called[fold(name)]]; id != "" {
		return id
	}
	for id, u := range r.users {
		if fold(u.name) == fold(name) {
			return id
		}
	}
	return ""
}

// differs tells where Omni isn't what the log makes of it, as far as it is managed: those
// users and groups, and the places of those users in those groups.
func (r *replica) differs(omni *simomni.Org, managed func(id string) bool) error {
	var want, got []string
	for id, u := range r.users {
		if managed(id) {
			want = append(want, fmt.Sprint(id, " ", fold(u.name), " ", u.display, " ", u.department, " active: ", u.active))
		}
	}
	for _, u := range omni.Users() {
		if managed(u.ID) {
			got = append(got, fmt.Sprint(u.ID, " ", fold(u.UserName), " ", u.DisplayName, " ", department(u.Attributes["department"]), " active: ", u.Active))
		}
	}
	for id, t := range r.teams {
		if managed(id) {
			want = append(want, fmt.Sprint(id, " ", t.name, " ", managedOf(slices.Collect(maps.Keys(t.members)), managed)))
		}
	}
	ids := idsOf(omni)
	for _, g := range omni.Groups() {
		if managed(g.ID) {
			var members []string
			for _, name := range g.Members {
				members = append(members, ids[name])
			}
			got = append(got, fmt.Sprint(g.ID, " ", g.DisplayName, " ", managedOf(members, managed)))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		return fmt.Errorf("the log makes Omni\n  %s\nand it is\n  %s", strings.Join(want, "\n  "), strings.Join(got, "\n  "))
	}
	return nil
}

func managedOf(ids []string, managed func(string) bool) []string {
	ids = slices.DeleteFunc(ids, func(id string) bool { return !managed(id) })
	slices.Sort(ids)
	return ids
}
