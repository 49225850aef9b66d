package console

import (
	"net/http"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
)

// causeConsole is the cause of runs that somebody asks for on a page.
const causeConsole = "console"

// end is how a run ended.
type end struct {
	report sync.Report
	err    error // why it couldn't start, or go on
}

// background lets a run begin that nobody has to wait for: the page shows it while it is under
// way, and the list of runs how it ended, as does what it gives back.
func (a *api) background(who Visitor, request sync.Request) <-chan end {
	request.Cause = causeConsole
	ended := make(chan end, 1)
	go func() {
		e := end{err: &fault.Error{Op: "the daemon made a mistake", Hint: "its log tells more"}}
		defer func() {
			if p := recover(); p != nil { // nobody else would, and a mistake in one run mustn't end the daemon
				a.panicked(p)
			}
			ended <- e
		}()
		e.report, e.err = a.Runner.Do(a.lives, request)
		if e.err != nil && a.lives.Err() == nil {
			a.Log.Warn("a run that was asked for on a page didn't go on", zap.String("who", who.by("")), zap.Error(e.err))
		}
	}()
	return ended
}

// runByPage lets a run of everybody begin.
func (a *api) runByPage(w http.ResponseWriter, r *http.Request, who Visitor) {
	err := readForm(w, r)
	var request sync.Request
	if err == nil {
		request, err = runBody{Kind: sync.RunKind(r.PostFormValue("kind"))}.request()
	}
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	a.background(who, request)
	a.done(w, r, "/", didRun, 0)
}
