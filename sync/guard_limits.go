package sync

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// weigh finds the guards whose limit the plan passes.
func (j *judging) weigh(changes []Change) {
	want := map[string]int{}
	for _, c := range changes {
		if c.State != state.Planned {
			continue
		}
		if kind := j.kind(c); kind != "" && j.decidedOn(c) == state.None {
			want[kind] += j.weight(c)
		}
		for _, u := range c.Drop {
			if j.memberKind(c.Group, u) == guardMemberRemovals && j.decided(memberKey(c.Group, u)) == state.None {
				want[guardMemberRemovals]++
				want[ofGroup(c.Group)]++
			}
		}
		for _, name := range c.losses() {
			if j.decidedOn(c) == state.None && j.decided(lossKey(c.User, name)) == state.None {
				want[ofAttribute(name)]++
			}
		}
		if want[ofGroup(c.Group)] > 0 {
			j.weighGroup(c, want[ofGroup(c.Group)])
			delete(want, ofGroup(c.Group))
		}
	}
	for what, n := range want {
		kind, attribute, _ := strings.Cut(what, ":")
		spent := j.spent(what)
		limit := j.limit(kind, spent)
		if spent+n > limit {
			j.over[what] = fmt.Sprintf("%d %s are wanted and %d were done within %s; the limit is %d (guard.%s)",
				n, strings.TrimSpace(words[kind]+" "+attribute), spent, j.policy.Guard.Window, limit, kind)
		}
	}
}

// weighGroup finds whether one group loses too many members: more than its limit, or,
// two of them or more, all that it has, unless all of what there is may go.
func (j *judging) weighGroup(c Change, n int) {
	what := ofGroup(c.Group)
	spent, limit := j.spent(what), max(1, j.policy.Guard.PerGroup)
	emptied := len(c.Add) == 0 && j.ledger.Groups[c.Group].Present-j.ledger.others[what] <= len(c.Drop) && j.policy.Guard.MemberRemovals.Percent < 100
	switch {
	case spent+n > limit:
		j.over[what] = fmt.Sprintf("%d removals of members of %s are wanted and %d were done within %s; the limit of one group is %d (guard.member_removals.per_group)",
			n, c.Name, spent, j.policy.Guard.Window, limit)
	case emptied && spent+n > 1:
		j.over[what] = fmt.Sprintf("%s would lose all its members, %d now and %d within %s before (guard.member_removals.per_group)",
			c.Name, n, spent, j.policy.Guard.Window)
	}
}

// What is counted besides the guards themselves.
func ofGroup(id identity.GroupID) string { return guardMemberRemovals + ":" + string(id) }
func ofAttribute(name string) string     { return guardAttributes + ":" + name }

// losses names the attributes whose value the change takes from a user who has it in
// use, sorted. Who comes, or comes back, has lost nothing.
func (c Change) losses() []string {
	if c.User == "" || c.Kind != Update {
		return nil
	}
	var names []string
	for name, v := range c.Patch.Attributes {
		if v == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// weight is how many a change counts for: a group that is let go, for its members.
func (j *judging) weight(c Change) int {
	if c.Kind == Release {
		return max(1, j.ledger.Groups[c.Group].Present)
	}
	return 1
}

var words = map[string]string{
	guardDeactivations: "deactivations", guardMemberRemovals: "removals of members", guardGroupDeletions: "deletions of groups",
	guardAttributes: "losses of the attribute", guardPolicyChange: "changes because of a changed policy", guardCreations: "creations",
}

// kind gives the limit that a change as a whole counts for, "" for none.
func (j *judging) kind(c Change) string {
	switch {
	case c.ends():
		return guardDeactivations
	case c.Group != "" && c.Kind == Delete:
		return guardGroupDeletions
	case j.policyChanged() && (c.User != "" && c.Kind == Update || c.Kind == Release || c.Kind == Rename):
		return guardPolicyChange
	case c.User != "" && c.Kind == Create && j.ledger.Connection.Complete:
		return guardCreations
	default:
		return ""
	}
}

func (j *judging) memberKind(g identity.GroupID, u identity.OktaID) string {
	if j.ledger.Members[g][u].Omni == state.Found && j.policy.AdoptGroups != "auto" {
		return guardAdoption
	}
	return guardMemberRemovals
}

// unasked counts, by what is counted, what a judged plan is to remove, or create, without
// anybody having been asked.
func unasked(judged Judged, l *Ledger, p Policy) map[string]int {
	j := &judging{ledger: l, policy: p}
	counts := map[string]int{}
	for _, c := range judged.Changes {
		if c.State != state.Planned {
			continue
		}
		if kind := j.kind(c); kind != "" && kind != guardPolicyChange && !judged.Asked[c.key()] {
			counts[kind]++
		}
		for _, u := range c.Drop {
			if j.memberKind(c.Group, u) == guardMemberRemovals && !judged.Asked[memberKey(c.Group, u)] {
				counts[guardMemberRemovals]++
				counts[ofGroup(c.Group)]++
			}
		}
		for _, name := range c.losses() {
			if !judged.Asked[c.key()] && !judged.Asked[lossKey(c.User, name)] {
				counts[ofAttribute(name)]++
			}
		}
	}
	return counts
}

// spent counts what the window did unasked, and what others are about to do.
func (j *judging) spent(what string) int {
	n := j.ledger.others[what]
	for _, s := range j.ledger.Window.Spent {
		if j.now.Sub(s.At) < j.policy.Guard.Window {
			n += s.Count[what]
		}
	}
	return n
}

func (j *judging) limit(kind string, spent int) int {
	limit, there := j.policy.Guard.of(kind), j.there(kind)
	n := min(limit.Count, int(math.Floor(limit.Percent/100*float64(there+spent))))
	if j.desired.Empty && kind == guardDeactivations {
		return max(n, 0)
	}
	return max(n, 1)
}

func (g Guard) of(kind string) Limit {
	return map[string]Limit{
		guardDeactivations: g.Deactivations, guardMemberRemovals: g.MemberRemovals, guardGroupDeletions: g.GroupDeletions,
		guardAttributes: g.AttributeLosses, guardPolicyChange: g.PolicyChange, guardCreations: g.Creations,
	}[kind]
}

// there counts what a percentage is of.
func (j *judging) there(kind string) int {
	n := 0
	switch kind {
	case guardMemberRemovals:
		for _, g := range j.ledger.Groups {
			n += g.Present
		}
	case guardGroupDeletions:
		for _, g := range j.ledger.Groups {
			if g.Omni != "" {
				n++
			}
		}
	default:
		return j.ledger.active()
	}
	return n
}

// spendLosses counts the attributes whose value was taken from a user unasked, by what
// Omni then showed.
func (a *applier) spendLosses(notes Notes, c Change) {
	shown := notes.Users[c.User]
	for _, name := range c.losses() {
		if shown == nil || shown.Attributes[name] != "" {
			continue
		}
		if !a.asked[c.key()] && !a.asked[lossKey(c.User, name)] {
			notes.spend(ofAttribute(name), 1)
		}
	}
}
