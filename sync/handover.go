package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// A leaver hands over first: before a membership ends, what its owner has in Omni is
// read, and saved or given to somebody else, as the policy asks. It may take longer
// than a run should, so it is done in slices:
//
//	read what is owned -> what is still to be done about it -> save, give -> read again
//
// until a reading finds nothing that waits. What became of each thing stands in the
// ledger before the next few are begun, so that it goes on where it was, whatever
// ended it. Nobody who owns nothing leaves a trace.

const (
	// sliceOf is how long a slice is: the turn on the leaver is free in between, for a
	// new assignment that is pushed.
	sliceOf = 10 * time.Second
	// handoverOf is for how long a run goes on with one leaver's slices, while nobody
	// waits for it to end. What is left is done by the next one.
	handoverOf = 10 * time.Minute
	// handovers is how many leavers' slices are done at once.
	handovers = 4
	// rereads is how often what is owned is read in one slice: new schedules may come
	// for as long as an open session lasts.
	rereads = 4
	// goOnIn is when the next slice is, where it is another run's.
	goOnIn = time.Second
	// itemsAtOnce is after how many items what became of them is written.
	itemsAtOnce = 10
	// few is up to how many items a handover goes in the lane of the removal.
	few = 10
)

// errSlice is the end of a slice that left something to do.
var errSlice = errors.New("what the user owns is being handed over")

// errAssigned says that the user isn't to leave any more.
var errAssigned = errors.New("the user is assigned again")

// road is one leaver's handover, for the time of a slice.
type road struct {
	*applier
	change Change
	user   state.User
	record state.Leaver
	known  bool // the ledger has the record
	until  time.Time

	listed estate // as it was read last
	looked bool   // listed was read, in this slice or in the one before
	stale  bool   // who may take over is found out anew

	dirty int           // items whose fate isn't written yet
	saves []state.Saved // likewise
	ready []int         // items that are saved once these are
	given []state.Item  // that have a new owner, likewise
	log   []state.Change
}

// handOver does a slice of what is to be done before the membership ends, and reports
// whether it may end now. Else the change says what keeps it. The notes go with the
// record of the change.
func (a *applier) handOver(ctx context.Context, c Change, u state.User) (Change, Notes, bool) {
	notes := newNotes()
	p := a.engine.policy.Handover
	if !asksFor(p) {
		return c, notes, true
	}
	r := &road{applier: a, change: c, user: u}
	err := a.aside(ctx, func() error {
		r.until = time.Now().Add(sliceOf)
		if err := r.recall(ctx); err != nil {
			return err
		}
		return r.walk(identity.WithLane(ctx, identity.LaneOther))
	})
	r.run.follower.remark("")
	c = r.change
	if flushed := r.flush(ctx); err == nil {
		err = flushed
	}
	switch {
	case err == nil:
		if len(r.record.Items) > 0 {
			c.Reason += "; before that: " + became(r.record.Items)
		}
		return c, notes, true
	case errors.Is(err, errAssigned):
		c.State, c.Reason = state.Kept, "not done: "+errAssigned.Error()
	case errors.Is(err, errSlice):
		r.leave()
		c.State, c.Due, c.Continues = state.Kept, time.Now().Add(goOnIn), true
		c.Reason = fmt.Sprintf("%s: %d of %d done; %s", errSlice, settledItems(r.record.Items), len(r.record.Items), stillIn)
		if record := r.record; r.known && r.late(&record, c) {
			notes.Leavers[c.User] = &record
		}
	default:
		c = a.failed(c, r.own(ctx, err))
		if c.State == state.Failed && r.known {
			notes.Leavers[c.User] = r.stuck(c)
			r.holdOn(notes)
		}
	}
	return c, notes, false
}

// stillIn is what the end of an assignment ends at once, and what it doesn't.
const stillIn = "new sign-ons through Okta have ended; a session that is open lasts up to 24 h, and personal access tokens work until the membership ends"

// aside does work without keeping one of the run's slots: that of a few leavers at once,
// and other changes meanwhile.
func (a *applier) aside(ctx context.Context, work func() error) error {
	if a.slots != nil {
		<-a.slots
		defer func() { a.slots <- struct{}{} }()
	}
	wait := time.NewTimer(sliceOf)
	defer wait.Stop()
	select {
	case a.engine.handing <- struct{}{}:
	case <-wait.C:
		return errSlice
	case <-a.over:
		return errSlice
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-a.engine.handing }()
	return work()
}

// recall takes up the record that an earlier slice has left. Whom nobody would take
// over from then is offered to everybody again.
func (r *road) recall(ctx context.Context) error {
	began := *r.user.Unassigned
	kept, known, err := state.Read[state.Leaver](ctx, r.engine.o.Store, state.Leavers, string(r.change.User))
	if err != nil {
		return err
	}
	if known && kept.Began.Equal(began) {
		r.record, r.known = kept, true
		r.record.Items, r.record.To = slices.Clone(kept.Items), slices.Clone(kept.To)
		r.lock()
		r.ledger.Leavers[r.change.User] = kept
		r.unlock()
		r.stale = kept.Error != "" || time.Since(kept.Asked) > heirsFor
		for i := range r.record.Items {
			if kept.Error != "" {
				r.record.Items[i].Tried, r.record.Items[i].Back = nil, 0
			}
		}
		r.record.Error, r.record.Reason = "", ""
	} else {
		now := time.Now().UTC()
		r.record = state.Leaver{Okta: r.change.User, Began: began, Step: state.AtReading, Since: now, Walks: now, Run: r.run.id, Cause: r.run.cause(r.change.Origin)}
	}
	r.record.Omni, r.record.UserName, r.record.Policy = r.user.Omni, r.user.UserName, r.engine.policy.Handover
	return nil
}

