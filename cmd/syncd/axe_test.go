package main

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axeVariable names the file axe.min.js of the npm package axe-core; scripts/test fetches it
// where there is npm.
const axeVariable = "OMNISYNC_AXE"

// axe is the text of axe-core, "" where it isn't at hand, which is said.
func axe(t *testing.T) string {
	t.Helper()
	path := os.Getenv(axeVariable)
	if path == "" {
		t.Logf("LEFT OUT: %s names no axe.min.js, so whether the pages can be used by everybody isn't checked", axeVariable)
		return ""
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// faults are what axe-core calls serious or worse, in the colours that are set.
const faults = `axe.run(document, {}).then(r => JSON.stringify({Passed: r.passes.length, Faults: r.violations
	.filter(v => v.impact === "serious" || v.impact === "critical")
	.map(v => v.id + ": " + v.help + " " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | "))}))`

// accessible fails where the page keeps somebody out. The script is evaluated as a tool of
// the browser's: the page's policy, which lets no such script in, stays in force.
func (b *browser) accessible(name, look string) {
	b.t.Helper()
	if b.axe == "" {
		return
	}
	text := got(b, func(ctx context.Context, t *chromedp.Target) (string, error) {
		if _, err := chromedp.Evaluate[chromedp.Void](b.axe+";undefined")(ctx, t); err != nil {
			return "", err
		}
		return chromedp.Evaluate[string](faults, func(p *runtime.EvaluateParams) { p.AwaitPromise = new(true) })(ctx, t)
	})
	var found struct {
		Passed int
		Faults []string
	}
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		b.t.Fatal(err)
	}
	if found.Passed < 10 {
		b.t.Errorf("%s (%s): only %d rules were looked at", name, look, found.Passed)
	}
	for _, fault := range found.Faults {
		b.t.Errorf("%s (%s): %s", name, look, fault)
	}
}
