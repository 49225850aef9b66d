package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// work goes through the items that wait: first all that is to be kept of them is saved,
// then they are given away.
func (r *road) work(ctx context.Context) error {
	if len(r.record.Items) > few { // so much isn't to hold up those who come
		ctx = identity.WithLane(ctx, identity.LaneName)
	}
	if err := r.each(ctx, unsaved, r.save); err != nil {
		return err
	}
	gives := func(it state.Item) bool {
		return it.State == state.ItemWaiting && treatment(r.record.Policy, it.Kind) == state.Transfer
	}
	if slices.ContainsFunc(r.record.Items, gives) {
		if err := r.begin(ctx, gives); err != nil {
			return err
		}
	}
	if err := r.each(ctx, gives, r.give); err != nil {
		return err
	}
	return r.refusal()
}

// each does something about every item that is chosen, and has what became of them in
// the ledger, a few at once.
func (r *road) each(ctx context.Context, chosen func(state.Item) bool, do func(context.Context, int) error) error {
	var failed []error
	for i, it := range r.record.Items {
		if !chosen(it) {
			continue
		}
		err := r.over()
		if err == nil {
			err = do(ctx, i)
		}
		if err != nil && r.alone(ctx, err) && len(failed) < mostAlone {
			failed = append(failed, err)
			continue
		}
		if err == nil && r.dirty >= max(itemsAtOnce, len(r.record.Items)/20) {
			err = r.flush(ctx)
		}
		if err != nil {
			return err
		}
	}
	if err := r.flush(ctx); err != nil || len(failed) == 0 {
		return err
	}
	return failed[0]
}

// mostAlone is after how many failures of single items the others aren't tried any more.
const mostAlone = 3

// alone reports whether a failure may be that of one item: the others are dealt with all the same.
func (r *road) alone(ctx context.Context, err error) bool {
	return ctx.Err() == nil && !errors.Is(err, errSlice) && !errors.Is(err, errAssigned) && !errors.Is(err, fault.ErrUnsent) &&
		(fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Doubt) || fault.Is(err, fault.Other))
}

// begin finds out who may take over. To whom each item goes first is in the ledger
// before anything is given away, so that nobody wonders whose it is.
func (r *road) begin(ctx context.Context, gives func(state.Item) bool) error {
	if r.stale || len(r.record.To) == 0 {
		if err := r.findHeirs(ctx); err != nil {
			return err
		}
	}
	for i, it := range r.record.Items {
		if !gives(it) {
			continue
		}
		if to := r.nextHeir(it).Email; it.To != to {
			r.record.Items[i].To = to
			r.dirty++
		}
	}
	if r.record.Step != state.InHandover {
		r.stepTo(state.InHandover)
		r.dirty++
	}
	return r.flush(ctx)
}

// save reads an item whole and has it saved with the next flush.
func (r *road) save(ctx context.Context, i int) error {
	it := &r.record.Items[i]
	now := time.Now()
	k := keeping{Okta: r.change.User, Omni: r.user.Omni, UserName: r.user.UserName, Run: r.run.id, Now: now, Until: now.Add(r.engine.policy.Keep)}
	var saved state.Saved
	switch it.Kind {
	case state.Document:
		saved = savedDocument(r.listed.document(it.ID), k)
	case state.Schedule:
		s, err := r.engine.o.Omni.Definition(ctx, r.listed.schedule(it.ID))
		switch {
		case fault.Is(err, fault.NotFound), err == nil && s.Owner != r.user.Omni:
			r.become(i, state.ItemGone)
			return nil
		case err != nil:
			return err
		}
		if saved, err = r.engine.seal(s, k); err != nil {
			return err
		}
	}
	r.saves, r.ready = append(r.saves, saved), append(r.ready, i)
	r.dirty++
	return nil
}

