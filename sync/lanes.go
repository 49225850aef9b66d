package sync

import (
	"slices"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// lanesOf gives the lane of each change's requests to Omni; waited tells that Okta
// waits for them. The rows, first match first:
//
//	change                                                  lane
//	a user's end, a group's end                             removals
//	members who go, and nobody comes                        removals
//	an existing user's attributes                           removals
//	members who go and come                                 moves
//	any that Okta waits for                                 pushes
//	members who come, one of whom is changed in this plan   moves
//	a new account, or one that is adopted                   joiners
//	a user's names, or a group's, and nothing else          names
//	any other                                               other
func lanesOf(changes []Change, waited bool) []identity.Lane {
	moving := map[identity.OktaID]bool{}
	for _, c := range changes {
		if c.State != state.Planned {
			continue
		}
		if c.User != "" {
			moving[c.User] = true
		}
		for _, id := range c.Drop {
			moving[id] = true
		}
	}
	list := make([]identity.Lane, len(changes))
	for i, c := range changes {
		list[i] = c.lane(moving, waited)
	}
	return list
}

func (c Change) lane(moving map[identity.OktaID]bool, waited bool) identity.Lane {
	switch {
	case c.ends(), c.Group != "" && c.Kind == Delete,
		len(c.Drop) > 0 && len(c.Add) == 0,
		c.Kind == Update && len(c.Patch.Attributes) > 0:
		return identity.LaneRemoval
	case len(c.Drop) > 0:
		return identity.LaneMove
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
