package sync

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Kind of a change, as people read it. Group changes carry a group, user
// changes a user; Create, Adopt and Delete exist for both.
type Kind string

// The kinds of changes.
const (
	Create     Kind = "create"
	Adopt      Kind = "adopt" // link what already stands in Omni, and bring it in line
	Update     Kind = "update"
	Reactivate Kind = "reactivate"
	Deactivate Kind = "deactivate"
	Delete     Kind = "delete"
	Rename     Kind = "rename"    // a group, and its members where they change too
	Members    Kind = "members"   // of a group
	Release    Kind = "release"   // a group that is no longer pushed is no longer managed
	Restore    Kind = "restore"   // a saved schedule of somebody, for a new owner; never planned
	EndGrace   Kind = "end_grace" // a person's word, in the log alone: nothing is written to Omni for it
	Forget     Kind = "forget"    // what is told of somebody who left; never planned
	Transfer   Kind = "transfer"  // a leaver\'s schedule or document, to a new owner; never planned
	Stay       Kind = "stay"      // of somebody who came back on the way out, in the log alone
	LetGo      Kind = "let_go"    // of what was undone, in the log alone: what Okta asks for it is done again
	Relink     Kind = "link"      // a person's word on whose account it is; nothing is written to Omni for it
	Unlink     Kind = "unlink"    // a person's word that it is somebody else's, likewise
	Rebind     Kind = "rebind"    // a person's word that the ledger is of other sides, likewise
)

// Change is one thing to do in Omni: a value. Exactly one of User and Group is set.
type Change struct {
	Kind  Kind
	User  identity.OktaID
	Group identity.GroupID
	Omni  string // Omni's id of the subject, where it is linked
	Name  string // userName or Okta's group name, for people

	Known  identity.OmniID    // of Create: the account that Okta names as the user\'s
	Want   identity.User      // of a user: what is to stand in Omni afterwards
	Patch  identity.UserPatch // of Update, Reactivate, Adopt: what differs
	Title  string             // of a group: its displayName in Omni afterwards
	Add    []identity.OktaID  // members who come
	Drop   []identity.OktaID  // members who go
	Takes  bool               // of Adopt: an account that was somebody else\'s, under a recycled address
	Former identity.OktaID    // of Takes: whom the account was linked to, "" for nobody
	Kept   []string           // of Adopt: attributes that Omni has, Okta hasn't, and that are left alone

	Origin identity.Origin // where Okta told what it rests on

	Needs []string  // subjects whose change must have ended before this one
	Since time.Time // of a user's removal: first seen unassigned

	Guard     string            // the guard that holds it
	State     state.ChangeState // Planned unless something keeps it from being done
	Reason    string
	Error     string
	Why       string        // of a failure: which of the known causes
	Unfit     string        // of a user: why attributes can't be written; then no account is made in the course of it
	Retry     time.Duration // of a failure: when to try again; 0 for the usual growing delay
	Asked     time.Time     // when Okta was asked by id whether a removal is right; zero while it wasn't
	Owned     string        // of a user's removal: what becomes of what they own before it
	Due       time.Time     // of what is kept for now: when to look again; zero where nothing is waited for
	Before    *state.Facts
	After     *state.Facts
	Answers   []identity.Answer
	Took      time.Duration
	Continues bool // it is done in slices, and this one left something to do
	Halted    bool // it isn't done because a person has paused it
	Unsure    bool // it failed, and may have been done all the same
}

// subject names what a change is about: two changes of one subject are ordered.
func (c Change) subject() string {
	if c.Group != "" {
		return groupSubject(c.Group)
	}
	return userSubject(c.User)
}

// objects names everything that must not change while the change is done: its
// subject, who has the name that it gives, and the members who come and go.
func (c Change) objects() []string {
	list := make([]string, 0, 2+len(c.Add)+len(c.Drop))
	list = append(list, c.subject())
	if c.Former != "" {
		list = append(list, userSubject(c.Former))
	}
	if c.Want.UserName != "" {
		list = append(list, nameSubject(c.Want.UserName))
	}
	for _, id := range c.Add {
		list = append(list, userSubject(id))
	}
	for _, id := range c.Drop {
		list = append(list, userSubject(id))
	}
	return list
}

// cutSubject gives the id of a subject, and whether it is a user's.
func cutSubject(subject string) (id string, user bool) {
	if id, user = strings.CutPrefix(subject, userSubject("")); user {
		return id, true
	}
	return strings.TrimPrefix(subject, groupSubject("")), false
}

func userSubject(id identity.OktaID) string   { return "user:" + string(id) }
func groupSubject(id identity.GroupID) string { return "group:" + string(id) }

