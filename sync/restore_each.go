package sync

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// restoring is one restoring while it lasts.
type restoring struct {
	engine  *Engine
	request RestoreRequest
	run     *run
	to      identity.Account
	silent  int // about how many in a row Omni didn't answer
	report  RestoreReport
}

// all restores one after the other. What ends it early, and is given, leaves the rest
// untried.
func (j *restoring) all(ctx context.Context, saves []state.Saved) error {
	f := j.run.follower
	f.waits = j.engine.o.Waiting
	defer f.follow(j.run)()
	f.begin(stepRestore, len(saves))
	work, cancel := outlast(ctx)
	defer cancel()
	work = identity.WithLane(work, identity.LaneOther)
	var ended error
	for _, s := range saves {
		if ended == nil && ctx.Err() != nil {
			ended = context.Cause(ctx)
		}
		done := Restoration{Saved: s, State: NotTried}
		if ended == nil && j.silent < mostSilent {
			done, ended = j.one(work, s)
		}
		f.count(stepRestore, 1)
		done.Sealed = nil
		j.report.Schedules = append(j.report.Schedules, done)
	}
	if ended == nil && !j.request.DryRun {
		ended = j.engine.place(work)
	}
	return ended
}

// one restores one schedule, or tells what would become of it. Its error ends the
// restoring: the ledger doesn't take what is to be recorded, or Omni refuses the key.
func (j *restoring) one(ctx context.Context, s state.Saved) (Restoration, error) {
	r := Restoration{Saved: s}
	if s.Restored != nil && s.Restored.ID != "" {
		r.State = WasRestored
		return r, nil
	}
	schedule, err := j.engine.unseal(s)
	if err != nil {
		r.State, r.Error, r.Hint = CantRestore, err.Error(), fault.HintOf(err)
		return r, nil
	}
	theirs, err := j.begun(ctx, s, schedule)
	switch {
	case err != nil:
		return j.failed(r, schedule, err)
	case theirs != nil && j.request.DryRun:
		r.State, r.Restored = WasRestored, theirs
		return r, nil
	case theirs != nil:
		r.State, r.Restored = WasRestored, theirs
		return r, j.engine.keep(ctx, nil, r.Saved)
	case j.request.DryRun:
		return j.foreseen(ctx, r, schedule)
	}
	return j.make(ctx, r, schedule)
}

// begun looks for what an interrupted restoring made for somebody else; nil for nothing.
func (j *restoring) begun(ctx context.Context, s state.Saved, schedule identity.Schedule) (*state.Restored, error) {
	if s.Restored == nil || identity.FoldUserName(s.Restored.To) == identity.FoldUserName(j.to.UserName) {
		return nil, nil //nolint:nilnil // both are results
	}
	other, err := j.engine.o.Omni.FindUser(ctx, s.Restored.To)
	if fault.Is(err, fault.NotFound) || err == nil && !other.Active { // and what they owned is gone
		return nil, nil //nolint:nilnil // likewise
	}
	if err != nil {
		return nil, err
	}
	there, err := j.engine.o.Omni.FindSchedule(ctx, other.ID, schedule)
	if err != nil || there.ID == "" {
		return nil, err
	}
	done := *s.Restored
	done.ID = string(there.ID)
	return &done, nil
}

// foreseen tells what would become of a schedule, as far as that is known without
// asking Omni to make it.
func (j *restoring) foreseen(ctx context.Context, r Restoration, schedule identity.Schedule) (Restoration, error) {
	there, err := j.engine.o.Omni.FindSchedule(ctx, j.to.ID, schedule)
	r.Lacks = lacks(there.Problems, schedule)
	if err != nil {
		return j.failed(r, schedule, err)
	}
	r.State = ToRestore
	if there.ID != "" {
		r.State, r.Restored = WasThere, &state.Restored{To: j.to.UserName, ID: string(there.ID)}
	}
	return r, nil
}

// make has Omni make a schedule, and records it before and after.
func (j *restoring) make(ctx context.Context, r Restoration, schedule identity.Schedule) (Restoration, error) {
	e, again := j.engine, r.Restored != nil
	r.Restored = &state.Restored{To: j.to.UserName, At: time.Now().UTC()}
	if err := e.keep(ctx, nil, r.Saved); err != nil {
		return j.failed(r, schedule, err)
	}
	var answers []identity.Answer
	began := time.Now()
	made, err := e.o.Omni.CreateSchedule(identity.WithAnswers(ctx, func(met identity.Answer) { answers = append(answers, met) }), j.to.ID, schedule)
	r.Lacks = lacks(made.Problems, schedule)
	var ends error
	switch {
	case err != nil:
		r, ends = j.failed(r, schedule, err)
	case made.Found && !again:
		r.State = WasThere
	default:
		r.State = IsRestored
	}
	if err == nil {
		r.Restored.ID = string(made.ID)
		for _, p := range made.Problems {
			r.Restored.Problems = append(r.Restored.Problems, p.What)
		}
	}
	if r.State == CantRestore { // nothing was made
		r.Restored = nil
	}
	told := j.told(r, schedule)
	told.Answers, told.Seconds = answers[max(0, len(answers)-keptAnswers):], time.Since(began).Seconds()
	for i := range told.Answers {
		told.Answers[i].Error = veiled(told.Answers[i].Error, schedule, true)
	}
	if err := e.keep(ctx, []state.Change{told}, r.Saved); err != nil {
		return r, err
	}
	return r, ends
}

