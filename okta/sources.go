package okta

import (
	"context"
	"iter"
	"strconv"

	"github.com/omnisync/omnisync/identity"
)

// What each kind of question needs, in the words of Okta's custom roles.
const (
	needApps   = "okta.apps.read for this app"
	needGroups = "okta.groups.read for these groups"
	needUsers  = "okta.users.read for these users"
	needPushed = "okta.apps.read for this app and okta.groups.read"
	needLogs   = "access to the System Log"
)

// App reads the application itself; fault.NotFound when there is none. A run
// begins with it: kinds of requests that failed in the run before are tried again.
func (r *Reader) App(ctx context.Context) (identity.App, error) {
	r.broken.reset()
	c := call{kind: "app", op: "read app " + r.id, path: r.app, needs: needApps}
	app, _, err := get[appRecord](ctx, r, c, r.id)
	return app.app(), err
}

// Assignments lists every app user, 500 a page (the most that Okta gives), with
// the Okta user embedded: only there its status is told. Equal prints mean
// equal texts of everything but the scope: a profile that Okta writes in another
// order counts as another.
func (r *Reader) Assignments(ctx context.Context) iter.Seq2[identity.Sighting, error] {
	c := call{kind: "assignments", op: "list app users", path: r.app + "/users?expand=user&limit=" + strconv.Itoa(usersPage), needs: needApps}
	return convert(list[assignmentRecord](ctx, r, c), (*assignmentRecord).sighting)
}

// Mappings lists every group-push mapping of the app, 1000 a page (the most that
// Okta gives).
func (r *Reader) Mappings(ctx context.Context) iter.Seq2[identity.Mapping, error] {
	c := call{kind: "mappings", op: "list group-push mappings", path: r.app + "/group-push/mappings?limit=1000", needs: needPushed}
	return convert(list[mappingRecord](ctx, r, c), (*mappingRecord).mapping)
}

// Members lists everyone in the group, whether assigned or not. A page
// has 1000, which is Okta's default: its limits count requests, not bytes, so the
// 200 that its documents recommend would cost five times as much of them.
func (r *Reader) Members(ctx context.Context, id identity.GroupID) iter.Seq2[identity.Membership, error] {
	c := call{kind: "members", op: "list members of group " + string(id), path: "/api/v1/groups/" + string(id) + "/users?limit=" + strconv.Itoa(membersPage), needs: needGroups}
	if err := checkID(c, string(id)); err != nil {
		return func(yield func(identity.Membership, error) bool) { yield(identity.Membership{}, err) }
	}
	return convert(list[idRecord](ctx, r, c), (*idRecord).member)
}

// convert turns a list of Okta's records into one of ours.
func convert[T, U any](from iter.Seq2[told[T], error], to func(*T, identity.Origin) U) iter.Seq2[U, error] {
	return func(yield func(U, error) bool) {
		for v, err := range from {
			if err != nil {
				var zero U
				yield(zero, err)
				return
			}
			if !yield(to(v.record, v.origin), nil) {
				return
			}
		}
	}
}
