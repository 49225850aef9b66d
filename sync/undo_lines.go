package sync

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// undoing is what becomes of what a run did: what is brought back, and what can't be.
type undoing struct {
	kept undone
	left []state.Change // kept, each with its reason
}

// deeds is what one run did to one object: its lines of the log, the oldest first.
type deeds struct {
	first  state.Change
	lines  []state.Change
	before state.Facts // what the first line that touched a value had before
	after  state.Facts // what the last one made of it
	ends   *state.Change
}

// undoer works out how a run is undone. It is pure: who is meant by a name is looked up
// before.
type undoer struct {
	ledger *Ledger
	policy Policy                       // with what is known of Omni's attributes
	named  map[string][]identity.OktaID // by folded userName: who has it, or had it
	shared map[string]bool              // Omni's ids of accounts that were another person's before
	status map[identity.OktaID]string   // of the Okta accounts of those whom the run deactivated; "" where Okta doesn't tell
	mark   state.Undone                 // what all that is kept has in common
	out    undoing
}

// undo works out what the lines of what was done, the oldest first, call for.
func (x *undoer) undo(lines []state.Change) undoing {
	x.out.kept = undone{}
	for subject, kept := range x.ledger.Undone { // an undo that broke off goes on
		if kept.Because(x.mark.Of) {
			x.out.kept[subject] = kept
		}
	}
	objects, order := map[string]*deeds{}, []string{}
	for _, c := range lines {
		subject := userSubject(identity.OktaID(c.OktaID))
		if c.Group != "" {
			subject = groupSubject(identity.GroupID(c.OktaID))
		}
		if why := irreversible(c); why != "" {
			x.leave(c, why)
		}
		d := objects[subject]
		if d == nil {
			d = &deeds{first: c}
			objects[subject] = d
			order = append(order, subject)
		}
		d.add(c)
	}
	for _, subject := range order {
		if id, user := cutSubject(subject); user {
			x.user(identity.OktaID(id), objects[subject])
		} else {
			x.group(identity.GroupID(id), objects[subject])
		}
	}
	return x.out
}

// leave names what can't be undone.
func (x *undoer) leave(c state.Change, why string) {
	c.State, c.Reason, c.Answers, c.Seconds = state.Kept, "not undone: "+why, nil, 0
	x.out.left = append(x.out.left, c)
}

// irreversible tells why a change, or its main part, can't be undone; "" where it can.
func irreversible(c state.Change) string {
	group := c.Group != ""
	switch Kind(c.Kind) {
	case Create:
		if group {
			return "an undo deletes no group; who joined it goes"
		}
		return "an undo deletes and deactivates nobody: unassign them in Okta"
	case Adopt:
		if group {
			return "the group stays linked; who joined it goes"
		}
		return "the account stays linked, and active; what was changed of it is changed back"
	case Reactivate:
		return "an undo deactivates nobody: unassign them in Okta; what else was changed is changed back"
	case Delete:
		if group {
			return "Omni has deleted the group; where Okta asks for it again, it is made anew"
		}
		return "Omni has deleted the account; where Okta assigns them again, they get another"
	case Release:
		return "the group is no longer managed; push it again in Okta"
	case Restore:
		return "the schedule stays with its new owner: delete it in Omni"
	case Transfer:
		return "what was handed over stays with its new owner: hand it back in Omni"
	case Forget:
		return "who was forgotten stays so"
	case Relink, Unlink, Rebind:
		return "syncd link and syncd unlink mend a link"
	case Members, Rename, Update, Deactivate, EndGrace, Stay, LetGo:
	}
	return ""
}

