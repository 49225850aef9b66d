package sync

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// tariff is what one question of a kind costs, and how many objects a page has.
type tariff map[identity.Question]float64

func (p tariff) Price(q identity.Question, n int) float64 {
	page := map[identity.Question]int{identity.AskUsers: 500, identity.AskGroups: 200, identity.AskMembers: 1000}[q]
	if page > 0 {
		n = max(1, (n+page-1)/page)
	}
	return float64(n) * p[q]
}

// even is an org where each question costs the same.
var even = tariff{identity.AskUser: 1, identity.AskUsers: 1, identity.AskGroup: 1, identity.AskGroups: 1, identity.AskMembers: 1, identity.AskOfUser: 1}

// touching is where a delta looks: so many users, groups themselves, and members by group.
func touching(users, groups int, members map[identity.GroupID][]identity.OktaID) *touched {
	t := newTouched()
	for i := range users {
		t.users[identity.OktaID(fmt.Sprint("u", i))] = hint{}
	}
	for i := range groups {
		t.groups[identity.GroupID(fmt.Sprint("g", i))] = hint{}
	}
	for g, ids := range members {
		for _, u := range ids {
			t.member(g, u, hint{})
		}
	}
	return t
}

func membersTo(n int) []identity.OktaID {
	ids := make([]identity.OktaID, n)
	for i := range ids {
		ids[i] = identity.OktaID(fmt.Sprint("m", i))
	}
	return ids
}

// How a delta asks, by what each way costs.
func TestChooseQuestions(t *testing.T) {
	small, large := census{users: 300, crowds: map[identity.GroupID]int{"a": 800, "b": 800}}, census{users: 10_000, crowds: map[identity.GroupID]int{"a": 50_000, "b": 800}}
	type in = map[identity.GroupID][]identity.OktaID
	for name, row := range map[string]struct {
		t      *touched
		c      census
		list   bool   // the users out of the list of all
		crowds string // groups whose members are read as a list
		price  float64
		burst  bool
	}{
		"one user":                                       {touching(1, 0, nil), small, false, "", 1, false},
		"two users, who stand on one page":               {touching(2, 0, nil), small, true, "", 1, false},
		"two users of twenty pages":                      {touching(2, 0, nil), large, false, "", 2, false},
		"thirty users of twenty pages":                   {touching(30, 0, nil), large, true, "", 20, true},
		"a group":                                        {touching(0, 1, nil), small, false, "", 1, false},
		"one member of a huge group":                     {touching(0, 0, in{"a": membersTo(1)}), large, false, "", 1, false},
		"many members of a huge group":                   {touching(0, 0, in{"a": membersTo(40)}), large, false, "", 40, false},
		"more members of a huge group than it has pages": {touching(0, 0, in{"a": membersTo(60)}), large, false, "a", 52, false},
		"many members of a small group":                  {touching(0, 0, in{"b": membersTo(40)}), large, false, "b", 3, false},
		"three members of a small group":                 {touching(0, 0, in{"b": membersTo(3)}), large, false, "", 3, false},
		"the same members of two groups":                 {touching(0, 0, in{"a": membersTo(10), "b": membersTo(10)}), large, false, "", 10, false},
		"so many users that a full run is no dearer":     {touching(300, 0, in{"b": membersTo(1)}), small, true, "", 2, false},
		"everything in a small company":                  {touching(300, 2, in{"a": membersTo(9), "b": membersTo(9)}), small, true, "", 12, true},
	} {
		t.Run(name, func(t *testing.T) {
			price := row.t.choose(even, row.c)
			var crowds []string
			for g := range row.t.lists {
				crowds = append(crowds, string(g))
			}
			slices.Sort(crowds)
			if row.t.list != row.list || strings.Join(crowds, " ") != row.crowds || price != row.price {
				t.Errorf("it takes the list of users: %t, lists of members: %v, for %v; want %t, %q, %v", row.t.list, crowds, price, row.list, row.crowds, row.price)
			}
			if got := row.t.burst(even, row.c, price); got != row.burst {
				t.Errorf("a burst: %t, want %t", got, row.burst)
			}
		})
	}
}

// With a dear bucket the other way is taken: what counts is the share of each limit.
func TestChooseByBucket(t *testing.T) {
	dear := tariff{identity.AskUser: 10, identity.AskUsers: 10, identity.AskGroup: 1, identity.AskGroups: 1, identity.AskMembers: 8, identity.AskOfUser: 1}
	c := census{users: 300, crowds: map[identity.GroupID]int{"a": 800}}
	many := touching(0, 0, map[identity.GroupID][]identity.OktaID{"a": membersTo(9)})
	if price := many.choose(dear, c); len(many.lists) != 0 || price != 9 {
		t.Errorf("lists %v for %v: nine questions cost less than a list and two looks at the group", many.lists, price)
	}
	many = touching(0, 0, map[identity.GroupID][]identity.OktaID{"a": membersTo(11)})
	if price := many.choose(dear, c); !many.lists["a"] || price != 10 {
		t.Errorf("lists %v for %v: eleven questions cost more", many.lists, price)
	}
}

