package sync

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/state"
)

// told adds to a report what was found on the way, and what is to be done now.
func (d *dossier) told(rep Report) Report {
	rep.Steps = slices.Concat(d.way, d.outcome())
	rep.Next = d.verdict().next
	return rep
}

// steps gathers what is told.
type steps []Step

func (s *steps) add(name, text string, doubt bool) {
	if text != "" {
		*s = append(*s, Step{Name: name, Text: text, Doubt: doubt})
	}
}

// wayIn tells the person's way into a run, before anything is done: found, Okta's
// account, assignment, scope, what Omni is to have, what it has, groups.
func (d *dossier) wayIn() []Step {
	var list steps
	list.add("found", d.foundWords(), false)
	if d.id != "" {
		p, told := d.person()
		if d.holder.Status != "" {
			list.add("account", "the Okta account is "+d.holder.Status, false)
		}
		list.add("assignment", d.assignmentWords(), d.oktaErr != nil)
		scope, _ := d.scopeWords()
		list.add("scope", scope, p.Fault != "")
		mapped, _ := d.mappedWords()
		list.add("mapped", mapped, told && p.Fault != "")
	}
	list.add("omni", d.omniWords(), d.omniErr != nil)
	list.add("groups", d.groupsWords(), d.groupErr != nil)
	return list
}

// outcome tells what was decided, what Omni answered, and what it comes to.
func (d *dossier) outcome() []Step {
	var list steps
	for _, c := range d.run.results {
		list.add("decision", d.decided(c), false)
		for _, a := range c.Answers {
			met := fmt.Sprintf("answered %d", a.Status)
			if a.Status == 0 {
				met = "gave no answer"
			}
			list.add("result", strings.TrimSuffix(fmt.Sprintf("Omni %s to %s %s: %s", met, a.Method, a.Path, a.Error), ": "), false)
		}
	}
	if len(d.run.results) == 0 {
		list.add("decision", "nothing is to be changed", false)
	}
	list.leaving(d.out)
	list.add("so", d.answer(d.verdict()), false)
	return list
}

// decided tells what is, or was, done about one difference.
func (d *dossier) decided(c Change) string {
	does := d.does(c)
	switch c.State {
	case state.Planned:
		return "to be done: " + does + bracketed(c.Reason) + c.before()
	case state.Applied:
		return "done: " + does + bracketed(c.Reason)
	case state.Held:
		return "waits for a person: " + does + bracketed(c.Reason) + c.before()
	case state.Kept:
		return "not done: " + does + bracketed(c.Reason)
	default:
		return "fails: " + does + bracketed(strings.Join(notEmpty(c.Error, c.Reason), "; "))
	}
}

// before tells what becomes of what is owned.
func (c Change) before() string {
	if c.Owned == "" {
		return ""
	}
	return "; " + c.Owned
}

func bracketed(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

func notEmpty(words ...string) []string {
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// Place is somebody's place in a group, on both sides.
type Place struct {
	Group   string `json:"group"`
	Okta    bool   `json:"okta"`
	Omni    bool   `json:"omni"`
	Managed bool   `json:"managed"`       // the group is synced
	Why     string `json:"why,omitempty"` // the two differ

	next string // what to do about that, where more than to look at the group
}

// places gives their place in each synced group that either side has them in, and in
// Okta's others.
func (d *dossier) places() []Place {
	list := []Place{}
	in := map[string]bool{}
	for _, g := range d.groups {
		in[string(g.ID)] = true
	}
	l := d.run.ledger
	for _, id := range slices.Sorted(maps.Keys(l.Groups)) {
		g, m := l.Groups[id], l.Members[id][d.id]
		at := Place{Group: firstOf(g.Name, string(id)), Okta: m.Okta || in[string(id)], Managed: true,
			Omni: m.Omni == state.Present || m.Omni == state.Found}
		if !at.Okta && !at.Omni {
			continue
		}
		if at.Okta != at.Omni {
			at.Why = d.whyApart(g, groupSubject(id))
			if g.Paused {
				at.next = "activate the push of " + at.Group + " on the app's Push Groups tab in Okta"
			}
		}
		list = append(list, at)
	}
	for _, g := range d.groups {
		if _, synced := l.Groups[g.ID]; !synced {
			list = append(list, Place{Group: g.Name, Okta: true})
		}
	}
	slices.SortStableFunc(list, func(a, b Place) int { return strings.Compare(a.Group, b.Group) })
	return list
}

// whyApart tells why the two sides differ about their place in a group.
func (d *dossier) whyApart(g state.Group, subject string) string {
	c, planned := first(d.run.results, func(c Change) bool { return c.Group != "" && c.subject() == subject })
	f, fails := d.run.ledger.Failing[subject]
	switch {
	case planned:
		return strings.TrimSuffix(d.decided(c), ": ")
	case g.Paused:
		return "the group's push is paused in Okta (its mapping is INACTIVE)"
	case g.Omni == "" && fails:
		return "the group can't be made in Omni: " + failing(f)
	case g.Omni == "":
		return "the group isn't in Omni yet"
	case !d.has():
		return "without an account, nobody is in a group of Omni's"
	case d.record().Unassigned != nil:
		return "a membership ends with the account, never before"
	case fails:
		return failing(f)
	default:
		return "the next full run looks at it"
	}
}

// groupsWords tells their groups in one sentence.
func (d *dossier) groupsWords() string {
	if d.groupErr != nil {
		return "their groups in Okta can't be read: " + d.groupErr.Error()
	}
	if d.id == "" {
		return ""
	}
	var both, apart, others []string
	for _, at := range d.places() {
		switch {
		case !at.Managed:
			others = append(others, at.Group)
		case at.Okta && at.Omni:
			both = append(both, at.Group)
		case at.Okta:
			apart = append(apart, at.Group+" in Okta alone")
		default:
			apart = append(apart, at.Group+" in Omni alone")
		}
	}
	var words []string
	if len(both) > 0 {
		words = append(words, "in "+joined(both, 10)+" on both sides")
	}
	if len(apart) > 0 {
		words = append(words, joined(apart, 10))
	}
	if len(both)+len(apart) == 0 {
		words = append(words, "in no synced group")
	}
	if len(others) > 0 {
		words = append(words, "besides in Okta's "+joined(others, 5)+", not synced")
	}
	return strings.Join(words, "; ")
}
