package sync

import (
	"slices"
	"strings"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// lanesOf gives the lane of each change's requests to Omni; waited tells that Okta
// waits for them, or somebody who asked for one person. The rows, first match first:
//
//	change                                                  lane
//	a user's end, a group's end                             removals
//	members who go                                          removals
//	an existing user's attributes                           removals
//	any that is waited for                                  pushes
//	members who come, one of whom has a change above        moves
//	a new account, or one that is adopted                   joiners
//	a user's names, or a group's, and nothing else          names
//	any other                                               other
//
// What a user's change, or one of groups that exchange names, waits for goes in its lane.
func lanesOf(changes []Change, waited bool) []identity.Lane {
	moving := map[identity.OktaID]bool{}
	for _, c := range changes {
		if c.State != state.Planned {
			continue
		}
		if c.User != "" && c.Kind != Create && c.Kind != Adopt {
			moving[c.User] = true
		}
		for _, id := range c.Drop {
			moving[id] = true
		}
	}
	list, latest := make([]identity.Lane, len(changes)), map[string]int{}
	for i, c := range changes {
		list[i] = c.lane(moving, waited)
		if c.State != state.Planned {
			continue
		}
		for _, need := range c.Needs {
			if c.Group == "" || strings.HasPrefix(need, groupSubject("")) { // a group's joiners keep their lane
				hasten(changes, list, latest, need, list[i])
			}
		}
		latest[c.subject()] = i
	}
	return list
}

// hasten brings the change of a subject, and what that waits for, into a better lane.
func hasten(changes []Change, list []identity.Lane, latest map[string]int, subject string, lane identity.Lane) {
	i, planned := latest[subject]
	if !planned || list[i] <= lane {
		return
	}
	list[i] = lane
	for _, need := range changes[i].Needs {
		hasten(changes, list, latest, need, lane)
	}
}

func (c Change) lane(moving map[identity.OktaID]bool, waited bool) identity.Lane {
	switch {
	case c.ends(), c.Group != "" && c.Kind == Delete,
		len(c.Drop) > 0,
		c.Kind == Update && len(c.Patch.Attributes) > 0:
		return identity.LaneRemoval
	case waited:
		return identity.LanePush
	case slices.ContainsFunc(c.Add, func(id identity.OktaID) bool { return moving[id] }):
		return identity.LaneMove
	case c.User != "" && (c.Kind == Create || c.Kind == Adopt):
		return identity.LaneJoiner
	case c.Kind == Update, c.Kind == Rename && len(c.Add) == 0:
		return identity.LaneName
	default:
		return identity.LaneOther
	}
}
