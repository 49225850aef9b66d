package sync

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// The guards. Those of a limit are named as in the configuration.
const (
	guardDeactivations  = "deactivations"
	guardMemberRemovals = "member_removals"
	guardGroupDeletions = "group_deletions"
	guardPolicyChange   = "policy_change"
	guardCreations      = "creations"
	guardOrgAdmins      = "org_admins"      // the deactivation of an org admin always waits
	guardAdoption       = "adopted_members" // whom Okta doesn't know in an adopted group
	guardRenames        = "renames"
	guardRecycled       = "recycled"
	guardTakeovers      = "takeovers"            // somebody else's account for a newcomer: waits where the policy asks
	guardManual         = "manual_deactivations" // who was deactivated in Omni by hand: waits where the policy asks
	guardLoss           = "loss"                 // removals that a ledger which was lost calls for
)

// Judged is a plan after the guard: the changes, those that are held split off
// and marked, and what the run may count as unasked removals.
type Judged struct {
	Changes []Change
	Asked   map[string]bool // decision keys that a person approved: they count for no window
}

// judge lets a plan pass, or holds those of its changes that need a person. It
// judges the whole plan before the first call. Pure.
//
// A kind's limit is the smaller of its count and its percentage of what there
// is now and what the window removed; one is always let through, but for an
// empty reading, which proves nothing by itself. When the sum of what was
// removed in the window and what the plan wants passes the limit, everything of
// that kind waits. What already waits goes on waiting until somebody decides.
func judge(changes []Change, d Desired, l *Ledger, p Policy, now time.Time) Judged {
	j := &judging{desired: d, ledger: l, policy: p, now: now, asked: map[string]bool{}, over: map[string]string{}}
	j.weigh(changes)
	j.admins = l.admins()
	var out []Change
	for _, c := range changes {
		out = append(out, j.split(c)...)
	}
	return Judged{Changes: out, Asked: j.asked}
}

type judging struct {
	desired Desired
	ledger  *Ledger
	policy  Policy
	now     time.Time
	asked   map[string]bool
	over    map[string]string // by guard: why its changes wait
	admins  int               // active org admins who stay
}

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
			}
		}
	}
	for kind, n := range want {
		spent := j.spent(kind)
		limit := j.limit(kind, spent)
		if spent+n > limit {
			j.over[kind] = fmt.Sprintf("%d %s are wanted and %d were done within %s; the limit is %d (guard.%s)",
				n, words[kind], spent, j.policy.Guard.Window, limit, kind)
		}
	}
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
	guardPolicyChange: "changes because of a changed policy", guardCreations: "creations",
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

func (j *judging) policyChanged() bool {
	was := j.ledger.Connection.Policy
	return was != "" && was != j.policy.Fingerprint
}

// decided gives what a person said about a key, as far as it still counts.
func (j *judging) decided(key string) state.Decision {
	h := j.ledger.Holds[key]
	if h.Decision == state.Approved && j.now.After(h.Until) {
		return state.None
	}
	return h.Decision
}

// decidedOn is decided of a change as a whole. What a person said no to because of a
// changed policy is over when the change no longer makes that of its object.
func (j *judging) decidedOn(c Change) state.Decision {
	h := j.ledger.Holds[c.key()]
	if h.Guard == guardPolicyChange && h.Decision == state.Rejected && !makes(c.After, h.Change.After) {
		return state.None
	}
	return j.decided(c.key())
}

// makes reports whether facts have every value of others.
func makes(facts, others *state.Facts) bool {
	if others == nil {
		return true
	}
	if facts == nil {
		return false
	}
	for name, v := range others.Attributes {
		now, there := facts.Attributes[name]
		if !there || (now == nil) != (v == nil) || v != nil && *now != *v {
			return false
		}
	}
	return others.DisplayName == "" || facts.DisplayName == others.DisplayName
}

// unasked counts by guard what a judged plan is to remove, or create, without
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
			}
		}
	}
	return counts
}