// Keys of decisions: what a person approves or rejects.
func userKey(k Kind, id identity.OktaID) string   { return string(k) + ":" + string(id) }
func groupKey(k Kind, id identity.GroupID) string { return string(k) + ":" + string(id) }
func memberKey(g identity.GroupID, u identity.OktaID) string {
	return "member:" + string(g) + ":" + string(u)
}

// joinKey is memberKey for who is to come.
func joinKey(g identity.GroupID, u identity.OktaID) string {
	return "join:" + string(g) + ":" + string(u)
}

// memberOf reads a key that memberKey made, or joinKey.
func memberOf(key string) (identity.GroupID, identity.OktaID, bool) {
	kind, rest, _ := strings.Cut(key, ":")
	g, u, both := strings.Cut(rest, ":")
	return identity.GroupID(g), identity.OktaID(u), both && (kind == "member" || kind == "join")
}

// subjectsOf names what a decision key is about: a group's key and a user's look alike.
func subjectsOf(key string) []string {
	if g, u, ok := memberOf(key); ok {
		return []string{groupSubject(g), userSubject(u)}
	}
	_, rest, _ := strings.Cut(key, ":")
	id, _, _ := strings.Cut(rest, ":")
	return []string{userSubject(identity.OktaID(id)), groupSubject(identity.GroupID(id))}
}

// lossKey is the key of the loss of one attribute.
func lossKey(id identity.OktaID, attribute string) string {
	return "loss:" + string(id) + ":" + attribute
}

func renameKey(id identity.OktaID, to string) string {
	return "rename:" + string(id) + ":" + identity.FoldUserName(to)
}

// key is the decision key of a change that is held as a whole.
func (c Change) key() string {
	if c.Group != "" {
		return groupKey(c.Kind, c.Group)
	}
	return userKey(c.Kind, c.User)
}

// otherKeys are those under which somebody may have said no to what the change does: to
// another end of the same, or to a part of it.
func (c Change) otherKeys() []string {
	other := map[Kind]Kind{Deactivate: Delete, Delete: Deactivate}
	switch {
	case c.Group != "" && c.Kind == Delete:
		return []string{groupKey(Release, c.Group)}
	case c.Group != "" && c.Kind == Release:
		return []string{groupKey(Delete, c.Group)}
	case c.ends():
		return []string{userKey(other[c.Kind], c.User)}
	}
	var keys []string
	for _, name := range c.losses() {
		keys = append(keys, lossKey(c.User, name))
	}
	return keys
}

// ends reports whether the change ends a user's access to Omni.
func (c Change) ends() bool {
	return c.User != "" && (c.Kind == Deactivate || c.Kind == Delete)
}

// tell gives the change as people and the log see it.
func (c Change) tell() state.Change {
	t := state.Change{
		Kind: string(c.Kind), OktaID: cmp.Or(string(c.User), string(c.Group)), OmniID: c.Omni,
		Before: c.Before, After: c.After, State: c.State, Reason: c.Reason, Error: c.Error,
		Answers: c.Answers, Seconds: math.Round(c.Took.Seconds()*1000) / 1000,
	}
	if c.Group != "" {
		t.Group = c.Name
	} else {
		t.UserName = c.Name
	}
	if c.State == state.Planned || c.State == state.Held || c.State == state.Kept && !c.Due.IsZero() { // else it never comes to that, or is over
		t.Handover = c.Owned
	}
	return t
}

// userFacts tells a patch as facts before and after.
func userFacts(was state.User, p identity.UserPatch) (before, after *state.Facts) {
	before, after = &state.Facts{}, &state.Facts{}
	if p.UserName != nil {
		before.UserName, after.UserName = was.UserName, *p.UserName
	}
	if p.DisplayName != nil {
		before.DisplayName, after.DisplayName = was.DisplayName, *p.DisplayName
	}
	if p.Active != nil {
		active := !*p.Active
		before.Active, after.Active = &active, p.Active
	}
	for name, v := range p.Attributes {
		if before.Attributes == nil {
			before.Attributes, after.Attributes = map[string]*identity.Value{}, map[string]*identity.Value{}
		}
		before.Attributes[name], after.Attributes[name] = nil, v
		if old, ok := was.Attributes[name]; ok {
			before.Attributes[name] = &old
		}
	}
	return before, after
}

// wholeFacts tells a user who comes.
func wholeFacts(u identity.User) *state.Facts {
	active := true
	f := &state.Facts{UserName: u.UserName, DisplayName: u.DisplayName, Active: &active}
	for name, v := range u.Attributes {
		if f.Attributes == nil {
			f.Attributes = map[string]*identity.Value{}
		}
		f.Attributes[name] = &v
	}
	return f
}

// memberFacts tells members by the names that people know them by.
func memberFacts(ids []identity.OktaID, name func(identity.OktaID) string) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = name(id)
	}
	slices.Sort(names)
	return names
}
