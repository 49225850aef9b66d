package sync

import (
	"fmt"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// batched prints batches, one write a line; a removal with a minus.
func batched(list []state.Batch) string {
	var b strings.Builder
	for i, batch := range list {
		fmt.Fprintf(&b, "batch %d\n", i+1)
		for _, a := range batch.Appends {
			fmt.Fprintf(&b, "%s <<\n", a.Stream)
		}
		for _, w := range batch.Writes {
			sign := "+"
			if w.Value == nil {
				sign = "-"
			}
			fmt.Fprintf(&b, "%s%s/%s\n", sign, w.Bucket, w.Key)
		}
	}
	return b.String()
}

// The order of what is written: first what the whole depends on, members before
// their users, each user with its mark, whatever order they were noted in.
func TestBatchesInOrder(t *testing.T) {
	n := newNotes()
	n.Failing["user:zoe"], n.Failing["user:bob"] = &state.Failure{}, nil
	n.Holds["deactivate:ada"] = &state.Hold{}
	n.group("sales", state.Group{})
	n.Groups["old"] = nil
	n.user("zoe", state.User{})
	n.user("ada", state.User{})
	n.Users["bob"] = nil
	n.member("sales", "zoe", state.Member{Okta: true})
	n.member("sales", "ada", state.Member{Omni: state.Present})
	n.member("ops", "ada", state.Member{})
	n.Log = []state.Change{{}, {}}
	n.Window, n.Connection = &state.Window{}, &state.Connection{}
	sameLines(t, "the batches", batched(n.batches()), `batch 1
		log <<
		log <<
		+meta/connection
		+meta/window
		-members/ops/ada
		+members/sales/ada
		+members/sales/zoe
		+users/ada
		+marks/ada
		-users/bob
		-marks/bob
		+users/zoe
		+marks/zoe
		-groups/old
		+groups/sales
		+held/deactivate:ada
		-failing/user:bob
		+failing/user:zoe`)
	if list := newNotes().batches(); len(list) != 0 {
		t.Errorf("nothing is written as %d batches", len(list))
	}
}

// Long notes are cut to sizes that every store takes; what the whole depends on
// and the log come with the first part, and nothing is lost or told twice.
func TestBatchesAreCut(t *testing.T) {
	for _, row := range []struct{ users, batches int }{{1, 1}, {999, 1}, {1000, 2}, {1999, 2}, {2000, 3}, {5000, 6}} {
		n := newNotes()
		n.Window = &state.Window{}
		n.Log = []state.Change{{Kind: "x"}}
		for i := range row.users {
			n.user(identity.OktaID(fmt.Sprintf("u%05d", i)), state.User{Omni: "o"})
		}
		list := n.batches()
		if len(list) != row.batches {
			t.Errorf("%d users are written in %d batches, want %d", row.users, len(list), row.batches)
		}
		written := map[string]int{}
		for i, b := range list {
			if len(b.Writes) > batchSize || len(b.Writes) == 0 {
				t.Errorf("%d users: batch %d has %d writes", row.users, i, len(b.Writes))
			}
			if (len(b.Appends) > 0) != (i == 0) {
				t.Errorf("%d users: batch %d has %d lines of the log", row.users, i, len(b.Appends))
			}
			for _, w := range b.Writes {
				written[string(w.Bucket)+"/"+w.Key]++
			}
		}
		if len(written) != 1+2*row.users {
			t.Errorf("%d users: %d keys are written", row.users, len(written))
		}
		for key, times := range written {
			if times != 1 {
				t.Errorf("%s is written %d times", key, times)
			}
		}
	}
}

// A log alone is written, though there is no record to write.
func TestBatchOfTheLogAlone(t *testing.T) {
	n := newNotes()
	n.Log = []state.Change{{}}
	sameLines(t, "the batch", batched(n.batches()), "batch 1\nlog <<")
}

// A group's count follows each member's step; a group that is forgotten has none.
func TestCount(t *testing.T) {
	for _, row := range []struct{ name, ledger, change, want string }{
		{"one comes", "#sales linked ada:P", "bob:P", "2"},
		{"one goes", "#sales linked ada:P bob:P", "bob:a", "1"},
		{"one comes, one goes", "#sales linked ada:P", "ada:a bob:P", "1"},
		{"told again", "#sales linked ada:P", "ada:P", "1"},
		{"ends with the account", "#sales linked ada:P bob:P", "ada:E", "1"},
		{"comes back with the account", "#sales linked ada:E", "ada:P", "1"},
		{"found isn't counted", "#sales linked", "ada:f", "0"},
		{"found, then approved to stay", "#sales linked ada:f", "ada:P", "1"},
		{"Okta's side alone", "#sales linked ada:P", "ada:p bob:A", "1"},
		{"everybody", "#sales linked ada:P bob:P eve:P", "ada:a bob:e eve:A", "0"},
	} {
		l := scene{"", row.ledger}.books()
		n := newNotes()
		for one := range strings.FieldsSeq(row.change) {
			u, letter, _ := strings.Cut(one, ":")
			n.member("sales", identity.OktaID(u), state.Member{Okta: letter == strings.ToUpper(letter), Omni: presences[strings.ToLower(letter)[0]]})
		}
		n.count(l)
		l.Take(n)
		if got := fmt.Sprint(l.Groups["sales"].Present); got != row.want {
			t.Errorf("%s: %s are present, want %s", row.name, got, row.want)
		}
	}
}

// A note of the group itself doesn't overwrite its count, and a group that
// comes or goes with its members is counted right.
func TestCountOfNotedGroups(t *testing.T) {
	l := scene{"", "#sales linked ada:P bob:P"}.books()
	n := newNotes()
	n.group("sales", state.Group{Omni: "t-sales", Name: "Sell", Present: 77})
	n.member("sales", "ada", state.Member{})
	n.group("ops", state.Group{Omni: "t-ops"})
	n.member("ops", "eve", state.Member{Omni: state.Present})
	n.count(l)
	if got := n.Groups["sales"]; got.Present != 1 || got.Name != "Sell" {
		t.Errorf("the noted group is %+v", got)
	}
	if got := n.Groups["ops"]; got.Present != 1 || got.Omni != "t-ops" {
		t.Errorf("the new group is %+v", got)
	}
	gone := newNotes()
	gone.forgetGroup(l, "sales")
	gone.count(l)
	if g, noted := gone.Groups["sales"]; !noted || g != nil {
		t.Errorf("a group that was forgotten came back by being counted: %+v", g)
	}
	sameLines(t, "what is forgotten", noted(gone), "#sales forgotten\n#sales ada:-\n#sales bob:-")
}

// A user who is forgotten stays in Okta's groups and leaves Omni's.
func TestForgetUser(t *testing.T) {
	l := scene{"", "ada active\n#sales linked ada:P\n#ops linked ada:p\n#law linked ada:A\n#old linked ada:E bob:P"}.books()
	n := newNotes()
	n.forgetUser(l, "ada")
	sameLines(t, "forgotten", noted(n), `ada forgotten
		#old ada:A
		#ops ada:-
		#sales ada:A`)
}

// An ended account keeps the memory of what it was in.
func TestMembershipsEnd(t *testing.T) {
	l := scene{"", "ada inactive\n#sales linked ada:P\n#ops linked ada:p\n#new linked ada:A\n#found linked ada:f"}.books()
	n := newNotes()
	n.membershipsBecome(l, "ada", state.Ended)
	sameLines(t, "ended", noted(n), "#found ada:e\n#ops ada:e\n#sales ada:E")
}

// What is taken into the ledger in memory is what is written: a record and its
// mark, removals, singletons.
func TestTake(t *testing.T) {
	l := scene{"", "ada active\nbob active\n#sales linked ada:P"}.books()
	n := newNotes()
	n.Users["bob"] = nil
	n.user("eve", state.User{Omni: "o-eve", Active: true})
	n.Groups["sales"] = nil
	n.member("ops", "eve", state.Member{Okta: true})
	n.Holds["k"], n.Failing["f"] = &state.Hold{Run: "r"}, &state.Failure{Attempts: 2}
	n.Connection, n.Window = &state.Connection{Org: "o"}, &state.Window{Spent: []state.Spent{{}}}
	l.Take(n)
	if _, there := l.Users["bob"]; there || len(l.Marks) != 2 || l.Marks["eve"] != state.MarkOf(*n.Users["eve"]) {
		t.Errorf("the users are %v, the marks %v", l.Users, l.Marks)
	}
	if len(l.Groups) != 0 || !l.Members["ops"]["eve"].Okta || l.Holds["k"].Run != "r" || l.Failing["f"].Attempts != 2 {
		t.Errorf("the ledger is %+v", l)
	}
	if l.Connection.Org != "o" || len(l.Window.Spent) != 1 || l.active() != 2 {
		t.Errorf("connection %+v, window %+v, %d active", l.Connection, l.Window, l.active())
	}
}
