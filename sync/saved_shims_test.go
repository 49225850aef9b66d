package sync

import (
	"context"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Keeping lets tests from outside save what somebody owns, as a leaver's way out does.
type Keeping = keeping

// Keep saves schedules, with their definitions, and documents.
func (e *Engine) Keep(ctx context.Context, k Keeping, schedules []identity.Schedule, documents []identity.Document) error {
	var saves []state.Saved
	for _, s := range schedules {
		saved, err := e.seal(s, k)
		if err != nil {
			return err
		}
		saves = append(saves, saved)
	}
	for _, d := range documents {
		saves = append(saves, savedDocument(d, k))
	}
	return e.keep(ctx, nil, saves...)
}
