package sync

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// What is known of a person, in words. Each function tells one thing, in sentences
// without the full stop that Step and Explanation put there.

// person is what a run made of Okta's word; false where it made nothing of it.
func (d *dossier) person() (Person, bool) {
	p, told := d.run.desired.Users[d.id]
	return p, told
}

// record is what the ledger has, Omni's word taken in.
func (d *dossier) record() state.User {
	if u, there := d.run.ledger.Users[d.id]; there {
		return u
	}
	if d.gone {
		return state.User{}
	}
	return d.before
}

// has reports whether the person has an active account in Omni.
func (d *dossier) has() bool {
	switch c, _ := d.change(); {
	case c.State == state.Applied && c.ends():
		return false
	case c.State == state.Applied:
		return true
	case d.id != "" && d.account.ID != "" && d.owner == d.id:
		return d.account.Active
	default:
		u := d.record()
		return u.Omni != "" && u.Active && !d.gone
	}
}

// stranger reports whether Omni has an account of this name that is linked to nobody.
func (d *dossier) stranger() bool { return d.account.ID != "" && d.owner == "" }

// userName is the name by which commands and people know them best.
func (d *dossier) userName() string {
	name := ""
	if d.assigned != nil {
		name = strings.TrimSpace(d.assigned.UserName)
	}
	return firstOf(name, d.record().UserName, d.before.UserName, d.account.UserName, d.holder.Login, string(d.id), d.subject)
}

// who names them in full.
func (d *dossier) who() string {
	p, _ := d.person()
	name := firstOf(p.DisplayName, d.record().DisplayName, d.holder.Name)
	if name == "" && d.owner == d.id {
		name = d.account.DisplayName
	}
	if name == "" || name == d.userName() {
		return d.userName()
	}
	return fmt.Sprintf("%s (%s)", name, d.userName())
}

// app names the Okta app.
func (d *dossier) app() string {
	if d.label == "" || isOwn(d.id) {
		return "the app"
	}
	return fmt.Sprintf("the app %q", d.label)
}

// foundWords tells who was found, and by what.
func (d *dossier) foundWords() string {
	switch {
	case d.id == "":
		return fmt.Sprintf("%s is the %s of an account that only Omni knows", d.subject, d.how)
	case isOwn(d.id):
		return fmt.Sprintf("%s was pushed by Okta, which hasn't told an Okta id of them yet", d.who())
	case d.holder.ID == "" && d.oktaErr == nil:
		return fmt.Sprintf("%s is the %s of Okta user %s, whom Okta doesn't have any more", d.subject, d.how, d.id)
	case d.how == byAppName || d.how == byOktaID:
		return fmt.Sprintf("%s is the %s of Okta user %s", d.subject, d.how, d.id) + d.called()
	default:
		return fmt.Sprintf("%s is the %s of Okta user %s", d.subject, d.how, d.id) + d.called() + d.now()
	}
}

func (d *dossier) called() string {
	if d.holder.Name == "" {
		return ""
	}
	return ", " + d.holder.Name
}

// now tells the app username of somebody who was found by another name.
func (d *dossier) now() string {
	if d.assigned == nil || identity.FoldUserName(d.assigned.UserName) == identity.FoldUserName(d.subject) {
		return ""
	}
	return ", whose app username is " + strings.TrimSpace(d.assigned.UserName)
}

// through gives the names of their groups that are assigned to the app.
func (d *dossier) through() []string {
	var names []string
	for _, g := range d.groups {
		if slices.ContainsFunc(d.assigns, func(a identity.Group) bool { return a.ID == g.ID }) {
			names = append(names, g.Name)
		}
	}
	return names
}

// assignmentWords tells whether they are assigned to the app, and by what.
func (d *dossier) assignmentWords() string {
	switch {
	case d.oktaErr != nil:
		return "whether they are assigned to the app isn't known: " + d.oktaErr.Error()
	case d.assigned == nil:
		return fmt.Sprintf("not assigned to %s, neither by hand nor through a group", d.app())
	case isOwn(d.id) || d.run.desired.Partial:
		return "Okta's push said that they are assigned: " + strings.ToLower(d.assigned.Status)
	case d.assigned.Standing() == identity.Unassigned:
		return fmt.Sprintf("no longer assigned to %s (app user %s, Okta account %s)", d.app(), d.assigned.Status, firstOf(d.assigned.Account, "unread"))
	case d.assigned.Scope != "GROUP":
		return fmt.Sprintf("assigned to %s by hand, not through a group", d.app())
	case len(d.through()) == 0:
		return fmt.Sprintf("assigned to %s through a group, which Okta doesn't tell", d.app())
	default:
		return fmt.Sprintf("assigned to %s through %s", d.app(), groupsNamed(d.through()))
	}
}

