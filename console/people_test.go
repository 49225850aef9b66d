package console_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
)

// The API finds whom the pages find.
func TestSearchByTheAPI(t *testing.T) {
	c := client(newDaemon().serve(t))
	people, err := c.People(t.Context(), sync.Search{Prefix: "an n", Limit: 300})
	want := console.PeopleAnswer{More: true, People: []sync.FoundPerson{{UserName: "an n@example.com", DisplayName: "limit 200", OktaID: "00u1", Account: "leaving"}}}
	if diff := cmp.Diff(want, people); diff != "" || err != nil {
		t.Error(err, diff)
	}
	groups, err := c.Groups(t.Context(), sync.Search{Prefix: "sa"})
	if err != nil || groups.More || len(groups.Groups) != 1 || groups.Groups[0].OmniName != "limit 50" {
		t.Errorf("%+v %v", groups, err)
	}
}

// Provision now makes a run about one person, waits a little for it, and tells how it ended.
func TestProvisioningByPage(t *testing.T) {
	for name, c := range map[string]struct {
		report sync.Report
		err    error
		stays  bool
		status int
		tells  string
	}{
		"done":    {report: sync.Report{Outcome: sync.Done}, status: http.StatusSeeOther, tells: "/people/ann@example.com?count=0&done=provisioned"},
		"failing": {report: sync.Report{Outcome: sync.Failing}, status: http.StatusSeeOther, tells: "done=user"},
		"waiting": {stays: true, status: http.StatusSeeOther, tells: "done=begun"},
		"error":   {err: &fault.Error{Kind: fault.NotFound, Op: "nobody is known as ann", Hint: "look"}, status: http.StatusNotFound, tells: "What to do: look"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // one waits
			d := newDaemon()
			asked := make(chan sync.Request, 1)
			d.run = func(ctx context.Context, r sync.Request) (sync.Report, error) {
				asked <- r
				if c.stays {
					<-ctx.Done()
				}
				return c.report, c.err
			}
			answer, text := call(t, stays(), "POST", serveOptions(t, manned(d))+"/people/ann@example.com/provision",
				map[string]string{"Authorization": "Bearer " + actingToken, "Accept": "text/html"}, url.Values{})
			if r := <-asked; r.Kind != sync.User || r.Subject != "ann@example.com" || !r.Insist || r.DryRun {
				t.Errorf("asked for %+v", r)
			}
			if answer.StatusCode != c.status || !strings.Contains(answer.Header.Get("Location")+text, c.tells) {
				t.Errorf("answers %d %v %s", answer.StatusCode, answer.Header, text)
			}
		})
	}
}
