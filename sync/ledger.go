package sync

import (
	"context"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Ledger is the ledger as one run sees it, in memory: the index of all users and
// every group, but only those users and members who may matter to the run. Who
// isn't in Users is, as far as Marks knows them, as they were.
type Ledger struct {
	Connection state.Connection
	Marks      map[identity.OktaID]state.Mark // of every user
	Users      map[identity.OktaID]state.User
	Groups     map[identity.GroupID]state.Group
	Members    map[identity.GroupID]map[identity.OktaID]state.Member
	Holds      map[string]state.Hold
	Failing    map[string]state.Failure
	Leavers    map[identity.OktaID]state.Leaver // who hands over; of a part, those of its own subjects
	Forgotten  forgotten
	Undone     undone
	Unlinked   map[identity.OktaID]state.Unlinked // who isn't linked to anything because a person said so
	Window     state.Window
	Whole      bool // Users and Members are complete

	totals *totals // of a part that doesn't have Marks and all Groups; nil: they are counted

	reserved map[string]int  // by guard: what its run is to remove unasked and hasn't yet
	others   map[string]int  // what other runs had reserved when this one was judged
	forgets  map[string]bool // holds that its run may find to be over; nil: all
	book     *book           // of a part: finds who isn't in it

	inbox   []Notes         // what other runs committed and isn't part of it yet
	touched map[string]bool // subjects that were pushed since the run of this ledger began
	claimed map[string]bool // those of them that weren't pushed, but that a delta reads
	moved   map[string]bool // users whose account others have changed since the run began to plan
	pushes  []string        // of a push: its subjects
	claims  []string        // of a delta: what it reads newer than the runs beside it

	// Omni's accounts and groups that are linked to nothing, by folded name.
	// Known only to runs that read Omni's lists.
	Strangers     map[string]identity.Account
	StrangerTeams map[string]identity.Team
	KeepMissing   bool // Omni's list was doubtful: nothing is created again

	short map[identity.GroupID]bool // groups of which the run found that Okta counts more members than it lists

	roles     map[identity.OmniGroupID][]string // model roles of groups, as readRoles found them
	heritages map[identity.OktaID]heritage      // of newcomers under somebody else's address, as inspect found them
}

func newLedger() *Ledger {
	return &Ledger{
		Marks:   map[identity.OktaID]state.Mark{},
		Users:   map[identity.OktaID]state.User{},
		Groups:  map[identity.GroupID]state.Group{},
		Members: map[identity.GroupID]map[identity.OktaID]state.Member{},
		Holds:   map[string]state.Hold{},
		Failing: map[string]state.Failure{},
		Leavers: map[identity.OktaID]state.Leaver{},

		Forgotten: forgotten{}, Undone: undone{},
		Unlinked: map[identity.OktaID]state.Unlinked{},

		reserved: map[string]int{},

		touched: map[string]bool{}, claimed: map[string]bool{},
		moved: map[string]bool{},
	}
}

// metaConnection is the key of what the ledger belongs to.
const metaConnection = "connection"

// connection reads what the ledger belongs to; an error also while an import into it is
// under way, or has broken off.
func (e *Engine) connection(ctx context.Context) (state.Connection, error) {
	c, _, err := state.Read[state.Connection](ctx, e.o.Store, state.Meta, metaConnection)
	if err == nil {
		err = c.Whole()
	}
	return c, err
}

// recall reads the ledger from its store: everything where whole, else without
// users' records and members, and without the index, which is read beside Okta.
func recall(ctx context.Context, s state.Store, whole bool) (*Ledger, error) {
	l := newLedger()
	return l, l.recall(ctx, s, whole)
}

func (l *Ledger) recall(ctx context.Context, s state.Store, whole bool) (err error) {
	if l.Connection, _, err = state.Read[state.Connection](ctx, s, state.Meta, metaConnection); err != nil {
		return err
	}
	if l.Window, _, err = state.Read[state.Window](ctx, s, state.Meta, "window"); err != nil {
		return err
	}
	if err := collect(ctx, s, state.Groups, l.Groups); err != nil {
		return err
	}
	if err := collect(ctx, s, state.Holds, l.Holds); err != nil {
		return err
	}
	if err := collect(ctx, s, state.Failing, l.Failing); err != nil {
		return err
	}
	if err := collect(ctx, s, state.Leavers, l.Leavers); err != nil {
		return err
	}
	if err := collect(ctx, s, state.Forgets, l.Forgotten); err != nil {
		return err
	}
	if err := collect(ctx, s, state.Undoes, l.Undone); err != nil {
		return err
	}
	if err := collect(ctx, s, state.Unlinks, l.Unlinked); err != nil {
		return err
	}
	if whole {
		err = l.complete(ctx, s)
	}
	return err
}

// complete reads what recall may leave out.
func (l *Ledger) complete(ctx context.Context, s state.Store) error {
	if err := l.fetchMarks(ctx, s); err != nil {
		return err
	}
	if err := l.fetchUsers(ctx, s); err != nil {
		return err
	}
	for id := range l.Groups {
		if err := l.fetchCrowd(ctx, s, id); err != nil {
			return err
		}
	}
	l.Whole = true
	return nil
}

func collect[K ~string, V any](ctx context.Context, s state.Store, b state.Bucket, into map[K]V) error {
	for e, err := range state.All[V](ctx, s, b) {
		if err != nil {
			return err
		}
		into[K(e.Key)] = e.Value
	}
	return nil
}

// mayForget lets the run find that these holds are over, and no others.
func (l *Ledger) mayForget(holds map[string]state.Hold) {
	for key := range holds {
		l.forgets[key] = true
	}
}

// Take makes the notes part of the ledger in memory.
func (l *Ledger) Take(n Notes) {
	merge(l.Users, n.Users)
	for id, u := range n.Users {
		if u == nil {
			delete(l.Marks, id)
		} else {
			l.Marks[id] = state.MarkOf(*u)
		}
	}
	merge(l.Groups, n.Groups)
	merge(l.Holds, n.Holds)
	merge(l.Failing, n.Failing)
	merge(l.Leavers, n.Leavers)
	merge(l.Forgotten, n.Forgotten)
	merge(l.Undone, n.Undone)
	merge(l.Unlinked, n.Unlinked)
	for id, members := range n.Members {
		if l.Members[id] == nil {
			l.Members[id] = map[identity.OktaID]state.Member{}
		}
		merge(l.Members[id], members)
	}
	if n.Connection != nil {
		l.Connection = *n.Connection
	}
	if n.Window != nil {
		l.Window = *n.Window
	}
}

func merge[K comparable, V any](into map[K]V, notes map[K]*V) {
	for k, v := range notes {
		if v == nil {
			delete(into, k)
		} else {
			into[k] = *v
		}
	}
}

// totals are the numbers of a whole ledger that the guard judges a part of it by.
type totals struct {
	active, admins int // users, in Omni
}

// admins counts the active org admins.
func (l *Ledger) admins() int {
	if l.totals != nil {
		return l.totals.admins
	}
	n := 0
	for _, m := range l.Marks {
		if m.Active && m.Admin {
			n++
		}
	}
	return n
}

// active counts the users who are linked and active.
func (l *Ledger) active() int {
	if l.totals != nil {
		return l.totals.active
	}
	n := 0
	for _, m := range l.Marks {
		if m.Active {
			n++
		}
	}
	return n
}
