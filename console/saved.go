package console

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Keeper tells what is saved of leavers, and brings schedules of it back.
type Keeper interface {
	// Saved lists what is saved of somebody, without what is encrypted.
	Saved(ctx context.Context, who string) ([]state.Saved, error)
	// Restore ends after the schedule that is under way when ctx does. An error says that
	// nothing was begun.
	Restore(ctx context.Context, r sync.RestoreRequest) (sync.RestoreReport, error)
}

// Kept is the answer to a question about what is saved.
type Kept struct {
	Saved []state.Saved `json:"saved"`
}

// saved answers what is saved of the person that the query names.
func (a *api) saved(w http.ResponseWriter, r *http.Request) {
	who := r.URL.Query().Get("of")
	if who == "" {
		writeError(w, refusal("list what is saved", "nobody is named", "ask for /api/v1/schedules?of=EMAIL"))
		return
	}
	list, err := a.Keeper.Saved(r.Context(), who)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, Kept{list})
}

// restore brings schedules back, and tells of it line by line. It lives under the runs'
// context, and ends when its client leaves.
func (a *api) restore(w http.ResponseWriter, r *http.Request, who Visitor) {
	var asked sync.RestoreRequest
	if err := readBody(w, r, &asked); err != nil {
		writeError(w, err)
		return
	}
	if asked.Who == "" || asked.To == "" {
		writeError(w, refusal("restore schedules", "who and to are needed", ""))
		return
	}
	asked.By = who.by(asked.By)
	l := newLines(w)
	asked.Progress = func(p sync.Progress) { l.write(Line{Progress: &p}) }
	ctx, stop := context.WithCancelCause(a.lives)
	defer stop(nil)
	defer context.AfterFunc(r.Context(), func() { stop(sync.ErrLeft) })()
	report, err := a.Keeper.Restore(ctx, asked) //nolint:contextcheck // it ends after what is under way when its client leaves
	if err != nil {
		l.write(Line{Error: FailureOf(err)})
		return
	}
	l.write(Line{Restored: &report})
}

// Saved asks what is saved of somebody.
func (c Client) Saved(ctx context.Context, who string) ([]state.Saved, error) {
	ctx, cancel := context.WithTimeout(ctx, decision)
	defer cancel()
	var answer Kept
	err := c.once(ctx, http.MethodGet, "/api/v1/schedules?"+url.Values{"of": {who}}.Encode(), nil, &answer)
	return answer.Saved, err
}

// Restore asks to bring schedules back, and waits for the end; r.Progress is told of each
// step. When ctx ends, it ends after the schedule that is under way.
func (c Client) Restore(ctx context.Context, r sync.RestoreRequest) (report sync.RestoreReport, err error) {
	response, err := c.ask(ctx, http.MethodPost, "/api/v1/schedules/restore", r)
	if err != nil {
		if ctx.Err() != nil {
			err = StoppedRestoring(ctx, "the daemon")
		}
		return report, err
	}
	defer func() { _ = response.Body.Close() }()
	d := json.NewDecoder(bufio.NewReader(io.LimitReader(response.Body, maxAnswer)))
	for {
		var l Line
		err := d.Decode(&l)
		switch {
		case err != nil && ctx.Err() != nil:
			return report, StoppedRestoring(ctx, "the daemon")
		case err != nil:
			return report, (&waiting{}).brokenOff(ctx, err)
		case l.Error != nil:
			return report, l.Error.Fault()
		case l.Restored != nil:
			return *l.Restored, nil
		case l.Progress != nil && r.Progress != nil:
			r.Progress(*l.Progress)
		}
	}
}

// StoppedRestoring is the end of a command whose person doesn't wait for the end of what
// another process restores.
func StoppedRestoring(ctx context.Context, maker string) error {
	return &fault.Error{Kind: fault.Unavailable, Op: "the restoring in " + maker + " is stopped after the schedule that is under way", Err: context.Cause(ctx),
		Hint: "syncd schedules list EMAIL tells what was restored; asked again, it goes on from there"}
}
