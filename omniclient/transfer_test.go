package omniclient_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
)

// handover is Ann, who owns a schedule and a document that Bob may have; Cid may not.
type handover struct {
	org                *simomni.Org
	c                  *omniclient.Client
	ann, bob, cid, off string
	sheet, schedule    string
}

func newHandover(t *testing.T, knobs simomni.Knobs, faults ...sim.Fault) handover {
	t.Helper()
	knobs.RealLimit = -1
	org, c := estate(t, knobs, faults...)
	h := handover{org: org, c: c, ann: org.AddUser("ann@acme.test", "Ann"), bob: org.AddUser("bob@acme.test", "Bob"), cid: org.AddUser("cid@acme.test", "Cid"), off: org.AddUser("off@acme.test", "Off")}
	org.EditUser(h.off, func(u *simomni.User) { u.Active = false })
	h.sheet = org.AddDocument(h.ann, "Sheet")
	org.EditDocument(h.sheet, func(d *simomni.Document) { d.Viewers = []string{h.bob} })
	h.schedule = org.PlaceSchedule(simomni.Schedule{Owner: h.ann, Name: "Weekly", Dashboard: h.sheet})
	return h
}

// to hands the schedule or the document over, and gives who has it then.
func (h handover) to(ctx context.Context, what, id string) (owner string, err error) {
	if what == "schedules" {
		err = h.c.TransferSchedule(ctx, identity.ScheduleID(h.schedule), identity.OmniID(id))
		return h.org.Schedules()[0].Owner, err
	}
	err = h.c.TransferDocument(ctx, identity.DocumentID(h.sheet), identity.OmniID(id))
	return h.org.Documents()[0].Owner, err
}

var both = []string{"schedules", "documents"}

func TestTransfers(t *testing.T) {
	for _, what := range both {
		for _, status := range []int{400, 403} {
			h := newHandover(t, simomni.Knobs{NoPermitStatus: status})
			for to, says := range map[string]string{h.cid: "new owner", h.off: "does not exist", annID: "does not exist", "nobody": "Invalid uuid"} {
				owner, err := h.to(t.Context(), what, to)
				wantFault(t, err, fault.Refused, says)
				if owner != h.ann || fault.HintOf(err) == "" {
					t.Errorf("%s: it is %s's; %q", what, owner, fault.HintOf(err))
				}
			}
			for range 2 { // the second time it is his already
				if owner, err := h.to(t.Context(), what, h.bob); err != nil || owner != h.bob {
					t.Errorf("%s: it is %s's, %v", what, owner, err)
				}
			}
			if k := h.c.Limits().RefusedKeys; len(k) > 0 {
				t.Error("refusals of new owners set the key aside")
			}
		}
	}
}

func TestTransferOfWhatIsGone(t *testing.T) {
	h := newHandover(t, simomni.Knobs{})
	h.org.EditDocument(h.sheet, func(d *simomni.Document) { d.Deleted = true })
	_, err := h.to(t.Context(), "documents", h.bob)
	wantFault(t, err, fault.NotFound, "it is gone")
	wantFault(t, h.c.TransferSchedule(t.Context(), annID, identity.OmniID(h.bob)), fault.NotFound, "it is gone")
}

// A document that isn't a dashboard can't be read by its id: it is there all the same.
func TestTransferOfAnAnalysis(t *testing.T) {
	h := newHandover(t, simomni.Knobs{}, sim.Fault{Method: http.MethodGet, Path: "/api/v1/documents/*", Do: sim.Status(400, `{"detail":"Analysis documents are not supported"}`, nil)})
	_, err := h.to(t.Context(), "documents", h.cid)
	wantFault(t, err, fault.Refused, "explicit access")
	if strings.Contains(err.Error(), "isn't known") {
		t.Error(err)
	}
}

