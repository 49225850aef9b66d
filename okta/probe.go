package okta

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// Probe asks single questions to find out what a credential may do. It shares
// neither pace nor retries with a Reader: a probe is one page, tried at most
// twice, so that a person gets an answer soon whatever is wrong. Its way:
//
//	SDK -> handover -> again -> auth -> whole -> gauge -> network
//
// It may be used by one goroutine at a time.
type Probe struct {
	reader *Reader
	gauge  *gauge
	app    bool // signs in as an app, not as a person
}

// AppFacts is the application as an admin set it up.
type AppFacts struct {
	identity.App
	UserNames string // the expression of "Application username format", such as ${source.email}; "" where Okta doesn't tell it
	Home      string // scheme and host at which Okta itself places the app; "" where it doesn't tell
}

// NewProbe makes a Probe. It sends nothing. What New says of synctest is true of it too.
func NewProbe(o Options) (*Probe, error) {
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	r, err := New(o)
	if err != nil {
		return nil, err
	}
	p := &Probe{reader: r, gauge: newGauge(r.org.Path, o.Transport), app: o.OAuth != nil}
	var chain http.RoundTripper = &auth{host: r.org.Host, credential: apiToken(o.Token), next: &whole{p.gauge}}
	if p.app {
		chain, r.tokens, err = o.OAuth.authenticate(r.org, p.gauge, func(next http.RoundTripper) http.RoundTripper { return &whole{next} })
		if err != nil {
			return nil, err
		}
	}
	r.client, err = newClient(r.org, &handover{&again{chain}})
	return p, err
}

// SignIn finds out whether Okta takes the credential, whatever it may do with it.
// An API token's owner is given with the profile; an app has none, nor has a
// token that may not read its own owner.
func (p *Probe) SignIn(ctx context.Context) (identity.OktaID, map[string]any, error) {
	c := call{kind: "sign in", op: "sign in to Okta", path: "/api/v1/users/me", needs: needUsers}
	if p.app {
		c.path = p.reader.app
	}
	a, err := p.reader.ask(ctx, c)
	if err != nil {
		if p.gauge.refusedOnly() {
			err = nil // taken, and not allowed to see this
		}
		return "", nil, err
	}
	var me userRecord
	if err := decode(c, a, '{', &me); err != nil || p.app {
		return "", nil, err
	}
	profile, err := me.Profile.fields()
	if err != nil {
		return "", nil, doubt(c, "the profile can't be read: %v", err)
	}
	return identity.OktaID(me.ID), profile, nil
}

// Roles lists the administrator roles of a user, such as READ_ONLY_ADMIN, a custom
// one by its label. Seeing them needs more than reading needs: a refusal is usual.
func (p *Probe) Roles(ctx context.Context, id identity.OktaID) ([]string, error) {
	c := call{kind: "roles", op: "read the administrator roles of user " + string(id), path: "/api/v1/users/" + string(id) + "/roles", needs: "okta.roles.read"}
	if err := checkID(c, string(id)); err != nil {
		return nil, err
	}
	list, _, err := onePage[roleRecord](ctx, p.reader, c)
	roles := make([]string, len(list))
	for i, r := range list {
		roles[i] = r.Type
		if r.Type == "CUSTOM" {
			roles[i] = r.Label
		}
	}
	return roles, err
}

// App reads the application; fault.NotFound when there is none.
func (p *Probe) App(ctx context.Context) (AppFacts, error) {
	c := call{kind: "app", op: "read app " + p.reader.id, path: p.reader.app, needs: needApps}
	app, _, err := get[appFactsRecord](ctx, p.reader, c, p.reader.id)
	facts := AppFacts{App: app.app(), UserNames: app.Credentials.Template.Text}
	if home, e := url.Parse(app.Links.Users.Href); e == nil && home.Host != "" {
		facts.Home = home.Scheme + "://" + strings.ToLower(home.Host)
	}
	return facts, err
}

// Address is scheme and host of okta.org_url, as AppFacts.Home has them.
func (p *Probe) Address() string { return p.reader.org.Scheme + "://" + p.reader.org.Host }

// Account reads the status of an Okta user.
func (p *Probe) Account(ctx context.Context, id identity.OktaID) (string, error) {
	return p.reader.Account(ctx, id)
}

// Assignment reads one app user.
func (p *Probe) Assignment(ctx context.Context, id identity.OktaID) (identity.Assignment, error) {
	return p.reader.Assignment(ctx, id)
}

// GroupSize is the group's usersCount; fault.Doubt where Okta doesn't tell it.
func (p *Probe) GroupSize(ctx context.Context, id identity.GroupID) (int, error) {
	return p.reader.GroupSize(ctx, id)
}

// Group reads one group.
func (p *Probe) Group(ctx context.Context, id identity.GroupID) (identity.Group, error) {
	c := call{kind: "group", op: "read group " + string(id), path: "/api/v1/groups/" + string(id), needs: needGroups}
	group, from, err := get[groupRecord](ctx, p.reader, c, string(id))
	return group.group(from), err
}

// Scopes tells what the app's token grants; nothing is told of an API token.
func (p *Probe) Scopes() (granted []string, told bool) { return p.reader.Scopes() }

// Reached reports whether anything that Okta itself sent has come back.
func (p *Probe) Reached() bool { return p.gauge.reached() }

// Sent is how many requests went out.
func (p *Probe) Sent() int { return p.gauge.sent() }

// Skew is how far our clock is ahead of Okta's, 0 while that isn't known.
func (p *Probe) Skew() time.Duration { return p.gauge.skew() }

// Left tells of the scarcest of Okta's limits that was met: how many requests a
// minute it has, and how many of them are left; no name where none was announced.
func (p *Probe) Left() (bucket string, remaining, limit int) { return p.gauge.scarcest() }

// onePage reads the first page of a list, and whether there are more.
func onePage[T record](ctx context.Context, r *Reader, c call) (items []T, more bool, err error) {
	a, err := r.ask(ctx, c)
	if err != nil {
		return nil, false, err
	}
	if err := decode(c, a, '[', &items); err != nil {
		return nil, false, err
	}
	for _, v := range items {
		if v.id() == "" {
			return nil, false, doubt(c, "the list holds something without an id")
		}
	}
	next, err := nextLink(a.header)
	if err != nil {
		return nil, false, doubt(c, "the Link header can't be read: %v", err)
	}
	return items, next != nil, nil
}

// again tries once more what may be different a moment later, and sits out a
// limit where that is soon over.
type again struct{ next http.RoundTripper }

const (
	againAfter   = time.Second
	againPatient = 15 * time.Second // for a limit to be over
)

func (t *again) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	wait := againAfter
	switch {
	case req.Context().Err() != nil:
		return resp, err
	case err == nil && resp.StatusCode == http.StatusTooManyRequests:
		if r := readRate(resp.Header); r.known() {
			wait = r.untilReset(time.Now())
		}
		if wait > againPatient {
			return resp, nil
		}
	case !isTemporary(resp, err):
		return resp, err
	}
	if err == nil {
		resp.Body.Close()
	}
	if err := sleep(req.Context(), wait); err != nil {
		return nil, err
	}
	return t.next.RoundTrip(req)
}
