package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// An address is recycled when an Okta user with another id arrives under one that
// Omni knows from somebody else: the account is linked to an Okta user who is gone,
// or it is inactive, linked to nobody, and something hangs on it. The newcomer
// doesn't get it in silence (users.on_recycled). That holds under an open intent too:
// what we had made would be active.

// succession is a newcomer's way to an account that was somebody else's.
type succession struct {
	omni   identity.OmniID
	former identity.OktaID // whom the ledger links the account to, "" for nobody
	link   state.Link      // how it is linked where it turns out to be nobody's
}

// heritage is what would come with such an account.
type heritage struct {
	account identity.Account
	former  identity.OktaID
	identity.Belongings
	gone     bool           // Omni has the account no more
	unread   string         // why it isn't known what hangs on it
	decision state.Decision // what a person said, as far as it still counts
	by       string
}

func takeoverKey(id identity.OktaID, omni identity.OmniID) string {
	return "takeover:" + string(id) + ":" + string(omni)
}

// successions finds the newcomers whose address is somebody else's account.
func successions(d Desired, l *Ledger) map[identity.OktaID]succession {
	found := map[identity.OktaID]succession{}
	for _, h := range l.Holds {
		id := identity.OktaID(h.Change.OktaID)
		omni := identity.OmniID(h.Change.OmniID)
		if _, waits := l.Holds[takeoverKey(id, omni)]; waits && l.Strangers == nil && d.Users[id].wanted() && l.Users[id].Omni == "" {
			found[id] = succession{omni: omni}
		}
	}
	ended := map[string]identity.OktaID{}
	for id, u := range l.Users {
		if u.Omni != "" && d.ended(id, u) {
			ended[identity.FoldUserName(u.UserName)] = id
		}
	}
	if len(ended)+len(l.Strangers) == 0 {
		return found
	}
	for id, p := range d.Users {
		if _, _, waits := l.unlinked(id, p.UserName); waits || !p.wanted() || l.Users[id].Omni != "" {
			continue
		}
		former, ok := ended[identity.FoldUserName(p.UserName)]
		if gone := l.heldBy(p.UserName); !ok && gone != "" && d.ended(gone, l.Users[gone]) {
			former, ok = gone, true
		}
		if ok {
			found[id] = succession{omni: l.Users[former].Omni, former: former}
		} else if a, ok := l.stranger(p); ok && !a.Active {
			found[id] = succession{omni: a.ID}
		}
	}
	return found
}

// ended reports whether a linked user's membership is over: inactive, and by
// Okta's newest word not assigned.
func (d Desired) ended(id identity.OktaID, u state.User) bool {
	if u.Active {
		return false
	}
	p, told := d.person(id)
	return told && p.leaves() || !told && u.Unassigned != nil
}

// inspect asks Omni what hangs on the accounts that newcomers would get. What
// waits for a person already is asked about only again where that is wanted.
func (e *Engine) inspect(ctx context.Context, l *Ledger, d Desired, again bool) error {
	l.heritages = map[identity.OktaID]heritage{}
	for id, s := range successions(d, l) {
		if h, waits := l.Holds[takeoverKey(id, s.omni)]; waits && h.Decision != state.Approved && !again {
			continue
		}
		h, err := e.heritage(ctx, s)
		if err != nil {
			return err
		}
		l.heritages[id] = h.decided(l, id, time.Now())
	}
	return nil
}

// heritage asks Omni about one account. A refused credential or the end of the
// context ends the run; whatever else can't be read is doubt.
func (e *Engine) heritage(ctx context.Context, s succession) (heritage, error) {
	h := heritage{former: s.former}
	var err error
	h.account, err = e.o.Omni.User(ctx, s.omni)
	h.account.ID = s.omni
	switch {
	case fault.Is(err, fault.NotFound):
		h.gone = true
		return h, nil
	case fault.Is(err, fault.Unauthorized), ctx.Err() != nil:
		return h, err
	case err == nil:
		h.Belongings, err = e.o.Omni.Belongings(ctx, s.omni)
	}
	if ctx.Err() != nil {
		return h, ctx.Err()
	}
	if err != nil {
		h.unread = err.Error()
	}
	return h, nil
}

// decided adds what a person said about this newcomer and this account.
func (h heritage) decided(l *Ledger, id identity.OktaID, now time.Time) heritage {
	key := takeoverKey(id, h.account.ID)
	h.decision, h.by = (&judging{ledger: l, now: now}).decided(key), l.Holds[key].By
	return h
}

// free reports whether the account is nobody's: linked to nobody, and nothing
// hangs on it that would tell of somebody.
func (h heritage) free() bool {
	return h.former == "" && h.unread == "" && (h.gone || !h.account.OrgAdmin && h.Schedules+h.Documents+len(h.ModelRoles) == 0)
}

