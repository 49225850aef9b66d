package sync

import (
	"context"
	"fmt"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// keepSafe writes saves to where they outlive a loss of the ledger, and into the
// ledger. It answers nil only when they are on the disk: in the archive, or where the
// store says so. Else the membership must not end.
func (e *Engine) keepSafe(ctx context.Context, saves []state.Saved) error {
	if len(saves) == 0 {
		return nil
	}
	kept := e.archiveSafe(ctx, archived(state.ArchivedSaved, saves))
	if err := e.put(ctx, batchOf(saves)); err != nil {
		return err
	}
	if kept == nil {
		return nil
	}
	err := e.o.Store.Durable(ctx)
	if fault.Is(err, fault.Refused) {
		return &fault.Error{Kind: fault.Refused, Op: "save what the user owns", Detail: fmt.Sprintf("%v; and %v", kept, err),
			Hint: "set state.archive to a directory that can be written: what was saved must outlive a loss of the ledger, and until then the membership stands"}
	}
	return err
}

// archiveSafe appends to the archive; an error also where there is none.
func (e *Engine) archiveSafe(ctx context.Context, records []state.Archived) error {
	if _, forgets := e.o.Archive.(*Recollection); forgets {
		return fmt.Errorf("there is no archive (state.archive)")
	}
	if err := e.appended(ctx, records); err != nil {
		return fmt.Errorf("the archive can't be written: %w", err)
	}
	return nil
}

// keepGiven notes beside what is saved of schedules that they stand in Omni with a new
// owner: who brings back what somebody left would make them a second time.
func (e *Engine) keepGiven(ctx context.Context, items []state.Item) error {
	var saves []state.Saved
	for _, it := range items {
		if it.Kind != state.Schedule {
			continue
		}
		s, kept, err := state.Read[state.Saved](ctx, e.o.Store, state.Saves, it.ID)
		if err != nil {
			return err
		}
		if kept {
			s.Restored = &state.Restored{To: it.To, ID: it.ID, At: it.At}
			saves = append(saves, s)
		}
	}
	if len(saves) == 0 {
		return nil
	}
	return e.keep(ctx, nil, saves...)
}
