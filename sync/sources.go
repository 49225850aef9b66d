package sync

import (
	"context"
	"fmt"
)

// readGroups reads which groups are pushed, then the groups themselves.
func (e *Engine) readGroups(ctx context.Context, r Request, d *Desired, l *Ledger) {
	var doubt string
	for m, err := range e.o.Okta.Mappings(ctx) {
		if err != nil {
			doubt = fmt.Sprintf("the list of pushed groups broke off after %d, so no group is released because of it: %v", len(d.Groups), err)
			break
		}
		if c, ok := d.Groups[m.Source]; ok && !c.Paused {
			continue // a second mapping of one group says nothing new
		}
		d.Groups[m.Source] = Crowd{Mapping: m.ID, Paused: m.Status == "INACTIVE"}
		if m.Status != "ACTIVE" && m.Status != "INACTIVE" {
			d.Notes = append(d.Notes, fmt.Sprintf("the push of group %s is in state %s in Okta: %s", m.Source, m.Status, m.Error))
		}
	}
	if doubt != "" {
		d.Doubts = append(d.Doubts, doubt)
	} else {
		d.AllGroups = true
	}
	e.readObjects(ctx, r, d, l)
}