// give hands an item over to the first candidate whom Omni lets have it.
func (r *road) give(ctx context.Context, i int) error {
	it := &r.record.Items[i]
	if err := r.sure(ctx); err != nil {
		return err
	}
	for {
		heir := r.nextHeir(*it)
		if heir.Omni == "" {
			r.become(i, state.ItemRefused)
			return nil
		}
		over, err := r.offers(ctx, heir)
		if err != nil {
			return err
		}
		if over == nil {
			continue
		}
		defer over()
		if it.To != heir.Email {
			it.To = heir.Email
			r.dirty++
			if err := r.flush(ctx); err != nil {
				return err
			}
		}
		err = r.transfer(ctx, *it, heir.Omni)
		switch {
		case err == nil:
			r.become(i, state.ItemTransferred)
			r.tell(*it, given(*it, heir))
			r.given = append(r.given, *it)
			return nil
		case fault.Is(err, fault.NotFound):
			r.become(i, state.ItemGone)
			return nil
		case !fault.Is(err, fault.Refused):
			return err
		}
		it.Tried = append(it.Tried, state.Tried{To: heir.Email, Why: err.Error()})
		r.dirty++
	}
}

// offers keeps a candidate from leaving until over is called. One who is on the way out by
// now, though they weren't when it was found out who may take over, is passed over: over is nil.
func (r *road) offers(ctx context.Context, heir state.Candidate) (over func(), err error) {
	leaves, err := r.leaving(ctx, heir.Omni)
	if err != nil {
		return nil, err
	}
	over, free := r.engine.ways.give(heir.Omni)
	if free && !leaves {
		return over, nil
	}
	if free {
		over()
	}
	for i := range r.record.To {
		if r.record.To[i].Omni == heir.Omni {
			r.record.To[i].Omni, r.record.To[i].Why = "", heir.Email+" isn't assigned any more either"
			r.dirty++
		}
	}
	return nil, nil
}

func (r *road) transfer(ctx context.Context, it state.Item, to identity.OmniID) error {
	if it.Kind == state.Document {
		return r.engine.o.Omni.TransferDocument(ctx, identity.DocumentID(it.ID), to)
	}
	return r.engine.o.Omni.TransferSchedule(ctx, identity.ScheduleID(it.ID), to)
}

// given tells what a new owner means.
func given(it state.Item, heir state.Candidate) string {
	if it.Kind == state.Document {
		return "handed over before the membership ends"
	}
	text := "handed over before the membership ends; it runs with the new owner's access to data from now on"
	if len(heir.Differs) > 0 {
		text += ", whose " + strings.Join(heir.Differs, ", ") + " isn't the leaver's"
	}
	return text
}

// become notes an item's fate, for the next flush.
func (r *road) become(i int, s state.ItemState) {
	r.record.Items[i].State, r.record.Items[i].At = s, time.Now().UTC()
	r.dirty++
}

// tell adds an item that has a new owner to the log, for the next flush.
func (r *road) tell(it state.Item, why string) {
	item := fmt.Sprintf("%s (%s)", it, it.ID)
	line := state.Change{Kind: string(Transfer), UserName: r.user.UserName, OktaID: string(r.change.User), OmniID: string(r.user.Omni), State: state.Applied, Reason: why,
		Before: &state.Facts{Item: item, Owner: r.user.UserName}, After: &state.Facts{Item: item, Owner: it.To},
		Run: r.run.id, Cause: r.run.cause(r.change.Origin), Time: time.Now().UTC()}
	r.log = append(r.log, line)
}

// sure has Okta asked once more before something is given away for good.
func (r *road) sure(ctx context.Context) error {
	if err := r.askedWithin(ctx, &r.change, time.Minute); err != nil {
		return fmt.Errorf("%w: asked before it is handed over, Okta says otherwise: %w", errAssigned, err)
	}
	return nil
}

// flush writes the record, with what was saved and given, where anything isn't written
// yet. A save counts once it is where it outlives the ledger.
func (r *road) flush(ctx context.Context) error {
	if r.dirty == 0 && len(r.log) == 0 {
		return nil
	}
	if err := r.engine.keepSafe(ctx, r.saves); err != nil {
		r.saves, r.ready = nil, nil
		return err
	}
	for _, i := range r.ready {
		it := &r.record.Items[i]
		it.Saved, it.At = true, time.Now().UTC()
		if treatment(r.record.Policy, it.Kind) == state.Save && it.State == state.ItemWaiting {
			r.become(i, state.ItemSaved)
		}
	}
	if err := r.engine.keepGiven(ctx, r.given); err != nil {
		return err
	}
	n, record := newNotes(), r.record
	record.Items, record.To = slices.Clone(record.Items), slices.Clone(record.To)
	n.Leavers[r.change.User] = &record
	n.Log = r.log
	r.holdOn(n)
	for _, line := range r.log {
		r.run.logger.Info("handed over", zap.String("name", line.UserName), zap.String("item", line.After.Item), zap.String("to", line.After.Owner))
	}
	r.saves, r.ready, r.given, r.log, r.dirty = nil, nil, nil, nil, 0
	if err := r.intend(ctx, n); err != nil {
		return err
	}
	r.known = true
	r.run.follower.remark(fmt.Sprintf("%s hands over: %d of %d done", r.user.UserName, settledItems(r.record.Items), len(r.record.Items)))
	return nil
}

