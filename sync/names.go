package sync

import (
	"cmp"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/identity"
)

// refusal says why a user or a group can't have the name that Okta gives it.
type refusal int

const (
	free    refusal = iota
	doubled         // several want it, and none of them has it
	taken           // somebody else is linked under it and doesn't move away
	ringed          // those who want each other's names wait for each other
	blocked         // its holder's own rename can't happen
)

// claims says who may have which name in Omni, where names are one for all
// letter cases. K is the kind of id.
//
//	several want one name, one is linked under it     the linked one keeps it, the others are refused
//	several, none linked under it                     all are refused
//	one, and somebody else who stays is linked to it  refused
//	one, and its holder moves away                    after the holder; rings are refused
type claims[K cmp.Ordered] struct {
	holder  map[string]K // who is linked under a folded name now
	refused map[K]refusal
	after   map[K]K // whose change must come first
}

// claim decides over all names at once. wants gives the folded name that each
// object is to have; leaves tells that a holder gives its name up altogether.
func claim[K cmp.Ordered](holder map[string]K, wants map[K]string, leaves func(K) bool) claims[K] {
	c := claims[K]{holder: holder, refused: map[K]refusal{}, after: map[K]K{}}
	byName := map[string][]K{}
	for _, id := range slices.Sorted(maps.Keys(wants)) {
		byName[wants[id]] = append(byName[wants[id]], id)
	}
	for name, ids := range byName {
		has, held := holder[name]
		other, moves := wants[has]
		moves = held && (moves && other != name || leaves(has))
		for _, id := range ids {
			switch {
			case held && has == id:
			case len(ids) > 1:
				c.refused[id] = doubled
			case moves:
				c.after[id] = has
			case held:
				c.refused[id] = taken
			}
		}
	}
	c.follow()
	return c
}

// follow walks every chain of renames to its end: who waits for themselves is
// in a ring, who waits for a refused one is blocked.
func (c claims[K]) follow() {
	verdicts := map[K]refusal{}
	for start := range c.after {
		seen := map[K]bool{}
		for id := start; ; {
			if seen[id] {
				verdicts[start] = blocked
				break
			}
			seen[id] = true
			if c.refused[id] != free {
				verdicts[start] = blocked
				break
			}
			next, ok := c.after[id]
			if !ok {
				break
			}
			if next == start {
				verdicts[start] = ringed
				break
			}
			id = next
		}
	}
	maps.Copy(c.refused, verdicts)
}

// userNames claims the userNames of everybody who has or gets an account.
func userNames(d Desired, l *Ledger) claims[identity.OktaID] {
	holder, wants := map[string]identity.OktaID{}, map[identity.OktaID]string{}
	for id, u := range l.Users {
		if u.Omni != "" {
			holder[identity.FoldUserName(u.UserName)] = id
		}
	}
	for id, p := range d.Users {
		u := l.Users[id]
		if (p.wanted() || p.stays() && u.Omni != "" && u.Active) && identity.CheckUserName(p.UserName) == nil {
			wants[id] = identity.FoldUserName(p.UserName)
		}
	}
	for _, name := range wants {
		if former := l.heldBy(name); former != "" {
			holder[name] = former
		}
	}
	return claim(holder, wants, func(identity.OktaID) bool { return false })
}

// groupNames claims the displayNames of all pushed groups.
func groupNames(d Desired, l *Ledger) claims[identity.GroupID] {
	holder, wants := map[string]identity.GroupID{}, map[identity.GroupID]string{}
	for id, c := range d.Groups {
		if !c.Gone && !c.Paused && c.Fault == "" && !tooLong(c.title()) {
			wants[id] = identity.FoldName(c.title())
		}
	}
	if len(wants) == 0 { // such as where one user is pushed: who holds which name matters to nobody
		return claim(holder, wants, d.unpushed)
	}
	for id, g := range l.Groups {
		if g.Omni != "" {
			holder[identity.FoldName(g.DisplayName)] = id
		}
	}
	return claim(holder, wants, d.unpushed)
}
