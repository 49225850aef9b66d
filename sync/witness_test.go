package sync

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// testimony is an Okta that answers about users as it was told to, and counts
// the questions. What a test doesn't need panics.
type testimony struct {
	Okta
	assignments map[identity.OktaID]string // app-user status and account status; absent: 404 E0000007
	accounts    map[identity.OktaID]string // status; absent: 404
	left        map[identity.OktaID]bool   // the System Log shows a departure: true is the end of the account
	broken      map[string]error           // by question
	second      []identity.OktaID          // the second listing of assigned users
	cut         error                      // how that ends
	asked       []string
	listed      int
	skew        time.Duration
}

var notThere = &fault.Error{Kind: fault.NotFound, Op: "404 E0000007"}

func (o *testimony) App(context.Context) (identity.App, error) {
	return identity.App{Status: "ACTIVE", Features: []string{groupPush}}, o.broken["app"]
}

func (o *testimony) Skew() time.Duration { return o.skew }

func (o *testimony) Assignment(_ context.Context, id identity.OktaID) (identity.Assignment, error) {
	o.asked = append(o.asked, string(id))
	if err := o.broken["assignment"]; err != nil {
		return identity.Assignment{}, err
	}
	status, there := o.assignments[id]
	if !there {
		return identity.Assignment{Origin: "404 of " + identity.Origin(id)}, notThere
	}
	app, account, _ := strings.Cut(status, "/")
	return identity.Assignment{ID: id, Status: app, Account: account, UserName: string(id) + "@x.co", Origin: "answer about " + identity.Origin(id)}, nil
}

func (o *testimony) Account(_ context.Context, id identity.OktaID) (string, error) {
	if err := o.broken["account"]; err != nil {
		return "", err
	}
	status, there := o.accounts[id]
	if !there {
		return "", notThere
	}
	return status, nil
}

func (o *testimony) Departed(_ context.Context, id identity.OktaID) (identity.Origin, bool, error) {
	gone, left := o.left[id]
	if left {
		return "event of " + identity.Origin(id), gone, o.broken["log"]
	}
	return "", false, o.broken["log"]
}

func (o *testimony) Assignments(context.Context) iter.Seq2[identity.Sighting, error] {
	o.listed++
	return func(yield func(identity.Sighting, error) bool) {
		for _, id := range o.second {
			a := identity.Assignment{ID: id, Status: "ACTIVE", Account: "ACTIVE", UserName: string(id) + "@x.co"}
			if !yield(a.Sighting(), nil) {
				return
			}
		}
		if o.cut != nil {
			yield(identity.Sighting{}, o.cut)
		}
	}
}

// asItIs maps everybody as they are.
type asItIs struct{}

func (asItIs) Map(a identity.Assignment) (identity.User, bool, error) {
	return identity.User{UserName: a.UserName}, true, nil
}
func (asItIs) Candidates(identity.Assignment) []identity.Candidate       { return nil }
func (asItIs) Explain(identity.Assignment) ([]identity.Explained, error) { return nil, nil }
func (asItIs) Attributes() []string                                      { return nil }
func (asItIs) Fingerprint() identity.Fingerprint                         { return "as it is" }
func (asItIs) GroupName(g identity.Group) (string, error)                { return g.Name, nil }
func (asItIs) UsesGroups() bool                                          { return false }

func asking(o Okta, p Policy) *Engine {
	return New(Options{Okta: o, Mapper: asItIs{}, Policy: p, Log: zap.NewNop()})
}

