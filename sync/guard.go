package sync

import (
	"time"

	"github.com/omnisync/omnisync/state"
)

// The guards. Those of a limit are named as in the configuration.
const (
	guardDeactivations  = "deactivations"
	guardMemberRemovals = "member_removals"
	guardGroupDeletions = "group_deletions"
	guardAttributes     = "attribute_losses" // counted for each attribute by itself
	guardPolicyChange   = "policy_change"
	guardCreations      = "creations"
	guardOrgAdmins      = "org_admins"      // the deactivation of an org admin always waits
	guardAdoption       = "adopted_members" // whom Okta doesn't know in an adopted group
	guardRenames        = "renames"
	guardRecycled       = "recycled"
	guardTakeovers      = "takeovers"            // somebody else's account for a newcomer: waits where the policy asks
	guardManual         = "manual_deactivations" // who was deactivated in Omni by hand: waits where the policy asks
	guardUnlinked       = "unlinked"             // an account for somebody whom a person has unlinked from theirs
	guardLoss           = "loss"                 // removals that a ledger which was lost calls for
	guardUndone         = "undone"               // what Okta asks for an object that was brought back
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
	over    map[string]string // by what is counted: why its changes wait
	admins  int               // active org admins who stay
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

// decidedOn is decided of a change as a whole. What a person said of a changed policy
// is about the values that they saw: a no is over when the change no longer makes them
// of its object, a yes where it makes others.
func (j *judging) decidedOn(c Change) state.Decision {
	h := j.standing(c)
	if h.Guard == guardPolicyChange && h.Decision == state.Rejected && !makes(c.After, h.Change.After) ||
		pinned(h.Guard) && h.Decision == state.Approved && !makes(h.Change.After, c.After) {
		return state.None
	}
	if h.Decision == state.Rejected {
		return state.Rejected
	}
	return j.decided(c.key())
}

// pinned reports whether a yes is about the values that were shown.
func pinned(guard string) bool { return guard == guardPolicyChange || guard == guardCreations }

// standing is the hold of a change as a whole. A no, and waiting for a word, are about
// another end of the same too; a yes isn't.
func (j *judging) standing(c Change) state.Hold {
	h, known := j.ledger.Holds[c.key()]
	if known || c.Kind == Update {
		return h
	}
	for _, key := range c.otherKeys() {
		if other := j.ledger.Holds[key]; other.Decision != state.Approved {
			return other
		}
	}
	return h
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
	return (others.DisplayName == "" || facts.DisplayName == others.DisplayName) && (others.UserName == "" || facts.UserName == others.UserName)
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
	if len(c.Drop) > 0 {
		return j.splitMembers(c)
	}
	return j.splitLosses(c)
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
		hold, decision = j.standing(c), j.decidedOn(c)
		known = hold.Run != "" || known
	}
	switch {
	case decision == state.Approved:
		j.asked[key] = true
		return state.Planned, "approved by " + hold.By
	case decision == state.Rejected:
		return state.Kept, ruled(hold)
	case why != "":
		return state.Held, why
	case known && hold.Guard != guardUndone: // which the plan itself holds, for as long as it does
		return state.Held, hold.Change.Reason
	default:
		return state.Planned, c.Reason
	}
}
