package sync_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/identity"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/internal/sim/pusher"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// timeline is what was true in Okta, and when.
type timeline struct {
	at   []time.Time
	told []map[string]string // by fact
}

func (l *timeline) keep(now time.Time, facts map[string]string) {
	l.at, l.told = append(l.at, now), append(l.told, facts)
}

// was reports whether the fact had the value at any time between the two.
func (l *timeline) was(fact, value string, from, to time.Time) bool {
	for i, at := range l.at {
		over := i+1 < len(l.at) && l.at[i+1].Before(from) // what changed at the moment itself counts on both sides
		if !at.After(to) && !over && l.told[i][fact] == value {
			return true
		}
	}
	return false
}

// facts are what is true in Okta now.
func (d *duet) facts() map[string]string {
	facts := map[string]string{}
	for id, name := range d.okta.Assigned() {
		facts["active "+id], facts["name "+id] = "true", fold(name)
	}
	names := d.okta.Groups()
	for g := range d.okta.Pushed() {
		facts["pushed "+g] = "true"
		facts["title "+g] = names[g]
	}
	for g := range names {
		for _, id := range d.okta.MembersOf(g) {
			facts["member "+g+" "+id] = "true"
		}
	}
	return facts
}

// ends lets everything come to an end, and looks at it.
func (d *duet) ends() error {
	_ = d.ran() // lists that lag may make it doubtful
	if err := d.allPushed(); err != nil {
		return err
	}
	d.omniFaults.Clear()
	d.okta.SetKnobs(func(k *simokta.Knobs) { k.Latency = 0 })
	<-time.After(d.life.Grace + 15*time.Minute)
	if err := d.agrees(false); err != nil {
		return fmt.Errorf("before the last run: %w", err)
	}
	d.calm()
	if err := d.read(sync.Full); err != nil {
		return err
	}
	if err := d.agrees(true); err != nil {
		return fmt.Errorf("after the last run: %w", err)
	}
	if err := d.values(); err != nil {
		return err
	}
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		d.omni.ResetLog()
		if err := d.read(kind); err != nil {
			return err
		}
		if n := d.omni.Writes(); n > 0 {
			return fmt.Errorf("a %s run with nothing to do wrote %d times", kind, n)
		}
	}
	return errors.Join(d.undone(), d.replays())
}

// allPushed waits until Okta has pushed everything, and none of it failed.
func (d *duet) allPushed() error {
	for range 2000 {
		open := slices.ContainsFunc(d.client.Tasks(), func(t pusher.Task) bool { return t.State == pusher.Queued || t.State == pusher.Waiting })
		if !open {
			break
		}
		<-time.After(5 * time.Second)
	}
	for _, t := range d.client.Tasks() {
		if _, still := d.okta.Pushed()[t.Object]; !still && strings.HasPrefix(t.Object, "00g") {
			continue // a run let go of the group first, and Okta is told that it is missing
		}
		if t.State != pusher.Done {
			return fmt.Errorf("a push came to no good end: %+v", t)
		}
	}
	return nil
}

// agrees tells where Omni isn't as Okta is. Who is nobody's business of ours stays.
func (d *duet) agrees(last bool) error {
	assigned := d.okta.Assigned()
	want, got := map[string]bool{}, map[string]bool{}
	for _, name := range assigned {
		want[fold(name)] = true
	}
	accounts, linked := d.omni.Users(), slices.Collect(maps.Values(d.links()))
	for _, u := range accounts {
		strange := u.UserName == personName(0) && d.life.Accounts > 0 && !slices.Contains(linked, identity.OmniID(u.ID))
		if u.Active && !strange {
			got[fold(u.UserName)] = true
		}
	}
	if !maps.Equal(want, got) {
		return fmt.Errorf("Okta assigns %v, Omni has %v", sorted(want), sorted(got))
	}
	if len(accounts) > d.life.People+1+d.life.Accounts {
		return fmt.Errorf("%d people have %d accounts", d.life.People+1, len(accounts))
	}
	names := d.okta.Groups()
	pushed := d.okta.Pushed()
	for g := range pushed {
		var members []string
		for _, id := range d.okta.MembersOf(g) {
			if name, ok := assigned[id]; ok {
				members = append(members, fold(name))
			}
		}
		slices.Sort(members)
		if _, there := d.omni.Group(names[g]); !there {
			return fmt.Errorf("Omni has no group %s", names[g])
		}
		in := d.teamOf(names[g])
		if !last && d.pulled { // a run saw who left later, and before they had an account: no push tells that
			in = slices.DeleteFunc(in, func(who string) bool { return !slices.Contains(members, who) })
		}
		if !slices.Equal(members, in) {
			return fmt.Errorf("Okta's group %s has %v, Omni's has %v", names[g], members, in)
		}
	}
	if n := len(d.omni.Groups()); d.life.OnUnpush == "delete" && d.life.RenamesLate && n != len(pushed) {
		return fmt.Errorf("Okta pushes %d groups, Omni has %d", len(pushed), n)
	}
	return nil
}