// refusal tells, to go after told, why nobody may have the account whatever a person
// says, "" when somebody may.
func (h heritage) refusal(l *Ledger) string {
	strange := h.unmanaged(l)
	switch {
	case h.gone:
		return ""
	case h.unread != "":
		return "; what hangs on it could not be read, so that nobody gets it: " + h.unread
	case h.account.Active:
		return "; it is active; rename or delete it in Omni, then reconcile"
	case h.account.OrgAdmin:
		return "; it is an organization admin's, and such an account is never taken over; rename or delete it in Omni, then reconcile"
	case len(h.ModelRoles) > 0:
		return fmt.Sprintf("; it holds model roles (%s), which can't be taken back from here; rename or delete it in Omni, then reconcile", strings.Join(h.ModelRoles, ", "))
	case h.account.Groups == nil:
		return "; Omni doesn't tell its groups; rename or delete it in Omni, then reconcile"
	case len(strange) > 0:
		return fmt.Sprintf("; it is in %s, not managed; take it out in Omni, or rename or delete it there, then reconcile", some(strange, "group", "groups"))
	default:
		return ""
	}
}

// unmanaged names the groups of the account that Okta doesn't decide about.
func (h heritage) unmanaged(l *Ledger) []string {
	ours, names := map[identity.OmniGroupID]bool{}, map[identity.OmniGroupID]string{}
	for _, g := range l.Groups {
		ours[g.Omni] = true
	}
	for _, t := range l.StrangerTeams {
		names[t.ID] = t.DisplayName
	}
	var list []string
	for _, g := range h.account.Groups {
		if !ours[g] {
			list = append(list, firstOf(names[g], string(g)))
		}
	}
	return list
}

// told describes the account for the one who is to decide.
func (h heritage) told() string {
	who := "Omni has an inactive account of this name that was somebody else's"
	if h.former != "" {
		who = fmt.Sprintf("Omni's account of this name was Okta user %s's", h.former)
	}
	if h.gone || h.unread != "" {
		return "recycled address: " + who
	}
	return fmt.Sprintf("recycled address: %s, with %s and %s", who, counted(h.Schedules, "schedule"), counted(h.Documents, "document"))
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// verdict says whether the newcomer gets the account. The rows, first match first:
//
//	the account                                              change
//	gone from Omni                                           planned: made anew
//	unread, active, an admin's, with roles, in other groups  held, and can't be approved
//	any other, approved                                      planned
//	any other, rejected                                      kept
//	any other                                                as the policy says: held, or planned
func (h heritage) verdict(c Change, l *Ledger, p Policy) Change {
	c.Kind, c.Omni, c.Former, c.Takes = Adopt, string(h.account.ID), h.former, true
	c.Patch = h.patch(c.Want, p)
	c.Before, c.After = userFacts(state.User{User: h.account.User}, c.Patch)
	why := h.refusal(l)
	switch {
	case h.gone:
		c.Reason = h.told() + "; it is gone from Omni"
	case why != "":
		c.State, c.Guard, c.Reason = state.Held, guardRecycled, h.told()+why
	case h.decision == state.Approved:
		c.Reason = h.told() + "; approved by " + h.by
	case h.decision == state.Rejected:
		c.State, c.Reason = state.Kept, h.told()+"; rejected by "+h.by
	case p.OnRecycled == "adopt":
		c.Reason = h.told() + "; taken over without its groups and attributes (users.on_recycled: adopt)"
	default:
		c.State, c.Guard = state.Held, guardTakeovers
		c.Reason = h.told() + "; once approved, this user gets it without its groups and attributes (users.on_recycled: hold)"
	}
	return c
}

// patch clears every attribute of the account that the newcomer doesn't have.
func (h heritage) patch(want identity.User, policy Policy) identity.UserPatch {
	names := maps.Clone(h.account.Attributes)
	if names == nil {
		names = map[string]identity.Value{}
	}
	maps.Copy(names, want.Attributes)
	policy.Attributes = slices.Sorted(maps.Keys(names))
	p := diffUser(state.User{User: h.account.User}, want, policy)
	yes := true
	p.Active = &yes
	return p
}

// succeeding plans a newcomer's way to somebody else's account. It reports false
// where the account turned out to be nobody's.
func (pl *planner) succeeding(c Change, s succession) (Change, bool) {
	h, read := pl.ledger.heritages[c.User]
	hold, waits := pl.ledger.Holds[takeoverKey(c.User, s.omni)]
	switch {
	case read && h.free():
		return c, false
	case read:
		return h.verdict(c, pl.ledger, pl.policy), true
	case waits:
		c.Kind, c.Omni, c.Former, c.Takes = Adopt, string(s.omni), s.former, true
		c.State, c.Guard, c.Reason = state.Held, hold.Guard, hold.Change.Reason
		if hold.Decision == state.Rejected {
			c.State, c.Guard, c.Reason = state.Kept, "", "rejected by "+hold.By
		}
		return c, true
	case s.former != "":
		c.State, c.Guard = state.Held, guardRecycled
		c.Reason = stillLinked(s.former)
		return c, true
	default:
		return c, false
	}
}

// stillLinked tells that the account can't be had as long as it is linked.
func stillLinked(holder identity.OktaID) string {
	return fmt.Sprintf("recycled address: Omni's account of this name is linked to Okta user %s; rename or delete that account in Omni, then reconcile", holder)
}
