package console

import (
	"net/http"
	"net/url"
	"strconv"
)

// pages are all pages, those of the navigation in its order.
func (a *api) pages() []page {
	return []page{
		{"/", "Now", "Now", "now", a.nowData},
		{"/held", "Held", "Held", "held", a.heldData},
		{"/runs", "Runs", "Runs", "runs", a.runsData},
		{"/runs/{run}", "Run", "", "run", a.runData},
		{"/people", "People", "People", "people", a.peopleData},
		{"/people/{user}", "Person", "", "person", a.personData},
		{"/groups", "Groups", "Groups", "groups", a.groupsData},
		{"/groups/{group}", "Group", "", "group", a.groupData},
		{"/leavers", "Leavers", "Leavers", "leavers", a.leaversData},
		{"/charts", "Charts", "Charts", "charts", a.chartsData},
		{"/pause", "Pause", "", "pause", a.pauseData},
		{"/failing", "Failing", "Failing", "failing", a.failingData},
		{"/log", "Log", "Log", "log", a.logData},
	}
}

// views are the routes of the pages.
func (a *api) views() []route {
	var list []route
	for _, p := range a.pages() {
		at := p.path
		if at == "/" {
			at = "/{$}"
		}
		list = append(list, route{http.MethodGet, at, a.show(p)})
	}
	return append(list, route{http.MethodGet, "/api/v1/events", whoever(a.events)}, route{http.MethodGet, "/charts/{chart}", whoever(a.chart)})
}

// actions are what the pages do: each is a form that posts.
func (a *api) actions() []route {
	return []route{
		{http.MethodPost, "/runs", a.runByPage},
		{http.MethodPost, "/held/{run}/review", a.reviewByPage},
		{http.MethodPost, "/held/{run}/decide", a.decideByPage},
		{http.MethodPost, "/failing/retry", a.retryByPage},
		{http.MethodPost, "/pause", a.pauseByPage},
		{http.MethodPost, "/people/{user}/provision", a.provisionByPage},
	}
}

// The deeds that a page tells of when it is shown after them.
const (
	didApprove   = "approved"
	didReject    = "rejected"
	didRetry     = "retried"
	didRun       = "run"
	didProvision = "provisioned"
	didUser      = "user"
	didBegin     = "begun"
	didPause     = "paused"
	didResume    = "resumed"
)

// done ends an action: the browser is sent to a page, which says what was done. A second look
// at that page does nothing again.
func (a *api) done(w http.ResponseWriter, r *http.Request, at, deed string, count int) {
	a.pulse.forget()
	q := url.Values{"done": {deed}, "count": {strconv.Itoa(count)}}
	http.Redirect(w, r, at+"?"+q.Encode(), http.StatusSeeOther)
}

// doneWords says what was just done, in our own words: an address may be made up.
func doneWords(q url.Values) string {
	n, _ := strconv.Atoi(q.Get("count")) // 0 where nothing is counted
	switch q.Get("done") {
	case didApprove:
		return "Approved: " + counted(n, "change") + ". A run does it now."
	case didReject:
		return "Rejected: " + counted(n, "change") + ". Nothing of it is done."
	case didRetry:
		return "What failed is tried again now."
	case didRun:
		return "A run begins."
	case didProvision:
		return "Provisioned: what Okta says of this person stands in Omni."
	case didUser:
		return "A run about this person has ended, and left something undone: this page tells what, and why."
	case didBegin:
		return "A run about this person is asked for, and waits for its turn: look again in a moment."
	case didPause:
		return "Paused. What was under way has ended, or ends."
	case didResume:
		return "Resumed: a run does what was let lie."
	default:
		return ""
	}
}
