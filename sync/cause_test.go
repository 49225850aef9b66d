package sync_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// exhibit is one answer of Okta's.
type exhibit struct {
	path   string
	status int
	body   string
}

// exhibits keeps every answer of Okta's by the id of its request.
func (c *company) exhibits() map[string]exhibit {
	kept, turn := map[string]exhibit{}, make(chan struct{}, 1)
	c.oktaFaults.Add(sim.Fault{Do: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			met := httptest.NewRecorder()
			next.ServeHTTP(met, r)
			id := met.Header().Get("X-Okta-Request-Id")
			turn <- struct{}{}
			if _, twice := kept[id]; twice || id == "" {
				c.t.Errorf("two answers, or one without an id: %q", id)
			}
			kept[id] = exhibit{r.URL.Path, met.Code, met.Body.String()}
			<-turn
			maps.Copy(w.Header(), met.Header())
			w.WriteHeader(met.Code)
			_, _ = w.Write(met.Body.Bytes())
		})
	}})
	return kept
}

// evidence is what a line's cause must lead to.
type evidence struct {
	line  string // kind, subject and state
	path  string // of the request, or the type of the event
	shows string // in the answer; with a ! before it, not in the answer
}

// proves follows a cause to Okta's answer or event, and fails unless that is the evidence.
func (c *company) proves(kept map[string]exhibit, line state.Change, want evidence) {
	c.t.Helper()
	words := strings.Fields(strings.TrimPrefix(line.Cause, "test: okta "))
	if len(words) < 3 || !strings.HasPrefix(line.Cause, "test: okta ") {
		c.t.Errorf("%s: the cause is %q", want.line, line.Cause)
		return
	}
	told := kept[words[1]]
	if words[0] == "event" {
		told = c.event(words[1])
		if words[2] != want.path {
			c.t.Errorf("%s is caused by %q, want %s", want.line, line.Cause, want.path)
		}
	} else if ok, _ := path.Match(want.path, told.path); !ok {
		c.t.Errorf("%s is caused by %q, which is %d to %s, want %s", want.line, line.Cause, told.status, told.path, want.path)
	}
	text, not := strings.CutPrefix(want.shows, "!")
	if strings.Contains(told.body, text) == not || told.body == "" {
		c.t.Errorf("%s is caused by %q, whose answer %s doesn't show %s", want.line, line.Cause, told.body, want.shows)
	}
}

// event asks the System Log for one event.
func (c *company) event(uuid string) exhibit {
	c.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/api/v1/logs?"+url.Values{"filter": {`uuid eq "` + uuid + `"`}}.Encode(), nil)
	r.Header.Set("Authorization", "SSWS token")
	w := httptest.NewRecorder()
	c.okta.ServeHTTP(w, r)
	return exhibit{status: w.Code, body: w.Body.String()}
}

// caused runs once, and follows the cause of each line that the run logged: there
// is evidence for each, and a line for each evidence.
func (c *company) caused(kept map[string]exhibit, kind sync.RunKind, want ...evidence) {
	c.t.Helper()
	log := c.log(c.run(kind).Run)
	for _, w := range want {
		line, told := log[w.line]
		if !told {
			c.t.Errorf("the log lacks %q", w.line)
			continue
		}
		delete(log, w.line)
		c.proves(kept, line, w)
	}
	for key, line := range log {
		c.t.Errorf("there is no evidence for %s, caused by %q", key, line.Cause)
	}
}

const (
	askedUsers   = "/api/v1/apps/*/users"
	askedUser    = "/api/v1/apps/*/users/*"
	askedPushes  = "/api/v1/apps/*/group-push/mappings"
	askedPush    = "/api/v1/apps/*/group-push/mappings/*"
	askedGroup   = "/api/v1/groups/*"
	askedMembers = "/api/v1/groups/*/users"
	askedPlaces  = "/api/v1/users/*/groups"
	missing      = "E0000007"
)

// Promise 9: the cause of a change leads to the answer of Okta's that shows what
// the change is about, or that shows it no more; of a removal to the answer that
// confirmed it.
func TestPromise9CausesLeadToOktasAnswers(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		kept := c.exhibits()
		c.omni.AddUser("person001@acme.co", "Person")
		c.omni.AddGroup("Ops")
		ids := c.join(staff(8)...)
		sales, salesPush := c.push("Sales", ids[:4]...)
		late := c.okta.AddUser(simokta.User{Login: "late@acme.co"})
		ops, _ := c.push("Ops", ids[4], late)
		c.caused(kept, sync.Full,
			evidence{"create person000@acme.co applied", askedUsers, ids[0]}, evidence{"adopt person001@acme.co applied", askedUsers, ids[1]},
			evidence{"create person002@acme.co applied", askedUsers, ids[2]}, evidence{"create person003@acme.co applied", askedUsers, ids[3]},
			evidence{"create person004@acme.co applied", askedUsers, ids[4]}, evidence{"create person005@acme.co applied", askedUsers, ids[5]},
			evidence{"create person006@acme.co applied", askedUsers, ids[6]}, evidence{"create person007@acme.co applied", askedUsers, ids[7]},
			evidence{"create Sales applied", askedPushes, sales}, evidence{"adopt Ops applied", askedPushes, ops})

		c.okta.UpdateProfile(ids[0], map[string]any{"department": "Legal"})
		c.okta.Unassign(ids[1])
		c.okta.SetStatus(ids[2], "DEPROVISIONED")
		c.okta.SetStatus(ids[3], "DEPROVISIONED")
		c.okta.Delete(ids[3])
		c.okta.RemoveMember(ops, ids[4])
		c.okta.AddMembers(sales, ids[5])
		<-time.After(time.Hour)
		c.caused(kept, sync.Full,
			evidence{"update person000@acme.co applied", askedUsers, `"department":"Legal"`},
			evidence{"deactivate person001@acme.co applied", askedUser, missing},
			evidence{"deactivate person002@acme.co applied", askedUser, missing},
			evidence{"deactivate person003@acme.co applied", "user.lifecycle.delete.completed", ids[3]},
			evidence{"members Ops applied", askedPlaces, "!" + ops}, evidence{"members Sales applied", askedMembers, ids[5]})

		c.okta.RenameGroup(ops, "Operations")
		c.okta.Unpush(salesPush)
		c.okta.Assign(ids[1], simokta.AssignOptions{})
		c.caused(kept, sync.Full,
			evidence{"reactivate person001@acme.co applied", askedUsers, ids[1]},
			evidence{"rename Operations applied", askedGroup, "Operations"}, evidence{"release Sales applied", askedPush, missing})

		c.okta.Assign(late, simokta.AssignOptions{})
		c.caused(kept, sync.Full,
			evidence{"create late@acme.co applied", askedUsers, late}, evidence{"members Operations applied", askedUsers, late})
		c.silent()
	})
}

