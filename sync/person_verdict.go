package sync

import (
	"fmt"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// verdict is whether somebody has access, why, and what to do about it.
type verdict struct {
	access string // yes, no, unknown
	lead   string // after the name, such as "has access to Omni"
	cause  string
	next   string
}

// The leads.
const (
	hasAccess  = "has access to Omni"
	hasNone    = "has no access to Omni"
	stillHas   = "still has an active account in Omni"
	hasStrange = "has an active account in Omni that isn't managed"
	hasAccount = "has an active account in Omni"
	mayHave    = "may or may not have access to Omni"
)

// nothingToDo is the next step where all is well.
const nothingToDo = "nothing is left to do; if signing in fails all the same, look for it in Okta's System Log"

// verdict judges. The rows, first match first:
//
//	known to nobody but Omni                 unmanaged
//	Okta doesn't answer, or no run may begin what the ledger and Omni tell
//	a run left them to others                ask again
//	unclear in Okta, or by the expressions   what to mend
//	not to have an account                   leaver
//	staged or suspended, without an account  none before Okta's account is active
//	else                                     member: what still differs, waits or fails
func (d *dossier) verdict() verdict {
	p, told := d.person()
	switch {
	case d.id == "":
		return d.unmanaged()
	case d.oktaErr != nil:
		return d.blind(fmt.Sprintf("Okta can't be asked (%v)", d.oktaErr), d.oktaErr)
	case d.passErr != nil:
		return d.blind(d.passErr.Error(), d.passErr)
	case !told:
		return d.judged("a push or another run is at work on this user at this moment", "ask again in a minute")
	case p.Fault != "" || p.Standing == identity.Doubtful:
		return d.unclear(p)
	case p.leaves():
		return d.leaver(p)
	default:
		return d.member(p)
	}
}

// answer tells a verdict in one sentence.
func (d *dossier) answer(v verdict) string { return d.who() + " " + v.lead + ": " + v.cause }

// judged is a verdict by what Omni has.
func (d *dossier) judged(cause, next string) verdict {
	v := verdict{access: "no", lead: hasNone, cause: cause, next: next}
	switch {
	case d.has():
		v.access, v.lead = "yes", hasAccess
	case d.stranger() && d.account.Active:
		v.access, v.lead = "yes", hasStrange
	}
	if d.omniErr != nil {
		v.access, v.lead, v.cause = "unknown", mayHave, fmt.Sprintf("Omni can't be asked (%v); %s", d.omniErr, cause)
		v.next = firstOf(fault.HintOf(d.omniErr), "syncd check tells what is wrong with Omni") + "; then run: " + d.command("user")
	}
	return v
}

// unsigned is judged where an account doesn't mean that anybody can sign in.
func (d *dossier) unsigned(cause, next string) verdict {
	v := d.judged(cause, next)
	if v.lead == hasAccess {
		v.lead = hasAccount
	}
	return v
}

func (d *dossier) unmanaged() verdict {
	cause := fmt.Sprintf("no app user of Okta has this username, and nobody signs in to Okta under it, so Omni's account %s (%s) is left alone", d.account.ID, activity(d.account.Active))
	next := fmt.Sprintf("to have it managed, assign somebody to the app in Okta with the app username %s; to end it, deactivate it in Omni", d.account.UserName)
	v := d.judged(cause, next)
	if !d.account.Active {
		v.access, v.lead = "no", hasNone
	}
	return v
}

// blind is a verdict without Okta's word.
func (d *dossier) blind(why string, err error) verdict {
	u := d.record()
	known := "the ledger knows of no account"
	switch {
	case u.Omni != "" && u.Unassigned != nil:
		known = fmt.Sprintf("by the ledger they are unassigned since %s", moment(*u.Unassigned))
	case u.Omni != "":
		known = fmt.Sprintf("by the ledger they were assigned when Okta told last, with the account %s", u.Omni)
	}
	next := firstOf(fault.HintOf(err), "syncd check tells what is wrong with either side")
	v := d.unsigned(why+", and nothing is decided meanwhile; "+known, next+"; then run: "+d.command("explain"))
	if v.lead == hasStrange { // which isn't known while the ledger isn't
		v.lead = hasAccount
	}
	return v
}

// unclear is a verdict on somebody of whom nothing can be decided.
func (d *dossier) unclear(p Person) verdict {
	cause := firstOf(p.Fault, fmt.Sprintf("Okta's status of this user (%s) is unknown to us", p.Account))
	next := "mend that in Okta, or the expression in users.* (" + d.command("mapping test") + " shows what each reads), then run: " + d.command("user")
	if p.Standing == identity.Doubtful {
		next = "look at this user in Okta's admin console; when Okta shows a status again, run: " + d.command("user")
	}
	return d.judged("nothing is decided about them, because "+cause, next)
}

// whyOut tells why they must not have an account, and how to change that.
func (d *dossier) whyOut(p Person) (why, back string) {
	scope, _ := d.scopeWords()
	account := d.holder.Status
	switch {
	case !p.InScope:
		return "assigned in Okta, but " + scope, "change that value in Okta, or users.scope (" + d.command("mapping test") + " shows what each expression reads)"
	case d.assigned != nil && d.assigned.Standing() == identity.Suspended:
		return "the Okta account is suspended, which counts as unassigned (users.suspended: deactivate)", "unsuspend the account in Okta"
	case d.holder.ID == "" && d.assigned == nil && !isOwn(d.id):
		return "the Okta account is deleted", "create the account in Okta again and assign it to " + d.app()
	case account == "DEPROVISIONED":
		return "the Okta account is deactivated, which ends its assignments", "activate the account in Okta and assign it to " + d.app()
	case d.assigned != nil:
		return d.assignmentWords(), "assign them to " + d.app() + " in Okta again" + d.orThrough()
	default:
		why = d.assignmentWords()
		if since := d.before.Unassigned; since != nil {
			why += ", since " + moment(*since)
		}
		return why, "assign them to " + d.app() + " in Okta" + d.orThrough()
	}
}

// orThrough names the groups that assign the app.
func (d *dossier) orThrough() string {
	var names []string
	for _, g := range d.assigns {
		names = append(names, firstOf(g.Name, string(g.ID)))
	}
	if len(names) == 0 || isOwn(d.id) {
		return ""
	}
	return ", or put them into " + groupsNamed(names) + ", which gives the app"
}

// leaver is a verdict on somebody who is to have no account.
func (d *dossier) leaver(p Person) verdict {
	why, back := d.whyOut(p)
	c, planned := d.change()
	switch {
	case planned && c.State == state.Applied:
		return verdict{access: "no", lead: hasNone, cause: why + "; the membership has just ended", next: "nothing is left to do; to give access again, " + back}
	case planned:
		cause, next := d.ending(c, back+" to keep the account")
		v := d.judged(why+"; "+cause, next)
		if v.access == "yes" {
			v.lead = stillHas
		}
		return v
	case d.stranger() && d.account.Active:
		return d.judged(why+"; Omni's account of this name is nobody's of ours", "to end it, deactivate it in Omni; to have it managed, "+back)
	}
	if in := d.placedIn(); len(in) > 0 && d.before.Omni == "" && d.assigned == nil {
		why += "; " + groupsNamed(in) + " alone gives no account, as only the app's assignment does"
	}
	return d.judged(why, "to give access, "+back+", then run: "+d.command("user"))
}

// placedIn gives the synced groups that Okta has them in.
func (d *dossier) placedIn() []string {
	var names []string
	for _, g := range d.groups {
		if _, synced := d.run.ledger.Groups[g.ID]; synced {
			names = append(names, g.Name)
		}
	}
	return names
}

// ending tells how far the end of a membership is, and what to do.
func (d *dossier) ending(c Change, keep string) (cause, next string) {
	if v := d.out; v != nil && v.walks && (c.State == state.Planned || c.State == state.Kept) {
		return v.cause(), d.walking(*v, keep)
	}
	switch c.State {
	case state.Planned:
		return "the next run ends the membership", d.doIt() + "; " + keep
	case state.Held:
		return "the end of the membership waits for approval: " + c.Reason, d.deciding(c, "ends it")
	case state.Failed:
		return "ending the membership fails: " + c.Error, d.mending(c)
	default:
		return "the account is kept: " + c.Reason, d.keptNext(c, keep)
	}
}

// keptNext tells what to do about a membership that is kept although it is to end.
func (d *dossier) keptNext(c Change, keep string) string {
	policy := d.policy
	switch h := d.run.ledger.Holds[c.key()]; {
	case policy.Action == "none":
		return "deactivate the account in Omni by hand if it is to end, or set deprovision.action"
	case c.Kind == Update:
		return "mend that in Okta, then run: " + d.command("user")
	case h.Decision == state.Rejected:
		return "if it is to end all the same, deactivate the account in Omni by hand; a deactivation in Okta has it proposed again"
	case policy.protects(d.record().UserName) != "":
		return "if it is to end, take the glob out of users.protected, or deactivate the account in Omni by hand"
	case !c.Due.IsZero():
		return fmt.Sprintf("nothing: it ends by itself at %s; %s", moment(c.Due), keep)
	case d.record().OrgAdmin:
		return "make somebody else an organization admin in Omni, then run: " + d.command("user")
	default:
		return "see what is wrong there (syncd check tells more), then run: " + d.command("user")
	}
}

// member is a verdict on somebody who is to have an account, or may keep it.
func (d *dossier) member(p Person) verdict {
	c, planned := d.change()
	words := d.assignmentWords()
	switch {
	case !d.has() && p.Standing == identity.Staged:
		return d.judged(words+", but the Okta account is not activated yet (STAGED), and gets no account before it is", "activate the account in Okta, then run: "+d.command("user"))
	case !d.has() && p.Standing == identity.Suspended:
		return d.judged(words+", but the Okta account is suspended, and gets no account meanwhile", "unsuspend the account in Okta, then run: "+d.command("user"))
	case planned && c.State == state.Kept && c.User != "" && !d.has():
		return d.judged(words+", but the account is kept from being made: "+c.Reason, d.keptCreation(c))
	case planned && c.State != state.Applied:
		cause, next := d.differing(c)
		return d.judged(words+cause, next)
	case p.Standing == identity.Suspended:
		return d.unsigned(words+"; the Okta account is suspended, so nobody signs in with it, and the account in Omni stays as it is (users.suspended: keep)",
			"unsuspend the account in Okta to let them sign in; users.suspended: deactivate would end such memberships")
	case p.Standing == identity.Staged:
		return d.unsigned(words+"; the Okta account isn't activated (STAGED), and the account in Omni stays as it is", "activate the account in Okta to let them sign in")
	}
	done := ""
	if planned {
		done = "; done just now: " + d.does(c)
	}
	cause, next := d.groupTrouble()
	return d.judged(words+done+cause, firstOf(next, nothingToDo))
}

// keptCreation tells what to do about an account that isn't made.
func (d *dossier) keptCreation(c Change) string {
	if strings.Contains(c.Reason, "rejected by") {
		return "if they are to get it all the same, change the username in Okta's app assignment, or delete the old account in Omni; then run: " + d.command("user")
	}
	return "see what is wrong there (syncd check tells more), then run: " + d.command("user")
}
