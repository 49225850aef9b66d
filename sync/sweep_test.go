package sync_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/sync"
)

const repeated = "sent twice by the network"

// sweeps are the faults of the sweep, for each side where they differ.
func sweeps(okta bool) map[string]sim.Effect {
	empty, limited := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]}`,
		http.Header{"Retry-After": {"7"}}
	if okta {
		empty = `[]`
		limited = http.Header{"X-Rate-Limit-Limit": {"100"}, "X-Rate-Limit-Remaining": {"0"},
			"X-Rate-Limit-Reset": {fmt.Sprint(time.Date(2000, 1, 1, 0, 2, 0, 0, time.UTC).Unix())}} // long over, or soon
	}
	return map[string]sim.Effect{
		"cut before it is sent":     sim.CutBefore(),
		"answer lost":               sim.CutAfter(),
		"answer after the deadline": late,
		"429":                       sim.Status(http.StatusTooManyRequests, `{}`, nil),
		"429 with a header":         sim.Status(http.StatusTooManyRequests, `{}`, limited),
		"500":                       sim.Status(http.StatusInternalServerError, `{}`, nil),
		"502 with HTML":             sim.Body(http.StatusBadGateway, "text/html", "<html><body>Bad Gateway</body></html>"),
		"truncated":                 broken,
		"200 with an empty list":    sim.Body(http.StatusOK, "application/json", empty),
		"200 with another type":     sim.Body(http.StatusOK, "text/html", "<html><body>Please sign in</body></html>"),
		repeated:                    sim.Twice(),
	}
}

// broken sends the first part of an answer; one that has no parts is lost.
func broken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		met := httptest.NewRecorder()
		next.ServeHTTP(met, r)
		all := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			maps.Copy(w.Header(), met.Header())
			w.WriteHeader(met.Code)
			_, _ = w.Write(met.Body.Bytes())
		})
		if n := met.Body.Len(); n > 1 {
			sim.Truncate(min(30, n/2))(all).ServeHTTP(w, r)
		}
		panic(http.ErrAbortHandler)
	})
}

// late does what is asked, and answers when nobody waits any more.
func late(next http.Handler) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(httptest.NewRecorder(), r)
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})
}

// script is a load, changes of every kind, and leavers, with the fault before it all.
func script(action string, fault act) history {
	return history{People: 4, Accounts: 1, Groups: 2, Teams: 1, Suspended: "deactivate", OnUnpush: "delete", Action: action, AdoptGroups: "ask", AdoptValues: "keep",
		Workers: 1, Acts: []act{fault, {Do: "run", Kind: sync.Full}, {Do: "run", Kind: sync.Full},
			{Do: "rename", A: 1}, {Do: "profile", A: 2, B: 1}, {Do: "leave", A: 0}, {Do: "join", A: 1}, {Do: "rename group", B: 1}, {Do: "hire"},
			{Do: "run", Kind: sync.Full}, {Do: "unassign", A: 3}, {Do: "unpush", B: 1}, {Do: "suspend", A: 2}, {Do: "run", Kind: sync.Full},
			{Do: "run", Kind: sync.Reconcile}, {Do: "assign", A: 3}, {Do: "resume", A: 2}, {Do: "run", Kind: sync.Reconcile}}}
}

// A fault at each request of the script, of each kind: afterwards Omni is as Okta
// says, nothing is doubled or wrongly removed, and one more run writes nothing.
func TestFaultSweep(t *testing.T) {
	for _, row := range []struct {
		okta   bool
		action string
	}{{true, "deactivate"}, {false, "deactivate"}, {false, "delete"}} {
		okta, asked := row.okta, 0
		through := func(next http.Handler) http.Handler { return next }
		count := script(row.action, act{Do: "fault", Okta: okta, Fault: sim.Fault{Do: through}})
		count.fired = &asked
		if err := live(t, count, mistake{}); err != nil {
			t.Fatalf("without a fault: %v", err)
		}
		t.Logf("%d requests", asked)
		if asked < 20 {
			t.Fatalf("the script asks only %d times", asked)
		}
		effects := sweeps(okta)
		for _, name := range slices.Sorted(maps.Keys(effects)) {
			for skip := 0; skip < asked; skip += sweepStride {
				fired := 0
				h := script(row.action, act{Do: "fault", Okta: okta, name: name, Fault: sim.Fault{Skip: skip, Times: 1, Do: effects[name]}})
				h.fired, h.Repeats = &fired, name == repeated
				if err := live(t, h, mistake{}); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if fired != 1 {
					t.Errorf("%s at request %d of %d was met %d times", name, skip, asked, fired)
				}
			}
		}
	}
}
