package sync

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// report tells what the run did, or would do.
func (e *Engine) report(r *run, results []Change) Report {
	d := r.desired
	r.results = results
	rep := Report{Run: r.id, Kind: r.request.Kind, Doubts: d.Doubts, Notes: d.Notes, Counts: map[string]int{},
		Changes: make([]state.Change, 0, len(results)), Started: r.started.UTC(), Ended: time.Now().UTC()}
	var failed []state.Change
	for _, c := range results {
		told := r.told(c)
		if c.ends() && (c.State == state.Held || c.State == state.Planned) {
			r.ownedOf(c).on(&told)
		}
		if c.State == state.Failed {
			told.Problem = problem(told, c.Why, r.ledger.Failing[c.subject()])
			failed = append(failed, told)
		}
		rep.Changes = append(rep.Changes, told)
		rep.Counts[string(c.State)]++
		if c.State == state.Planned || c.State == state.Applied {
			rep.Counts[string(c.Kind)]++
		}
	}
	rep.Because = r.heldBecause(results)
	rep.Troubles = Troubles(failed)
	if rep.Pause = e.pauseOf(r, results); rep.Pause != nil {
		rep.Notes = append([]string{pausedBy(*rep.Pause) + lies(results)}, rep.Notes...)
	}
	if r.noticed != "" {
		rep.Notes = append([]string{r.noticed}, rep.Notes...)
	}
	if e.o.Warnings != nil {
		rep.Notes = slices.Concat(rep.Notes, e.o.Warnings())
	}
	if broken := e.unarchived.Load(); broken != nil {
		rep.Notes = append(rep.Notes, *broken)
	}
	if rep.Doubts == nil {
		rep.Doubts = []string{}
	}
	if rep.Notes == nil {
		rep.Notes = []string{}
	}
	if rep.Troubles == nil {
		rep.Troubles = []state.Trouble{}
	}
	rep.Outcome = r.outcome(rep)
	return rep
}

func outcome(r Report) Outcome {
	switch {
	case len(r.Doubts) > 0:
		return Doubtful
	case r.Counts[string(state.Failed)] > 0:
		return Failing
	case r.Counts[string(state.Held)] > 0:
		return Holding
	default:
		return Done
	}
}

// finish writes the run's end into the ledger. A run that was stopped by a
// refused credential before it did anything counts as one that couldn't begin.
func (e *Engine) finish(ctx context.Context, r *run, results []Change, stopErr error) (Report, error) {
	l := r.ledger
	if stopErr == nil && ctx.Err() == nil {
		stopErr = e.countOwned(ctx, r, results)
	}
	if stopErr == nil && ctx.Err() == nil {
		stopErr = e.forgetSaves(ctx, r)
	}
	if stopErr != nil && ctx.Err() == nil {
		r.desired.Notes = append(r.desired.Notes, "the run stopped early: "+stopErr.Error())
	}
	rep := e.report(r, results)
	if stopErr != nil && rep.Outcome == Done {
		rep.Outcome = Failing
	}
	connection := e.concluded(r, rep, results, stopErr)
	if r.desired.Partial { // it can't tell when everybody has come
		connection.Complete = l.Connection.Complete
	}
	if r.misnamed != "" { // what the configuration asks for isn't done, and is guarded as a changed policy when it can be
		connection.Policy = l.Connection.Policy
	}
	ctx, cancel := ending(ctx, stopErr)
	defer cancel()
	err := e.conclude(ctx, r, results, connection)
	e.ledgers.Lock()
	e.watch.after(r, results, time.Now())
	e.ledgers.Unlock()
	e.brake.saw(anyHalted(results), whole(state.Run{Kind: string(rep.Kind)}) && stopErr == nil)
	if err == nil {
		err = e.remember(ctx, rep, r.why(stopErr))
	}
	if err == nil && (fault.Is(stopErr, fault.Fenced) || fault.Is(stopErr, fault.Unauthorized) && rep.Counts[string(state.Applied)] == 0 || stopped(stopErr)) {
		err = stopErr
	}
	e.ran(rep, firstError(err, r.why(stopErr)))
	r.logAlike(rep.Troubles)
	if rep.Pause != nil {
		r.logger.Warn(pausedBy(*rep.Pause) + lies(results))
	}
	r.logger.Info("run", zap.String("outcome", string(rep.Outcome)), zap.Any("counts", rep.Counts), zap.Strings("doubts", rep.Doubts),
		zap.Duration("took", rep.Ended.Sub(rep.Started)), zap.Error(err))
	return rep, err
}

