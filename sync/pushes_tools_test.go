package sync_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim/pusher"
	"github.com/omnisync/omnisync/state"
)

// said is one answer of the endpoint.
type said struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (s said) id() string { return fmt.Sprint(s.body["id"]) }

// ask sends one request to the endpoint, with Okta's headers. body is a value or its JSON.
func (p *pushed) ask(method, path string, body any) said {
	p.t.Helper()
	text, isText := body.(string)
	if body != nil && !isText {
		raw, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		text = string(raw)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.server.BaseURL+path, strings.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header = pusher.Classic().Header("token", text != "")
	answer, err := p.server.HTTP.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	s := said{status: answer.StatusCode, header: answer.Header, text: string(raw)}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &s.body); err != nil {
			p.t.Fatalf("%s %s was answered %d %s: %v", method, path, s.status, raw, err)
		}
	}
	return s
}

// wants is ask, and fails unless the answer has the status.
func (p *pushed) wants(status int, method, path string, body any) said {
	p.t.Helper()
	s := p.ask(method, path, body)
	if s.status != status {
		p.t.Fatalf("%s %s %v was answered %d %s, want %d", method, path, body, s.status, s.text, status)
	}
	return s
}

// created is the body of a POST of a user.
func created(name, oktaID string) map[string]any {
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": name, "externalId": oktaID,
		"name": map[string]any{"givenName": "First", "familyName": "Last"}, "emails": []any{map[string]any{"primary": true, "value": name}}, "active": true}
}

// patched is a PATCH with these operations.
func patched(operations ...map[string]any) map[string]any {
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": operations}
}

var deactivated = patched(map[string]any{"op": "replace", "value": map[string]any{"active": false}})

// listed are the members of a pushed group as SCIM writes them.
func values(ids ...string) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = map[string]any{"value": id}
	}
	return list
}

// until looks again and again until all is well, and fails with what isn't.
func (p *pushed) until(within time.Duration, wrong func() string) {
	p.t.Helper()
	for end := time.Now().Add(within); ; {
		why := wrong()
		if why == "" {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("after %s: %s", within, why)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// mirrored tells where Omni isn't as the endpoint says.
func (p *pushed) mirrored() string {
	accounts := map[string]string{}
	for _, u := range p.omni.Users() {
		accounts[u.ID] = fmt.Sprintf("%s active=%t", fold(u.UserName), u.Active)
	}
	users, _, err := p.pushes.Users(p.t.Context(), 1, 49)
	if err != nil {
		return err.Error()
	}
	for _, u := range users {
		if want := fmt.Sprintf("%s active=%t", fold(u.UserName), u.Active); accounts[u.ID] != want {
			return fmt.Sprintf("SCIM says %s of %s, Omni %q", want, u.ID, accounts[u.ID])
		}
	}
	teams := map[string]string{}
	for _, g := range p.omni.Groups() {
		var in []string
		for _, m := range g.Members {
			if u, ok := p.omni.User(m); ok {
				in = append(in, u.ID)
			}
		}
		slices.Sort(in)
		teams[g.ID] = fmt.Sprint(g.DisplayName, in)
	}
	groups, _, err := p.pushes.Groups(p.t.Context(), 1, 49, true)
	if err != nil {
		return err.Error()
	}
	for _, g := range groups {
		var in []string
		for _, m := range g.Members {
			if _, known := accounts[m.ID]; known { // who isn't there yet is waited for
				in = append(in, m.ID)
			}
		}
		slices.Sort(in)
		if want := fmt.Sprint(g.DisplayName, in); teams[g.ID] != want {
			return fmt.Sprintf("SCIM says %s of %s, Omni %q", want, g.ID, teams[g.ID])
		}
	}
	return p.unsettled()
}

// unsettled tells of a place in a group that the ledger has yet to bring in line.
func (p *pushed) unsettled() string {
	ctx := p.t.Context()
	for u, err := range state.All[state.User](ctx, p.store, state.Users) {
		if err != nil {
			return err.Error()
		}
		if !u.Value.Active || u.Value.Unassigned != nil {
			continue
		}
		for g, err := range state.All[state.Group](ctx, p.store, state.Groups) {
			if err != nil {
				return err.Error()
			}
			m, _, err := state.Read[state.Member](ctx, p.store, state.Members(identity.GroupID(g.Key)), u.Key)
			if err != nil || g.Value.Omni != "" && !m.Settled() {
				return fmt.Sprintf("the place of %s in %s is %+v, %v", u.Value.UserName, g.Value.Name, m, err)
			}
		}
	}
	return ""
}

// restarted is the endpoint of a process that begins anew, over the same ledger, which
// Okta's client goes on with.
func (p *pushed) restarted(pull bool) *pushed {
	p.t.Helper()
	p.stop()
	p.start()
	q := p.withPush(pull)
	p.client.HTTP = q.server.HTTP
	q.client = p.client
	return q
}

// onBoth plays over an embedded ledger in simulated time, and over Redis in real time.
func onBoth(t *testing.T, play func(c *company)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		simulatedOn(t, newCompanyOn(t, lenient(), embedded(t), 600), play)
	})
	t.Run("redis", func(t *testing.T) {
		policy := lenient()
		policy.Settle = 20 * time.Millisecond
		play(unlimited(t, policy, shared(t)))
	})
}

func pushedGroup(id, name string, members ...string) pusher.Group {
	return pusher.Group{OktaID: id, Name: name, Members: members}
}
