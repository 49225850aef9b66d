package sync

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// directory is an Okta of groups: each reading of members takes the next of the
// lists, and each look at a group the next of its times.
type directory struct {
	Okta
	lists  []string    // members by reading, space between; the last one stays
	moved  []time.Time // lastMembershipUpdated after each reading; the last one stays
	gone   bool        // the group is deleted once its members were read
	cut    error       // how each list ends
	size   int
	in     map[identity.OktaID]bool // of whom their own groups tell it
	broken error                    // of what is asked to prove a reading
	ended  bool                     // the System Log shows the end of their accounts
	looks  int
	reads  int
}

func next[T any](list []T, i int) T { return list[min(i, len(list)-1)] }

func (o *directory) Groups(context.Context, []identity.GroupID) (map[identity.GroupID]identity.Group, error) {
	at := next(o.moved, o.looks)
	o.looks++
	if o.gone {
		return nil, nil
	}
	return map[identity.GroupID]identity.Group{"sales": {ID: "sales", Name: "Sales", MembershipUpdated: at}}, nil
}

func (o *directory) Members(context.Context, identity.GroupID) iter.Seq2[identity.Membership, error] {
	list := strings.Fields(next(o.lists, o.reads))
	o.reads++
	return func(yield func(identity.Membership, error) bool) {
		for _, id := range list {
			if !yield(identity.Membership{User: identity.OktaID(id)}, nil) {
				return
			}
		}
		if o.cut != nil {
			yield(identity.Membership{}, o.cut)
		}
	}
}

func (o *directory) GroupSize(context.Context, identity.GroupID) (int, error) {
	return o.size, o.broken
}

func (o *directory) GroupsOf(_ context.Context, id identity.OktaID) ([]identity.GroupID, identity.Origin, error) {
	if o.in[id] {
		return []identity.GroupID{"other", "sales"}, "", o.broken
	}
	return []identity.GroupID{"other"}, "", o.broken
}

func (o *directory) Departed(context.Context, identity.OktaID) (identity.Origin, bool, error) {
	return "an event", o.ended, nil
}

// crowdWords prints what was read of a group.
func crowdWords(c Crowd) string {
	var words []string
	for _, id := range c.Joined {
		words = append(words, "+"+string(id))
	}
	for _, id := range c.Left {
		words = append(words, "-"+string(id))
	}
	for _, f := range []struct {
		is   bool
		word string
	}{{c.Read, "read"}, {c.Certain, "certain"}, {c.Gone, "gone"}} {
		if f.is {
			words = append(words, f.word)
		}
	}
	return strings.Join(words, " ")
}

