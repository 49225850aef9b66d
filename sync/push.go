package sync

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Gate lets pushes through to Omni at the pace that it allows.
type Gate interface {
	// Enter lets a request about the object through, or fails with fault.Limited and
	// in After when its turn comes. leave is told how it ended.
	Enter(ctx context.Context, key string) (leave func(error), err error)
	// Free reports whether Enter would let a request in now.
	Free() bool
	// Away counts one more push of the object that can't be served for now, and
	// says when it is to come again.
	Away(key string) time.Duration
	// Again gives a push that was let in, and couldn't be done in time, the first place.
	Again(key string) time.Duration
}

// PushOptions are what pushes need beside the engine's parts.
type PushOptions struct {
	Gate Gate
	Pull bool // Okta is read as well: then a reading decides the values of whom it has met
}

// Pushes takes what Okta pushes. Each push is a desired state with one object in
// it, and goes the way of every run: plan, guard, apply, record. Its methods may
// be called while a run of the loop is under way; what is about one object is
// done in the order of arrival.
//
// The ledger keeps what was accepted (what Okta asked and was told) beside what
// was applied. A removal is accepted when it stands in the ledger, as it may have
// to wait; everything else when Omni has confirmed it.
type Pushes struct {
	engine *Engine
	o      PushOptions
	book   *book
	follow chan struct{} // capacity 1: something accepted isn't applied yet

	mu        sync.Mutex
	unheard   map[identity.OktaID]unheard
	asked     map[identity.OktaID]time.Time // when Okta was asked about somebody who leaves
	strangers *snapshot                     // of Omni's own users
	looks     looks                         // for names in Omni, of late
	looking   chan struct{}                 // holds something for each that is under way
}

// looks are how many names were looked up one by one since a moment.
type looks struct {
	since time.Time
	n     int
}

// Pushes makes the engine ready for pushes. It reads the ledger once, and must be
// called before any run.
func (e *Engine) Pushes(ctx context.Context, o PushOptions) (*Pushes, error) {
	run := e.begin(Request{Kind: Push, Cause: "start"})
	leave := e.join(run.ledger)
	err := e.recall(ctx, run)
	leave()
	if err == nil {
		_, err = e.pausedNow(ctx)
	}
	if err != nil {
		return nil, err
	}
	follow := make(chan struct{}, 1)
	b := newBook(func() { wake(follow, struct{}{}) })
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	if err := b.load(ctx, e.o.Store); err != nil {
		return nil, err
	}
	maps.Copy(e.pushed, b.lately)
	p := &Pushes{engine: e, o: o, book: b, unheard: map[identity.OktaID]unheard{}, asked: map[identity.OktaID]time.Time{}, follow: follow,
		looking: make(chan struct{}, looksAtOnce)}
	e.book, e.decided = b, p.wake
	return p, nil
}

// unheardFor is how long a creation counts whose answer nobody heard. Okta comes
// again within hours.
const unheardFor = 12 * time.Hour

// unheard is a creation whose answer nobody heard.
type unheard struct {
	at   time.Time
	user identity.PushedUser
}

// errand is one push while it lasts.
type errand struct {
	pushes *Pushes
	run    *run
	ledger *Ledger
	policy Policy
	pause  state.Pause // that holds, zero for none
	object string      // for the gate
	rest   []Change    // what isn't to be done now
	waits  Notes       // the holds of what waits for a person
	woken  bool        // something is to be looked at when it is over
	seen   Notes       // what the push tells, noted when it is accepted
	accept func(done []Change, n Notes)
}

// begin opens an errand with a ledger of its own, until the function that it gives is called.
func (p *Pushes) begin(cause, object string, subjects ...string) (*errand, func()) {
	e := p.engine
	run := e.begin(Request{Kind: Push, Cause: cause})
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	l := p.book.part()
	l.touched, l.pushes = map[string]bool{}, subjects
	maps.DeleteFunc(l.Holds, func(key string, _ state.Hold) bool {
		if _, _, member := memberOf(key); member {
			return true
		}
		return !slices.ContainsFunc(subjectsOf(key), func(s string) bool { return slices.Contains(subjects, s) })
	})
	l.forgets = map[string]bool{}
	l.mayForget(l.Holds)
	e.live[l] = true
	run.ledger = l
	e.touch(l, run.started, subjects...)
	x := &errand{pushes: p, run: run, ledger: l, policy: e.policy, object: object, seen: newNotes()}
	return x, func() {
		e.ledgers.Lock()
		delete(e.live, l)
		e.touch(l, time.Now(), subjects...) // once more, for runs that have begun meanwhile
		e.ledgers.Unlock()
		if p.o.Pull {
			e.lookAt(subjects)
		}
		if x.woken {
			p.wake()
		}
	}
}

