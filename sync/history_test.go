package sync_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// story is a short life: ada comes, is renamed, is in a group, and leaves; bob
// comes and can't be changed.
func story(c *company) (people []string, renamed time.Time, last string) {
	people = c.join("ada@acme.co", "bob@acme.co")
	group, _ := c.push("Sales", people...)
	c.want(c.run(sync.Full), sync.Done)
	<-time.After(time.Hour)
	renamed = time.Now()
	c.okta.SetUserName(people[0], "ada.l@acme.co")
	c.okta.RemoveMember(group, people[0])
	c.okta.UpdateProfile(people[1], map[string]any{"department": "Legal"})
	c.spoil("bob@acme.co", sim.Status(http.StatusBadRequest, `{"detail":"no such value"}`, nil))
	c.want(c.run(sync.Full), sync.Failing)
	c.omniFaults.Clear()
	<-time.After(time.Hour)
	c.okta.Unassign(people[0])
	<-time.After(time.Minute)
	report := c.run(sync.Full)
	return people, renamed, report.Run
}

// Promise 9: what was done, held or refused is known afterwards, and each
// question about it has its answer.
func TestHistory(t *testing.T) {
	c := newCompany(t, lenient())
	simulatedOn(t, c, func(c *company) {
		people, renamed, last := story(c)
		for _, row := range []struct {
			name   string
			filter sync.HistoryFilter
			want   string
		}{
			{"by her name of today", sync.HistoryFilter{Subject: "Ada.L@acme.co"},
				"create Sales applied; create ada@acme.co applied; deactivate ada.l@acme.co applied; members Sales applied; update ada.l@acme.co applied"},
			{"by her first name", sync.HistoryFilter{Subject: "ada@acme.co", Kind: "update"}, "update ada.l@acme.co applied"},
			{"by her id", sync.HistoryFilter{Subject: people[1], State: state.Failed}, "update bob@acme.co failed"},
			{"a group", sync.HistoryFilter{Subject: "sales"}, "create Sales applied; members Sales applied"},
			{"of one run", sync.HistoryFilter{Run: last}, "deactivate ada.l@acme.co applied; update bob@acme.co applied"},
			{"before", sync.HistoryFilter{Until: renamed, Kind: "create", Subject: "bob@acme.co"}, "create Sales applied; create bob@acme.co applied"},
			{"since", sync.HistoryFilter{Since: renamed, Kind: "create"}, ""},
			{"the newest", sync.HistoryFilter{Subject: "sales", Limit: 1}, "members Sales applied"},
			{"nobody", sync.HistoryFilter{Subject: "zoe@acme.co"}, ""},
		} {
			list, err := c.engine.History(t.Context(), row.filter)
			if err != nil {
				t.Fatal(err)
			}
			lines := make([]string, len(list))
			for i, change := range list {
				lines[i] = fmt.Sprintf("%s %s %s", change.Kind, change.UserName+change.Group, change.State)
			}
			if !slices.IsSortedFunc(list, func(a, b state.Change) int { return b.Time.Compare(a.Time) }) {
				t.Errorf("%s: not the newest first", row.name)
			}
			slices.Sort(lines) // changes are done several at once
			if got := strings.Join(lines, "; "); got != row.want {
				t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
			}
		}
	})
}

// Each line has what Omni was asked and answered, also where it refused.
func TestHistoryHasOmnisAnswers(t *testing.T) {
	c := newCompany(t, lenient())
	simulatedOn(t, c, func(c *company) {
		story(c)
		for _, row := range []struct {
			filter sync.HistoryFilter
			want   string
		}{
			{sync.HistoryFilter{Subject: "bob@acme.co", Kind: "create", Limit: 2}, "POST Groups 201"},
			{sync.HistoryFilter{Subject: "ada@acme.co", Kind: "deactivate"}, "PATCH Users 200"},
			{sync.HistoryFilter{State: state.Failed}, "PATCH Users 400"},
		} {
			list, err := c.engine.History(t.Context(), row.filter)
			if err != nil || len(list) == 0 {
				t.Fatalf("%+v: %v, %v", row.filter, list, err)
			}
			answers := list[0].Answers
			if len(answers) == 0 {
				t.Errorf("%+v has no answers", list[0])
				continue
			}
			a := answers[len(answers)-1]
			kind, _, _ := strings.Cut(strings.Trim(a.Path, "/"), "/")
			if got := fmt.Sprintf("%s %s %d", a.Method, kind, a.Status); got != row.want {
				t.Errorf("%s %s: %s, want %s", list[0].Kind, list[0].UserName, got, row.want)
			}
			if (a.Error != "") != (a.Status >= 300) {
				t.Errorf("%s: the answer %d has the error %q", list[0].Kind, a.Status, a.Error)
			}
			if !strings.HasPrefix(list[0].Cause, "test: okta request req") || list[0].Run == "" || list[0].Time.IsZero() {
				t.Errorf("a line lacks where it comes from: %+v", list[0])
			}
		}
	})
}
