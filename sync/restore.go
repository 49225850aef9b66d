package sync

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// RestoreRequest says whose saved schedules are made anew, and for whom.
type RestoreRequest struct {
	Who      string         `json:"who"`               // as for Saved
	To       string         `json:"to"`                // userName of the new owner in Omni
	Only     []string       `json:"only,omitempty"`    // names or ids of schedules; none: all that are saved
	DryRun   bool           `json:"dry_run,omitempty"` // writes nothing anywhere
	By       string         `json:"by,omitempty"`      // who asks, for the log
	Progress func(Progress) `json:"-"`                 // as in Request
}

// RestoreReport is what became of saved schedules, or would.
type RestoreReport struct {
	Run       string        `json:"run"`
	From      string        `json:"from"` // userName of whose they were
	OktaID    string        `json:"oktaId"`
	To        string        `json:"to"` // userName of the new owner
	OmniID    string        `json:"omniId"`
	DryRun    bool          `json:"dry_run"`
	Outcome   Outcome       `json:"outcome"` // done; failed where one couldn't be restored
	Schedules []Restoration `json:"schedules"`
	Notes     []string      `json:"notes"`
}

// Restoration is what became of one of them. Where it is now, Restored tells.
type Restoration struct {
	state.Saved
	State RestoreState `json:"state"`
	Lacks []string     `json:"lacks,omitempty"` // what doesn't come back with it, with why
	Error string       `json:"error,omitempty"` // why it isn't restored
	Hint  string       `json:"hint,omitempty"`
}

// RestoreState tells how far the restoring of one schedule came.
type RestoreState string

// The states of a restoration.
const (
	ToRestore   RestoreState = "planned"
	IsRestored  RestoreState = "restored" // made anew
	WasThere    RestoreState = "found"    // the new owner has one that sends the same, when and where it did
	WasRestored RestoreState = "before"   // an earlier restoring did it, which isn't repeated
	CantRestore RestoreState = "refused"  // Omni doesn't take it back, or it can't be read
	NotRestored RestoreState = "failed"   // this time: asking again goes on from there
	NotTried    RestoreState = "waiting"  // the restoring ended before its turn
)

const (
	// restoringKind is what the program's log calls a restoring. It is no run of a Loop's.
	restoringKind RunKind = "restore"
	// stepRestore is its one step, for who waits.
	stepRestore = "restore"
	// mostSilent is about how many schedules in a row Omni may not answer.
	mostSilent = 3
)

// Restore makes saved schedules of somebody anew for a new owner, each once. What Omni
// is about to be asked stands in the ledger before it is, so that what an interrupted
// restoring made is found, and not made twice:
//
//	the ledger says of it        what becomes of it
//	nothing                      it is made, unless the new owner has an equal one
//	begun for the same owner     likewise
//	begun for somebody else      it is theirs where they have an equal one; else as if nothing was begun
//	restored                     nothing
//
// It ends after the schedule that is under way when ctx does. An error says that nothing
// was begun; whatever happened later is in the report.
func (e *Engine) Restore(ctx context.Context, r RestoreRequest) (RestoreReport, error) {
	select {
	case e.restoring <- struct{}{}:
		defer e.restoring.Unlock()
	case <-ctx.Done():
		return RestoreReport{}, context.Cause(ctx)
	}
	if err := e.knowing(ctx); err != nil {
		return RestoreReport{}, err
	}
	e.o.Omni.Away(ctx, true)
	run := e.begin(Request{Kind: restoringKind, Cause: CauseCommand, Progress: r.Progress})
	j := &restoring{engine: e, request: r, run: run}
	saves, notes, err := e.restorable(ctx, r)
	if err == nil {
		j.to, err = e.heir(ctx, r.To)
	}
	if err != nil {
		return RestoreReport{}, err
	}
	j.report = RestoreReport{Run: run.id, From: saves[0].UserName, OktaID: string(saves[0].Owner), To: j.to.UserName, OmniID: string(j.to.ID), DryRun: r.DryRun,
		Schedules: make([]Restoration, 0, len(saves)), Notes: notes}
	j.conclude(j.all(ctx, saves))
	return j.report, nil
}

// knowing makes sure that the ledger knows what was restored: it is ours, and whole.
func (e *Engine) knowing(ctx context.Context) error {
	c, err := e.connection(ctx)
	if err == nil && c.Org != "" {
		err = e.owns(c)
	}
	if err != nil || c.Lost != "" { // and then the archive has given back what was saved
		return err
	}
	why, _, err := e.lost(ctx, c)
	if err == nil && why != "" {
		err = &fault.Error{Kind: fault.Refused, Op: "what was saved isn't known now", Detail: why,
			Hint: "the next run, such as syncd reconcile, takes it from the archive; ask again after it"}
	}
	return err
}

// heir finds who is to have schedules: an active member.
func (e *Engine) heir(ctx context.Context, userName string) (identity.Account, error) {
	const op = "look the new owner up in Omni"
	const hint = "name somebody with --to who signs in to Omni"
	a, err := e.o.Omni.FindUser(ctx, strings.TrimSpace(userName))
	switch {
	case fault.Is(err, fault.NotFound):
		err = &fault.Error{Kind: fault.Refused, Op: op, Detail: fmt.Sprintf("nobody there has the username %q", userName), Hint: hint}
	case err == nil && !a.Active:
		err = &fault.Error{Kind: fault.Refused, Op: op, Detail: a.UserName + " isn't an active member", Hint: hint}
	}
	return a, err
}

// restorable gives the saved schedules that are asked for, and what there is to say of
// what isn't among them.
func (e *Engine) restorable(ctx context.Context, r RestoreRequest) (schedules []state.Saved, notes []string, err error) {
	all, err := e.savesOf(ctx, r.Who)
	if err != nil {
		return nil, nil, err
	}
	schedules = slices.DeleteFunc(slices.Clone(all), func(s state.Saved) bool { return s.Kind != state.Schedule })
	notes = []string{}
	if n := len(all) - len(schedules); n > 0 && len(r.Only) == 0 {
		notes = append(notes, counted(n, "document")+" noted beside the schedules: Omni keeps documents, and an admin gives them to others there")
	}
	if len(schedules) == 0 {
		return nil, nil, &fault.Error{Kind: fault.NotFound, Op: fmt.Sprintf("no schedule is saved of %q", r.Who),
			Hint: "syncd schedules list EMAIL tells what is; it is kept for as long as deprovision.keep says"}
	}
	for _, s := range schedules {
		if s.Owner != schedules[0].Owner {
			return nil, nil, &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("several people were called %q", r.Who), Detail: fmt.Sprintf("with the Okta ids %s and %s", schedules[0].Owner, s.Owner),
				Hint: "name the one who is meant by the Okta id; syncd schedules list tells whose is what"}
		}
	}
	schedules, err = only(schedules, r.Only)
	return schedules, notes, err
}

// only gives the schedules of those names, or ids. Nothing is restored where one of these
// means nothing.
func only(schedules []state.Saved, words []string) ([]state.Saved, error) {
	if len(words) == 0 {
		return schedules, nil
	}
	meant := map[string]bool{}
	for _, word := range words {
		found := false
		for _, s := range schedules {
			if s.ID == word || identity.FoldName(s.Name) == identity.FoldName(word) {
				meant[s.ID], found = true, true
			}
		}
		if !found {
			return nil, &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("no schedule %q is saved of %s", word, schedules[0].UserName),
				Hint: "nothing was restored; syncd schedules list names what is saved"}
		}
	}
	return slices.DeleteFunc(schedules, func(s state.Saved) bool { return !meant[s.ID] }), nil
}
