package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// The exit statuses. Where several apply, the first of 2, 1, 3, 4, 5, 0 is given.
const (
	exitDone    = 0
	exitFailed  = 1 // it could not run
	exitUsage   = 2 // wrong usage or configuration
	exitChanges = 3 // some changes failed, or a reading was doubtful
	exitHeld    = 4 // something waits for approval
	exitFound   = 5 // a dry run found changes, and was asked to tell
)

// ended is the end of a command that did its work and has told of it.
type ended int

func (e ended) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// end tells an error, where it is one, and gives the exit status.
func (a *app) end(err error) int {
	if e, ok := errors.AsType[ended](err); ok {
		return int(e)
	}
	if err == nil {
		return exitDone
	}
	status := exitFailed
	f := failureOf(err)
	if _, invalid := errors.AsType[*configs.Invalid](err); invalid {
		status, f.Error.Kind, f.Error.Hint = exitUsage, "configuration", a.configHint()
	} else if !a.ran {
		status, f.Error.Kind, f.Error.Hint = exitUsage, "usage", "see "+a.asked()+" --help"
	} else if f.Error.Hint == "" {
		f.Error.Hint = nextStep(err)
	}
	a.tell("syncd: " + f.Error.Message)
	if f.Error.Hint != "" {
		a.tell("hint: " + f.Error.Hint)
	}
	if a.json {
		_ = a.document(f) // the status tells it too
	}
	return status
}

// asked gives the words of the command that was meant, as far as they are known.
func (a *app) asked() string {
	cmd, _, err := (&app{shell: a.shell}).root().Find(a.Args) // another one: its flags have their defaults
	if err != nil || cmd == nil {
		return "syncd"
	}
	return cmd.CommandPath()
}

// nextStep is what to do about an error that doesn't say so itself.
func nextStep(err error) string {
	if errors.Is(err, context.Canceled) { // by a signal
		return ""
	}
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Limited:
		return "try again in a moment; if it stays, syncd check tests both sides and the store"
	case fault.Unauthorized:
		return "syncd check tests each credential, and says what to click"
	case fault.Fenced:
		return "syncd status tells who leads"
	case fault.NotFound:
		return "syncd status and syncd history tell what is known"
	case fault.Other, fault.Conflict, fault.Refused, fault.Doubt, fault.Declined:
	}
	return "syncd check tests both sides and the store; docs/troubleshooting.md is searched by such a message"
}

// configHint tells who gave no configuration file at all how to give one.
func (a *app) configHint() string {
	if a.file != "" || hasVariable(a.Environ, "SYNCD_CONFIG") {
		return ""
	}
	return "no configuration file was named: use --config FILE or SYNCD_CONFIG"
}

// failed is the JSON document of a command that could not run.
type failed struct {
	Error   failure       `json:"error"`
	Decided *sync.Decided `json:"decided,omitempty"` // what was decided all the same
	Leaver  *sync.Leaver  `json:"leaver,omitempty"`  // whose grace was ended all the same
	Report  *sync.Report  `json:"report,omitempty"`  // what a run did until it was stopped
}

type failure struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

func failureOf(err error) failed {
	f := failed{Error: failure{Kind: fault.KindOf(err).String(), Message: err.Error(), Hint: fault.HintOf(err)}}
	if d, ok := errors.AsType[*decidedOnly](err); ok {
		f.Decided = &d.decided
	}
	if l, ok := errors.AsType[*graceOnly](err); ok {
		f.Leaver = &l.leaver
	}
	if p, ok := errors.AsType[*partly](err); ok {
		f.Report = &p.report
	}
	return f
}

// document prints v as the one JSON document of this command.
func (a *app) document(v any) error {
	e := json.NewEncoder(a.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// tell prints a line for a person on standard error.
func (a *app) tell(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		_, _ = fmt.Fprintln(a.Err, clean(line))
	}
}

// reportStatus gives the exit status of a run. detailed asks for exitFound
// where a dry run found changes.
func reportStatus(r sync.Report, detailed bool) int {
	in := func(s state.ChangeState) bool {
		return slices.ContainsFunc(r.Changes, func(c state.Change) bool { return c.State == s })
	}
	switch {
	case r.Outcome == sync.Failing, r.Outcome == sync.Doubtful, len(r.Doubts) > 0, in(state.Failed):
		return exitChanges
	case r.Outcome == sync.Holding, in(state.Held):
		return exitHeld
	case detailed && in(state.Planned):
		return exitFound
	}
	return exitDone
}

// statusOf gives the exit status of a connection's state, as if it were a run's.
func statusOf(s sync.Status) int {
	doubtful := func(l *sync.LastRun) bool { return l != nil && l.Outcome == string(sync.Doubtful) }
	switch {
	case s.State == sync.Broken, s.Pause != nil && len(s.Failing) > 0, doubtful(s.Last), doubtful(s.Whole):
		return exitChanges
	case s.State == sync.Waiting, len(s.Held) > 0:
		return exitHeld
	}
	return exitDone
}

// exit makes an exit status an error for cobra, nil for exitDone.
func exit(status int) error {
	if status == exitDone {
		return nil
	}
	return ended(status)
}
