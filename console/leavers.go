package console

import (
	"context"
	"net/http"
	"net/url"

	"github.com/omnisync/omnisync/sync"
)

// LeaversAnswer is the answer to who is on the way out.
type LeaversAnswer struct {
	Leavers []sync.Leaver `json:"leavers"`
}

func (a *api) leavers(w http.ResponseWriter, r *http.Request) {
	list, err := a.Engine.Leavers(r.Context())
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, LeaversAnswer{list})
}

// leave ends a grace, says so, and lets a run about that person follow at once. As with an
// approval, what was said doesn't end with the request.
func (a *api) leave(w http.ResponseWriter, r *http.Request, who Visitor) {
	var asked leaveBody
	if err := readBody(w, r, &asked); err != nil {
		writeError(w, err)
		return
	}
	v, err := a.Engine.LeaveAtOnce(a.lives, sync.AtOnce{Subject: r.PathValue("user"), Confirm: asked.Confirm, By: who.by(asked.By)}) //nolint:contextcheck // as a decision
	if err != nil {
		writeError(w, err)
		return
	}
	l := newLines(w)
	l.write(Line{Leaver: &v})
	a.stream(r.Context(), l, sync.Request{Kind: sync.User, Subject: v.OktaID, Insist: true, Attached: asked.Attached, Cause: causeCommand})
}

// Leavers asks who is on the way out.
func (c Client) Leavers(ctx context.Context) ([]sync.Leaver, error) {
	ctx, cancel := context.WithTimeout(ctx, shortAnswer)
	defer cancel()
	var answer LeaversAnswer
	err := c.once(ctx, http.MethodGet, "/api/v1/leavers", nil, &answer)
	return answer.Leavers, err
}

// Leaving is a word that ends a grace, on its way.
type Leaving struct {
	sync.AtOnce
	Progress func(sync.Progress) // of the run that follows; may be nil
	Attached bool                // as in Decision
}

// Leave ends a grace, and waits for the run about that person that follows. When that run
// fails, the word stands all the same and is in the answer.
func (c Client) Leave(ctx context.Context, a Leaving) (sync.Leaver, sync.Report, error) {
	body := leaveBody{By: a.By, Confirm: a.Confirm, Attached: a.Attached}
	answer, err := c.lines(ctx, "/api/v1/leavers/"+url.PathEscape(a.Subject)+"/leave", body, &waiting{attached: a.Attached, tell: a.Progress})
	return answer.leaver, answer.report, err
}
