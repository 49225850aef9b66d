package console_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
)

// A question about names arrives as it was asked, but for too many; what is no question is
// refused.
func TestNames(t *testing.T) {
	url := newDaemon().serve(t)
	c := client(url)
	for _, row := range []struct {
		q    sync.NamesQuery
		want string
	}{
		{sync.NamesQuery{Of: sync.NamesOfAll, Prefix: "ann &+\u00e4", Limit: 7}, "all 7"},
		{sync.NamesQuery{Of: sync.NamesOfRuns}, "runs 1000"},
		{sync.NamesQuery{Of: sync.NamesOfHeld, Limit: 100_000}, "held 1000"},
	} {
		got, err := c.Names(t.Context(), row.q)
		if diff := cmp.Diff([]sync.Name{{Name: row.q.Prefix, About: row.want}}, got); err != nil || diff != "" {
			t.Errorf("%+v: %v\n%s", row.q, err, diff)
		}
	}
	if _, err := c.Names(t.Context(), sync.NamesQuery{Of: "nothing"}); !fault.Is(err, fault.Refused) {
		t.Errorf("names of nothing: %v", err)
	}
	for query, status := range map[string]int{"of=all": 200, "of=all&limit=1": 200, "of=all&limit=none": 400, "of=all&limit=0": 400} {
		if a := (knock{method: http.MethodGet, path: "/api/v1/names?" + query, token: token}).send(t, url); a.status != status {
			t.Errorf("%q answers %d, want %d: %s", query, a.status, status, a.body)
		}
	}
}