// add takes a line in.
func (d *deeds) add(c state.Change) {
	d.lines = append(d.lines, c)
	if c.Kind == string(Deactivate) {
		d.ends = &c
	}
	if c.Before == nil || c.After == nil || c.Kind == string(Create) {
		return
	}
	if c.After.UserName != c.Before.UserName && c.After.UserName != "" {
		d.before.UserName, d.after.UserName = cmp.Or(d.before.UserName, c.Before.UserName), c.After.UserName
	}
	if c.After.DisplayName != c.Before.DisplayName && c.After.DisplayName != "" {
		d.before.DisplayName, d.after.DisplayName = cmp.Or(d.before.DisplayName, c.Before.DisplayName), c.After.DisplayName
	}
	for name, v := range c.After.Attributes {
		if valueOf(v) == valueOf(c.Before.Attributes[name]) {
			continue
		}
		if d.after.Attributes == nil {
			d.before.Attributes, d.after.Attributes = map[string]*identity.Value{}, map[string]*identity.Value{}
		}
		if _, seen := d.before.Attributes[name]; !seen {
			d.before.Attributes[name] = c.Before.Attributes[name]
		}
		d.after.Attributes[name] = v
	}
}

// user brings a user's values back, and the membership that the run ended.
func (x *undoer) user(id identity.OktaID, d *deeds) {
	u, known := x.ledger.Users[id]
	kept := x.since(userSubject(id), firstOf(u.UserName, d.first.UserName))
	if !known || u.Omni == "" {
		if d.ends != nil || !isEmptyFacts(d.before) {
			x.leave(d.first, "no account of theirs is managed any more")
		}
		return
	}
	if why := x.another(u, d); why != "" {
		x.leave(d.first, why)
		return
	}
	touched := x.values(&kept, u, d)
	if d.ends != nil && !u.Active {
		touched = x.revives(&kept, id, *d.ends) || touched
	}
	if touched {
		x.out.kept[userSubject(id)] = kept
	}
}

// another tells why nothing of a user is brought back: the account isn't the one that the run
// changed, or wasn't theirs before it; "" where it is.
func (x *undoer) another(u state.User, d *deeds) string {
	for _, c := range d.lines {
		switch {
		case c.Kind == string(Adopt) && x.shared[c.OmniID]:
			return "the account was another person's before, of whom nothing is given to them"
		case u.Link == state.LinkedByHand && c.OmniID != "" && c.OmniID != string(u.Omni):
			return "they were linked to another account since"
		}
	}
	return ""
}

// revives brings back a membership that the run ended, with the groups, where the Okta
// account lives.
func (x *undoer) revives(kept *state.Undone, id identity.OktaID, end state.Change) bool {
	switch status := x.status[id]; {
	case status == "":
		x.leave(end, "Okta doesn't tell whether their account lives")
		return false
	case asksForEnd(status):
		x.leave(end, "their Okta account is "+strings.ToLower(status))
		return false
	default:
		kept.Active, kept.Account = true, status
	}
	x.rejoins(id)
	x.leave(end, "what Omni deleted with the membership, such as schedules; syncd schedules list "+argument(kept.Name)+" shows what was saved of it, and syncd schedules restore makes it anew")
	return true
}

// values notes what each value is brought back to, unless it was changed since.
func (x *undoer) values(kept *state.Undone, u state.User, d *deeds) (touched bool) {
	if d.before.UserName != "" {
		switch identity.FoldUserName(u.UserName) {
		case identity.FoldUserName(d.after.UserName):
			kept.UserName, touched = d.before.UserName, true
		case identity.FoldUserName(d.before.UserName):
			touched = true
		default:
			x.leave(d.first, "the userName was changed since, to "+u.UserName)
		}
	}
	if d.before.DisplayName != "" {
		switch u.DisplayName {
		case d.after.DisplayName:
			kept.DisplayName, touched = d.before.DisplayName, true
		case d.before.DisplayName:
			touched = true
		default:
			x.leave(d.first, "the displayName was changed since, to "+u.DisplayName)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.after.Attributes)) {
		is := u.Attributes[name]
		if why := x.stands(name, is, d); why != "" {
			x.leave(d.first, "the attribute "+name+" "+why)
			continue
		}
		if kept.Attributes == nil {
			kept.Attributes = map[string]*identity.Value{}
		}
		kept.Attributes[name], touched = d.before.Attributes[name], true
	}
	return touched
}