// What makes certain that somebody must not have an account. Everything else
// contradicts it.
func TestDeparted(t *testing.T) {
	down := &fault.Error{Kind: fault.Unavailable, Op: "down"}
	one := func(status string) map[identity.OktaID]string { return map[identity.OktaID]string{"ada": status} }
	for _, row := range []struct {
		name    string
		o       testimony
		account string
		from    identity.Origin
		says    string // the contradiction
	}{
		{"404, the account lives", testimony{accounts: one("ACTIVE")}, "ACTIVE", "404 of ada", ""},
		{"404, the account is deactivated", testimony{accounts: one("DEPROVISIONED")}, "DEPROVISIONED", "404 of ada", ""},
		{"404, the account is deleted, as the log shows", testimony{left: map[identity.OktaID]bool{"ada": true}}, accountDeleted, "event of ada", ""},
		{"404, the account isn't shown, and was unassigned", testimony{left: map[identity.OktaID]bool{"ada": false}}, "", "event of ada", ""},
		{"404, neither account nor departure", testimony{}, "", "", "neither the user nor their departure"},
		{"404, the log can't be read", testimony{broken: map[string]error{"log": down}}, "", "", "down"},
		{"404, the account can't be read", testimony{broken: map[string]error{"account": down}}, "", "", "down"},
		{"assigned", testimony{assignments: one("ACTIVE/ACTIVE")}, "", "", "assigned after all"},
		{"suspended, which stays", testimony{assignments: one("SUSPENDED/ACTIVE")}, "", "", "assigned after all"},
		{"of a status that nobody knows", testimony{assignments: one("NEW/ACTIVE")}, "", "", "assigned after all"},
		{"the account's status is unread", testimony{assignments: one("ACTIVE/")}, "", "", "assigned after all"},
		{"an app user that says so itself", testimony{assignments: one("DEPROVISIONED/ACTIVE")}, "ACTIVE", "answer about ada", ""},
		{"the account's status says so", testimony{assignments: one("ACTIVE/DEPROVISIONED")}, "DEPROVISIONED", "answer about ada", ""},
		{"the question fails", testimony{broken: map[string]error{"assignment": down}}, "", "", "down"},
		{"the question is refused", testimony{broken: map[string]error{"assignment": &fault.Error{Kind: fault.Unauthorized, Op: "403"}}}, "", "", "403"},
	} {
		account, from, err := asking(&row.o, testPolicy()).departed(t.Context(), "ada")
		if row.says == "" && (err != nil || account != row.account || from != row.from) || row.says != "" && (err == nil || !strings.Contains(err.Error(), row.says)) {
			t.Errorf("%s: %q by %q, %v; want %q by %q, or %q", row.name, account, from, err, row.account, row.from, row.says)
		}
	}
}

// users.suspended: deactivate makes a suspended user one who leaves.
func TestDepartedBySuspension(t *testing.T) {
	p := testPolicy()
	p.Suspended = "deactivate"
	o := &testimony{assignments: map[identity.OktaID]string{"ada": "ACTIVE/SUSPENDED"}}
	if account, _, err := asking(o, p).departed(t.Context(), "ada"); account != "SUSPENDED" || err != nil {
		t.Errorf("%q, %v", account, err)
	}
}

// leaving are n users who are to end.
func leaving(n int) ([]Change, *Ledger) {
	l := newLedger()
	var changes []Change
	for i := range n {
		id := identity.OktaID(fmt.Sprintf("u%03d", i))
		gone := noon.Add(-time.Hour)
		l.Users[id] = state.User{Omni: identity.OmniID("o-" + id), Active: true, Unassigned: &gone}
		changes = append(changes, Change{Kind: Deactivate, User: id, Name: string(id), State: state.Planned})
	}
	return changes, l
}

