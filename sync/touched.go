package sync

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// touched is where a delta looks, and how it asks.
type touched struct {
	users     map[identity.OktaID]hint                      // their assignments are read
	members   map[identity.GroupID]map[identity.OktaID]hint // whether they are in the groups is read
	groups    map[identity.GroupID]hint                     // these are read themselves, without their members
	selection *hint                                         // which groups are synced is read; nil: it isn't
	app       *hint                                         // the app is read
	newest    time.Time                                     // when the newest event happened, by Okta's clock; zero where none told
	beside    []identity.Assignment                         // others of whom this is known, as they may be in somebody's way

	list   bool                      // the users are looked for in the list of all, which is cheaper than one by one
	lists  map[identity.GroupID]bool // groups whose members are read as a list
	asked  map[identity.OktaID]bool  // users whose groups are asked for, whatever touched them
	replan map[identity.GroupID]bool // groups whose members are planned again as the ledger has them
}

// hint is why something is looked at.
type hint struct {
	at     time.Time       // when it happened, by Okta's clock: the first of several events; zero where none told
	event  identity.Origin // the newest of them; "" where none told
	left   bool            // of a membership: the newest event says that it ended
	direct bool            // the assignment itself was touched, so it is read whether somebody has an account or not
}

func newTouched() *touched {
	return &touched{users: map[identity.OktaID]hint{}, members: map[identity.GroupID]map[identity.OktaID]hint{}, groups: map[identity.GroupID]hint{},
		lists: map[identity.GroupID]bool{}, asked: map[identity.OktaID]bool{}, replan: map[identity.GroupID]bool{}}
}

// and adds an event to what is known of one subject.
func (h hint) and(t identity.Touch, known bool) hint {
	if !known || t.Published.Before(h.at) || h.at.IsZero() {
		h.at = t.Published
	}
	h.event, h.left = t.Event, t.Left
	h.direct = h.direct || t.Kind == identity.TouchAssignment
	return h
}

// add takes what one event says.
func (t *touched) add(event identity.Touch) {
	if event.Published.After(t.newest) {
		t.newest = event.Published
	}
	switch event.Kind {
	case identity.TouchAccount, identity.TouchAssignment:
		for _, id := range event.Users {
			h, known := t.users[id]
			t.users[id] = h.and(event, known)
		}
	case identity.TouchMembership:
		for _, u := range event.Users {
			if len(event.Groups) == 0 {
				t.asked[u] = true
			}
		}
		for _, g := range event.Groups {
			if len(event.Users) == 0 {
				t.lists[g] = true
			}
			for _, u := range event.Users {
				h, known := t.members[g][u]
				t.member(g, u, h.and(event, known))
			}
		}
	case identity.TouchGroup:
		for _, id := range event.Groups {
			h, known := t.groups[id]
			t.groups[id] = h.and(event, known)
		}
	case identity.TouchSelection:
		t.selection = t.selection.or(event)
	case identity.TouchApp:
		t.app, t.selection = t.app.or(event), t.selection.or(event)
	}
}

// newestBy is when the newest event happened, by a clock that is so far ahead of Okta's.
func (t *touched) newestBy(skew time.Duration) time.Time {
	if t.newest.IsZero() {
		return t.newest
	}
	return t.newest.Add(skew)
}

func (h *hint) or(event identity.Touch) *hint {
	if h == nil {
		h = &hint{}
	}
	both := h.and(event, !h.at.IsZero())
	return &both
}

func (t *touched) member(g identity.GroupID, u identity.OktaID, h hint) {
	if t.members[g] == nil {
		t.members[g] = map[identity.OktaID]hint{}
	}
	t.members[g][u] = h
}

// empty reports whether there is nothing to look at.
func (t *touched) empty() bool {
	return len(t.users)+len(t.members)+len(t.groups)+len(t.asked)+len(t.lists)+len(t.replan) == 0 && t.selection == nil && t.app == nil
}

// subjects names what the delta is about, so that a run beside it leaves that alone.
// Of a group whose members aren't all read, only those of whom something is read.
func (t *touched) subjects() []string {
	var list []string
	for id := range t.users {
		list = append(list, userSubject(id))
	}
	for id := range t.groups {
		list = append(list, groupSubject(id))
	}
	for id := range t.lists {
		list = append(list, groupSubject(id))
	}
	for g, users := range t.members {
		for u := range users {
			list = append(list, memberKey(g, u))
		}
	}
	slices.Sort(list)
	return list
}

