package console

import (
	"net/http"
	"net/url"
	"strconv"
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

// logData reads a part of the log: the lines before a time, but for those of that very time
// which the part before has shown. Lines that come meanwhile move nothing.
func (a *api) logData(r *http.Request) (any, error) {
	q := r.URL.Query()
	for _, name := range []string{"since", "until"} {
		q.Set(name, spelled(q.Get(name)))
	}
	f, err := historyFilter(q)
	if err != nil {
		return nil, err
	}
	wanted := historyQuery(sync.HistoryFilter{Subject: f.Subject, Kind: f.Kind, State: f.State, Run: f.Run, Since: f.Since, Until: f.Until})
	wanted.Del("limit")
	v := logView{Filter: f, Since: typed(f.Since), Until: typed(f.Until), Lines: whole(wanted, FormatLines), Sheet: whole(wanted, FormatCSV),
		Kinds:  sync.Kinds(),
		States: []state.ChangeState{state.Applied, state.Held, state.Failed, state.Kept}}
	before, err := time.Parse(time.RFC3339Nano, q.Get("before"))
	if err == nil && (f.Until.IsZero() || before.Before(f.Until)) {
		f.Until = before
		v.Pager.Newest = "/log?" + wanted.Encode()
	}
	f.Limit = perPage + 1
	changes, err := a.Engine.History(r.Context(), f)
	if err != nil {
		return nil, err
	}
	v.Changes = changes[:min(len(changes), perPage)]
	if len(changes) > perPage {
		wanted.Set("before", v.Changes[perPage-1].Time.Add(time.Nanosecond).Format(time.RFC3339Nano))
		wanted.Set("skip", strconv.Itoa(alike(v.Changes, f)))
		v.Pager.Older = "/log?" + wanted.Encode()
	}
	return v, nil
}

// alike counts the lines that have the time of the last one: the next part leaves them out.
func alike(shown []state.Change, f sync.HistoryFilter) (n int) {
	last := shown[len(shown)-1].Time
	for _, c := range shown {
		if c.Time.Equal(last) {
			n++
		}
	}
	if n == len(shown) && f.Until.Equal(last.Add(time.Nanosecond)) { // the part before was of that time alone, too
		n += f.Skip
	}
	return n
}

// whole gives the address of all of what is looked for, as a file.
func whole(q url.Values, form string) string {
	to := url.Values{"format": {form}}
	for name := range q {
		if q.Get(name) != "" {
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
