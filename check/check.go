// Package check finds out, before a first run, whether a configuration can work:
// each credential and each permission that it needs, endpoint by endpoint. It
// tells what was found, and for each failure what to click in Okta or in Omni.
//
// The way through the files, in the order of the questions:
//
//	okta.go, okta_people.go, okta_groups.go   what Okta shows of what is needed
//	okta_proof.go                             what a reading will be proven by
//	omni.go, omni_keys.go                     each key, and what Omni shows
//	endpoint.go, certificate.go               the SCIM endpoint, as Okta meets it
//	hooks.go                                  the listener of event hooks, as Okta meets it
//	ledger.go, saved.go                       the store, and what is saved of leavers
//	config.go, attributes.go, heirs.go        the configuration beside what both sides showed
//
// It only reads, and asks each question once (ports.go). What failed doesn't stop
// the rest: only what can't be known without it is skipped (sheet.go). An empty
// list is never taken as an answer by itself, because Okta shows one to a
// credential that lacks a permission: something else that Okta tells has to agree.
package check

import (
	"context"
	"errors"
	"sync"
	"time"
)

// timeLimit bounds a whole check.
const timeLimit = 60 * time.Second

// State tells how one check ended.
type State string

// The states, from good to bad; Skipped is neither.
const (
	OK      State = "ok"
	Warning State = "warning" // it works, and somebody should know
	Failed  State = "failed"  // a run would fail, or do less than it is configured to
	Skipped State = "skipped" // not known; Problem tells why
)

// Finding is the end of one check.
type Finding struct {
	ID      string `json:"id"`    // stays the same from version to version
	Group   string `json:"group"` // Okta, Omni, Push, Event hooks, State, Configuration
	Name    string `json:"name"`  // for a person
	State   State  `json:"state"`
	Found   string `json:"found"`   // what was seen
	Problem string `json:"problem"` // what is wrong with it; "" for OK
	Remedy  string `json:"remedy"`  // what to do about it; "" for OK and Skipped
}

// Report is what a check found.
type Report struct {
	Outcome State     `json:"outcome"` // the worst of all findings: OK, Warning or Failed
	Checks  []Finding `json:"checks"`  // by group, in the order of asking
	Summary Summary   `json:"summary"`
}

// Summary counts.
type Summary struct {
	OK           int `json:"ok"`
	Warnings     int `json:"warnings"`
	Failed       int `json:"failed"`
	Skipped      int `json:"skipped"`
	OktaRequests int `json:"oktaRequests"`
	OmniRequests int `json:"omniRequests"`
}

// Subject is what is checked.
type Subject struct {
	Okta   Okta // nil: there is no credential for it
	Omni   Omni
	Push   Endpoint                     // nil: push mode is off
	Hooks  Hooks                        // nil: event hooks are off
	Ledger func(context.Context) Ledger // opens the store, if there is one, and closes it
	Config Config
}

var errOver = errors.New("the time for the whole check is over")

// Run asks everything, both sides and the store at once, for a minute at most.
func Run(ctx context.Context, s Subject) Report {
	ctx, cancel := context.WithTimeoutCause(ctx, timeLimit, errOver)
	defer cancel()
	o := &oktaSide{Okta: s.Okta, config: s.Config, push: s.Push}
	p := &endpointSide{Endpoint: s.Push, config: s.Config}
	h := &hookSide{Hooks: s.Hooks, config: s.Config}
	m := &omniSide{Omni: s.Omni, config: s.Config}
	l := &ledgerSide{open: s.Ledger, config: s.Config}
	var wg sync.WaitGroup
	wg.Go(func() { o.run(ctx) })
	wg.Go(func() { m.run(ctx) })
	wg.Go(func() { p.run(ctx) })
	wg.Go(func() { h.run(ctx) })
	wg.Go(func() { l.run(ctx) })
	wg.Wait()
	c := &configSide{config: s.Config, okta: o, omni: m}
	c.run(ctx)
	r := Report{Outcome: OK, Summary: Summary{OmniRequests: s.Omni.Sent()}}
	if s.Okta != nil {
		r.Summary.OktaRequests = s.Okta.Sent()
	}
	for _, sheet := range []sheet{o.sheet, m.sheet, p.sheet, h.sheet, l.sheet, c.sheet} {
		r.Checks = append(r.Checks, sheet.findings...)
	}
	r.count()
	return r
}

func (r *Report) count() {
	for _, f := range r.Checks {
		switch f.State {
		case OK:
			r.Summary.OK++
		case Warning:
			r.Summary.Warnings++
		case Failed:
			r.Summary.Failed++
		case Skipped:
			r.Summary.Skipped++
		}
	}
	switch {
	case r.Summary.Failed > 0:
		r.Outcome = Failed
	case r.Summary.Warnings > 0:
		r.Outcome = Warning
	}
}
