package sync_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Runs are told the newest first, by kind and outcome, in parts; and one of them with what it
// did.
func TestRuns(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		ids := c.join("ada@acme.co")
		first := c.run(sync.Full)
		second := c.run(sync.Reconcile)
		c.okta.Unassign(ids[0])
		third := c.run(sync.Full)
		for _, row := range []struct {
			f    sync.RunsFilter
			want []string
		}{
			{sync.RunsFilter{}, []string{third.Run, second.Run, first.Run}},
			{sync.RunsFilter{Kind: sync.Full}, []string{third.Run, first.Run}},
			{sync.RunsFilter{Kind: sync.Full, Skip: 1}, []string{first.Run}},
			{sync.RunsFilter{Limit: 2}, []string{third.Run, second.Run}},
			{sync.RunsFilter{Skip: 9}, nil},
			{sync.RunsFilter{Outcome: sync.Failing}, nil},
		} {
			runs, err := c.engine.Runs(t.Context(), row.f)
			var names []string
			for _, r := range runs {
				names = append(names, r.Run)
			}
			if err != nil || !slices.Equal(names, row.want) {
				t.Errorf("%+v gives %v, want %v; %v", row.f, names, row.want, err)
			}
		}
		run, changes, err := c.engine.RunOf(t.Context(), first.Run)
		if err != nil || run.Run != first.Run || run.Kind != "full" || len(changes) != 1 || changes[0].UserName != "ada@acme.co" || changes[0].Kind != "create" {
			t.Errorf("the first run is %+v with %+v, %v", run, changes, err)
		}
		if _, _, err := c.engine.RunOf(t.Context(), "never"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a run that never was: %v", err)
		}
	})
}

// A preview tells what would be decided, and decides nothing.
func TestPreviewDecidesNothing(t *testing.T) {
	policy := lenient()
	policy.Guard.Deactivations = sync.Limit{Count: 1, Percent: 100}
	simulated(t, policy, func(c *company) {
		ids := c.join(staff(12)...)
		c.want(c.run(sync.Full), sync.Done)
		for _, id := range ids[:3] {
			c.okta.Unassign(id)
		}
		r := c.run(sync.Full)
		c.want(r, sync.Holding)
		before := c.status().Held
		v := sync.Verdict{Run: r.Run, Decision: state.Approved, By: "ada", Only: ids[:2], Hash: before[0].Hash, Preview: true}
		shown, err := c.engine.Decide(t.Context(), v)
		if err != nil || len(shown.Decided) != 2 {
			t.Fatalf("%+v, %v", shown, err)
		}
		if diff := cmp.Diff(before, c.status().Held); diff != "" {
			t.Errorf("something was decided: %s", diff)
		}
		v.Preview = false
		if decided, err := c.engine.Decide(t.Context(), v); err != nil || len(decided.Decided) != 2 || decided.Left != 1 {
			t.Errorf("%+v, %v", decided, err)
		}
	})
}
