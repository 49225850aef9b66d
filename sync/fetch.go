package sync

import (
	"context"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// fewReads is up to how many records are read one by one rather than picked out
// of a scan of all.
const fewReads = 200

// rowsForOne is how many members are picked out of a scan in the time of one read.
const rowsForOne = 50

// fetchMarks reads the index.
func (l *Ledger) fetchMarks(ctx context.Context, s state.Store) error {
	if l.Whole {
		return nil
	}
	return collect(ctx, s, state.Marks, l.Marks)
}

// mark reads one user's part of the index.
func (l *Ledger) mark(ctx context.Context, s state.Store, id identity.OktaID) (state.Mark, bool, error) {
	m, known := l.Marks[id]
	if known || l.Whole || id == "" {
		return m, known, nil
	}
	m, known, err := state.Read[state.Mark](ctx, s, state.Marks, string(id))
	if known {
		l.Marks[id] = m
	}
	return m, known, err
}

// fetchUsers reads every user's record.
func (l *Ledger) fetchUsers(ctx context.Context, s state.Store) error {
	if len(l.Users) == len(l.Marks) {
		return nil
	}
	return collect(ctx, s, state.Users, l.Users)
}

// fetch reads the records of those of ids that the ledger knows and that aren't
// in memory yet.
func (l *Ledger) fetch(ctx context.Context, s state.Store, ids map[identity.OktaID]bool) error {
	var missing []identity.OktaID
	for id := range ids {
		_, known := l.Marks[id]
		if _, here := l.Users[id]; (known || l.book != nil) && !here {
			missing = append(missing, id)
		}
	}
	if len(missing) <= fewReads {
		for _, id := range missing {
			u, ok, err := state.Read[state.User](ctx, s, state.Users, string(id))
			if err != nil {
				return err
			}
			if ok {
				l.Users[id] = u
			}
		}
		return nil
	}
	for e, err := range s.Scan(ctx, state.Users) {
		if err != nil {
			return err
		}
		id := identity.OktaID(e.Key)
		if _, here := l.Users[id]; here || !ids[id] {
			continue
		}
		u, err := state.Decode[state.User](e, state.Users)
		if err != nil {
			return err
		}
		l.Users[id] = u
	}
	return nil
}

// fetchCrowd reads every member of a group.
func (l *Ledger) fetchCrowd(ctx context.Context, s state.Store, id identity.GroupID) error {
	if l.Whole {
		return nil
	}
	return collect(ctx, s, state.Members(id), l.rows(id))
}

// fetchRows reads the places of the users in all groups.
func (l *Ledger) fetchRows(ctx context.Context, s state.Store, users map[identity.OktaID]bool) error {
	if l.Whole || len(users) == 0 {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(l.Groups)) {
		if err := l.fetchRowsOf(ctx, s, id, users); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) fetchRowsOf(ctx context.Context, s state.Store, id identity.GroupID, users map[identity.OktaID]bool) error {
	rows := l.rows(id)
	if len(users) <= max(1, l.Groups[id].Present/rowsForOne) || len(users)*len(l.Groups) <= fewReads {
		for u := range users {
			m, ok, err := state.Read[state.Member](ctx, s, state.Members(id), string(u))
			if err != nil {
				return err
			}
			if ok {
				rows[u] = m
			}
		}
		return nil
	}
	for e, err := range state.All[state.Member](ctx, s, state.Members(id)) {
		if err != nil {
			return err
		}
		if u := identity.OktaID(e.Key); users[u] {
			rows[u] = e.Value
		}
	}
	return nil
}

// rows gives the members of a group that are in memory, to be added to.
func (l *Ledger) rows(id identity.GroupID) map[identity.OktaID]state.Member {
	if l.Members[id] == nil {
		l.Members[id] = map[identity.OktaID]state.Member{}
	}
	return l.Members[id]
}

// owners finds the Okta users whom Omni's accounts are linked to.
func (l *Ledger) owners(ctx context.Context, s state.Store, accounts ...identity.OmniID) (map[identity.OmniID]identity.OktaID, error) {
	if l.book != nil {
		return l.book.owners(accounts), nil
	}
	wanted := make(map[identity.OmniID]bool, len(accounts))
	sums := make(map[uint64]bool, len(accounts))
	for _, id := range accounts {
		wanted[id], sums[state.IDSum(id)] = true, true
	}
	candidates := map[identity.OktaID]bool{}
	for id, m := range l.Marks {
		if m.Omni != 0 && sums[m.Omni] {
			candidates[id] = true
		}
	}
	if err := l.fetch(ctx, s, candidates); err != nil {
		return nil, err
	}
	owners := make(map[identity.OmniID]identity.OktaID, len(candidates))
	for id := range candidates {
		if omni := l.Users[id].Omni; wanted[omni] {
			owners[omni] = id
		}
	}
	return owners, nil
}
