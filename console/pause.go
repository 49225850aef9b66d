package console

import (
	"context"
	"net/http"
	"time"

	"github.com/omnisync/omnisync/sync"
)

// maxReason bounds what a person says about a pause, in bytes.
const maxReason = 500

// pauseBody asks for a pause.
type pauseBody struct {
	By           string  `json:"by"`                      // who asks, in the client's words
	Seconds      float64 `json:"seconds,omitempty"`       // it ends by itself after so many; 0: when somebody resumes
	RemovalsOnly bool    `json:"removals_only,omitempty"` // all goes on but what takes something away
	Reason       string  `json:"reason,omitempty"`
}

// resumeBody ends a pause.
type resumeBody struct {
	By string `json:"by"` // as in pauseBody
}

// longestPause bounds a pause that ends by itself, in seconds: a year.
const longestPause = 366 * 24 * 60 * 60

func (b pauseBody) order(who Visitor) (sync.PauseOrder, error) {
	if b.Seconds < 0 || b.Seconds > longestPause {
		return sync.PauseOrder{}, refusal("pause", "seconds is no length of a pause", "send 0 for one that ends when somebody resumes, or up to 366 days")
	}
	return sync.PauseOrder{By: who.by(b.By), For: time.Duration(b.Seconds * float64(time.Second)), RemovalsOnly: b.RemovalsOnly,
		Reason: b.Reason[:min(len(b.Reason), maxReason)]}, nil
}

// pause has nothing written to Omni any more. Like a decision, it doesn't end with the request.
func (a *api) pause(w http.ResponseWriter, r *http.Request, who Visitor) {
	var asked pauseBody
	err := readBody(w, r, &asked)
	var order sync.PauseOrder
	if err == nil {
		order, err = asked.order(who)
	}
	a.order(w, order, err)
}

// resume ends a pause.
func (a *api) resume(w http.ResponseWriter, r *http.Request, who Visitor) {
	var asked resumeBody
	err := readBody(w, r, &asked)
	order, _ := pauseBody{By: asked.By}.order(who) // which is sound
	order.Resume = true
	a.order(w, order, err)
}

// order hands on what is asked, unless it can't be read.
func (a *api) order(w http.ResponseWriter, o sync.PauseOrder, err error) {
	var answer sync.PauseAnswer
	if err == nil {
		answer, err = a.Pauser.Pause(a.lives, o)
	}
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, Line{Paused: &answer})
}

// Pause has nothing written to Omni any more, or, where o resumes, lets it be written again.
func (c Client) Pause(ctx context.Context, o sync.PauseOrder) (sync.PauseAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, decision)
	defer cancel()
	path, body := "/api/v1/pause", any(pauseBody{By: o.By, Seconds: o.For.Seconds(), RemovalsOnly: o.RemovalsOnly, Reason: o.Reason})
	if o.Resume {
		path, body = "/api/v1/resume", resumeBody{By: o.By}
	}
	var answer Line
	err := c.once(ctx, http.MethodPost, path, body, &answer)
	if err == nil && answer.Paused == nil {
		err = c.foreign("the answer tells of no pause")
	}
	if err != nil {
		return sync.PauseAnswer{}, err
	}
	return *answer.Paused, nil
}
