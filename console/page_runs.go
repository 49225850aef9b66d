package console

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// perPage is how many lines a part of a long list has.
const perPage = 100

// pager leads to the parts of a list beside the one that is shown.
type pager struct{ Newest, Newer, Older string }

// pagerOf makes the links: there is something older where one more was found than is shown.
func pagerOf(at string, q url.Values, skip int, older bool) pager {
	link := func(skip int) string {
		to := url.Values{}
		for name := range q {
			if name != "done" && name != "count" {
				to.Set(name, q.Get(name))
			}
		}
		to.Set("skip", strconv.Itoa(skip))
		return at + "?" + to.Encode()
	}
	var p pager
	if skip > 0 {
		p.Newer = link(max(0, skip-perPage))
	}
	if older {
		p.Older = link(skip + perPage)
	}
	return p
}

// runsView is a part of the list of runs.
type runsView struct {
	Runs     []state.Run
	Filter   sync.RunsFilter
	Kinds    []sync.RunKind
	Outcomes []sync.Outcome
	Pager    pager
}

func (a *api) runsData(r *http.Request) (any, error) {
	f, err := runsFilter(r)
	if err != nil {
		return nil, err
	}
	f.Limit = perPage + 1
	runs, err := a.Runs.Runs(r.Context(), f)
	if err != nil {
		return nil, err
	}
	older := len(runs) > perPage
	return runsView{Runs: runs[:min(len(runs), perPage)], Filter: f, Pager: pagerOf("/runs", r.URL.Query(), f.Skip, older),
		Kinds:    []sync.RunKind{sync.Delta, sync.Full, sync.Reconcile, sync.Push, sync.User, sync.Undo},
		Outcomes: []sync.Outcome{sync.Done, sync.Holding, sync.Doubtful, sync.Failing}}, nil
}

// runView is one run: how far it is, or what it did.
type runView struct {
	ID      string
	Running *sync.Running
	Run     state.Run
	Changes []state.Change
	More    int
}

func (a *api) runData(r *http.Request) (any, error) {
	v := runView{ID: r.PathValue("run")}
	var all []state.Change
	var err error
	if v.Run, all, err = a.Runs.RunOf(r.Context(), v.ID); fault.Is(err, fault.NotFound) {
		if s, unknown := a.Engine.Status(r.Context()); unknown == nil && s.Running != nil && s.Running.Run == v.ID {
			v.Running = s.Running
			return v, nil
		}
	}
	if err != nil {
		return nil, err
	}
	v.Changes, v.More = cut(all)
	return v, nil
}
