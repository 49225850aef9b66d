package sync

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// run is one pass while it lasts.
type run struct {
	id      string
	request Request
	started time.Time
	logger  *zap.Logger
	desired Desired
	ledger  *Ledger
	causes  sync.Map    // by origin: the text of the cause
	pause   state.Pause // that holds, zero for none
	noticed string      // what is told before everything else, "" for nothing

	touched  *touched // of a delta, a user run and an undo: where it looks
	undoing  undone   // of an undo: what it is to bring back
	person   *dossier // of a user run: whom it is about
	assumed  *Notes   // of a dry one: a link that isn't in the ledger yet; nil: none
	unread   []string // what couldn't be read, or confirmed, and is looked at again
	wider    string   // of a delta: why a full run is to follow it; "" for none
	roster   *roster  // of any other, where the mapping reads which groups users are in
	misnamed string   // as in Policy, of the plan

	only    map[string]bool           // subjects that the run insists on, where it doesn't on all
	alike   map[string]int            // how often a failure was logged, by its likeness; behind the engine's lock of ledgers
	results []Change                  // as they were reported
	owned   map[identity.OmniID]owned // what those own who leave, as countOwned found it
	others  map[string]bool           // of a user run: subjects of which it left changes alone

	rolesAsked  atomic.Int32          // about how many groups' model roles Omni was asked
	rolesUnread atomic.Pointer[error] // why it didn't tell, after which it isn't asked any more; nil: it did

	follower *follower // of a pass the engine's; of what follows a push its own
}

// runStamp is how the name of a run begins: with the time of its begin, in UTC.
const runStamp = "20060102-150405"

// begin gives a run its name: the time, to sort by, and some chance.
func (e *Engine) begin(r Request) *run {
	now := time.Now()
	id := now.UTC().Format(runStamp) + "-" + strings.ToLower(rand.Text()[:6])
	return &run{id: id, request: r, ledger: newLedger(), started: now, follower: &follower{}, logger: e.o.Log.With(zap.String("run", id), zap.String("run_kind", string(r.Kind)))}
}

// told gives a change as the log and the report see it.
func (r *run) told(c Change) state.Change {
	t := c.tell()
	t.Run, t.Cause, t.Time, t.Happened = r.id, r.cause(c.Origin), time.Now().UTC(), r.touched.hint(c).at.UTC()
	return t
}

// cause is why the run is, and where Okta told what it acts upon. The changes of
// one origin share the text.
func (r *run) cause(from identity.Origin) string {
	if from == "" {
		return r.request.Cause
	}
	text, known := r.causes.Load(from)
	if !known {
		text, _ = r.causes.LoadOrStore(from, strings.TrimPrefix(r.request.Cause+": "+string(from), ": "))
	}
	return text.(string) //nolint:forcetypeassert // nothing else is stored
}

// log writes one line for a change.
func (r *run) log(c Change) {
	fields := []zap.Field{zap.String("change", string(c.Kind)), zap.String("state", string(c.State)), zap.String("subject", c.subject()),
		zap.String("name", c.Name), zap.String("omni_id", c.Omni)}
	if c.Reason != "" {
		fields = append(fields, zap.String("reason", c.Reason))
	}
	if c.State == state.Failed {
		r.logFailure(c, append(fields, zap.String("error", c.Error)))
		return
	}
	r.logger.Info("change", fields...)
}

// loggedAlike is how many failures of one cause, in the same words, a run logs as warnings.
// The others are there at the level debug, and in the ledger.
const loggedAlike = 20

// logFailure writes the line of a failure, of many alike only the first.
func (r *run) logFailure(c Change, fields []zap.Field) {
	if r.alike == nil {
		r.alike = map[string]int{}
	}
	told := c.tell()
	told.Problem = &state.Problem{Cause: c.Why}
	key := likeness(told)
	r.alike[key]++
	switch n := r.alike[key]; {
	case n < loggedAlike:
		r.logger.Warn("change", fields...)
	case n == loggedAlike:
		r.logger.Warn("change", append(fields, zap.String("note", "others that fail alike follow at the level debug, and are counted at the run's end"))...)
	default:
		r.logger.Debug("change", fields...)
	}
}

// logAlike tells how many failed alike, where not all of them were logged as warnings.
func (r *run) logAlike(troubles []state.Trouble) {
	for _, t := range troubles {
		if t.Count > loggedAlike {
			r.logger.Warn("changes that fail alike", zap.Int("count", t.Count), zap.String("cause", t.Cause), zap.String("error", t.Words),
				zap.String("hint", t.Advice), zap.Strings("such_as", t.Names))
		}
	}
}

