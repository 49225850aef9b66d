package omni

import (
	"net/http"
	"time"
	"unicode/utf8"
)

// maxGroupName is the most characters of a group's name.
const maxGroupName = 64

// team is one group.
type team struct {
	id, displayName   string
	members           roll[user]
	created, modified time.Time
}

func (o *Org) newTeam(displayName string, now time.Time) *team {
	t := &team{id: o.newShortID(), displayName: displayName, created: now, modified: now}
	o.teams[t.id] = t
	o.teamNames[fold(displayName)] = t
	o.teamRoll.add(t)
	return t
}

// checkGroupName refuses a name that t, or a new group where t is nil, can't have.
func (o *Org) checkGroupName(t *team, name *string) *failure {
	switch {
	case name == nil:
		return invalid("displayName: Required")
	case fold(*name) == "":
		return invalid("displayName: String must contain at least 1 character(s)")
	case utf8.RuneCountInString(*name) > maxGroupName:
		return invalid("displayName: String must contain at most %d character(s)", maxGroupName)
	}
	if other := o.teamNames[fold(*name)]; other != nil && other != t {
		return declined(http.StatusConflict, "Group with this name already exists")
	}
	return nil
}

// join and leave report whether a membership became different.
func (t *team) join(members []*user) bool {
	changed := false
	for _, u := range members {
		if t.members.add(u) {
			u.teams.add(t)
			changed = true
		}
	}
	return changed
}

func (t *team) leave(u *user) bool {
	u.teams.remove(t)
	return t.members.remove(u)
}

// setMembers makes members the whole of the group; who stays keeps the place.
func (t *team) setMembers(members []*user) bool {
	wanted := map[*user]bool{}
	for _, u := range members {
		wanted[u] = true
	}
	changed := false
	for u := range t.members.all() {
		if !wanted[u] {
			changed = t.leave(u) || changed
		}
	}
	return t.join(members) || changed
}

// renameTeam reports whether the name became different.
func (o *Org) renameTeam(t *team, name string) bool {
	if name == t.displayName {
		return false
	}
	delete(o.teamNames, fold(t.displayName))
	t.displayName = name
	o.teamNames[fold(name)] = t
	return true
}

func (o *Org) dropTeam(t *team) {
	for u := range t.members.all() {
		t.leave(u)
	}
	delete(o.teams, t.id)
	delete(o.teamNames, fold(t.displayName))
	o.teamRoll.remove(t)
}