// stands tells why an attribute isn't brought back: it isn't as the run left it, nor as it
// was before; "" where it is.
func (x *undoer) stands(name string, is identity.Value, d *deeds) string {
	as := func(v *identity.Value) bool {
		return is == valueOf(v) || x.policy.Definitions.Same(name, is, valueOf(v))
	}
	switch {
	case !slices.Contains(x.policy.Attributes, name):
		return "isn't managed any more (users.attributes)"
	case !as(d.after.Attributes[name]) && !as(d.before.Attributes[name]):
		return "was changed since"
	}
	return ""
}

func valueOf(v *identity.Value) identity.Value {
	if v == nil {
		return ""
	}
	return *v
}

func isEmptyFacts(f state.Facts) bool {
	return f.UserName == "" && f.DisplayName == "" && len(f.Attributes) == 0
}

// rejoins puts somebody whose membership ended back into the groups that they were in.
func (x *undoer) rejoins(id identity.OktaID) {
	for g, members := range x.ledger.Members {
		if members[id].Omni == state.Ended {
			kept := x.since(groupSubject(g), x.ledger.Groups[g].Name)
			kept.Puts(id, true)
			x.out.kept[groupSubject(g)] = kept
		}
	}
}

// since is how an object is kept so far: what was undone of it before goes on being kept.
func (x *undoer) since(subject, name string) state.Undone {
	kept, is := x.out.kept[subject]
	if !is {
		kept = x.ledger.Undone[subject]
		kept.In, kept.Out, kept.Attributes = slices.Clone(kept.In), slices.Clone(kept.Out), maps.Clone(kept.Attributes)
	}
	if kept.Of != "" && kept.Of != x.mark.Of && !slices.Contains(kept.Earlier, kept.Of) {
		kept.Earlier = append(slices.Clone(kept.Earlier), kept.Of)
	}
	kept.Run, kept.Of, kept.By, kept.At, kept.Name = x.mark.Run, x.mark.Of, x.mark.By, x.mark.At, name
	return kept
}

// group brings a group's name and members back.
func (x *undoer) group(id identity.GroupID, d *deeds) {
	g, known := x.ledger.Groups[id]
	was := d.membersBefore()
	if !known || g.Omni == "" {
		if len(was) > 0 || d.before.DisplayName != "" {
			x.leave(d.first, "the group is no longer managed")
		}
		return
	}
	kept := x.since(groupSubject(id), g.Name)
	touched := len(was) > 0
	switch {
	case d.before.DisplayName == "":
	case g.DisplayName == d.after.DisplayName:
		kept.DisplayName, touched = d.before.DisplayName, true
	case g.DisplayName != d.before.DisplayName:
		x.leave(d.first, "the group was renamed since, to "+g.DisplayName)
	default:
		touched = true
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		u, why := x.who(name)
		if why != "" {
			one := narrowed(d.first, name, !was[name])
			one.Kind = string(Members)
			x.leave(one, why)
			continue
		}
		kept.Puts(u, was[name])
	}
	if touched {
		kept.Still = true
		x.out.kept[groupSubject(id)] = kept
	}
}

// membersBefore tells of each member whom the run moved whether they were in the group
// before it.
func (d *deeds) membersBefore() map[string]bool {
	was := map[string]bool{}
	for _, c := range d.lines {
		for _, side := range []struct {
			facts *state.Facts
			in    bool
		}{{c.Before, true}, {c.After, false}} {
			if side.facts == nil {
				continue
			}
			for _, name := range side.facts.Members {
				name = identity.FoldUserName(name)
				if _, seen := was[name]; !seen {
					was[name] = side.in
				}
			}
		}
	}
	return was
}

// who finds whom a member's name in the log means.
func (x *undoer) who(name string) (identity.OktaID, string) {
	ids := x.named[name]
	if len(ids) > 1 {
		return "", "several people had that name"
	}
	if len(ids) == 1 {
		if _, known := x.ledger.Marks[ids[0]]; known {
			return ids[0], ""
		}
	}
	return "", "nobody is known by that name any more"
}
