package pusher_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/elimity-com/scim"
	"github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"
	filter "github.com/scim2/filter-parser/v2"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/internal/sim/pusher"
)

const (
	base  = "https://scim.example/scim/v2"
	token = "s3cret"
)

// endpoint is a small, correct SCIM server: a library's protocol over two maps.
type endpoint struct {
	users    *collection
	groups   *collection
	faults   sim.Faults
	requests sim.Requests
	http.Handler
}

func newEndpoint(t testing.TB) *endpoint {
	t.Helper()
	e := &endpoint{users: newCollection("userName"), groups: newCollection("displayName")}
	e.groups.members = e.users
	server, err := scim.NewServer(&scim.ServerArgs{
		ServiceProviderConfig: &scim.ServiceProviderConfig{SupportFiltering: true, SupportPatch: true, MaxResults: 100},
		ResourceTypes: []scim.ResourceType{
			{
				ID: optional.NewString("User"), Name: "User", Endpoint: "/Users", Schema: schema.CoreUserSchema(), Handler: e.users,
				SchemaExtensions: []scim.SchemaExtension{{Schema: schema.ExtensionEnterpriseUser()}},
			},
			{ID: optional.NewString("Group"), Name: "Group", Endpoint: "/Groups", Schema: schema.CoreGroupSchema(), Handler: e.groups},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	e.Handler = e.requests.Wrap(e.faults.Wrap(http.StripPrefix("/scim", guarded(plainBooleans(server)))))
	return e
}

// okta is a client that pushes to the endpoint, in process.
func (e *endpoint) okta(s pusher.Style) *pusher.Client {
	return &pusher.Client{BaseURL: base, Token: token, Style: s, Parallel: 1, HTTP: e.client()}
}

func (e *endpoint) client() *http.Client { return &http.Client{Transport: sim.Transport(e)} }

// guarded wants the token, with or without the word Bearer.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") != token {
			w.Header().Set("Content-Type", "application/scim+json")
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"401","detail":"no such token"}`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// plainBooleans makes booleans of the text that Entra sends for them, which the library refuses.
func plainBooleans(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		for _, word := range []string{"True", "False"} {
			body = bytes.ReplaceAll(body, []byte(`"`+word+`"`), []byte(strings.ToLower(word)))
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		next.ServeHTTP(w, r)
	})
}

// collection is the users or the groups.
type collection struct {
	unique  string
	members *collection // whom members must be of; nil for users

	mu   sync.Mutex
	seq  int
	byID map[string]scim.ResourceAttributes
}

func newCollection(unique string) *collection {
	return &collection{unique: unique, byID: map[string]scim.ResourceAttributes{}}
}

func (c *collection) lock() (unlock func()) {
	c.mu.Lock()
	return c.mu.Unlock
}

func (c *collection) resource(id string) (scim.Resource, error) {
	has, ok := c.byID[id]
	if !ok {
		return scim.Resource{}, errors.ScimErrorResourceNotFound(id)
	}
	shown := scim.ResourceAttributes{}
	for key, value := range has {
		if key != "password" && key != "externalId" {
			shown[key] = value
		}
	}
	external, _ := has["externalId"].(string)
	r := scim.Resource{ID: id, Attributes: shown}
	if external != "" {
		r.ExternalID = optional.NewString(external)
	}
	return r, nil
}

// taken finds another resource of the same name.
func (c *collection) taken(id string, attributes scim.ResourceAttributes) string {
	name, _ := attributes[c.unique].(string)
	for other, has := range c.byID {
		if known, _ := has[c.unique].(string); other != id && strings.EqualFold(known, name) {
			return other
		}
	}
	return ""
}

func (c *collection) Create(_ *http.Request, attributes scim.ResourceAttributes) (scim.Resource, error) {
	defer c.lock()()
	id := c.taken("", attributes)
	if id != "" && c.byID[id]["active"] != false {
		return scim.Resource{}, errors.ScimErrorUniqueness
	}
	if id == "" { // else an inactive one comes back
		c.seq++
		id = fmt.Sprintf("%s-%d", c.unique, c.seq)
	}
	c.byID[id] = c.sound(attributes)
	return c.resource(id)
}

func (c *collection) Get(_ *http.Request, id string) (scim.Resource, error) {
	defer c.lock()()
	return c.resource(id)
}

func (c *collection) GetAll(_ *http.Request, params scim.ListRequestParams) (scim.Page, error) {
	defer c.lock()()
	found := []scim.Resource{}
	for _, id := range c.ids() {
		if params.FilterValidator == nil || params.FilterValidator.PassesFilter(c.byID[id]) == nil {
			r, _ := c.resource(id)
			found = append(found, r)
		}
	}
	from := min(params.StartIndex-1, len(found))
	to := min(from+params.Count, len(found))
	return scim.Page{TotalResults: len(found), Resources: found[from:to]}, nil
}

// ids are in the order of creation.
func (c *collection) ids() []string {
	var ids []string
	for id := range c.byID {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return ids
}

func (c *collection) Replace(_ *http.Request, id string, attributes scim.ResourceAttributes) (scim.Resource, error) {
	defer c.lock()()
	if c.byID[id] == nil {
		return scim.Resource{}, errors.ScimErrorResourceNotFound(id)
	}
	if c.taken(id, attributes) != "" {
		return scim.Resource{}, errors.ScimErrorUniqueness
	}
	c.byID[id] = c.sound(attributes)
	return c.resource(id)
}

func (c *collection) Delete(_ *http.Request, id string) error {
	defer c.lock()()
	if c.byID[id] == nil {
		return errors.ScimErrorResourceNotFound(id)
	}
	delete(c.byID, id)
	return nil
}

func (c *collection) Patch(_ *http.Request, id string, ops []scim.PatchOperation) (scim.Resource, error) {
	defer c.lock()()
	if c.byID[id] == nil {
		return scim.Resource{}, errors.ScimErrorResourceNotFound(id)
	}
	next := scim.ResourceAttributes{}
	maps.Copy(next, c.byID[id])
	for _, op := range ops {
		apply(next, op)
	}
	c.byID[id] = c.sound(next)
	return c.resource(id)
}

func apply(to scim.ResourceAttributes, op scim.PatchOperation) {
	if op.Path == nil {
		for key, value := range op.Value.(map[string]any) {
			set(to, op.Op, key, value)
		}
		return
	}
	key := op.Path.AttributePath.AttributeName
	switch {
	case op.Path.AttributePath.SubAttribute != nil:
		part := map[string]any{}
		has, _ := to[key].(map[string]any)
		maps.Copy(part, has)
		part[*op.Path.AttributePath.SubAttribute] = op.Value
		to[key] = part
	case op.Op != "remove":
		set(to, op.Op, key, op.Value)
	case op.Path.ValueExpression != nil:
		gone := op.Path.ValueExpression.(*filter.AttributeExpression).CompareValue
		to[key] = without(to[key], []any{map[string]any{"value": gone}})
	case op.Value != nil:
		to[key] = without(to[key], op.Value)
	default:
		delete(to, key)
	}
}

func set(to scim.ResourceAttributes, op, key string, value any) {
	more, isList := value.([]any)
	if has, ok := to[key].([]any); ok && isList && op == "add" {
		to[key] = append(without(has, more), more...)
		return
	}
	to[key] = value
}

// without is the list less those with the same value.
func without(list, gone any) []any {
	has, _ := list.([]any)
	return slices.DeleteFunc(slices.Clone(has), func(m any) bool {
		return slices.ContainsFunc(gone.([]any), func(g any) bool { return valueOf(g) == valueOf(m) })
	})
}

func valueOf(m any) any { return m.(map[string]any)["value"] }

// sound leaves out members whom nobody knows.
func (c *collection) sound(attributes scim.ResourceAttributes) scim.ResourceAttributes {
	list, ok := attributes["members"].([]any)
	if c.members == nil || !ok {
		return attributes
	}
	defer c.members.lock()()
	attributes["members"] = slices.DeleteFunc(slices.Clone(list), func(m any) bool {
		id, _ := valueOf(m).(string)
		return c.members.byID[id] == nil
	})
	return attributes
}

// user gives what the endpoint has of the user with this name, as JSON that reads well in a failure.
func (e *endpoint) user(name string) map[string]any { return e.users.named(name) }

func (c *collection) named(name string) map[string]any {
	defer c.lock()()
	for _, has := range c.byID {
		if has[c.unique] == name {
			text, err := json.Marshal(has)
			if err != nil {
				panic(err)
			}
			var out map[string]any
			if err := json.Unmarshal(text, &out); err != nil {
				panic(err)
			}
			return out
		}
	}
	return nil
}

// crew are the userNames of a group's members, in order; nil when there is no such group.
func (e *endpoint) crew(group string) []string {
	has := e.groups.named(group)
	if has == nil {
		return nil
	}
	names := []string{}
	defer e.users.lock()()
	members, _ := has["members"].([]any)
	for _, m := range members {
		name, _ := e.users.byID[valueOf(m).(string)]["userName"].(string)
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
