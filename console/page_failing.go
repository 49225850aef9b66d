package console

import (
	"cmp"
	"maps"
	"net/http"
	"slices"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// failingView is what failed and is tried again.
type failingView struct {
	Changes []state.Change
	Shown   []state.Change
	More    int
	Causes  []state.Trouble // each once
	Refused []state.Trouble
}

func (a *api) failingData(r *http.Request) (any, error) {
	s, err := a.Engine.Status(r.Context())
	if err != nil {
		return nil, err
	}
	v := failingView{Changes: s.Failing, Causes: causes(s.Failing), Refused: s.Refused}
	v.Shown, v.More = cut(s.Failing)
	return v, nil
}

// causes gathers what fails by why, the most frequent first.
func causes(failing []state.Change) []state.Trouble {
	by := map[string]state.Trouble{}
	for _, c := range failing {
		if c.Problem == nil {
			continue
		}
		t, known := by[c.Problem.Cause]
		if !known {
			t = state.Trouble{Cause: c.Problem.Cause, Words: c.Error, Advice: c.Problem.Advice}
		}
		t.Count++
		by[c.Problem.Cause] = t
	}
	return slices.SortedFunc(maps.Values(by), func(x, y state.Trouble) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Cause, y.Cause))
	})
}

// retryByPage lets what fails be tried before its time.
func (a *api) retryByPage(w http.ResponseWriter, r *http.Request, who Visitor) {
	err := readForm(w, r)
	only := r.PostForm["only"]
	switch which := r.PostFormValue("which"); {
	case err != nil:
	case which == "all":
		only = nil
	case which != "some" || len(only) == 0:
		err = refusal("try again", "nothing is ticked", "go back and tick what is to be tried, or try all")
	}
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	a.background(who, sync.Request{Kind: sync.Full, Insist: true, Only: only})
	a.done(w, r, "/failing", didRetry, len(only))
}
