package console

import (
	"net/http"
	"strconv"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// pauseView asks once more before something is paused, or goes on.
type pauseView struct {
	Pause *state.Pause // that holds now; nil for none
	Seen  string       // names it
	Hours []int
}

func (a *api) pauseData(r *http.Request) (any, error) {
	p, err := a.paused(r)
	return pauseView{p, seen(p), []int{1, 4, 24, 7 * 24}}, err
}

// paused gives the pause that holds now, and not a second ago.
func (a *api) paused(r *http.Request) (*state.Pause, error) {
	s, err := a.Engine.Status(r.Context())
	return s.Pause, err
}

// seen names a pause, so that nobody ends another one than the page showed.
func seen(p *state.Pause) string {
	if p == nil {
		return ""
	}
	return p.Since.UTC().Format(time.RFC3339Nano)
}

// pauseByPage pauses, or lets all go on, as the page before has said.
func (a *api) pauseByPage(w http.ResponseWriter, r *http.Request, who Visitor) {
	order, err := a.orderOfPage(w, r, who)
	if err == nil {
		_, err = a.Pauser.Pause(a.lives, order)
	}
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	deed := didPause
	if order.Resume {
		deed = didResume
	}
	a.done(w, r, "/", deed, 0)
}

// orderOfPage reads what the page asks for.
func (a *api) orderOfPage(w http.ResponseWriter, r *http.Request, who Visitor) (sync.PauseOrder, error) {
	if err := readForm(w, r); err != nil {
		return sync.PauseOrder{}, err
	}
	now, err := a.paused(r)
	if err != nil {
		return sync.PauseOrder{}, err
	}
	if r.PostFormValue("seen") != seen(now) {
		return sync.PauseOrder{}, &fault.Error{Kind: fault.Conflict, Op: "somebody else has paused, or resumed, meanwhile", Hint: "nothing was done; look again"}
	}
	switch word := r.PostFormValue("word"); word {
	case "resume":
		return sync.PauseOrder{By: who.by(""), Resume: true}, nil
	case "pause":
		hours, err := strconv.Atoi(r.PostFormValue("hours"))
		if err != nil {
			return sync.PauseOrder{}, refusal("pause", "the form doesn't say for how long", "")
		}
		return pauseBody{Seconds: float64(hours) * 60 * 60, RemovalsOnly: r.PostFormValue("what") == "removals", Reason: r.PostFormValue("reason")}.order(who)
	default:
		return sync.PauseOrder{}, refusal("pause", "the form says neither pause nor resume", "")
	}
}
