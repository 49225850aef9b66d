package console

import (
	"net/http"
	"net/url"
	"time"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// logView is a part of the provisioning log.
type logView struct {
	Changes      []state.Change
	Filter       sync.HistoryFilter
	Since, Until string // as the form takes them
	Kinds        []sync.Kind
	States       []state.ChangeState
	Pager        pager
	Lines, Sheet string // links to the whole of it
}

// logData reads a part of the log. The part that is shown first fixes the time before which
// the others are, so that lines that come meanwhile move nothing.
func (a *api) logData(r *http.Request) (any, error) {
	q := r.URL.Query()
	for _, name := range []string{"since", "until"} {
		q.Set(name, spelled(q.Get(name)))
	}
	f, err := historyFilter(q)
	if err != nil {
		return nil, err
	}
	f.Limit = perPage + 1
	changes, err := a.Engine.History(r.Context(), f)
	if err != nil {
		return nil, err
	}
	v := logView{Changes: changes[:min(len(changes), perPage)], Filter: f, Since: typed(f.Since), Until: typed(f.Until),
		Kinds:  []sync.Kind{sync.Create, sync.Adopt, sync.Update, sync.Reactivate, sync.Deactivate, sync.Delete, sync.Rename, sync.Members, sync.Release},
		States: []state.ChangeState{state.Applied, state.Held, state.Failed, state.Kept}}
	paged := historyQuery(f)
	paged.Del("limit")
	v.Lines, v.Sheet = whole(paged, formatLines), whole(paged, formatCSV)
	if f.Until.IsZero() && len(changes) > perPage {
		paged.Set("until", changes[0].Time.Add(time.Nanosecond).Format(time.RFC3339Nano))
	}
	v.Pager = pagerOf("/log", paged, f.Skip, len(changes) > perPage)
	return v, nil
}

// whole gives the address of all of what is looked for, as a file.
func whole(q url.Values, form string) string {
	to := url.Values{"format": {form}}
	for name := range q {
		if q.Get(name) != "" && name != "skip" {
			to.Set(name, q.Get(name))
		}
	}
	return "/api/v1/history?" + to.Encode()
}

// A browser's field for a time knows no zone; here it is UTC.
const fieldTime = "2006-01-02T15:04:05"

// spelled gives a time as the API takes it; what is none is refused there.
func spelled(text string) string {
	for _, form := range []string{fieldTime, "2006-01-02T15:04"} {
		if t, err := time.Parse(form, text); err == nil {
			return t.Format(time.RFC3339Nano)
		}
	}
	return text
}

func typed(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(fieldTime)
}
