package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/identity"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/sync"
	"github.com/prometheus/client_golang/prometheus"
)

// series gives the lines of /metrics without their values, but for those of the process.
func (m *marked) series() map[string]bool {
	m.t.Helper()
	a := m.get("/metrics")
	if a.status != http.StatusOK {
		m.t.Fatal(a)
	}
	series := map[string]bool{}
	for line := range strings.Lines(a.body) {
		if i := strings.LastIndex(line, " "); strings.HasPrefix(line, "omnisync_") {
			series[line[:i]] = true
		}
	}
	return series
}

// A hundred people and groups, with names that mean harm, some of whom fail or are held,
// add no series to those of five people, but for what was absent before: a time, a bucket of Okta, a sort of operation.
func TestMetersDoNotGrowWithTheCompany(t *testing.T) {
	t.Parallel()
	const hostile = `<script>alert("1")</script>\`
	m := newMarked(t, "", false)
	m.start()
	run := func() {
		m.ask(time.Minute, http.MethodPost, m.console+"/api/v1/runs", `{"kind":"full"}`, true)
	}
	run()
	before := m.series()
	for i := range 100 {
		id := m.okta.AddUser(simokta.User{Login: fmt.Sprintf("p%d@acme.co", i), FirstName: hostile, LastName: fmt.Sprint(hostile, i), Email: "no address" + hostile})
		m.okta.Assign(id, simokta.AssignOptions{UserName: fmt.Sprint(hostile, i)[i%2*len(hostile):] + fmt.Sprintf("p%d@acme.co", i)})
		if i%10 == 0 {
			group := m.okta.AddGroup(fmt.Sprint(hostile, i), "")
			m.okta.AddMembers(group, id)
			m.okta.Push(group)
		}
	}
	run()
	m.leave(m.ids...)
	run()
	after := m.series()
	for line := range after {
		if !before[line] && !strings.Contains(line, "_timestamp_seconds") && !strings.Contains(line, "store_operation") && !strings.Contains(line, "omnisync_okta_") {
			t.Errorf("a new series: %s", line)
		}
		if strings.Contains(line, "script") || strings.Contains(line, "acme.co") {
			t.Errorf("somebody's name: %s", line)
		}
	}
	if n := len(after); n < 300 || n > 900 {
		t.Errorf("%d series, docs/metrics.md promises 900 at most", n)
	}
	if body := m.get("/metrics").body; !strings.Contains(body, `omnisync_leader{connection="acme"} 1`) || strings.Contains(body, `omnisync_changes_total{connection="acme",kind="create",state="applied"} 5`+"\n") {
		t.Errorf("the daemon measured little:\n%s", body)
	}
}

// The buckets and kinds by which requests are counted are those that the meters know.
func TestRequestsAreCountedByWhatTheyAreAbout(t *testing.T) {
	for path, want := range map[string]string{
		"/api/v1/apps/0oa1": "apps/{id}", "/api/v1/apps/0oa1/users": "apps/*", "/api/v1/groups/1": "groups/{id}", "/api/v1/groups/1/users": "groups/*", "/api/v1/users": "users",
		"/api/v1/users/1": "users/{id}", "/api/v1/users/1/groups": "other", "/api/v1/logs": "logs", "/api/v1/eventHooks": "other", "/oauth2/v1/token": "token", "": "other",
	} {
		if got := okta.BucketOf(path); got != want {
			t.Errorf("%s is counted as %s, want %s", path, got, want)
		}
	}
	for path, want := range map[string]string{
		"/api/scim/v2/Users": "users", "/api/scim/v2/Users/1": "users", "/api/scim/v2/Groups/1": "groups", "/api/v1/users/1/model-roles": "roles", "/api/v1/user-groups/1/model-roles": "roles",
		"/api/v1/user-attributes": "attributes", "/api/v1/schedules/1/pause": "schedules", "/api/v1/documents": "documents", "/api/v1/whoami": "whoami", "/api/v1/new": "other", "/x": "other", "": "other",
	} {
		if got := omniKind(path); got != want {
			t.Errorf("%s is counted as %s, want %s", path, got, want)
		}
	}
}

// BenchmarkScrape reads the meters of 100,000 users, 1,000 held and 1,000 failing changes from
// a ledger in a file, which is written to or isn't between two readings.
func BenchmarkScrape(b *testing.B) {
	store, err := bolt.Open(b.TempDir() + "/ledger.db")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	fence, err := store.Acquire(b.Context(), "bench", time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	write := func(fill func(*state.Batch)) {
		var batch state.Batch
		fill(&batch)
		if err := store.Apply(b.Context(), fence, batch); err != nil {
			b.Fatal(err)
		}
	}
	for part := range 50 {
		write(func(batch *state.Batch) {
			for i := range 2000 {
				state.PutUser(batch, identity.OktaID(fmt.Sprintf("00u%07d", part*2000+i)), state.User{Omni: "d5688a52-d55a-42ec-8aea-000000000000", Active: true,
					User: identity.User{UserName: fmt.Sprintf("person%06d@acme.co", part*2000+i), DisplayName: "A Name"}})
			}
		})
	}
	change := state.Change{Kind: "deactivate", UserName: "person@acme.co", OktaID: "00u1", OmniID: "d5688a52", Reason: strings.Repeat("a reason ", 20), Run: "20200101-000000-abcdef"}
	write(func(batch *state.Batch) {
		for i := range 1000 {
			state.Put(batch, state.Holds, fmt.Sprint("u", i), state.Hold{Change: change, Guard: "deactivations"})
			state.Put(batch, state.Failing, fmt.Sprint("u", i), state.Failure{Change: change, Cause: "refused"})
			state.Add(batch, state.Runs, state.Run{Kind: "full", Outcome: "done", Ended: time.Now()})
		}
	})
	teller := sync.NewTeller(store)
	b.Run("unwritten", func(b *testing.B) {
		for b.Loop() {
			scrape(b, teller)
		}
	})
	b.Run("written", func(b *testing.B) {
		for b.Loop() {
			scrape(b, sync.NewTeller(store)) // which has counted nothing yet
		}
	})
}

// scrape reads the meters.
func scrape(b *testing.B, teller *sync.Teller) {
	b.Helper()
	meters, registry := console.NewMeters(console.Build{}), prometheus.NewRegistry()
	if err := meters.Register(registry, "acme", benchSight{teller}); err != nil {
		b.Fatal(err)
	}
	if _, err := registry.Gather(); err != nil {
		b.Fatal(err)
	}
}

// benchSight shows what the ledger says is open, and nothing else.
type benchSight struct{ *sync.Teller }

// Tally counts, where there is a ledger.
func (s benchSight) Tally(ctx context.Context) (sync.Tally, error) {
	if s.Teller == nil {
		return sync.Tally{}, nil
	}
	return s.Teller.Tally(ctx)
}

func (benchSight) Followed(context.Context) (*sync.Followed, error) { return nil, nil }
func (benchSight) Now() console.Now                                 { return console.Now{} }