// values tells whose values aren't as Okta has them.
func (d *duet) values() error {
	for id, name := range d.okta.Assigned() {
		dept := d.dept(id)
		if u := omniUser(d.company, name); fmt.Sprint(u.Attributes["department"]) != fmt.Sprintf("[%s]", dept) || u.DisplayName != d.persons[id].GivenName+" "+d.persons[id].FamilyName {
			return fmt.Errorf("%s has %v, want department %s: %v", name, u.DisplayName, dept, u.Attributes)
		}
	}
	return nil
}

func (d *duet) dept(id string) any {
	more, _ := d.persons[id].Attributes[enterprise].(map[string]any) // everybody has it
	return more["department"]
}

// undone tells of a write by which a run, or what follows a push later, undid what a
// push had applied before: what it wrote must have been true in Okta since the
// newest push of the object was queued.
func (d *duet) undone() error {
	list, err := state.Newest[state.Change](d.t.Context(), d.store, state.Log, 10_000)
	if err != nil {
		return err
	}
	byName := map[string]string{}
	for _, told := range d.fact.told {
		for fact, value := range told {
			kind, id, _ := strings.Cut(fact, " ")
			if kind == "name" || kind == "title" {
				byName[value] = id
			}
		}
	}
	for _, c := range list {
		if c.State != state.Applied || strings.HasPrefix(c.Cause, "push") && c.Cause != "push, accepted before" {
			continue
		}
		begun := c.Time.Add(-time.Duration(c.Seconds*float64(time.Second)) - time.Second)
		for _, w := range written(c, byName) {
			object := strings.Fields(w.fact)[1]
			from := d.pushedLast(object, begun)
			if strings.HasPrefix(w.fact, "member ") && d.fact.was("active "+strings.Fields(w.fact)[2], "", from, c.Time) {
				continue // whose place is kept as it is until they are gone
			}
			if !from.IsZero() && !d.fact.was(w.fact, w.value, from, c.Time) {
				return fmt.Errorf("%s (%s) wrote %s = %q at %s, which hasn't been true since the push that was queued at %s:\n%+v, before %+v, after %+v",
					c.Run, c.Cause, w.fact, w.value, c.Time, from, c, c.Before, c.After)
			}
		}
	}
	return nil
}

// pushedLast is when the newest push of the object that was done by then was queued.
func (d *duet) pushedLast(object string, by time.Time) (queued time.Time) {
	for _, t := range d.client.Tasks() {
		if t.Object == object && t.State == pusher.Done && t.Ended.Before(by) && t.Queued.After(queued) {
			queued = t.Queued
		}
	}
	return queued
}

type writing struct{ fact, value string }

// written gives the facts that a change brought about in Omni.
func written(c state.Change, byName map[string]string) (list []writing) {
	before, after := &state.Facts{}, &state.Facts{}
	if c.Before != nil {
		before = c.Before
	}
	if c.After != nil {
		after = c.After
	}
	if c.Group == "" {
		if after.Active != nil {
			list = append(list, writing{"active " + c.OktaID, map[bool]string{true: "true", false: ""}[*after.Active]})
		}
		if after.UserName != "" {
			list = append(list, writing{"name " + c.OktaID, fold(after.UserName)})
		}
		return list
	}
	g, known := byName[c.Group]
	if !known {
		return nil
	}
	switch kind := sync.Kind(c.Kind); {
	case kind == sync.Delete, kind == sync.Release:
		return []writing{{"pushed " + g, ""}}
	case kind == sync.Create:
		list = append(list, writing{"pushed " + g, "true"})
	case kind == sync.Rename:
		list = append(list, writing{"title " + g, after.DisplayName})
	}
	for _, name := range after.Members {
		list = append(list, writing{"member " + g + " " + byName[fold(name)], "true"})
	}
	for _, name := range before.Members {
		list = append(list, writing{"member " + g + " " + byName[fold(name)], ""})
	}
	return list
}
