package sync_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/sync"
)

func (w *tracker) act(a trailAct) error {
	w.mu.Lock()
	w.fates, w.next = a.Fates, 0
	w.mu.Unlock()
	w.tell("%s %d %d", a.Do, a.A, a.B)
	switch a.Do {
	case "restart": // the first run of a process is full
		w.seen["restart"]++
		w.start()
		return w.pass(sync.Full)
	case "forget cursors":
		w.okta.ForgetCursors()
	case "break":
		w.seen["broken"]++
		w.breakReading(a.A, a.B)
	case "mend":
		w.mend()
	case "hire":
		w.hire()
	case "everybody":
		for _, id := range w.people {
			w.profile(id, shown{w.shown[id].name, fmt.Sprint("Team ", a.B)})
		}
	default:
		w.names++
		if len(w.people) > 0 {
			w.actOnUser(a, w.people[a.A%len(w.people)])
		}
		if len(w.groups) > 0 {
			w.actOnGroup(a, w.groups[a.B%len(w.groups)])
		}
	}
	return nil
}

func (w *tracker) actOnUser(a trailAct, id string) {
	switch a.Do {
	case "stage":
		staged := w.okta.AddUser(simokta.User{Login: fmt.Sprintf("p%d@acme.co", w.names), FirstName: "First", LastName: "Staged", Status: "STAGED"})
		w.okta.Assign(staged, simokta.AssignOptions{})
		w.people, w.shown[staged] = append(w.people, staged), shown{"First Staged", "-"}
	case "assign":
		w.okta.Assign(id, simokta.AssignOptions{})
	case "unassign":
		w.okta.Unassign(id)
	case "reassign":
		if w.okta.Unassign(id) {
			w.okta.Assign(id, simokta.AssignOptions{})
		}
	case "deactivate":
		w.okta.SetStatus(id, "DEPROVISIONED")
	case "reactivate":
		w.okta.SetStatus(id, "ACTIVE")
		w.okta.Assign(id, simokta.AssignOptions{})
	case "suspend":
		if w.okta.Status(id) == "ACTIVE" {
			w.okta.SetStatus(id, "SUSPENDED")
		}
	case "delete":
		w.okta.Delete(id)
		w.people = slices.DeleteFunc(w.people, func(other string) bool { return other == id })
	case "profile":
		w.profile(id, shown{fmt.Sprint("First Last", a.A+a.B), fmt.Sprint("Team ", a.B)})
	case "username":
		w.okta.SetUserName(id, fmt.Sprintf("p%d@acme.co", w.names))
	}
}

func (w *tracker) profile(id string, to shown) {
	w.okta.UpdateProfile(id, map[string]any{"department": to.department, "lastName": strings.TrimPrefix(to.name, "First ")})
	w.shown[id] = to
}

func (w *tracker) actOnGroup(a trailAct, g string) {
	_, pushed := w.okta.Pushed()[g]
	switch a.Do {
	case "join", "leave", "swap":
		if len(w.people) > 0 {
			w.member(a, g, w.people[a.A%len(w.people)])
		}
	case "all join", "all leave", "all swap":
		for _, id := range w.people {
			w.member(a, g, id)
		}
	case "rename group":
		w.okta.RenameGroup(g, fmt.Sprintf("G%d", w.names))
	case "rename away":
		w.okta.RenameGroup(g, fmt.Sprintf("Off%d", w.names))
	case "delete group":
		w.okta.DeleteGroup(g)
		w.groups = slices.DeleteFunc(w.groups, func(other string) bool { return other == g })
	case "new group":
		w.newGroup()
		w.okta.Push(w.groups[len(w.groups)-1])
	case "push":
		w.okta.Push(g)
	case "pause", "resume":
		if pushed {
			w.okta.SetMappingStatus(w.okta.Push(g), map[string]string{"pause": "INACTIVE", "resume": "ACTIVE"}[a.Do], "")
		}
	case "unpush":
		if pushed {
			w.okta.Unpush(w.okta.Push(g))
		}
	}
}

func (w *tracker) member(a trailAct, g, id string) {
	in := slices.Contains(w.okta.MembersOf(g), id)
	switch {
	case strings.HasSuffix(a.Do, "join"):
		w.okta.AddMember(g, id)
	case strings.HasSuffix(a.Do, "leave"):
		w.okta.RemoveMember(g, id)
	case in:
		w.okta.RemoveMember(g, id)
		w.okta.AddMember(g, id)
	default:
		w.okta.AddMember(g, id)
		w.okta.RemoveMember(g, id)
	}
}

// readings are the paths of what a delta asks; what is first is drawn oftenest.
var readings = []string{"/api/v1/groups/*/users", "/api/v1/apps/*/users/*", "/api/v1/users/*/groups", "/api/v1/groups", "/api/v1/groups/*", "/api/v1/apps/*/users",
	"/api/v1/users/*", "/api/v1/apps/*/group-push/mappings", "/api/v1/apps/*/group-push/mappings/*", "/api/v1/apps/*", "/api/v1/logs"}

// breakReading makes one kind of reading fail in one way.
func (w *tracker) breakReading(a, b int) {
	path := readings[a%len(readings)]
	switch b {
	case 6:
		w.okta.SetKnobs(func(k *simokta.Knobs) { k.LoopPath = path })
	case 7:
		w.okta.SetKnobs(func(k *simokta.Knobs) { k.DeniedPath, k.Denied = "", simokta.DeniedError })
	case 8, 9:
		w.lied = true
		if path != "/api/v1/logs" { // where nothing tells silence from a quiet hour: such events are lost
			w.okta.SetKnobs(func(k *simokta.Knobs) { k.DeniedPath, k.Denied = path, simokta.DeniedSilence })
		}
	default:
		ways := []sim.Effect{sim.Status(http.StatusServiceUnavailable, "", nil), sim.Status(http.StatusForbidden, `{"errorCode":"E0000006"}`, nil),
			sim.Truncate(20), sim.CutBefore(), sim.Body(http.StatusOK, "application/json", "[]"), shortened(0), shortened(1)}
		w.lied = w.lied || b%len(ways) > 3
		w.oktaFaults.Add(sim.Fault{Path: path, Do: ways[b%len(ways)]})
	}
}

// mend ends what is broken.
func (w *tracker) mend() {
	w.oktaFaults.Clear()
	w.okta.SetKnobs(func(k *simokta.Knobs) { k.LoopPath, k.DeniedPath, k.Denied = "", "", simokta.NotDenied })
}

// shortened leaves of a list its first n, and says that this is all.
func shortened(n int) sim.Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			whole := httptest.NewRecorder()
			next.ServeHTTP(whole, r)
			body := whole.Body.Bytes()
			var list []json.RawMessage
			if json.Unmarshal(body, &list) == nil && len(list) > n {
				if cut, err := json.Marshal(list[:n]); err == nil {
					body = cut
				}
			}
			for key, values := range whole.Header() {
				if key != "Link" {
					rw.Header()[key] = values
				}
			}
			rw.WriteHeader(whole.Code)
			_, _ = rw.Write(body) // a client that went away needs no answer
		})
	}
}
