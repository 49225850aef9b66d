package main

import (
	"context"
	"time"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
)

// Tally counts what the ledger says is open, also while another process leads.
func (s *seat) Tally(ctx context.Context) (sync.Tally, error) { return s.teller.Tally(ctx) }

// Now tells the meters how things stand in this process.
func (s *seat) Now() console.Now {
	now := s.parts.now()
	engine := s.reader
	if c := s.leads.Load(); c != nil {
		engine = c.engine
		now.Leads, now.Acquired, now.Renewed = !c.lease.gone(), c.lease.acquired, time.Unix(0, c.lease.renewed.Load())
		now.Paused = engine.Waits() != nil
	} else if why := s.waits.Load(); why != s.begins {
		now.Paused = why.Kind == fault.Unavailable
	}
	if now.Alerts != nil && !now.Leads { // what it failed at while it led, another one sends
		now.Alerts.Waiting, now.Alerts.Failing = 0, time.Time{}
	}
	now.Archives = engine.Archives()
	if r := engine.Running(); r != nil && r.Step == sync.Applies {
		now.Waiting = r.Total - r.Done
	}
	return now
}

// now tells how the two sides' limits stand, and what came in.
func (p parts) now() console.Now {
	omni := p.omni.Limits()
	now := console.Now{Omni: console.Allowance{PerMinute: omni.PerMinute, Pace: omni.Pace, Paused: omni.PausedSeconds, Down: omni.DownSeconds,
		Refused: len(omni.RefusedKeys), Waiting: map[string]int{}}}
	for _, l := range omni.Lanes {
		now.Omni.Waiting[l.Name] = l.Waiting
	}
	if p.okta != nil {
		now.Okta = p.buckets(time.Now())
	}
	if kind, _, err := p.config.State.Backend(); err == nil && kind != configs.Bolt {
		now.Shared = map[console.Side]bool{console.OmniSide: omni.Unshared == ""}
		if p.okta != nil {
			now.Shared[console.OktaSide] = p.okta.Unshared() == ""
		}
	}
	if p.scim != nil {
		now.Pushes = p.scim.pushes()
	}
	if p.hooks != nil {
		c := p.hooks.receiver.Counts()
		now.Hooks = &console.Hooks{Taken: c.Taken, Refused: c.Refused, Newest: c.Newest}
	}
	if seen := p.alarms.told(); seen != nil {
		now.Alerts = &console.Alerts{Sent: seen.Sent, Waiting: seen.Waiting}
		if seen.Since != nil {
			now.Alerts.Failing = *seen.Since
		}
	}
	return now
}

// buckets tells Okta's limits. What was left of one is whole again when its minute is over.
func (p parts) buckets(now time.Time) map[string]console.Bucket {
	buckets, clock := map[string]console.Bucket{}, now.Add(-p.okta.Skew())
	for name, l := range p.okta.Limits() {
		b := console.Bucket{Limit: l.Limit, Remaining: l.Remaining, Waiting: l.Waiting}
		if clock.After(l.Reset) {
			b.Remaining = l.Limit
		}
		buckets[name] = b
	}
	return buckets
}

// pushes tells the meters what the endpoint saw.
func (e *endpoint) pushes() *console.Pushes {
	c, saw := e.meter.Counts(), e.seen()
	p := &console.Pushes{
		Answered: map[string]uint64{"2xx": c.Answered[2], "3xx": c.Answered[3], "4xx": c.Answered[4] - min(c.Answered[4], c.Later), "429": c.Later, "5xx": c.Answered[5]},
		Refused:  map[string]uint64{"token": c.Unauthorized, "address": c.Forbidden, "limit": c.Limited},
		Panics:   c.Panics, Waiting: saw.Waiting,
	}
	if saw.Newest != nil {
		p.Newest = *saw.Newest
	}
	return p
}
