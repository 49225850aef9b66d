package okta

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// The parts of Okta's objects that only a Probe reads.

type appFactsRecord struct {
	appRecord
	Credentials struct {
		Template struct {
			Text string `json:"template"`
		} `json:"userNameTemplate"`
	} `json:"credentials"`
	Links struct {
		Users struct {
			Href string `json:"href"`
		} `json:"users"`
	} `json:"_links"`
}

type roleRecord struct {
	ID    string `json:"id"`
	Type  string `json:"type"`
	Label string `json:"label"`
}

func (r roleRecord) id() string { return r.ID }

// dated is an event with its time.
type datedRecord struct {
	ID        string    `json:"uuid"`
	Type      string    `json:"eventType"`
	Published time.Time `json:"published"`
}

func (r datedRecord) id() string { return r.ID }

// Assigned gives the first page of the app's users, at most 500, and whether
// there are more.
func (p *Probe) Assigned(ctx context.Context) ([]identity.Sighting, bool, error) {
	c := call{kind: "assignments", op: "list app users", path: p.reader.app + "/users?expand=user&limit=500", needs: needApps}
	users, more, err := onePage[assignmentRecord](ctx, p.reader, c)
	return each(users, (*assignmentRecord).sighting), more, err
}

// Mappings gives the first page of the app's group-push mappings, at most 1000.
func (p *Probe) Mappings(ctx context.Context) ([]identity.Mapping, bool, error) {
	c := call{kind: "mappings", op: "list group-push mappings", path: p.reader.app + "/group-push/mappings?limit=1000", needs: needPushed}
	mappings, more, err := onePage[mappingRecord](ctx, p.reader, c)
	return each(mappings, (*mappingRecord).mapping), more, err
}

// AppGroups gives the first page of the groups that are assigned to the app, at
// most 200. They come with their ids alone.
func (p *Probe) AppGroups(ctx context.Context) ([]identity.Group, bool, error) {
	c := call{kind: "app groups", op: "list groups assigned to the app", path: p.reader.app + "/groups?limit=200", needs: needApps}
	groups, more, err := onePage[idRecord](ctx, p.reader, c)
	return each(groups, func(g *idRecord, _ identity.Origin) identity.Group { return identity.Group{ID: identity.GroupID(g.ID)} }), more, err
}

// Groups gives the first page of all groups, at most 1000.
func (p *Probe) Groups(ctx context.Context) ([]identity.Group, bool, error) {
	c := call{kind: "groups", op: "list groups", path: "/api/v1/groups?limit=1000", needs: needGroups}
	groups, more, err := onePage[groupRecord](ctx, p.reader, c)
	return each(groups, (*groupRecord).group), more, err
}

// Members gives up to 10 members of a group, and whether there are more.
func (p *Probe) Members(ctx context.Context, id identity.GroupID) ([]identity.OktaID, bool, error) {
	c := call{kind: "members", op: "list members of group " + string(id), path: "/api/v1/groups/" + string(id) + "/users?limit=10", needs: needGroups}
	if err := checkID(c, string(id)); err != nil {
		return nil, false, err
	}
	users, more, err := onePage[idRecord](ctx, p.reader, c)
	return each(users, func(v *idRecord, _ identity.Origin) identity.OktaID { return identity.OktaID(v.ID) }), more, err
}

// GroupsOf gives the groups that a user is in.
func (p *Probe) GroupsOf(ctx context.Context, id identity.OktaID) ([]identity.GroupID, error) {
	groups, _, err := p.reader.GroupsOf(ctx, id)
	return groups, err
}

// LastEvent gives type and time of the newest successful event about the app in
// the System Log whose type is, or begins with, one of kinds (a beginning ends
// with a dot); with no kinds the newest of any, about anything. An empty type means
// that the log shows none since then.
func (p *Probe) LastEvent(ctx context.Context, since time.Duration, kinds ...string) (string, time.Time, error) {
	now := time.Now().Add(-p.Skew()).UTC()
	query := url.Values{
		"since":     {now.Add(-since).Format(time.RFC3339)},
		"until":     {now.Add(time.Second).Format(time.RFC3339)},
		"sortOrder": {"DESCENDING"},
		"limit":     {"1"},
	}
	if len(kinds) > 0 {
		query.Set("filter", fmt.Sprintf(`target.id eq %q and outcome.result eq "SUCCESS" and (%s)`, p.reader.id, anyOf(kinds)))
	}
	c := call{kind: "log", op: "read the System Log", path: "/api/v1/logs?" + query.Encode(), needs: needLogs}
	events, _, err := onePage[datedRecord](ctx, p.reader, c)
	if err != nil || len(events) == 0 {
		return "", time.Time{}, err
	}
	return events[0].Type, events[0].Published, nil
}

func anyOf(kinds []string) string {
	terms := make([]string, len(kinds))
	for i, kind := range kinds {
		operator := "eq"
		if strings.HasSuffix(kind, ".") {
			operator = "sw"
		}
		terms[i] = fmt.Sprintf("eventType %s %q", operator, kind)
	}
	return strings.Join(terms, " or ")
}

// each converts a page. Nothing is recorded of it, so its records need no origin.
func each[T, U any](list []T, to func(*T, identity.Origin) U) []U {
	out := make([]U, len(list))
	for i := range list {
		out[i] = to(&list[i], "")
	}
	return out
}
