package console_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

const token = "correct-horse-battery"

// daemon is an engine and a runner that does what each test says.
type daemon struct {
	status  func() (sync.Status, error)
	run     func(context.Context, sync.Request) (sync.Report, error)
	ready   func() error
	decided chan sync.Verdict
	left    chan sync.AtOnce
}

func (d *daemon) Status(context.Context) (sync.Status, error) { return d.status() }

func (d *daemon) Do(ctx context.Context, r sync.Request) (sync.Report, error) { return d.run(ctx, r) }

// History tells the filter it was given, as a change.
func (d *daemon) History(_ context.Context, f sync.HistoryFilter) ([]state.Change, error) {
	if f.Run == "broken" {
		return nil, &fault.Error{Kind: fault.Unavailable, Op: "the ledger is away"}
	}
	return []state.Change{{Kind: f.Kind, UserName: f.Subject, State: f.State, Run: f.Run,
		Reason: fmt.Sprint(f.Since.UTC(), f.Until.UTC(), f.Limit)}}, nil
}

// Runs knows one, and tells the filter it was given.
func (d *daemon) Runs(_ context.Context, f sync.RunsFilter) ([]state.Run, error) {
	return []state.Run{{Run: "r2", Kind: string(f.Kind), Outcome: string(f.Outcome), Error: fmt.Sprint(f.Skip, f.Limit)}}, nil
}

// Days knows two, of which one has nothing.
func (d *daemon) Days(context.Context, int) ([]sync.Day, error) {
	return []sync.Day{{Day: "2026-01-01", Changes: map[string]int{}}, {Day: "2026-01-02", Changes: map[string]int{"create": 3, "update": 4}, Seconds: &sync.Latency{Count: 7, Median: 2.5, P99: 31}}}, nil
}

// uses are those of half an hour.
func uses() []console.Use {
	return []console.Use{{From: time.Unix(1e9, 0).UTC(), Okta: new(12.)}, {From: time.Unix(1e9+600, 0).UTC(), Okta: new(40.), Omni: new(95.)}}
}

// RunOf knows r2 alone.
func (d *daemon) RunOf(_ context.Context, run string) (state.Run, []state.Change, error) {
	if run != "r2" {
		return state.Run{}, nil, &fault.Error{Kind: fault.NotFound, Op: "no run " + run}
	}
	return state.Run{Run: "r2", Kind: "full", Outcome: "done"}, []state.Change{leaver()}, nil
}

// Explain knows ann and the group Sales alone, and of 00u9 that Okta is away.
func (d *daemon) Explain(_ context.Context, subject string) (sync.Explanation, error) {
	x := sync.Explanation{Subject: subject, Kind: "person", Answer: "Ann has access", Sentences: []sync.Step{{Name: "omni", Text: "there", Doubt: true}}}
	switch subject {
	case "ann+1@example.com":
	case "ann@example.com":
		x.Person = &sync.PersonFacts{Account: "ACTIVE", Assigned: true, Through: []string{"Sales"}, InScope: new(true), Active: new(true), Managed: true}
		x.Access, x.OktaID = "yes", "00u1"
	case "Sales/EMEA":
		x.Kind, x.Answer, x.Group = "group", "Sales is synced", &sync.GroupFacts{InOkta: new(7), Apart: []sync.MemberApart{{Name: "bob@example.com", OktaID: "00u2", Why: "no account"}}}
	case "00u9":
		return x, &fault.Error{Kind: fault.Unavailable, Op: "Okta is away", Hint: "wait"}
	default:
		return sync.Explanation{}, &fault.Error{Kind: fault.NotFound, Op: "nobody is known as " + subject, Hint: "look"}
	}
	return x, nil
}

// Decide knows the run r1 alone.
func (d *daemon) Decide(_ context.Context, v sync.Verdict) (sync.Decided, error) {
	if v.Run != "r1" {
		return sync.Decided{}, &fault.Error{Kind: fault.NotFound, Op: "run " + v.Run + " holds nothing", Hint: "see syncd status"}
	}
	d.decided <- v
	return sync.Decided{Run: v.Run, Decided: []state.Change{leaver()}, Still: []string{"r2"}, Already: []string{}}, nil
}

// Access tells what it was asked.
func (d *daemon) Access(_ context.Context, q sync.AccessQuery) (sync.AccessAnswer, error) {
	return sync.AccessAnswer{At: q.At, People: []sync.Access{{UserName: q.Subject, Access: sync.NotKnown}}}, nil
}

func (d *daemon) Leavers(context.Context) ([]sync.Leaver, error) {
	return []sync.Leaver{{UserName: "ann@example.com", OktaID: "00u1", Step: state.InGrace,
		Owns:  &sync.Owned{Schedules: 3, Transferred: 1, To: []string{"bob@example.com"}, Waiting: 1, Refused: 1},
		Items: []state.Item{{Kind: state.Schedule, Name: "Weekly", State: state.ItemRefused, Tried: []state.Tried{{To: "cat", Why: "no access"}}}}}}, nil
}

