package sync

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// urgent says which of several changes of one subject is told first.
var urgent = []state.ChangeState{state.Failed, state.Held, state.Planned, state.Kept, state.Applied}

// change gives the change of the person's account that matters most, of several.
func (d *dossier) change() (Change, bool) {
	return first(d.run.results, func(c Change) bool { return c.User != "" && c.User == d.id })
}

func first(list []Change, which func(Change) bool) (Change, bool) {
	mine := slices.DeleteFunc(slices.Clone(list), func(c Change) bool { return !which(c) })
	if len(mine) == 0 {
		return Change{}, false
	}
	return slices.MinFunc(mine, func(a, b Change) int {
		return cmp.Compare(slices.Index(urgent, a.State), slices.Index(urgent, b.State))
	}), true
}

// command spells one that names the person.
func (d *dossier) command(verb string) string { return "syncd " + verb + " " + argument(d.userName()) }

// doIt tells how to have done what is planned.
func (d *dossier) doIt() string {
	switch {
	case d.explains:
		return "to have it done now, run: " + d.command("user")
	case d.run.request.DryRun:
		return "to have it done, run without --dry-run: " + d.command("user")
	default:
		return "the run was stopped before its turn; run it again: " + d.command("user")
	}
}

// hold gives what the ledger says of a change that waits, and whether a run that is
// written down has shown it.
func (d *dossier) hold(c Change) (state.Hold, bool) {
	for _, key := range holdKeys(c) {
		if h, held := d.run.ledger.Holds[key]; held {
			return h, h.Run != d.run.id || !d.run.request.DryRun
		}
	}
	return state.Hold{}, false
}

// deciding tells how a change that waits is decided, or what else helps.
func (d *dossier) deciding(c Change, does string) string {
	if !approvable(c) {
		return firstOf(helps(c.Reason), "do what the reason says") + " (no approval helps here), then run: " + d.command("user")
	}
	h, held := d.hold(c)
	if !held {
		return fmt.Sprintf("run: %s, which shows it to be decided by syncd approve or syncd reject", d.command("user"))
	}
	name := argument(firstOf(h.Change.UserName, d.userName()))
	return fmt.Sprintf("syncd approve %s --only %s %s, syncd reject %s --only %s leaves it as it is", h.Run, name, does, h.Run, name)
}

// approvable reports whether it helps to approve a change that waits.
func approvable(c Change) bool {
	switch c.Guard {
	case guardRecycled:
		return false
	case guardRenames:
		return c.Reason == renamesWait || strings.HasPrefix(c.Reason, renameRefused)
	default:
		return true
	}
}

// mending tells what to do about a change that fails.
func (d *dossier) mending(c Change) string {
	advice := "mend what is wrong there (it is tried again by itself too)"
	switch {
	case c.Error != "" && c.Reason != "": // then it is the hint that goes with the error
		advice = c.Reason
	case c.Error != "":
	case c.Unfit != "":
		advice = "mend the value in Okta, or the expression in users.attributes (" + d.command("mapping test") + " shows what each reads and gives)"
	case c.Want.UserName != "" && identity.CheckUserName(c.Want.UserName) != nil:
		advice = "give them an email address as app username in Okta (the app's Sign On tab, \"Application username format\": Email)"
	case c.Reason == twoOfOneName:
		advice = "give one of the two another app username on the app's Assignments tab in Okta"
	default:
		advice = firstOf(helps(c.Reason), advice)
	}
	return advice + ", then run: " + d.command("user")
}

// helps is the end of a reason that says what helps, "" where none does.
func helps(reason string) string {
	i := strings.LastIndex(reason, "; ")
	if i < 0 {
		return ""
	}
	return strings.TrimSuffix(reason[i+2:], ", then reconcile")
}

// failing tells how often a change failed, and when it is tried again.
func failing(f state.Failure) string {
	words := firstOf(f.Change.Error, f.Change.Reason)
	return fmt.Sprintf("%s (failed %s since %s, tried again at %s)", words, times(f.Attempts), moment(f.Since), moment(f.Next))
}

