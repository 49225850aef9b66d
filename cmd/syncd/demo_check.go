package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
)

// check is one thing that must be true on both sides at the end of the week.
type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// check compares Omni with Okta, each asked directly.
func (w *week) check() []check {
	c := w.company
	all := []check{
		verdict("everyone whom Okta assigns, and nobody else of ours, is active in Omni", c.differingUsers()),
		verdict("who left for good is inactive", c.lingering()),
		verdict("every pushed group has exactly its assigned members", c.differingGroups()),
		verdict("everybody kept the account that they had: nobody is there twice", c.doubled()),
		verdict("the outsider's account and group are untouched", c.touched()),
		verdict("only schedules of people who left are gone", c.lostSchedules(w.schedules)),
		verdict("the last run wrote nothing", onlyIf(w.idle != 0, counted(w.idle, "write"))),
		verdict("the last run ended done", onlyIf(w.last.Outcome != sync.Done, string(w.last.Outcome))),
	}
	if w.okta.isOn() {
		all = append(all, verdict("what Okta pushed is there, under the ids that Okta knows", w.okta.differing()))
	}
	return append(all, w.findings...)
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

// doubled compares the accounts with those that were there before and on Monday
// evening, and with the creations that Omni accepted.
func (c *company) doubled() []string {
	var differ []string
	for _, had := range []map[string]string{c.known, c.ids} {
		for name, id := range had {
			if u, ok := c.omni.User(name); !ok || u.ID != id {
				differ = append(differ, name+" has another id")
			}
		}
	}
	created := 0
	for _, r := range c.omni.Requests() {
		if r.Kind == simomni.CreateUser && r.Write() {
			created++
		}
	}
	if came := len(c.omni.Users()) - c.begun; came != created {
		differ = append(differ, fmt.Sprintf("%d accounts were created, %d are there", created, came))
	}
	slices.Sort(differ)
	return slices.Compact(differ)
}

// lingering names who left for good and has an active account.
func (c *company) lingering() []string {
	var differ []string
	for _, p := range c.people {
		if u, ok := c.omni.User(p.userName); p.left && ok && u.Active {
			differ = append(differ, p.userName+" is active")
		}
	}
	return differ
}

// active lists who has an active account, sorted.
func (c *company) active() []string {
	var names []string
	for _, u := range c.omni.Users() {
		if u.Active {
			names = append(names, strings.ToLower(u.UserName))
		}
	}
	slices.Sort(names)
	return names
}

// missing names who is in the first list and not in the second.
func missing(before, now []string) []string {
	var gone []string
	for _, name := range before {
		if !slices.Contains(now, name) {
			gone = append(gone, name+" is gone")
		}
	}
	return gone
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
func (w *week) summarize(checks []check) {
	w.out.title("Checked against both sides")
	for _, c := range checks {
		word, color := "ok    ", text.FgGreen
		if !c.OK {
			word, color = "FAILED", text.FgRed
		}
		w.out.line("%s %s", w.out.paint(word, color), strings.TrimSuffix(c.Name+": "+clean(c.Detail), ": "))
	}
	w.out.line("%d people assigned in Okta, %d active in Omni (one isn't ours), %d groups pushed.",
		len(w.company.okta.Assigned()), len(w.company.active()), len(w.company.okta.Pushed()))
}
