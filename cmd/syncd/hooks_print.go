package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/okta"
)

// hook prints how the event hook is; done is what was done to it, "" for nothing.
func (p *printer) hook(t hookTold, done string) {
	if done != "" {
		p.line("%s", p.paint(clean(done), text.Bold))
	}
	if t.State == hookAbsent {
		p.line("Okta has no event hook %s. Changes are found at the next delta; with one, at once: syncd hooks register --url URL", clean(t.Name))
		return
	}
	p.line("%s  %s", p.paint(clean(t.Name), text.Bold), clean(t.URL))
	wrong := func(what, mend string) { p.line("  %s  %s", p.paint(what, text.Bold, text.FgRed), mend) }
	const again = "syncd hooks register mends it"
	if !t.Active {
		wrong("not active", again)
	}
	if !t.Verified {
		wrong("not verified", again+", once Okta reaches the daemon at this address")
	}
	if n := len(t.Missing); n > 0 {
		wrong(counted(n, "type")+" of events missing", again+": "+clean(strings.Join(t.Missing, ", ")))
	}
	if t.State == hookReady {
		p.line("  %s, brings %s of events", p.paint("active and verified", text.FgGreen), counted(len(okta.HookEvents()), "type"))
	}
}

// hookSteps tell what to click where the credential may not set the event hook up. They
// say where the secret stands, never the secret.
func hookSteps(o hookOrder) []string {
	steps := []string{
		"",
		"By hand, signed in to the Okta admin console as an administrator who may manage event hooks:",
		"",
		"  1. Workflow > Event Hooks > Create Event Hook",
		"  2. Name:                  " + clean(o.spec.Name),
		"     Endpoint URL:          " + clean(o.spec.URI),
		"     Authentication field:  Authorization",
		"     Authentication secret: what " + o.config.Hooks.Secret.Ref() + " holds (hooks.secret), as it stands",
		"     Custom header fields:  none",
		fmt.Sprintf("  3. Subscribe to events, these %d:", len(okta.HookEvents())),
	}
	for _, kind := range okta.HookEvents() {
		steps = append(steps, "       "+kind)
	}
	return append(steps,
		"  4. Save & Continue, then Verify, while syncd run is up",
		"  5. syncd hooks shows what came of it, where the credential may see event hooks (okta.eventHooks.read)",
		"")
}

// tellSteps prints them where a person reads: on standard output, but for --json.
func (a *app) tellSteps(o hookOrder) error { return a.tellLines(hookSteps(o)) }

func (a *app) tellLines(lines []string) error {
	if a.json {
		for _, l := range lines {
			a.tell(l)
		}
		return nil
	}
	return a.print(func(p *printer) {
		for _, l := range lines {
			p.line("%s", l)
		}
	})
}
