package pusher

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
)

//go:embed testdata/push/*.json
var flowFiles embed.FS

// Flow is traffic that a SCIM endpoint was seen to get, or that a vendor's document shows, one quirk a flow, with
// what has to come of it. ${name} stands for the id of a user or group.
type Flow struct {
	Name   string              `json:"-"` // of its file
	About  string              `json:"about"`
	Source string              `json:"source"` // who saw it, or where it is written
	Users  []string            `json:"users"`  // who exists before: ada is ada@example.com, Ada Example, active
	Groups map[string][]string `json:"groups"` // which groups exist before, with their members
	Steps  []Step              `json:"steps"`  // what is sent
	Then   []Step              `json:"then"`   // what is asked to see the end
}

// Step is a request, and what has to be true of its answer.
type Step struct {
	Method string            `json:"method"` // "" is GET
	Path   string            `json:"path"`   // below the base URL
	Header map[string]string `json:"header"` // nil is Okta's, as captured; Authorization is the server's in any case
	Body   any               `json:"body"`
	Merge  map[string]any    `json:"merge"` // in place of a body: the step's before it answered, with these values on top
	Save   string            `json:"save"`  // the name that the answer's id gets

	Status   []int          `json:"status"`   // one of these; nil is 200
	Has      map[string]any `json:"has"`      // what the answer has, among more
	Lacks    []string       `json:"lacks"`    // what it must not have
	Numbers  []string       `json:"numbers"`  // what must be a JSON number
	Members  []string       `json:"members"`  // exactly these, in any order
	Includes []string       `json:"includes"` // these members, among others that may be there
}

// Flows are all flows, by name. Each wants an endpoint without the users and groups that it names.
func Flows() []Flow {
	names, err := fs.Glob(flowFiles, "testdata/push/*.json")
	if err != nil {
		panic(err) // the pattern is sound
	}
	var flows []Flow
	for _, name := range names {
		text, err := flowFiles.ReadFile(name)
		if err != nil {
			panic(err) // it is compiled in
		}
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.DisallowUnknownFields()
		flow := Flow{Name: strings.TrimSuffix(name[strings.LastIndex(name, "/")+1:], ".json")}
		if err := decoder.Decode(&flow); err != nil {
			panic(fmt.Sprintf("pusher: %s: %v", name, err)) // a test reads them all
		}
		flows = append(flows, flow)
	}
	return flows
}

// Replay sends the flow to the endpoint, in order, and returns what went otherwise than it must.
func (f Flow) Replay(ctx context.Context, s Server) []Finding {
	p := newProbe(ctx, s)
	r := &replay{probe: p}
	for _, name := range f.Users {
		body := Person{
			OktaID: "00u" + name, UserName: name + "@example.com", GivenName: strings.ToUpper(name[:1]) + name[1:], FamilyName: "Example",
		}.creation("n0t-kept")
		r.do("before: "+name, Step{Method: http.MethodPost, Path: "/Users", Body: body, Save: name, Status: []int{http.StatusCreated}})
	}
	for _, name := range slices.Sorted(maps.Keys(f.Groups)) {
		members := []any{}
		for _, who := range f.Groups[name] {
			members = append(members, map[string]any{"value": "${" + who + "}", "display": who + "@example.com"})
		}
		body := map[string]any{"schemas": []any{groupSchema}, "displayName": name, "members": members}
		r.do("before: "+name, Step{Method: http.MethodPost, Path: "/Groups", Body: body, Save: name, Status: []int{http.StatusCreated}})
	}
	for _, step := range f.Steps {
		r.do(step.Method+" "+step.Path, step)
	}
	for _, step := range f.Then {
		r.do("then "+step.Path, step)
	}
	return p.found
}

// replay is a flow under way.
type replay struct {
	*probe
	last any // the answer before
}

func (r *replay) do(name string, step Step) {
	body := r.filled(step.Body)
	if step.Merge != nil {
		body = laid(r.last, r.filled(step.Merge))
	}
	q := question{method: step.Method, path: r.named(step.Path), body: body, header: r.header(step, body != nil)}
	if q.method == "" {
		q.method = http.MethodGet
	}
	r.step(name, q, func(c *checks) {
		r.last = c.body
		c.step(r, step)
		if step.Save != "" {
			r.vars[step.Save] = c.text("id")
		}
	})
}

func (r *replay) header(step Step, hasBody bool) http.Header {
	h := Style{KeepAlive: true}.Header("", hasBody)
	if step.Header != nil {
		h = http.Header{}
		for key, value := range step.Header {
			h.Set(key, value)
		}
	}
	h.Set("Authorization", r.server.Auth)
	return h
}

// named puts ids in place of names.
func (r *replay) named(text string) string {
	for name, id := range r.vars {
		text = strings.ReplaceAll(text, "${"+name+"}", id)
	}
	return text
}

// filled does so in a whole value, of which it is a copy.
func (r *replay) filled(value any) any {
	switch v := value.(type) {
	case string:
		return r.named(v)
	case Resource:
		return r.filled(map[string]any(v))
	case map[string]any:
		object := map[string]any{}
		for key, inner := range v {
			object[key] = r.filled(inner)
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, inner := range v {
			list[i] = r.filled(inner)
		}
		return list
	default:
		return value
	}
}

// step checks an answer of a flow.
func (c *checks) step(r *replay, want Step) {
	statuses := want.Status
	if statuses == nil {
		statuses = []int{http.StatusOK}
	}
	if !slices.Contains(statuses, c.code) {
		c.fail("status is %d, not one of %v: %v", c.code, statuses, c.body)
	}
	if want.Has != nil {
		c.covers("", c.body, r.filled(want.Has))
	}
	for _, path := range want.Lacks {
		if c.at(path) != nil {
			c.fail("%s is there", path)
		}
	}
	c.numbers(want.Numbers...)
	c.crew(r, want)
}

// covers wants all of want in got: objects may have more, lists may not.
func (c *checks) covers(path string, got, want any) {
	switch w := want.(type) {
	case map[string]any:
		object, _ := got.(map[string]any) // anything else has nothing of it
		for _, key := range slices.Sorted(maps.Keys(w)) {
			c.covers(path+"/"+key, object[key], w[key])
		}
	case []any:
		list, _ := got.([]any)
		if len(list) != len(w) {
			c.fail("%s is %v, not %v", path, got, want)
			return
		}
		for i := range w {
			c.covers(fmt.Sprintf("%s/%d", path, i), list[i], w[i])
		}
	default:
		if got != want {
			c.fail("%s is %#v, not %#v", path, got, want)
		}
	}
}

// crew checks members.
func (c *checks) crew(r *replay, want Step) {
	var got []string
	list, _ := c.at("members").([]any) // none is as good as an empty list
	for i := range list {
		got = append(got, c.text(fmt.Sprintf("members.%d.value", i)))
	}
	slices.Sort(got)
	exact := slices.Sorted(slices.Values(r.ids(want.Members)))
	if want.Members != nil && !slices.Equal(got, exact) {
		c.fail("members are %q, not %q", got, exact)
	}
	for _, id := range r.ids(want.Includes) {
		if !slices.Contains(got, id) {
			c.fail("members are %q, without %q", got, id)
		}
	}
}

func (r *replay) ids(names []string) []string {
	var ids []string
	for _, name := range names {
		ids = append(ids, r.vars[name])
	}
	return ids
}
