package pusher_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/internal/sim/pusher"
)

func (e *endpoint) server() pusher.Server {
	return pusher.Server{BaseURL: base, Auth: "Bearer " + token, HTTP: e.client()}
}

// withUser is an endpoint that has a user, as the test of the specification wants it.
func withUser(t *testing.T) *endpoint {
	t.Helper()
	e := newEndpoint(t)
	okta := e.okta(pusher.Classic())
	okta.Assign(ada)
	run(t, okta)
	return e
}

func TestSpecPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := withUser(t)
		s := e.server()
		s.Pause = 5 * time.Second
		began := time.Now()
		for _, f := range pusher.Spec(t.Context(), s) {
			t.Error(f)
		}
		if took := time.Since(began); took != 55*time.Second {
			t.Errorf("took %v, want eleven pauses", took)
		}
	})
}

// TestSpecFails breaks one thing at a time, and wants the steps that see it to say so.
func TestSpecFails(t *testing.T) {
	const list = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":"0","startIndex":"1","itemsPerPage":"0","Resources":[]}`
	for name, tc := range map[string]struct {
		fault sim.Fault
		want  []string // of each failing step, its number and a part of its reasons
	}{
		"a list of text": {
			sim.Fault{Method: "GET", Path: "/scim/v2/Users", Query: "count=1", Do: sim.Status(200, list, nil)},
			[]string{"1 itemsPerPage is \"0\", not a number", "2 status is 404, not 200"},
		},
		"filters find everybody": {
			sim.Fault{Method: "GET", Path: "/scim/v2/Users", Query: "filter", Do: unfiltered},
			[]string{"3 totalResults is \"1\"", "5 totalResults is \"1\""},
		},
		"no conflict":     {sim.Fault{Method: "POST", Skip: 1, Do: sim.Status(201, `{}`, nil)}, []string{"8 status is 201, not 409"}},
		"slow groups":     {sim.Fault{Path: "/scim/v2/Groups", Do: sim.Delay(600 * time.Millisecond)}, []string{"10 took 600ms"}},
		"no groups":       {sim.Fault{Path: "/scim/v2/Groups", Do: sim.Status(501, `{}`, nil)}, []string{"10 status is 501"}},
		"open to all":     {sim.Fault{Do: lenient}, []string{"11 status is 200, not 401"}},
		"a page for 404":  {sim.Fault{Path: "/scim/v2/Users/0*", Do: sim.Body(404, "text/html", "<html>")}, []string{"4 no JSON", "12 no JSON"}},
		"nobody created":  {sim.Fault{Method: "POST", Times: 1, Do: sim.Status(500, `{}`, nil)}, []string{"6 status is 500", "7 name.familyName is \"\"", "8 status is 201"}},
		"broken":          {sim.Fault{Path: "/scim/v2/Groups", Do: sim.CutBefore()}, []string{"10 connection broke"}},
		"no empty answer": {sim.Fault{Path: "/scim/v2/Groups", Do: sim.Status(200, ``, nil)}, []string{"10 Resources is empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := withUser(t)
				e.faults.Add(tc.fault)
				var got []string
				for _, f := range pusher.Spec(t.Context(), e.server()) {
					got = append(got, fmt.Sprint(f.Step, " ", strings.Join(f.Reasons, "; ")))
				}
				if len(got) != len(tc.want) {
					t.Fatalf("found %q, want %q", got, tc.want)
				}
				for i, want := range tc.want {
					step, part, _ := strings.Cut(want, " ")
					if !strings.HasPrefix(got[i], step+" ") || !strings.Contains(got[i], part) {
						t.Errorf("found %q, want %q", got[i], want)
					}
				}
			})
		})
	}
}

// unfiltered answers as if there were no filter.
func unfiltered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery = ""
		next.ServeHTTP(w, r)
	})
}

// lenient lets everybody in.
func lenient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", token)
		next.ServeHTTP(w, r)
	})
}

func TestCRUDPasses(t *testing.T) {
	for name, style := range map[string]pusher.Style{"classic": pusher.Classic(), "catalog": pusher.Catalog(), "entra": pusher.Entra()} {
		e := newEndpoint(t)
		for _, f := range pusher.CRUD(t.Context(), e.server(), e.okta(style)) {
			t.Errorf("%s: %v", name, f)
		}
	}
}

func TestCRUDFails(t *testing.T) {
	for name, tc := range map[string]struct {
		fault sim.Fault
		want  string
	}{
		"refused":           {sim.Fault{Method: "PUT", Times: 1, Do: sim.Status(500, `{"detail":"no"}`, nil)}, "2 Error while trying to push profile update"},
		"too late":          {sim.Fault{Method: "PUT", Times: 1, Do: sim.Status(429, `{}`, http.Header{"Retry-After": {"21"}})}, "2 not pushed within 20s"},
		"only acknowledged": {sim.Fault{Method: "PUT", Skip: 1, Times: 1, Do: sim.Status(200, stored, nil)}, `3 active is "true"`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEndpoint(t)
				e.faults.Add(tc.fault)
				found := pusher.CRUD(t.Context(), e.server(), e.okta(pusher.Classic()))
				if len(found) == 0 || !strings.HasPrefix(fmt.Sprint(found[0].Step, " ", strings.Join(found[0].Reasons, "; ")), tc.want) {
					t.Errorf("found %v, want first %q", found, tc.want)
				}
			})
		})
	}
}

func TestAnUnassignmentMayTakeLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(t)
		e.faults.Add(sim.Fault{Method: "PUT", Skip: 3, Times: 1, Do: sim.Status(429, `{}`, http.Header{"Retry-After": {"39"}})})
		for _, f := range pusher.CRUD(t.Context(), e.server(), e.okta(pusher.Classic())) {
			t.Error(f)
		}
	})
}
