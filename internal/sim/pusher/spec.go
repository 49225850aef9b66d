package pusher

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Server is an endpoint to test.
type Server struct {
	BaseURL string
	Auth    string        // the whole header, such as "Bearer TOKEN"
	HTTP    *http.Client  // nil is a client of its own
	Pause   time.Duration // between two steps; the published test has 5 to 10 s
}

// Finding is a step of a test that failed.
type Finding struct {
	Step    int
	Name    string
	Reasons []string
}

// String tells the finding in a line.
func (f Finding) String() string {
	return fmt.Sprintf("step %d, %s: %s", f.Step, f.Name, strings.Join(f.Reasons, "; "))
}

// groupsWithin is how fast the list of groups has to come.
const groupsWithin = 600 * time.Millisecond

// Spec does the twelve steps of Okta's published "SCIM 2.0 SPEC Test" and returns those that failed. The endpoint
// needs at least one user before, and has one more after.
func Spec(ctx context.Context, s Server) []Finding {
	x := rand.Text()
	name := "Runscope" + x[:3] + x[3:15] + "@example.com"
	p := newProbe(ctx, s)
	p.vars = map[string]string{"name": name, "given": "Runscope" + x[:3], "family": x[3:15]}
	body := Resource{
		"schemas": []any{userSchema}, "userName": name, "active": true,
		"name":        map[string]any{"givenName": p.vars["given"], "familyName": p.vars["family"]},
		"emails":      []any{map[string]any{"primary": true, "value": name, "type": "work"}},
		"displayName": p.vars["given"] + " " + p.vars["family"],
	}
	p.step("Test Users endpoint", get("/Users?count=1&startIndex=1"), func(c *checks) {
		c.status(200)
		c.filled("Resources")
		c.has("schemas", listSchema)
		c.numbers("itemsPerPage", "startIndex", "totalResults")
		c.filled(within("Resources.0.", "id", "name.familyName", "name.givenName", "userName", "active", "emails.0.value")...)
		p.vars["first"] = c.text("Resources.0.id")
	})
	p.step("Get Users/{{id}}", get("/Users/"+p.vars["first"]), func(c *checks) {
		c.status(200)
		c.filled("id", "name.familyName", "name.givenName", "userName", "active", "emails.0.value")
		c.equal("id", p.vars["first"])
	})
	p.step("Test invalid User by username", get(byName("abcdefgh@atko.com")), (*checks).nobody)
	p.step("Test invalid User by ID", get("/Users/010101001010101011001010101011"), func(c *checks) { c.refused(404) })
	p.step("Make sure random user doesn't exist", get(byName(name)), (*checks).nobody)
	p.step("Create Okta user with realistic values", post("/Users", body), func(c *checks) {
		c.status(201)
		c.filled("id")
		c.equal("active", "true")
		c.has("schemas", userSchema)
		c.who(p)
		p.vars["id"] = c.text("id")
	})
	p.step("Verify that user was created", get("/Users/"+p.vars["id"]), func(c *checks) {
		c.status(200)
		c.who(p)
	})
	p.step("Expect failure when recreating user with same values", post("/Users", body), func(c *checks) { c.status(409) })
	p.step("Username Case Sensitivity Check", get(byName(strings.ToUpper(name))), func(c *checks) { c.status(200) })
	p.step("Verify Groups endpoint", get("/Groups"), func(c *checks) {
		c.status(200)
		c.faster(groupsWithin)
		if c.text("totalResults") != "0" {
			c.filled("Resources")
		}
	})
	p.server.Auth = "non-token"
	p.step("Check status 401", get(byName(strings.ToUpper(name))), func(c *checks) {
		c.refused(401)
		c.equal("status", "401")
	})
	p.server.Auth = s.Auth
	p.step("Check status 404", get("/Users/00919288221112222"), func(c *checks) {
		c.refused(404)
		c.equal("status", "404")
	})
	return p.found
}

func byName(name string) string {
	return "/Users?filter=" + strings.ReplaceAll(url.QueryEscape(fmt.Sprintf("userName eq %q", name)), "+", "%20")
}

func within(prefix string, keys ...string) []string {
	for i := range keys {
		keys[i] = prefix + keys[i]
	}
	return keys
}

// probe does steps and keeps what they found.
type probe struct {
	ctx    context.Context // of the whole test, which is one call
	server Server
	vars   map[string]string
	steps  int
	found  []Finding
}

func newProbe(ctx context.Context, s Server) *probe {
	if s.HTTP == nil {
		s.HTTP = &http.Client{}
	}
	return &probe{ctx: ctx, server: s, vars: map[string]string{}}
}

// question is a request of a step.
type question struct {
	method, path string
	body         any         // nil for none
	header       http.Header // nil for that of the published tests
}

func get(path string) question { return question{method: http.MethodGet, path: path} }
func post(path string, body Resource) question {
	return question{method: http.MethodPost, path: path, body: body}
}

// step asks and checks.
func (p *probe) step(name string, q question, check func(*checks)) {
	if p.steps > 0 && p.server.Pause > 0 {
		wait(p.ctx, p.server.Pause)
	}
	p.steps++
	c := &checks{}
	if err := c.ask(p, q); err != nil {
		c.fail("%v", err)
	} else {
		check(c)
	}
	if len(c.reasons) > 0 {
		p.found = append(p.found, Finding{Step: p.steps, Name: name, Reasons: c.reasons})
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done(): // the next request says so
	}
}

// header is what the published test sends, which differs from what Okta's client does.
func (s Server) header(hasBody bool) http.Header {
	h := http.Header{"Authorization": {s.Auth}}
	if hasBody {
		h.Set("Content-Type", "application/json")
		h.Set("Accept", "application/scim+json; charset=utf-8")
		return h
	}
	h.Set("Content-Type", "application/scim+json; charset=utf-8")
	h.Set("Accept", "application/scim+json")
	h.Set("Accept-Charset", "utf-8")
	h.Set("User-Agent", "OKTA SCIM Integration")
	return h
}

// checks are what is asserted of one answer.
type checks struct {
	code    int
	body    any
	took    time.Duration
	reasons []string
}

func (c *checks) ask(p *probe, q question) error {
	text := ""
	if q.body != nil {
		raw, err := json.Marshal(q.body)
		if err != nil {
			return err
		}
		text = string(raw)
	}
	req, err := http.NewRequestWithContext(p.ctx, q.method, strings.TrimSuffix(p.server.BaseURL, "/")+q.path, strings.NewReader(text))
	if err != nil {
		return err
	}
	if req.Header = q.header; req.Header == nil {
		req.Header = p.server.header(q.body != nil)
	}
	began := time.Now()
	resp, err := p.server.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := readBody(resp)
	if err != nil {
		return err
	}
	c.took, c.code = time.Since(began), resp.StatusCode
	if len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, &c.body); err != nil {
		return fmt.Errorf("answered %d with what is no JSON: %w", c.code, err)
	}
	return nil
}
