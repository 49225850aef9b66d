package sync

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// alert tells once of what begins to wait for a person with this run: a line for each
// guard, however much it holds.
func (r *run) alert(n Notes) {
	if r.request.DryRun {
		return
	}
	count := map[string]int{}
	for _, h := range n.Holds {
		if h != nil && h.Run == r.id {
			count[h.Guard]++
		}
	}
	for _, guard := range slices.Sorted(maps.Keys(count)) {
		r.logger.Warn("waits for approval", zap.String("guard", guard), zap.Int("changes", count[guard]),
			zap.String("hint", "syncd status shows them; syncd approve "+r.id+" or syncd reject "+r.id))
	}
}

// remindAfter is how long after a no the person's word is recalled, each time.
const remindAfter = 7 * 24 * time.Hour

// remind tells in a run that reads everything of the exceptions that are to be recalled,
// but for those of which it finds otherwise.
func (r *run) remind(found Notes) Notes {
	if r.request.Kind != Full && r.request.Kind != Reconcile {
		return newNotes()
	}
	n, told := remind(r.ledger, found, r.started)
	if told != "" {
		r.desired.Notes = append(r.desired.Notes, told)
		r.logger.Warn("exceptions", zap.String("told", told), zap.String("hint", "syncd status lists them; who is to go after all goes when Okta assigns and unassigns them once more"))
	}
	return n
}

// remind tells once a week of each removal that a person said no to, so that no
// exception is forgotten. Pure.
func remind(l *Ledger, found Notes, now time.Time) (n Notes, told string) {
	n = newNotes()
	var names []string
	for _, key := range slices.Sorted(maps.Keys(l.Holds)) {
		h := l.Holds[key]
		if _, anew := found.Holds[key]; anew || h.Decision != state.Rejected || now.Sub(h.At) < remindAfter || now.Sub(h.Recalled) < remindAfter {
			continue
		}
		h.Recalled = now
		n.Holds[key] = &h
		names = append(names, fmt.Sprintf("%s %s (%s)", h.Change.Kind, cmp.Or(h.Change.UserName, h.Change.Group), ruled(h)))
	}
	if names = slices.Compact(names); len(names) > 0 {
		told = "rejected, and left as they are until Okta says otherwise: " + some(names, "change", "changes")
	}
	return n, told
}