// Up to fifty are asked for by id; of more the list is read once more, and some
// are asked for. One contradiction makes the whole reading doubtful.
func TestConfirm(t *testing.T) {
	everybody := func(n int) map[identity.OktaID]string {
		m := map[identity.OktaID]string{}
		for i := range n {
			m[identity.OktaID(fmt.Sprintf("u%03d", i))] = "DEPROVISIONED"
		}
		return m
	}
	for _, row := range []struct {
		name          string
		n             int
		o             testimony
		asked, listed int
		says          string
	}{
		{"one", 1, testimony{accounts: everybody(1)}, 1, 0, ""},
		{"fifty", maxAsked, testimony{accounts: everybody(maxAsked)}, maxAsked, 0, ""},
		{"fifty-one", maxAsked + 1, testimony{accounts: everybody(maxAsked + 1)}, sample, 1, ""},
		{"two hundred", 200, testimony{accounts: everybody(200), second: []identity.OktaID{"other"}}, sample, 1, ""},
		{"one of them is assigned", 3, testimony{accounts: everybody(3), assignments: map[identity.OktaID]string{"u001": "ACTIVE/ACTIVE"}}, 2, 0, "u001: the user is assigned after all"},
		{"one of many is in the second list", 80, testimony{accounts: everybody(80), second: []identity.OktaID{"u079"}}, 0, 1, "u079 was missing from the first reading, but is assigned in the second"},
		{"the second list is cut", 80, testimony{accounts: everybody(80), cut: errors.New("cut")}, 0, 1, "the second reading of the assigned users broke off: cut"},
		{"nobody of many is known at all", 80, testimony{}, 1, 1, "Okta knows neither the user nor their departure"},
		{"the app can't be read again", 3, testimony{broken: map[string]error{"app": errors.New("gone")}}, 0, 0, "gone"},
	} {
		changes, l := leaving(row.n)
		changes = append(changes, Change{Kind: Update, User: "kim", State: state.Planned})
		got, doubts, notes := asking(&row.o, testPolicy()).confirm(t.Context(), changes, &run{ledger: l, follower: &follower{}}, noon)
		if len(row.o.asked) != row.asked || row.o.listed != row.listed {
			t.Errorf("%s: %d were asked for, %d lists were read; want %d and %d", row.name, len(row.o.asked), row.o.listed, row.asked, row.listed)
		}
		if last := got[len(got)-1]; last.User != "kim" || last.State != state.Planned {
			t.Errorf("%s: the update became %+v", row.name, last)
		}
		want := fmt.Sprintf("planned %d", row.n+1)
		if row.says != "" {
			want = fmt.Sprintf("kept %d planned 1", row.n)
		}
		if states(got) != want || (len(doubts) == 1) != (row.says != "") || row.says != "" && !strings.Contains(doubts[0], row.says) {
			t.Errorf("%s: %s, doubts %q; want %s, %q", row.name, states(got), doubts, want, row.says)
		}
		if row.says == "" && len(notes.Users) != row.asked {
			t.Errorf("%s: the accounts of %d are noted, want those that were asked for: %d", row.name, len(notes.Users), row.asked)
		}
	}
}

// Where nothing is taken away Okta isn't asked, not even for the app.
func TestConfirmAsksOnlyAboutRemovals(t *testing.T) {
	o := &testimony{broken: map[string]error{"app": errors.New("must not be asked")}}
	changes := []Change{{Kind: Create, User: "a", State: state.Planned}, {Kind: Deactivate, User: "b", State: state.Held}, {Kind: Delete, Group: "g", State: state.Kept},
		{Kind: Members, Group: "g", State: state.Planned, Drop: []identity.OktaID{"c"}, Before: &state.Facts{}}}
	got, doubts, _ := asking(o, testPolicy()).confirm(t.Context(), changes, &run{ledger: newLedger(), follower: &follower{}}, noon)
	if states(got) != states(changes) || doubts != nil || len(o.asked) != 0 {
		t.Errorf("%s, doubts %v, asked %v", states(got), doubts, o.asked)
	}
}

// The grace is by what became of the account as Okta tells it now, and every
// removal waits while the clocks differ.
func TestConfirmedWaitsForItsGrace(t *testing.T) {
	p := testPolicy()
	p.Grace, p.Settle = 24*time.Hour, 10*time.Second
	for _, row := range []struct {
		account string
		skew    time.Duration
		want    string
	}{
		{"ACTIVE", 0, "kept 1"}, {"DEPROVISIONED", 0, "planned 1"}, {"SUSPENDED", 0, "kept 1"}, {"DEPROVISIONED", time.Hour, "kept 1"},
	} {
		changes, l := leaving(1)
		o := &testimony{accounts: map[identity.OktaID]string{"u000": row.account}, skew: row.skew}
		got, doubts, _ := asking(o, p).confirm(t.Context(), changes, &run{ledger: l, follower: &follower{}}, noon)
		if states(got) != row.want || doubts != nil || l.Users["u000"].Account != row.account {
			t.Errorf("%s, %s off: %s, doubts %v, account %q", row.account, row.skew, states(got), doubts, l.Users["u000"].Account)
		}
	}
}