// LeaveAtOnce knows ann alone.
func (d *daemon) LeaveAtOnce(_ context.Context, a sync.AtOnce) (sync.Leaver, error) {
	if a.Subject != "ann@example.com" {
		return sync.Leaver{}, &fault.Error{Kind: fault.NotFound, Op: "nobody leaves as " + a.Subject, Hint: "see syncd leavers"}
	}
	d.left <- a
	return sync.Leaver{UserName: a.Subject, OktaID: "00u1", Step: state.AtConfirm, Items: []state.Item{}}, nil
}

// Forget knows ann alone.
func (d *daemon) Forget(_ context.Context, f sync.Forgetting) (sync.Forgotten, error) {
	if f.Subject != "ann@example.com" {
		return sync.Forgotten{}, &fault.Error{Kind: fault.NotFound, Op: "nobody is known as " + f.Subject, Hint: "look"}
	}
	return sync.Forgotten{OktaID: "00u1", Pseudonym: "forgotten-1", By: f.By, DryRun: f.DryRun, Places: []sync.ForgottenPlace{{Place: "log", Count: 3}}, Notes: []string{}}, nil
}

// Names tells the query it was given, as a name.
func (d *daemon) Names(_ context.Context, q sync.NamesQuery) ([]sync.Name, error) {
	if q.Of == "nothing" {
		return nil, &fault.Error{Kind: fault.Refused, Op: "look names up", Detail: "there are no names of nothing"}
	}
	return []sync.Name{{Name: q.Prefix, About: fmt.Sprint(q.Of, " ", q.Limit)}}, nil
}

// People tells the search it was given, as a person; nobody is called nobody.
func (d *daemon) People(_ context.Context, s sync.Search) ([]sync.FoundPerson, bool, error) {
	if s.Prefix == "nobody" {
		return []sync.FoundPerson{}, false, nil
	}
	return []sync.FoundPerson{{UserName: s.Prefix + "@example.com", DisplayName: fmt.Sprint("limit ", s.Limit), OktaID: "00u1", Account: "leaving"}}, true, nil
}

// Groups does likewise.
func (d *daemon) Groups(_ context.Context, s sync.Search) ([]sync.FoundGroup, bool, error) {
	if s.Prefix == "nobody" {
		return []sync.FoundGroup{}, false, nil
	}
	return []sync.FoundGroup{{Name: s.Prefix + " group", OmniName: fmt.Sprint("limit ", s.Limit), OktaID: "00g1", Synced: "paused"}}, false, nil
}

func leaver() state.Change {
	return state.Change{Kind: "deactivate", UserName: "ann@example.com", OktaID: "00u1", State: state.Held}
}

func applying() sync.Progress {
	left := 83.
	return sync.Progress{Run: "r3", Step: "apply", Done: 1, Total: 84, PerMinute: 59.1, Requests: 83, Left: &left, Note: "so far"}
}

func newDaemon() *daemon {
	return &daemon{
		status: func() (sync.Status, error) {
			return sync.Status{Name: "acme", State: sync.Waiting, Leader: true, Held: []sync.HeldRun{
				{Run: "r1", Kind: "deactivations", Since: time.Unix(1e9, 0).UTC(), Count: 1, Changes: []state.Change{leaver()}}},
				Failing: []state.Change{}, Limits: map[string]any{},
				Running: &sync.Running{Progress: applying(), Kind: sync.Reconcile, Since: time.Unix(2e9, 0).UTC()}}, nil
		},
		run: func(_ context.Context, r sync.Request) (sync.Report, error) {
			r.Progress(sync.Progress{Run: "r3", Step: "read"})
			r.Progress(applying())
			return sync.Report{Run: "r3", Kind: r.Kind, Outcome: sync.Done, Doubts: []string{}, Notes: []string{}, Changes: []state.Change{}}, nil
		},
		ready:   func() error { return nil },
		decided: make(chan sync.Verdict, 1),
		left:    make(chan sync.AtOnce, 1),
	}
}

func (d *daemon) options() console.Options {
	return console.Options{Name: "acme", Host: "sync.example.com", Engine: d, Runner: d, Runs: d, Names: d, Search: d, Keeper: d, Forgetter: d, Log: zap.NewNop(), Metrics: prometheus.NewRegistry(), Uses: uses,
		Keys:  func() ([]console.Key, error) { return []console.Key{{Role: console.Acts, Token: token}}, nil },
		Ready: func(context.Context) error { return d.ready() }}
}

// serve gives the daemon's console over real HTTP, and its URL.
func (d *daemon) serve(t *testing.T) string {
	t.Helper()
	return serveOptions(t, d.options())
}

func serveOptions(t *testing.T, o console.Options) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	server := httptest.NewServer(console.Handler(ctx, o))
	t.Cleanup(func() { cancel(); server.Close() })
	return server.URL
}

func client(url string) console.Client { return console.Client{URL: url, Name: "acme", Token: token} }
