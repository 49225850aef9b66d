package sync

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Having tells whether somebody had access: an active account in Omni, by this connection.
type Having string

// The answers.
const (
	HadAccess Having = "yes"
	NoAccess  Having = "no"
	NotKnown  Having = "unknown"
)

// Access is what is known of one person at a moment.
type Access struct {
	UserName string    `json:"userName"` // as it was then, as far as the log tells
	OktaID   string    `json:"oktaId"`
	OmniID   string    `json:"omniId,omitempty"`
	Access   Having    `json:"access"`
	Since    time.Time `json:"since,omitzero"` // when the line was written that says so; zero: no line did before the moment
	Kind     string    `json:"kind,omitempty"` // of that line, as its run and cause
	Run      string    `json:"run,omitempty"`
	Cause    string    `json:"cause,omitempty"`
	Reason   string    `json:"reason,omitempty"` // why it isn't known, or what it is known from where no line says so
}

// Why something isn't known, or what else tells.
const (
	knownByNext   = "no line tells since when; the next one tells that it was so"
	knownByLedger = "no line is about it; the ledger tells that it is so today"
	boundSince    = "the ledger was bound to other sides since, and no line of before tells"
	unlinkedThen  = "a person unlinked them from the account, which stayed in Omni as it was, managed no more"
	tooLongAgo    = "the log doesn't reach back so far"
	stoodBefore   = "Omni had the account before it was adopted, and the log doesn't tell whether it was active"
	notAsLogged   = "somebody changed the account in Omni, and no line tells when"
	underWay      = "Omni was asked, and its answer isn't known yet"
)

// past is what accesses are told from: lines of the log, the oldest first, and who is
// linked today. From since on the lines are all there are; of older ones some may be missing.
type past struct {
	lines []state.Change
	since time.Time // zero: no line is known
	now   map[identity.OktaID]state.User
	bound []time.Time // when the ledger was bound to other sides, the oldest first
}

// boundBy gives when the ledger was bound last to other sides until the moment, and when
// first after it; zero for never.
func (p past) boundBy(at time.Time) (last, next time.Time) {
	for _, t := range p.bound {
		if !t.After(at) {
			last = t
		} else if next.IsZero() {
			next = t
		}
	}
	return last, next
}

// whole reports whether the log tells everything that was done from the moment on.
func (p past) whole(at time.Time) bool { return !p.since.IsZero() && !at.Before(p.since) }

// hearsay is what the lines say of one person.
type hearsay struct {
	before, after *state.Change // the last one until the moment, and the first one after it, that tell of access
	name          string        // the userName then
	open          bool          // the last attempt before the moment failed: what comes after tells what it did
}

// accesses tells of everybody who is known, in the order of names.
func (p past) accesses(at time.Time) []Access {
	whole, people := p.whole(at), map[identity.OktaID]*hearsay{}
	same := p.merged()
	for i := range p.lines {
		c := &p.lines[i]
		if c.Kind == string(Rebind) {
			p.bound = append(p.bound, c.Time)
		}
		if c.Group != "" || c.OktaID == "" || whole && c.Time.Before(p.since) {
			continue
		}
		id := identity.OktaID(c.OktaID)
		if known, ok := same[c.OmniID]; ok && isOwn(id) {
			id = known
		}
		t := people[id]
		if t == nil {
			t = &hearsay{}
			people[id] = t
		}
		t.read(c, at)
	}
	for id, u := range p.now {
		if people[id] == nil && (u.Omni != "" || u.Intent != "") {
			people[id] = &hearsay{}
		}
	}
	list := make([]Access, 0, len(people))
	for id, t := range people {
		list = append(list, p.judged(id, *t, at))
	}
	slices.SortFunc(list, func(a, b Access) int {
		return cmp.Or(strings.Compare(a.UserName, b.UserName), strings.Compare(a.OktaID, b.OktaID))
	})
	return list
}

// merged gives the Okta ids of accounts that a push made before Okta told whose they are.
func (p past) merged() map[string]identity.OktaID {
	same := map[string]identity.OktaID{}
	for _, c := range p.lines {
		if c.Group == "" && c.OmniID != "" && c.OktaID != "" && !isOwn(c.OktaID) {
			same[c.OmniID] = identity.OktaID(c.OktaID)
		}
	}
	for id, u := range p.now {
		if u.Omni != "" && !isOwn(id) {
			same[string(u.Omni)] = id
		}
	}
	return same
}

// read takes a line in. Lines come in the order in which they were written; one that was
// found out later has the time at which it was done.
func (t *hearsay) read(c *state.Change, at time.Time) {
	tells := tellsAccess(*c)
	if c.Time.After(at) {
		if t.name == "" {
			t.name = nameBefore(*c)
		}
		if tells && t.after == nil {
			t.after = c
		}
		return
	}
	if c.UserName != "" && c.State == state.Applied || t.name == "" {
		t.name = c.UserName
	}
	switch {
	case tells:
		t.before, t.open = c, false
	case c.State == state.Failed && ends(c.Kind) || begins(c.Kind) && c.State == state.Failed:
		t.open = t.open || mayHaveBeenDone(*c)
	}
}