// do plans what is desired, does what need not wait, and accepts it. It gives
// what was planned, and an error where the push isn't accepted.
func (x *errand) do(ctx context.Context, d Desired) ([]Change, error) {
	e, l := x.pushes.engine, x.ledger
	e.title(&d)
	x.run.desired = d
	e.ledgers.Lock()
	l.catchUp()
	e.ledgers.Unlock()
	x.seen = observe(d, l, x.run.started)
	l.Take(x.seen)
	if err := e.inspect(ctx, l, d, true); err != nil {
		return nil, x.temporary(err)
	}
	judged := e.judge(e.planned(ctx, x.run, x.policy), d, l, e.policy, x.run.started)
	waiting := x.pushes.waiting(holds(judged.Changes, d, l, x.run))
	x.seen.join(waiting)
	x.waits = waiting
	x.run.alert(waiting)
	x.pause = e.brake.now(time.Now())
	judged.Changes = halt(judged.Changes, x.pause, d, l)
	planned, rest := part(judged.Changes)
	x.rest = rest
	if why := x.refusal(judged.Changes); why != nil {
		if err := x.takesFirst(ctx, judged); err != nil {
			return judged.Changes, err
		}
		if len(waiting.Holds) > 0 {
			return judged.Changes, errors.Join(why, e.commit(ctx, nil, waiting))
		}
		return judged.Changes, why
	}
	if len(planned) == 0 {
		n := x.seen
		x.accept(nil, n)
		return judged.Changes, e.commit(ctx, l, n)
	}
	leave, err := x.pushes.o.Gate.Enter(ctx, x.object)
	if err != nil {
		return judged.Changes, err
	}
	done, err := x.apply(ctx, planned, judged.Asked)
	leave(err)
	return append(done, rest...), err
}

// part gives the changes that are to be done, and the others.
func part(changes []Change) (planned, rest []Change) {
	for _, c := range changes {
		if c.State == state.Planned {
			planned = append(planned, c)
		} else {
			rest = append(rest, c)
		}
	}
	return planned, rest
}

// together makes what waits part of what waits already for the same reason, so that
// one decision covers a wave of pushes.
func (p *Pushes) together(n Notes) Notes {
	e := p.engine
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	for key, h := range n.Holds {
		if h == nil {
			continue
		}
		for _, other := range p.book.base.Holds {
			if other.Guard == h.Guard && other.Decision == state.None && h.Since.Sub(other.Since) < waveLasts && strings.HasPrefix(other.Change.Cause, causePush) {
				with := *h
				with.Run = other.Run
				n.Holds[key] = &with
				break
			}
		}
	}
	return n
}

// waveLasts is for how long what is pushed joins what was held first: who decides later
// has seen it.
const waveLasts = 5 * time.Minute

// causePush begins the cause of what Okta pushed.
const causePush = "push"

// lookAtUser looks at the account first where an answer of Omni's got lost, or its name was
// forgotten: what stands there is what the push is compared with.
func (x *errand) lookAtUser(ctx context.Context, key identity.OktaID) error {
	e := x.pushes.engine
	switch u := x.ledger.Users[key]; {
	case u.Sent != nil:
		return e.lookAtUser(ctx, x.run, key, u)
	case u.Forgotten:
		return e.recollectOne(ctx, x.run, key)
	}
	return nil
}

// lookAtGroup is lookAtUser for a group.
func (x *errand) lookAtGroup(ctx context.Context, key identity.GroupID) error {
	if g := x.ledger.Groups[key]; g.Sent != nil {
		return x.pushes.engine.lookAtGroup(ctx, x.run, key, g)
	}
	return nil
}

// apply does the changes in Omni, one after the other, and records each; the last
// one together with what is accepted.
func (x *errand) apply(ctx context.Context, planned []Change, asked map[string]bool) ([]Change, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	a := &applier{engine: x.pushes.engine, run: x.run, asked: asked, ledger: x.ledger, managed: x.policy.Attributes, stop: stop}
	work, cancel := outlast(ctx)
	defer cancel()
	asking := work
	if until, ends := ctx.Deadline(); ends { // Okta waits no longer for Omni, and we as long as it takes to record it
		var over context.CancelFunc
		asking, over = context.WithDeadline(work, until)
		defer over()
	}
	var done []Change
	lanes := lanesOf(planned, x.run.request.Cause != causeFollow)
	for i, c := range planned {
		c, notes := a.perform(identity.WithLane(asking, lanes[i]), c)
		done = append(done, c)
		if c.State != state.Applied && c.State != state.Kept {
			a.keep(work, c, notes)
			if len(c.Answers) == 0 && stopped(context.Cause(ctx)) { // its turn at Omni didn't come
				return done, x.pushes.late(ctx.Err(), x.object)
			}
			return done, x.temporary(errors.Join(context.Cause(ctx), x.failure(c, a.broke)))
		}
		if i == len(planned)-1 && ctx.Err() == nil { // else Okta isn't told, and asks again
			last := x.seen.clone()
			last.join(notes)
			x.accept(done, last)
			notes = last
		}
		a.keep(work, c, notes)
		if err := context.Cause(ctx); err != nil {
			return done, x.temporary(err)
		}
	}
	return done, nil
}

