package pusher

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
	"time"
)

// pushWithin is how long after a change Okta's published test looks at the endpoint, but for an unassignment, for
// which it takes twice as long.
const pushWithin = 20 * time.Second

// CRUD does Okta's published "SCIM 2.0 CRUD Test" with c in Okta's place, and returns the steps that failed: the
// pushes have to be done, retries included, within 20 s (an unassignment within 40), and the endpoint has to show
// them then. Nothing else may be in c's queue.
func CRUD(ctx context.Context, s Server, c *Client) []Finding {
	x := strings.ToLower(rand.Text())
	who := Person{OktaID: "00u" + x[:17], UserName: "okta." + x + "@example.com", GivenName: "Okta", FamilyName: "Test" + x[:4]}
	t := &crud{probe: newProbe(ctx, s), okta: c}
	renamed := who
	renamed.GivenName = "Renamed"

	t.push(ctx, pushWithin, func() { c.Assign(who) })
	t.look("Verify if user is created in SCIM App", byName(who.UserName), func(k *checks) {
		k.equal("Resources.0.userName", who.UserName)
		k.equal("Resources.0.emails.0.value", who.UserName)
		k.equal("Resources.0.name.familyName", who.FamilyName)
		k.equal("Resources.0.name.givenName", who.GivenName)
		t.path = "/Users/" + url.PathEscape(k.text("Resources.0.id"))
	})
	t.push(ctx, pushWithin, func() { c.Update(renamed) })
	t.look("Verify firstname update in SCIM App", t.path, func(k *checks) { k.equal("name.givenName", "Renamed") })
	t.push(ctx, pushWithin, func() { c.Unassign(who.OktaID) }) // a deactivation in Okta
	t.look("Verify if user is deactivated in SCIM App", t.path, func(k *checks) { k.equal("active", "false") })
	t.push(ctx, pushWithin, func() { c.Assign(renamed) })
	t.look("Verify if user is reactivated in SCIM App", t.path, func(k *checks) { k.equal("active", "true") })
	t.push(ctx, 2*pushWithin, func() { c.Unassign(who.OktaID) })
	t.look("Verify if user is deactivated in SCIM App, after the unassignment", t.path, func(k *checks) { k.equal("active", "false") })
	return t.found
}

// crud is the test under way.
type crud struct {
	*probe
	okta *Client
	path string // of the user
	late error  // why the last push isn't done
}

// push changes something in Okta and lets it go out in time.
func (t *crud) push(ctx context.Context, limit time.Duration, change func()) {
	before := len(t.okta.Failed())
	change()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	t.late = nil
	if err := t.okta.Run(ctx); err != nil {
		t.late = shown(err, "not pushed within %v", limit)
	}
	if failed := t.okta.Failed(); len(failed) > before {
		t.late = errors.New(failed[len(failed)-1].Error)
	}
}

// look checks what the endpoint shows.
func (t *crud) look(name, path string, check func(*checks)) {
	t.step(name, get(path), func(k *checks) {
		if t.late != nil {
			k.fail("%v", t.late)
		}
		k.status(200)
		check(k)
	})
}
