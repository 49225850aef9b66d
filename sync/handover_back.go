package sync

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// comeBack ends the ways out of those who are assigned again, and of those whose
// membership ended otherwise. What somebody has handed over stays with its new owner,
// and is told.
func (e *Engine) comeBack(ctx context.Context, run *run) error {
	l := run.ledger
	ids := make(map[identity.OktaID]bool, len(l.Leavers))
	for id := range l.Leavers {
		ids[id] = true
	}
	if len(ids) == 0 {
		return nil
	}
	if err := l.fetch(ctx, e.o.Store, ids); err != nil {
		return err
	}
	n := newNotes()
	e.ledgers.Lock()
	touched := maps.Clone(l.touched)
	maps.DeleteFunc(e.estates, func(id identity.OktaID, _ estate) bool { return !ids[id] })
	e.ledgers.Unlock()
	for id, leaver := range l.Leavers {
		if !touched[userSubject(id)] && !l.walks(leaver) {
			n.backs(run, id, leaver, l.Users[id])
		}
	}
	if len(n.Leavers) == 0 {
		return nil
	}
	return e.note(ctx, run, n)
}

// walks reports whether the way out that the record is of is still gone.
func (l *Ledger) walks(leaver state.Leaver) bool {
	u, known := l.Users[leaver.Okta]
	return known && u.Active && u.Unassigned != nil && u.Unassigned.Equal(leaver.Began)
}

// backs notes that a way out is over, and what of it stays.
func (n *Notes) backs(run *run, id identity.OktaID, leaver state.Leaver, u state.User) {
	n.Leavers[id] = nil
	if u.Unassigned != nil || !u.Active { // the membership ended all the same, or another way out has begun
		return
	}
	text := "assigned again while what they own was handed over"
	if given := handedOver(leaver.Items); given != "" {
		text += "; it stays with its new owners: " + given
	} else {
		text += "; nothing had a new owner yet"
	}
	c := state.Change{Kind: string(Stay), UserName: firstOf(u.UserName, leaver.UserName), OktaID: string(id), OmniID: string(leaver.Omni), State: state.Kept, Reason: text,
		Run: run.id, Cause: run.request.Cause, Time: run.started.UTC()}
	n.Log = append(n.Log, c)
	run.desired.Notes = append(run.desired.Notes, c.UserName+": "+text)
}

// handedOver names the items that have a new owner, "" for none.
func handedOver(items []state.Item) string {
	by := map[string][]string{}
	for _, it := range items {
		if it.State == state.ItemTransferred {
			by[it.To] = append(by[it.To], it.String())
		}
	}
	var list []string
	for to, names := range by {
		list = append(list, some(names, "item", "items")+" with "+to)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
