package console

import (
	"context"
	"time"

	"github.com/omnisync/omnisync/sync"
)

// glanceLasts is how old a status may be that several look at: every open page does.
const glanceLasts = time.Second

// pulse is the status of the last second.
type pulse = memo[sync.Status]

func newPulse(e Engine) *pulse { return &pulse{ask: e.Status, lasts: glanceLasts} }

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