// conclude writes what the run knows now of everything that it looked at.
func (e *Engine) conclude(ctx context.Context, r *run, results []Change, connection state.Connection) error {
	l, n := r.ledger, newNotes()
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	l.catchUp()
	if connection != l.Connection {
		n.Connection = &connection
	}
	if len(r.desired.Doubts) == 0 {
		n.settled(r.desired, results, l)
		maps.DeleteFunc(n.Failing, func(subject string, _ *state.Failure) bool { return r.others[subject] })
	}
	n.unsettled(r.desired, l)
	n.met(r.desired, l)
	n.leave(l.touched)
	n.opened(r.desired, l)
	if err := e.committed(ctx, l, n); err != nil {
		return err
	}
	e.watch.count(l.Groups)
	n = inLine(r.desired, l, results, e.defining(e.policy)) // only now: a group that isn't Open is believed
	n.leave(l.touched)
	return e.committed(ctx, l, n)
}

// concluded is the connection after a run that ended so. A run that left nobody in
// Omni was no first load.
func (e *Engine) concluded(r *run, rep Report, results []Change, stopErr error) state.Connection {
	l := r.ledger
	c := l.Connection
	if stopErr != nil || anyHalted(results) || rep.Kind == Delta || rep.Kind == User || rep.Kind == Undo { // which has seen, or done, too little to say so
		return c
	}
	c.Complete = c.Complete || l.active() > 0 && (rep.Outcome == Done || rep.Outcome == Holding)
	if len(rep.Doubts) > r.desired.Miscounts { // a group that is short may be so for good
		return c
	}
	if !waits(results, guardPolicyChange) {
		c.Policy = e.policy.Fingerprint
	}
	c.Lost = "" // the run has read both sides whole
	return c
}

func waits(results []Change, guard string) bool {
	return slices.ContainsFunc(results, func(c Change) bool { return c.Guard == guard && c.State == state.Held })
}

// settled forgets failures of subjects that nothing is planned for any more.
func (n Notes) settled(d Desired, results []Change, l *Ledger) {
	open := map[string]bool{}
	for _, c := range results {
		open[c.subject()] = true
	}
	for _, subject := range slices.Sorted(maps.Keys(l.Failing)) {
		if !open[subject] && d.covers(subject) {
			n.Failing[subject] = nil
		}
	}
}

// remember appends the run to the ledger's list of runs.
func (e *Engine) remember(ctx context.Context, rep Report, cause error) error {
	if e.o.Fence == "" {
		return nil
	}
	record := recordOf(rep, cause)
	record.Refused = untried(rep.Changes)
	var b state.Batch
	state.Add(&b, state.Runs, record)
	if err := e.put(ctx, b); err != nil {
		return err
	}
	e.archive(ctx, archived(state.ArchivedRun, []state.Run{record})...)
	e.alarms.stir()
	return e.place(ctx)
}

// recordOf is a run as the ledger remembers it.
func recordOf(rep Report, cause error) state.Run {
	record := state.Run{Run: rep.Run, Kind: string(rep.Kind), Outcome: string(rep.Outcome), Started: rep.Started, Ended: rep.Ended,
		Doubts: rep.Doubts, Counts: rep.Counts}
	if cause != nil {
		record.Error, record.Hint, record.Fault = cause.Error(), fault.HintOf(cause), fault.KindOf(cause).String()
	}
	return record
}

// ran tells who measures of the end of a run. One that was stopped has failed at nothing.
func (e *Engine) ran(rep Report, cause error) {
	if e.o.Ran == nil {
		return
	}
	record := recordOf(rep, cause)
	if stopped(cause) || fault.Is(cause, fault.Fenced) {
		record.Outcome = string(Stopped)
	}
	e.o.Ran(record)
}

// refusedKept is how many causes a run remembers of what it couldn't even try.
const refusedKept = 20

// untried gathers the changes that failed without Omni being asked: nothing else in the
// ledger tells of them.
func untried(changes []state.Change) []state.Trouble {
	var list []state.Change
	for _, c := range changes {
		if c.State == state.Failed && c.Error == "" {
			list = append(list, c)
		}
	}
	all := Troubles(list)
	return all[:min(len(all), refusedKept)]
}