// scopeWords tells whether users.scope lets them in, and what it read.
func (d *dossier) scopeWords() (string, bool) {
	if _, told := d.person(); len(d.reasons) == 0 || !told {
		return "", false
	}
	r := d.reasons[0]
	read := inputWords(r.Inputs)
	if read != "" {
		read = ", as " + read
	}
	switch in, known := r.Result.(bool); {
	case in && oneLine(r.Text) == "true":
		return "in scope: " + r.Key + " is true for everybody", true
	case !known:
		return fmt.Sprintf("whether they are in scope isn't known, as %s fails: %v", r.Key, r.Err), true
	case in:
		return fmt.Sprintf("in scope: %s (%s) is true%s", r.Key, oneLine(r.Text), read), true
	default:
		return fmt.Sprintf("outside the scope: %s (%s) is false%s", r.Key, oneLine(r.Text), read), true
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// inputWords tells what an expression read, at most a few things.
func inputWords(inputs []identity.Input) string {
	var words []string
	for _, i := range inputs {
		switch value, err := json.Marshal(i.Value); {
		case i.Whole:
		case !i.Present:
			words = append(words, i.Path+" is absent")
		case err == nil:
			words = append(words, i.Path+" is "+string(value))
		}
	}
	return joined(words, 4)
}

// mappedWords tells what Omni is to have, or why nobody knows.
func (d *dossier) mappedWords() (string, bool) {
	p, told := d.person()
	switch {
	case !told || p.Standing == identity.Unassigned && p.Fault == "":
		return "", false
	case p.Fault != "":
		return "what Omni is to have isn't known: " + p.Fault, true
	case p.DisplayName == "" && p.UserName == "", !p.InScope:
		return "", false
	}
	words := []string{"userName " + p.UserName, fmt.Sprintf("displayName %q", p.DisplayName)}
	for _, name := range slices.Sorted(maps.Keys(p.Attributes)) {
		words = append(words, name+" "+string(p.Attributes[name]))
	}
	return "Omni is to have " + joined(words, 30), true
}

// omniWords tells what Omni has.
func (d *dossier) omniWords() string {
	u := d.record()
	switch {
	case d.omniErr != nil:
		return "Omni can't be asked: " + d.omniErr.Error() + d.lastKnown()
	case d.gone:
		return fmt.Sprintf("Omni has the account %s no more, which was theirs: it was deleted there", d.before.Omni)
	case d.account.ID == "" && d.run.ledger.Strangers == nil && u.Omni == "":
		return "Omni wasn't asked"
	case d.account.ID == "":
		return "Omni has no account of this name"
	case d.owner != "" && d.owner != d.id:
		return fmt.Sprintf("Omni's account of this name, %s, is linked to another Okta user, %s", d.account.ID, d.owner)
	case d.owner == "":
		return fmt.Sprintf("Omni has an account of this name, %s, %s, which isn't managed", d.account.ID, activity(d.account.Active))
	}
	words := fmt.Sprintf("Omni has their account %s, %s, %s", d.account.ID, activity(d.account.Active), linkedWords(u))
	if u.ByHand {
		words += "; somebody deactivated it in Omni"
	}
	if d.account.OrgAdmin {
		words += "; it is an organization admin's"
	}
	return words
}

func (d *dossier) lastKnown() string {
	if u := d.record(); u.Omni != "" {
		return fmt.Sprintf("; by the ledger, they have the account %s, %s", u.Omni, activity(u.Active))
	}
	return "; the ledger knows of no account of theirs"
}

func activity(active bool) string {
	if active {
		return "active"
	}
	return "inactive"
}

// linkedWords tells how and since when an account is linked, as far as its record does.
func linkedWords(u state.User) string {
	words := linkWords(u.Link)
	if u.Link == state.LinkedByHand {
		words += " (" + u.LinkedBy + ")"
	}
	if !u.Linked.IsZero() {
		words += ", linked since " + moment(u.Linked)
	}
	return words
}

func linkWords(l state.Link) string {
	switch l {
	case state.LinkedByHand:
		return "linked by hand"
	case state.Adopted:
		return "adopted by Omnisync, as it was there before"
	case state.Recognised, state.Created:
		return "created by Omnisync"
	default:
		return "linked by Omnisync"
	}
}

// groupsNamed is "the group Sales", "the groups Law and Sales".
func groupsNamed(names []string) string {
	if len(names) == 1 {
		return "the group " + names[0]
	}
	return "the groups " + joined(names, 5)
}

// joined joins words as a sentence does, and counts those beyond most.
func joined(words []string, most int) string {
	if len(words) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
