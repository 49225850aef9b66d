package sync

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Desired is what Okta says now, and how far that word reaches.
type Desired struct {
	Users     map[identity.OktaID]Person          // everyone who isn't as they were, and whom the run looked up besides
	Same      map[identity.OktaID]int32           // assigned users who are as they were when their record was found in line, by their page
	Pages     pages                               // the answers that listed the users
	Departed  map[identity.OktaID]identity.Origin // what the System Log tells of those who left while the ledger was gone
	Partial   bool                                // the lists tell only of whom they name
	Only      bool                                // it tells only of what was touched
	AllUsers  bool                                // the list was read whole: who isn't in Users is unassigned
	Empty     bool                                // the whole list was empty: believed only by confirmation, and never unasked
	Groups    map[identity.GroupID]Crowd
	AllGroups bool            // the mappings were read whole: what isn't in Groups is un-pushed
	Unproven  bool            // the credential may not see all: nothing is taken away
	Apart     map[string]bool // subjects that nothing is said of, because they were pushed lately
	Chosen    identity.Origin // the answer that the list of Groups ended with
	Doubts    []string
	Miscounts int // of Doubts, those about groups that are short: all else of them is known
	Notes     []string
}

// Person is what Okta says of one assigned user, mapped.
type Person struct {
	Standing identity.Standing
	Account  string // the Okta account's status
	identity.User
	External identity.OmniID // externalId, where Okta knows one
	InScope  bool
	Fault    string          // why nothing can be decided about the user; "" when all is well
	Print    identity.Print  // of what Okta and the policy say; zero where it wasn't read in this run
	Origin   identity.Origin // where Okta said so
}

// wanted reports whether the person is to have an account, and may get one.
func (p Person) wanted() bool {
	return p.Fault == "" && p.Standing == identity.Assigned && p.InScope
}

// stays reports whether an account that is there stays: it need not be created.
func (p Person) stays() bool {
	return p.Fault == "" && p.InScope &&
		(p.Standing == identity.Assigned || p.Standing == identity.Staged || p.Standing == identity.Suspended)
}

// leaves reports whether the person must not have an account.
func (p Person) leaves() bool {
	return p.Fault == "" && (p.Standing == identity.Unassigned || p.Standing != identity.Doubtful && !p.InScope)
}

// Crowd is what Okta says of one pushed group.
type Crowd struct {
	Name     string // in Okta
	Title    string // what it is to be called in Omni; "" is as in Okta
	Fault    string // why nothing can be decided about its name; "" when all is well
	AsItWas  bool   // its name wasn't read: it is to be called what it is called
	Type     string // OKTA_GROUP, APP_GROUP, BUILT_IN; "" where Okta wasn't asked
	Mapping  string
	Paused   bool              // its mapping is INACTIVE: left as it is
	Gone     bool              // the source group is deleted
	Read     bool              // the members were read in this run
	Joined   []identity.OktaID // who is a member and wasn't one in the ledger
	Left     []identity.OktaID // who was one and isn't listed; counts only where Certain
	Listed   rollcall          // where Okta told who is a member, and who isn't
	Certain  bool              // the members are completely known: who isn't one has left
	Short    state.Short       // Okta counts more members than it lists; zero: it doesn't, or nobody compared
	Compared bool              // Short is to be remembered
	AsOf     time.Time         // lastMembershipUpdated of that knowledge
	Chosen   identity.Origin   // where Okta said that the group is one to sync
	Told     identity.Origin   // where it said what it is called, when it moved, or that it is deleted
}

// title is what the group is to be called in Omni.
func (c Crowd) title() string { return firstOf(c.Title, c.Name) }

// seen takes what Okta tells of the group itself.
func (c *Crowd) seen(g identity.Group) {
	c.Gone, c.Told = g.Gone(), g.Origin
	if !c.Gone {
		c.Name, c.Type, c.Title, c.AsItWas = g.Name, g.Type, "", false
	}
}

