package sync_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/mapping"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/sync"
)

// The log is summed up by day, also where a day has nothing, or more than was read at first.
func TestDays(t *testing.T) {
	s, err := bolt.Open(filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	fence, err := s.Acquire(t.Context(), "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var b state.Batch
	today := time.Now().UTC().Truncate(24 * time.Hour)
	add := func(kind string, in state.ChangeState, at time.Time, took time.Duration) {
		c := state.Change{Kind: kind, State: in, Time: at, UserName: "ann@acme.co"}
		if took > 0 {
			c.Happened = at.Add(-took)
		}
		state.Add(&b, state.Log, c)
	}
	add("create", state.Applied, today.AddDate(0, 0, -3).Add(-time.Second), 0)
	add("create", state.Applied, today.AddDate(0, 0, -3), 0)
	for i := range 2500 {
		add("update", state.Applied, today.AddDate(0, 0, -1), time.Duration(i%100+1)*time.Second)
	}
	add("deactivate", state.Applied, today.AddDate(0, 0, -1), 30*time.Hour)
	add("update", state.Held, today.AddDate(0, 0, -1), time.Second)
	add("pause", state.Applied, today.AddDate(0, 0, -1), 0)
	add("update", state.Failed, today, time.Second)
	if err := s.Apply(t.Context(), fence, b); err != nil {
		t.Fatal(err)
	}
	mapper, _ := mapping.Compile(mapping.Rules{Scope: "true", GroupName: "group.name"})
	e := sync.New(sync.Options{Identity: sync.Identity{Name: "acme"}, Store: s, Mapper: mapper})
	got, err := e.Days(t.Context(), 4)
	day := func(ago int) string { return today.AddDate(0, 0, -ago).Format(time.DateOnly) }
	want := []sync.Day{
		{Day: day(3), Changes: map[string]int{"create": 1}},
		{Day: day(2), Changes: map[string]int{}},
		{Day: day(1), Changes: map[string]int{"update": 2500, "deactivate": 1}, Seconds: &sync.Latency{Count: 2500, Median: 50, P99: 99, Most: 100}},
		{Day: day(0), Changes: map[string]int{}, Failed: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if got, err := e.Days(t.Context(), 1000); err != nil || len(got) != sync.MostDays || got[len(got)-1].Day != day(0) {
		t.Errorf("of very many days %d are told: %v", len(got), err)
	}
}