// refusal tells why the push can't be accepted, whatever Omni would say, nil where
// it can. Removals that wait can.
func (x *errand) refusal(changes []Change) error {
	for _, c := range changes {
		if why := x.halted(c); why != nil {
			return why
		}
		if c.ends() || c.Kind == Release || c.Kind == Rename || c.Group != "" && c.Kind == Delete {
			continue
		}
		switch {
		case c.State == state.Kept && len(c.Drop) == 0:
			return &fault.Error{Kind: fault.Declined, Op: c.Name, Detail: c.Reason}
		case c.State == state.Held && c.Guard == guardRecycled:
			return recycled(c.Name, c.Reason)
		case c.State == state.Held && c.Guard == guardTakeovers:
			return x.takeover(c)
		case c.State == state.Held && len(c.Drop) == 0:
			return x.held(c)
		case c.refusedValues() && x.run.misnamed != "":
			return &fault.Error{Kind: fault.Limited, Op: c.Name, Detail: c.Reason,
				Hint: "syncd check tells more", After: x.pushes.o.Gate.Away(x.object)}
		case c.State == state.Failed:
			return &fault.Error{Kind: fault.Refused, Op: c.Name, Detail: firstOf(c.Error, c.Reason)}
		}
	}
	return nil
}

// takeover refuses a recycled address until a person has said who gets the account.
func (x *errand) takeover(c Change) error {
	return &fault.Error{Kind: fault.Conflict, Op: c.Name, Detail: c.Reason,
		Hint: "syncd approve " + x.decidedIn(c) + " lets it through, then retry the task in Okta"}
}

// held asks Okta to come again while the change waits for a person.
func (x *errand) held(c Change) error {
	return &fault.Error{Kind: fault.Limited, Op: c.Name, Detail: c.Reason,
		Hint: "syncd approve " + x.decidedIn(c) + " lets it through, then Okta's next try succeeds", After: x.pushes.o.Gate.Away(x.object)}
}

// decidedIn is the run that a decision about a held change names.
func (x *errand) decidedIn(c Change) string {
	run := x.run.id
	for _, key := range holdKeys(c) {
		if h, known := x.ledger.Holds[key]; known {
			run = h.Run
		} else if h := x.waits.Holds[key]; h != nil {
			run = h.Run
		}
	}
	return run
}

func recycled(name, reason string) error {
	return &fault.Error{Kind: fault.Conflict, Op: name, Detail: reason,
		Hint: "rename or delete the old account in Omni, run `syncd reconcile`, then retry the task in Okta"}
}

// failure is why Omni didn't do a change.
func (x *errand) failure(c Change, broke error) error {
	switch {
	case c.State == state.Held && c.Guard == guardRecycled:
		return recycled(c.Name, c.Reason)
	case c.State == state.Held && c.Guard == guardTakeovers:
		return x.takeover(c)
	case c.State == state.Held:
		return &fault.Error{Kind: fault.Declined, Op: c.Name, Detail: c.Reason}
	case broke != nil:
		return broke
	default:
		return &fault.Error{Kind: fault.Unavailable, Op: c.Name, Detail: firstOf(c.Error, c.Reason)}
	}
}

// temporary gives an error that will pass the time after which to come again.
func (x *errand) temporary(err error) error {
	if err == nil || !temporary(err) {
		return err
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Limited && f.After > 0 {
		return err
	}
	return &fault.Error{Kind: fault.Unavailable, Op: "Omni didn't do it yet", Err: err, After: x.pushes.o.Gate.Away(x.object)}
}

// newOwnKey makes the key of an object that no reading has met.
func newOwnKey() string { return ownKey + strings.ToLower(rand.Text()) }

// wake has what was accepted and isn't applied looked at.
func (p *Pushes) wake() { wake(p.follow, struct{}{}) }

func (p *Pushes) notFound(kind, id string) error {
	return &fault.Error{Kind: fault.NotFound, Op: fmt.Sprintf("%s %s", kind, id), Detail: "there is no such resource"}
}
