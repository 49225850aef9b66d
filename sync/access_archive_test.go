package sync_test

import (
	"encoding/json"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
)

// oldLines is an archive that gives records, and then an error.
type oldLines struct {
	sync.Recollection
	records []state.Archived
	broken  error
}

func (o *oldLines) Records() iter.Seq2[state.Archived, error] {
	return func(yield func(state.Archived, error) bool) {
		for _, r := range o.records {
			if !yield(r, nil) {
				return
			}
		}
		if o.broken != nil {
			yield(state.Archived{}, o.broken)
		}
	}
}

// Where the ledger's log doesn't reach so far, the archive tells of those it has lines about,
// and of nobody else; one that can't be read is an error, not an answer.
func TestAccessFromTheArchive(t *testing.T) {
	store, old := newMemory(), &oldLines{}
	fence, err := store.Acquire(t.Context(), "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	line := func(kind, name string, at time.Time) state.Change {
		return state.Change{Kind: kind, UserName: name + "@acme.co", OktaID: name, OmniID: "o-" + name, State: state.Applied, Time: at}
	}
	var b state.Batch
	state.Add(&b, state.Log, line("update", "ann", day(20)))
	state.Put(&b, state.Users, "ann", state.User{Omni: "o-ann", Active: true})
	if err := store.Apply(t.Context(), fence, b); err != nil {
		t.Fatal(err)
	}
	for _, c := range []state.Change{line("create", "ann", day(5)), line("create", "bob", day(6)), line("deactivate", "bob", day(8)), line("update", "ann", day(20))} {
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		old.records = append(old.records, state.Archived{Kind: state.ArchivedChange, Time: c.Time, Record: text}, state.Archived{Kind: state.ArchivedRun, Record: []byte(`{}`)})
	}
	engine := sync.New(sync.Options{Mapper: plainMapper{}, Store: store, Archive: old, Log: zap.NewNop()})
	for _, row := range []struct {
		at          time.Time
		who         string
		whole       bool
		listed, not int
		access      sync.Having
	}{
		{day(7), "", false, 2, 0, sync.HadAccess},
		{day(10), "", false, 1, 0, sync.HadAccess},
		{day(10), "bob@acme.co", false, 1, 0, sync.NoAccess},
		{day(3), "", false, 0, 2, ""},
		{day(3), "ann@acme.co", false, 1, 1, sync.NotKnown},
		{day(20), "", true, 1, 0, sync.HadAccess},
	} {
		got, err := engine.Access(t.Context(), sync.AccessQuery{At: row.at, Subject: row.who})
		if err != nil || got.Whole != row.whole || len(got.People) != row.listed || got.Unknown != row.not || !got.Since.Equal(day(20)) ||
			row.listed > 0 && got.People[0].Access != row.access {
			t.Errorf("%s %s: %+v, %v", row.at, row.who, got, err)
		}
	}
	old.broken = errors.New("line 7 is torn")
	if _, err := engine.Access(t.Context(), sync.AccessQuery{At: day(7)}); !errors.Is(err, old.broken) {
		t.Errorf("a broken archive: %v", err)
	}
	if _, err := engine.Access(t.Context(), sync.AccessQuery{At: day(20)}); err != nil {
		t.Errorf("which isn't needed here: %v", err)
	}
	if _, err := engine.Access(t.Context(), sync.AccessQuery{At: time.Now().Add(time.Hour)}); !fault.Is(err, fault.Refused) {
		t.Errorf("what is to come: %v", err)
	}
}
