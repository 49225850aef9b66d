package console

import (
	"context"
	"html/template"
	"net/http"
	"path"
	"slices"
	"strings"

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
	Historian
	// Explain answers about a person or a group; fault.NotFound when nobody knows them.
	Explain(ctx context.Context, subject string) (sync.Explanation, error)
	// Leavers gives who is on the way out, and where they are.
	Leavers(ctx context.Context) ([]sync.Leaver, error)
}

// Historian tells what was, from the provisioning log.
type Historian interface {
	// History gives its lines, the newest first.
	History(ctx context.Context, f sync.HistoryFilter) ([]state.Change, error)
	// Access tells who had access at a moment; fault.Refused for one that is yet to come.
	Access(ctx context.Context, q sync.AccessQuery) (sync.AccessAnswer, error)
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

// Recorder tells of runs that have ended.
type Recorder interface {
	// Runs gives them, the newest first.
	Runs(ctx context.Context, f sync.RunsFilter) ([]state.Run, error)
	// RunOf gives one, with its lines of the provisioning log; fault.NotFound where none is
	// remembered.
	RunOf(ctx context.Context, run string) (state.Run, []state.Change, error)
	// Days sums up the provisioning log by day, today last.
	Days(ctx context.Context, count int) ([]sync.Day, error)
}

// Options are what the listener works with. All of them are required, but for URL and Proxy.
type Options struct {
	Name   string // of the connection; a client that means another one is refused
	Host   string // the host listened on: accepted in the Host header beside loopback's names
	URL    string // by which browsers reach it through a proxy, such as https://sync.example.com
	Proxy  *Proxy // whose word on its callers is believed
	Engine Engine
	Runner Runner
	Names  Namer
	Search Searcher
	Runs   Recorder
	Keeper Keeper
	Pauser Pauser
	Linker Linker

	Forgetter Forgetter

	Uses    func() []Use                // how much of what the two sides allow was used
	Metrics prometheus.Gatherer         // what /metrics tells
	Keys    func() ([]Key, error)       // who may come in; asked for at each request, never none
	Ready   func(context.Context) error // nil while this process leads and the ledger answers; fault.Fenced when it doesn't lead
	Log     *zap.Logger                 // panics, with their stack
}

// Handler serves the API and the health checks. Runs live under ctx, not under
// the request that asked for them.
func Handler(ctx context.Context, o Options) http.Handler {
	a := &api{Options: o, lives: ctx, sessions: newSessions(), templates: templates(), pulse: newPulse(o.Engine), figures: newFigures(o)}
	h := sameOrigin(a.routes())
	h = a.addressed(h)
	h = a.health(h)
	return a.recovered(h)
}

type api struct {
	Options
	lives     context.Context //nolint:containedctx // the life of the runs, which is longer than a request's
	sessions  *sessions
	templates map[string]*template.Template
	pulse     *pulse
	figures   *memo[Figures]
}

// route is one path with one method that it knows. Whatever isn't only a reading is for who
// may act.
type route struct {
	method, path string
	serve        served
}

// Route is a path of the listener with its one method. A part in braces stands for one
// that differs.
type Route struct{ Method, Path string }

// Routes lists all that the listener knows.
func Routes() []Route {
	list := []Route{{http.MethodGet, "/healthz"}, {http.MethodGet, "/readyz"}, {http.MethodGet, "/login"}, {http.MethodPost, "/login"},
		{http.MethodPost, "/logout"}, {http.MethodGet, "/static/{file}"}}
	a := &api{Options: Options{Log: zap.NewNop()}}
	for _, r := range a.table() {
		list = append(list, Route{r.method, r.path})
	}
	return list
}

// table is every route behind the doors. Each one of the API stands in openapi.yaml too.
func (a *api) table() []route { return slices.Concat(a.calls(), a.views(), a.actions()) }

// routes answers a known path with a wrong method by 405, and any other path by 404, to those
// who are known.
func (a *api) routes() http.Handler {
	mux, methods := http.NewServeMux(), map[string][]string{}
	mux.HandleFunc("GET /login", a.login)
	mux.HandleFunc("POST /login", a.enterByPage)
	mux.HandleFunc("POST /logout", a.logout)
	mux.HandleFunc("GET /static/{file}", static)
	for _, r := range a.table() {
		needs := Acts
		if r.method == http.MethodGet {
			needs = Reads
		}
		mux.HandleFunc(r.method+" "+r.path, a.enter(needs, r.serve))
		methods[r.path] = append(methods[r.path], r.method)
	}
	for p, known := range methods {
		mux.HandleFunc(p, a.enter(Reads, whoever(wrongMethod(strings.Join(known, ", ")))))
	}
	unknown := a.enter(Reads, whoever(a.unknownPath))
	mux.HandleFunc("/", unknown)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Clean(r.URL.Path) != r.URL.Path { // the mux would redirect, with a page
			unknown(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// calls are the JSON API and the meters.
func (a *api) calls() []route {
	return []route{
		{http.MethodGet, "/api/v1/status", whoever(a.status)},
		{http.MethodGet, "/api/v1/history", whoever(a.history)},
		{http.MethodGet, "/api/v1/access", whoever(a.access)},
		{http.MethodGet, "/api/v1/names", whoever(a.names)},
		{http.MethodGet, "/api/v1/explain", whoever(a.explain)},
		{http.MethodGet, "/api/v1/people", whoever(a.people)},
		{http.MethodGet, "/api/v1/groups", whoever(a.groups)},
		{http.MethodGet, "/api/v1/figures", whoever(a.tellFigures)},
		{http.MethodGet, "/api/v1/runs", whoever(a.listRuns)},
		{http.MethodGet, "/api/v1/runs/{run}", whoever(a.oneRun)},
		{http.MethodPost, "/api/v1/runs", a.run},
		{http.MethodPost, "/api/v1/runs/{run}/approve", a.approve},
		{http.MethodPost, "/api/v1/runs/{run}/reject", a.reject},
		{http.MethodGet, "/api/v1/schedules", whoever(a.saved)},
		{http.MethodPost, "/api/v1/schedules/restore", a.restore},
		{http.MethodGet, "/api/v1/leavers", whoever(a.leavers)},
		{http.MethodPost, "/api/v1/leavers/{user}/leave", a.leave},
		{http.MethodPost, "/api/v1/forget", a.forget},
		{http.MethodGet, "/api/v1/links", whoever(a.links)},
		{http.MethodPost, "/api/v1/link", a.link},
		{http.MethodPost, "/api/v1/unlink", a.unlink},
		{http.MethodPost, "/api/v1/pause", a.pause},
		{http.MethodPost, "/api/v1/resume", a.resume},
		{http.MethodGet, "/api/openapi.json", whoever(a.openAPI)},
		{http.MethodGet, "/metrics", whoever(a.metrics())},
	}
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
func (a *api) run(w http.ResponseWriter, r *http.Request, who Visitor) {
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
	if request.Kind == sync.Undo {
		request.By = who.by(request.By)
	}
	a.stream(r.Context(), newLines(w), request)
}

// stream makes a run, in the life of the runs. Where it is attached to its client it ends
// with client, the request's context, too.
func (a *api) stream(client context.Context, l *lines, request sync.Request) {
	request.Progress = func(p sync.Progress) { l.write(Line{Progress: &p}) }
	ctx, stop := context.WithCancelCause(a.lives)
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
func (a *api) approve(w http.ResponseWriter, r *http.Request, who Visitor) {
	var asked decisionBody
	decided, err := a.decide(w, r, who, asking{state.Approved, &asked})
	if err != nil {
		writeError(w, err)
		return
	}
	if asked.Preview {
		writeJSON(w, http.StatusOK, Line{Decided: &decided})
		return
	}
	l := newLines(w)
	l.write(Line{Decided: &decided})
	a.stream(r.Context(), l, sync.Request{Kind: sync.Full, Attached: asked.Attached, Cause: causeCommand})
}

func (a *api) reject(w http.ResponseWriter, r *http.Request, who Visitor) {
	decided, err := a.decide(w, r, who, asking{state.Rejected, &decisionBody{}})
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, Line{Decided: &decided})
}

// asking is a decision that somebody asks for.
type asking struct {
	decision state.Decision
	body     *decisionBody
}

// decide reads what is asked, and decides.
func (a *api) decide(w http.ResponseWriter, r *http.Request, who Visitor, asked asking) (sync.Decided, error) {
	if err := readBody(w, r, asked.body); err != nil {
		return sync.Decided{}, err
	}
	v := asked.body.verdict(r.PathValue("run"), asked.decision)
	v.By = who.by(asked.body.By)
	return a.Engine.Decide(a.lives, v)
}
