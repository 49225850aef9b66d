package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/omnisync/omnisync/internal/sim/pusher"
)

// provisioning is Okta's: once it is on, what changes in the org goes out to the
// SCIM endpoint that it points at.
type provisioning struct {
	company *company
	client  *pusher.Client

	mu       sync.Mutex
	on       bool
	assigned map[string]bool     // by Okta's id: who had the app when it was last looked
	names    map[string]string   // of the pushed groups, by Okta's id
	members  map[string][]string // of the pushed groups, assigned to the app or not
}

// provisioningOf gives the provisioning of the company, switched off.
func provisioningOf(c *company, baseURL, token string) *provisioning {
	return &provisioning{
		company: c,
		client: &pusher.Client{BaseURL: baseURL, Token: token, Style: pusher.Catalog(),
			HTTP: &http.Client{Transport: hurried{&http.Transport{}}}},
		assigned: map[string]bool{}, names: map[string]string{}, members: map[string][]string{},
	}
}

// switchOn has everybody pushed who has the app, and from then on what changes.
func (p *provisioning) switchOn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.on = true
}

func (p *provisioning) isOn() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.on
}

// users queues who got the app or lost it since the last look.
func (p *provisioning) users() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.on {
		return
	}
	now := p.company.okta.Assigned()
	for _, who := range p.company.people {
		_, has := now[who.id]
		switch {
		case has && !p.assigned[who.id]:
			first, last, _ := strings.Cut(who.name, " ")
			p.client.Assign(pusher.Person{OktaID: who.id, UserName: who.userName, GivenName: first, FamilyName: last})
		case !has && p.assigned[who.id]:
			p.client.Unassign(who.id)
		}
		p.assigned[who.id] = has
	}
}

// groups queues the groups that are pushed since the last look, or changed since.
// Okta asks for them after the users: who isn't provisioned is in no group yet.
func (p *provisioning) groups() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.on {
		return
	}
	names := p.company.okta.Groups()
	for _, id := range slices.Sorted(maps.Keys(p.company.okta.Pushed())) {
		members := p.company.okta.MembersOf(id)
		slices.Sort(members)
		was, known := p.names[id]
		switch {
		case !known:
			p.client.PushGroup(pusher.Group{OktaID: id, Name: names[id], Members: members})
		case was != names[id]:
			p.client.RenameGroup(id, names[id])
			p.client.SetMembers(id, members...)
		case !slices.Equal(p.members[id], members):
			p.client.SetMembers(id, members...)
		}
		p.names[id], p.members[id] = names[id], members
	}
}

// push sends all that is queued, users before groups.
func (p *provisioning) push(ctx context.Context) error {
	p.users()
	if err := p.client.Run(ctx); err != nil {
		return err
	}
	p.groups()
	return p.client.Run(ctx)
}

// after has what h does in Okta pushed at once, by who serves the client.
func (p *provisioning) after(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(rw, r)
		p.users()
	})
}

// asked tells what Okta asked since the last time, and was told.
func (p *provisioning) asked() string {
	told := exchanged(p.client.Exchanges())
	p.client.ResetLog()
	return told
}

// failed names the tasks that wait for a person in Okta.
func (p *provisioning) failed() []string {
	var list []string
	for _, t := range p.client.Failed() {
		list = append(list, t.Error)
	}
	return list
}

// differing compares the ids that Okta knows with those in Omni.
func (p *provisioning) differing() []string {
	differ := p.failed()
	for id, name := range p.company.okta.Assigned() {
		u, _ := p.company.omni.User(name)
		if known := p.client.ExternalID(id); known == "" || known != u.ID || !u.Active {
			differ = append(differ, fmt.Sprintf("%s is %q in Okta and %q in Omni", name, known, u.ID))
		}
	}
	names := p.company.okta.Groups()
	for id := range p.company.okta.Pushed() {
		g, _ := p.company.omni.Group(names[id])
		if known := p.client.GroupID(id); known == "" || known != g.ID {
			differ = append(differ, fmt.Sprintf("%s is %q in Okta and %q in Omni", names[id], known, g.ID))
		}
	}
	slices.Sort(differ)
	return differ
}

// exchanged tells requests with their answers, those of one sort together, in the
// order in which the sorts first appear.
func exchanged(list []pusher.Exchange) string {
	count := map[string]int{}
	var order []string
	for _, x := range list {
		sort := x.Method + " " + pathOf(x.Path) + " (" + answered(x) + ")"
		if count[sort]++; count[sort] == 1 {
			order = append(order, sort)
		}
	}
	for i, sort := range order {
		if n := count[sort]; n > 1 {
			order[i] = fmt.Sprintf("%d %s", n, sort)
		}
	}
	return strings.Join(order, ", ")
}

// pathOf gives a path with neither ids nor values.
func pathOf(path string) string {
	path, query, _ := strings.Cut(path, "?")
	parts := strings.SplitN(strings.TrimPrefix(path, "/"), "/", 2)
	short := "/" + parts[0]
	if len(parts) > 1 {
		short += "/ID"
	}
	if strings.HasPrefix(query, "filter=") {
		short += "?filter"
	}
	return short
}

func answered(x pusher.Exchange) string {
	later := x.Replied.Get(toldWait)
	switch {
	case x.Status == 0:
		return "no answer"
	case later != "":
		return fmt.Sprintf("%d: come again in %s s", x.Status, later)
	default:
		return strconv.Itoa(x.Status)
	}
}

// hurry is how much faster Okta's time goes in the demo, where it waits for
// Retry-After.
const hurry = 30

// toldWait is the header that keeps what Retry-After said.
const toldWait = "X-Demo-Retry-After"

// hurried shortens what Okta has to wait.
type hurried struct{ inner http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (h hurried) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := h.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if after, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
		answer.Header.Set(toldWait, strconv.Itoa(after))
		answer.Header.Set("Retry-After", strconv.Itoa((after+hurry-1)/hurry))
	}
	return answer, nil
}

// until polls for what yes waits for, as long as ctx lets it.
func until(ctx context.Context, yes func() bool) error {
	for !yes() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
