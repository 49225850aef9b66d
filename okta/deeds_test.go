package okta_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

// TestDeedsOfEvents has the rows of the table at deedRecord.deed.
func TestDeedsOfEvents(t *testing.T) {
	for _, row := range []struct {
		kind, targets, outcome string
		want                   identity.DeedKind
	}{
		{"application.user_membership.remove", "AppUser 0ua1, " + ours + ", User 00u1", "SUCCESS", identity.DeedUnassigned},
		{"application.user_membership.deprovision", ours + ", User 00u1", "SUCCESS", identity.DeedUnassigned},
		{"application.user_membership.revoke", ours + ", User 00u1", "SUCCESS", identity.DeedUnassigned},
		{"application.user_membership.remove", another + ", User 00u1", "SUCCESS", identity.DeedNone},
		{"application.user_membership.remove", ours + ", User 00u1", "FAILURE", identity.DeedNone},
		{"group.user_membership.remove", "User 00u1, UserGroup 00g1", "SUCCESS", identity.DeedLeft},
		{"group.user_membership.add", "User 00u1, UserGroup 00g1", "SUCCESS", identity.DeedNone},
		{"group.application_assignment.remove", "UserGroup 00g1, " + ours, "SUCCESS", identity.DeedLetGo},
		{"group.application_assignment.remove", "UserGroup 00g1, " + another, "SUCCESS", identity.DeedNone},
		{"group.lifecycle.delete", "UserGroup 00g1", "SUCCESS", identity.DeedGroupEnded},
		{"group.profile.update", "UserGroup 00g1", "SUCCESS", identity.DeedRenamed},
		{"application.provision.group_push.removed", "UserGroup 00g1, " + ours, "SUCCESS", identity.DeedUnpushed},
		{"application.provision.group_push.deactivate_mapping", "UserGroup 00g1, " + ours, "SUCCESS", identity.DeedUnpushed},
		{"user.lifecycle.deactivate", "User 00u1", "SUCCESS", identity.DeedEnded},
		{"user.lifecycle.delete.initiated", "User 00u1", "SUCCESS", identity.DeedEnded},
		{"user.lifecycle.suspend", "User 00u1", "SUCCESS", identity.DeedSuspended},
		{"user.account.update_profile", "User 00u1", "SUCCESS", identity.DeedProfile},
		{"group.user_membership.rule.deactivated", "GroupRule 0pr1", "SUCCESS", identity.DeedRule},
		{"group.user_membership.rule.invalidate", "GroupRule 0pr1", "SUCCESS", identity.DeedRule},
		{"group.user_membership.rule.add_exclusion", "GroupRule 0pr1", "SUCCESS", identity.DeedNone},
		{"system.import.start", another, "SUCCESS", identity.DeedImport},
		{"system.import.complete", another, "SUCCESS", identity.DeedImported},
		{"application.lifecycle.deactivate", ours, "SUCCESS", identity.DeedStopped},
		{"application.lifecycle.deactivate", another, "SUCCESS", identity.DeedNone},
		{"user.lifecycle.deactivate", "User 00u1", "SKIPPED", identity.DeedNone},
		{"user.session.start", "User 00u1", "SUCCESS", identity.DeedNone},
	} {
		text, err := json.Marshal([]map[string]any{{"uuid": "e1", "eventType": row.kind, "published": "2000-01-01T10:00:00.007Z",
			"outcome": map[string]any{"result": row.outcome}, "target": targets(row.targets),
			"actor":       map[string]any{"id": "00u9", "type": "User", "alternateId": "ada@acme.test", "displayName": "Ada"},
			"transaction": map[string]any{"id": "web1"}}})
		if err != nil {
			t.Fatal(err)
		}
		chapter := chapterOf(t, string(text))
		if row.want == identity.DeedNone {
			if len(chapter.Deeds) != 0 {
				t.Errorf("%s of %s: %+v", row.kind, row.targets, chapter.Deeds)
			}
			continue
		}
		if len(chapter.Deeds) != 1 || chapter.Deeds[0].Kind != row.want {
			t.Errorf("%s of %s: %+v, want kind %d", row.kind, row.targets, chapter.Deeds, row.want)
			continue
		}
		got := chapter.Deeds[0]
		if got.Actor.Name != "Ada (ada@acme.test)" || got.Threads[0] != "web1" || got.Published.Nanosecond() != 7e6 || got.Event != identity.Origin("okta event e1 "+row.kind) {
			t.Errorf("%s: %+v", row.kind, got)
		}
	}
}