// Where the source of groups is read, it costs what a full run's reading of groups does.
func TestChooseOfASelection(t *testing.T) {
	c := census{users: 300, crowds: map[identity.GroupID]int{"a": 2500, "b": 10}}
	touch := touching(1, 1, map[identity.GroupID][]identity.OktaID{"a": membersTo(5)})
	touch.selection = &hint{}
	if price := touch.choose(even, c); price != 1+1+3+1 || len(touch.lists) != 0 {
		t.Errorf("it costs %v, lists %v: want the user, the groups, three pages of members, and the source", price, touch.lists)
	}
}

// Each kind of touch, and where it has a delta look.
func TestAddTouch(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	users, groups := []identity.OktaID{"u"}, []identity.GroupID{"g"}
	for name, row := range map[string]struct {
		touches []identity.Touch
		want    string
	}{
		"account":              {[]identity.Touch{{Kind: identity.TouchAccount, Users: users}}, "user u"},
		"assignment":           {[]identity.Touch{{Kind: identity.TouchAssignment, Users: users}}, "user u direct"},
		"assignment, account":  {[]identity.Touch{{Kind: identity.TouchAssignment, Users: users}, {Kind: identity.TouchAccount, Users: users}}, "user u direct"},
		"membership":           {[]identity.Touch{{Kind: identity.TouchMembership, Users: users, Groups: groups}}, "u in g"},
		"left":                 {[]identity.Touch{{Kind: identity.TouchMembership, Users: users, Groups: groups, Left: true}}, "u in g left"},
		"left, came":           {[]identity.Touch{{Kind: identity.TouchMembership, Users: users, Groups: groups, Left: true}, {Kind: identity.TouchMembership, Users: users, Groups: groups}}, "u in g"},
		"came, left":           {[]identity.Touch{{Kind: identity.TouchMembership, Users: users, Groups: groups}, {Kind: identity.TouchMembership, Users: users, Groups: groups, Left: true}}, "u in g left"},
		"membership, no group": {[]identity.Touch{{Kind: identity.TouchMembership, Users: users}}, "groups of u"},
		"membership, no user":  {[]identity.Touch{{Kind: identity.TouchMembership, Groups: groups}}, "members of g"},
		"group":                {[]identity.Touch{{Kind: identity.TouchGroup, Groups: groups}}, "group g"},
		"selection":            {[]identity.Touch{{Kind: identity.TouchSelection, Groups: groups}}, "selection"},
		"app":                  {[]identity.Touch{{Kind: identity.TouchApp}}, "app, selection"},
		"none":                 {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			touch := newTouched()
			for i, one := range row.touches {
				one.Published, one.Event = at.Add(-time.Duration(i)*time.Minute), identity.Origin(fmt.Sprint("event ", i))
				touch.add(one)
			}
			if got := where(touch); got != row.want {
				t.Errorf("it looks at %q, want %q", got, row.want)
			}
			if touch.empty() != (row.want == "") {
				t.Errorf("it says that it is empty: %t", touch.empty())
			}
			if h, known := touch.users["u"]; known && (!h.at.Equal(at.Add(-time.Duration(len(row.touches)-1)*time.Minute)) || h.event != identity.Origin(fmt.Sprint("event ", len(row.touches)-1))) {
				t.Errorf("it keeps %+v: want the first time and the newest event", h)
			}
		})
	}
}

// where tells in words where a delta looks.
func where(t *touched) string {
	var list []string
	say := func(yes bool, format string, args ...any) {
		if yes {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	flag := func(yes bool, word string) string {
		if yes {
			return word
		}
		return ""
	}
	say(t.app != nil, "app")
	for id, h := range t.users {
		say(true, "user %s%s", id, flag(h.direct, " direct"))
	}
	for g, users := range t.members {
		for u, h := range users {
			say(true, "%s in %s%s", u, g, flag(h.left, " left"))
		}
	}
	for u := range t.asked {
		say(true, "groups of %s", u)
	}
	for g := range t.lists {
		say(true, "members of %s", g)
	}
	for g := range t.groups {
		say(true, "group %s", g)
	}
	for g := range t.replan {
		say(true, "plan of %s", g)
	}
	say(t.selection != nil, "selection")
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// What needs no look is dropped.
func TestPruneTouches(t *testing.T) {
	fill := func() *touched {
		t := touching(0, 0, map[identity.GroupID][]identity.OktaID{"ours": {"known", "strange"}, "other": {"known"}})
		t.users["known"], t.users["strange"], t.users["assigned"] = hint{}, hint{}, hint{direct: true}
		t.member("ours", "assigned", hint{})
		t.groups["ours"], t.groups["other"] = hint{}, hint{}
		t.lists["ours"], t.lists["other"] = true, true
		return t
	}
	for _, named := range []bool{false, true} {
		touch := fill()
		touch.sync(map[identity.GroupID]int{"ours": 3}, named)
		if got := touch.people(); !slices.Equal(got, []identity.OktaID{"known", "strange"}) {
			t.Errorf("the ledger is asked about %v: not about those whose assignment was touched", got)
		}
		touch.keep(map[identity.OktaID]bool{"known": true, "strange": false})
		want := "assigned in ours, group ours, known in ours, members of ours, user assigned direct, user known"
		if named { // a group that is chosen by its name may be from now on
			want = strings.Replace(want, "group ours", "group other, group ours", 1)
		}
		if got := where(touch); got != want {
			t.Errorf("chosen by name %t: left is %q\nwant %q", named, got, want)
		}
	}
}