// nameBefore is the userName before the change.
func nameBefore(c state.Change) string {
	if c.Before != nil && c.Before.UserName != "" {
		return c.Before.UserName
	}
	return c.UserName
}

func ends(kind string) bool { return kind == string(Deactivate) || kind == string(Delete) }

func begins(kind string) bool {
	return kind == string(Create) || kind == string(Adopt) || kind == string(Reactivate)
}

// tellsAccess reports whether the change, which was done, says what access there is after
// it. What a person decided, what was handed over and what was forgotten doesn't.
func tellsAccess(c state.Change) bool {
	return c.State == state.Applied && (ends(c.Kind) || begins(c.Kind) || c.Kind == string(Update) || c.Kind == string(Relink) || c.Kind == string(Unlink))
}

// mayHaveBeenDone reports whether a change that failed may have been done all the same, in
// whole or in part: its last writing was answered with success or not at all.
func mayHaveBeenDone(c state.Change) bool {
	for _, a := range slices.Backward(c.Answers) {
		if !a.Reads() {
			return a.Status < 300 || a.Status >= 500 // done, or nobody knows
		}
	}
	return false
}

// becomes is the access after a change.
func becomes(c state.Change) Having {
	if c.Kind == string(Unlink) {
		return NotKnown
	}
	if ends(c.Kind) || c.After != nil && c.After.Active != nil && !*c.After.Active {
		return NoAccess
	}
	return HadAccess
}

// was is the access before a change.
func was(c state.Change) Having {
	switch {
	case c.Kind == string(Create), c.Kind == string(Reactivate), ends(c.Kind) && c.OmniID == "": // that was never made
		return NoAccess
	case c.Kind == string(Adopt):
		return NotKnown
	case c.Kind == string(Relink), c.Kind == string(Unlink):
		return activeIn(c.Before)
	}
	return HadAccess
}

// activeIn is the access by an account of which the facts tell; not known where they tell
// of none.
func activeIn(f *state.Facts) Having {
	switch {
	case f == nil || f.Active == nil:
		return NotKnown
	case *f.Active:
		return HadAccess
	}
	return NoAccess
}

// judged tells of one person. What was done before the moment and what was done after it
// must agree: where they don't, somebody else did something in Omni meanwhile.
func (p past) judged(id identity.OktaID, t hearsay, at time.Time) Access {
	u := p.now[id]
	a := Access{UserName: cmp.Or(t.name, u.UserName), OktaID: string(id), OmniID: string(u.Omni), Access: NotKnown, Reason: tooLongAgo}
	if t.after != nil {
		a.OmniID = cmp.Or(t.after.OmniID, a.OmniID)
	}
	before := NotKnown
	last, next := p.boundBy(at)
	if c := t.before; c != nil && c.Time.Before(last) { // of other sides
		t.before = nil
	}
	if c := t.before; c != nil && !t.open {
		before = becomes(*c)
		a.OmniID, a.Since, a.Kind, a.Run, a.Cause = c.OmniID, c.Time, c.Kind, c.Run, c.Cause
	}
	switch {
	case t.before != nil && t.before.Kind == string(Unlink) && !t.open:
		a.Reason = unlinkedThen
	case p.whole(at) && !next.IsZero() && (t.after == nil || !t.after.Time.Before(next)): // what comes after is of other sides
		a.Access, a.Reason = before, boundSince
		if before != NotKnown {
			a.Reason = ""
		}
	case p.whole(at):
		after, from := afterwards(t, u, at)
		a.Access, a.Reason = agreed(before, after, from)
	case before != NotKnown:
		a.Access, a.Reason = before, ""
	}
	return a
}

// afterwards tells the access from what comes after the moment: the next line, else the ledger.
func afterwards(t hearsay, u state.User, at time.Time) (Having, string) {
	sent := u.Sent
	switch {
	case t.after != nil && was(*t.after) == NotKnown:
		return NotKnown, stoodBefore
	case t.after != nil:
		return was(*t.after), knownByNext
	case sent != nil && (ends(sent.Kind) || begins(sent.Kind)) && !sent.Time.After(at):
		return NotKnown, underWay
	case u.Intent != "" && !begunAfter(u.Intent, at):
		return NotKnown, underWay
	case u.Omni != "" && u.Active:
		return HadAccess, knownByLedger
	}
	return NoAccess, knownByLedger
}

// agreed joins what is known from before and from after.
func agreed(before, after Having, from string) (Having, string) {
	switch {
	case before == NotKnown || from == underWay:
		return after, from
	case before == after || after == NotKnown:
		return before, ""
	}
	return NotKnown, notAsLogged
}

// begunAfter reports whether the run of that name began after the moment.
func begunAfter(run string, at time.Time) bool {
	began, err := time.Parse(runStamp, run[:min(len(run), len(runStamp))])
	return err == nil && began.After(at)
}
