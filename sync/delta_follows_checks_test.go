package sync_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/identity"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// accounts are Omni's accounts by the Okta id that they are linked to.
func (w *tracker) accounts() map[string]simomni.User {
	byID := map[string]simomni.User{}
	for _, u := range w.omni.Users() {
		byID[u.ID] = u
	}
	linked := map[string]simomni.User{}
	for id, omni := range w.links() {
		if u, there := byID[string(omni)]; there {
			linked[id] = u
		}
	}
	return linked
}

// teams are Omni's groups by the Okta id that they are linked to.
func (w *tracker) teams() map[string]simomni.Group {
	byID, linked := map[string]simomni.Group{}, map[string]simomni.Group{}
	for _, g := range w.omni.Groups() {
		byID[g.ID] = g
	}
	for e, err := range state.All[state.Group](w.t.Context(), w.store, state.Groups) {
		if g, there := byID[string(e.Value.Omni)]; there && err == nil {
			linked[e.Key] = g
		}
	}
	return linked
}

// given are those who have access by Okta's word, by id, with their usernames.
func (w *tracker) given() map[string]string {
	given := w.okta.Assigned()
	for id, u := range w.accounts() {
		if w.life.Suspended == "keep" && slices.Contains(w.people, id) && w.okta.Status(id) == "SUSPENDED" {
			given[id] = u.UserName // as long as they are assigned, an account that is there stays: whether they are, no list here tells
		}
	}
	return given
}

// selected are the groups that are to be synced, with their names; paused ones aren't.
func (w *tracker) selected() map[string]string {
	names, selected := w.okta.Groups(), map[string]string{}
	if w.life.From == "match" {
		for _, id := range w.groups {
			if strings.HasPrefix(names[id], "G") {
				selected[id] = names[id]
			}
		}
		return selected
	}
	for id, status := range w.okta.Pushed() {
		if status == "ACTIVE" && slices.Contains(w.groups, id) {
			selected[id] = names[id]
		}
	}
	return selected
}

// standing is what has to stay in Omni because Okta gives it, and it is there.
func (w *tracker) standing() map[string]bool {
	list := map[string]bool{}
	assigned, accounts, teams := w.okta.Assigned(), w.accounts(), w.teams()
	for id := range assigned {
		if accounts[id].Active {
			list["user "+id] = true
		}
	}
	for g := range w.selected() {
		team, there := teams[g]
		if !there {
			continue
		}
		list["group "+g] = true
		for _, id := range w.okta.MembersOf(g) {
			if _, given := assigned[id]; given && slices.Contains(team.Members, accounts[id].UserName) {
				list[id+" in "+g] = true
			}
		}
	}
	return list
}

// keeps tells what was taken away although Okta gives it.
func (w *tracker) keeps(before map[string]bool) error {
	after := w.standing()
	for what := range before {
		if !after[what] {
			return fmt.Errorf("it took away what Okta gives: %s", what)
		}
	}
	return nil
}

// ends lets everything come to an end, and looks at it.
func (w *tracker) ends() error {
	broken := w.life.Broken
	w.mend()
	w.tell("the end")
	if err := w.passes(w.life.Grace + 30*time.Minute); err != nil {
		return err
	}
	if broken { // what couldn't be read is read again within the hour
		if err := w.passes(2 * time.Hour); err != nil {
			return err
		}
	}
	w.life.Broken = false
	kind := sync.Full
	if w.lied { // who is missing from a list that seems whole is missed until all members are read again
		kind = sync.Reconcile
	} else if err := w.agrees(w.told); err != nil {
		return fmt.Errorf("by deltas alone: %w", err)
	}
	all := func(string) bool { return true }
	for range 2 { // what is found in a group that is linked again, the next run mends
		if err := w.pass(kind); err != nil {
			return err
		}
		if err := w.passes(w.life.Grace + 10*time.Minute); err != nil {
			return err
		}
	}
	if err := w.agrees(all); err != nil {
		return fmt.Errorf("after a %s run: %w", kind, err)
	}
	w.omni.ResetLog()
	if err := w.pass(sync.Full); err != nil {
		return err
	}
	if err := w.look(); err != nil {
		return err
	}
	if n := w.omni.Writes(); n > 0 {
		return fmt.Errorf("with nothing to do, %d times was written to Omni", n)
	}
	return nil
}

// agrees tells what of those objects that are asked about isn't in Omni as Okta says.
func (w *tracker) agrees(about func(object string) bool) error {
	assigned, accounts, given := w.okta.Assigned(), w.accounts(), w.given()
	for _, id := range slices.Sorted(maps.Keys(w.links())) {
		if _, wanted := given[id]; !wanted && about(id) && about(assignment(id)) && accounts[id].Active {
			return fmt.Errorf("%s (%s) isn't assigned, and is active in Omni", id, accounts[id].UserName)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(assigned)) {
		if !about(id) || !about(assignment(id)) {
			w.seen["untold"]++
			continue
		}
		w.seen["told"]++
		u := accounts[id]
		if !u.Active || identity.FoldUserName(u.UserName) != identity.FoldUserName(assigned[id]) {
			return fmt.Errorf("%s is assigned as %s, Omni has %+v", id, assigned[id], u)
		}
		if is := (shown{u.DisplayName, department(u.Attributes["department"])}); is != w.shown[id] {
			return fmt.Errorf("%s (%s) is %+v in Okta, Omni has %+v", id, u.UserName, w.shown[id], is)
		}
	}
	return w.groupsAgree(about, accounts)
}

func (w *tracker) groupsAgree(about func(object string) bool, accounts map[string]simomni.User) error {
	if !about("selection") {
		return nil
	}
	assigned, teams, selected := w.okta.Assigned(), w.teams(), w.selected()
	names, pushed := w.okta.Groups(), w.okta.Pushed()
	for _, g := range slices.Sorted(maps.Keys(selected)) {
		if !about(g) {
			continue
		}
		team := teams[g]
		if team.DisplayName != selected[g] {
			return fmt.Errorf("group %s is called %s, Omni has %+v", g, selected[g], team)
		}
		members := w.okta.MembersOf(g)
		for _, id := range w.people {
			if _, wanted := assigned[id]; !wanted || !about(id) || !about(assignment(id)) || !about(id+" in "+g) {
				continue
			}
			in, is := slices.Contains(members, id), slices.Contains(team.Members, accounts[id].UserName)
			if in != is {
				return fmt.Errorf("%s (%s) in group %s: in Okta %t, in Omni %t", id, accounts[id].UserName, selected[g], in, is)
			}
		}
	}
	for _, g := range slices.Sorted(maps.Keys(teams)) {
		_, wanted := selected[g]
		paused := pushed[g] == "INACTIVE" && w.life.From != "match"
		if !wanted && !paused && about(g) && names[g] != "Anchors" {
			return fmt.Errorf("group %s isn't selected, and is linked to Omni's %s", g, teams[g].DisplayName)
		}
	}
	return nil
}
