package state_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// What of a record comes into the index:
//
//	record                        active  open
//	linked, active                yes     no
//	linked, active, unassigned    yes     yes: it ends sooner or later
//	linked, inactive              no      no
//	linked, inactive, unassigned  no      no: it has ended
//	intended                      no      yes: what stands in Omni isn't known
func TestMarkOf(t *testing.T) {
	since := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	ada := identity.User{UserName: "Ada@Acme.co"}
	for _, row := range []struct {
		name         string
		user         state.User
		active, open bool
	}{
		{"linked, active", state.User{Omni: "m1", User: ada, Active: true}, true, false},
		{"linked, active, unassigned", state.User{Omni: "m1", User: ada, Active: true, Unassigned: &since}, true, true},
		{"linked, inactive", state.User{Omni: "m1", User: ada}, false, false},
		{"linked, inactive, unassigned", state.User{Omni: "m1", User: ada, Unassigned: &since}, false, false},
		{"intended", state.User{User: ada, Intent: "run1"}, false, true},
	} {
		row.user.Seen = identity.PrintOf([]byte(row.name))
		m := state.MarkOf(row.user)
		if m.Active != row.active || m.Open != row.open || m.Seen != row.user.Seen {
			t.Errorf("%s: %+v, want active %t, open %t", row.name, m, row.active, row.open)
		}
		if m.Name != state.NameSum(" ada@acme.co") || m.Name == state.NameSum("bob@acme.co") {
			t.Errorf("%s: the name's sum doesn't follow the name as it is compared", row.name)
		}
		if (m.Omni == 0) != (row.user.Omni == "") || m.Omni != state.IDSum(row.user.Omni) {
			t.Errorf("%s: the account's sum is %d", row.name, m.Omni)
		}
	}
}

// A user's record and its mark are written and removed together.
func TestUsersAreIndexed(t *testing.T) {
	u := state.User{Omni: "m1", User: identity.User{UserName: "a@b.co"}, Active: true, Seen: identity.PrintOf([]byte("x"))}
	var b state.Batch
	state.PutUser(&b, "00u1", u)
	if len(b.Writes) != 2 || b.Writes[0].Bucket != state.Users || b.Writes[1].Bucket != state.Marks {
		t.Fatalf("a user is written as %+v", b.Writes)
	}
	got, err := state.Decode[state.Mark](state.Entry{Key: b.Writes[1].Key, Value: b.Writes[1].Value}, state.Marks)
	if diff := cmp.Diff(state.MarkOf(u), got); err != nil || diff != "" {
		t.Errorf("the mark comes back otherwise: %v\n%s", err, diff)
	}
	back, err := state.Decode[state.User](state.Entry{Key: "00u1", Value: b.Writes[0].Value}, state.Users)
	if diff := cmp.Diff(u, back); err != nil || diff != "" {
		t.Errorf("the record comes back otherwise: %v\n%s", err, diff)
	}
	var gone state.Batch
	state.RemoveUser(&gone, "00u1")
	for i, w := range gone.Writes {
		if w.Value != nil || w.Key != "00u1" || w.Bucket != b.Writes[i].Bucket {
			t.Errorf("removed is %+v", w)
		}
	}
}

// A mark that is damaged, or of a form to come, is refused with its place.
func TestDamagedMarks(t *testing.T) {
	var b state.Batch
	state.PutUser(&b, "00u1", state.User{Omni: "m1"})
	whole := b.Writes[1].Value
	flags := append([]byte{}, whole...)
	flags[len(flags)-1] = 0x80
	newer := append([]byte{'2'}, whole[1:]...)
	for name, row := range map[string]struct {
		raw  []byte
		want string
	}{
		"cut":     {whole[:len(whole)-1], "mark of 32 bytes"},
		"long":    {append(append([]byte{}, whole...), 0), "mark of 34 bytes"},
		"flags":   {flags, "unknown flags 0x80"},
		"version": {newer, "newer syncd"},
	} {
		_, err := state.Decode[state.Mark](state.Entry{Key: "00u1", Value: row.raw}, state.Marks)
		if err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), "marks/00u1") {
			t.Errorf("%s: %v, want %q and the place", name, err, row.want)
		}
	}
}

// Both sides say the same, or something is to be done.
func TestSettled(t *testing.T) {
	for m, want := range map[state.Member]bool{
		{Okta: true, Omni: state.Present}: true, {Okta: true, Omni: state.Found}: true,
		{Okta: true, Omni: state.Absent}: false, {Okta: true, Omni: state.Ended}: false,
		{Omni: state.Absent}: true, {Omni: state.Present}: false, {Omni: state.Found}: false, {Omni: state.Ended}: false,
	} {
		if m.Settled() != want {
			t.Errorf("%+v: settled %t, want %t", m, m.Settled(), want)
		}
	}
}