// When a reading of members is believed, and what is told of it otherwise. The
// ledger has ada and bob in the group, as of noon.
func TestReadingOfMembers(t *testing.T) {
	later := noon.Add(time.Hour)
	for _, row := range []struct {
		name  string
		o     directory
		as    time.Time // of the group's object before the reading
		all   bool
		want  string
		doubt string
		reads int
	}{
		{"it didn't move", directory{moved: []time.Time{noon}, lists: []string{""}}, noon, false, "certain", "", 0},
		{"all members are to be read", directory{moved: []time.Time{noon}, lists: []string{"ada bob"}}, noon, true, "read certain", "", 1},
		{"it moved", directory{moved: []time.Time{later}, lists: []string{"bob eve"}}, later, false, "+eve -ada read certain", "", 1},
		{"nobody left: nothing to prove", directory{moved: []time.Time{later}, lists: []string{"ada bob eve"}, broken: errors.New("not asked")}, later, false, "+eve read certain", "", 1},
		{"it moved while it was read", directory{moved: []time.Time{later.Add(1), later.Add(1)}, lists: []string{"ada", "ada eve"}}, later, false, "+eve -bob read certain", "", 2},
		{"it moves each time", directory{moved: []time.Time{later.Add(1), later.Add(2), later.Add(3), later.Add(4)}, lists: []string{"ada"}}, later, false,
			"-bob read", "it changed each time it was read", 3},
		{"it tells no time", directory{moved: []time.Time{{}}, lists: []string{"ada"}}, time.Time{}, false, "-bob read", "Okta doesn't tell when they changed", 1},
		{"it is deleted meanwhile", directory{moved: []time.Time{later}, lists: []string{"ada"}, gone: true}, later, false, "-bob read gone", "", 1},
		{"the list is cut", directory{moved: []time.Time{later}, lists: []string{"ada eve"}, cut: errors.New("page 2 is missing")}, later, false, "+eve -bob read", "page 2 is missing", 1},
		{"who is missing is in it", directory{moved: []time.Time{later}, lists: []string{"ada"}, in: map[identity.OktaID]bool{"bob": true}}, later, false, "-bob read", "user bob is missing from the list, but is in the group", 1},
		{"who is missing can't be asked for", directory{moved: []time.Time{later}, lists: []string{"ada"}, broken: errors.New("down")}, later, false, "-bob read", "down", 1},
		{"who is missing is deleted", directory{moved: []time.Time{later}, lists: []string{"ada"}, broken: notThere, ended: true}, later, false, "-bob read certain", "", 1},
		{"who is missing may be hidden", directory{moved: []time.Time{later}, lists: []string{"ada"}, broken: notThere}, later, false, "-bob read", "Okta knows neither user bob nor the end of the account", 1},
		{"empty, and Okta counts nobody", directory{moved: []time.Time{later}, lists: []string{""}}, later, false, "-ada -bob read certain", "", 1},
		{"empty, but Okta counts some", directory{moved: []time.Time{later}, lists: []string{""}, size: 7}, later, false, "-ada -bob read", "the list is empty, but Okta counts 7", 1},
	} {
		l := scene{"", "ada active\nbob active\n#sales linked ada:P bob:P"}.books()
		l.Whole = true
		g := l.Groups["sales"]
		g.AsOf = noon
		l.Groups["sales"] = g
		cr := &crowdReader{follower: &follower{}, source: &row.o, engine: &Engine{locks: newLocks(), o: Options{Archive: &Recollection{}, Okta: &row.o, Log: zap.NewNop()}}, ledger: l, all: row.all,
			crowds: map[identity.GroupID]Crowd{"sales": {}}}
		cr.read(t.Context(), map[identity.GroupID]identity.Group{"sales": {ID: "sales", Name: "Sales", MembershipUpdated: row.as}})
		if got := crowdWords(cr.crowds["sales"]); got != row.want || row.o.reads != row.reads {
			t.Errorf("%s: %q after %d readings, want %q after %d", row.name, got, row.o.reads, row.want, row.reads)
		}
		if told := strings.Join(cr.doubts, ""); (told == "") != (row.doubt == "") || !strings.Contains(told, row.doubt) || told != "" && !strings.Contains(told, `group "Sales"`) {
			t.Errorf("%s: doubt %q, want %q", row.name, told, row.doubt)
		}
	}
}

// What is kept in memory of a group that was read: those who differ, on either
// side, from the store as from memory.
func TestReadingKeepsWhoMatters(t *testing.T) {
	s := newDrawers(t, "#sales linked ada:P bob:P eve:A kim:p zoe:e")
	l := marked(t, s)
	o := &directory{moved: []time.Time{noon}, lists: []string{"ada eve new"}}
	cr := &crowdReader{follower: &follower{}, source: o, engine: &Engine{locks: newLocks(), o: Options{Archive: &Recollection{}, Okta: o, Store: s, Log: zap.NewNop()}}, ledger: l, crowds: map[identity.GroupID]Crowd{"sales": {}}}
	cr.read(t.Context(), map[identity.GroupID]identity.Group{"sales": {ID: "sales", Name: "Sales", MembershipUpdated: noon}})
	if got := crowdWords(cr.crowds["sales"]); got != "+new -bob read certain" {
		t.Errorf("read is %q", got)
	}
	kept := map[identity.OktaID]bool{}
	for id := range l.Members["sales"] {
		kept[id] = true
	}
	if got := idWords(kept); got != "bob eve kim zoe" {
		t.Errorf("kept are %q: ada is the same on both sides", got)
	}
}

