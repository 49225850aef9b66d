package console

import (
	"context"
	"sync"
	"time"

	engine "github.com/omnisync/omnisync/sync"
)

// glanceLasts is how old a status may be that several look at.
const glanceLasts = time.Second

// pulse asks for the status once for all who follow it: every open page does.
type pulse struct {
	status func(context.Context) (engine.Status, error)

	mu   sync.Mutex
	last engine.Status
	err  error
	at   time.Time
}

// glance gives a status of the last second.
func (p *pulse) glance(ctx context.Context) (engine.Status, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at.IsZero() || time.Since(p.at) > glanceLasts {
		p.last, p.err = p.status(context.WithoutCancel(ctx)) // it is for others, too
		p.at = time.Now()
	}
	return p.last, p.err
}

// forget lets the next glance look anew: somebody has just changed something.
func (p *pulse) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = time.Time{}
}

// counts tells by page what waits there for a person. What isn't known isn't told: the page
// itself says why.
func (a *api) counts(ctx context.Context) map[string]int {
	counts := map[string]int{}
	s, err := a.pulse.glance(ctx)
	if err != nil {
		return counts
	}
	for _, h := range s.Held {
		counts["/held"] += h.Count
	}
	counts["/failing"] = len(s.Failing)
	return counts
}