// aborted ends a run that could not begin, or could not go on.
func (e *Engine) aborted(ctx context.Context, r *run, err error) (Report, error) {
	rep := e.report(r, nil)
	rep.Outcome = Failing
	left := errors.Is(context.Cause(ctx), ErrLeft)
	if left {
		err = ErrLeft
	}
	if ctx.Err() != nil {
		r.logger.Info("run stopped", zap.Error(err))
	} else {
		r.logger.Error("run", zap.String("outcome", string(rep.Outcome)), zap.Error(err), zap.String("hint", fault.HintOf(err)))
	}
	if !r.request.DryRun {
		e.ran(rep, firstError(context.Cause(ctx), err))
	}
	if !r.request.DryRun && !fault.Is(err, fault.Fenced) && (left || ctx.Err() == nil) {
		ctx, cancel := ending(ctx, err)
		defer cancel()
		_ = e.remember(ctx, rep, err) // the store may be what failed: err says so
	}
	return rep, err
}

// approvalLasts is how long an approval may be acted upon.
const approvalLasts = 24 * time.Hour

// noteHolds notes what was confirmed and what waits for a person, and tells of it, and
// of API keys that are to be replaced.
func (e *Engine) noteHolds(ctx context.Context, run *run, changes []Change, confirmed Notes) error {
	if err := e.watchKeys(ctx, run); err != nil {
		return err
	}
	waits := e.waiting(ctx, run, changes)
	all := confirmed.clone() // in one step: what a person decides meanwhile stands
	all.join(run.remind(waits))
	all.join(waits)
	if err := e.note(ctx, run, all); err != nil {
		return err
	}
	run.alert(waits)
	return nil
}

// holds notes what waits for a person after this run, and what no longer does:
// a hold ends by itself when Okta puts things right, which only a reading
// without doubt can tell.
func holds(changes []Change, d Desired, l *Ledger, r *run) Notes {
	n := newNotes()
	alive := map[string]bool{}
	for _, c := range changes {
		for _, key := range holdKeys(c) {
			alive[key] = true
			if c.State == state.Held {
				n.hold(key, c, l, r)
			}
		}
		if len(l.Undone) > 0 {
			for _, u := range c.Add {
				alive[joinKey(c.Group, u)] = true
			}
		}
		for _, key := range c.otherKeys() { // a no isn't forgotten because the policy calls for another end
			alive[key] = alive[key] || l.Holds[key].Decision == state.Rejected
		}
	}
	if len(d.Doubts) > 0 {
		return n
	}
	for _, key := range slices.Sorted(maps.Keys(l.Holds)) {
		if !alive[key] && (l.forgets == nil || l.forgets[key]) && d.decides(key) {
			n.Holds[key] = nil
		}
	}
	return n
}

// hold notes one held change, the first time also in the log. What a changed policy
// makes of somebody, and who comes, is noted anew where it is no longer what a person
// was shown.
func (n *Notes) hold(key string, c Change, l *Ledger, r *run) {
	told := r.told(c)
	h, known := l.Holds[key]
	stale := pinned(h.Guard) && h.Decision != state.Rejected && !makes(h.Change.After, told.After)
	other := (h.Guard == guardUndone) != (c.Guard == guardUndone)
	if known && !stale && !other && (h.Guard == c.Guard || !c.Takes) && (h.Decision == state.None || !h.At.Before(r.started)) { // what was decided since stands
		return
	}
	shown := told
	shown.Handover = "" // it is told as the policy is when somebody looks
	if _, member, ok := memberOf(key); ok {
		shown = narrowed(told, firstOf(l.Users[member].UserName, string(member)), len(c.Add) > 0)
	}
	n.Holds[key] = &state.Hold{Change: shown, Guard: c.Guard, Run: r.id, Since: r.started, Account: l.Users[c.User].Account}
	if !slices.ContainsFunc(n.Log, func(t state.Change) bool {
		return t.OktaID == told.OktaID && t.Kind == told.Kind && t.Reason == told.Reason
	}) {
		n.Log = append(n.Log, told)
		r.log(c)
	}
}

// holdKeys are the decisions that a change stands for.
func holdKeys(c Change) []string {
	if c.Guard == guardRenames {
		return []string{renameKey(c.User, *c.Patch.UserName)}
	}
	if c.Takes {
		return []string{takeoverKey(c.User, identity.OmniID(c.Omni))}
	}
	if c.Guard == guardUndone && len(c.Add) > 0 {
		keys := make([]string, len(c.Add))
		for i, u := range c.Add {
			keys[i] = joinKey(c.Group, u)
		}
		return keys
	}
	if len(c.Drop) == 0 {
		var keys []string
		if c.Guard != guardAttributes {
			keys = append(keys, c.key())
		}
		if c.Guard == "" || c.Guard == guardAttributes {
			for _, name := range c.losses() {
				keys = append(keys, lossKey(c.User, name))
			}
		}
		return keys
	}
	keys := make([]string, len(c.Drop))
	for i, u := range c.Drop {
		keys[i] = memberKey(c.Group, u)
	}
	return keys
}