// At most so many are drawn, each once, all of few.
func TestDraw(t *testing.T) {
	ids := make([]int, 100)
	for i := range ids {
		ids[i] = i
	}
	for _, n := range []int{0, 1, 20, 100, 150} {
		got := draw(ids, n)
		slices.Sort(got)
		if len(got) != min(n, 100) || len(slices.Compact(got)) != len(got) {
			t.Errorf("of 100, %d are drawn as %v", n, got)
		}
	}
	if !slices.IsSorted(ids) {
		t.Error("the list that was handed in is shuffled")
	}
	seen := map[int]bool{}
	for range 200 {
		seen[draw(ids, 1)[0]] = true
	}
	if len(seen) < 50 {
		t.Errorf("of 200 draws only %d differ", len(seen))
	}
}

// What a sighting becomes: by standing and policy, with what went wrong told.
func TestPersonOfASighting(t *testing.T) {
	unreadable := errors.New("the profile isn't an object")
	for _, row := range []struct {
		name, status string
		suspended    string
		whole        error
		standing     identity.Standing
		fault        string
	}{
		{"assigned", "ACTIVE/ACTIVE", "keep", nil, identity.Assigned, ""},
		{"staged", "ACTIVE/STAGED", "keep", nil, identity.Staged, ""},
		{"suspended, kept", "ACTIVE/SUSPENDED", "keep", nil, identity.Suspended, ""},
		{"suspended, deactivated", "ACTIVE/SUSPENDED", "deactivate", nil, identity.Unassigned, ""},
		{"unassigned", "DEPROVISIONED/ACTIVE", "keep", nil, identity.Unassigned, ""},
		{"unassigned, unreadable", "DEPROVISIONED/ACTIVE", "keep", unreadable, identity.Unassigned, ""},
		{"doubtful", "NEW/ACTIVE", "keep", nil, identity.Doubtful, `Okta tells app-user status "NEW" and account status "ACTIVE", which says nothing certain`},
		{"assigned, unreadable", "ACTIVE/ACTIVE", "keep", unreadable, identity.Assigned, "the profile isn't an object"},
	} {
		p := testPolicy()
		p.Suspended = row.suspended
		app, account, _ := strings.Cut(row.status, "/")
		a := identity.Assignment{ID: "ada", Status: app, Account: account, UserName: "ada@x.co", ExternalID: "o9"}
		s := identity.Sighting{Assignment: a, Whole: func() (identity.Assignment, error) { return a, row.whole }}
		got := asking(nil, p).person(s, belongs{})
		if got.Standing != row.standing || got.Fault != row.fault || got.UserName != "ada@x.co" || got.External != "o9" || !got.InScope || got.Account != account {
			t.Errorf("%s: %+v", row.name, got)
		}
	}
}

// Two policies that read differently never agree that somebody is as they were.
func TestPrintsFollowThePolicy(t *testing.T) {
	s := identity.Sighting{Assignment: identity.Assignment{Print: identity.PrintOf([]byte("ada"))}}
	other := identity.Sighting{Assignment: identity.Assignment{Print: identity.PrintOf([]byte("bob"))}}
	base := asking(nil, testPolicy())
	if base.print(s, belongs{}) != asking(nil, testPolicy()).print(s, belongs{}) || base.print(s, belongs{}) == base.print(other, belongs{}) {
		t.Error("a print doesn't tell who it is of")
	}
	for name, change := range map[string]func(*Policy){
		"users.suspended": func(p *Policy) { p.Suspended = "deactivate" }, "groups.on_unpush": func(p *Policy) { p.OnUnpush = "delete" },
		"groups.match": func(p *Policy) { p.Groups.Match = []string{"x"} },
	} {
		p := testPolicy()
		change(&p)
		if asking(nil, p).print(s, belongs{}) == base.print(s, belongs{}) {
			t.Errorf("%s makes no difference to what is looked at again", name)
		}
	}
	for name, change := range map[string]func(*Policy){
		"guards": func(p *Policy) { p.Guard.Deactivations.Count = 3 }, "grace": func(p *Policy) { p.Grace = time.Hour },
		"groups.from said or left out": func(p *Policy) { p.Groups.From = "auto" },
	} {
		p := testPolicy()
		change(&p)
		if asking(nil, p).print(s, belongs{}) != base.print(s, belongs{}) {
			t.Errorf("%s makes everybody be looked at again", name)
		}
	}
}

