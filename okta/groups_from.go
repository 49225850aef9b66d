package okta

import (
	"context"
	"iter"
	"net/url"
	"path"

	"github.com/go-json-experiment/json"

	"github.com/omnisync/omnisync/identity"
)

// AllGroups lists every group of the org that the credential may see, 200 a page
// as Okta's documents recommend. It neither searches nor filters: Okta's search
// lags behind, and its filter knows no names.
func (r *Reader) AllGroups(ctx context.Context) iter.Seq2[identity.Group, error] {
	c := call{kind: "groups", op: "list groups", path: "/api/v1/groups?limit=200", needs: needGroups}
	return convert(list[groupRecord](ctx, r, c), (*groupRecord).group)
}

// AppGroups lists the groups that are assigned to the app, 200 a page (the most
// that Okta gives). One that Okta doesn't embed whole has its id alone.
func (r *Reader) AppGroups(ctx context.Context) iter.Seq2[identity.Group, error] {
	c := call{kind: "app groups", op: "list groups assigned to the app", path: r.app + "/groups?expand=group&limit=200", needs: needApps}
	return convert(list[appGroupRecord](ctx, r, c), (*appGroupRecord).group)
}

// AppGroup makes sure that the group is assigned to the app, and tells where Okta
// said so, or said that it isn't: fault.NotFound only for Okta's 404 with code
// E0000007.
func (r *Reader) AppGroup(ctx context.Context, id identity.GroupID) (identity.Origin, error) {
	c := call{kind: "app group", op: "read the app's group " + string(id), path: r.app + "/groups/" + string(id), needs: needApps}
	_, from, err := get[idRecord](ctx, r, c, string(id))
	return from, err
}

// group is the embedded group, if it is the one that is assigned.
func (r appGroupRecord) group(from identity.Origin) identity.Group {
	g := r.Embedded.Group
	if g.ID != r.ID || g.Profile.Name == "" || g.MembershipUpdated.IsZero() {
		return identity.Group{ID: identity.GroupID(r.ID), Origin: from}
	}
	return g.group(from)
}

// source is the app that brought the group. Okta shows it as a link to the app,
// and its search calls the same thing source.id. In any other form it isn't told,
// which must not keep the group from being read.
func (r groupRecord) source() string {
	var origin struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(r.Origin, &origin); err == nil && isID(origin.ID) {
		return origin.ID
	}
	var link struct {
		Href string `json:"href"`
	}
	if err := json.Unmarshal(r.Links.Source, &link); err != nil {
		return ""
	}
	address, err := url.Parse(link.Href)
	if err != nil || !isID(path.Base(address.Path)) {
		return ""
	}
	return path.Base(address.Path)
}
