package sync

import (
	"context"
	"slices"

	"github.com/omnisync/omnisync/state"
)

// takesFirst does what takes members out of a group, of a push that isn't accepted because
// others are to join what is kept since an undo: Okta brings all of it again, and the access
// of those who leave isn't to stand until somebody lets go.
func (x *errand) takesFirst(ctx context.Context, judged Judged) error {
	waits := func(c Change) bool { return c.Guard == guardUndone && len(c.Add) > 0 }
	if !slices.ContainsFunc(judged.Changes, waits) {
		return nil
	}
	var goes []Change
	for _, c := range judged.Changes {
		if c.State == state.Planned && c.Group != "" && len(c.Drop) > 0 {
			c.Kind, c.Add, c.Title = Members, nil, x.ledger.Groups[c.Group].DisplayName
			c.Before, c.After = &state.Facts{Members: c.Before.Members}, &state.Facts{}
			goes = append(goes, c)
		}
	}
	if len(goes) == 0 {
		return nil
	}
	seen, accept := x.seen, x.accept
	x.seen, x.accept = newNotes(), func([]Change, Notes) {} // nothing of it is accepted
	defer func() { x.seen, x.accept = seen, accept }()
	leave, err := x.pushes.o.Gate.Enter(ctx, x.object)
	if err != nil {
		return err
	}
	_, err = x.apply(ctx, goes, judged.Asked)
	leave(err)
	return err
}
