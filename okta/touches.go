package okta

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

const (
	logPath = "/api/v1/logs?"
	logPage = 1000 // events, the most that Okta gives

	// logMargin is what the Date of an answer is ahead of what the answer surely
	// holds: Okta may look for up to 30 s before it answers, and Date has whole
	// seconds. Events that are told twice do no harm.
	logMargin = time.Minute
)

// Touches reads the System Log once, at the place where the last reading ended, and
// tells what may have changed. It polls: without an end and ascending, in which case
// Okta leaves no event out, however late it came.
//
// fault.NotFound means that the place is lost: Okta doesn't know it any more, or has
// thrown away what came after it. Only a full reading tells what happened meanwhile.
//
// A run may begin with it. So it is asked whatever failed before, and once Okta
// answered, kinds of requests that failed are tried again.
func (r *Reader) Touches(ctx context.Context, at identity.LogPlace) (identity.LogPage, error) {
	c, err := r.logCall(at)
	if err != nil {
		return identity.LogPage{}, err
	}
	a, err := r.pose(ctx, c)
	if err != nil {
		return identity.LogPage{}, lostAt(c, at, a, err)
	}
	date := readRate(a.header).date
	if !date.IsZero() && date.Sub(at.Since) > logAge {
		return identity.LogPage{}, lost(c, "Okta keeps 90 days of the System Log, and it was last read on "+at.Since.UTC().Format(time.DateOnly))
	}
	p := page{answer: a}
	next, err := r.nextPath(c, a.header)
	p.link = err
	events, err := recordsOf[eventRecord](c, p, 0)
	if err == nil {
		err = checkNext(c, next, len(events))
	}
	if err != nil {
		return identity.LogPage{}, err
	}
	r.broken.reset()
	return r.logPage(at, next, date, events), nil
}

// logCall is the question at a place: Okta's own link where it belongs to our filter.
func (r *Reader) logCall(at identity.LogPlace) (call, error) {
	c := call{kind: "log", op: "read the System Log", path: at.Next, needs: needLogs}
	if at.Since.IsZero() {
		return c, &fault.Error{Kind: fault.Refused, Op: c.op, Detail: "it isn't said where to begin"}
	}
	filter := logFilter(r.id)
	if at.Next != "" && at.Filter == printOf(filter) {
		if !strings.HasPrefix(at.Next, logPath) {
			return c, lost(c, "the place where the last reading ended isn't one of the System Log")
		}
		return c, nil
	}
	c.path = logPath + url.Values{
		"since":     {at.Since.UTC().Format("2006-01-02T15:04:05.000Z")},
		"filter":    {filter},
		"sortOrder": {"ASCENDING"},
		"limit":     {strconv.Itoa(logPage)},
	}.Encode()
	return c, nil
}

func printOf(filter string) identity.Print { return identity.PrintOf([]byte(filter)) }

// lost says that a full reading is needed.
func lost(c call, why string) error {
	return &fault.Error{Kind: fault.NotFound, Op: c.op, Detail: clip(why), Hint: "a full run finds what was missed"}
}

// lostAt tells whether the failure means that the place is lost: a 400 says that Okta
// doesn't take it. One to our own filter isn't about the place, and no full run would
// mend it.
func lostAt(c call, at identity.LogPlace, a *answer, err error) error {
	link := c.path == at.Next
	switch {
	case a == nil:
		return err
	case a.status == http.StatusBadRequest && (link || !aboutFilter(a)):
		return lost(c, "Okta no longer knows the place where the last reading ended: "+describe(a, toldBy(a)))
	case fault.Is(err, fault.NotFound) && !link:
		return doubt(c, "Okta says that there is no System Log: %s", describe(a, toldBy(a)))
	default:
		return err
	}
}

// aboutFilter reports whether Okta refuses the filter: E0000031 is for an operator
// that a field doesn't take, all else has the code that refused dates have too.
func aboutFilter(a *answer) bool {
	told := toldBy(a)
	return told.Code == "E0000031" || strings.Contains(strings.ToLower(told.Summary), "filter")
}

// checkNext doubts a page from which the log can't be read on.
func checkNext(c call, next string, events int) error {
	switch {
	case next == "":
		return doubt(c, "the page has no next link, which Okta puts on each page of a log without an end")
	case !strings.HasPrefix(next, logPath):
		return doubt(c, "the next link isn't one of the System Log")
	case events >= logPage && next == c.path:
		return doubt(c, "the pages loop: a full page leads to itself")
	}
	return nil
}

// logPage tells what a page means. Since moves on only where the page was the end of
// the log at that time, by Okta's clock; it doesn't move back, except from the future.
func (r *Reader) logPage(at identity.LogPlace, next string, date time.Time, events []eventRecord) identity.LogPage {
	page := identity.LogPage{More: len(events) >= logPage}
	page.Place = identity.LogPlace{Since: at.Since, Next: next, Filter: printOf(logFilter(r.id))}
	if until := date.Add(-logMargin); !page.More && !date.IsZero() && (until.After(at.Since) || at.Since.After(date)) {
		page.Place.Since = until
	}
	for _, e := range events {
		page.Touches = append(page.Touches, e.touches(r.id)...)
	}
	return page
}
