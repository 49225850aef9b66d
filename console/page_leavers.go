package console

import (
	"net/http"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// leaversView is who is on the way out.
type leaversView struct {
	Steps    []stepCount
	Shown    []sync.Leaver
	More     int
	Possible string // what they can still do
}

// stepCount is how many are at one step.
type stepCount struct {
	Step  state.Step
	Count int
}

func (a *api) leaversData(r *http.Request) (any, error) {
	list, err := a.Engine.Leavers(r.Context())
	if err != nil {
		return nil, err
	}
	v := leaversView{Possible: sync.StillPossible}
	v.Shown, v.More = cut(list)
	counts := map[string]int{}
	for _, l := range list {
		counts[string(l.Step)]++
	}
	v.Steps = stepsIn(counts)
	return v, nil
}

// stepsIn gives the steps at which somebody is, in the order in which they are told.
func stepsIn(counts map[string]int) (list []stepCount) {
	for _, step := range sync.StepsOut {
		if n := counts[string(step)]; n > 0 {
			list = append(list, stepCount{step, n})
		}
	}
	return list
}

// outWords is a step of the way out after a number of people, or after who it is.
func outWords(s state.Step) string {
	told := map[state.Step]string{
		state.AtGuard: "waiting for approval", state.InGrace: "in grace", state.AtReading: "being read", state.InHandover: "in handover",
		state.AtConfirm: "at the last look at Okta", state.AtEnd: "ending", sync.Staying: "kept",
	}[s]
	if told == "" {
		return words(s)
	}
	return told
}

// outTone is how a step sounds: whether it waits for a person, or stays.
func outTone(v sync.Leaver) string {
	switch {
	case !v.Overdue.IsZero() || v.Owns != nil && v.Owns.Refused > 0:
		return "bad"
	case v.Step == state.AtGuard || v.Step == state.InHandover && v.Reason != "" || v.Attempts > 0:
		return "wait"
	default:
		return ""
	}
}

// handed is what became of what somebody owns.
type handed struct {
	Done, All int
	Words     string
}

// handedOf tells it, or what is to become of it; nil where that is nothing.
func handedOf(v sync.Leaver) *handed {
	h := handed{}
	if o := v.Owns; o != nil {
		h.Done = o.Transferred + o.Saved + o.Gone
		h.All, h.Words = h.Done+o.Waiting+o.Refused, o.Became()
	}
	if h.All == 0 {
		h.Words = v.Handover
	}
	if h.Words == "" {
		return nil
	}
	return &h
}
