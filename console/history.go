package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// historyAnswer is the answer to a question about the provisioning log.
type historyAnswer struct {
	Changes []state.Change `json:"changes"`
}

func (a *api) history(w http.ResponseWriter, r *http.Request) {
	filter, err := historyFilter(r.URL.Query())
	if err != nil {
		writeError(w, err)
		return
	}
	form := r.URL.Query().Get("format")
	if form != "" && !slices.Contains(Formats(), form) {
		writeError(w, refusal("read the history", fmt.Sprintf("format %q is none of %s", form, strings.Join(Formats(), ", ")), ""))
		return
	}
	changes, err := a.Engine.History(r.Context(), filter)
	if err != nil {
		writeError(w, err)
		return
	}
	if form != "" {
		export(w, form, changes)
		return
	}
	writeJSON(w, http.StatusOK, historyAnswer{changes})
}

// historyFilter reads a query; historyQuery writes one.
func historyFilter(q url.Values) (f sync.HistoryFilter, err error) {
	f = sync.HistoryFilter{Subject: q.Get("subject"), Kind: q.Get("kind"), State: state.ChangeState(q.Get("state")), Run: q.Get("run")}
	for name, at := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		if text := q.Get(name); text != "" {
			if *at, err = time.Parse(time.RFC3339Nano, text); err != nil {
				return f, refusal("read the history", fmt.Sprintf("%s %q is no time", name, text), "write it as 2026-01-02T03:04:05Z")
			}
		}
	}
	if f.Skip, err = countIn(q, "skip"); err == nil {
		f.Limit, err = countIn(q, "limit")
	}
	return f, err
}

// countIn reads a count of a query, 0 where there is none.
func countIn(q url.Values, name string) (int, error) {
	text := q.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, refusal("read the request", fmt.Sprintf("%s %q is no count", name, text), "")
	}
	return n, nil
}

func historyQuery(f sync.HistoryFilter) url.Values {
	q := url.Values{"subject": {f.Subject}, "kind": {f.Kind}, "state": {string(f.State)}, "run": {f.Run}, "limit": {strconv.Itoa(f.Limit)}}
	if f.Skip > 0 {
		q.Set("skip", strconv.Itoa(f.Skip))
	}
	if !f.Since.IsZero() {
		q.Set("since", f.Since.Format(time.RFC3339Nano))
	}
	if !f.Until.IsZero() {
		q.Set("until", f.Until.Format(time.RFC3339Nano))
	}
	return q
}

// History asks for lines of the provisioning log, the newest first.
func (c Client) History(ctx context.Context, f sync.HistoryFilter) ([]state.Change, error) {
	ctx, cancel := context.WithTimeout(ctx, shortAnswer)
	defer cancel()
	var answer historyAnswer
	err := c.once(ctx, http.MethodGet, "/api/v1/history?"+historyQuery(f).Encode(), nil, &answer)
	return answer.Changes, err
}
