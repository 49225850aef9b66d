package console

import (
	"net/http"
	"strconv"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
)

// mostShown is how many changes a page shows in one list.
const mostShown = 500

// heldView is what waits for a person, by run.
type heldView struct {
	Runs     []heldRun
	Undone   []sync.UndoneRun
	Rejected []state.Change
}

// heldRun is what one run left for a person, as far as a page shows it.
type heldRun struct {
	sync.HeldRun
	Shown  []state.Change
	More   int
	Estate estate
	Reason string // that all share, "" where they differ
}

// heldData reads what is held now, and not a second ago: what is decided must be what was
// seen.
func (a *api) heldData(r *http.Request) (any, error) {
	s, err := a.Engine.Status(r.Context())
	if err != nil {
		return nil, err
	}
	v := heldView{Undone: s.Undone, Rejected: s.Rejected}
	for _, h := range s.Held {
		shown, more := cut(h.Changes)
		v.Runs = append(v.Runs, heldRun{h, shown, more, estateOf(h.Changes), shared(h.Changes)})
	}
	return v, nil
}

// cut gives what of a list is shown, and how many more there are.
func cut[T any](list []T) (shown []T, more int) {
	shown = list[:min(len(list), mostShown)]
	return shown, len(list) - len(shown)
}

// shared gives the reason of all changes, "" where they have several.
func shared(changes []state.Change) string {
	for _, c := range changes {
		if c.Reason != changes[0].Reason {
			return ""
		}
	}
	return changes[0].Reason
}

// estate is what those own who are to leave, as far as somebody has counted.
type estate struct {
	Schedules int
	Handover  string // what becomes of it before the end; "": Omni deletes the schedules
}

func estateOf(changes []state.Change) (all estate) {
	for _, c := range changes {
		if c.Schedules != nil {
			all.Schedules += *c.Schedules
		}
		if c.Handover != "" {
			all.Handover = c.Handover
		}
	}
	return all
}

// reviewView is what is asked once more.
type reviewView struct {
	Run, Hash string
	Approves  bool
	Only      []string
	Count     int
	Estate    estate
	Shown     []state.Change
	More      int
	Already   []string
}

// reviewByPage shows what a decision would cover, and asks once more.
func (a *api) reviewByPage(w http.ResponseWriter, r *http.Request, who Visitor) {
	if err := readForm(w, r); err != nil {
		a.refuse(w, r, err)
		return
	}
	v := sync.Verdict{Run: r.PathValue("run"), Decision: state.Approved, By: who.by(""), Hash: r.PostFormValue("hash"), Preview: true}
	switch wish := r.PostFormValue("verdict"); wish {
	case "approve-all", "reject-all":
	case "approve-some", "reject-some":
		if v.Only = r.PostForm["only"]; len(v.Only) == 0 {
			a.refuse(w, r, refusal("decide", "nothing is ticked", "go back and tick whom it is about, or decide about all"))
			return
		}
	default:
		a.refuse(w, r, refusal("decide", "the form says neither approve nor reject", ""))
		return
	}
	if wish := r.PostFormValue("verdict"); wish == "reject-all" || wish == "reject-some" {
		v.Decision = state.Rejected
	}
	d, err := a.Engine.Decide(r.Context(), v)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	shown, more := cut(d.Decided)
	view := reviewView{Run: v.Run, Hash: v.Hash, Approves: v.Decision == state.Approved, Only: v.Only, Count: heldIn(d.Decided),
		Estate: estateOf(d.Decided), Shown: shown, More: more, Already: d.Already}
	a.render(w, http.StatusOK, "review", a.framed(r, who, "Decide", view))
}

// decideByPage decides what the page before has named; an approval is done at once.
func (a *api) decideByPage(w http.ResponseWriter, r *http.Request, who Visitor) {
	if err := readForm(w, r); err != nil {
		a.refuse(w, r, err)
		return
	}
	v := sync.Verdict{Run: r.PathValue("run"), By: who.by(""), Hash: r.PostFormValue("hash"), Only: r.PostForm["only"]}
	decisions := map[string]state.Decision{"approve": state.Approved, "reject": state.Rejected}
	if v.Decision = decisions[r.PostFormValue("decision")]; v.Decision == state.None || v.Hash == "" {
		a.refuse(w, r, refusal("decide", "the form doesn't say what about what", "begin once more at the page Held"))
		return
	}
	preview := v
	preview.Preview = true
	seen, err := a.Engine.Decide(r.Context(), preview)
	if err == nil && strconv.Itoa(heldIn(seen.Decided)) != r.PostFormValue("count") {
		err = &fault.Error{Kind: fault.Conflict, Op: "what would be decided is no longer what you confirmed", Hint: "nothing was decided; look again"}
	}
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	decided, err := a.Engine.Decide(a.lives, v) //nolint:contextcheck // the decision, and the run after it, go on when the browser leaves
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	count := heldIn(decided.Decided)
	a.Log.Info("somebody decided about what is held", zap.String("who", v.By), zap.String("run", v.Run), zap.String("decision", string(v.Decision)), zap.Int("changes", count))
	if v.Decision == state.Rejected {
		a.done(w, r, "/held", didReject, count)
		return
	}
	a.background(who, sync.Request{Kind: sync.Full})
	a.done(w, r, "/", didApprove, count)
}
