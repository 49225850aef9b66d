package okta

import (
	"fmt"
	"slices"
)

// rule is a group rule: who has a value in an attribute is in the group. It takes out only those whom it put in.
type rule struct {
	id        string
	name      string
	group     *group
	attribute string
	value     string
	active    bool
	managed   map[*user]bool
	excluded  map[*user]bool // taken out by hand
}

func (r *rule) target() Target { return Target{"GroupRule", r.id, "unknown", r.name} }

func (r *rule) wants(u *user) bool {
	return r.active && !r.excluded[u] && u.status != "DEPROVISIONED" && u.text(r.attribute) == r.value
}

// AddRule adds a group rule, active, and returns its id. Those who have the value in the attribute join the group.
func (o *Org) AddRule(name, groupID, attribute, value string) string {
	defer o.lock()()
	r := &rule{id: o.newID("0pr"), name: name, group: o.mustGroup(groupID), attribute: attribute, value: value, active: true,
		managed: map[*user]bool{}, excluded: map[*user]bool{}}
	o.rules = append(o.rules, r)
	o.ruleAll()
	return r.id
}

// EditRule gives a rule another value, for which an admin deactivates it and activates it again. Who has the new value
// joins, and whom the rule had put in without it leaves.
func (o *Org) EditRule(id, value string) {
	defer o.lock()()
	r := o.mustRule(id)
	o.happened(byAdmin, "group.user_membership.rule.deactivated", r.target())
	r.value, r.active = value, true
	o.ruleAll()
}

// DeactivateRule switches a rule off, and tells whether it was on. Its members stay.
func (o *Org) DeactivateRule(id string) bool {
	defer o.lock()()
	r := o.mustRule(id)
	if !r.active {
		return false
	}
	r.active = false
	o.happened(byAdmin, "group.user_membership.rule.deactivated", r.target())
	return true
}

func (o *Org) mustRule(id string) *rule {
	if i := slices.IndexFunc(o.rules, func(r *rule) bool { return r.id == id }); i >= 0 {
		return o.rules[i]
	}
	panic(fmt.Sprintf("okta stand-in: no group rule %q", id))
}

func (o *Org) ruleAll() {
	touched := map[*group]bool{}
	if len(o.rules) == 0 {
		return
	}
	o.userRoll.after(0, func(_ uint64, u *user) bool {
		o.ruleOn(u, touched)
		return true
	})
	o.pushAll(touched)
}

// rule does what the group rules say of one user whose profile changed.
func (o *Org) rule(u *user) {
	touched := map[*group]bool{}
	o.ruleOn(u, touched)
	o.pushAll(touched)
}

func (o *Org) pushAll(groups map[*group]bool) {
	for _, r := range o.rules {
		if groups[r.group] {
			o.pushMembers(r.group)
			delete(groups, r.group)
		}
	}
}

func (o *Org) ruleOn(u *user, touched map[*group]bool) {
	for _, r := range o.rules {
		wanted := slices.ContainsFunc(o.rules, func(other *rule) bool { return other.group == r.group && other.wants(u) })
		switch _, in := r.group.index[u]; {
		case r.wants(u) && !in:
			r.managed[u] = true
			touched[r.group] = o.addMember(r.group, u, byJob, r)
		case r.active && r.managed[u] && in && !wanted:
			delete(r.managed, u)
			touched[r.group] = o.removeMember(r.group, u, byJob, r)
		}
	}
}

// exclude keeps a user out whom an admin took out of the group of a rule that had put them in.
func (o *Org) exclude(g *group, u *user) {
	for _, r := range o.rules {
		if r.group == g && r.managed[u] {
			delete(r.managed, u)
			r.excluded[u] = true
			o.happened(byJob, "group.user_membership.rule.add_exclusion", u.target(), r.target())
		}
	}
}