// Whatever goes wrong, the result is what the owner in Omni says.
func TestTransferFaults(t *testing.T) {
	said := func(status int, text string) sim.Effect { return sim.Body(status, "application/json", text) }
	const all, put, get = "", http.MethodPut, http.MethodGet
	for name, row := range map[string]struct {
		faults []sim.Fault
		kind   fault.Kind // Other: none, and it is handed over
		puts   int        // that reach Omni
	}{
		"answer lost once":            {[]sim.Fault{{Method: put, Times: 1, Do: sim.CutAfter()}}, fault.Other, 2},
		"answer lost always":          {[]sim.Fault{{Method: put, Do: sim.CutAfter()}}, fault.Other, 4},
		"cut before it was done":      {[]sim.Fault{{Method: put, Times: 3, Do: sim.CutBefore()}}, fault.Other, 1},
		"cut always":                  {[]sim.Fault{{Method: put, Do: sim.CutBefore()}}, fault.Unavailable, 0},
		"answer cut short":            {[]sim.Fault{{Method: put, Times: 1, Do: sim.Truncate(5)}}, fault.Other, 2},
		"sent twice by the network":   {[]sim.Fault{{Method: put, Do: sim.Twice()}}, fault.Other, 2},
		"503 once":                    {[]sim.Fault{{Method: put, Times: 1, Do: said(503, `{}`)}}, fault.Other, 1},
		"500 always":                  {[]sim.Fault{{Method: put, Do: said(500, `{}`)}}, fault.Unavailable, 0},
		"429 once":                    {[]sim.Fault{{Method: put, Times: 1, Do: said(429, `{}`)}}, fault.Other, 1},
		"429 always":                  {[]sim.Fault{{Method: put, Do: said(429, `{}`)}}, fault.Limited, 0},
		"401":                         {[]sim.Fault{{Method: put, Do: said(401, `{"detail":"no"}`)}}, fault.Unauthorized, 0},
		"403 and not readable":        {[]sim.Fault{{Path: "/api/v1", Do: said(403, `{"detail":"Permission denied"}`)}}, fault.Unauthorized, 0},
		"403 but readable":            {[]sim.Fault{{Method: put, Do: said(403, `{"detail":"Permission denied"}`)}}, fault.Refused, 0},
		"404 but there":               {[]sim.Fault{{Method: put, Do: said(404, `{"detail":"User not found"}`)}}, fault.Refused, 0},
		"404 and gone":                {[]sim.Fault{{Path: "/api/v1", Do: said(404, `{"detail":"not found"}`)}}, fault.NotFound, 0},
		"409":                         {[]sim.Fault{{Method: put, Do: said(409, `{"detail":"busy"}`)}}, fault.Refused, 0},
		"refused, and Omni goes away": {[]sim.Fault{{Method: put, Do: said(400, `{"detail":"no"}`)}, {Method: get, Do: said(500, `{}`)}}, fault.Unavailable, 0},
		"a page of a proxy":           {[]sim.Fault{{Method: all, Do: sim.Body(403, "text/html", "<html>")}}, fault.Unauthorized, 0},
		"200 without effect":          {[]sim.Fault{{Method: put, Do: said(200, `{}`)}}, fault.Unavailable, 0},
		"200 with success false":      {[]sim.Fault{{Method: put, Do: said(200, `{"success":false}`)}}, fault.Unavailable, 0},
		"204": {[]sim.Fault{{Method: put, Do: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(discard{http.Header{}}, r)
				w.WriteHeader(http.StatusNoContent)
			})
		}}}, fault.Other, 1},
	} {
		for _, what := range both {
			t.Run(name+" "+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := newHandover(t, simomni.Knobs{}, row.faults...)
					owner, err := h.to(t.Context(), what, h.bob)
					if fault.KindOf(err) != row.kind || (err == nil) != (owner == h.bob) || (err != nil) != (row.kind != fault.Other) {
						t.Errorf("%v, and it is %s's", err, owner)
					}
					if puts := h.org.Count(simomni.TakeSchedule) + h.org.Count(simomni.TakeDocument); puts != row.puts {
						t.Errorf("%d requests reached Omni, want %d", puts, row.puts)
					}
					if h.org.Count(simomni.ReplaceSchedule) > 0 {
						t.Error("a schedule was written with PUT")
					}
				})
			})
		}
	}
}

// discard is an answer that nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// Who gives up, or meets an Omni that is down, isn't kept by a reading.
func TestTransferGivenUp(t *testing.T) {
	for _, what := range both {
		synctest.Test(t, func(t *testing.T) {
			h := newHandover(t, simomni.Knobs{}, sim.Fault{Do: sim.Status(500, "{}", nil)})
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := h.to(ctx, what, h.bob)
			wantFault(t, err, fault.Unavailable, "given up")
			for err == nil || !strings.Contains(err.Error(), "not sent") {
				if _, err = h.to(t.Context(), what, h.bob); !fault.Is(err, fault.Unavailable) {
					t.Fatal(err)
				}
			}
		})
	}
}

// An answer about another schedule proves nothing.
func TestTransferReadsTheRightSchedule(t *testing.T) {
	for _, answer := range []string{`{}`, `{"id":"` + annID + `","ownerId":"` + bobID + `"}`} {
		h := newHandover(t, simomni.Knobs{}, sim.Fault{Method: http.MethodPut, Do: sim.Status(400, `{"detail":"no"}`, nil)},
			sim.Fault{Method: http.MethodGet, Do: sim.Body(200, "application/json", answer)})
		_, err := h.to(t.Context(), "schedules", h.bob)
		wantFault(t, err, fault.Doubt, "another schedule")
	}
}