// holdOn lets the approval by which the leaver hands over count until a day after the
// newest step: it is being acted upon.
func (r *road) holdOn(n Notes) {
	r.lock()
	defer r.unlock()
	key := r.change.key()
	if h, held := r.ledger.Holds[key]; held && h.Decision == state.Approved {
		h.Until = time.Now().Add(approvalLasts)
		n.Holds[key] = &h
	}
}

// refusal tells what nobody would take over, nil where there is nothing.
func (r *road) refusal() error {
	var names, why []string
	for _, it := range r.record.Items {
		if it.State != state.ItemRefused {
			continue
		}
		names = append(names, it.String())
		if len(why) == 0 {
			why = r.reasons(it)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Refused, Op: "hand over " + some(names, "item", "items"), Detail: strings.Join(why, "; "),
		Hint: "the membership stands until everything has a new owner: give one of deprovision.handover.to access to it in Omni, hand it over or delete it there, or name somebody else; syncd retry NAME tries it at once"}
}

// reasons tells of each candidate why it isn't this one.
func (r *road) reasons(it state.Item) []string {
	var why []string
	for _, h := range r.record.To {
		if h.Why != "" {
			why = append(why, h.Why)
		}
	}
	why = append(why, triedWords(it)...)
	if it.Back >= backs {
		why = append(why, "Omni lists it as the leaver's each time after it was handed over, or wasn't there")
	}
	if len(why) == 0 {
		why = []string{"deprovision.handover.to names nobody"}
	}
	return why
}

// tellEach is how often a person is told of a handover that takes too long.
const tellEach = 24 * time.Hour

// stuck is the record of a handover that can't go on for now.
func (r *road) stuck(c Change) *state.Leaver {
	record := r.record
	record.Attempts++
	record.Error = c.Error
	r.late(&record, c)
	return &record
}

// late makes a handover that takes longer than the policy allows a person's case, once a
// day, and reports whether it did.
func (r *road) late(record *state.Leaver, c Change) bool {
	now := time.Now()
	if record.Late(now).IsZero() || now.Sub(record.Alerted) < tellEach {
		return false
	}
	record.Alerted = now.UTC()
	text := fmt.Sprintf("the handover of %s began %s ago and isn't over (%s), so the membership stands: %s", c.Name, days(now.Sub(record.Walks)), became(record.Items),
		firstOf(c.Error, c.Reason))
	r.lock()
	r.run.desired.Notes = append(r.run.desired.Notes, text)
	r.unlock()
	r.run.logger.Error("handover overdue", zap.String("name", c.Name), zap.Duration("since", now.Sub(record.Walks).Round(time.Hour)), zap.String("items", became(record.Items)),
		zap.String("error", c.Error), zap.String("hint", c.Reason))
	return true
}

// days gives a long time in words.
func days(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// own is a failure as the leaver's own: a key that may not do this one thing is no
// reason to end the run, as long as it may do others.
func (r *road) own(ctx context.Context, err error) error {
	if !fault.Is(err, fault.Unauthorized) {
		return err
	}
	if _, again := r.engine.o.Omni.User(ctx, r.user.Omni); fault.Is(again, fault.Unauthorized) {
		return err
	}
	return &fault.Error{Kind: fault.Refused, Op: "hand over what " + r.user.UserName + " owns", Detail: "the key may not: " + err.Error(),
		Hint: "the key must be an organization key whose maker may read and give away everybody's schedules and documents; or set deprovision.handover to what it may do"}
}
