package okta

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// mostDeedPages bounds how much of the System Log is read to find causes: 10,000 events.
const mostDeedPages = 10

// Deeds reads the System Log back from now to since, by our clock, for what may have
// led to removals. It ends after mostDeedPages, and then tells how far it came.
func (r *Reader) Deeds(ctx context.Context, since time.Time) (identity.Chapter, error) {
	now := r.latest()
	since = later(since.Add(-r.Skew()).UTC(), now.Add(-logAge))
	c := r.deedCall("read the System Log for causes", since, now, deedFilter(r.id), logPage)
	chapter := identity.Chapter{Since: since}
	seen := map[string]bool{}
	for range mostDeedPages {
		a, err := r.ask(ctx, c)
		if err != nil {
			return identity.Chapter{}, err
		}
		next, err := r.nextPath(c, a.header)
		events, err := recordsOf[deedRecord](c, page{answer: a, link: err}, 0)
		if err != nil {
			return identity.Chapter{}, err
		}
		for _, e := range events {
			if d := e.deed(r.id); d.Kind != identity.DeedNone && !seen[e.ID] {
				seen[e.ID] = true
				chapter.Deeds = append(chapter.Deeds, d)
			}
		}
		if next == "" {
			return chapter, nil
		}
		if len(events) > 0 {
			chapter.Since = events[len(events)-1].Published
		}
		c.path = next
	}
	chapter.Cut = true
	return chapter, nil
}

// Stopped gives the newest deed by which the app was deactivated or deleted, the zero
// Deed where the System Log knows none. One request.
func (r *Reader) Stopped(ctx context.Context) (identity.Deed, error) {
	now := r.latest()
	filter := fmt.Sprintf(`target.id eq %q and (eventType eq "application.lifecycle.deactivate" or eventType eq "application.lifecycle.delete")`, r.id)
	c := r.deedCall("look for who deactivated the app", now.Add(-logAge), now, filter, 1)
	a, err := r.ask(ctx, c)
	if err != nil {
		return identity.Deed{}, err
	}
	events, err := recordsOf[deedRecord](c, page{answer: a}, 0)
	if err != nil || len(events) == 0 {
		return identity.Deed{}, err
	}
	return events[0].deed(r.id), nil
}

// latest is now by Okta's clock, and no earlier: the clock is told in whole seconds, and
// what happened in this one is to be found.
func (r *Reader) latest() time.Time { return time.Now().Add(time.Second - r.Skew()).UTC() }

func (r *Reader) deedCall(op string, since, until time.Time, filter string, limit int) call {
	return call{kind: "log", op: op, needs: needLogs, path: logPath + url.Values{
		"since":     {since.Format("2006-01-02T15:04:05.000Z")},
		"until":     {until.Format("2006-01-02T15:04:05.000Z")},
		"filter":    {filter},
		"sortOrder": {"DESCENDING"},
		"limit":     {strconv.Itoa(limit)},
	}.Encode()}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// deedKinds are the kinds of events that are read for causes. Those of an app are read
// of our app alone: what happens in others would drown them. Whoever imports is another
// app, which is told by its events.
func deedKinds() (ours, all []string) {
	return []string{
			"application.user_membership.remove", "application.user_membership.deprovision", "application.user_membership.revoke",
			"application.lifecycle.deactivate", "application.lifecycle.delete", "group.application_assignment.remove",
			"application.provision.group_push.removed", "application.provision.group_push.deactivate_mapping",
		}, []string{
			"group.user_membership.remove", "group.user_membership.rule.deactivated", "group.user_membership.rule.invalidate",
			"group.lifecycle.delete", "group.profile.update", "user.lifecycle.deactivate", "user.lifecycle.suspend",
			"user.lifecycle.delete.initiated", "user.account.update_profile", "system.import.start", "system.import.complete",
		}
}

func deedFilter(app string) string {
	ours, all := deedKinds()
	return fmt.Sprintf("(target.id eq %q and (%s)) or %s", app, eachOf(ours), eachOf(all))
}

func eachOf(kinds []string) string {
	list := make([]string, len(kinds))
	for i, k := range kinds {
		list[i] = fmt.Sprintf("eventType eq %q", k)
	}
	return strings.Join(list, " or ")
}