// walk goes on until a reading finds nothing that waits, or the slice is over.
func (r *road) walk(ctx context.Context) error {
	for i := range rereads {
		if err := r.over(); err != nil {
			return err
		}
		if i > 0 || !r.goesOn() {
			if err := r.survey(ctx); err != nil {
				return err
			}
		}
		if !slices.ContainsFunc(r.record.Items, func(it state.Item) bool { return open(it) || unsaved(it) }) {
			return r.leaves(ctx)
		}
		if err := r.work(ctx); err != nil {
			return err
		}
	}
	return errSlice
}

// over tells what ends the slice, nil for nothing.
func (r *road) over() error {
	r.lock()
	u, touched := r.ledger.Users[r.change.User], r.ledger.touched[r.change.subject()]
	r.unlock()
	switch {
	case touched || u.Unassigned == nil:
		return errAssigned
	case r.stopping() || time.Now().After(r.until):
		return errSlice
	}
	return nil
}

// readFor is how long what was read to be owned is worked through before it is read again.
const readFor = 10 * time.Minute

// goesOn takes up what an earlier slice of this process has read and not worked through.
// Nobody leaves by that: what ends a membership is read for it.
func (r *road) goesOn() bool {
	r.lock()
	defer r.unlock()
	left, known := r.engine.estates[r.change.User]
	delete(r.engine.estates, r.change.User)
	r.listed, r.looked = left, known
	return known && r.known && time.Since(r.record.Read) < readFor && slices.ContainsFunc(r.record.Items, open)
}

// leave keeps what was read for the next slice. One that came to read nothing leaves
// what the one before did.
func (r *road) leave() {
	if !r.looked {
		return
	}
	r.lock()
	defer r.unlock()
	r.engine.estates[r.change.User] = r.listed
}

// survey reads what the leaver owns, and brings the record in line.
func (r *road) survey(ctx context.Context) error {
	owned, err := r.owned(ctx)
	if err != nil {
		return err
	}
	theirs, err := r.theirs(ctx, owned)
	if err != nil {
		return err
	}
	r.listed, r.looked = owned, true
	now := time.Now().UTC()
	items := surveyed(r.record.Items, owned, theirs, r.record.Policy, now)
	for _, it := range items {
		if it.State == state.ItemTransferred && it.At.Equal(now) {
			r.tell(it, "Omni had done it when the run that asked ended without its answer")
		}
	}
	r.record.Items, r.record.Read = items, now
	if slices.ContainsFunc(items, open) { // so that the next slice goes on from here, were this one over by now
		r.dirty++
	}
	return nil
}

// owned reads what the leaver owns. Whom Omni doesn't know owns nothing.
func (r *road) owned(ctx context.Context) (owned estate, err error) {
	omni := r.engine.o.Omni
	if owned.schedules, err = omni.OwnedSchedules(ctx, r.user.Omni); err != nil {
		return estate{}, r.gone(ctx, err)
	}
	if owned.documents, err = omni.OwnedDocuments(ctx, r.user.Omni); err == nil {
		return owned, nil
	}
	if !treats(r.record.Policy.Documents) && ctx.Err() == nil {
		r.run.logger.Info("which documents a leaver owns isn't known", zap.String("name", r.change.Name), zap.Error(err))
		return owned, nil
	}
	return estate{}, r.gone(ctx, err)
}

// gone lets an answer that there is no such thing count only where it is the account that
// Omni doesn't know: else it says nothing of what somebody owns.
func (r *road) gone(ctx context.Context, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	_, lacks := r.engine.o.Omni.User(ctx, r.user.Omni)
	switch {
	case fault.Is(lacks, fault.NotFound):
		return nil
	case lacks != nil:
		return lacks
	}
	return &fault.Error{Kind: fault.Doubt, Op: "hand over what " + r.user.UserName + " owns", Detail: "Omni knows the user, and doesn't tell what they own", Err: err,
		Hint: "the membership stands until Omni tells: see that omni.base_url is the address of Omni itself, and that Omni has what deprovision.handover asks for"}
}

// theirs gives which of the items that nobody knows the fate of are the heir's by now:
// a run that was killed had sent for that, and lost the answer.
func (r *road) theirs(ctx context.Context, owned estate) (map[string]bool, error) {
	now := map[string]bool{}
	for _, it := range owned.items(r.record.Policy) {
		now[itemKey(it)] = true
	}
	heirs := map[identity.OmniID]bool{}
	for _, it := range r.record.Items {
		if it.State == state.ItemWaiting && it.To != "" && !now[itemKey(it)] {
			for _, h := range r.record.To {
				if h.Email == it.To && h.Omni != "" {
					heirs[h.Omni] = true
				}
			}
		}
	}
	found := map[string]bool{}
	for heir := range heirs {
		var has estate
		var err error
		if has.schedules, err = r.engine.o.Omni.OwnedSchedules(ctx, heir); err == nil {
			has.documents, err = r.engine.o.Omni.OwnedDocuments(ctx, heir)
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		for _, it := range has.items(r.record.Policy) {
			found[itemKey(it)] = true
		}
	}
	return found, nil
}

// leaves records that nothing waits any more, where anything did.
func (r *road) leaves(ctx context.Context) error {
	if !r.known {
		return nil
	}
	r.stepTo(state.AtConfirm)
	r.record.Attempts = 0
	r.dirty++
	return r.flush(ctx)
}

func (r *road) stepTo(s state.Step) {
	if r.record.Step != s {
		r.record.Step, r.record.Since = s, time.Now().UTC()
	}
}
