package okta_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/okta"
)

// logPages is an Okta whose System Log has one answer after the other.
type logPages struct {
	asked   []string // path and query
	answers []func(http.ResponseWriter)
}

func (l *logPages) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	l.asked = append(l.asked, req.URL.RequestURI())
	l.answers[min(len(l.asked), len(l.answers))-1](w)
}

// logPage answers with n events, a next link and Okta's time, "" for none of either.
func logPage(n int, next, date string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header()["Date"] = nil
		if date != "" {
			w.Header().Set("Date", date)
		}
		if next != "" {
			w.Header().Set("Link", next)
		}
		event := `{"uuid":"e%d","eventType":"user.lifecycle.suspend","outcome":{"result":"SUCCESS"},"published":"2000-01-01T00:00:00.000Z","target":[{"id":"00u%d","type":"User"}]}`
		var events []string
		for i := range n {
			events = append(events, fmt.Sprintf(event, i, i))
		}
		answer(w, 200, "["+strings.Join(events, ",")+"]")
	}
}

func refused(status int, code, summary string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		answer(w, status, fmt.Sprintf(`{"errorCode": %q, "errorSummary": %q}`, code, summary))
	}
}

const noon = "Sat, 01 Jan 2000 12:00:00 GMT"

// follow reads page by page, each at the place that the one before told.
func follow(t *testing.T, r *okta.Reader, at identity.LogPlace) (pages []identity.LogPage) {
	t.Helper()
	for {
		page, err := r.Touches(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		at, pages = page.Place, append(pages, page)
		if !page.More {
			return pages
		}
	}
}

// The first reading begins after Since, the next where Okta's link says, and one with
// another filter after Since again.
func TestTouchesPlaces(t *testing.T) {
	l := &logPages{answers: []func(http.ResponseWriter){logPage(1, nextLog("1"), noon), logPage(0, nextLog("1"), "Sat, 01 Jan 2000 12:00:30 GMT")}}
	r := newReader(t, l)
	first, err := r.Touches(t.Context(), beginning)
	if err != nil || len(first.Touches) != 1 || first.More {
		t.Fatalf("%+v, %v", first, err)
	}
	if want := beginning.Since.Add(12*time.Hour - time.Minute); first.Place.Since != want || first.Place.Next != "/api/v1/logs?after=1" || first.Place.Filter == (identity.Print{}) {
		t.Errorf("the place is %+v, want Since %v", first.Place, want)
	}
	for _, want := range []string{"since=2000-01-01T00%3A00%3A00.000Z", "limit=1000", "sortOrder=ASCENDING", "target.id+eq+%220oa1%22", "+and+not+%28eventType+sw+%22user.authentication.%22"} {
		if !strings.Contains(l.asked[0], want) || strings.Contains(l.asked[0], "until") {
			t.Errorf("%s lacks %s, or has an end", l.asked[0], want)
		}
	}
	second, err := r.Touches(t.Context(), first.Place)
	if err != nil || len(second.Touches) != 0 || l.asked[1] != "/api/v1/logs?after=1" || second.Place.Since.Sub(first.Place.Since) != 30*time.Second {
		t.Errorf("asked %s: %+v, %v", l.asked[1], second, err)
	}
	other := second.Place
	other.Filter[0]++
	if _, err := r.Touches(t.Context(), other); err != nil || !strings.Contains(l.asked[2], "since=2000-01-01T11%3A59%3A30.000Z") {
		t.Errorf("with another filter it asked %s, %v", l.asked[2], err)
	}
}

// Since says that everything until then was read, and never more than that.
func TestTouchesSince(t *testing.T) {
	day := beginning.Since
	for name, test := range map[string]struct {
		since  time.Time
		events int
		date   string
		want   time.Time
	}{
		"moves on":            {day, 1, noon, day.Add(12*time.Hour - time.Minute)},
		"a full page":         {day, 1000, noon, day},
		"no date":             {day, 1, "", day},
		"doesn't move back":   {day.Add(12*time.Hour - time.Second), 0, noon, day.Add(12*time.Hour - time.Second)},
		"but from the future": {day.Add(15 * time.Hour), 0, noon, day.Add(12*time.Hour - time.Minute)},
	} {
		r := newReader(t, &logPages{answers: []func(http.ResponseWriter){logPage(test.events, nextLog("1"), test.date)}})
		page, err := r.Touches(t.Context(), identity.LogPlace{Since: test.since})
		if err != nil || page.Place.Since != test.want || page.More != (test.events == 1000) {
			t.Errorf("%s: Since %v, More %v, %v", name, page.Place.Since, page.More, err)
		}
	}
}

// A page from which the log can't be read on is doubt, and tells nothing.
func TestTouchesDoubts(t *testing.T) {
	full := logPage(1000, nextLog("1"), noon)
	for name, answers := range map[string][]func(http.ResponseWriter){
		"no next link":   {logPage(1, "", noon)},
		"elsewhere":      {logPage(1, `<https://evil.test/behind/a/gateway/api/v1/logs?after=1>; rel="next"`, noon)},
		"another scheme": {logPage(1, `<http://acme.okta.test/behind/a/gateway/api/v1/logs?after=1>; rel="next"`, noon)},
		"above the path": {logPage(1, `<https://acme.okta.test/api/v1/logs?after=1>; rel="next"`, noon)},
		"another list":   {logPage(1, "<"+org+`/api/v1/users?after=1>; rel="next"`, noon)},
		"two next links": {logPage(1, nextLog("1")+", "+nextLog("2"), noon)},
		"a loop":         {full, full},
		"no log":         {refused(404, "E0000007", "Not found")},
	} {
		r := newReader(t, &logPages{answers: answers})
		var page identity.LogPage
		var err error
		at := beginning
		for range answers {
			page, err = r.Touches(t.Context(), at)
			at = page.Place
		}
		if !fault.Is(err, fault.Doubt) || len(page.Touches) != 0 || page.Place != (identity.LogPlace{}) {
			t.Errorf("%s: %+v, %v", name, page, err)
		}
	}
}

// A place that Okta doesn't take any more is lost; one that was never told, or our own
// filter refused, is something else.
func TestTouchesLost(t *testing.T) {
	begin := []func(http.ResponseWriter){logPage(0, nextLog("1"), noon)}
	since := "Invalid parameter: The since parameter is over 180 days prior to the current day."
	for _, test := range []struct {
		name    string
		at      identity.LogPlace
		answers []func(http.ResponseWriter) // the first one tells the place, where at has none
		kind    fault.Kind
		detail  string
	}{
		{"no place", identity.LogPlace{Next: "/api/v1/logs?after=1"}, begin, fault.Refused, "where to begin"},
		{"link refused", identity.LogPlace{}, append(begin, refused(400, "E0000053", "Invalid after")), fault.NotFound, "no longer knows the place"},
		{"link refused with its old filter", identity.LogPlace{}, append(begin, refused(400, "E0000031", "Operator")), fault.NotFound, "no longer knows the place"},
		{"link refused without a code", identity.LogPlace{}, append(begin, func(w http.ResponseWriter) { answer(w, 400, "") }), fault.NotFound, "no longer knows the place"},
		{"link not found", identity.LogPlace{}, append(begin, refused(404, "E0000007", "Not found")), fault.NotFound, "404"},
		{"since refused", beginning, []func(http.ResponseWriter){refused(400, "E0000053", since)}, fault.NotFound, "over 180 days"},
		{"filter refused", beginning, []func(http.ResponseWriter){refused(400, "E0000053", "Invalid filter 'x'")}, fault.Refused, "Invalid filter"},
		{"operator refused", beginning, []func(http.ResponseWriter){refused(400, "E0000031", "Operator: sw, Field: x")}, fault.Refused, "Operator"},
		{"gap", identity.LogPlace{Since: beginning.Since.Add(-91 * 24 * time.Hour)}, begin, fault.NotFound, "keeps 90 days"},
		{"gap behind a link", identity.LogPlace{}, append(begin, logPage(0, nextLog("2"), "Sun, 02 Apr 2000 12:00:00 GMT")), fault.NotFound, "keeps 90 days"},
		{"not permitted", beginning, []func(http.ResponseWriter){refused(403, "E0000006", "no")}, fault.Unauthorized, "403"},
	} {
		l := &logPages{answers: test.answers}
		r := newReader(t, l)
		at := test.at
		if at == (identity.LogPlace{}) {
			page, err := r.Touches(t.Context(), beginning)
			if at = page.Place; err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		page, err := r.Touches(t.Context(), at)
		if !fault.Is(err, test.kind) || !strings.Contains(err.Error(), test.detail) || page.Place != (identity.LogPlace{}) {
			t.Errorf("%s: got %v (%v)", test.name, err, fault.KindOf(err))
		}
		if sent := len(l.asked); test.kind == fault.Refused && test.at.Since.IsZero() && sent != 0 {
			t.Errorf("%s: %d requests", test.name, sent)
		}
	}
	stored := identity.LogPlace{Since: beginning.Since, Next: "/api/v1/users?after=1"}
	l := &logPages{answers: begin}
	page, err := newReader(t, l).Touches(t.Context(), beginning)
	if stored.Filter = page.Place.Filter; err != nil {
		t.Fatal(err)
	}
	if _, err := newReader(t, l).Touches(t.Context(), stored); !fault.Is(err, fault.NotFound) || len(l.asked) != 1 {
		t.Errorf("another list was asked for by a stored link: %q, %v", l.asked, err)
	}
}

// The log is asked whatever failed before, and what failed is tried again once it answers.
func TestTouchesBeginARun(t *testing.T) {
	down, sent := true, map[string]int{}
	r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		sent[req.URL.Path]++
		w.Header().Set("Link", nextLog("1"))
		if down || req.URL.Path != "/api/v1/logs" {
			answer(w, 403, `{"errorCode": "E0000006"}`)
			return
		}
		answer(w, 200, `[]`)
	}))
	for i := range 6 {
		down = i < 5
		if _, err := r.Touches(t.Context(), beginning); (err == nil) == down {
			t.Error(err)
		}
		_, err := r.Account(t.Context(), "00u1")
		wantKind(t, err, fault.Unauthorized)
	}
	if sent["/api/v1/logs"] != 6 || sent["/api/v1/users/00u1"] != 3 {
		t.Errorf("sent %v, want each for the log, and of users two before it answers and one after", sent)
	}
}

