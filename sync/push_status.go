package sync

// Backlog counts what was accepted of Okta's pushes and isn't applied yet.
type Backlog struct {
	Removals int `json:"removals"` // users whose membership is to end: in grace, held, or while Omni is away
	Groups   int `json:"groups"`   // with a change that isn't done
	Members  int `json:"members"`  // of groups, who have no account yet
}

// Backlog tells what waits.
func (p *Pushes) Backlog() Backlog {
	b := p.book
	b.mu.RLock()
	defer b.mu.RUnlock()
	count := Backlog{Removals: len(b.leaving), Members: len(b.awaited)}
	for _, e := range b.groups.entries {
		if e.open {
			count.Groups++
		}
	}
	return count
}