// failed sorts a failure. One of them ends the restoring: where Omni refuses the key,
// or this process may no longer write, each further one would fail alike.
func (j *restoring) failed(r Restoration, schedule identity.Schedule, err error) (Restoration, error) {
	r.State, r.Error, r.Hint = NotRestored, veiled(err.Error(), schedule, false), fault.HintOf(err)
	switch fault.KindOf(err) {
	case fault.Refused:
		r.State = CantRestore
	case fault.Unauthorized, fault.Fenced:
		return r, err
	case fault.Unavailable, fault.Limited:
		j.silent++
		return r, nil
	default:
	}
	j.silent = 0
	return r, nil
}

// told is what became of a schedule as the log tells it. It names nobody who got it, and
// nothing of where it goes to.
func (j *restoring) told(r Restoration, schedule identity.Schedule) state.Change {
	c := state.Change{Kind: string(Restore), UserName: r.UserName, OktaID: string(r.Owner), OmniID: string(r.Omni), After: &state.Facts{Members: []string{j.to.UserName}},
		State: state.Applied, Run: j.run.id, Cause: j.request.cause(), Time: time.Now().UTC()}
	switch r.State {
	case IsRestored:
		c.Reason = fmt.Sprintf("the schedule %q was made anew, as %s", r.Name, r.Restored.ID)
	case WasThere:
		c.Reason = fmt.Sprintf("the schedule %q was there already, as %s", r.Name, r.Restored.ID)
	default:
		c.State, c.Reason, c.Error = state.Failed, fmt.Sprintf("the schedule %q", r.Name), veiled(r.Error, schedule, true)
	}
	if r.Restored != nil && len(r.Restored.Problems) > 0 {
		c.Reason += ", without: " + strings.Join(r.Restored.Problems, ", ")
	}
	j.run.logger.Info("change", zap.String("change", c.Kind), zap.String("state", string(c.State)), zap.String("name", c.UserName), zap.String("schedule", r.Name),
		zap.String("new_owner", j.to.UserName), zap.String("error", c.Error))
	return c
}

func (r RestoreRequest) cause() string {
	if r.By == "" {
		return CauseCommand
	}
	return CauseCommand + " by " + r.By
}

// lacks tells what doesn't come back, with why.
func lacks(problems []identity.Problem, schedule identity.Schedule) []string {
	var list []string
	for _, p := range problems {
		list = append(list, p.What+": "+veiled(p.Why, schedule, false))
	}
	return list
}

// veiled is a text in which Omni may repeat where a schedule goes to, without that: it may
// be as confidential as a credential. Addresses of mail are left out where all is.
func veiled(text string, schedule identity.Schedule, all bool) string {
	if schedule.Destination == "email" && !all {
		return text
	}
	for _, place := range schedule.Recipients {
		text = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(place)).ReplaceAllLiteralString(text, "(hidden)")
	}
	return text
}

// conclude sums the restoring up, and says what it means for what goes out, and what
// ended it early.
func (j *restoring) conclude(ended error) {
	r := &j.report
	r.Outcome = Done
	count := map[RestoreState]int{}
	for _, s := range r.Schedules {
		count[s.State]++
	}
	if ended != nil || count[CantRestore]+count[NotRestored]+count[NotTried] > 0 {
		r.Outcome = Failing
	}
	switch theirs := count[IsRestored] + count[WasThere] + count[ToRestore]; {
	case theirs > 0 && r.DryRun:
		r.Notes = append(r.Notes, "a schedule that is restored runs with the access to data and the attributes of "+r.To+", no longer with those of "+r.From+": other rows may go out than before")
	case theirs > 0:
		r.Notes = append(r.Notes, "what is restored runs with the access to data and the attributes of "+r.To+", no longer with those of "+r.From+
			": other rows may go out than before; look at each one before it is due")
	}
	if ended == nil && count[NotTried] > 0 {
		ended = &fault.Error{Kind: fault.Unavailable, Op: "Omni didn't answer several times in a row"}
	}
	if ended != nil {
		r.Notes = append(r.Notes, "it ended early: "+ended.Error()+"; asked again, it goes on from there")
	}
	if broken := j.engine.unarchived.Load(); broken != nil {
		r.Notes = append(r.Notes, *broken)
	}
}