// chapterOf reads a log that has body on one page.
func chapterOf(t testing.TB, body string) identity.Chapter {
	t.Helper()
	r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, body) }))
	chapter, err := r.Deeds(t.Context(), time.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return chapter
}

// Okta itself is nobody; what Okta promises nothing about may be anything.
func TestDeedsTellWho(t *testing.T) {
	for _, row := range []struct {
		actor, debug string
		who          identity.Named
		rule         string
		threads      int
	}{
		{`{"id":"sp1","type":"SystemPrincipal","alternateId":"system@okta.com","displayName":"Okta System"}`, `{"debugData":{"triggeredByGroupRuleId":"0pr1"}}`, identity.Named{}, "0pr1", 1},
		{`{"id":"x","type":"User","alternateId":"system@okta.com"}`, `{"debugData":{"triggeredByGroupRuleId":7,"groupAppAssignmentId":"gam1"}}`, identity.Named{}, "", 2},
		{`{"id":"0oa7","type":"PublicClientApp","alternateId":"unknown","displayName":"Terraform"}`, `null`, identity.Named{ID: "0oa7", Name: "Terraform"}, "", 1},
		{`{"id":"00u7","type":"User","alternateId":"bob@acme.test","displayName":null}`, `{"debugData":null}`, identity.Named{ID: "00u7", Name: "bob@acme.test"}, "", 1},
		{`null`, `{}`, identity.Named{}, "", 1},
	} {
		got := chapterOf(t, fmt.Sprintf(`[{"uuid":"e1","eventType":"group.user_membership.remove","outcome":{"result":"SUCCESS"},"published":"2000-01-01T10:00:00.000Z",
			"transaction":{"id":"t1"},"actor":%s,"debugContext":%s,"target":[{"id":"00u1","type":"User"},{"id":"00g1","type":"UserGroup","displayName":"Sales"}]}]`, row.actor, row.debug))
		d := got.Deeds[0]
		if d.Actor != row.who || d.Rule.ID != row.rule || len(d.Threads) != row.threads || d.Groups[0] != (identity.Named{ID: "00g1", Name: "Sales"}) {
			t.Errorf("by %s, %s: %+v", row.actor, row.debug, d)
		}
	}
}

// The log is read back, the newest first, and not further than since.
func TestDeedsOfACascade(t *testing.T) {
	c := newCompany(t, simokta.Knobs{Skew: time.Hour})
	synctest.Test(t, func(t *testing.T) {
		ada := c.AddUser(simokta.User{Login: "ada@acme.test", Profile: map[string]any{"region": "EMEA"}})
		bob := c.AddUser(simokta.User{Login: "bob@acme.test", Profile: map[string]any{"region": "EMEA"}})
		group := c.AddGroup("Sales", "")
		c.AssignGroup(group)
		rule := c.AddRule("Region", group, "region", "EMEA")
		c.UpdateProfile(bob, map[string]any{"region": "APAC"})
		<-time.After(24 * time.Hour)
		c.Noise()
		i := c.Import("Workday")
		i.Update(ada, map[string]any{"region": "APAC"})
		i.End()
		<-time.After(time.Minute)
		if _, err := c.reader.App(t.Context()); err != nil { // as every run begins: it tells Okta's clock
			t.Fatal(err)
		}
		before := len(c.Requests.All())
		got, err := c.reader.Deeds(t.Context(), time.Now().Add(-time.Hour))
		if err != nil || got.Cut || len(c.Requests.All()) != before+1 {
			t.Fatalf("%+v, %v", got, err)
		}
		var told []string
		for _, d := range got.Deeds {
			if slices.Contains(d.Users, identity.OktaID(bob)) {
				t.Errorf("what happened a day ago is told: %+v", d)
			}
			told = append(told, fmt.Sprint(d.Kind, " ", d.App.Name, d.Rule.ID == rule))
		}
		slices.Sort(told)
		want := []string{"1 Omnifalse", "11 Workdayfalse", "12 Workdayfalse", "2 true", "9 false", "9 false"} // a stranger's profile among the noise
		if diff := cmp.Diff(want, told); diff != "" {
			t.Error(diff)
		}
	})
}

