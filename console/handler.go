package console

import (
	"context"
	"net/http"
	"path"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// Engine answers and decides.
type Engine interface {
	Teller
	Decider
}

// Teller answers, and changes nothing.
type Teller interface {
	// Status tells the connection at a glance.
	Status(ctx context.Context) (sync.Status, error)
	// History gives lines of the provisioning log, the newest first.
	History(ctx context.Context, f sync.HistoryFilter) ([]state.Change, error)
	// Explain answers about a person or a group; fault.NotFound when nobody knows them.
	Explain(ctx context.Context, subject string) (sync.Explanation, error)
	// Leavers gives who is on the way out, and where they are.
	Leavers(ctx context.Context) ([]sync.Leaver, error)
}

// Decider records what a person says.
type Decider interface {
	// Decide is about what a run holds; fault.NotFound when it holds nothing.
	Decide(ctx context.Context, v sync.Verdict) (sync.Decided, error)
	// LeaveAtOnce ends a grace; fault.NotFound where nobody of that name leaves,
	// fault.Refused where it isn't confirmed or there is none, fault.Conflict where
	// somebody has done so.
	LeaveAtOnce(ctx context.Context, a sync.AtOnce) (sync.Leaver, error)
}

// Pauser notes what a person says about pausing.
type Pauser interface {
	Pause(ctx context.Context, o sync.PauseOrder) (sync.PauseAnswer, error)
}

// Runner makes one run after the other. An error means that the run could not
// start, or could not go on.
type Runner interface {
	Do(ctx context.Context, r sync.Request) (sync.Report, error)
}

// Options are what the listener works with. All of them are required.
type Options struct {
	Name   string // of the connection; a client that means another one is refused
	Host   string // the host listened on: accepted in the Host header beside loopback's names
	Engine Engine
	Runner Runner
	Names  Namer
	Keeper Keeper
	Pauser Pauser

	Forgetter Forgetter

	Metrics prometheus.Gatherer         // what /metrics tells
	Token   func() (string, error)      // what a client must know; asked for at each request, never ""
	Ready   func(context.Context) error // nil while this process leads and the ledger answers; fault.Fenced when it doesn't lead
	Log     *zap.Logger                 // panics, with their stack
}

// Handler serves the API and the health checks. Runs live under ctx, not under
// the request that asked for them.
func Handler(ctx context.Context, o Options) http.Handler {
	a := &api{Options: o, runs: ctx}
	var h http.Handler = a.routes()
	h = a.authorized(h)
	h = sameOrigin(h)
	h = a.addressed(h)
	h = a.health(h)
	return a.recovered(h)
}

type api struct {
	Options
	runs context.Context //nolint:containedctx // the life of the runs, which is longer than a request's
}

// route is one path with the one method that it knows.
type route struct {
	method, path string
	serve        func(w http.ResponseWriter, r *http.Request)
}

// Route is a path of the listener with its one method. A part in braces stands for one
// that differs.
type Route struct{ Method, Path string }

// Routes lists all that the listener knows.
func Routes() []Route {
	list := []Route{{http.MethodGet, "/healthz"}, {http.MethodGet, "/readyz"}}
	a := &api{Options: Options{Log: zap.NewNop()}}
	for _, r := range a.table() {
		list = append(list, Route{r.method, r.path})
	}
	return list
}

// table is every route behind the doors. Each one of the API stands in openapi.yaml too.
func (a *api) table() []route {
	return []route{
		{http.MethodGet, "/api/v1/status", a.status},
		{http.MethodGet, "/api/v1/history", a.history},
		{http.MethodGet, "/api/v1/names", a.names},
		{http.MethodGet, "/api/v1/explain", a.explain},
		{http.MethodGet, "/api/v1/schedules", a.saved},
		{http.MethodPost, "/api/v1/schedules/restore", a.restore},
		{http.MethodGet, "/api/v1/leavers", a.leavers},
		{http.MethodPost, "/api/v1/leavers/{user}/leave", a.leave},
		{http.MethodPost, "/api/v1/runs", a.run},
		{http.MethodPost, "/api/v1/runs/{run}/approve", a.approve},
		{http.MethodPost, "/api/v1/runs/{run}/reject", a.reject},
		{http.MethodPost, "/api/v1/forget", a.forget},
		{http.MethodPost, "/api/v1/pause", a.pause},
		{http.MethodPost, "/api/v1/resume", a.resume},
		{http.MethodGet, "/api/openapi.json", a.openAPI},
		{http.MethodGet, "/metrics", a.metrics()},
	}
}

// routes answers a known path with a wrong method by 405, and any other path
// by 404, both as JSON.
func (a *api) routes() http.Handler {
	mux := http.NewServeMux()
	for _, r := range a.table() {
		mux.HandleFunc(r.method+" "+r.path, r.serve)
		mux.HandleFunc(r.path, wrongMethod(r.method))
	}
	mux.HandleFunc("/", unknownPath)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Clean(r.URL.Path) != r.URL.Path { // the mux would redirect, with a page
			unknownPath(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (a *api) status(w http.ResponseWriter, r *http.Request) {
	s, err := a.Engine.Status(r.Context())
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, s)
}

// run makes one run and tells of it line by line.
func (a *api) run(w http.ResponseWriter, r *http.Request) {
	var asked runBody
	if err := readBody(w, r, &asked); err != nil {
		writeError(w, err)
		return
	}
	request, err := asked.request()
	if err != nil {
		writeError(w, err)
		return
	}
	a.stream(r.Context(), newLines(w), request)
}

// stream makes a run, in the life of the runs. Where it is attached to its client it ends
// with client, the request's context, too.
func (a *api) stream(client context.Context, l *lines, request sync.Request) {
	request.Progress = func(p sync.Progress) { l.write(Line{Progress: &p}) }
	ctx, stop := context.WithCancelCause(a.runs)
	defer stop(nil)
	if request.Attached {
		defer context.AfterFunc(client, func() { stop(sync.ErrLeft) })()
	}
	report, err := a.Runner.Do(ctx, request) //nolint:contextcheck // a run goes on when its client leaves
	if err != nil {
		l.write(Line{Error: FailureOf(err)})
		return
	}
	l.write(Line{Report: &report})
}

// approve decides, says so, and lets a run do at once what was approved. Like
// that run, the decision doesn't end with the request.
func (a *api) approve(w http.ResponseWriter, r *http.Request) {
	var asked decisionBody
	decided, err := a.decide(w, r, state.Approved, &asked)
	if err != nil {
		writeError(w, err)
		return
	}
	l := newLines(w)
	l.write(Line{Decided: &decided})
	a.stream(r.Context(), l, sync.Request{Kind: sync.Full, Attached: asked.Attached, Cause: causeCommand})
}

func (a *api) reject(w http.ResponseWriter, r *http.Request) {
	decided, err := a.decide(w, r, state.Rejected, &decisionBody{})
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, Line{Decided: &decided})
}

// decide reads what is asked, and decides.
func (a *api) decide(w http.ResponseWriter, r *http.Request, d state.Decision, asked *decisionBody) (sync.Decided, error) {
	if err := readBody(w, r, asked); err != nil {
		return sync.Decided{}, err
	}
	return a.Engine.Decide(a.runs, asked.verdict(r.PathValue("run"), d))
}
