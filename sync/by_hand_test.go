package sync

import (
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Whom somebody deactivated in Omni: every way in which the record learns of it, and
// in which it is forgotten.
func TestRecordOfADeactivationByHand(t *testing.T) {
	for _, row := range []struct {
		name        string
		was, omni   bool // active in the ledger, in Omni
		marked      bool
		sent        Kind // what was sent and never answered
		wantsMarked bool
	}{
		{"active on both sides", true, true, false, "", false},
		{"deactivated since", true, false, false, "", true},
		{"deactivated while an update was under way", true, false, false, Update, true},
		{"deactivated by us, whose answer got lost", true, false, false, Deactivate, false},
		{"still inactive, by hand", false, false, true, "", true},
		{"still inactive, by us", false, false, false, "", false},
		{"active again", false, true, true, "", false},
	} {
		u := state.User{Omni: "o", Active: row.was, ByHand: row.marked}
		if row.sent != "" {
			u.Sent = &state.Change{Kind: string(row.sent)}
		}
		if got := corrected(u, identity.Account{ID: "o", Active: row.omni}, nil).ByHand; got != row.wantsMarked {
			t.Errorf("%s: marked %t, want %t", row.name, got, row.wantsMarked)
		}
	}
	marked := state.User{Omni: "o", ByHand: true}
	for standing, want := range map[identity.Standing]bool{identity.Assigned: true, identity.Staged: true, identity.Unassigned: false} {
		if got := observeUser(marked, Person{Standing: standing, InScope: true}, noon).ByHand; got != want {
			t.Errorf("%s: marked %t, want %t", standing, got, want)
		}
	}
}

// What becomes of them, by the policy and by what a person said.
func TestGuardManualDeactivations(t *testing.T) {
	held := "held reactivate ada: active false -> true [manual_deactivations] | assigned in Okta; somebody deactivated them in Omni; " +
		"once approved, this user is active again (users.on_manual_deactivation: hold)"
	for _, row := range []struct {
		name, policy, ledger string
		hold                 state.Hold
		want                 string
	}{
		{"restore", "restore", "ada inactive hand", state.Hold{}, "reactivate ada: active false -> true | assigned in Okta; somebody deactivated them in Omni"},
		{"hold", "hold", "ada inactive hand", state.Hold{}, held},
		{"hold, but our own change", "hold", "ada inactive", state.Hold{}, "reactivate ada: active false -> true | assigned in Okta, inactive in Omni"},
		{"approved", "hold", "ada inactive hand", state.Hold{Decision: state.Approved, By: "eve", Until: noon.Add(time.Hour)},
			"reactivate ada: active false -> true | approved by eve"},
		{"the approval is over", "hold", "ada inactive hand", state.Hold{Decision: state.Approved, By: "eve", Until: noon}, held},
		{"rejected", "hold", "ada inactive hand", state.Hold{Decision: state.Rejected, By: "eve", At: noon},
			"kept reactivate ada: active false -> true [manual_deactivations] | rejected by eve on " + noon.Format(time.DateOnly)},
	} {
		p, s := testPolicy(), scene{"ada assigned", row.ledger}
		p.OnManual = row.policy
		l := s.books()
		if row.hold.Decision != state.None {
			l.Holds["reactivate:ada"] = row.hold
		}
		got := judge(Plan(s.desired(), l, p), s.desired(), l, p, noon.Add(time.Minute)).Changes
		sameLines(t, row.name, told(got), row.want)
	}
}