// What is held has the answer that showed it, or that showed it no more.
func TestPromise9CausesOfWhatIsHeld(t *testing.T) {
	p := defaults()
	p.OnUnpush, p.Action, p.OnUsername = "delete", "delete", "hold"
	p.Guard.GroupDeletions.Count, p.Guard.Deactivations.Count, p.Guard.MemberRemovals.Count = 1, 1, 1
	simulated(t, p, func(c *company) {
		kept := c.exhibits()
		ids := c.join(staff(8)...)
		c.push("Sales", ids...)
		_, one := c.push("One", ids[0])
		_, two := c.push("Two", ids[0])
		c.run(sync.Full)
		c.okta.Unassign(ids[1])
		c.okta.Unassign(ids[2])
		c.okta.SetUserName(ids[3], "other@acme.co")
		c.okta.Unpush(one)
		c.okta.Unpush(two)
		c.caused(kept, sync.Full,
			evidence{"delete person001@acme.co held", askedUsers, "!" + ids[1]}, evidence{"delete person002@acme.co held", askedUsers, "!" + ids[2]},
			evidence{"update other@acme.co held", askedUsers, "other@acme.co"},
			evidence{"delete One held", askedPushes, "!" + one}, evidence{"delete Two held", askedPushes, "!" + two})
	})
}

// Each source of groups, and each way in which a group ends, has its own answer.
func TestPromise9CausesOfGroups(t *testing.T) {
	for _, row := range []struct {
		from         string
		end          func(c *company, group string)
		made, ending evidence
	}{
		{"push_mappings", func(c *company, group string) { c.okta.DeleteGroup(group) }, evidence{path: askedPushes}, evidence{path: askedGroup, shows: missing}},
		{"app_groups", func(c *company, group string) { c.okta.UnassignGroup(group) },
			evidence{path: "/api/v1/apps/*/groups"}, evidence{path: "/api/v1/apps/*/groups/*", shows: missing}},
		{"match", func(c *company, group string) { c.okta.RenameGroup(group, "Others") }, evidence{path: "/api/v1/groups"}, evidence{path: askedGroup, shows: "Others"}},
	} {
		p := lenient()
		p.Groups = sync.Selection{From: row.from, Match: []string{"Sales"}}
		simulated(t, p, func(c *company) {
			kept := c.exhibits()
			group, _ := c.push("Sales")
			c.okta.AssignGroup(group)
			row.made.line, row.made.shows = "create Sales applied", group
			c.caused(kept, sync.Full, row.made)
			row.end(c, group)
			row.ending.line = "release Sales applied"
			c.caused(kept, sync.Full, row.ending)
		})
	}
}

// Where Omni was changed by hand, the cause is the answer that shows how Okta has it.
func TestPromise9CausesOfDrift(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		kept := c.exhibits()
		ids := c.join(staff(3)...)
		sales, _ := c.push("Sales", ids[0])
		c.run(sync.Full)
		c.silent()
		c.omni.RemoveUser(omniUser(c, "person001@acme.co").ID)
		g, _ := c.omni.Group("Sales")
		c.omni.EditGroup(g.ID, "Sales", omniUser(c, "person002@acme.co").ID)
		c.caused(kept, sync.Reconcile,
			evidence{"create person001@acme.co applied", askedUsers, ids[1]}, evidence{"members Sales applied", askedGroup, sales})
	})
}

// Who left while the ledger was gone is told by the System Log's event.
func TestPromise9CausesAfterALoss(t *testing.T) {
	spare := embedded(t)
	c := newCompany(t, lenient())
	simulatedOn(t, c, func(c *company) {
		kept := c.exhibits()
		c.archived()
		ids := c.join(staff(3)...)
		c.run(sync.Full)
		c.okta.Unassign(ids[1])
		<-time.After(time.Hour)
		c.loses(spare)
		report := c.run(sync.Full)
		line, told := c.log(report.Run)["deactivate person001@acme.co held"]
		if !told {
			c.t.Fatalf("nobody is offered:\n%s", printed(report))
		}
		c.proves(kept, line, evidence{"deactivate person001@acme.co held", "application.user_membership.remove", ids[1]})
	})
}