// Pass does one run: it reads both sides, decides, asks once more about what
// would be taken away, does the rest and records it. An error means that the
// run could not begin or not go on; what it did until then is in the report and
// in the ledger.
//
//	recall -> read -> recheck -> gather -> correct -> meet -> leave -> alongside -> observe -> recollect -> inspect -> plan -> guard -> halt -> confirm -> apply
func (e *Engine) Pass(ctx context.Context, r Request) (Report, error) {
	if err := e.refusedByPause(ctx, r); err != nil {
		return Report{}, err
	}
	run := e.begin(r)
	if r.Kind == User {
		return e.walk(ctx, run)
	}
	if r.Kind == Undo {
		return e.undo(ctx, run)
	}
	var err error
	if run.only, err = e.sought(ctx, r); err != nil {
		return Report{}, err
	}
	return e.pass(ctx, run)
}

// pass is Pass for a run that has begun.
func (e *Engine) pass(ctx context.Context, run *run) (Report, error) {
	r := run.request
	defer e.followed(run)()
	defer e.joinRun(run)()
	if r.byHand() {
		e.o.Omni.Away(ctx, true)
	}
	err := e.recallPaused(ctx, run)
	if err != nil {
		return e.aborted(ctx, run, err)
	}
	r = run.request
	if run.desired, err = e.read(ctx, run); err != nil {
		return e.aborted(ctx, run, err)
	}
	e.title(&run.desired)
	e.recheck(ctx, run)
	if err := e.gather(ctx, &run.desired, run.ledger); err != nil {
		return e.aborted(ctx, run, err)
	}
	if err := e.lookAgain(ctx, run); err != nil {
		return e.aborted(ctx, run, err)
	}
	if err := e.correct(ctx, run); err != nil {
		return e.aborted(ctx, run, err)
	}
	if err := e.meet(ctx, run); err != nil {
		return e.aborted(ctx, run, err)
	}
	e.leave(run)
	if err := e.alongside(ctx, run); err != nil {
		return e.aborted(ctx, run, err)
	}
	if err := e.observe(ctx, run); err != nil {
		return e.aborted(ctx, run, err)
	}
	if err := e.recollect(ctx, run); err != nil {
		return e.aborted(ctx, run, err)
	}
	e.readRoles(ctx, run)
	run.follower.begin(stepPlan, 0)
	judged := run.halt(e.judge(run.mine(e.planned(ctx, run, e.policy)), run.desired, run.ledger, e.policy, run.started))
	e.learn(ctx, run, judged.Changes)
	run.follower.begin(stepConfirm, 0)
	if run.desired.Only && r.Kind != User { // who asks for somebody waits for it
		judged.Changes = e.early(judged.Changes, run.ledger, time.Now())
	}
	confirmed, doubts, notes := e.confirm(ctx, judged.Changes, run, time.Now())
	run.desired.Doubts = append(run.desired.Doubts, doubts...)
	judged.Changes = postpone(confirmed, run.ledger, time.Now(), run.insists)
	if err := e.noteHolds(ctx, run, judged.Changes, notes); err != nil {
		return e.aborted(ctx, run, err)
	}
	if run.person != nil {
		run.person.ready(e)
	}
	if r.DryRun {
		err = e.countOwned(ctx, run, judged.Changes)
		return e.report(run, judged.Changes), err
	}
	results, stopErr := e.apply(ctx, run, judged)
	return e.finish(ctx, run, results, stopErr)
}

// observe notes what was seen in Okta, and what is over because of it.
func (e *Engine) observe(ctx context.Context, run *run) error {
	if err := e.note(ctx, run, observe(run.desired, run.ledger, run.started), e.reopen(ctx, run.ledger, run.desired)); err != nil {
		return err
	}
	if err := e.keeps(ctx, run); err != nil {
		return err
	}
	if err := e.endUnlinks(ctx, run); err != nil {
		return err
	}
	return e.comeBack(ctx, run)
}

// recallPaused is recall, and takes in what a person has paused, and is to be undone.
func (e *Engine) recallPaused(ctx context.Context, run *run) error {
	err := e.recall(ctx, run)
	if err == nil {
		run.pause, err = e.pausedNow(ctx)
	}
	run.keep()
	return err
}

// recall reads the ledger, and refuses one that belongs to other sides.
func (e *Engine) recall(ctx context.Context, run *run) error {
	l := run.ledger
	err := l.recall(ctx, e.o.Store, run.request.Kind == Reconcile)
	if err != nil {
		return err
	}
	if err := l.Connection.Whole(); err != nil {
		return err
	}
	mine := state.Connection{Org: e.o.Identity.Org, App: e.o.Identity.App, Omni: e.o.Identity.Omni}
	if l.Connection.Org == "" { // a new ledger
		if mine.Lost, mine.Follows, err = e.lost(ctx, l.Connection); err != nil {
			return err
		}
		return e.found(ctx, run, mine)
	}
	if err := e.owns(l.Connection); err != nil {
		return err
	}
	mine = l.Connection
	if mine.Lost, mine.Follows, err = e.lost(ctx, l.Connection); err != nil {
		return err
	}
	return e.found(ctx, run, mine)
}

