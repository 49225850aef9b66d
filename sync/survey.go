package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Survey is what stands in Omni now.
type Survey struct {
	Accounts map[identity.OmniID]identity.Account
	Teams    map[identity.OmniGroupID]identity.Team
	Gone     map[identity.OktaID]bool // linked users whom Omni doesn't know any more, asked one by one
	Doubts   []string
}

// maxAsked is how many missing objects are asked for by id before the list
// itself is doubted.
const maxAsked = 50

// survey reads Omni's lists. A list that is cut, or lacks many whom it should
// have, is doubt: nobody is missed because of it.
func (e *Engine) survey(ctx context.Context, l *Ledger, f *follower) (Survey, error) {
	s := Survey{Accounts: map[identity.OmniID]identity.Account{}, Teams: map[identity.OmniGroupID]identity.Team{}, Gone: map[identity.OktaID]bool{}}
	f.begin(stepSurvey, len(l.Marks)+len(l.Groups))
	ctx = identity.WithLane(ctx, identity.LaneName) // every change of a delta beside it goes first
	for a, err := range e.o.Omni.Users(ctx) {
		if err != nil {
			return s, s.doubt(ctx, "Omni's users", err)
		}
		f.count(stepSurvey, 1)
		s.Accounts[a.ID] = a
	}
	for t, err := range e.o.Omni.Teams(ctx) {
		if err != nil {
			return s, s.doubt(ctx, "Omni's groups", err)
		}
		f.count(stepSurvey, 1)
		s.Teams[t.ID] = t
	}
	return s, e.missing(ctx, l, &s)
}

// doubt records that a list can't be believed. A refused credential or the end
// of the context isn't doubt but the end of the run.
func (s *Survey) doubt(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil || fault.Is(err, fault.Unauthorized) {
		return err
	}
	s.Doubts = append(s.Doubts, fmt.Sprintf("%s could not be read whole, so nobody is created again in this run: %v", what, err))
	return nil
}

// missing asks for each active linked user whom the list lacks.
func (e *Engine) missing(ctx context.Context, l *Ledger, s *Survey) error {
	var ids []identity.OktaID
	for _, id := range slices.Sorted(maps.Keys(l.Users)) {
		u := l.Users[id]
		if _, listed := s.Accounts[u.Omni]; u.Omni != "" && u.Active && !listed {
			ids = append(ids, id)
		}
	}
	if len(ids) > maxAsked {
		s.Doubts = append(s.Doubts, fmt.Sprintf("Omni's list lacks %d linked users, too many to believe: nobody is created again in this run", len(ids)))
		return nil
	}
	for _, id := range ids {
		a, err := e.o.Omni.User(ctx, l.Users[id].Omni)
		switch {
		case err == nil:
			s.Accounts[a.ID] = a
		case fault.Is(err, fault.NotFound):
			s.Gone[id] = true
		default:
			return s.doubt(ctx, "a user whom Omni's list lacks", err)
		}
	}
	return nil
}

// correct brings the ledger in line with what stands in Omni, and finds what
// stands there and is linked to nothing. Pure.
func correct(s Survey, l *Ledger, p Policy) (Notes, Strangers) {
	n := newNotes()
	for id, u := range l.Users {
		a, listed := s.Accounts[u.Omni]
		switch {
		case s.Gone[id]:
			n.forgetUser(l, id)
		case u.Omni != "" && listed:
			if seen := corrected(u, a, p.Attributes); !sameRecord(seen, u) {
				seen.Seen = identity.Print{}
				n.user(id, seen)
				n.byHand(l, id, seen)
			}
		}
	}
	if len(s.Doubts) == 0 {
		correctTeams(n, s, l)
	}
	return n, strangers(s, l)
}

// corrected is a user's record with Omni's values. An attribute that we neither
// manage nor left alone knowingly isn't ours to record; where the answer doesn't
// tell the attributes, they are as they were. Who is forgotten keeps the pseudonym. Who was active and isn't, though no
// change of ours was sent to that end, was deactivated by somebody's hand.
func corrected(u state.User, a identity.Account, managed []string) state.User {
	ours := u.Sent != nil && u.Sent.Kind == string(Deactivate)
	u.ByHand = !a.Active && (u.ByHand || u.Active && !ours)
	if u.Forgotten {
		u.Active = a.Active
		return u
	}
	u.UserName, u.DisplayName, u.Active = a.UserName, a.DisplayName, a.Active
	if a.Attributes == nil {
		return u
	}
	u.OrgAdmin = a.OrgAdmin
	attributes := map[string]identity.Value{}
	for _, name := range slices.Concat(managed, u.Extra) {
		if v, ok := a.Attributes[name]; ok && !slices.Contains(u.Kept, name) {
			attributes[name] = v
		}
	}
	u.Attributes = attributes
	if len(attributes) == 0 {
		u.Attributes = nil
	}
	return u
}

