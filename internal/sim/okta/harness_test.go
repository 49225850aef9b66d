package okta_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

// harness is an org behind a real HTTP server. Where the vendor's description is at hand, every answer is held to it.
type harness struct {
	*simokta.Org
	t      *testing.T
	url    string
	client *http.Client
}

func serve(t *testing.T, org *simokta.Org) *harness {
	t.Helper()
	server := httptest.NewServer(org)
	t.Cleanup(server.Close)
	client := server.Client()
	if doc := description(t); doc != nil {
		client.Transport = contract{t, doc, client.Transport}
	}
	return &harness{Org: org, t: t, url: server.URL, client: client}
}

// inBubble is an org that is called in process, so that time in a synctest bubble passes by itself.
func inBubble(t *testing.T, org *simokta.Org) *harness {
	return &harness{Org: org, t: t, url: "https://acme.okta.com", client: &http.Client{Transport: sim.Transport(org)}}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	next   string
}

// ask sends a GET to a path, or to a whole URL that a next link gave.
func (h *harness) ask(path string) answer {
	h.t.Helper()
	return h.send("GET", path, "")
}

func (h *harness) send(method, path, text string) answer {
	h.t.Helper()
	url := path
	if strings.HasPrefix(path, "/") {
		url = h.url + strings.ReplaceAll(path, " ", "%20")
	}
	req, err := http.NewRequest(method, url, strings.NewReader(text))
	if err != nil {
		h.t.Fatal(err)
	}
	if text != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if h.Token != "" {
		req.Header.Set("Authorization", "SSWS "+h.Token)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body), next(resp.Header)}
}

func next(header http.Header) string {
	for _, line := range header.Values("Link") {
		if url, ok := strings.CutSuffix(line, `>; rel="next"`); ok {
			return strings.TrimPrefix(url, "<")
		}
	}
	return ""
}

// all follows the next links of a list, at most as many pages as given, and decodes them.
func all[T any](h *harness, path string, pages int) (items []T, count int) {
	h.t.Helper()
	for path != "" && count < pages {
		a := h.ask(path)
		items = append(items, decode[[]T](h.t, a)...)
		path = a.next
		count++
	}
	return items, count
}

func decode[T any](t *testing.T, a answer) (v T) {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return v
}

// object is the part that the tests look at of everything that Okta gives.
type object struct {
	ID            string
	Status        string
	Scope         string
	ExternalID    string
	SyncState     string
	Type          any
	EventType     string
	UUID          string
	Published     string
	SourceGroupID string
	TargetGroupID string
	ErrorSummary  string
	Verification  string `json:"verificationStatus"`
	Created       string
	LastUpdated   string
	Membership    string `json:"lastMembershipUpdated"`
	Features      []string
	Settings      struct{ ImplicitAssignment bool }
	Credentials   struct{ UserName string }
	Profile       map[string]any
	Actor         target
	Target        []target
	Transaction   struct{ Type string }
	Outcome       struct{ Result, Reason string }
	Links         struct{ Source *struct{ Href string } } `json:"_links"`
	Embedded      struct {
		User  *object
		Group *object
		Stats struct {
			UsersCount, AppsCount, GroupPushMappingsCount int
		}
	} `json:"_embedded"`
}

type target struct{ Type, ID, AlternateID, DisplayName string }

func ids(objects []object) []string {
	list := []string{}
	for _, o := range objects {
		list = append(list, o.ID)
	}
	return list
}

// app is the path of the org's app.
func (h *harness) app() string { return "/api/v1/apps/" + h.ID() }

// staff adds users who are called user0, user1 ... and returns their ids.
func (h *harness) staff(n int) []string {
	list := []string{}
	for i := range n {
		list = append(list, h.AddUser(simokta.User{
			Email: fmt.Sprintf("user%d@example.com", i), FirstName: "User", LastName: fmt.Sprint("No", i),
		}))
	}
	return list
}

func (h *harness) assignAll(users []string) {
	for _, id := range users {
		h.Assign(id, simokta.AssignOptions{})
	}
}

func wantFailure(t *testing.T, a answer, status int, code string) {
	t.Helper()
	var body struct{ ErrorCode, ErrorSummary, ErrorLink, ErrorID string }
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	if a.status != status || body.ErrorCode != code || body.ErrorLink != code || body.ErrorSummary == "" || body.ErrorID == "" {
		t.Errorf("status %d, body %s; want %d %s", a.status, a.body, status, code)
	}
}

func wantIDs(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("ids = %v\nwant  %v", got, want)
	}
}
