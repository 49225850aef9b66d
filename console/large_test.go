//go:build !race

package console_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/mapping"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
)

// manyUsers is how many a large company has.
const manyUsers = 100_000

// largeLedger is a company's whole life: everybody, a full log, a thousand runs, hundreds of
// changes that are held, and that fail.
func largeLedger(t *testing.T) state.Store {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	fence, err := s.Acquire(t.Context(), "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now().Add(-time.Hour).UTC()
	var b state.Batch
	flush := func() {
		if err := s.Apply(t.Context(), fence, b); err != nil {
			t.Fatal(err)
		}
		b = state.Batch{}
	}
	for i := range manyUsers {
		name, id := fmt.Sprintf("user.%06d@example.com", i), fmt.Sprintf("00u%06d", i)
		at := begin.Add(time.Duration(i) * 30 * time.Millisecond)
		run := fmt.Sprintf("run-%04d", i/100)
		c := state.Change{Kind: "update", UserName: name, OktaID: id, OmniID: "om" + id, State: state.Applied, Run: run, Time: at,
			Before: &state.Facts{DisplayName: "before"}, After: &state.Facts{DisplayName: "after"}}
		u := state.User{Omni: identity.OmniID("om" + id), User: identity.User{UserName: name, DisplayName: "User " + id}, Active: true, Link: state.Created}
		if i%500 == 0 {
			u.Unassigned = &begin
		}
		state.PutUser(&b, identity.OktaID(id), u)
		if i%100 == 0 {
			state.Put(&b, state.Groups, fmt.Sprintf("00g%06d", i), state.Group{Omni: identity.OmniGroupID("t" + id), DisplayName: "Team " + id, Name: "Team " + id, Present: 7})
		}
		state.Add(&b, state.Log, c)
		if i%100 == 0 {
			state.Add(&b, state.Runs, state.Run{Run: run, Kind: "full", Outcome: "done", Started: at, Ended: at.Add(3 * time.Second), Counts: map[string]int{"update": 100}})
		}
		if i%200 == 0 {
			c.State, c.Kind, c.Error = state.Held, "deactivate", ""
			state.Put(&b, state.Holds, "user/"+id, state.Hold{Change: c, Guard: "deactivations", Run: run, Since: at})
			c.State, c.Error = state.Failed, "400: no"
			state.Put(&b, state.Failing, id, state.Failure{Change: c, Attempts: 3, Since: at, Next: at.Add(time.Hour)})
		}
		if i%1000 == 999 {
			flush()
		}
	}
	return s
}

// away is an Okta, and silent an Omni, that can't be asked: what is told of somebody is then
// what the ledger has.
type away struct{ sync.Okta }

func (away) Skew() time.Duration { return 0 }

func (away) App(context.Context) (identity.App, error) {
	return identity.App{}, &fault.Error{Kind: fault.Unavailable, Op: "ask Okta"}
}

func (away) Groups(context.Context, []identity.GroupID) (map[identity.GroupID]identity.Group, error) {
	return nil, &fault.Error{Kind: fault.Unavailable, Op: "ask Okta"}
}

type silent struct{ sync.Omni }

func (silent) Team(context.Context, identity.OmniGroupID) (identity.Team, error) {
	return identity.Team{}, &fault.Error{Kind: fault.Unavailable, Op: "ask Omni"}
}

func (silent) User(context.Context, identity.OmniID) (identity.Account, error) {
	return identity.Account{}, &fault.Error{Kind: fault.Unavailable, Op: "ask Omni"}
}

// However large the company, each page is there at once: none reads the whole ledger.
func TestPagesOfALargeCompany(t *testing.T) {
	store := largeLedger(t)
	mapper, problems := mapping.Compile(mapping.Rules{Scope: "true", GroupName: "group.name"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e := sync.New(sync.Options{Identity: sync.Identity{Name: "acme"}, Store: store, Mapper: mapper, Okta: away{}, Omni: silent{}, Log: zap.NewNop()})
	d := newDaemon()
	o := manned(d)
	o.Engine, o.Runs, o.Search = e, e, sync.NewKnown(store)
	at := serveOptions(t, o)
	middle := "/log?skip=1&before=" + time.Now().Add(-30*time.Minute).UTC().Format(time.RFC3339Nano)
	limit := 200 * time.Millisecond
	for _, path := range []string{"/", "/held", "/runs", "/runs?skip=900", "/runs/run-0990", "/runs/run-0010", "/failing", "/people", "/people?prefix=user.0990", "/people?prefix=zz", "/people/00u099000", "/groups?prefix=team", "/groups/00g099000", "/leavers", "/charts", "/pause", "/log", "/log?state=applied&kind=update",
		"/log?subject=user.099000@example.com", "/log?subject=user.000010@example.com", "/log?state=kept", middle} {
		limit := limit
		if strings.Contains(path, "prefix=") {
			limit /= 2
		}
		took := median(t, at+path)
		for try := 0; took > limit && try < 4; try++ { // other work of the machine passes
			took = min(took, median(t, at+path))
		}
		t.Logf("%-50s %s", path, took.Round(time.Millisecond))
		if took > limit {
			t.Errorf("%s takes %s at the median, more than %s", path, took, limit)
		}
	}
}

// median is how long a page takes, of five looks.
func median(t *testing.T, address string) time.Duration {
	t.Helper()
	var times []time.Duration
	for range 5 {
		began := time.Now()
		answer, text := call(t, stays(), "GET", address, map[string]string{"Authorization": "Bearer " + actingToken, "Accept": "text/html"}, nil)
		times = append(times, time.Since(began))
		if answer.StatusCode != http.StatusOK || !strings.Contains(text, "</main>") {
			t.Fatalf("%s: %d %s", address, answer.StatusCode, text)
		}
	}
	slices.Sort(times)
	return times[2]
}
