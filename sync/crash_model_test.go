package sync_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"pgregory.net/rapid"
)

// history is one drawn life of a small company: what stands at its beginning, and
// what happens then. It is plain data, so that a failing one is made smaller and
// printed.
type history struct {
	People       int // persons in Okta and assigned, p0, p1 ...
	Accounts     int // so many of them, the first ones, have an account in Omni before
	Groups       int // groups in Okta and pushed, G0, G1 ...
	Teams        int // so many of them, the first ones, stand in Omni before
	Suspended    string
	OnUnpush     string
	Action       string // deprovision.action; "" is deactivate
	Handover     state.Handover
	AdoptGroups  string
	AdoptValues  string
	Workers      int
	LastRunWhole bool // the run after the faults is a reconcile, not a full one
	Acts         []act

	Repeats bool // the network may repeat a creation: its 409 tells nobody whose account there is
	fired   *int // counts the requests that the acts' faults met, where somebody asks

	byHand func(*world, act) // what somebody does in Omni itself, where that is drawn

	watch func(*world, bool) error // looks at what stands, after each act and, told so, at the end; nil: nobody does
}

// act is one thing that happens. A and B choose who it happens to: the B-th of
// those there are, counted around.
type act struct {
	Do   string
	A, B int

	Kind  sync.RunKind // of a run
	Stop  int          // the step at which the process stops; 0: it doesn't
	Reads bool         // steps count from the first reading on, not only where something is written
	Pause bool         // it stops for so long that another one takes over, and then goes on

	Fault sim.Fault // of a fault
	Okta  bool      // it is planted in front of Okta
	name  string    // of its effect
}

// The things that happen in Okta.
var oktaActs = []string{"hire", "assign", "unassign", "rename", "profile", "join", "leave", "push", "unpush", "rename group", "suspend", "resume", "deactivate"}

// effects are the faults that are drawn, by name.
var effects = []struct {
	name string
	do   sim.Effect
}{
	{"lost answer", sim.CutAfter()},
	{"cut", sim.CutBefore()},
	{"429", sim.Status(http.StatusTooManyRequests, `{}`, nil)},
	{"500", sim.Status(http.StatusInternalServerError, `{}`, nil)},
	{"truncated", sim.Truncate(30)},
}

func drawHistory(t *rapid.T) history {
	h := history{
		People: rapid.IntRange(1, 6).Draw(t, "people"), Groups: rapid.IntRange(0, 3).Draw(t, "groups"),
		Suspended:    rapid.SampledFrom([]string{"keep", "deactivate"}).Draw(t, "suspended"),
		OnUnpush:     rapid.SampledFrom([]string{"keep", "delete"}).Draw(t, "on unpush"),
		AdoptGroups:  rapid.SampledFrom([]string{"ask", "auto"}).Draw(t, "adopt groups"),
		AdoptValues:  rapid.SampledFrom([]string{"keep", "replace"}).Draw(t, "adopt values"),
		Workers:      rapid.SampledFrom([]int{1, 1, 1, 4}).Draw(t, "workers"),
		LastRunWhole: rapid.Bool().Draw(t, "last run whole"),
	}
	h.Accounts = rapid.IntRange(0, min(2, h.People)).Draw(t, "accounts")
	h.Teams = rapid.IntRange(0, min(1, h.Groups)).Draw(t, "teams")
	h.Acts = rapid.SliceOfN(rapid.Custom(drawAct), 2, 14).Draw(t, "acts")
	return h
}

func drawAct(t *rapid.T) act {
	switch n := rapid.IntRange(0, 9).Draw(t, "what"); {
	case n < 4:
		return drawRun(t)
	case n < 5:
		return drawFault(t)
	default:
		return act{Do: rapid.SampledFrom(oktaActs).Draw(t, "do"), A: rapid.IntRange(0, 9).Draw(t, "a"), B: rapid.IntRange(0, 3).Draw(t, "b")}
	}
}

func drawRun(t *rapid.T) act {
	a := act{Do: "run", Kind: rapid.SampledFrom([]sync.RunKind{sync.Full, sync.Reconcile}).Draw(t, "kind")}
	switch rapid.IntRange(0, 5).Draw(t, "end") {
	case 0, 1, 2:
		a.Stop = rapid.IntRange(1, 40).Draw(t, "stop")
	case 3:
		a.Stop, a.Reads = rapid.IntRange(1, 80).Draw(t, "stop"), true
	case 4:
		a.Stop, a.Pause = rapid.IntRange(1, 40).Draw(t, "stop"), true
	}
	return a
}

func drawFault(t *rapid.T) act {
	e := rapid.SampledFrom(effects).Draw(t, "effect")
	a := act{Do: "fault", Okta: rapid.IntRange(0, 2).Draw(t, "side") == 0, name: e.name}
	a.Fault = sim.Fault{Do: e.do, Skip: rapid.IntRange(0, 6).Draw(t, "skip"), Times: rapid.SampledFrom([]int{1, 1, 1, 6}).Draw(t, "times")}
	if !a.Okta {
		a.Fault.Method = rapid.SampledFrom([]string{"", "POST", "PATCH"}).Draw(t, "method")
	}
	return a
}

// String tells the history in lines.
func (h history) String() string {
	var b strings.Builder
	if h.Handover.Schedules != "" {
		fmt.Fprintf(&b, "schedules %s, documents %s, then %s\n", h.Handover.Schedules, h.Handover.Documents, firstOf(h.Action, "deactivate"))
	}
	fmt.Fprintf(&b, "%d people, %d of them with accounts; %d groups, %d of them there before; suspended %s, unpush %s, adopt %s %s, workers %d, last run whole %t\n",
		h.People, h.Accounts, h.Groups, h.Teams, h.Suspended, h.OnUnpush, h.AdoptGroups, h.AdoptValues, h.Workers, h.LastRunWhole)
	for _, a := range h.Acts {
		fmt.Fprintln(&b, " ", a)
	}
	return b.String()
}

func (a act) String() string {
	switch {
	case a.Do == "fault":
		side := "Omni"
		if a.Okta {
			side = "Okta"
		}
		return fmt.Sprintf("%s: %s, %s after %d, %d times", side, a.name, firstOf(a.Fault.Method, "any request"), a.Fault.Skip, a.Fault.Times)
	case a.Do != "run":
		return fmt.Sprintf("%s %d %d", a.Do, a.A, a.B)
	case a.Stop == 0:
		return string(a.Kind)
	case a.Pause:
		return fmt.Sprintf("%s, overtaken at step %d", a.Kind, a.Stop)
	default:
		return fmt.Sprintf("%s, killed at step %d, readings count: %t", a.Kind, a.Stop, a.Reads)
	}
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
