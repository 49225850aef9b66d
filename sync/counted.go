package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// A list of members proves itself by usersCount, which Okta counts by itself: where it
// counts more members than it lists, some are hidden, and who isn't listed may be one of
// them. The rows, of a list that was stable while it was read:
//
//	Okta counts        the group
//	nothing            is believed as before: Okta doesn't tell usersCount
//	as many, or fewer  is believed: who was listed is a member, whoever counts
//	more               is read again, three times in all; then it is short
//
// Of a group that is short nobody leaves because of a list. Who leaves by an event, and
// by their own groups, does. It is compared in every reconcile, and from then on in every
// full run and whenever else its members are read, until Okta counts no more than it lists.

// short reports whether Okta counts more members than it lists.
func (c Crowd) short() bool { return c.Short != state.Short{} }

// proves reports whether somebody who was missing has certainly left: all members are
// known, or an event and the user's own groups say so.
func (c Crowd) proves(u identity.OktaID) bool {
	_, proven := c.Listed.proofs[u]
	return c.Certain || c.short() && proven
}

// ends reports whether somebody whom the ledger knows to be no member in Okta is none.
// Of a group that is short, somebody found in Omni alone may be a member who isn't listed.
func (c Crowd) ends(m state.Member) bool {
	return c.Certain || c.short() && m.Omni != state.Found
}

// shorts names the groups of which Okta counts more members than it lists.
func (d *Desired) shorts() map[identity.GroupID]bool {
	short := map[identity.GroupID]bool{}
	for id, c := range d.Groups {
		short[id] = c.short()
	}
	return short
}

// isShort reports whether the group's list was shorter than Okta's count, as far as the
// run or the ledger knows.
func (l *Ledger) isShort(id identity.GroupID) bool {
	return l.short[id] || l.Groups[id].Short != state.Short{}
}

// leftShort proves what events say of groups that are short: who left by an event, and by
// their own groups, has left, whatever the list is worth. A list of nothing proves nothing.
func (r *delta) leftShort(ctx context.Context) error {
	for g, members := range r.touched.members {
		c := r.desired.Groups[g]
		if !c.Read || !c.short() {
			continue
		}
		ids := slices.DeleteFunc(slices.Clone(c.Left), func(u identity.OktaID) bool { return !members[u].left })
		proofs := map[identity.OktaID]identity.Origin{}
		for _, b := range r.belongings(ctx, ids) {
			if ctx.Err() != nil || fault.Is(b.err, fault.Unauthorized) {
				return b.err
			}
			if b.err != nil {
				r.doubt(lookMembers+string(g), "which groups user "+string(b.user)+" is in", b.err)
			} else if len(b.groups) > 0 && !b.groups[g] {
				proofs[b.user] = after(members[b.user].event, b.from)
			}
		}
		c.Listed.proofs = proofs
		r.desired.Groups[g] = c
	}
	return nil
}

// counts reports whether the group's members are compared with usersCount.
func (cr *crowdReader) counts(id identity.GroupID) bool {
	return !cr.spared(id) && (cr.counted || cr.ledger.Groups[id].Short != state.Short{})
}

// spared reports whether groups.uncounted names the group.
func (cr *crowdReader) spared(id identity.GroupID) bool {
	g := identity.Group{ID: id, Name: cr.crowds[id].Name, Type: cr.crowds[id].Type}
	return slices.ContainsFunc(cr.engine.policy.Uncounted, func(entry string) bool { return Selects(entry, g) })
}

// again looks at groups whose members were read: with their usersCount, where that is compared.
func (cr *crowdReader) again(ctx context.Context, ids []identity.GroupID) (map[identity.GroupID]identity.Group, error) {
	var counted, others []identity.GroupID
	for _, id := range ids {
		if cr.counts(id) {
			counted = append(counted, id)
		} else {
			others = append(others, id)
		}
	}
	groups, err := cr.engine.o.Okta.Groups(ctx, others)
	if err != nil || len(counted) == 0 {
		return groups, err
	}
	all, err := cr.engine.o.Okta.CountedGroups(ctx, counted)
	if err == nil {
		maps.Copy(all, groups)
	}
	return all, err
}

// measure compares how many members were listed with how many Okta counts, and reports
// whether the reading stands. Figures that are as they were before aren't read again.
func (cr *crowdReader) measure(c *Crowd, g identity.Group, listed int) bool {
	if g.Users == nil || !cr.counts(g.ID) {
		c.Certain = true
		return true
	}
	c.Compared, c.Short = true, state.Short{}
	if c.Certain = *g.Users <= listed; c.Certain {
		return true
	}
	before := cr.ledger.Groups[g.ID].Short
	c.Short = state.Short{Listed: listed, Counted: *g.Users, Since: before.Since}
	if before.Since.IsZero() {
		c.Short.Since = time.Now().UTC().Truncate(time.Second)
	}
	return c.Short == before
}

// miscounted is the doubt about a group that is short.
func miscounted(s state.Short) string {
	return fmt.Sprintf("Okta lists %s and counts %d, since %s. Members may be hidden from the credential (its role, or the resource set of it), or Okta counts others than it lists; "+
		"if you know that all are listed, name the group in groups.uncounted", counted(s.Listed, "member"), s.Counted, s.Since.UTC().Format(time.RFC3339))
}
