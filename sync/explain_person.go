package sync

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// facts gives what the sides say of the person.
func (d *dossier) facts() *PersonFacts {
	f := &PersonFacts{Found: d.how, Through: []string{}, Account: d.holder.Status, Managed: d.record().Omni != "" && !d.gone, Attributes: d.attributes(), Groups: d.places()}
	if a := d.assigned; a != nil {
		f.Assigned, f.Scope, f.Status = a.Standing() != identity.Unassigned, a.Scope, a.Status
		f.Through = append(f.Through, d.through()...)
	}
	if p, told := d.person(); told {
		if len(d.reasons) > 0 {
			if in, known := d.reasons[0].Result.(bool); known {
				f.InScope = &in
			}
		}
		if p.Fault == "" && p.UserName != "" && p.DisplayName != "" {
			f.Wanted = &p.User
		}
	}
	if d.account.ID != "" && (d.owner == d.id || d.owner == "") {
		f.Active, f.Omni = &d.account.Active, &d.account.User
	}
	return f
}

// attributes compares the values that are managed.
func (d *dossier) attributes() []AttributeOnSides {
	list := []AttributeOnSides{}
	p, told := d.person()
	if d.account.ID == "" || d.owner != "" && d.owner != d.id {
		return list
	}
	mapped := told && p.Fault == "" && p.DisplayName != ""
	all := d.policy.Definitions
	for _, name := range d.policy.Mapped {
		at := AttributeOnSides{Name: name, Kept: slices.Contains(d.record().Kept, name)}
		if v, there := d.account.Attributes[name]; there {
			at.Omni = &v
		}
		if v, there := p.Attributes[name]; there && mapped {
			at.Wanted = &v
		}
		at.Same = !mapped || all.Same(name, p.Attributes[name], d.account.Attributes[name])
		list = append(list, at)
	}
	return list
}

// sentences tells what an answer rests on: the chain of the assignment, what Omni has,
// groups, attributes, the last changes, what waits and what fails.
func (d *dossier) sentences(x Explanation) []Step {
	var list steps
	add := list.add
	add("person", d.foundWords(), false)
	if d.id != "" {
		p, _ := d.person()
		account := ""
		if d.holder.Status != "" && d.oktaErr == nil {
			account = "; the Okta account is " + d.holder.Status
		}
		add("assignment", d.assignmentWords()+account, d.oktaErr != nil)
		scope, _ := d.scopeWords()
		add("assignment", scope, p.Fault != "")
	}
	add("omni", d.omniWords(), d.omniErr != nil)
	list.leaving(d.out)
	if d.groupErr != nil {
		add("groups", d.groupsWords(), true)
	}
	for _, text := range d.groupSentences() {
		add("groups", text, false)
	}
	for _, text := range d.attributeSentences() {
		add("attributes", text, false)
	}
	for _, c := range x.Changes {
		add("changes", changeWords(c), false)
	}
	list.holds(x.Held)
	for _, c := range d.run.results {
		if c.State == state.Kept {
			add("waits", d.does(c)+" is left undone: "+c.Reason, false)
		}
	}
	for _, f := range x.Failing {
		add("fails", f.Change.Kind+": "+failing(f), false)
	}
	return list
}

