package console

import (
	"net/http"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// runsAnswer is the answer to a question about the runs that have ended.
type runsAnswer struct {
	Runs []state.Run `json:"runs"`
}

// runAnswer is the answer to a question about one run.
type runAnswer struct {
	Run     state.Run      `json:"run"`
	Changes []state.Change `json:"changes"`
}

func (a *api) listRuns(w http.ResponseWriter, r *http.Request) {
	f, err := runsFilter(r)
	var runs []state.Run
	if err == nil {
		runs, err = a.Runs.Runs(r.Context(), f)
	}
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, runsAnswer{runs})
}

func (a *api) oneRun(w http.ResponseWriter, r *http.Request) {
	run, changes, err := a.Runs.RunOf(r.Context(), r.PathValue("run"))
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, runAnswer{run, changes})
}

func runsFilter(r *http.Request) (f sync.RunsFilter, err error) {
	q := r.URL.Query()
	f = sync.RunsFilter{Kind: sync.RunKind(q.Get("kind")), Outcome: sync.Outcome(q.Get("outcome"))}
	if f.Skip, err = countIn(q, "skip"); err == nil {
		f.Limit, err = countIn(q, "limit")
	}
	return f, err
}
