package sync

import (
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// maxName is the longest group name that Omni takes, in characters.
const maxName = 64

// groups plans every group. The rows, first match first:
//
//	Okta says              ledger      change
//	nothing (not read)     any         none
//	paused                 any         none
//	un-pushed, gone        linked      release, or delete where the policy says so
//	un-pushed, gone        intended    delete where the policy says so: what may stand there is ours
//	un-pushed, gone        not linked  none
//	pushed                 not linked  create with its members; adopt when Omni has the name
//	pushed                 linked      rename and members, together in one change
//
// A change that takes members away and also waits for joiners is two: what is
// taken away doesn't wait.
func (pl *planner) groups() []Change {
	var list []Change
	for id, c := range pl.desired.Groups {
		if c.Paused || c.Gone {
			continue
		}
		if g := pl.ledger.Groups[id]; g.Omni == "" {
			list = append(list, pl.newGroup(id, c)...)
		} else {
			list = append(list, pl.knownGroup(id, c, g)...)
		}
	}
	for id, g := range pl.ledger.Groups {
		ours := g.Omni != "" || g.Intent != "" && pl.policy.OnUnpush == "delete"
		if ours && pl.desired.unpushed(id) {
			list = append(list, pl.unpushing(id, g))
		}
	}
	slices.SortFunc(list, byName)
	return list
}

func tooLong(name string) bool { return utf8.RuneCountInString(name) > maxName }

// titleRefusal tells why a group can't have its name, "" when it can.
func (pl *planner) titleRefusal(id identity.GroupID, c Crowd) string {
	if c.Fault != "" {
		return c.Fault
	}
	if title := c.title(); tooLong(title) {
		return fmt.Sprintf("the group's name has %d characters, Omni takes %d: shorten it in Okta, or set groups.name: cut(group.name, %d)",
			utf8.RuneCountInString(title), maxName, maxName)
	}
	switch pl.titles.refused[id] {
	case doubled:
		if others := pl.namesakes(id, c); len(others) > 0 {
			return fmt.Sprintf("several groups are to be called %q in Omni, this one and %s: rename all but one in Okta, or let groups.name tell them apart",
				c.title(), some(others, "other", "others"))
		}
		return "several pushed groups have this name: rename all but one in Okta"
	case taken:
		return fmt.Sprintf("Omni's group of this name belongs to Okta group %s", pl.titles.holder[identity.FoldName(c.title())])
	case ringed:
		return "these groups exchange their names in a ring; give one of them a name in between"
	case blocked:
		return "the name is not free: its holder's own rename can't happen"
	default:
		return ""
	}
}

// namesakes gives the names in Okta of the other groups that are to have the same name
// in Omni, unless all of them have that name in Okta too.
func (pl *planner) namesakes(id identity.GroupID, c Crowd) []string {
	var names []string
	mapped := c.title() != c.Name
	for other, d := range pl.desired.Groups {
		if other != id && !d.Gone && !d.Paused && d.Fault == "" && identity.FoldName(d.title()) == identity.FoldName(c.title()) {
			names = append(names, d.Name)
			mapped = mapped || d.title() != d.Name
		}
	}
	if !mapped {
		return nil
	}
	return names
}

func (pl *planner) newGroup(id identity.GroupID, c Crowd) []Change {
	ch := Change{Kind: Create, Group: id, Name: c.Name, Title: c.title(), State: state.Planned, Reason: pl.policy.Groups.word()}
	for u := range pl.ledger.Members[id] {
		if pl.ledger.belongs(id, u) && (pl.there[u] || pl.coming[u]) {
			ch.Add = append(ch.Add, u)
		}
	}
	t, exists := pl.ledger.StrangerTeams[identity.FoldName(c.title())]
	if exists {
		ch.Add = pl.missingFrom(t, ch.Add)
	}
	wait := pl.newlyJoins(&ch, exists)
	pl.finish(&ch)
	if refusal := pl.titleRefusal(id, c); refusal != "" {
		ch.State, ch.Reason = state.Failed, refusal
		return append(wait, ch)
	}
	switch {
	case !exists && pl.ledger.KeepMissing:
		ch.State, ch.Reason = state.Kept, "Omni's own list could not be believed, so no group is created in this run"
	case !exists:
	case pl.policy.AdoptGroups == "never" && pl.ledger.Groups[id].Intent == "":
		ch.State, ch.Reason = state.Failed, "Omni has a group of this name that isn't managed (groups.adopt: never)"
	default:
		ch.Kind, ch.Omni, ch.Reason = Adopt, string(t.ID), "Omni has this group already"
		if pl.ledger.Groups[id].Intent != "" {
			ch.Reason = madeBefore
		}
		ch.Reason += roleWords(rolesGained, pl.ledger.roles[t.ID])
		pl.awaits(&ch, t)
	}
	return append(wait, ch)
}

// awaits lets the adoption of a team come after those of its members: who of them
// doesn't belong there by Okta's word is seen only once they are linked.
func (pl *planner) awaits(c *Change, t identity.Team) {
	for _, m := range t.Members {
		if id, ok := pl.adopts[m]; ok && !slices.Contains(c.Add, id) {
			c.Needs = append(c.Needs, userSubject(id))
		}
	}
}

// missingFrom leaves those who aren't in the team yet, as far as they have an account.
func (pl *planner) missingFrom(t identity.Team, ids []identity.OktaID) []identity.OktaID {
	in := make(map[identity.OmniID]bool, len(t.Members))
	for _, m := range t.Members {
		in[m] = true
	}
	return slices.DeleteFunc(ids, func(id identity.OktaID) bool {
		u := pl.ledger.Users[id]
		return u.Omni != "" && in[u.Omni]
	})
}

// knownGroup plans the rename and the members of a linked group.
func (pl *planner) knownGroup(id identity.GroupID, c Crowd, g state.Group) []Change {
	ch := Change{Kind: Members, Group: id, Omni: string(g.Omni), Name: c.Name, Title: g.DisplayName, State: state.Planned}
	var list []Change
	if c.Fault != "" {
		list = append(list, Change{Kind: Rename, Group: id, Omni: ch.Omni, Name: c.Name, Title: g.DisplayName, State: state.Failed, Reason: c.Fault,
			Before: &state.Facts{DisplayName: g.DisplayName}, After: &state.Facts{DisplayName: g.DisplayName}})
	} else if title := c.title(); title != g.DisplayName {
		refusal := pl.titleRefusal(id, c)
		if _, stranger := pl.ledger.StrangerTeams[identity.FoldName(c.title())]; stranger && refusal == "" {
			refusal = "Omni has another group of the new name; members go on under the old one"
		}
		if refusal != "" {
			list = append(list, Change{Kind: Rename, Group: id, Omni: ch.Omni, Name: c.Name, Title: title, State: state.Failed, Reason: refusal,
				Before: &state.Facts{DisplayName: g.DisplayName}, After: &state.Facts{DisplayName: title}})
		} else {
			ch.Kind, ch.Title = Rename, title
			ch.Before, ch.After = &state.Facts{DisplayName: g.DisplayName}, &state.Facts{DisplayName: title}
		}
	}
	ch.Add, ch.Drop = pl.memberDiff(id, c)
	list = append(list, pl.regroup(&ch, g.DisplayName)...)
	list = append(list, pl.spare(&ch)...)
	if ch.Kind == Members && len(ch.Add)+len(ch.Drop) == 0 {
		return list
	}
	if len(ch.Drop) > 0 && pl.waitsForJoiner(ch) {
		first := Change{Kind: Members, Group: id, Omni: ch.Omni, Name: ch.Name, Title: g.DisplayName, State: state.Planned, Drop: ch.Drop}
		pl.finish(&first)
		list, ch.Drop = append(list, first), nil
	}
	pl.finish(&ch)
	return append(list, ch)
}

// memberDiff gives who comes and who goes. The rows:
//
//	Okta's group  Omni's group   the user's account        change
//	has them      absent, ended  there, or coming          add
//	has them      absent         none                      none: they join when they arrive
//	has them not  present, found there, members certain    remove
//	has them not  present       there, the list is short  remove: they were known to have left
//	has them not  ended          coming back               remove: Omni may bring it back with the user
//	has them not  any            leaving, held, inactive   none: memberships end with the account
func (pl *planner) memberDiff(id identity.GroupID, c Crowd) (add, drop []identity.OktaID) {
	for u, m := range pl.ledger.Members[id] {
		in := m.Omni == state.Present || m.Omni == state.Found
		switch {
		case m.Okta && !in && (pl.there[u] || pl.coming[u]):
			add = append(add, u)
		case !m.Okta && in && c.ends(m) && pl.assignedNow(u) && pl.there[u]:
			drop = append(drop, u)
		case !m.Okta && c.ends(m) && m.Omni == state.Ended && (pl.coming[u] || pl.there[u]):
			drop = append(drop, u)
		}
	}
	return add, drop
}

// spare takes the protected out of those who go, and tells of them: one change for
// each glob that protects some.
func (pl *planner) spare(c *Change) []Change {
	byGlob := map[string][]identity.OktaID{}
	c.Drop = slices.DeleteFunc(c.Drop, func(id identity.OktaID) bool {
		glob := pl.protected(pl.ledger.Users[id].UserName, pl.desired.Users[id].UserName)
		if glob != "" {
			byGlob[glob] = append(byGlob[glob], id)
		}
		return glob != ""
	})
	var list []Change
	for _, glob := range slices.Sorted(maps.Keys(byGlob)) {
		kept := Change{Kind: Members, Group: c.Group, Omni: c.Omni, Name: c.Name, Title: c.Title, Drop: byGlob[glob],
			State: state.Kept, Reason: fmt.Sprintf("protected by users.protected %q", glob)}
		pl.finish(&kept)
		list = append(list, kept)
	}
	return list
}

// assignedNow reports whether Okta certainly says that the user is to stay. Of whom a
// delta says nothing, that is so while nobody saw anything else.
func (pl *planner) assignedNow(id identity.OktaID) bool {
	p, told := pl.desired.person(id)
	if kept, is := pl.ledger.Undone.user(id); is && kept.Active && !told {
		return true
	}
	if !told && pl.desired.Only && !pl.desired.Apart[userSubject(id)] {
		return pl.ledger.Users[id].Unassigned == nil
	}
	return told && p.stays()
}

// finish sorts the members, tells them by name, and names what must come first.
func (pl *planner) finish(c *Change) {
	slices.Sort(c.Add)
	slices.Sort(c.Drop)
	c.Needs = nil
	for _, id := range c.Add {
		if pl.coming[id] {
			c.Needs = append(c.Needs, userSubject(id))
		}
	}
	if other, ok := pl.titles.after[c.Group]; ok && c.Kind != Members {
		c.Needs = append(c.Needs, groupSubject(other))
	}
	if c.Before == nil {
		c.Before = &state.Facts{}
	}
	if c.After == nil {
		c.After = &state.Facts{}
	}
	c.Before.Members = memberFacts(c.Drop, pl.nameOf)
	c.After.Members = memberFacts(c.Add, pl.nameOf)
	if c.Kind == Create {
		c.After.DisplayName = c.Title
	}
}

func (pl *planner) nameOf(id identity.OktaID) string {
	return firstOf(pl.desired.Users[id].UserName, pl.ledger.Users[id].UserName, string(id))
}

// unpushing plans the end of our care for a group.
func (pl *planner) unpushing(id identity.GroupID, g state.Group) Change {
	c := Change{Kind: Release, Group: id, Omni: string(g.Omni), Name: g.Name, Title: g.DisplayName, State: state.Planned,
		Reason: "no longer " + pl.policy.Groups.word() + "; stays in Omni, no longer managed", Before: &state.Facts{DisplayName: g.DisplayName}}
	tell := rolesStay
	if pl.policy.OnUnpush == "delete" {
		c.Kind, c.Reason, tell = Delete, "no longer "+pl.policy.Groups.word(), rolesEnd
	}
	c.Reason += roleWords(tell, pl.ledger.roles[g.Omni])
	return c
}

// membersOf is a sorted list of a group's members in the ledger that answer yes.
func membersOf(l *Ledger, id identity.GroupID, yes func(state.Member) bool) []identity.OktaID {
	var ids []identity.OktaID
	for _, u := range slices.Sorted(maps.Keys(l.Members[id])) {
		if yes(l.Members[id][u]) {
			ids = append(ids, u)
		}
	}
	return ids
}
