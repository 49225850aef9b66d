package main

import (
	"fmt"
	"slices"
	"strings"
)

// check is one thing that must be true on both sides at the end of the day.
type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// check compares Omni with Okta, each asked directly.
func (d *day) check() []check {
	c := d.company
	return []check{
		verdict("everyone whom Okta assigns, and nobody else of ours, is active in Omni", c.differingUsers()),
		verdict("every pushed group has exactly its assigned members", c.differingGroups()),
		verdict("accounts that Omni had before kept their ids: nobody is there twice", c.doubled()),
		verdict("the outsider's account and group are untouched", c.touched()),
		verdict("only schedules of people who left are gone", c.lostSchedules(d.schedules)),
		verdict("the last run wrote nothing", onlyIf(d.idle != 0, fmt.Sprintf("%d writes", d.idle))),
		verdict("the last run ended done", onlyIf(d.last.Outcome != "done", string(d.last.Outcome))),
	}
}

func verdict(name string, differences []string) check {
	return check{Name: name, OK: len(differences) == 0, Detail: strings.Join(differences, "; ")}
}

func onlyIf(wrong bool, what string) []string {
	if wrong {
		return []string{what}
	}
	return nil
}

func (c *company) differingUsers() []string {
	var differ []string
	want := map[string]bool{}
	for _, name := range c.okta.Assigned() {
		want[strings.ToLower(name)] = true
	}
	for _, u := range c.omni.Users() {
		name := strings.ToLower(u.UserName)
		if u.ID != c.guest.ID && u.Active && !want[name] {
			differ = append(differ, name+" is active in Omni only")
		}
		if u.Active {
			delete(want, name)
		}
	}
	for name := range want {
		differ = append(differ, name+" is assigned in Okta only")
	}
	slices.Sort(differ)
	return differ
}

func (c *company) differingGroups() []string {
	var differ []string
	assigned, names := c.okta.Assigned(), c.okta.Groups()
	for id := range c.okta.Pushed() {
		var want, got []string
		for _, u := range c.okta.MembersOf(id) {
			if name, ok := assigned[u]; ok {
				want = append(want, strings.ToLower(name))
			}
		}
		g, _ := c.omni.Group(names[id])
		for _, name := range g.Members {
			if u, ok := c.omni.User(name); ok && u.Active {
				got = append(got, strings.ToLower(name))
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			differ = append(differ, fmt.Sprintf("%s has %d members in Okta, %d in Omni", names[id], len(want), len(got)))
		}
	}
	slices.Sort(differ)
	return differ
}

func (c *company) doubled() []string {
	var differ []string
	for name, id := range c.known {
		if u, ok := c.omni.User(name); !ok || u.ID != id {
			differ = append(differ, name+" has another id")
		}
	}
	slices.Sort(differ)
	return differ
}

func (c *company) touched() []string {
	u, _ := c.omni.User(c.guest.UserName)
	g, _ := c.omni.Group(c.circle.DisplayName)
	same := u.ID == c.guest.ID && u.Active == c.guest.Active && u.DisplayName == c.guest.DisplayName && slices.Equal(g.Members, c.circle.Members)
	return onlyIf(!same, "it changed")
}

// lostSchedules names the loss beyond what leavers owned, who are out for good.
func (c *company) lostSchedules(before int) []string {
	left := 0
	for _, p := range c.people {
		if u, ok := c.omni.User(p.userName); ok && !u.Active && c.known[p.userName] != "" {
			left++
		}
	}
	now := len(c.omni.Schedules())
	return onlyIf(now+left != before, fmt.Sprintf("%d before, %d now, %d owned by leavers", before, now, left))
}

// summarize prints the checks.
func (d *day) summarize(checks []check) {
	d.say("\nChecked against both sides:")
	for _, c := range checks {
		word := "ok     "
		if !c.OK {
			word = "FAILED "
		}
		d.say("  %s%s", word, strings.TrimSuffix(c.Name+": "+c.Detail, ": "))
	}
	active := 0
	for _, u := range d.company.omni.Users() {
		if u.Active {
			active++
		}
	}
	d.say("%d people assigned in Okta, %d active in Omni (one isn't ours), %d groups pushed.",
		len(d.company.okta.Assigned()), active, len(d.company.okta.Pushed()))
}
