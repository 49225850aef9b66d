package sync

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// AtOnce asks that somebody who is unassigned goes without grace. It says nothing of
// guard, approval, protection or handover, and Okta is asked once more as ever.
type AtOnce struct {
	Subject string `json:"subject"` // userName, Okta id or Omni id
	Confirm string `json:"confirm"` // the userName once more, as whoever asks has read it
	By      string `json:"by"`
}

// LeaveAtOnce ends a grace, and tells where the person is then. It decides nothing, and
// answers fault.NotFound, where nobody of that name is on the way out, fault.Refused where
// the name isn't confirmed or no grace keeps them, and fault.Conflict where somebody has
// said so before. It is over when the person is assigned again.
func (e *Engine) LeaveAtOnce(ctx context.Context, a AtOnce) (Leaver, error) {
	e.deciding.Lock()
	defer e.deciding.Unlock()
	v, err := e.endable(ctx, a)
	if err != nil {
		return v, err
	}
	told, err := e.endGrace(ctx, identity.OktaID(v.OktaID), a.By)
	if err != nil {
		return v, err
	}
	e.archive(ctx, archivedHolds(map[string]*state.Hold{userKey(EndGrace, identity.OktaID(v.OktaID)): {
		Change: told, Guard: string(state.InGrace), Since: v.Unassigned, Decision: state.Approved, By: a.By, At: told.Time}})...)
	e.lookAtOnce(userSubject(identity.OktaID(v.OktaID)))
	if e.decided != nil {
		e.decided()
	}
	return e.outOf(ctx, v.OktaID)
}

// endable finds whose grace is to be ended.
func (e *Engine) endable(ctx context.Context, a AtOnce) (Leaver, error) {
	if _, err := e.connection(ctx); err != nil {
		return Leaver{}, err
	}
	list, err := e.Leavers(ctx)
	if err != nil {
		return Leaver{}, err
	}
	v, err := Out(list, a.Subject)
	if err == nil && identity.FoldUserName(a.Confirm) != identity.FoldUserName(v.UserName) {
		err = &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("end the grace of %s", v.UserName), Detail: fmt.Sprintf("the name to confirm it with is %q, not theirs", a.Confirm),
			Hint: "nothing was done; name their userName once more"}
	}
	if err == nil {
		err = v.Endable()
	}
	return v, err
}

// Out finds somebody among those who are on the way out, by userName, Okta id or Omni id;
// fault.NotFound where they aren't.
func Out(list []Leaver, subject string) (Leaver, error) {
	subject = strings.TrimSpace(subject)
	i := slices.IndexFunc(list, func(v Leaver) bool {
		return subject != "" && (v.OktaID == subject || v.OmniID == subject || identity.FoldUserName(v.UserName) == identity.FoldUserName(subject))
	})
	if i < 0 {
		return Leaver{}, &fault.Error{Kind: fault.NotFound, Op: fmt.Sprintf("nobody who is on the way out is known as %q", subject),
			Hint: "nothing was done; syncd leavers lists who is, and syncd explain tells of anybody else"}
	}
	return list[i], nil
}

// Endable is nil while a grace keeps them that can be ended, else says why there is none.
func (v Leaver) Endable() error {
	e := &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("end the grace of %s", v.UserName), Hint: "nothing was done; syncd explain " + argument(v.UserName) + " tells what is to be done"}
	switch {
	case v.AtOnce != nil:
		e.Kind, e.Detail = fault.Conflict, fmt.Sprintf("%s did so at %s", v.AtOnce.By, moment(v.AtOnce.At))
	case v.Step == Staying:
		e.Detail = "no grace keeps them: " + v.Reason
	case v.GraceUntil.IsZero():
		e.Detail = "it is over: " + stepWords(v.Step)
	default:
		return nil
	}
	return e
}

// endGrace writes it into the record of the user as it stands, and into the log.
func (e *Engine) endGrace(ctx context.Context, id identity.OktaID, by string) (state.Change, error) {
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	u, known, err := state.Read[state.User](ctx, e.o.Store, state.Users, string(id))
	if err != nil {
		return state.Change{}, err
	}
	if !known || u.Unassigned == nil || u.Omni != "" && !u.Active {
		return state.Change{}, &fault.Error{Kind: fault.Conflict, Op: "end a grace", Detail: "the user was assigned again just now, or the membership has ended", Hint: "nothing was done"}
	}
	now := time.Now().UTC()
	u.AtOnce = &state.AtOnce{By: by, At: now}
	told := Change{Kind: EndGrace, User: id, Omni: string(u.Omni), Name: u.UserName, State: state.Applied, Reason: "grace ended by " + by}.tell()
	told.Time = now
	n := newNotes()
	n.user(id, u)
	n.Log = append(n.Log, told)
	return told, e.committed(ctx, nil, n)
}

// lookAtOnce has the next delta look at the subjects, should no other run do so before.
func (e *Engine) lookAtOnce(subjects ...string) {
	w := &e.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range subjects {
		w.again[s] = look{at: time.Now()}
	}
}

// outOf gives one of those who are on the way out.
func (e *Engine) outOf(ctx context.Context, id string) (Leaver, error) {
	list, err := e.Leavers(ctx)
	if err != nil {
		return Leaver{}, err
	}
	return Out(list, id)
}
