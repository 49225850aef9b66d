package sync_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// owns gives somebody three schedules and a document, which the alert is about, and
// gives the document's id.
func (c *company) owns(name string) (document string) {
	c.t.Helper()
	owner := omniUser(c, name).ID
	document = c.omni.AddDocument(owner, "Pipeline")
	c.omni.PlaceSchedule(simomni.Schedule{Owner: owner, Name: "Weekly & <all>", Recipients: []string{"eve@else.where", "fay@else.where"}})
	c.omni.PlaceSchedule(simomni.Schedule{Owner: owner, Name: "Alarm", Dashboard: document, Recipients: []string{"eve@else.where"}, Condition: "RESULTS_PRESENT", Query: "q1"})
	c.omni.PlaceSchedule(simomni.Schedule{Owner: owner, Name: "Hook", Destination: "webhook", Format: "json", Target: map[string]any{"url": "https://x.test/s3cret"}})
	return document
}

// leaves saves what somebody owns, and ends their membership, with which Omni deletes it.
func (c *company) leaves(name, id string) {
	c.t.Helper()
	ctx, owner := c.t.Context(), identity.OmniID(omniUser(c, name).ID)
	schedules, err := c.target.OwnedSchedules(ctx, owner)
	for i := range schedules {
		if err == nil {
			schedules[i], err = c.target.Definition(ctx, schedules[i])
		}
	}
	var documents []identity.Document
	if err == nil {
		documents, err = c.target.OwnedDocuments(ctx, owner)
	}
	if err == nil {
		now := time.Now()
		err = c.engine.Keep(ctx, sync.Keeping{Okta: identity.OktaID(id), Omni: owner, UserName: name, Run: "run-1", Now: now, Until: now.AddDate(0, 0, 90)}, schedules, documents)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.omni.RemoveUser(string(owner))
}

// restore restores, and fails where that breaks off.
func (c *company) restore(r sync.RestoreRequest) sync.RestoreReport {
	c.t.Helper()
	report, err := c.engine.Restore(c.t.Context(), r)
	if err != nil {
		c.t.Fatal(err)
	}
	return report
}

// became is a report in short.
func became(r sync.RestoreReport) string {
	list := []string{string(r.Outcome) + ":"}
	for _, s := range r.Schedules {
		words := s.Name + " " + string(s.State)
		if s.Restored != nil {
			words += " " + s.Restored.To
		}
		list = append(list, words)
	}
	return strings.Join(list, ", ")
}

// wantOwned fails unless these are all schedules, each as NAME OWNER.
func (c *company) wantOwned(want ...string) {
	c.t.Helper()
	names := map[string]string{}
	for _, u := range c.omni.Users() {
		names[u.ID] = u.UserName
	}
	var got []string
	for _, s := range c.omni.Schedules() {
		got = append(got, s.Name+" "+names[s.Owner])
	}
	if !slices.Equal(got, want) {
		c.t.Errorf("the schedules are %q, want %q", got, want)
	}
}

const (
	adaMail = "ada@acme.co"
	bobMail = "bob@acme.co"
	cydMail = "cyd@acme.co"
)

// departed plays with what ada, who has left, owned.
func departed(t *testing.T, play func(c *company, document string)) {
	t.Helper()
	simulated(t, lenient(), func(c *company) {
		ids := c.join(adaMail, bobMail, cydMail)
		c.want(c.run(sync.Full), sync.Done)
		document := c.owns(adaMail)
		c.leaves(adaMail, ids[0])
		play(c, document)
	})
}

// What was saved comes back once, for whom it was asked, and is told to both: nothing of
// where it goes to is.
func TestSavedSchedulesAreRestored(t *testing.T) {
	departed(t, func(c *company, _ string) {
		c.wantOwned()
		c.omni.ResetLog()
		dry := c.restore(sync.RestoreRequest{Who: "ADA@acme.co", To: "Bob@acme.co", DryRun: true})
		if want := "done:, Alarm planned, Hook planned, Weekly & <all> planned"; became(dry) != want || c.omni.Writes() > 0 || !strings.Contains(dry.Notes[1], "other rows may go out") {
			t.Errorf("dry: %s, %q, %d writes", became(dry), dry.Notes, c.omni.Writes())
		}
		var steps []sync.Progress
		done := c.restore(sync.RestoreRequest{Who: adaMail, To: bobMail, By: "eve on host", Progress: func(p sync.Progress) { steps = append(steps, p) }})
		if want := "done:, Alarm restored bob@acme.co, Hook restored bob@acme.co, Weekly & <all> restored bob@acme.co"; became(done) != want || len(done.Notes) != 2 {
			t.Errorf("done: %s, %q", became(done), done.Notes)
		}
		if last := steps[len(steps)-1]; last.Step != "restore" || last.Done != 3 || last.Total != 3 || last.Run != done.Run {
			t.Errorf("told last: %+v", last)
		}
		c.wantOwned("Alarm "+bobMail, "Hook "+bobMail, "Weekly & <all> "+bobMail)
		c.omni.ResetLog()
		again := c.restore(sync.RestoreRequest{Who: adaMail, To: cydMail})
		if want := "done:, Alarm before bob@acme.co, Hook before bob@acme.co, Weekly & <all> before bob@acme.co"; became(again) != want || c.omni.Writes() > 0 {
			t.Errorf("again: %s, %d writes", became(again), c.omni.Writes())
		}
		list, err := c.engine.Saved(c.t.Context(), adaMail)
		if err != nil || len(list) != 4 || list[3].Name != "Weekly & <all>" || list[3].Recipients != 2 || list[3].Restored.To != bobMail || list[2].Kind != state.Document {
			t.Errorf("saved is %+v, %v", list, err)
		}
		for _, who := range []string{adaMail, bobMail} {
			lines, err := c.engine.History(c.t.Context(), sync.HistoryFilter{Subject: who, Kind: string(sync.Restore)})
			if err != nil || len(lines) != 3 || lines[0].Run != done.Run || lines[0].Cause != "command by eve on host" || len(lines[0].Answers) == 0 {
				t.Errorf("history of %s: %+v, %v", who, lines, err)
			}
		}
		if lines, err := c.engine.History(c.t.Context(), sync.HistoryFilter{Subject: bobMail}); err != nil || slices.ContainsFunc(lines, func(l state.Change) bool { return l.UserName == adaMail && l.Kind != string(sync.Restore) }) {
			t.Errorf("bob's history tells of ada: %+v, %v", lines, err)
		}
		for what, v := range map[string]any{"dry": dry, "done": done, "again": again, "list": list, "log": c.logged()} {
			if text, err := json.Marshal(v); err != nil || strings.Contains(string(text), "s3cret") || strings.Contains(string(text), "else.where") || strings.Contains(string(text), "sealed") {
				t.Errorf("%s tells %s, %v", what, text, err)
			}
		}
	})
}

// What can't be restored is told one by one, with why, and the rest is restored. Another
// time it may be.
func TestWhatCantBeRestoredIsTold(t *testing.T) {
	departed(t, func(c *company, document string) {
		c.omni.EditDocument(document, func(d *simomni.Document) { d.Queries = []string{"q9"} })
		report := c.restore(sync.RestoreRequest{Who: adaMail, To: bobMail})
		if want := "failed:, Alarm refused, Hook restored bob@acme.co, Weekly & <all> restored bob@acme.co"; became(report) != want {
			t.Errorf("it is %s, want %s", became(report), want)
		}
		if alarm := report.Schedules[0]; !strings.Contains(alarm.Error, "q1") || len(alarm.Lacks) != 1 || !strings.HasPrefix(alarm.Lacks[0], "alert condition or tile: ") {
			t.Errorf("the alarm: %q, %q", alarm.Error, alarm.Lacks)
		}
		if lines, err := c.engine.History(c.t.Context(), sync.HistoryFilter{Kind: "restore", State: state.Failed}); err != nil || len(lines) != 1 || !strings.Contains(lines[0].Error, "q1") {
			t.Errorf("the log tells %+v, %v", lines, err)
		}
		c.omni.EditDocument(document, func(d *simomni.Document) { d.Queries = nil })
		again := c.restore(sync.RestoreRequest{Who: adaMail, To: cydMail, Only: []string{"alarm"}})
		if want := "done:, Alarm restored cyd@acme.co"; became(again) != want {
			t.Errorf("again it is %s, want %s", became(again), want)
		}
		c.wantOwned("Alarm "+cydMail, "Hook "+bobMail, "Weekly & <all> "+bobMail)
	})
}

// Where Omni repeats where a schedule goes to, that is told to nobody; addresses of mail
// only to who restores.
func TestRestoringHidesDestinations(t *testing.T) {
	departed(t, func(c *company, _ string) {
		c.omniFaults.Add(sim.Fault{Method: http.MethodPost, Path: "/api/v1/schedules",
			Do: sim.Status(400, `{"error":"Bad Request","message":"Recipient EVE@else.where, or https://x.test/s3cret"}`, nil)})
		report := c.restore(sync.RestoreRequest{Who: adaMail, To: bobMail})
		for _, s := range report.Schedules {
			hides := map[bool]string{true: "EVE", false: "(hidden)"}[s.Target == "email"]
			if told := fmt.Sprint(s.Error, s.Lacks); s.State != sync.CantRestore || s.Restored != nil || !strings.Contains(told, hides) {
				t.Errorf("%s: %s", s.Name, told)
			}
		}
		lines, err := c.engine.History(c.t.Context(), sync.HistoryFilter{Kind: "restore"})
		for _, l := range lines {
			hidden := map[bool]string{true: "s3cret", false: "EVE"}[strings.Contains(l.Reason, "Hook")]
			if text := fmt.Sprintf("%+v", l); strings.Contains(text, hidden) || !strings.Contains(l.Error, "(hidden)") {
				t.Errorf("the log tells %s", text)
			}
		}
		if err != nil || len(lines) != 3 {
			t.Errorf("%d lines, %v", len(lines), err)
		}
	})
}

// An answer that was lost leaves a restoring open. Asked again, for whomever, it goes on
// from there: one schedule stands, and the ledger knows whose it is.
func TestRestoringGoesOn(t *testing.T) {
	for _, row := range []struct {
		made       bool
		next, want string
	}{
		{true, bobMail, "done:, Hook restored bob@acme.co"}, {true, cydMail, "done:, Hook before bob@acme.co"},
		{false, bobMail, "done:, Hook restored bob@acme.co"}, {false, cydMail, "done:, Hook restored cyd@acme.co"},
	} {
		departed(t, func(c *company, _ string) {
			effect := map[bool]sim.Effect{true: sim.CutAfter(), false: sim.CutBefore()}[row.made]
			c.omniFaults.Add(sim.Fault{Method: http.MethodPost, Path: "/api/v1/schedules", Do: effect})
			c.omniFaults.Add(sim.Fault{Method: http.MethodGet, Path: "/api/v1/schedules", Skip: 1, Do: sim.Status(500, "", nil)})
			first := c.restore(sync.RestoreRequest{Who: adaMail, To: bobMail, Only: []string{"Hook"}})
			if made := len(c.omni.Schedules()); became(first) != "failed:, Hook failed bob@acme.co" || (made == 1) != row.made {
				t.Errorf("%+v: first %s, %d made", row, became(first), made)
			}
			c.omniFaults.Clear()
			for _, dry := range []bool{true, false, true} {
				got := became(c.restore(sync.RestoreRequest{Who: adaMail, To: row.next, Only: []string{"Hook"}, DryRun: dry}))
				if got != row.want && !dry || len(c.omni.Schedules()) > 1 {
					t.Errorf("%+v: then %s, and %d there", row, got, len(c.omni.Schedules()))
				}
			}
			list, err := c.engine.Saved(c.t.Context(), adaMail)
			i := slices.IndexFunc(list, func(s state.Saved) bool { return s.Name == "Hook" })
			if err != nil || list[i].Restored.ID != c.omni.Schedules()[0].ID || !strings.HasSuffix(row.want, list[i].Restored.To) {
				t.Errorf("%+v: the ledger has %+v, %v", row, list[i].Restored, err)
			}
		})
	}
}

// Whatever request a restoring breaks off at, done or not, and whoever it is asked for
// again: each schedule stands once, and the ledger knows which one it is, and whose.
func TestRestoringBreaksOffAnywhere(t *testing.T) {
	for n := range 24 {
		departed(t, func(c *company, _ string) {
			effect, next := []sim.Effect{sim.CutAfter(), sim.CutBefore()}[n%2], []string{bobMail, cydMail}[n/2%2]
			c.omniFaults.Add(sim.Fault{Path: "/api/v1/", Skip: n / 2, Do: effect})
			c.restore(sync.RestoreRequest{Who: adaMail, To: bobMail})
			c.omniFaults.Clear()
			c.start()
			if report := c.restore(sync.RestoreRequest{Who: adaMail, To: next}); report.Outcome != sync.Done {
				t.Errorf("broken off at %d: %s", n, became(report))
			}
			names := map[string]string{}
			for _, u := range c.omni.Users() {
				names[u.ID] = u.UserName
			}
			stands := map[string]string{}
			for _, s := range c.omni.Schedules() {
				stands[s.ID] = s.Name + " " + names[s.Owner]
			}
			list, err := c.engine.Saved(c.t.Context(), adaMail)
			for _, s := range list {
				if s.Kind == state.Schedule && stands[s.Restored.ID] != s.Name+" "+s.Restored.To {
					t.Errorf("broken off at %d: %s is %+v, and there is %v", n, s.Name, s.Restored, stands)
				}
			}
			if err != nil || len(stands) != 3 {
				t.Errorf("broken off at %d: there is %v, %v", n, stands, err)
			}
		})
	}
}

// Whoever asks and leaves lets the schedule that is under way be finished, and the rest
// untried. A silent Omni isn't asked about each.
func TestRestoringEndsEarly(t *testing.T) {
	departed(t, func(c *company, _ string) {
		ctx, cancel := context.WithCancelCause(c.t.Context())
		left := errors.New("left")
		report, err := c.engine.Restore(ctx, sync.RestoreRequest{Who: adaMail, To: bobMail, Progress: func(sync.Progress) { cancel(left) }})
		if want := "failed:, Alarm waiting, Hook waiting, Weekly & <all> waiting"; err != nil || became(report) != want || !strings.Contains(fmt.Sprint(report.Notes), "ended early: left") {
			t.Errorf("at once: %s, %q, %v", became(report), report.Notes, err)
		}
		ctx, cancel = context.WithCancelCause(c.t.Context())
		c.omniFaults.Add(sim.Fault{Method: http.MethodPost, Path: "/api/v1/schedules", Times: 1, Do: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { cancel(left); next.ServeHTTP(w, r) })
		}})
		report, err = c.engine.Restore(ctx, sync.RestoreRequest{Who: adaMail, To: bobMail})
		if want := "failed:, Alarm restored bob@acme.co, Hook waiting, Weekly & <all> waiting"; err != nil || became(report) != want || !strings.Contains(fmt.Sprint(report.Notes), "ended early: left") {
			t.Errorf("in the middle: %s, %q, %v", became(report), report.Notes, err)
		}
		c.wantOwned("Alarm " + bobMail)
		c.want(c.run(sync.Full), sync.Done)
		for i := range 4 {
			c.omni.PlaceSchedule(simomni.Schedule{Owner: omniUser(c, cydMail).ID, Name: fmt.Sprint("S", i)})
		}
		c.leaves(cydMail, "00u-cyd")
		c.omniFaults.Add(sim.Fault{Method: http.MethodGet, Path: "/api/v1/schedules", Do: sim.Status(503, "", nil)})
		silent := c.restore(sync.RestoreRequest{Who: cydMail, To: bobMail})
		if want := "failed:, S0 failed bob@acme.co, S1 failed bob@acme.co, S2 failed bob@acme.co, S3 waiting"; became(silent) != want || !strings.Contains(fmt.Sprint(silent.Notes), "didn't answer several times") {
			t.Errorf("silent: %s, %q", became(silent), silent.Notes)
		}
		c.omniFaults.Clear()
		if want := "done:, S0 restored bob@acme.co, S1 restored bob@acme.co, S2 restored bob@acme.co, S3 restored bob@acme.co"; became(c.restore(sync.RestoreRequest{Who: cydMail, To: bobMail})) != want {
			t.Error("it doesn't go on")
		}
	})
}