// spent counts what the window did unasked, and what others are about to do.
func (j *judging) spent(kind string) int {
	n := j.ledger.others[kind]
	for _, s := range j.ledger.Window.Spent {
		if j.now.Sub(s.At) < j.policy.Guard.Window {
			n += s.Count[kind]
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
		guardPolicyChange: g.PolicyChange, guardCreations: g.Creations,
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

// split marks a change that must wait, or parts it into what goes on and what waits.
func (j *judging) split(c Change) []Change {
	if c.State != state.Planned {
		return []Change{c}
	}
	guard, why := j.why(c)
	if guard != "" {
		c.State, c.Reason = j.verdict(c, c.key(), why)
		if c.State != state.Planned {
			c.Guard = guard
			return j.part(c)
		}
	}
	if c.ends() && j.ledger.Users[c.User].OrgAdmin {
		if j.admins <= 1 {
			c.State, c.Reason = state.Kept, "the last active organization admin never leaves: make somebody else one in Omni first, then reconcile"
			return []Change{c}
		}
		j.admins--
	}
	if len(c.Drop) == 0 {
		return []Change{c}
	}
	return j.splitMembers(c)
}

// part gives what is held, and apart from a rename its members: they go on under the
// old name.
func (j *judging) part(c Change) []Change {
	if c.Kind != Rename || len(c.Add)+len(c.Drop) == 0 {
		return []Change{c}
	}
	members := c
	members.Kind, members.Guard, members.State, members.Reason, members.Title = Members, "", state.Planned, "", c.Before.DisplayName
	members.Before, members.After = &state.Facts{Members: c.Before.Members}, &state.Facts{Members: c.After.Members}
	c.Add, c.Drop, c.Needs = nil, nil, nil
	before, after := *c.Before, *c.After
	before.Members, after.Members = nil, nil
	c.Before, c.After = &before, &after
	return append([]Change{c}, j.split(members)...)
}

// why names the guard that looks after the change as a whole, and why it holds
// it, "" when it doesn't.
func (j *judging) why(c Change) (guard, why string) {
	if c.ends() && j.ledger.Users[c.User].OrgAdmin {
		return guardOrgAdmins, "an organization admin's membership ends only after approval"
	}
	if c.Kind == Reactivate && j.policy.OnManual == "hold" && j.ledger.Users[c.User].ByHand {
		return guardManual, "assigned in Okta; somebody deactivated them in Omni; once approved, this user is active again (users.on_manual_deactivation: hold)"
	}
	kind := j.kind(c)
	if lost := j.lost(c.User); lost != "" && (c.ends() || kind == guardGroupDeletions) {
		return guardLoss, lost
	}
	if h, known := j.ledger.Holds[c.key()]; kind == "" && known && h.Guard == guardPolicyChange && j.decidedOn(c) == h.Decision {
		return guardPolicyChange, "" // the policy is the ledger's since somebody said no
	}
	return kind, j.over[kind]
}

// verdict says what becomes of a change under its key, and the reason to tell.
func (j *judging) verdict(c Change, key, why string) (state.ChangeState, string) {
	hold, known := j.ledger.Holds[key]
	decision := j.decided(key)
	if key == c.key() {
		decision = j.decidedOn(c)
	}
	switch {
	case decision == state.Approved:
		j.asked[key] = true
		return state.Planned, "approved by " + hold.By
	case decision == state.Rejected:
		return state.Kept, fmt.Sprintf("rejected by %s on %s", hold.By, hold.At.UTC().Format(time.DateOnly))
	case why != "":
		return state.Held, why
	case known:
		return state.Held, hold.Change.Reason
	default:
		return state.Planned, c.Reason
	}
}

// splitMembers parts a change of members into what goes on and, for each guard
// and state, what doesn't.
func (j *judging) splitMembers(c Change) []Change {
	goes := c
	goes.Drop = nil
	var parts []Change
	for _, u := range c.Drop {
		guard := j.memberKind(c.Group, u)
		why := j.over[guard]
		if guard == guardAdoption {
			why = "the group was adopted with this member, whom Okta doesn't know in it (groups.adopt: ask)"
		}
		if lost := j.lost(u); lost != "" && guard != guardAdoption {
			guard, why = guardLoss, lost
		}
		verdict, reason := j.verdict(c, memberKey(c.Group, u), why)
		if verdict == state.Planned {
			goes.Drop = append(goes.Drop, u)
			continue
		}
		i := slices.IndexFunc(parts, func(p Change) bool { return p.Guard == guard && p.State == verdict && p.Reason == reason })
		if i < 0 {
			parts = append(parts, Change{Kind: Members, Group: c.Group, Omni: c.Omni, Name: c.Name, Title: c.Title,
				State: verdict, Reason: reason, Guard: guard, Before: &state.Facts{}, After: &state.Facts{}})
			i = len(parts) - 1
		}
		parts[i].Drop = append(parts[i].Drop, u)
		parts[i].Before.Members = append(parts[i].Before.Members, j.nameOf(u))
	}
	for i, p := range parts {
		parts[i].Origin = j.desired.origin(p)
	}
	if len(goes.Drop) == len(c.Drop) {
		return []Change{c}
	}
	if goes.Kind != Members || len(goes.Add)+len(goes.Drop) > 0 {
		before := *c.Before
		before.Members = memberFacts(goes.Drop, j.nameOf)
		goes.Before, goes.Origin = &before, j.desired.origin(goes)
		return append([]Change{goes}, parts...)
	}
	return parts
}

func (j *judging) nameOf(id identity.OktaID) string {
	return firstOf(j.ledger.Users[id].UserName, string(id))
}
