package sync

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// drawers is a store in memory that counts how often it is read, and can be broken.
type drawers struct {
	records map[state.Bucket]map[string][]byte
	gets    int
	scans   []state.Bucket
	broken  error
}

func newDrawers(t *testing.T, ledger string) *drawers {
	t.Helper()
	s := &drawers{records: map[state.Bucket]map[string][]byte{}}
	l := scene{"", ledger}.books()
	n := newNotes()
	for id, u := range l.Users {
		n.user(id, u)
	}
	for id, g := range l.Groups {
		n.group(id, g)
	}
	for id, members := range l.Members {
		for u, m := range members {
			n.member(id, u, m)
		}
	}
	for _, b := range n.batches() {
		if err := s.Apply(t.Context(), "", b); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *drawers) Position(context.Context) (state.Position, error) { return state.Position{}, nil }

func (s *drawers) Get(_ context.Context, b state.Bucket, key string) ([]byte, bool, error) {
	s.gets++
	v, ok := s.records[b][key]
	return v, ok && s.broken == nil, s.broken
}

func (s *drawers) Scan(_ context.Context, b state.Bucket) iter.Seq2[state.Entry, error] {
	s.scans = append(s.scans, b)
	return func(yield func(state.Entry, error) bool) {
		if s.broken != nil {
			yield(state.Entry{}, s.broken)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(s.records[b])) {
			if !yield(state.Entry{Key: key, Value: s.records[b][key]}, nil) {
				return
			}
		}
	}
}

func (s *drawers) Tail(context.Context, state.Stream, int) ([][]byte, error) { return nil, s.broken }

func (s *drawers) After(context.Context, state.Stream, string, int) ([]state.Entry, bool, error) {
	return nil, true, s.broken
}

func (s *drawers) Durable(context.Context) error { return s.broken }

func (s *drawers) Rewrite(context.Context, state.Fence, state.Stream, func([]byte) ([]byte, error)) (int, error) {
	return 0, s.broken
}

func (s *drawers) Scrub(context.Context, state.Fence) error { return s.broken }

func (s *drawers) Apply(_ context.Context, _ state.Fence, b state.Batch) error {
	for _, w := range b.Writes {
		if s.records[w.Bucket] == nil {
			s.records[w.Bucket] = map[string][]byte{}
		}
		s.records[w.Bucket][w.Key] = w.Value
		if w.Value == nil {
			delete(s.records[w.Bucket], w.Key)
		}
	}
	return s.broken
}

// marked is a ledger as a run has it after its index was read.
func marked(t *testing.T, s state.Store) *Ledger {
	t.Helper()
	l, err := recall(t.Context(), s, false)
	if err == nil {
		err = l.fetchMarks(t.Context(), s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// crew is n users u000... who are in the groups g0 to g(groups-1).
func crew(n, groups int) string {
	var b strings.Builder
	for g := range groups {
		fmt.Fprintf(&b, "#g%d linked", g)
		for u := g; u < n; u += 2 {
			fmt.Fprintf(&b, " u%03d:P", u)
		}
		b.WriteString("\n")
	}
	for u := range n {
		fmt.Fprintf(&b, "u%03d active\n", u)
	}
	return b.String()
}

func these(ids ...string) map[identity.OktaID]bool {
	set := map[identity.OktaID]bool{}
	for _, id := range ids {
		set[identity.OktaID(id)] = true
	}
	return set
}

// A few records are read one by one, many by one pass; both give the same.
func TestFetchFewOrMany(t *testing.T) {
	s := newDrawers(t, crew(300, 0))
	for _, n := range []int{0, 1, fewReads, fewReads + 1, 300} {
		ids := map[identity.OktaID]bool{"stranger": true}
		for u := range n {
			ids[identity.OktaID(fmt.Sprintf("u%03d", u))] = true
		}
		l := marked(t, s)
		s.gets, s.scans = 0, nil
		if err := l.fetch(t.Context(), s, ids); err != nil {
			t.Fatal(err)
		}
		if few := n <= fewReads; few != (len(s.scans) == 0) || few && s.gets != n {
			t.Errorf("%d records are read with %d questions and the passes %v", n, s.gets, s.scans)
		}
		if len(l.Users) != n {
			t.Errorf("of %d asked for, %d are there", n, len(l.Users))
		}
		for id, u := range l.Users {
			if u.Omni != identity.OmniID("o-"+id) || !ids[id] {
				t.Errorf("%s is read as %+v", id, u)
			}
		}
	}
}

// What is in memory isn't read again: the run may have changed it since.
func TestFetchKeepsWhatIsThere(t *testing.T) {
	s := newDrawers(t, crew(300, 0))
	for _, n := range []int{2, 300} {
		l := marked(t, s)
		l.Users["u001"] = state.User{Omni: "changed"}
		ids := map[identity.OktaID]bool{}
		for u := range n {
			ids[identity.OktaID(fmt.Sprintf("u%03d", u))] = true
		}
		if err := l.fetch(t.Context(), s, ids); err != nil {
			t.Fatal(err)
		}
		if l.Users["u001"].Omni != "changed" || l.Users["u000"].Omni != "o-u000" {
			t.Errorf("of %d: %+v", n, l.Users["u001"])
		}
	}
}

// The places of users in all groups: few or many, the same.
func TestFetchRowsFewOrMany(t *testing.T) {
	s := newDrawers(t, crew(60, 5))
	one, all := marked(t, s), marked(t, s)
	for u := range 60 {
		if err := one.fetchRows(t.Context(), s, these(fmt.Sprintf("u%03d", u))); err != nil {
			t.Fatal(err)
		}
	}
	s.gets, s.scans = 0, nil
	everybody := map[identity.OktaID]bool{"stranger": true}
	for u := range 60 {
		everybody[identity.OktaID(fmt.Sprintf("u%03d", u))] = true
	}
	if err := all.fetchRows(t.Context(), s, everybody); err != nil {
		t.Fatal(err)
	}
	if len(s.scans) != 5 || s.gets != 0 {
		t.Errorf("many are read with %d questions and the passes %v", s.gets, s.scans)
	}
	if diff := cmp.Diff(one.Members, all.Members); diff != "" {
		t.Errorf("one by one and all at once differ:\n%s", diff)
	}
	if got := len(all.Members["g0"]); got != 30 {
		t.Errorf("g0 has %d members", got)
	}
	s.scans = nil
	if err := all.fetchRows(t.Context(), s, nil); err != nil || len(s.scans)+s.gets != 0 {
		t.Errorf("for nobody the store is asked: %v, %v", s.scans, err)
	}
}

// A ledger that is whole asks for nothing more.
func TestWholeLedgerAsksNothing(t *testing.T) {
	s := newDrawers(t, crew(20, 2))
	l, err := recall(t.Context(), s, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Users) != 20 || len(l.Marks) != 20 || len(l.Members["g0"]) != 10 || l.Groups["g0"].Present != 10 {
		t.Errorf("whole are %d users, %d marks, %d members, group %+v", len(l.Users), len(l.Marks), len(l.Members["g0"]), l.Groups["g0"])
	}
	s.gets, s.scans = 0, nil
	for _, err := range []error{l.fetchMarks(t.Context(), s), l.fetchUsers(t.Context(), s), l.fetchCrowd(t.Context(), s, "g0"), l.fetchRows(t.Context(), s, these("u001"))} {
		if err != nil {
			t.Error(err)
		}
	}
	if s.gets+len(s.scans) != 0 {
		t.Errorf("it was asked %d times and %v", s.gets, s.scans)
	}
}

// Every user's record is read once, however often it is asked for.
func TestFetchUsers(t *testing.T) {
	s := newDrawers(t, crew(7, 0))
	l := marked(t, s)
	for range 3 {
		if err := l.fetchUsers(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	passes := len(slices.DeleteFunc(slices.Clone(s.scans), func(b state.Bucket) bool { return b != state.Users }))
	if len(l.Users) != 7 || passes != 1 {
		t.Errorf("%d users by %d passes", len(l.Users), passes)
	}
}

// Whose account it is: by its checksum, then by the record. Two accounts of one
// checksum are told apart, and a mark that lies finds nobody.
func TestOwners(t *testing.T) {
	s := newDrawers(t, "ada active\nbob active\neve intended\nzoe inactive")
	for _, row := range []struct {
		name string
		fake func(map[identity.OktaID]state.Mark)
		ask  []identity.OmniID
		want map[identity.OmniID]identity.OktaID
	}{
		{"one", nil, []identity.OmniID{"o-ada"}, map[identity.OmniID]identity.OktaID{"o-ada": "ada"}},
		{"several, and an inactive one", nil, []identity.OmniID{"o-bob", "o-zoe"}, map[identity.OmniID]identity.OktaID{"o-bob": "bob", "o-zoe": "zoe"}},
		{"nobody's", nil, []identity.OmniID{"o-other"}, map[identity.OmniID]identity.OktaID{}},
		{"no account at all", nil, nil, map[identity.OmniID]identity.OktaID{}},
		{"none finds no intended user", nil, []identity.OmniID{""}, map[identity.OmniID]identity.OktaID{}},
		{"a colliding checksum", func(m map[identity.OktaID]state.Mark) { collide(m, "bob", "o-ada") }, []identity.OmniID{"o-ada"},
			map[identity.OmniID]identity.OktaID{"o-ada": "ada"}},
		{"a checksum that lies", func(m map[identity.OktaID]state.Mark) { collide(m, "bob", "o-other") }, []identity.OmniID{"o-other"},
			map[identity.OmniID]identity.OktaID{}},
		{"everybody collides", func(m map[identity.OktaID]state.Mark) {
			for id := range m {
				collide(m, id, "o-ada")
			}
		}, []identity.OmniID{"o-ada"}, map[identity.OmniID]identity.OktaID{"o-ada": "ada"}},
	} {
		l := marked(t, s)
		if row.fake != nil {
			row.fake(l.Marks)
		}
		got, err := l.owners(t.Context(), s, row.ask...)
		if diff := cmp.Diff(row.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", row.name, err, diff)
		}
	}
}

// collide gives a user's mark the checksum of another account.
func collide(m map[identity.OktaID]state.Mark, id identity.OktaID, account identity.OmniID) {
	mark := m[id]
	mark.Omni = state.IDSum(account)
	m[id] = mark
}

// What can't be read is an error in every way of reading, never nothing.
func TestBrokenStoreIsAnError(t *testing.T) {
	s := newDrawers(t, crew(300, 2))
	l := marked(t, s)
	down := errors.New("the disk is gone")
	s.broken = down
	many := map[identity.OktaID]bool{}
	for u := range 300 {
		many[identity.OktaID(fmt.Sprintf("u%03d", u))] = true
	}
	_, whole := recall(t.Context(), s, true)
	_, owner := l.owners(t.Context(), s, "o-u000")
	for what, err := range map[string]error{
		"recall": whole, "owners": owner, "marks": l.fetchMarks(t.Context(), s), "users": l.fetchUsers(t.Context(), s),
		"a few": l.fetch(t.Context(), s, these("u001")), "many": l.fetch(t.Context(), s, many),
		"crowd": l.fetchCrowd(t.Context(), s, "g0"), "a few rows": l.fetchRows(t.Context(), s, these("u001")), "many rows": l.fetchRows(t.Context(), s, many),
	} {
		if !errors.Is(err, down) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
