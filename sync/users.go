package sync

import (
	"fmt"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// users plans every user. The rows, first match first:
//
//	Okta says                         ledger            change
//	nothing (not read), or doubt      any               none; told when linked
//	assigned, in scope                not linked        create; adopt when Omni has the name
//	assigned, in scope                linked, active    update, when a value differs
//	assigned, in scope                linked, inactive  reactivate, with what differs; by hand: as the policy says
//	staged or suspended, in scope     not linked        none
//	staged or suspended, in scope     linked, active    update, when a value differs
//	staged or suspended, in scope     linked, inactive  none
//	unassigned, or outside the scope  linked, active    deactivate or delete, as the policy says
//	unassigned, or outside the scope  intended          deactivate or delete: what may stand there is ours
//	unassigned, or outside the scope  otherwise         none
func (pl *planner) users() []Change {
	ids := map[identity.OktaID]bool{}
	for id := range pl.desired.Users {
		ids[id] = true
	}
	for id := range pl.ledger.Users {
		ids[id] = true
	}
	var list []Change
	for id := range ids {
		if kept, is := pl.ledger.Undone.user(id); is {
			list = append(list, pl.keptUser(id, kept)...)
			continue
		}
		list = append(list, pl.user(id)...)
	}
	slices.SortFunc(list, byName)
	return list
}

func (pl *planner) user(id identity.OktaID) []Change {
	u, known := pl.ledger.Users[id]
	p, told := pl.desired.person(id)
	if !told {
		return nil
	}
	if p.Fault != "" || p.Standing == identity.Doubtful {
		return pl.unclear(id, u, p)
	}
	switch {
	case p.leaves() && known && (u.Active || u.Omni == ""):
		return []Change{pl.ending(id, u)}
	case p.leaves():
		return nil
	case u.Omni == "" && p.wanted():
		return pl.fitting(p, func(p Person) []Change { return []Change{pl.joining(id, p)} })
	case u.Omni == "" || !u.Active && !p.wanted():
		return nil
	default:
		return pl.fitting(p, func(p Person) []Change { return pl.differing(id, u, p) })
	}
}

func (pl *planner) unclear(id identity.OktaID, u state.User, p Person) []Change {
	reason := p.Fault
	if reason == "" {
		reason = fmt.Sprintf("Okta's status of this user (%s) is unknown to us, so nothing is decided", p.Account)
	}
	return []Change{{Kind: Update, User: id, Omni: string(u.Omni), Name: firstOf(p.UserName, u.UserName),
		State: state.Failed, Reason: reason}}
}

// ending plans the end of a user's membership.
func (pl *planner) ending(id identity.OktaID, u state.User) Change {
	c := Change{Kind: Deactivate, User: id, Omni: string(u.Omni), Name: u.UserName, State: state.Planned, Reason: "no longer assigned in Okta"}
	if p, ok := pl.desired.Users[id]; ok && !p.InScope {
		c.Reason = "outside users.scope"
	}
	if pl.policy.Action == "delete" {
		c.Kind = Delete
	}
	yes, no := true, false
	c.Before, c.After = &state.Facts{Active: &yes}, &state.Facts{Active: &no}
	if u.Unassigned != nil {
		c.Since = *u.Unassigned
	}
	if u.AtOnce != nil {
		c.Reason += "; the grace was ended by " + u.AtOnce.By
	}
	switch glob := pl.protected(u.UserName, pl.desired.Users[id].UserName); {
	case pl.policy.Action == "none":
		c.State, c.Reason = state.Kept, "unassigned but kept (deprovision.action: none)"
	case glob != "":
		c.State, c.Reason = state.Kept, fmt.Sprintf("protected by users.protected %q", glob)
	default:
		c.Owned = intends(pl.policy.Handover)
	}
	return c
}

// protected gives the glob that protects one of the names, "" when none does.
func (pl *planner) protected(names ...string) string {
	for _, name := range names {
		if glob := pl.policy.protects(name); glob != "" {
			return glob
		}
	}
	return ""
}

// joining plans the account of a user who is linked to none.
func (pl *planner) joining(id identity.OktaID, p Person) Change {
	c := Change{Kind: Create, User: id, Name: p.UserName, Want: p.User, Known: p.External, State: state.Planned, Reason: "assigned in Okta", After: wholeFacts(p.User)}
	if err := identity.CheckUserName(p.UserName); err != nil {
		c.State, c.Reason = state.Failed, err.Error()
		return c
	}
	if waits, yes := pl.withoutLink(c, p); yes {
		return waits
	}
	switch pl.names.refused[id] {
	case free:
	case taken:
		if s, ok := pl.heirs[id]; ok && s.former != "" {
			heir, _ := pl.succeeding(c, s)
			return heir
		}
		c.State, c.Guard, c.Reason = state.Held, guardRecycled, stillLinked(pl.names.holder[identity.FoldUserName(p.UserName)])
		return c
	case doubled:
		c.State, c.Reason = state.Failed, twoOfOneName
		return c
	case blocked, ringed:
		c.State, c.Guard, c.Reason = state.Held, guardRecycled, "the username is not free: its holder's own rename is held"
		return c
	}
	if other, ok := pl.names.after[id]; ok {
		c.Needs = []string{userSubject(other)}
	}
	if s, ok := pl.heirs[id]; ok {
		if heir, waits := pl.succeeding(c, s); waits {
			return heir
		}
	}
	if a, ok := pl.ledger.stranger(p); ok {
		return pl.adopting(c, a)
	}
	if pl.ledger.KeepMissing {
		c.State, c.Reason = state.Kept, "Omni's own list could not be believed, so nobody is created in this run"
	}
	return c
}

// stranger finds the account that Omni already has for the person: the one that
// Okta knows by id, else the one of the same name.
func (l *Ledger) stranger(p Person) (identity.Account, bool) {
	if p.External != "" {
		for _, a := range l.Strangers {
			if a.ID == p.External {
				return a, true
			}
		}
	}
	a, ok := l.Strangers[identity.FoldUserName(p.UserName)]
	return a, ok
}

// madeBefore is why something is adopted that stands in Omni under an intent of ours.
const madeBefore = "an earlier run had created it and lost Omni's answer"

func (pl *planner) adopting(c Change, a identity.Account) Change {
	c.Kind, c.Omni, c.Reason = Adopt, string(a.ID), "Omni has this account already"
	intended := pl.ledger.Users[c.User].Intent != ""
	was := state.User{Omni: a.ID, User: a.User, Active: a.Active}
	c.Patch, c.Kept = pl.adoption(was, c.Want)
	if !a.Active {
		yes := true
		c.Patch.Active = &yes
		c.Reason = "Omni has this account already, inactive"
	}
	if intended {
		c.Reason = madeBefore
	}
	c.Before, c.After = pl.facts(was, c.Patch)
	return c
}

// adoption gives what differs, and the attributes that are left alone because
// Okta has no value for them.
func (pl *planner) adoption(was state.User, want identity.User) (identity.UserPatch, []string) {
	patch := diffUser(was, want, pl.policy)
	if pl.policy.AdoptAttributes == "replace" {
		return patch, nil
	}
	var kept []string
	for _, name := range slices.Sorted(maps.Keys(patch.Attributes)) {
		if patch.Attributes[name] == nil {
			kept = append(kept, name)
			delete(patch.Attributes, name)
		}
	}
	return patch, kept
}

// differing plans what a linked user's account lacks, and apart from it the
// rename that has to wait.
func (pl *planner) differing(id identity.OktaID, u state.User, p Person) []Change {
	c := Change{Kind: Update, User: id, Omni: string(u.Omni), Name: p.UserName, Want: p.User, State: state.Planned}
	c.Patch = diffUser(u, p.User, pl.policy)
	if !u.Active {
		yes := true
		c.Kind, c.Patch.Active, c.Reason = Reactivate, &yes, "assigned in Okta, inactive in Omni"
		if u.ByHand {
			c.Reason = byHand
		}
	}
	var list []Change
	if c.Patch.UserName != nil {
		if wait, ok := pl.waitingRename(c, u); ok {
			list = append(list, wait)
			c.Patch.UserName, c.Want.UserName = nil, u.UserName
		} else if other, ok := pl.names.after[id]; ok {
			c.Needs = []string{userSubject(other)}
		}
	}
	if isEmpty(c.Patch) {
		return list
	}
	c.Before, c.After = pl.facts(u, c.Patch)
	return append(list, c)
}

// byHand is why somebody is inactive whom no change of ours deactivated.
const byHand = "assigned in Okta; somebody deactivated them in Omni"

// twoOfOneName is why neither of two gets the name that both are to have.
const twoOfOneName = "two assigned Okta users have this username; give one of them another in the app's assignment"

// Why a rename waits that can be done once somebody says so.
const (
	renamesWait   = "username changes wait for approval (users.on_username_change: hold)"
	renameRefused = "Omni refused the new username"
)

// waitingRename tells why a username change isn't done now: held, refused or protected.
func (pl *planner) waitingRename(c Change, u state.User) (Change, bool) {
	c.Kind, c.Guard = Update, guardRenames
	to := *c.Patch.UserName
	c.Patch = identity.UserPatch{UserName: &to}
	c.Before, c.After = pl.facts(u, c.Patch)
	hold, asked := pl.ledger.Holds[renameKey(c.User, to)]
	glob := pl.protected(u.UserName, to)
	switch {
	case identity.CheckUserName(to) != nil:
		c.State, c.Reason = state.Failed, identity.CheckUserName(to).Error()
	case glob != "":
		c.State, c.Reason = state.Kept, fmt.Sprintf("protected by users.protected %q", glob)
	case pl.names.refused[c.User] != free:
		c.State, c.Reason = state.Held, pl.renameRefusal(c.User, to)
	case pl.takenByStranger(to):
		c.State = state.Held
		c.Reason = fmt.Sprintf("an account that isn't managed (%s) has the new username in Omni, this user's is %s; rename or delete the other there, then reconcile",
			pl.ledger.Strangers[identity.FoldUserName(to)].ID, u.Omni)
	case asked && hold.Decision == state.Approved:
		return c, false
	case asked && hold.Decision == state.Rejected:
		c.State, c.Reason = state.Kept, "rejected by "+hold.By
	case asked:
		c.State, c.Reason = state.Held, hold.Change.Reason
	case pl.policy.OnUsername == "hold":
		c.State, c.Reason = state.Held, renamesWait
	default:
		return c, false
	}
	return c, true
}

// renameRefusal tells why a new username isn't free, and the way out.
func (pl *planner) renameRefusal(id identity.OktaID, to string) string {
	switch pl.names.refused[id] {
	case ringed:
		return "these users exchange their usernames in a ring; give one of them a name in between"
	case doubled:
		return twoOfOneName
	case taken:
		return fmt.Sprintf("another account has the new username (Okta user %s); rename or delete it in Omni, then reconcile",
			pl.names.holder[identity.FoldUserName(to)])
	default:
		return "the new username is not free: its holder's own rename is held"
	}
}

func (pl *planner) takenByStranger(name string) bool {
	_, taken := pl.ledger.Strangers[identity.FoldUserName(name)]
	return taken
}

func firstOf(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return ""
}
