package sync

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// What a run leaves for later, and when it is looked at again.
func TestAfterARun(t *testing.T) {
	user := func(s state.ChangeState, due time.Time) Change {
		return Change{Kind: Deactivate, User: "u", State: s, Due: due}
	}
	for name, row := range map[string]struct {
		before  map[string]look
		results []Change
		unread  []string
		failing map[string]state.Failure
		want    string
	}{
		"nothing is left":             {nil, []Change{user(state.Applied, time.Time{})}, nil, nil, ""},
		"done after it waited":        {map[string]look{"user:u": {at: noon}}, []Change{user(state.Applied, time.Time{})}, nil, nil, ""},
		"held after it waited":        {map[string]look{"user:u": {at: noon}}, []Change{user(state.Held, time.Time{})}, nil, nil, ""},
		"in grace":                    {nil, []Change{user(state.Kept, noon.Add(time.Hour))}, nil, nil, "user:u 1h0m0s 0"},
		"protected":                   {nil, []Change{user(state.Kept, time.Time{})}, nil, nil, ""},
		"stopped before its turn":     {nil, []Change{user(state.Planned, time.Time{})}, nil, nil, "user:u 1m0s 0"},
		"failing":                     {nil, []Change{user(state.Failed, time.Time{})}, nil, map[string]state.Failure{"user:u": {Next: noon.Add(7 * time.Minute)}}, "user:u 7m0s 0"},
		"unread":                      {nil, nil, []string{"user:u"}, nil, "user:u 1m0s 1"},
		"unread twice":                {map[string]look{"user:u": {tries: 1}}, nil, []string{"user:u"}, nil, "user:u 2m0s 2"},
		"unread for the seventh time": {map[string]look{"user:u": {tries: 6}}, nil, []string{"user:u"}, nil, "user:u 1h0m0s 7"},
		"unread for ever":             {map[string]look{"user:u": {tries: 100}}, nil, []string{"user:u"}, nil, "user:u 1h0m0s 101"},
		"read again":                  {map[string]look{"user:u": {at: noon, tries: 3}, "members of g": {at: noon}}, nil, nil, nil, "members of g 0s 0"},
		"in grace, and unconfirmed":   {nil, []Change{user(state.Kept, time.Time{})}, []string{"user:u"}, nil, "user:u 1m0s 1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &watch{again: map[string]look{}}
			maps.Copy(w.again, row.before)
			l := newLedger()
			l.Failing = row.failing
			w.after(&run{touched: touching(0, 0, nil).with("u"), ledger: l, unread: row.unread}, row.results, noon)
			var got []string
			for subject, l := range w.again {
				got = append(got, fmt.Sprint(subject, " ", l.at.Sub(noon), " ", l.tries))
			}
			slices.Sort(got)
			if strings.Join(got, ", ") != row.want {
				t.Errorf("looked at again: %q, want %q", got, row.want)
			}
		})
	}
}

func (t *touched) with(id identity.OktaID) *touched {
	t.users[id] = hint{}
	return t
}

// What is due is where a delta looks; what isn't, waits; what needs no look any more is
// forgotten when its time has come.
func TestDueLooks(t *testing.T) {
	w := &watch{again: map[string]look{}}
	for _, subject := range []string{userSubject("u"), groupSubject("g"), lookMembers + "g", lookGroupsOf + "v", lookSelection} {
		w.again[subject] = look{at: noon}
	}
	w.again[userSubject("later")] = look{at: noon.Add(time.Hour)}
	if next := w.next(); !next.Equal(noon) {
		t.Errorf("the next look is at %s", next)
	}
	early := newTouched()
	if w.due(early, noon.Add(-time.Second)); !early.empty() {
		t.Errorf("too early it looks at %q", where(early))
	}
	touch := newTouched()
	touch.users["u"] = hint{event: "event"}
	w.due(touch, noon)
	if got, want := where(touch), "groups of v, members of g, plan of g, selection, user u direct"; got != want {
		t.Errorf("it looks at %q, want %q", got, want)
	}
	if touch.users["u"].event != "event" {
		t.Errorf("what the event told of the user is lost: %+v", touch.users["u"])
	}
	delete(touch.lists, "g")
	w.drop(touch, noon)
	if _, there := w.again[lookMembers+"g"]; there || len(w.again) != 5 {
		t.Errorf("after what isn't synced was dropped, there is %v", w.again)
	}
	w.looked(touch, []string{userSubject("u")})
	if got := slices.Sorted(maps.Keys(w.again)); strings.Join(got, ", ") != "user:later, user:u" {
		t.Errorf("after the look, of which the user was unread, there is %v", got)
	}
}

// The sum of many times: of the newest thousand, but the count of all.
func TestLatencySum(t *testing.T) {
	var l latencies
	if l.sum() != nil {
		t.Error("there is a sum of nothing")
	}
	l.add(1500 * time.Millisecond)
	if got := *l.sum(); got != (Latency{1, 1.5, 1.5, 1.5}) {
		t.Errorf("of one it is %+v", got)
	}
	for range 2000 {
		l.add(time.Hour)
	}
	for i := range measured {
		l.add(time.Duration(measured-i) * time.Second)
	}
	if got := *l.sum(); got != (Latency{1 + 2000 + measured, 500, 990, 1000}) {
		t.Errorf("of many it is %+v", got)
	}
}

// A full run's find is missed only when no event tells of it in time.
func TestSuspects(t *testing.T) {
	touch := identity.Touch{Kind: identity.TouchAccount, Users: []identity.OktaID{"u"}, Published: noon.Add(-time.Minute)}
	member := identity.Touch{Kind: identity.TouchMembership, Users: []identity.OktaID{"u"}, Groups: []identity.GroupID{"g"}, Published: noon.Add(-time.Minute)}
	for name, row := range map[string]struct {
		news     news
		touches  []identity.Touch
		after    time.Duration
		missed   string
		measured int
	}{
		"no event yet":                  {news{"user:u", "Ada"}, nil, missedAfter, "", 0},
		"no event comes":                {news{"user:u", "Ada"}, nil, missedAfter + time.Second, "Ada", 0},
		"the event comes late":          {news{"user:u", "Ada"}, []identity.Touch{touch}, missedAfter + time.Second, "", 1},
		"another's event":               {news{"user:v", "Bob"}, []identity.Touch{touch}, missedAfter + time.Second, "Bob", 0},
		"a member's event":              {news{"member:g:u", "Sales: Ada"}, []identity.Touch{member}, missedAfter + time.Second, "", 1},
		"the user's isn't the member's": {news{"member:g:u", "Sales: Ada"}, []identity.Touch{touch}, missedAfter + time.Second, "Sales: Ada", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := &watch{}
			w.suspect(noon, []news{row.news})
			w.suspects.done(row.news.subject, noon.Add(time.Second))
			missed := w.explained(row.touches, noon.Add(row.after))
			if strings.Join(missed, ", ") != row.missed || w.suspects.missed != len(missed) || !slices.Equal(w.suspects.names, missed) {
				t.Errorf("missed: %v, in all %d: %v; want %q", missed, w.suspects.missed, w.suspects.names, row.missed)
			}
			if w.times.n != row.measured || row.measured > 0 && w.times.ring[0] != 61*time.Second {
				t.Errorf("measured: %v, want %d, of a minute and a second", w.times.ring, row.measured)
			}
		})
	}
	w := &watch{again: map[string]look{"user:u": {at: noon}}}
	if w.suspect(noon, []news{{"user:u", "Ada"}}); len(w.suspects.waiting) != 0 {
		t.Error("who is to be looked at again anyway is a suspect")
	}
}