// groupSentences tells each synced group, and the others together.
func (d *dossier) groupSentences() []string {
	if d.id == "" {
		return nil
	}
	var list, others []string
	for _, at := range d.places() {
		switch {
		case !at.Managed:
			others = append(others, at.Group)
		case at.Okta && at.Omni:
			list = append(list, at.Group+": in Okta and in Omni")
		case at.Okta:
			list = append(list, at.Group+": in Okta, not in Omni: "+at.Why)
		default:
			list = append(list, at.Group+": in Omni, not in Okta: "+at.Why)
		}
	}
	if len(list) == 0 && d.groupErr == nil {
		list = append(list, "in no group that is synced")
	}
	if len(others) > 0 {
		list = append(list, "besides in Okta's "+joined(others, 5)+", which "+isOrAre(len(others))+" not synced")
	}
	return list
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// attributeSentences tells the names and values on both sides.
func (d *dossier) attributeSentences() []string {
	p, told := d.person()
	if d.account.ID == "" || d.owner != "" && d.owner != d.id {
		return nil
	}
	var list []string
	if told && p.Fault == "" && p.DisplayName != "" && p.InScope && p.Standing != identity.Unassigned {
		list = append(list, sides("userName", d.account.UserName, strings.TrimSpace(p.UserName), identity.FoldUserName(d.account.UserName) == identity.FoldUserName(p.UserName)),
			sides("displayName", d.account.DisplayName, p.DisplayName, d.account.DisplayName == p.DisplayName))
	} else {
		list = append(list, fmt.Sprintf("Omni has userName %s and displayName %q", d.account.UserName, d.account.DisplayName))
	}
	for _, at := range d.attributes() {
		text := sides(at.Name, valueOr(at.Omni), valueOr(at.Wanted), at.Same && at.Wanted != nil || at.Omni == nil && at.Wanted == nil)
		switch {
		case at.Kept:
			text = fmt.Sprintf("%s: Omni has %s, found at the adoption and left alone (users.adopt_attributes: keep)", at.Name, valueOr(at.Omni))
		case at.Same && at.Wanted == nil && at.Omni != nil:
			text = fmt.Sprintf("%s: Omni has %s", at.Name, valueOr(at.Omni))
		}
		list = append(list, text)
	}
	return list
}

func sides(name, omni, okta string, same bool) string {
	if same {
		return fmt.Sprintf("%s: %s on both sides", name, firstOf(omni, okta))
	}
	return fmt.Sprintf("%s: Omni has %s, Okta's side gives %s", name, firstOf(omni, "nothing"), firstOf(okta, "nothing"))
}

func valueOr(v *identity.Value) string {
	if v == nil {
		return "nothing"
	}
	return string(*v)
}

// changeWords tells a line of the provisioning log.
func changeWords(c state.Change) string {
	what := c.Kind
	if c.Group != "" {
		what = fmt.Sprintf("%s of the group %s", c.Kind, c.Group)
	}
	words := fmt.Sprintf("%s %s %s", moment(c.Time), what, c.State)
	words += bracketed(strings.Join(notEmpty(c.Error, c.Reason), "; "))
	if facts := factsWords(c); facts != "" {
		words += ": " + facts
	}
	if c.Run != "" {
		words += ", by run " + c.Run
	}
	if c.Cause != "" {
		words += ", because of: " + c.Cause
	}
	return words
}

// factsWords tells what a change of an account changed.
func factsWords(c state.Change) string {
	if c.Before == nil || c.After == nil || c.Group != "" {
		return ""
	}
	var words []string
	if c.Before.UserName != c.After.UserName && c.After.UserName != "" {
		words = append(words, fmt.Sprintf("userName from %s to %s", c.Before.UserName, c.After.UserName))
	}
	if c.Before.DisplayName != c.After.DisplayName && c.After.DisplayName != "" {
		words = append(words, fmt.Sprintf("displayName from %q to %q", c.Before.DisplayName, c.After.DisplayName))
	}
	for _, name := range slices.Sorted(maps.Keys(c.After.Attributes)) {
		words = append(words, fmt.Sprintf("%s from %s to %s", name, valueWords(c.Before, name), valueWords(c.After, name)))
	}
	return joined(words, 10)
}

// holds tells what waits, and what was decided: of several that are told alike, one.
func (s *steps) holds(held []state.Hold) {
	told := map[string]bool{}
	for _, h := range held {
		if words := holdWords(h); !told[words] {
			told[words] = true
			s.add("waits", words, false)
		}
	}
}

// holdWords tells what waits for a person, or what the person said.
func holdWords(h state.Hold) string {
	what := h.Change.Kind
	if h.Change.Group != "" {
		what += " of the group " + h.Change.Group
	}
	words := fmt.Sprintf("%s, held since %s by run %s (%s): %s", what, moment(h.Since), h.Run, h.Guard, h.Change.Reason)
	if h.Why.Known() {
		words += "; " + strings.TrimPrefix(because([]state.Hold{h})[0], "1 of 1 ")
	}
	if h.Decision != state.None {
		words = fmt.Sprintf("%s, held by run %s, %s by %s at %s", what, h.Run, h.Decision, h.By, moment(h.At))
	}
	return words
}
