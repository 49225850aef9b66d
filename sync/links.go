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

// Linked is one user or group of Okta's that is linked to an object of Omni's; or a user who
// was, and whom a person has unlinked.
type Linked struct {
	UserName   string    `json:"userName,omitempty"` // of the account in Omni
	Group      string    `json:"group,omitempty"`    // in Okta
	OktaID     string    `json:"oktaId"`
	OmniID     string    `json:"omniId"`              // of one who was unlinked: that they were linked to
	How        string    `json:"how"`                 // created, pushed (created by a push), adopted, recognised, by_hand; unlinked
	By         string    `json:"by,omitempty"`        // push, or who linked or unlinked by hand
	Since      time.Time `json:"since,omitzero"`      // zero: not known
	Active     *bool     `json:"active,omitempty"`    // of a user: in Omni, as far as the ledger knows
	Unassigned time.Time `json:"unassigned,omitzero"` // of a user: since when Okta assigns them no more; zero while it does
}

// What Linked.How says beside the words of state.Link.
const (
	HowPushed   = "pushed"
	HowUnlinked = "unlinked"
)

// Links gives to each who is linked to whom, from the ledger alone: users, groups, then those
// who were unlinked, in no order that means anything. The subject is a userName, a group's
// name in Okta or Omni, or an id of either side; "" is everybody. It answers fault.NotFound
// where the subject is nobody's, and ends at each's first error.
func (e *Engine) Links(ctx context.Context, subject string, each func(Linked) error) error {
	if _, err := e.connection(ctx); err != nil {
		return err
	}
	w := &linkWalk{engine: e, subject: strings.TrimSpace(subject), each: each}
	for u, err := range state.All[state.User](ctx, e.o.Store, state.Users) {
		if err == nil {
			err = w.user(ctx, u.Key, u.Value)
		}
		if err != nil {
			return err
		}
	}
	for g, err := range state.All[state.Group](ctx, e.o.Store, state.Groups) {
		if err == nil {
			err = w.group(ctx, g.Key, g.Value)
		}
		if err != nil {
			return err
		}
	}
	for u, err := range state.All[state.Unlinked](ctx, e.o.Store, state.Unlinks) {
		if err == nil {
			m := u.Value
			err = w.tell(Linked{UserName: m.UserName, OktaID: u.Key, OmniID: string(m.Omni), How: HowUnlinked, By: m.By, Since: m.At})
		}
		if err != nil {
			return err
		}
	}
	if w.subject != "" && w.told == 0 {
		return &fault.Error{Kind: fault.NotFound, Op: fmt.Sprintf("nobody and no group that is linked is known as %q", w.subject),
			Hint: "name the userName that Omni has, the group's name, or an id of either side; syncd explain tells of anybody else"}
	}
	return nil
}

// linkWalk goes through the ledger.
type linkWalk struct {
	engine  *Engine
	subject string
	each    func(Linked) error
	told    int
	logged  map[string]time.Time // by Okta id and Omni id: when a line told of a link; nil: the log wasn't read
}

func (w *linkWalk) user(ctx context.Context, id string, u state.User) error {
	if u.Omni == "" {
		return nil
	}
	l := Linked{UserName: u.UserName, OktaID: id, OmniID: string(u.Omni), How: how(u.Link, u.LinkedBy), By: u.LinkedBy, Since: u.Linked, Active: &u.Active}
	if u.Unassigned != nil {
		l.Unassigned = *u.Unassigned
	}
	return w.dated(ctx, l)
}

func (w *linkWalk) group(ctx context.Context, id string, g state.Group) error {
	if g.Omni == "" {
		return nil
	}
	l := Linked{Group: g.Name, OktaID: id, OmniID: string(g.Omni), How: how(g.Link, g.LinkedBy), By: g.LinkedBy, Since: g.Linked}
	if w.subject != "" && identity.FoldName(g.DisplayName) == identity.FoldName(w.subject) {
		return w.found(ctx, l)
	}
	return w.dated(ctx, l)
}

// how is a link in a word.
func how(l state.Link, by string) string {
	if l == state.Created && by == state.ByPush {
		return HowPushed
	}
	return string(l)
}

// dated tells one of whom the subject may be.
func (w *linkWalk) dated(ctx context.Context, l Linked) error {
	if !w.means(l) {
		return nil
	}
	return w.found(ctx, l)
}

// found tells one. A record of before anybody noted since when is told by the log, as far
// as that goes.
func (w *linkWalk) found(ctx context.Context, l Linked) error {
	if l.Since.IsZero() {
		if err := w.readLog(ctx); err != nil {
			return err
		}
		l.Since = w.logged[l.OktaID+" "+l.OmniID]
	}
	w.told++
	return w.each(l)
}

// tell is dated for one whose time is known.
func (w *linkWalk) tell(l Linked) error {
	if !w.means(l) {
		return nil
	}
	w.told++
	return w.each(l)
}

// means reports whether the subject is this one.
func (w *linkWalk) means(l Linked) bool {
	if w.subject == "" || slices.Contains([]string{l.OktaID, l.OmniID}, w.subject) {
		return true
	}
	if l.Group != "" {
		return identity.FoldName(l.Group) == identity.FoldName(w.subject)
	}
	return identity.FoldUserName(l.UserName) == identity.FoldUserName(w.subject)
}

// readLog reads once when links came to be.
func (w *linkWalk) readLog(ctx context.Context) error {
	if w.logged != nil {
		return nil
	}
	w.logged = map[string]time.Time{}
	lines, err := w.engine.o.Store.Tail(ctx, state.Log, state.Log.Keep())
	for _, line := range slices.Backward(lines) { // of several the newest counts
		c, err := state.Decode[state.Change](state.Entry{Value: line}, state.Bucket(state.Log))
		if err != nil {
			return err
		}
		if c.State == state.Applied && (c.Kind == string(Create) || c.Kind == string(Adopt)) {
			w.logged[c.OktaID+" "+c.OmniID] = c.Time
		}
	}
	return err
}
