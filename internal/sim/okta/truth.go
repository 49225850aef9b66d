package okta

import (
	"maps"
	"slices"
)

// Assigned is who should have an account now, by id, with the userName: the app user and the Okta user are both in
// a state that counts. Suspended and staged Okta users aren't in it: what becomes of them is a policy of the reader.
func (o *Org) Assigned() map[string]string {
	defer o.lock()()
	assigned := map[string]string{}
	for id, a := range o.assigned {
		if appUserCounts(a.status) && userCounts(a.user.status) {
			assigned[id] = a.userName
		}
	}
	return assigned
}

func appUserCounts(status string) bool {
	return slices.Contains([]string{"ACTIVE", "PROVISIONED", "PENDING", "APPROVED", "STAGED", "IMPLICIT"}, status)
}

func userCounts(status string) bool {
	return slices.Contains([]string{"ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"}, status)
}

// Users are the ids of everyone in the org, in order of creation.
func (o *Org) Users() []string {
	defer o.lock()()
	var ids []string
	o.userRoll.after(0, func(_ uint64, u *user) bool {
		ids = append(ids, u.id)
		return true
	})
	return ids
}

// Status is the Okta user's status.
func (o *Org) Status(id string) string {
	defer o.lock()()
	return o.mustUser(id).status
}

// MembersOf are the ids of everyone in the group now, sorted.
func (o *Org) MembersOf(groupID string) []string {
	defer o.lock()()
	ids := []string{}
	for u := range o.mustGroup(groupID).index {
		ids = append(ids, u.id)
	}
	slices.Sort(ids)
	return ids
}

// Groups are the names of all groups by id, those that Group Push made in the app included.
func (o *Org) Groups() map[string]string {
	defer o.lock()()
	names := map[string]string{}
	for id, g := range o.groups {
		names[id] = g.name
	}
	return names
}

// Pushed are the groups under Push Groups with the status of their mapping, by the group's id.
func (o *Org) Pushed() map[string]string {
	defer o.lock()()
	pushed := map[string]string{}
	for m := range maps.Values(o.mappings) {
		pushed[m.source.id] = m.status
	}
	return pushed
}
