package main

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A person logs in, looks at every page, approves some of what is held, watches the run that
// does it to its end, rejects the rest, and leaves.
func TestConsoleInABrowser(t *testing.T) {
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
	b.press("Approve 2 changes")
	b.reads("Approved: 2 changes")
	eventually(t, "two deactivations", func() bool { return len(company.active()) == 199 })
	b.reads("Last run")
	b.keep("approved")
	for _, page := range []string{"/runs", "/failing", "/log", "/held"} {
		b.open(page)
		b.keep(strings.Trim(page, "/") + "-then")
	}
	b.press("Reject all")
	b.press("Reject")
	b.reads("Rejected, and left as it is")
	b.keep("rejected")
	b.open("/runs")
	b.do(chromedp.Click(chromedp.CSS(`tbody th a`)), chromedp.WaitVisible(chromedp.CSS("#plan-title")))
	b.keep("run")
	b.press("Log out")
	b.reads("Console token")
	if b.requests < 20 {
		t.Errorf("only %d requests were seen: whether one goes elsewhere isn't known", b.requests)
	}
}