// Nothing is restored for nobody, of nobody, or by a word that means nothing.
func TestRestoringRefuses(t *testing.T) {
	departed(t, func(c *company, _ string) {
		off := c.omni.AddUser("off@acme.co", "Off")
		c.omni.EditUser(off, func(u *simomni.User) { u.Active = false })
		c.owns(cydMail)
		now := time.Now()
		other := sync.Keeping{Okta: "00u-other", UserName: "ADA@acme.co", Now: now, Until: now.Add(time.Hour)}
		for _, row := range []struct {
			r    sync.RestoreRequest
			kind fault.Kind
			says string
		}{
			{sync.RestoreRequest{Who: adaMail, To: "nobody@acme.co"}, fault.Refused, `nobody there has the username "nobody@acme.co"`},
			{sync.RestoreRequest{Who: adaMail, To: "off@acme.co"}, fault.Refused, "isn't an active member"},
			{sync.RestoreRequest{Who: bobMail, To: cydMail}, fault.NotFound, "no schedule is saved of"},
			{sync.RestoreRequest{Who: adaMail, To: bobMail, Only: []string{"Hook", "Hooks"}}, fault.Refused, `no schedule "Hooks" is saved`},
		} {
			if _, err := c.engine.Restore(c.t.Context(), row.r); !fault.Is(err, row.kind) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%+v: %v", row.r, err)
			}
		}
		if err := c.engine.Keep(c.t.Context(), other, []identity.Schedule{{ID: "s9", Name: "Other"}}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := c.engine.Restore(c.t.Context(), sync.RestoreRequest{Who: adaMail, To: bobMail}); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "several people were called") {
			t.Errorf("of two: %v", err)
		}
		report := c.restore(sync.RestoreRequest{Who: "00u-other", To: bobMail})
		if became(report) != "failed:, Other refused" || report.Schedules[0].Hint != "" && report.Schedules[0].Error == "" {
			t.Errorf("by the id: %s, %+v", became(report), report)
		}
		var b state.Batch
		state.Put(&b, state.Meta, "connection", state.Connection{Org: "https://other.okta.com"})
		if err := c.store.Apply(c.t.Context(), c.fence, b); err != nil {
			t.Fatal(err)
		}
		if _, err := c.engine.Restore(c.t.Context(), sync.RestoreRequest{Who: "00u-other", To: bobMail}); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "the ledger belongs to Okta https://other.okta.com") {
			t.Errorf("of another connection: %v", err)
		}
	})
}