// byHand forgets what a person said about the return of somebody who was deactivated by
// hand: it was about another time.
func (n Notes) byHand(l *Ledger, id identity.OktaID, seen state.User) {
	key := userKey(Reactivate, id)
	if _, held := l.Holds[key]; held && seen.ByHand && !l.Users[id].ByHand {
		n.Holds[key] = nil
	}
}

func sameRecord(a, b state.User) bool {
	return a.UserName == b.UserName && a.DisplayName == b.DisplayName && a.Active == b.Active && a.ByHand == b.ByHand && a.OrgAdmin == b.OrgAdmin &&
		maps.Equal(a.Attributes, b.Attributes)
}

func correctTeams(n Notes, s Survey, l *Ledger) {
	owner := map[identity.OmniID]identity.OktaID{}
	for id, u := range l.Users {
		if u.Omni != "" && !s.Gone[id] {
			owner[u.Omni] = id
		}
	}
	for id, g := range l.Groups {
		if g.Omni == "" {
			continue
		}
		t, listed := s.Teams[g.Omni]
		if !listed {
			unlinkGroup(n, l, id, g)
			continue
		}
		if t.DisplayName != g.DisplayName {
			g.DisplayName = t.DisplayName
			n.group(id, g)
		}
		correctMembers(n, l, id, presentIn(t, owner, s))
	}
}

// presentIn gives the linked users who are in the team, and whether they are active.
func presentIn(t identity.Team, owner map[identity.OmniID]identity.OktaID, s Survey) map[identity.OktaID]bool {
	in := map[identity.OktaID]bool{}
	for _, m := range t.Members {
		if id, ok := owner[m]; ok {
			in[id] = s.Accounts[m].Active
		}
	}
	return in
}

// correctMembers notes who is in the group in Omni. Who was adopted and is first
// seen in a group that was adopted too may have been in it all along, so Okta's
// word on them waits for approval.
func correctMembers(n Notes, l *Ledger, id identity.GroupID, in map[identity.OktaID]bool) {
	for u, active := range in {
		m := l.Members[id][u]
		if seen := l.seenIn(id, u, active); seen != m {
			n.member(id, u, seen)
		}
	}
	for u, m := range l.Members[id] {
		if _, there := in[u]; !there && m.Omni != state.Absent {
			m.Omni = state.Absent
			n.member(id, u, m)
		}
	}
}

// seenIn is the place of somebody who was seen in a group in Omni.
func (l *Ledger) seenIn(id identity.GroupID, u identity.OktaID, active bool) state.Member {
	m := l.Members[id][u]
	switch {
	case !active:
		m.Omni = state.Ended
	case m == state.Member{} && l.isShort(id): // Okta may have them, and not list them
		m.Omni = state.Found
	case m == state.Member{} && l.Groups[id].Link == state.Adopted && stood(l.Users[u].Link):
		m.Omni = state.Found
	case m.Omni != state.Found:
		m.Omni = state.Present
	}
	return m
}

// stood reports whether the account was there before it was linked.
func stood(l state.Link) bool { return l == state.Adopted || l == state.LinkedByHand }

// unlinkGroup notes that a group is gone in Omni: what Okta says of it stays known.
func unlinkGroup(n Notes, l *Ledger, id identity.GroupID, g state.Group) {
	g.Omni, g.DisplayName, g.Link, g.Intent, g.Linked, g.LinkedBy = "", "", "", "", time.Time{}, ""
	n.group(id, g)
	for u, m := range l.Members[id] {
		if m.Omni != state.Absent {
			m.Omni = state.Absent
			n.member(id, u, m)
		}
	}
}

// Strangers is what stands in Omni and is linked to nothing, by folded name.
type Strangers struct {
	Accounts map[string]identity.Account
	Teams    map[string]identity.Team
}

func strangers(s Survey, l *Ledger) Strangers {
	linked, linkedTeams := map[identity.OmniID]bool{}, map[identity.OmniGroupID]bool{}
	for _, u := range l.Users {
		linked[u.Omni] = true
	}
	for _, g := range l.Groups {
		linkedTeams[g.Omni] = true
	}
	out := Strangers{Accounts: map[string]identity.Account{}, Teams: map[string]identity.Team{}}
	for id, a := range s.Accounts {
		if !linked[id] {
			out.Accounts[identity.FoldUserName(a.UserName)] = a
		}
	}
	for id, t := range s.Teams {
		if !linkedTeams[id] {
			out.Teams[identity.FoldName(t.DisplayName)] = t
		}
	}
	return out
}
