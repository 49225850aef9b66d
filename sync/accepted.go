package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Accepted is Okta as its pushes told it, for a connection that has no credential
// to read Okta with. Its lists tell only of what was pushed, so nobody is removed
// because they aren't on one.
type Accepted struct {
	Store state.Reader
}

const toldByPush identity.Origin = "okta push (accepted)"

// App implements Source.
func (a Accepted) App(context.Context) (identity.App, error) {
	return identity.App{Label: "pushed", Status: "ACTIVE", Features: []string{groupPush}, Partial: true}, nil
}

// Assignments implements Source.
func (a Accepted) Assignments(ctx context.Context) iter.Seq2[identity.Sighting, error] {
	return func(yield func(identity.Sighting, error) bool) {
		for e, err := range a.Store.Scan(ctx, state.PushedUsers) {
			var u state.PushedUser
			if err == nil {
				u, err = state.Decode[state.PushedUser](e, state.PushedUsers)
			}
			if !yield(sighting(identity.OktaID(e.Key), u), err) || err != nil {
				return
			}
		}
	}
}

// sighting gives what was accepted the form of an assignment in a list.
func sighting(id identity.OktaID, u state.PushedUser) identity.Sighting {
	s := u.Assignment(id).Sighting()
	s.Origin = toldByPush
	if !u.Active || u.Gone {
		s.Status = "UNASSIGNED"
	}
	told := u.PushedUser
	told.Changed = time.Time{}
	text, err := json.Marshal(told)
	if err != nil {
		panic(fmt.Sprintf("a pushed user that isn't JSON: %v", err)) // it came from JSON
	}
	s.Print = identity.PrintOf(text, []byte(s.Status))
	return s
}

// Mappings implements Source.
func (a Accepted) Mappings(ctx context.Context) iter.Seq2[identity.Mapping, error] {
	return func(yield func(identity.Mapping, error) bool) {
		for e, err := range a.Store.Scan(ctx, state.PushedGroups) {
			if !yield(identity.Mapping{ID: e.Key, Source: identity.GroupID(e.Key), Status: "ACTIVE", Origin: toldByPush}, err) || err != nil {
				return
			}
		}
	}
}

// Members implements Source.
func (a Accepted) Members(ctx context.Context, id identity.GroupID) iter.Seq2[identity.Membership, error] {
	return func(yield func(identity.Membership, error) bool) {
		for e, err := range a.Store.Scan(ctx, state.Members(id)) {
			var m state.Member
			if err == nil {
				m, err = state.Decode[state.Member](e, state.Members(id))
			}
			if err == nil && !m.Okta {
				continue
			}
			if !yield(identity.Membership{User: identity.OktaID(e.Key), Origin: toldByPush}, err) || err != nil {
				return
			}
		}
	}
}

func (a Accepted) group(ctx context.Context, id identity.GroupID) (state.PushedGroup, error) {
	raw, ok, err := a.Store.Get(ctx, state.PushedGroups, string(id))
	if err != nil || !ok {
		return state.PushedGroup{}, firstError(err, notPushed)
	}
	return state.Decode[state.PushedGroup](state.Entry{Key: string(id), Value: raw}, state.PushedGroups)
}

var notPushed = &fault.Error{Kind: fault.NotFound, Op: "look at what Okta pushed", Detail: "it was never pushed"}

func firstError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// AllGroups implements Roster.
func (a Accepted) AllGroups(ctx context.Context) iter.Seq2[identity.Group, error] {
	return func(yield func(identity.Group, error) bool) {
		for m, err := range a.Mappings(ctx) {
			g := identity.Group{}
			if err == nil {
				var all map[identity.GroupID]identity.Group
				all, err = a.Groups(ctx, []identity.GroupID{m.Source})
				g = all[m.Source]
			}
			if err == nil && g.Gone() {
				continue
			}
			if !yield(g, err) || err != nil {
				return
			}
		}
	}
}

// AppGroups implements Roster.
func (a Accepted) AppGroups(ctx context.Context) iter.Seq2[identity.Group, error] {
	return a.AllGroups(ctx)
}

// AppGroup implements Roster.
func (a Accepted) AppGroup(ctx context.Context, id identity.GroupID) (identity.Origin, error) {
	g, err := a.group(ctx, id)
	if err == nil && g.Gone {
		err = notPushed
	}
	return toldByPush, err
}

// Groups implements Directory.
func (a Accepted) Groups(ctx context.Context, ids []identity.GroupID) (map[identity.GroupID]identity.Group, error) {
	all := make(map[identity.GroupID]identity.Group, len(ids))
	for _, id := range ids {
		g, err := a.group(ctx, id)
		switch {
		case fault.Is(err, fault.NotFound), err == nil && g.Gone:
			all[id] = identity.Group{Origin: toldByPush}
		case err != nil:
			return nil, err
		default:
			all[id] = identity.Group{ID: id, Name: g.DisplayName, Type: "OKTA_GROUP", MembershipUpdated: g.Changed, Origin: toldByPush}
		}
	}
	return all, nil
}

// CountedGroups implements Directory.
func (a Accepted) CountedGroups(ctx context.Context, ids []identity.GroupID) (map[identity.GroupID]identity.Group, error) {
	return a.Groups(ctx, ids)
}

