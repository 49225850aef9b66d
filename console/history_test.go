package console_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// A filter reaches the engine as it was given, and the answer comes back whole.
func TestHistoryTravels(t *testing.T) {
	client := client(newDaemon().serve(t))
	since := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("there", 3600))
	f := sync.HistoryFilter{Subject: "a&b=c", Kind: "create", State: state.Held, Run: "r1", Since: since, Limit: 7}
	got, err := client.History(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	want := []state.Change{{Kind: "create", UserName: "a&b=c", State: state.Held, Run: "r1",
		Reason: since.UTC().String() + " " + time.Time{}.UTC().String() + " 7"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, err := client.History(t.Context(), sync.HistoryFilter{Run: "broken"}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("an engine's error came as %v", err)
	}
}

func TestHistoryRefuses(t *testing.T) {
	url := newDaemon().serve(t)
	for query, status := range map[string]int{"": 200, "limit=0": 200, "limit=x": 400, "limit=-1": 400, "since=yesterday": 400, "until=2026-01-02": 400} {
		a := knock{method: http.MethodGet, path: "/api/v1/history?" + query, token: token}.send(t, url)
		if a.status != status {
			t.Errorf("%q answers %d, want %d: %s", query, a.status, status, a.body)
		}
	}
}
