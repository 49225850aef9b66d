package okta

import (
	"context"
	"net/url"
	"strconv"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// fewGroups is how many groups are asked for one by one rather than looked for
// in the list of all groups.
const fewGroups = 20

// Groups reads the named groups: few by id, many from the list of all groups,
// and by id those that the list lacks (a role may hide a group from lists). One
// that Okta answers 404 for is Gone in the result; any other failure is an error.
func (r *Reader) Groups(ctx context.Context, ids []identity.GroupID) (map[identity.GroupID]identity.Group, error) {
	groups := make(map[identity.GroupID]identity.Group, len(ids))
	if len(ids) > fewGroups {
		if err := r.listGroups(ctx, "", ids, groups); err != nil {
			return nil, err
		}
	}
	return groups, r.singleGroups(ctx, ids, groups)
}

// CountedGroups is Groups with the usersCount of each, at the same price: Okta tells it
// in lists alone, so that few are asked for by a filter each. A group that no list shows,
// and one of which Okta doesn't tell it, comes without.
func (r *Reader) CountedGroups(ctx context.Context, ids []identity.GroupID) (map[identity.GroupID]identity.Group, error) {
	groups := make(map[identity.GroupID]identity.Group, len(ids))
	if len(ids) > fewGroups {
		if err := r.listGroups(ctx, "&expand=stats", ids, groups); err != nil {
			return nil, err
		}
		return groups, r.singleGroups(ctx, ids, groups)
	}
	for _, id := range ids {
		if !isID(string(id)) {
			continue // refused below
		}
		query := url.Values{"expand": {"stats"}, "filter": {`id eq "` + string(id) + `"`}}
		if err := r.listGroups(ctx, "&"+query.Encode(), []identity.GroupID{id}, groups); err != nil {
			return nil, err
		}
	}
	return groups, r.singleGroups(ctx, ids, groups)
}

// singleGroups reads by id those groups that aren't there yet.
func (r *Reader) singleGroups(ctx context.Context, ids []identity.GroupID, groups map[identity.GroupID]identity.Group) error {
	for _, id := range ids {
		if _, ok := groups[id]; ok {
			continue
		}
		c := call{kind: "group", op: "read group " + string(id), path: "/api/v1/groups/" + string(id), needs: needGroups}
		group, from, err := get[groupRecord](ctx, r, c, string(id))
		switch {
		case err == nil:
			groups[id] = group.group(from)
		case fault.Is(err, fault.NotFound):
			groups[id] = identity.Group{Origin: from}
		default:
			return err
		}
	}
	return nil
}

// listGroups puts those of ids that the list has into groups. It stops when it
// has them all. A page has 200, as Okta's documents recommend for this list.
func (r *Reader) listGroups(ctx context.Context, query string, ids []identity.GroupID, groups map[identity.GroupID]identity.Group) error {
	wanted := make(map[identity.GroupID]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	c := call{kind: "groups", op: "list groups", path: "/api/v1/groups?limit=" + strconv.Itoa(groupsPage) + query, needs: needGroups}
	for group, err := range list[groupRecord](ctx, r, c) {
		if err != nil {
			return err
		}
		if id := identity.GroupID(group.record.ID); wanted[id] {
			groups[id] = group.record.group(group.origin)
			delete(wanted, id)
		}
		if len(wanted) == 0 {
			return nil
		}
	}
	return nil
}

// GroupSize is the group's usersCount as Okta counts it itself. A group that the
// list doesn't have is fault.Doubt: it may be hidden.
func (r *Reader) GroupSize(ctx context.Context, id identity.GroupID) (int, error) {
	query := url.Values{"filter": {`id eq "` + string(id) + `"`}, "expand": {"stats"}}
	c := call{kind: "group size", op: "count members of group " + string(id), path: "/api/v1/groups?" + query.Encode(), needs: needGroups}
	if err := checkID(c, string(id)); err != nil {
		return 0, err
	}
	for found, err := range list[groupRecord](ctx, r, c) {
		group := found.record
		switch {
		case err != nil:
			return 0, err
		case group.ID != string(id):
			return 0, doubt(c, "the filter on its id gives group %q", group.ID)
		case group.users() == nil:
			return 0, doubt(c, "the answer has no usersCount")
		}
		return *group.users(), nil
	}
	return 0, doubt(c, "the filter on its id gives no group")
}

// GroupsOf lists the groups that one user is in, in Okta's order, and tells where
// the end of the list was read.
func (r *Reader) GroupsOf(ctx context.Context, id identity.OktaID) ([]identity.GroupID, identity.Origin, error) {
	c := call{kind: "groups of a user", op: "list groups of user " + string(id), path: "/api/v1/users/" + string(id) + "/groups", needs: needUsers}
	if err := checkID(c, string(id)); err != nil {
		return nil, "", err
	}
	var ids []identity.GroupID
	var from identity.Origin
	for group, err := range listTo[idRecord](ctx, r, c, &from) {
		if err != nil {
			return nil, from, err
		}
		ids = append(ids, identity.GroupID(group.record.ID))
	}
	return ids, from, nil
}