// person tells what Okta says of a user whom the ledger may know: the person, and
// whether anything is said at all. Of those who are as they were and weren't
// looked up it tells no values.
func (d Desired) person(id identity.OktaID) (Person, bool) {
	if d.Apart[userSubject(id)] {
		return Person{}, false
	}
	if p, ok := d.Users[id]; ok {
		return p, true
	}
	if page, same := d.Same[id]; same {
		return Person{Standing: identity.Assigned, InScope: true, Origin: d.Pages.at(page)}, true
	}
	if d.AllUsers {
		return Person{Standing: identity.Unassigned, InScope: true, Origin: d.Pages.last()}, true
	}
	return Person{}, false
}

// outside gives the folded names of whom Okta assigns, and users.scope leaves out.
func (d Desired) outside() map[string]bool {
	names := map[string]bool{}
	for _, p := range d.Users {
		if p.Fault == "" && !p.InScope && p.Standing != identity.Unassigned && p.Standing != identity.Doubtful {
			names[identity.FoldUserName(p.UserName)] = true
		}
	}
	return names
}

// unpushed reports whether the group is certainly no longer pushed.
func (d Desired) unpushed(id identity.GroupID) bool {
	if d.Apart[groupSubject(id)] {
		return false
	}
	g, ok := d.Groups[id]
	return ok && g.Gone || !ok && d.AllGroups
}

// covers reports whether anything is said of the subject.
func (d Desired) covers(subject string) bool {
	if !d.Only {
		return true
	}
	if id, user := strings.CutPrefix(subject, userSubject("")); user {
		_, told := d.person(identity.OktaID(id))
		return told
	}
	id := identity.GroupID(strings.TrimPrefix(subject, groupSubject("")))
	_, told := d.Groups[id]
	return told || d.AllGroups
}

// decides reports whether the plan would show what was decided about under the key,
// were it still to be done.
func (d Desired) decides(key string) bool {
	if g, _, member := memberOf(key); member {
		return d.covers(groupSubject(g))
	}
	return slices.ContainsFunc(subjectsOf(key), func(subject string) bool {
		id := identity.GroupID(strings.TrimPrefix(subject, groupSubject("")))
		return d.covers(subject) && !(d.Groups[id].AsItWas && key == groupKey(Rename, id))
	})
}

// leave makes nothing be said of the subjects.
func (d *Desired) leave(subjects map[string]bool) {
	if len(subjects) == 0 {
		return
	}
	d.Apart = maps.Clone(subjects)
	maps.DeleteFunc(d.Users, func(id identity.OktaID, _ Person) bool { return subjects[userSubject(id)] })
	maps.DeleteFunc(d.Same, func(id identity.OktaID, _ int32) bool { return subjects[userSubject(id)] })
	maps.DeleteFunc(d.Groups, func(id identity.GroupID, _ Crowd) bool { return subjects[groupSubject(id)] })
	byGroup := map[identity.GroupID]map[identity.OktaID]bool{}
	for subject := range subjects {
		if g, u, member := memberOf(subject); member {
			if byGroup[g] == nil {
				byGroup[g] = map[identity.OktaID]bool{}
			}
			byGroup[g][u] = true
		}
	}
	for g, users := range byGroup {
		if c, told := d.Groups[g]; told {
			d.Groups[g] = c.without(users)
		}
	}
}

// without says nothing of some members.
func (c Crowd) without(users map[identity.OktaID]bool) Crowd {
	var joined []identity.OktaID
	var listed []int32
	for i, id := range c.Joined {
		if users[id] {
			continue
		}
		joined = append(joined, id)
		if i < len(c.Listed.joined) {
			listed = append(listed, c.Listed.joined[i])
		}
	}
	c.Joined, c.Listed.joined = joined, listed
	c.Left = slices.DeleteFunc(slices.Clone(c.Left), func(id identity.OktaID) bool { return users[id] })
	return c
}
