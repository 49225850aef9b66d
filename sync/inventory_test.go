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

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// shelf is an Omni that lists what it was given, and counts the questions.
type shelf struct {
	Omni
	survey   Survey
	byID     map[identity.OmniID]bool // known when asked by id, though no list has them
	cutUsers error
	cutTeams error
	down     error
	asked    []string
}

func listing[K ~string, V any](m map[K]V, cut error) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		for _, id := range slices.Sorted(maps.Keys(m)) {
			if !yield(m[id], nil) {
				return
			}
		}
		var none V
		if cut != nil {
			yield(none, cut)
		}
	}
}

func (o *shelf) Users(context.Context) iter.Seq2[identity.Account, error] {
	return listing(o.survey.Accounts, o.cutUsers)
}

func (o *shelf) Teams(context.Context) iter.Seq2[identity.Team, error] {
	return listing(o.survey.Teams, o.cutTeams)
}

func (o *shelf) User(_ context.Context, id identity.OmniID) (identity.Account, error) {
	o.asked = append(o.asked, string(id))
	switch {
	case o.down != nil:
		return identity.Account{}, o.down
	case o.byID[id]:
		return identity.Account{ID: id, Active: true}, nil
	default:
		return identity.Account{}, &fault.Error{Kind: fault.NotFound, Op: "404"}
	}
}

// linkedTo is a ledger of n active users, and an Omni that lists the first m.
func linkedTo(n, m int) (*Ledger, *shelf) {
	l, omni := newLedger(), &shelf{survey: omniLists(""), byID: map[identity.OmniID]bool{}}
	for i := range n {
		id := fmt.Sprintf("u%03d", i)
		account := identity.OmniID("o-" + id)
		l.Users[identity.OktaID(id)] = state.User{Omni: account, Active: true}
		if i < m {
			omni.survey.Accounts[account] = identity.Account{ID: account, Active: true}
		}
	}
	return l, omni
}

// Whoever a list lacks is asked for by id, up to fifty; of more, the list itself
// is doubted, and nobody is missed.
func TestSurveyOfTheMissing(t *testing.T) {
	for _, row := range []struct {
		name         string
		linked, in   int
		known        int // of the missing, asked by id
		asked, gone  int
		doubt        string
		accountsThen int
	}{
		{"nobody", 30, 30, 0, 0, 0, "", 30},
		{"one, gone", 30, 29, 0, 1, 1, "", 29},
		{"one, there after all", 30, 29, 1, 1, 0, "", 30},
		{"fifty, half of them there", 80, 30, 25, 50, 25, "", 55},
		{"fifty-one", 81, 30, 51, 0, 0, "Omni's list lacks 51 linked users, too many to believe", 30},
		{"everybody: an empty list", 200, 0, 0, 0, 0, "Omni's list lacks 200 linked users", 0},
		{"an empty list of few", 3, 0, 3, 3, 0, "", 3},
	} {
		l, omni := linkedTo(row.linked, row.in)
		for i := range row.known {
			omni.byID[identity.OmniID(fmt.Sprintf("o-u%03d", row.in+i))] = true
		}
		s, err := (&Engine{o: Options{Omni: omni}}).survey(t.Context(), l, &follower{})
		if err != nil || len(omni.asked) != row.asked || len(s.Gone) != row.gone || len(s.Accounts) != row.accountsThen {
			t.Errorf("%s: %d asked, %d gone, %d accounts, %v; want %d, %d, %d", row.name, len(omni.asked), len(s.Gone), len(s.Accounts), err,
				row.asked, row.gone, row.accountsThen)
		}
		if told := strings.Join(s.Doubts, ""); (told == "") != (row.doubt == "") || !strings.Contains(told, row.doubt) {
			t.Errorf("%s: doubt %q, want %q", row.name, told, row.doubt)
		}
	}
}

// Who is inactive or only intended isn't missed: Omni's lists need not have them.
func TestSurveyMissesTheActiveOnly(t *testing.T) {
	l := scene{"", "ada inactive\nbob intended\neve active"}.books()
	omni := &shelf{survey: omniLists("eve active")}
	s, err := (&Engine{o: Options{Omni: omni}}).survey(t.Context(), l, &follower{})
	if err != nil || len(omni.asked)+len(s.Gone)+len(s.Doubts) != 0 {
		t.Errorf("asked %v, gone %v, doubts %v, %v", omni.asked, s.Gone, s.Doubts, err)
	}
}

// A list that is cut is doubt; a refused credential and the end of the run aren't.
func TestSurveyCut(t *testing.T) {
	cut := &fault.Error{Kind: fault.Unavailable, Op: "page 3"}
	refused := &fault.Error{Kind: fault.Unauthorized, Op: "401"}
	for _, row := range []struct {
		name  string
		omni  shelf
		doubt string
		err   error
	}{
		{"users", shelf{cutUsers: cut}, "Omni's users could not be read whole", nil},
		{"groups", shelf{cutTeams: cut}, "Omni's groups could not be read whole", nil},
		{"somebody who is missing", shelf{down: cut}, "a user whom Omni's list lacks could not be read whole", nil},
		{"users, by a refused key", shelf{cutUsers: refused}, "", refused},
		{"groups, by a refused key", shelf{cutTeams: refused}, "", refused},
		{"somebody, by a refused key", shelf{down: refused}, "", refused},
	} {
		l, whole := linkedTo(3, 2)
		row.omni.survey = whole.survey
		s, err := (&Engine{o: Options{Omni: &row.omni}}).survey(t.Context(), l, &follower{})
		if !errors.Is(err, row.err) || (row.err == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", row.name, err, row.err)
		}
		if told := strings.Join(s.Doubts, ""); !strings.Contains(told, row.doubt) || (row.doubt == "") != (told == "") {
			t.Errorf("%s: doubt %q, want %q", row.name, told, row.doubt)
		}
	}
	l, omni := linkedTo(3, 3)
	omni.cutUsers = cut
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := (&Engine{o: Options{Omni: omni}}).survey(ctx, l, &follower{}); err == nil || len(s.Doubts) != 0 {
		t.Errorf("the end of the run is told as doubt: %v, %v", s.Doubts, err)
	}
}
