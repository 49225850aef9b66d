package main

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/omnisync/omnisync/internal/sim"
)

// A person logs in, looks at every page, approves some of what is held, watches the run that
// does it to its end, rejects the rest, and leaves.
func TestConsoleInABrowser(t *testing.T) {
	t.Parallel()
	out := &shared{}
	a := &app{shell: shell{Out: out, Err: out}}
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	company := found()
	go func() {
		ended <- a.demo(ctx, demonstration{company: company, scenes: shortWeek(func(*week) {}), stay: true})
	}()
	defer func() {
		interrupt()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	eventually(t, "staying", func() bool { return len(ended) > 0 || strings.Contains(out.String(), "What is held is released") })
	token, err := os.ReadFile(find(t, out.String(), `its token in (\S+)`))
	if err != nil {
		t.Fatal(err)
	}
	hands := find(t, out.String(), `Both sides in words +curl (\S+)`)
	_ = answer(t, http.MethodPost, hands+"/unassign?group=Engineering")

	b := openBrowser(t, find(t, out.String(), `Console +(\S+),`))
	b.open("/held")
	b.keep("login")
	b.do(chromedp.SendKeys(chromedp.CSS("#token"), string(token)))
	b.press("Log in")
	b.reads("Nothing waits for a person")
	b.open("/")
	b.reads("in step")
	b.press("Run now")
	b.reads("wait for somebody")
	b.keep("now")
	b.open("/held")
	b.reads("held because of deactivations")
	b.keep("held")
	b.do(chromedp.Click(chromedp.CSS(`tbody tr:nth-child(1) input[name=only]`)), chromedp.Click(chromedp.CSS(`tbody tr:nth-child(2) input[name=only]`)))
	b.press("Approve ticked")
	b.reads("Approve 2 changes?")
	b.keep("review")
	refused := company.omniFaults.Add(sim.Fault{Path: omniUsers + "/*", Method: http.MethodPatch, Do: sim.Status(http.StatusBadRequest, `{"detail":"no such value"}`, nil)})
	b.press("Approve 2 changes")
	b.reads("Approved: 2 changes")
	b.reads("tried again by itself")
	b.open("/failing")
	b.reads("no such value")
	b.keep("failing")
	refused.Remove()
	b.press("Try all again")
	b.reads("Nothing fails")
	if n := len(company.active()); n != 199 {
		t.Errorf("%d are active in Omni, want 199", n)
	}

	slow := company.omniFaults.Add(sim.Fault{Path: omniUsers + "/*", Do: sim.Delay(3 * time.Second)})
	b.open("/held")
	b.press("Approve all 56")
	b.press("Approve 56 changes")
	b.reads("applies changes")
	b.keep("running")
	slow.Remove()
	b.reads("No run is under way")
	b.reads("in step")
	b.keep("approved")
	if n := len(company.active()); n != 143 {
		t.Errorf("%d are active in Omni, want 143", n)
	}

	_ = answer(t, http.MethodPost, hands+"/unassign?group=Sales")
	b.press("Run now")
	b.reads("wait for somebody")
	b.open("/held")
	b.press("Reject all")
	b.press("Reject")
	b.reads("Rejected, and left as it is")
	b.keep("rejected")
	for _, page := range []string{"/runs", "/log"} {
		b.open(page)
		b.keep(strings.Trim(page, "/"))
	}
	b.open("/runs")
	b.do(chromedp.Click(chromedp.CSS(`tbody th a`)), chromedp.WaitVisible(chromedp.CSS("#plan-title")))
	b.keep("run")
	b.looksAtPeople()
	b.pauses()
	b.press("Log out")
	b.reads("Console token")
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.requests < 20 {
		t.Errorf("only %d requests were seen: whether one goes elsewhere isn't known", b.requests)
	}
}

// looksAtPeople types a name, looks at a person and has them provisioned, and looks at groups,
// leavers and pictures.
func (b *browser) looksAtPeople() {
	b.t.Helper()
	b.open("/people")
	b.do(chromedp.SendKeys(chromedp.CSS("#prefix"), "ad"))
	b.reads("account")
	b.do(chromedp.WaitVisible(chromedp.CSS(`#found tbody th a`)))
	for deadline := time.Now().Add(20 * time.Second); strings.Contains(b.text(), "of more") && time.Now().Before(deadline); pause() {
	}
	b.keep("people")
	b.do(chromedp.Click(chromedp.CSS(`#found tbody th a`)), chromedp.WaitVisible(chromedp.CSS("#history-title")))
	b.reads("Provision now")
	b.keep("person")
	b.press("Provision now")
	b.reads("Provisioned: what Okta says of this person stands in Omni")
	b.open("/groups")
	b.keep("groups")
	b.do(chromedp.Click(chromedp.CSS(`#found tbody th a`)), chromedp.WaitVisible(chromedp.CSS("#history-title")))
	b.reads("in both")
	b.keep("group")
	b.open("/leavers")
	b.keep("leavers")
	b.open("/charts")
	b.reads("Changes a day")
	if n := got(b, chromedp.Evaluate[int](`[...document.images].filter(i => i.className === "chart" && i.complete && i.naturalWidth > 0).length`)); n < 2 {
		b.t.Errorf("%d pictures are shown", n)
	}
	b.keep("charts")
}

// pauses pauses after a second look, sees it on the page Now, and resumes.
func (b *browser) pauses() {
	b.t.Helper()
	b.open("/pause")
	b.keep("pause")
	b.do(chromedp.SendKeys(chromedp.CSS("#reason"), "the office moves"))
	b.press("Pause")
	b.reads("the office moves")
	b.keep("paused")
	b.open("/pause")
	b.press("Resume")
	b.reads("Resumed: a run does what was let lie.")
}