// Scopes implements Credential: there is none.
func (Accepted) Scopes() (granted []string, told bool) { return nil, false }

// GroupSize implements Directory.
func (a Accepted) GroupSize(ctx context.Context, id identity.GroupID) (int, error) {
	n := 0
	for _, err := range a.Members(ctx, id) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// GroupsOf implements Directory.
func (a Accepted) GroupsOf(ctx context.Context, id identity.OktaID) ([]identity.GroupID, identity.Origin, error) {
	var groups []identity.GroupID
	for m, err := range a.Mappings(ctx) {
		if err != nil {
			return nil, toldByPush, err
		}
		raw, ok, err := a.Store.Get(ctx, state.Members(m.Source), string(id))
		if err != nil {
			return nil, toldByPush, err
		}
		if !ok {
			continue
		}
		row, err := state.Decode[state.Member](state.Entry{Key: string(id), Value: raw}, state.Members(m.Source))
		if err != nil {
			return nil, toldByPush, err
		}
		if row.Okta {
			groups = append(groups, m.Source)
		}
	}
	return groups, toldByPush, nil
}

// Assignment implements Witness: who was never pushed is none whom anybody may remove.
func (a Accepted) Assignment(ctx context.Context, id identity.OktaID) (identity.Assignment, error) {
	raw, ok, err := a.Store.Get(ctx, state.PushedUsers, string(id))
	if err != nil || !ok {
		return identity.Assignment{Origin: toldByPush}, firstError(err, &fault.Error{Kind: fault.Doubt, Op: "look at what Okta pushed", Detail: "the user was never pushed"})
	}
	u, err := state.Decode[state.PushedUser](state.Entry{Key: string(id), Value: raw}, state.PushedUsers)
	if err != nil {
		return identity.Assignment{Origin: toldByPush}, err
	}
	s := sighting(id, u)
	whole, err := s.Whole()
	whole.Status, whole.Origin = s.Status, toldByPush
	return whole, err
}

// Account implements Witness. A push doesn't tell the Okta account, which may live.
func (a Accepted) Account(context.Context, identity.OktaID) (string, error) { return "ACTIVE", nil }

// Departed implements Witness.
func (a Accepted) Departed(context.Context, identity.OktaID) (identity.Origin, bool, error) {
	return "", false, nil
}

// Mapping implements Witness.
func (a Accepted) Mapping(ctx context.Context, id string) (identity.Mapping, error) {
	g, err := a.group(ctx, identity.GroupID(id))
	if err == nil && g.Gone {
		err = notPushed
	}
	return identity.Mapping{ID: id, Source: identity.GroupID(id), Status: "ACTIVE", Origin: toldByPush}, err
}

// Named implements Finder.
func (a Accepted) Named(ctx context.Context, userName string) ([]identity.Assignment, error) {
	var found []identity.Assignment
	for s, err := range a.Assignments(ctx) {
		if err != nil {
			return nil, err
		}
		if identity.FoldUserName(s.UserName) != identity.FoldUserName(userName) {
			continue
		}
		one, err := a.Assignment(ctx, s.ID)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}

// OktaUser implements Finder: beside the app user, a push tells nothing of the Okta user.
func (a Accepted) OktaUser(ctx context.Context, name string) (identity.OktaUser, error) {
	raw, known, err := a.Store.Get(ctx, state.PushedUsers, name)
	if err != nil || !known {
		return identity.OktaUser{}, firstError(err, notPushed)
	}
	u, err := state.Decode[state.PushedUser](state.Entry{Key: name, Value: raw}, state.PushedUsers)
	if err != nil {
		return identity.OktaUser{}, err
	}
	return identity.OktaUser{ID: identity.OktaID(name), Login: u.UserName, Name: u.DisplayName, Profile: u.Assignment(identity.OktaID(name)).Profile}, nil
}

// GroupsIn implements Finder.
func (a Accepted) GroupsIn(ctx context.Context, id identity.OktaID) ([]identity.Group, error) {
	ids, _, err := a.GroupsOf(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := a.Groups(ctx, ids)
	groups := make([]identity.Group, 0, len(ids))
	for _, g := range ids {
		groups = append(groups, all[g])
	}
	return groups, err
}

// Departures implements Chronicle: pushes that nobody remembers tell nothing.
func (a Accepted) Departures(context.Context) iter.Seq2[identity.Departure, error] {
	return func(func(identity.Departure, error) bool) {}
}

// Touches implements Chronicle: what was pushed has no log.
func (Accepted) Touches(_ context.Context, at identity.LogPlace) (identity.LogPage, error) {
	return identity.LogPage{Place: at}, nil
}

// Deeds implements Chronicle.
func (Accepted) Deeds(context.Context, time.Time) (identity.Chapter, error) {
	return identity.Chapter{}, &fault.Error{Kind: fault.Declined, Op: pushedAlone}
}

// Stopped implements Chronicle: what was accepted has no app to deactivate.
func (Accepted) Stopped(context.Context) (identity.Deed, error) { return identity.Deed{}, nil }

// Price implements Prices: nobody is asked.
func (Accepted) Price(identity.Question, int) float64 { return 0 }

// Skew implements Clock.
func (a Accepted) Skew() time.Duration { return 0 }