// However much there is, ten requests are sent, and how far they came is told.
func TestDeedsAreBounded(t *testing.T) {
	var asked []string
	r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked = append(asked, req.URL.String())
		w.Header().Set("Link", nextLog(fmt.Sprint(len(asked))))
		answer(w, 200, fmt.Sprintf(`[{"uuid":"e%d","eventType":"group.lifecycle.delete","published":"2000-01-01T%02d:00:00.000Z","target":[{"id":"00g1","type":"UserGroup"}]}]`, len(asked), 20-len(asked)))
	}))
	got, err := r.Deeds(t.Context(), time.Now().Add(-time.Hour))
	if err != nil || !got.Cut || len(asked) != 10 || len(got.Deeds) != 10 || got.Since.Hour() != 10 {
		t.Errorf("%d requests: %+v, %v", len(asked), got, err)
	}
}

func TestDeedsBreakOff(t *testing.T) {
	c := newCompany(t, simokta.Knobs{})
	c.faults.Add(sim.Fault{Path: "/api/v1/logs", Times: 100, Do: sim.Truncate(10)})
	synctest.Test(t, func(t *testing.T) {
		c.Noise()
		if got, err := c.reader.Deeds(t.Context(), time.Now().Add(-time.Hour)); err == nil || len(got.Deeds) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestStopped(t *testing.T) {
	c := newCompany(t, simokta.Knobs{})
	synctest.Test(t, func(t *testing.T) {
		if d, err := c.reader.Stopped(t.Context()); err != nil || d.Kind != identity.DeedNone {
			t.Errorf("%+v, %v of an app that was never deactivated", d, err)
		}
		c.DeactivateApp()
		c.ActivateApp()
		<-time.After(time.Hour)
		c.As(simokta.Target{Type: "User", ID: "00u1bob", AlternateID: "bob@acme.test", DisplayName: "Bob"}, func() { c.DeactivateApp() })
		at := time.Now()
		<-time.After(time.Hour)
		d, err := c.reader.Stopped(t.Context())
		if err != nil || d.Actor.Name != "Bob (bob@acme.test)" || d.Published.Sub(at).Abs() > time.Second {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

// FuzzDeeds reads any answer: no panic, and only ids that may be ids.
func FuzzDeeds(f *testing.F) {
	f.Add([]byte(`[{"uuid":"e1","eventType":"group.user_membership.remove","debugContext":{"debugData":{"triggeredByGroupRuleId":[1]}},"target":[{"id":"../x","type":"User"}]}]`))
	f.Add([]byte(`[{"uuid":"e1","eventType":"group.lifecycle.delete","actor":{"id":1},"target":null}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, string(body)) }))
		chapter, err := r.Deeds(t.Context(), time.Now().Add(-time.Hour))
		if err != nil && len(chapter.Deeds) > 0 {
			t.Fatalf("%+v with %v", chapter, err)
		}
		for _, d := range chapter.Deeds {
			for _, u := range d.Users {
				if strings.ContainsAny(string(u), "/?#. \"") || u == "" {
					t.Fatalf("%+v", d)
				}
			}
		}
	})
}
