package omniclient_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// altered lets the handler run and changes its answer.
func altered(old, new string) sim.Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := httptest.NewRecorder()
			next.ServeHTTP(a, r)
			w.WriteHeader(a.Code)
			_, _ = w.Write(bytes.ReplaceAll(a.Body.Bytes(), []byte(old), []byte(new)))
		})
	}
}

// A new schedule is believed from what Omni then tells of it.
func TestNewSchedulesAreVerified(t *testing.T) {
	const one, to = "/api/v1/schedules/*", "/api/v1/schedules/*/recipients"
	for name, row := range map[string]struct {
		knobs    simomni.Knobs
		bobSees  bool
		faults   []sim.Fault // once it was saved
		problems string
		kind     fault.Kind
		left     int // schedules
	}{
		"look left out":           {bobSees: true, faults: []sim.Fault{{Path: one, Do: altered(`"paperFormat":"a4"`, `"paperFormat":"a3"`)}}, problems: "[{paperFormat Omni left it out}]", left: 1},
		"address left out":        {bobSees: true, faults: []sim.Fault{{Path: to, Do: altered(`Y@acme.test`, `X@acme.test`)}}, problems: "[{recipients Y@acme.test: Omni left it out}]", left: 1},
		"filters left out":        {bobSees: true, faults: []sim.Fault{{Path: one, Do: altered(`"filterConfig"`, `"filters"`)}}, problems: "[{filterConfig Omni made the schedule without, so it was deleted again}]", kind: fault.Refused},
		"owner ignored":           {knobs: simomni.Knobs{OwnersIgnored: true}, bobSees: true, problems: "[]", left: 1},
		"owner can't be had":      {knobs: simomni.Knobs{OwnersIgnored: true}, problems: "[{owner Omni made the schedule for somebody else, so it was deleted again: 403 The new owner does not have permission to view the dashboard}]", kind: fault.Refused},
		"not verified":            {bobSees: true, faults: []sim.Fault{{Method: http.MethodGet, Path: one, Do: sim.Status(500, `{}`, nil)}}, problems: "[]", kind: fault.Unavailable, left: 1},
		"deletion's answer lost":  {bobSees: true, faults: []sim.Fault{{Method: http.MethodGet, Path: one, Do: altered(`"filterConfig"`, `"filters"`)}, {Method: http.MethodDelete, Times: 1, Do: sim.CutAfter()}}, problems: "[{filterConfig Omni made the schedule without, so it was deleted again}]", kind: fault.Refused},
		"deletion is refused":     {bobSees: true, faults: []sim.Fault{{Method: http.MethodGet, Path: one, Do: altered(`"filterConfig"`, `"filters"`)}, {Method: http.MethodDelete, Do: sim.Status(400, `{"detail":"no"}`, nil)}}, problems: "[{filterConfig Omni made the schedule without, so it was deleted again}]", kind: fault.Refused, left: 1},
		"pause is refused":        {bobSees: true, faults: []sim.Fault{{Path: "/api/v1/schedules/*/pause", Do: sim.Status(400, `{"detail":"no"}`, nil)}}, problems: "[{state the saved one was paused, and this one runs: 400 no}]", left: 1},
		"pause's answer lost":     {bobSees: true, faults: []sim.Fault{{Path: "/api/v1/schedules/*/pause", Times: 1, Do: sim.CutAfter()}}, problems: "[]", left: 1},
		"pause without success":   {bobSees: true, faults: []sim.Fault{{Path: "/api/v1/schedules/*/pause", Do: sim.Status(200, `{}`, nil)}}, problems: "[]", kind: fault.Unavailable, left: 1},
		"groups aren't permitted": {bobSees: true, faults: []sim.Fault{{Path: "/api/v1/schedules/*/add-recipients", Do: sim.Status(403, `{}`, nil)}}, problems: "[]", kind: fault.Unauthorized, left: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var late sim.Faults
				h := newHandover(t, simomni.Knobs{}, sim.Fault{Do: late.Wrap})
				row.knobs.RealLimit, row.knobs.KeyOwners = -1, map[string]string{secret: h.cid}
				h.org.SetKnobs(row.knobs)
				h.org.EditDocument(h.sheet, func(d *simomni.Document) {
					if d.Viewers = nil; !row.bobSees {
						d.Viewers = []string{h.cid}
					}
				})
				s := samples(h.org, h.ann)[1]
				s.Dashboard = h.sheet
				h.org.PlaceSchedule(s)
				saved := own(t, h.c, h.ann)["Mail"]
				h.org.RemoveUser(h.ann)
				for _, f := range row.faults {
					late.Add(f)
				}
				got, err := h.c.CreateSchedule(t.Context(), identity.OmniID(h.bob), saved)
				if fmt.Sprint(got.Problems) != row.problems || fault.KindOf(err) != row.kind || (err != nil) != (row.kind != fault.Other) {
					t.Errorf("%v, %v", got.Problems, err)
				}
				if left := h.org.Schedules(); len(left) != row.left || len(left) == 1 && string(got.ID) != left[0].ID || len(left) == 0 && got.ID != "" {
					t.Errorf("left: %v, told: %s", left, got.ID)
				}
				if row.left == 1 && row.kind == fault.Refused && !strings.Contains(err.Error(), string(got.ID)) {
					t.Errorf("what stays isn't named: %v", err)
				}
			})
		})
	}
}

// What Omni says to have made and doesn't list isn't made once more.
func TestAcceptedCreationIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var late sim.Faults
		h := newHandover(t, simomni.Knobs{}, sim.Fault{Do: late.Wrap})
		saved := own(t, h.c, h.ann)["Weekly"]
		accepted := late.Add(sim.Fault{Method: http.MethodPost, Do: sim.Status(200, `{"message":"Successfully created schedule"}`, nil)})
		got, err := h.c.CreateSchedule(t.Context(), identity.OmniID(h.bob), saved)
		wantFault(t, err, fault.Unavailable, "accepted")
		if got.ID != "" || accepted.Fired() != 1 {
			t.Errorf("%+v, after %d requests", got, accepted.Fired())
		}
	})
}

// A schedule that ends while it is looked at isn't the one that is looked for.
func TestTwinThatIsGone(t *testing.T) {
	var late sim.Faults
	h := newHandover(t, simomni.Knobs{}, sim.Fault{Do: late.Wrap})
	saved := own(t, h.c, h.ann)["Weekly"]
	h.org.PlaceSchedule(simomni.Schedule{Owner: h.bob, Name: "Weekly", Dashboard: h.sheet})
	late.Add(sim.Fault{Path: "/api/v1/schedules/*", Times: 1, Do: sim.Status(404, `{"detail":"gone"}`, nil)})
	if got, err := h.c.CreateSchedule(t.Context(), identity.OmniID(h.bob), saved); err != nil || got.Found {
		t.Errorf("%+v, %v", got, err)
	}
}
