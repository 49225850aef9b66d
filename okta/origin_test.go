package okta_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

// Whatever is told comes with the request whose answer told it: of a list with the
// page's own, of what isn't there with the answer that said so, of what the System
// Log tells with the event.
func TestOrigins(t *testing.T) {
	c := newCompany(t, simokta.Knobs{})
	r := c.reader
	synctest.Test(t, func(t *testing.T) {
		c.fill()
		ctx, group := t.Context(), identity.GroupID(c.group)
		pages, kinds := map[identity.Origin]int{}, map[string]int{}
		for s, err := range r.Assignments(ctx) {
			a, broken := s.Whole()
			if err != nil || broken != nil || a.Origin != s.Origin {
				t.Fatalf("%+v of %+v, %v, %v", a.Origin, s.Origin, err, broken)
			}
			pages[s.Origin]++
		}
		for m, err := range r.Members(ctx, group) {
			if err != nil {
				t.Fatal(err)
			}
			pages[m.Origin]++
		}
		for page, n := range pages {
			kinds[fmt.Sprintf("%s %d", c.asked(t, page), n)]++
		}
		for _, want := range []string{"assignments 500", "assignments 234", "members 1000", "members 234"} {
			if kinds[want] == 0 {
				t.Errorf("there is no page of %s: %v", want, kinds)
			}
		}
		nobody, err := r.Assignment(ctx, "00unobody")
		if !fault.Is(err, fault.NotFound) || nobody.Origin != c.newest("assignment") {
			t.Errorf("nobody is told by %q, %v", nobody.Origin, err)
		}
		if from, err := r.AppGroup(ctx, "00gnobody"); !fault.Is(err, fault.NotFound) || from != c.newest("app group") {
			t.Errorf("a group that isn't assigned is told by %q, %v", from, err)
		}
		if m, err := r.Mapping(ctx, "gPmnobody"); !fault.Is(err, fault.NotFound) || m.Origin != c.newest("mapping") {
			t.Errorf("a mapping that isn't there is told by %q, %v", m.Origin, err)
		}
		lone := c.AddUser(simokta.User{Login: "lone@acme.test"})
		if groups, from, err := r.GroupsOf(ctx, identity.OktaID(lone)); err != nil || len(groups) != 0 || from != c.newest("groups of a user") {
			t.Errorf("no group is told by %q: %v, %v", from, groups, err)
		}
		c.SetStatus(lone, "DEPROVISIONED")
		<-time.After(time.Minute)
		event, gone, err := r.Departed(ctx, identity.OktaID(lone))
		if uuid := strings.Fields(string(event)); err != nil || !gone || len(uuid) != 4 || len(uuid[2]) != 36 || uuid[3] != "user.lifecycle.deactivate" {
			t.Errorf("the departure is told by %q, %v", event, err)
		}
	})
}

// asked gives what the request of that origin asked for, having found it among those that came in.
func (c *company) asked(t *testing.T, from identity.Origin) string {
	t.Helper()
	words := strings.Fields(string(from))
	for _, r := range c.Requests.All() {
		if len(words) > 3 && r.ID == words[2] {
			return strings.Trim(strings.Join(words[3:], " "), "()")
		}
	}
	t.Errorf("%q was never asked", from)
	return ""
}

// An id that Okta wouldn't send, or none, is no reason to refuse an answer.
func TestOddRequestIDs(t *testing.T) {
	for id, want := range map[string]string{
		"": "without an id", "two words": "without an id", "a)b": "without an id", "é": "without an id", strings.Repeat("x", 101): "without an id",
		"YRMn9kRhSn@DnyaPz1f-LnAwAAA_40": "YRMn9kRhSn@DnyaPz1f-LnAwAAA_40",
	} {
		r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Okta-Request-Id", id)
			answer(w, 200, `{"id": "00u1"}`)
		}))
		synctest.Test(t, func(t *testing.T) {
			a, err := r.Assignment(t.Context(), "00u1")
			if got := string(a.Origin); err != nil || got != "okta request "+want+" (assignment)" {
				t.Errorf("%q gives %q, %v", id, got, err)
			}
		})
	}
}
