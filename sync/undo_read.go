package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// readUndone gives the lines of what a run did, the oldest first, and reads what an undo has
// to know besides: of the ledger, of the log, and of Okta.
func (e *Engine) readUndone(ctx context.Context, x *undoer) ([]state.Change, error) {
	of := x.mark.Of
	if now := e.follower.now(); now != nil && now.Run == of {
		return nil, &fault.Error{Kind: fault.Conflict, Op: fmt.Sprintf("run %q is under way", of), Hint: "nothing was done; wait for its end, or stop it with syncd pause"}
	}
	all, err := e.logSince(ctx, of)
	if err != nil {
		return nil, err
	}
	known := 0
	var lines []state.Change
	for _, c := range all {
		if c.Run != of || of == "" {
			continue
		}
		known++
		if c.State == state.Applied {
			lines = append(lines, c)
		}
	}
	switch {
	case known == 0:
		return nil, &fault.Error{Kind: fault.NotFound, Op: fmt.Sprintf("the log tells of no run %q", of),
			Hint: "nothing was done; syncd history shows the runs of its lines. A run that changed nothing has none, and old ones go (log.keep)"}
	case len(lines) == 0:
		return nil, &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("run %q changed nothing in Omni", of), Hint: "nothing was done: there is nothing to undo"}
	}
	if err := e.meant(ctx, x, lines, all); err != nil {
		return nil, err
	}
	return lines, e.recallDone(ctx, x, lines)
}

// logSince gives the whole log, the oldest line first, with what the archive has of before,
// where the run may have begun there.
func (e *Engine) logSince(ctx context.Context, of string) ([]state.Change, error) {
	lines, since, err := e.wholeLog(ctx)
	if err != nil || len(lines) > 0 && begunAfter(of, since) {
		return lines, err
	}
	older, err := e.archivedBefore(since)
	if err != nil {
		return nil, err
	}
	for _, c := range older {
		if c.Run == of {
			return append(older, lines...), nil
		}
	}
	if len(lines) >= state.Log.Keep() && slices.ContainsFunc(lines, func(c state.Change) bool { return c.Run == of }) {
		return nil, &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("the log no longer tells all that run %q did", of),
			Hint: "nothing was done; with state.archive it would"}
	}
	return lines, nil
}

// meant finds who has, or had, the names of members in the lines, and which accounts that were
// adopted were another person's before.
func (e *Engine) meant(ctx context.Context, x *undoer, lines, all []state.Change) error {
	l := x.ledger
	if err := l.fetchMarks(ctx, e.o.Store); err != nil {
		return err
	}
	wanted, sums := map[string]bool{}, map[uint64]bool{}
	for _, c := range lines {
		for _, f := range factsOf(c) {
			for _, name := range f.Members {
				wanted[identity.FoldUserName(name)], sums[state.NameSum(name)] = true, true
			}
		}
	}
	x.named = map[string][]identity.OktaID{}
	note := func(name string, id identity.OktaID) {
		name = identity.FoldUserName(name)
		if _, known := l.Marks[id]; (known || !isOwn(id)) && wanted[name] && !slices.Contains(x.named[name], id) {
			x.named[name] = append(x.named[name], id)
		}
	}
	now := map[identity.OktaID]bool{}
	for id, m := range l.Marks {
		if sums[m.Name] {
			now[id] = true
		}
	}
	if err := l.fetch(ctx, e.o.Store, now); err != nil {
		return err
	}
	for id := range now {
		note(l.Users[id].UserName, id)
	}
	x.shared = sharedBy(all)
	for _, c := range all {
		if c.Group != "" || c.OktaID == "" {
			continue
		}
		for _, name := range append([]string{c.UserName}, userNamesOf(c)...) {
			note(name, identity.OktaID(c.OktaID))
		}
	}
	return nil
}

// sharedBy names the accounts in Omni that the log tells of as several persons'.
func sharedBy(all []state.Change) map[string]bool {
	shared, owner := map[string]bool{}, map[string]string{}
	for _, c := range all {
		if c.Group != "" || c.OktaID == "" || c.OmniID == "" || isOwn(c.OktaID) {
			continue
		}
		if other, known := owner[c.OmniID]; known && other != c.OktaID {
			shared[c.OmniID] = true
		}
		owner[c.OmniID] = c.OktaID
	}
	return shared
}

func factsOf(c state.Change) (list []state.Facts) {
	for _, f := range []*state.Facts{c.Before, c.After} {
		if f != nil {
			list = append(list, *f)
		}
	}
	return list
}

func userNamesOf(c state.Change) (names []string) {
	for _, f := range factsOf(c) {
		if f.UserName != "" {
			names = append(names, f.UserName)
		}
	}
	return names
}

// recallDone reads what the ledger has of the objects, and whether the Okta accounts live of
// those whom the run deactivated.
func (e *Engine) recallDone(ctx context.Context, x *undoer, lines []state.Change) error {
	l := x.ledger
	if err := collect(ctx, e.o.Store, state.Groups, l.Groups); err != nil {
		return err
	}
	if err := collect(ctx, e.o.Store, state.Undoes, l.Undone); err != nil {
		return err
	}
	users, ended := map[identity.OktaID]bool{}, map[identity.OktaID]bool{}
	for _, c := range lines {
		if id := identity.OktaID(c.OktaID); c.Group == "" && id != "" {
			users[id] = true
			ended[id] = c.Kind == string(Deactivate) || ended[id]
		}
	}
	maps.DeleteFunc(ended, func(_ identity.OktaID, is bool) bool { return !is })
	if err := l.fetch(ctx, e.o.Store, users); err != nil {
		return err
	}
	if err := l.fetchRows(ctx, e.o.Store, ended); err != nil {
		return err
	}
	ids := slices.Sorted(maps.Keys(ended))
	accounts := make([]string, len(ids))
	together(questions, ids, func(i int, id identity.OktaID) {
		if status, _, err := e.accountOf(ctx, id); err == nil {
			accounts[i] = status
		}
	})
	x.status = make(map[identity.OktaID]string, len(ids))
	for i, id := range ids {
		x.status[id] = accounts[i]
	}
	return ctx.Err()
}