// owns refuses a ledger that belongs to other sides.
func (e *Engine) owns(c state.Connection) error {
	mine := e.o.Identity
	if c.Org == mine.Org && c.App == mine.App && c.Omni == mine.Omni {
		return nil
	}
	return &fault.Error{Kind: fault.Refused,
		Op: fmt.Sprintf("the ledger belongs to Okta %s, app %s, and Omni %s; the configuration names Okta %s, app %s, and Omni %s",
			c.Org, c.App, c.Omni, mine.Org, mine.App, mine.Omni),
		Hint: "give the other connection its own name and state.url: with this ledger every user would look unassigned; where this one has moved, see syncd links rebind --dry-run"}
}

// manyJoiners is from how many users on, who are linked to nothing, Omni's list
// is cheaper than one refused creation and one look-up each.
const manyJoiners = 20

// correct reads Omni where the run asks for it, and brings the ledger in line.
// A full run with many joiners reads Omni too, only to see who is there already.
func (e *Engine) correct(ctx context.Context, run *run) error {
	d, l := &run.desired, run.ledger
	if run.person != nil {
		return e.correctPerson(ctx, run)
	}
	whole := run.request.Kind == Reconcile
	if !whole && unlinked(*d, l) <= manyJoiners {
		return nil
	}
	if err := l.fetchUsers(ctx, e.o.Store); err != nil {
		return err
	}
	d.recallSame(l)
	s, err := e.survey(ctx, l, run.follower)
	if err != nil {
		return err
	}
	d.Doubts = append(d.Doubts, s.Doubts...)
	l.short = d.shorts()
	notes, strange := correct(s, l, e.policy)
	if whole {
		if err := e.note(ctx, run, notes, e.meanwhile(ctx, run, strange)); err != nil {
			return err
		}
		d.Notes = append(d.Notes, unmanaged(strange, *d)...)
	}
	l.Strangers, l.StrangerTeams, l.KeepMissing = strange.Accounts, strange.Teams, len(s.Doubts) > 0
	return nil
}

func unlinked(d Desired, l *Ledger) int {
	n := 0
	for id, p := range d.Users {
		if p.wanted() && l.Users[id].Omni == "" {
			n++
		}
	}
	return n
}

// unmanaged tells what stands in Omni and is nobody's business of ours.
func unmanaged(s Strangers, d Desired) []string {
	wanted, pushed := map[string]bool{}, map[string]bool{}
	for _, p := range d.Users {
		wanted[identity.FoldUserName(p.UserName)] = p.wanted()
	}
	for _, c := range d.Groups {
		pushed[identity.FoldName(c.title())] = true
	}
	outside := d.outside()
	var users, beyond, groups []string
	for name, a := range s.Accounts {
		switch {
		case outside[name] && a.Active:
			beyond = append(beyond, a.UserName)
		case !wanted[name]:
			users = append(users, a.UserName)
		}
	}
	for name, t := range s.Teams {
		if !pushed[name] {
			groups = append(groups, t.DisplayName)
		}
	}
	var notes []string
	if len(beyond) > 0 {
		notes = append(notes, "assigned in Okta but outside users.scope, with an active account in Omni that isn't managed (the scope alone keeps nobody out): "+some(beyond, "user", "users"))
	}
	if len(users) > 0 {
		notes = append(notes, "not managed, left alone: "+some(users, "user", "users"))
	}
	if len(groups) > 0 {
		notes = append(notes, "not managed, left alone: "+some(groups, "group", "groups"))
	}
	return notes
}

// some names up to ten, sorted, and counts the rest.
func some(names []string, one, many string) string {
	slices.Sort(names)
	word := many
	if len(names) == 1 {
		word = one
	}
	if len(names) > 10 {
		return fmt.Sprintf("%d %s (%s and %d more)", len(names), word, strings.Join(names[:10], ", "), len(names)-10)
	}
	return fmt.Sprintf("%d %s (%s)", len(names), word, strings.Join(names, ", "))
}

// note makes notes part of the ledger, and writes them unless the run is dry.
func (e *Engine) note(ctx context.Context, run *run, list ...Notes) error {
	for _, n := range list {
		if run.request.DryRun {
			e.settleWindow(&n, run.ledger, time.Now())
			n.count(run.ledger)
			run.ledger.Take(n)
		} else if err := e.observed(ctx, run.ledger, n); err != nil {
			return err
		}
	}
	return nil
}