// The stand-in's log, read page by page, tells all that happened and only what matters;
// late events are told when they come, and a place that was read before tells the same again.
func TestTouchesOfACompany(t *testing.T) {
	c := newCompany(t, simokta.Knobs{Skew: -2 * time.Hour})
	synctest.Test(t, func(t *testing.T) {
		c.fill()
		okta := time.Now().Add(-2 * time.Hour)
		place := identity.LogPlace{Since: okta.Add(-time.Minute)}
		pages := follow(t, c.reader, place)
		kinds := map[identity.TouchKind]int{}
		for _, page := range pages {
			for _, touch := range page.Touches {
				kinds[touch.Kind]++
			}
		}
		if len(pages) < 4 || kinds[identity.TouchAssignment] != 1234 || kinds[identity.TouchMembership] != 1234 || kinds[identity.TouchSelection] == 0 {
			t.Errorf("%d pages of %v", len(pages), kinds)
		}
		place = pages[len(pages)-1].Place
		<-time.After(time.Hour)
		sent := len(c.Requests.All())
		idle, err := c.reader.Touches(t.Context(), place)
		if n := len(c.Requests.All()) - sent; err != nil || n != 1 || len(idle.Touches) != 0 || idle.Place.Since.Sub(okta) < 58*time.Minute || idle.Place.Since.Sub(okta) > time.Hour {
			t.Errorf("idle: %d requests, %+v, %v", n, idle, err)
		}

		person, out := c.AddUser(simokta.User{Login: "ada@acme.test"}), simokta.Target{Type: "AppInstance", ID: "0oaother"}
		app, user := simokta.Target{Type: "AppInstance", ID: c.ID()}, simokta.Target{Type: "User", ID: person}
		for range 1100 { // a page and more of what nobody needs
			c.Emit(simokta.Event{Type: "user.authentication.sso", Targets: []simokta.Target{user, app}})
			c.Emit(simokta.Event{Type: "application.user_membership.add", Targets: []simokta.Target{user, out}})
		}
		c.Emit(simokta.Event{Type: "user.account.update_profile", Targets: []simokta.Target{user}, Published: okta.Add(-30 * time.Minute)})
		for i, at := range []identity.LogPlace{idle.Place, idle.Place} {
			page, err := c.reader.Touches(t.Context(), at)
			var late bool
			for _, touch := range page.Touches {
				late = late || touch.Published.Before(okta) && touch.Users[0] == identity.OktaID(person)
			}
			if err != nil || page.More || !late || len(page.Touches) > 3 {
				t.Errorf("reading %d: %+v, %v", i, page, err)
			}
		}
	})
}

// A log that breaks off tells no place.
func TestPromise2BrokenLogTellsNothing(t *testing.T) {
	c := newCompany(t, simokta.Knobs{})
	c.faults.Add(sim.Fault{Path: "/api/v1/logs", Times: 100, Do: sim.Truncate(10)})
	synctest.Test(t, func(t *testing.T) {
		at := identity.LogPlace{Since: time.Now().Add(-time.Hour)}
		c.AddUser(simokta.User{Login: "ada@acme.test"})
		page, err := c.reader.Touches(t.Context(), at)
		if err == nil || page.Place != (identity.LogPlace{}) || len(page.Touches) != 0 {
			t.Errorf("%+v, %v", page, err)
		}
	})
}