// A rejection ends when the Okta account has moved on since, and only then.
func TestReopen(t *testing.T) {
	for _, row := range []struct {
		name, told, asked string
		hold              state.Hold
		broken            bool
		over              bool
	}{
		{"nothing changed", "", "ACTIVE", state.Hold{Decision: state.Rejected, Account: "ACTIVE"}, false, false},
		{"deactivated since", "", "DEPROVISIONED", state.Hold{Decision: state.Rejected, Account: "ACTIVE"}, false, true},
		{"suspended since", "", "SUSPENDED", state.Hold{Decision: state.Rejected, Account: "ACTIVE"}, false, true},
		{"deleted since", "", "deleted", state.Hold{Decision: state.Rejected, Account: "ACTIVE"}, false, true},
		{"hidden since it was unassigned", "", "hidden", state.Hold{Decision: state.Rejected, Account: "ACTIVE"}, false, false},
		{"hidden, and in no log", "", "", state.Hold{Decision: state.Rejected, Account: "ACTIVE"}, false, false},
		{"deactivated, as when it was rejected", "", "DEPROVISIONED", state.Hold{Decision: state.Rejected, Account: "DEPROVISIONED"}, false, false},
		{"suspended then, deactivated now", "", "DEPROVISIONED", state.Hold{Decision: state.Rejected, Account: "SUSPENDED"}, false, true},
		{"locked out since", "", "LOCKED_OUT", state.Hold{Decision: state.Rejected, Account: "ACTIVE"}, false, false},
		{"the list tells it", "SUSPENDED", "ACTIVE", state.Hold{Decision: state.Rejected, Account: "ACTIVE"}, false, true},
		{"nobody knows better", "", "deleted", state.Hold{Decision: state.Rejected, Account: "ACTIVE"}, true, false},
		{"approved", "", "DEPROVISIONED", state.Hold{Decision: state.Approved, Account: "ACTIVE"}, false, false},
		{"undecided", "", "DEPROVISIONED", state.Hold{Account: "ACTIVE"}, false, false},
	} {
		o := &testimony{broken: map[string]error{}, accounts: map[identity.OktaID]string{}}
		switch row.asked {
		case "deleted", "hidden":
			o.left = map[identity.OktaID]bool{"ada": row.asked == "deleted"}
		case "":
		default:
			o.accounts["ada"] = row.asked
		}
		if row.broken {
			o.broken["account"] = errors.New("down")
		}
		l, d := newLedger(), Desired{AllUsers: true, Users: map[identity.OktaID]Person{}}
		if row.told != "" {
			d.Users["ada"] = Person{Account: row.told}
		}
		row.hold.Change.OktaID = "ada"
		member := row.hold
		member.Change.OktaID = "sales"
		l.Holds["deactivate:ada"], l.Holds["member:sales:ada"] = row.hold, member
		want := ""
		if row.over {
			want = "hold deactivate:ada over"
		}
		sameLines(t, row.name, noted(asking(o, testPolicy()).reopen(t.Context(), l, d)), want)
		for doubt, d := range map[string]Desired{
			"unproven": {Unproven: true, AllUsers: true, Users: d.Users}, "empty": {Empty: true, AllUsers: true, Users: d.Users}, "broken off": {Users: d.Users},
		} {
			sameLines(t, row.name+", "+doubt, noted(asking(o, testPolicy()).reopen(t.Context(), l, d)), "")
		}
	}
}

// A deletion ends a rejection only where the canary can be seen.
func TestReopenAsksForTheCanary(t *testing.T) {
	for _, seen := range []bool{true, false} {
		o := &testimony{left: map[identity.OktaID]bool{"ada": true}}
		want := ""
		if seen {
			o.assignments, want = map[identity.OktaID]string{"kim": "ACTIVE/ACTIVE"}, "hold deactivate:ada over"
		}
		e := New(Options{Okta: o, Mapper: asItIs{}, Policy: testPolicy(), Log: zap.NewNop(), Canary: Canary{User: "kim"}})
		l := newLedger()
		l.Holds["deactivate:ada"] = state.Hold{Decision: state.Rejected, Account: "ACTIVE", Change: state.Change{OktaID: "ada"}}
		sameLines(t, fmt.Sprintf("seen %t", seen), noted(e.reopen(t.Context(), l, Desired{AllUsers: true})), want)
	}
}
