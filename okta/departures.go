package okta

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// Departures lists who was unassigned from the app, deactivated or deleted, as
// far back as the System Log reaches, the newest first. Somebody may be listed
// more than once, and may have come back since.
func (r *Reader) Departures(ctx context.Context) iter.Seq2[identity.Departure, error] {
	return func(yield func(identity.Departure, error) bool) {
		now := time.Now().Add(-r.Skew()).UTC()
		query := url.Values{
			"since": {now.Add(-logAge).Format(time.RFC3339)},
			"until": {now.Format("2006-01-02T15:04:05.000Z")}, // to whole seconds it would leave out who left just now
			"filter": {fmt.Sprintf(`eventType eq "user.lifecycle.deactivate" or eventType sw "user.lifecycle.delete"`+
				` or (eventType eq "application.user_membership.remove" and target.id eq %q)`, r.id)},
			"sortOrder": {"DESCENDING"},
			"limit":     {"1000"},
		}
		c := call{kind: "log", op: "list the departures of users", path: "/api/v1/logs?" + query.Encode(), needs: needLogs}
		for event, err := range list[eventRecord](ctx, r, c) {
			if err != nil {
				yield(identity.Departure{}, err)
				return
			}
			d := event.record.departure()
			if d.ID != "" && event.record.departs(d.ID, r.id) && !yield(d, nil) {
				return
			}
		}
	}
}