// hint gives why a change is made: the first of what touched its subject, or, for
// members, the first of those who come and go.
func (t *touched) hint(c Change) hint {
	if t == nil {
		return hint{}
	}
	if c.User != "" {
		return t.users[c.User]
	}
	first := t.groups[c.Group]
	take := func(h hint) {
		if !h.at.IsZero() && (first.at.IsZero() || h.at.Before(first.at)) {
			first = h
		}
	}
	for _, ids := range [][]identity.OktaID{c.Add, c.Drop} {
		for _, id := range ids {
			if h, there := t.members[c.Group][id]; there {
				take(h)
			} else {
				take(t.users[id])
			}
		}
	}
	if first.at.IsZero() && t.selection != nil {
		first = *t.selection
	}
	return first
}

// readMembers has those who were touched in a group read themselves too: what they
// are mapped to may go by it.
func (t *touched) readMembers() {
	for _, members := range t.members {
		for id, h := range members {
			if _, read := t.users[id]; !read {
				t.users[id] = hint{at: h.at, event: h.event}
			}
		}
	}
}

// choose decides how to ask, by what each way takes of Okta's limits, and gives
// the price of it all:
//
//	users            one by one, or the list of all, whichever costs less
//	members          for each group: the groups of those who were touched, or its list of members
//	which groups     the list of the source, and of each touched group the members
func (t *touched) choose(p Prices, c census) float64 {
	one, list := p.Price(identity.AskUser, len(t.users)), p.Price(identity.AskUsers, c.users)
	t.list = len(t.users) > 1 && list < one
	price := min(one, list)
	if len(t.users) == 0 {
		price = 0
	}
	price += p.Price(identity.AskOfUser, len(t.asked))
	if t.selection != nil {
		return price + t.whole(p, c) + p.Price(identity.AskUsers, 0)
	}
	price += p.Price(identity.AskGroup, len(t.groups))
	for g := range t.lists {
		price += p.Price(identity.AskMembers, c.crowds[g])
	}
	return price + t.chooseMembers(p, c)
}

// chooseMembers takes, the most touched first, the groups whose list costs less than
// asking those of its touched members who are asked because of it alone.
func (t *touched) chooseMembers(p Prices, c census) float64 {
	users := map[identity.OktaID]int{} // in how many groups somebody was touched
	for _, members := range t.members {
		for u := range members {
			users[u]++
		}
	}
	groups := slices.SortedFunc(maps.Keys(t.members), func(a, b identity.GroupID) int {
		if n := len(t.members[b]) - len(t.members[a]); n != 0 {
			return n
		}
		return cmp.Compare(a, b)
	})
	price := 0.0
	for _, g := range groups {
		alone := 0
		for u := range t.members[g] {
			if users[u] == 1 && !t.asked[u] {
				alone++
			}
		}
		list := p.Price(identity.AskMembers, c.crowds[g]) + p.Price(identity.AskGroup, 2)
		if alone < 2 || list >= p.Price(identity.AskOfUser, alone) {
			continue
		}
		t.lists[g] = true
		price += list
		for u := range t.members[g] {
			users[u]--
		}
	}
	n := 0
	for u, groups := range users {
		if groups > 0 && !t.asked[u] {
			n++
		}
	}
	return price + p.Price(identity.AskOfUser, n)
}

// whole is what reading the groups as a full run does costs: of those that were
// touched it reads the members too.
func (t *touched) whole(p Prices, c census) float64 {
	price := min(p.Price(identity.AskGroup, len(c.crowds)), p.Price(identity.AskGroups, len(c.crowds)))
	for g := range t.members {
		price += p.Price(identity.AskMembers, c.crowds[g])
	}
	return price
}

// worthFull is from which part of the price of a full run on a delta isn't worth it.
const worthFull = 0.75

// burst reports whether so much was touched that a full run costs little more than a
// delta that asks as choose decided, at that price.
func (t *touched) burst(p Prices, c census, price float64) bool {
	full := p.Price(identity.AskUsers, c.users) + p.Price(identity.AskUsers, 0) + p.Price(identity.AskUser, 1) + t.whole(p, c)
	return price >= worthFull*full
}
