package okta

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// logAge is how far back the System Log reaches (Okta keeps 90 days).
const logAge = 90 * 24 * time.Hour

// Assignment reads one app user; fault.NotFound only for Okta's 404 with code
// E0000007, and then the Origin alone is told.
func (r *Reader) Assignment(ctx context.Context, id identity.OktaID) (identity.Assignment, error) {
	c := call{kind: "assignment", op: "read app user " + string(id), path: r.app + "/users/" + string(id) + "?expand=user", needs: needApps}
	user, from, err := get[assignmentRecord](ctx, r, c, string(id))
	if err != nil {
		return identity.Assignment{Origin: from}, err
	}
	s := user.sighting(from)
	a, err := s.Whole()
	if err != nil {
		return a, doubt(c, "%v", err)
	}
	a.Print = s.Print
	return a, nil
}

// Account reads the status of an Okta user; fault.NotFound for Okta's 404 with
// code E0000007.
func (r *Reader) Account(ctx context.Context, id identity.OktaID) (string, error) {
	c := call{kind: "account", op: "read user " + string(id), path: "/api/v1/users/" + string(id), needs: needUsers}
	user, _, err := get[accountRecord](ctx, r, c, string(id))
	if err == nil && user.Status == "" {
		err = doubt(c, "the answer has no status")
	}
	return user.Status, err
}

// Mapping reads one group-push mapping; fault.NotFound as in Assignment.
func (r *Reader) Mapping(ctx context.Context, id string) (identity.Mapping, error) {
	c := call{kind: "mapping", op: "read group-push mapping " + id, path: r.app + "/group-push/mappings/" + id, needs: needPushed}
	mapping, from, err := get[mappingRecord](ctx, r, c, id)
	return mapping.mapping(from), err
}

// Departed gives the event of the System Log, as far back as it reaches, that shows
// a deactivation or deletion of the user, else one that shows an unassignment from this app,
// "" where there is none; gone tells that it is the account's end. The end of the search is
// now by Okta's clock, so that a wrong one of ours hides nothing.
func (r *Reader) Departed(ctx context.Context, id identity.OktaID) (event identity.Origin, gone bool, err error) {
	now := time.Now().Add(-r.Skew()).UTC()
	query := url.Values{
		"since": {now.Add(-logAge).Format(time.RFC3339)},
		"until": {now.Format(time.RFC3339)},
		"filter": {fmt.Sprintf(`target.id eq %q and (eventType eq "user.lifecycle.deactivate" or eventType sw "user.lifecycle.delete"`+
			` or eventType eq "application.user_membership.remove")`, string(id))},
		"sortOrder": {"DESCENDING"},
		"limit":     {"100"},
	}
	c := call{kind: "log", op: "look for the departure of user " + string(id), path: "/api/v1/logs?" + query.Encode(), needs: needLogs}
	if err := checkID(c, string(id)); err != nil {
		return "", false, err
	}
	for e, err := range list[eventRecord](ctx, r, c) {
		switch {
		case err != nil:
			return "", false, err
		case !e.record.departs(id, r.id):
		case e.record.endsAccount():
			return e.record.origin(), true, nil
		case event == "":
			event = e.record.origin()
		}
	}
	return event, false, nil
}