// A ledger of other sides is refused, and the message names both.
func TestLedgerOfOtherSides(t *testing.T) {
	mine := Identity{Name: "acme", Org: "https://acme.okta.com", App: "0oa1", Omni: "https://acme.omniapp.co"}
	whole := state.Connection{Org: mine.Org, App: mine.App, Omni: mine.Omni, Complete: true}
	for _, row := range []struct {
		name string
		was  func(*state.Connection)
		good bool
	}{
		{"the same", func(*state.Connection) {}, true}, {"another org", func(c *state.Connection) { c.Org = "https://other.okta.com" }, false},
		{"another app", func(c *state.Connection) { c.App = "0oa2" }, false}, {"another Omni", func(c *state.Connection) { c.Omni = "https://other.omniapp.co" }, false},
	} {
		was := whole
		row.was(&was)
		s := newDrawers(t, "ada active")
		n := newNotes()
		n.Connection = &was
		e := &Engine{locks: newLocks(), o: Options{Archive: &Recollection{}, Store: s, Identity: mine}}
		if err := e.write(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		err := e.recall(t.Context(), aRun())
		if (err == nil) != row.good || err != nil && (!fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), was.Org) || !strings.Contains(err.Error(), was.App) ||
			!strings.Contains(err.Error(), was.Omni) || fault.HintOf(err) == "") {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	s := newDrawers(t, "")
	e := &Engine{locks: newLocks(), o: Options{Archive: &Recollection{}, Store: s, Identity: mine}}
	run := aRun()
	if err := e.recall(t.Context(), run); err != nil || run.ledger.Connection.App != mine.App {
		t.Errorf("a new ledger: %+v, %v", run.ledger.Connection, err)
	}
	c, _, err := state.Read[state.Connection](t.Context(), s, state.Meta, "connection")
	if err != nil || c != (state.Connection{Org: mine.Org, App: mine.App, Omni: mine.Omni}) {
		t.Errorf("a new ledger is written as %+v, %v", c, err)
	}
}

// The app's states in which nothing can be believed, each with what to do.
func TestActiveApp(t *testing.T) {
	for _, row := range []struct {
		name string
		app  identity.App
		err  error
		kind fault.Kind
		hint string
	}{
		{"active", identity.App{Status: "ACTIVE"}, nil, fault.Other, ""},
		{"inactive", identity.App{Label: "Omni", Status: "INACTIVE"}, nil, fault.Refused, "activate the app"},
		{"deleted", identity.App{Label: "Omni", Status: "DELETED"}, nil, fault.Refused, "activate the app"},
		{"implicit", identity.App{Label: "Omni", Status: "ACTIVE", Implicit: true}, nil, fault.Refused, "settings.implicitAssignment"},
		{"missing", identity.App{}, notThere, fault.NotFound, "okta.app_id"},
		{"refused", identity.App{}, &fault.Error{Kind: fault.Unauthorized, Hint: "a new token"}, fault.Unauthorized, "a new token"},
	} {
		_, err := asking(appOnly{app: row.app, err: row.err}, testPolicy()).activeApp(t.Context())
		if row.hint == "" && err != nil || row.hint != "" && (fault.KindOf(err) != row.kind || !strings.Contains(fault.HintOf(err), row.hint)) {
			t.Errorf("%s: %v, hint %q", row.name, err, fault.HintOf(err))
		}
	}
}

type appOnly struct {
	Okta
	app identity.App
	err error
}

func (o appOnly) App(context.Context) (identity.App, error) { return o.app, o.err }

func (appOnly) Stopped(context.Context) (identity.Deed, error) { return identity.Deed{}, nil }
