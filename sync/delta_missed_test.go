package sync_test

import (
	"slices"
	"testing"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// What a full run finds, and no event told of, is counted and named once it is too late
// for the event; what Omni's hands did, and a reconcile repaired, isn't.
func TestDeltaMissed(t *testing.T) {
	for name, row := range map[string]struct {
		fate   []time.Duration // of the event
		do     func(c *company, id string)
		kind   sync.RunKind
		missed []string
	}{
		"lost":          {nil, func(c *company, id string) { c.okta.UpdateProfile(id, map[string]any{"department": "Ops"}) }, sync.Full, []string{"person003@acme.co"}},
		"late":          {[]time.Duration{8 * time.Minute}, func(c *company, id string) { c.okta.UpdateProfile(id, map[string]any{"department": "Ops"}) }, sync.Full, []string{}},
		"nothing to do": {nil, func(*company, string) {}, sync.Full, []string{}},
		"drift in Omni": {nil, func(c *company, _ string) {
			c.omni.EditUser(omniUser(c, "person003@acme.co").ID, func(u *simomni.User) { u.Active = false })
		}, sync.Reconcile, []string{}},
		"lost, by reconcile": {nil, func(c *company, id string) { c.okta.UpdateProfile(id, map[string]any{"department": "Ops"}) }, sync.Reconcile, []string{"person003@acme.co"}},
	} {
		t.Run(name, func(t *testing.T) {
			followed(t, 30, func(c *company, ids []string, _ string) {
				core, seen := observer.New(zap.WarnLevel)
				c.logs = zap.New(core)
				c.start()
				c.want(c.run(sync.Full), sync.Done)
				c.watch()
				c.okta.SetKnobs(func(k *simokta.Knobs) { k.Fate = func(simokta.Event) []time.Duration { return row.fate } })
				row.do(c, ids[3])
				c.looksFor(time.Minute)
				c.want(c.run(row.kind), sync.Done)
				c.looksFor(20 * time.Minute)
				got := c.status().Log
				if got.Missed != len(row.missed) || !slices.Equal(got.Names, row.missed) {
					c.t.Errorf("missed: %d, %v; want %v", got.Missed, got.Names, row.missed)
				}
				if n := seen.FilterMessageSnippet("missed by delta").Len(); n != len(row.missed) {
					c.t.Errorf("%d lines tell of it", n)
				}
				if late := len(row.fate) > 0; late != (got.Seconds != nil && got.Seconds.Most > 50) {
					c.t.Errorf("measured: %+v", got.Seconds)
				}
				c.silent()
			})
		})
	}
}