// differing tells what of an account isn't as it is to be, to go after how they are
// assigned, and what to do.
func (d *dossier) differing(c Change) (cause, next string) {
	but := ", but "
	if d.has() {
		but = "; "
	}
	failed, fails := d.run.ledger.Failing[c.subject()]
	switch c.State {
	case state.Held:
		return fmt.Sprintf("%s%s waits: %s", but, d.does(c), c.Reason), d.deciding(c, "does it")
	case state.Failed:
		if c.Error == "" { // the plan refuses it
			return fmt.Sprintf("%s%s isn't possible: %s", but, d.does(c), c.Reason), d.mending(c)
		}
		told := c.Error
		if fails {
			told = failing(failed)
		}
		return fmt.Sprintf("%s%s fails: %s", but, d.does(c), told), d.mending(c)
	case state.Kept:
		return fmt.Sprintf("%s%s is left undone: %s", but, d.does(c), c.Reason), d.keptNext(c, "")
	default:
		if fails {
			return fmt.Sprintf("%s%s fails: %s", but, d.does(c), failing(failed)), d.mending(lastTry(failed))
		}
		return fmt.Sprintf("%s%s is still to be done", but, d.does(c)), d.doIt()
	}
}

// groupTrouble tells what of their groups isn't as it is to be, and what to do; "" when
// all is.
func (d *dossier) groupTrouble() (cause, next string) {
	c, any := first(d.run.results, func(c Change) bool { return c.Group != "" && c.State != state.Applied })
	if any {
		return d.differing(c)
	}
	for _, at := range d.places() {
		if at.Why != "" {
			return fmt.Sprintf("; %s: %s", at.Group, at.Why), firstOf(at.next, "for more about that group, run: syncd explain "+argument(at.Group))
		}
	}
	if d.run.ledger.Connection.Policy == "" {
		return "; no full run has told yet which groups are synced", "for the groups, let a full run follow: syncd plan shows what it would do, syncd reconcile does it"
	}
	return "", ""
}

// argument spells a name as one argument of a command.
func argument(name string) string {
	if strings.ContainsAny(name, " \t\r\n'\"$&|;<>()[]{}*?!#~\\`") {
		return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	return name
}

// lastTry is the change of a failure as far as what to do about it goes.
func lastTry(f state.Failure) Change { return Change{Error: f.Change.Error, Reason: f.Change.Reason} }

// does says in a few words what a change does.
func (d *dossier) does(c Change) string {
	if c.Group != "" {
		if slices.Contains(c.Add, d.id) {
			return "adding them to the group " + c.Name
		}
		return "removing them from the group " + c.Name
	}
	switch c.Kind {
	case Create:
		return "creating the account"
	case Adopt:
		if c.Takes {
			return "giving them the account of a former user"
		}
		return "linking the account that Omni has" + with(valuesOf(c))
	case Reactivate:
		return "activating the account" + with(valuesOf(c))
	case Deactivate:
		return "deactivating the account"
	case Delete:
		return "deleting the account"
	default:
		return "changing " + firstOf(valuesOf(c), "the account")
	}
}

// valuesOf tells what a change of an account writes, value by value.
func valuesOf(c Change) string {
	before, after := c.Before, c.After
	if before == nil || after == nil {
		return ""
	}
	var words []string
	if after.UserName != "" && before.UserName != after.UserName {
		words = append(words, fmt.Sprintf("the userName from %s to %s", before.UserName, after.UserName))
	}
	if after.DisplayName != before.DisplayName && c.Patch.DisplayName != nil {
		words = append(words, fmt.Sprintf("the displayName from %q to %q", before.DisplayName, after.DisplayName))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Patch.Attributes)) {
		words = append(words, fmt.Sprintf("%s from %s to %s", name, valueWords(before, name), valueWords(after, name)))
	}
	return joined(words, 10)
}

func with(words string) string {
	if words == "" {
		return ""
	}
	return ", changing " + words
}

func valueWords(f *state.Facts, name string) string {
	if v := f.Attributes[name]; v != nil {
		return string(*v)
	}
	if v, there := f.Defaults[name]; there {
		return "nothing (default " + string(v) + ")"
	}
	return "nothing"
}
