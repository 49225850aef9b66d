package push_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/identity"
)

// crowd is a world of 100,000 users.
func crowd(b *testing.B) *world {
	w := newWorld(b)
	for i := range 100_000 {
		u := person()
		u.UserName = fmt.Sprintf("user%d@acme.co", i)
		w.engine.seed(u)
	}
	return w
}

// serve sends one request over and over, on all cores.
func serve(b *testing.B, method, path, body string) {
	w := crowd(b)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest(method, "/scim/v2"+path, nil)
			if body != "" {
				r = httptest.NewRequest(method, "/scim/v2"+path, strings.NewReader(body))
			}
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			if rec.Code != 200 {
				b.Errorf("answered %d: %s", rec.Code, rec.Body)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

func BenchmarkFilter(b *testing.B) {
	serve(b, "GET", "/Users"+query(`userName eq "user77777@acme.co"`)+"&startIndex=1&count=100", "")
}

// BenchmarkFilterParsed goes the long way, by the library's parser.
func BenchmarkFilterParsed(b *testing.B) {
	serve(b, "GET", "/Users"+query(`userName eq "user77777\u0040acme.co"`), "")
}

func BenchmarkGet(b *testing.B)  { serve(b, "GET", "/Users/omni-77777", "") }
func BenchmarkPage(b *testing.B) { serve(b, "GET", "/Users?startIndex=50001&count=100", "") }
func BenchmarkPut(b *testing.B)  { serve(b, "PUT", "/Users/omni-77777", ada) }
func BenchmarkPatch(b *testing.B) {
	serve(b, "PATCH", "/Users/omni-77777", patch(`{"op":"replace","value":{"active":false}}`))
}

// BenchmarkMembers removes a thousand members one by one in one PATCH, as Okta does.
func BenchmarkMembers(b *testing.B) {
	w := newWorld(b)
	w.engine.groups = append(w.engine.groups, identity.PushedGroup{ID: "g", DisplayName: "Sales"})
	var ops []string
	for i := range 1000 {
		ops = append(ops, fmt.Sprintf(`{"op":"remove","path":"members[value eq \"omni-%d\"]"}`, i))
	}
	body := patch(ops...)
	for b.Loop() {
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, httptest.NewRequest("PATCH", "/scim/v2/Groups/g", strings.NewReader(body)))
		if rec.Code != 200 {
			b.Fatalf("answered %d: %s", rec.Code, rec.Body)
		}
	}
}
