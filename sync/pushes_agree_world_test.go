package sync_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/internal/sim/pusher"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// duet plays one joint life.
type duet struct {
	*pushed
	life    joint
	people  []string // Okta ids
	persons map[string]pusher.Person
	groups  []string
	names   int
	story   string // how it went, where it went wrong
	fact    timeline

	beginning *replica // of Omni

	loop    *sync.Loop
	calm    func()     // ends the loop
	running chan error // of the run under way, nil for none
	lies    still      // of lives with pauses
	pulled  bool       // a run has read Okta
}

// person is somebody as Okta pushes them.
func person(name, id string) pusher.Person {
	return pusher.Person{OktaID: id, UserName: name, GivenName: "First", FamilyName: "Last",
		Attributes: map[string]any{enterprise: map[string]any{"department": "Sales"}}}
}

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// together plays the life in simulated time and tells what was wrong.
func together(t *testing.T, h joint) error {
	t.Helper()
	policy := lenient()
	policy.Grace, policy.OnUnpush, policy.AdoptGroups = h.Grace, h.OnUnpush, "auto"
	c := newCompanyOn(t, policy, newMemory(), 600)
	d := &duet{life: h, persons: map[string]pusher.Person{}}
	var err error
	synctest.Test(t, func(t *testing.T) {
		c.t = t
		c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
		c.okta.SetKnobs(unlimitedOkta)
		c.start()
		d.pushed = c.withPush(true)
		defer d.stop()
		if err = d.play(); err != nil {
			d.story = d.told()
		}
	})
	if err != nil {
		return fmt.Errorf("%w\n%s%s", err, h, d.story)
	}
	return nil
}

// told is what the log and Okta's requests tell.
func (d *duet) told() string {
	var lines []string
	list, _ := state.Newest[state.Change](d.t.Context(), d.store, state.Log, 1000) // what can't be read isn't told
	for _, c := range list {
		lines = append(lines, fmt.Sprintf("  %s %s %s%s %s %s (%s %s)", c.Time.Format("15:04:05.000"), c.Kind, c.UserName, c.Group, c.State, c.Reason, c.Run, c.Cause))
	}
	for _, x := range d.client.Exchanges() {
		lines = append(lines, fmt.Sprintf("  %s %s %s %.200s: %d", x.At.Add(x.Took).Format("15:04:05.000"), x.Method, x.Path, x.Body, x.Status))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (d *duet) play() error {
	d.found()
	<-time.After(10 * time.Minute)
	d.loop = d.company.loop(sync.Schedule{Delta: map[bool]string{true: "@every 30s"}[d.life.Delta]})
	if d.pulled = d.life.Loaded; d.pulled {
		if err := d.read(sync.Full); err != nil {
			return err
		}
	}
	d.client.Style = styles[d.life.Style]
	d.client.Style.LateMembers = true
	ctx, end := context.WithCancel(d.t.Context())
	served := make(chan error, 1)
	go func() { served <- d.client.Serve(ctx) }()
	defer func() {
		end()
		<-served
	}()
	defer d.loops(ctx)()
	defer func() { _ = d.ran() }() // after an error
	d.begin()
	d.okta.SetKnobs(func(k *simokta.Knobs) {
		k.Latency, k.ListLag, k.MemberLag, k.LogLag = d.life.OktaLatency, d.life.ListLag, d.life.ListLag, d.life.LogLag
	})
	d.omniFaults.Add(sim.Fault{Do: sim.Delay(d.life.OmniLatency)})
	for _, a := range d.life.Acts {
		<-time.After(a.After)
		d.act(a)
		d.fact.keep(time.Now(), d.facts())
	}
	return d.ends()
}

// loops lets the loop run until calm, or what is given, is called.
func (d *duet) loops(ctx context.Context) func() {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error)
	go func() {
		defer close(ended)
		_ = d.loop.Run(ctx) // it has no error of its own
	}()
	d.pulled = d.pulled || d.life.Delta
	d.calm = func() {
		stop()
		<-ended
	}
	return d.calm
}

// found founds the company.
func (d *duet) found() {
	for i := range d.life.People {
		name := personName(i)
		id := d.okta.AddUser(simokta.User{Login: name, Email: name, FirstName: "First", LastName: "Last", Profile: map[string]any{"department": "Sales"}})
		d.people, d.persons[id] = append(d.people, id), person(name, id)
		if i < d.life.Assigned {
			d.okta.Assign(id, simokta.AssignOptions{})
		}
		if i < d.life.Accounts {
			d.omni.AddUser(name, "Before")
		}
	}
	d.anchored()
	for i := range d.life.Groups {
		g := d.okta.AddGroup(fmt.Sprintf("G%d", i), "")
		d.groups = append(d.groups, g)
		for k, id := range d.people {
			if (k+i)%2 == 0 {
				d.okta.AddMember(g, id)
			}
		}
		if i < d.life.Pushed {
			d.okta.Push(g)
		}
	}
	d.fact.keep(time.Time{}, d.facts())
	d.beginning = replicaOf(d.omni)
}

// anchored adds somebody who stays, in a group that stays: a list of Okta's that is
// empty proves nothing, so the last one of all is never removed.
func (d *duet) anchored() {
	id := d.join("anchor@acme.co")[0]
	d.persons[id] = person("anchor@acme.co", id)
	d.okta.UpdateProfile(id, map[string]any{"firstName": "First", "lastName": "Last"})
	d.push("Anchors", id)
}

// begin switches Okta's provisioning on: it pushes everybody who is assigned, and
// the groups.
func (d *duet) begin() {
	for _, id := range slices.Sorted(maps.Keys(d.okta.Assigned())) {
		d.client.Assign(d.persons[id])
	}
	for _, g := range slices.Sorted(maps.Keys(d.okta.Pushed())) {
		d.client.PushGroup(pusher.Group{OktaID: g, Name: d.okta.Groups()[g], Members: d.okta.MembersOf(g)})
	}
}

func (d *duet) act(a jointAct) {
	d.names++
	id := d.people[a.A%len(d.people)]
	_, assigned := d.okta.Assigned()[id]
	switch a.Do {
	case "full", "reconcile":
		d.reads(sync.RunKind(a.Do))
	case "assign":
		d.assign(id)
	case "unassign":
		d.unassign(id)
	case "reassign":
		d.unassign(id)
		d.fact.keep(time.Now(), d.facts())
		<-time.After(time.Duration(a.B) * 200 * time.Millisecond)
		d.assign(id)
	case "deactivate":
		if d.okta.SetStatus(id, "DEPROVISIONED") && assigned {
			d.client.Unassign(id)
		}
	case "rename":
		if who := d.persons[id]; assigned && (d.life.Accounts == 0 || id != d.people[0] || d.links()[id] != "") {
			who.UserName = fmt.Sprintf("p%d.%d@acme.co", slices.Index(d.people, id), d.names)
			d.okta.SetUserName(id, who.UserName)
			d.updated(who)
		}
	case "profile":
		if who := d.persons[id]; assigned {
			dept := []string{"Sales", "Legal", "Ops", "IT"}[a.B]
			d.okta.UpdateProfile(id, map[string]any{"department": dept})
			who.Attributes = map[string]any{enterprise: map[string]any{"department": dept}}
			d.updated(who)
		}
	case "pause", "pause removals", "resume":
		d.pauses(a)
	default:
		d.actOnGroup(a, id)
	}
}

func (d *duet) updated(who pusher.Person) {
	d.persons[who.OktaID] = who
	d.client.Update(who)
}

func (d *duet) assign(id string) {
	if d.okta.Status(id) == "DEPROVISIONED" {
		d.okta.SetStatus(id, "ACTIVE")
	}
	if d.okta.Assign(id, simokta.AssignOptions{UserName: d.persons[id].UserName}) {
		d.client.Assign(d.persons[id])
	}
}

func (d *duet) unassign(id string) {
	if d.okta.Unassign(id) {
		d.client.Unassign(id)
	}
}

func (d *duet) actOnGroup(a jointAct, user string) {
	if len(d.groups) == 0 {
		return
	}
	i := a.B % len(d.groups)
	g := d.groups[i]
	_, pushed := d.okta.Pushed()[g]
	switch a.Do {
	case "join":
		if d.okta.AddMember(g, user) && pushed {
			d.client.SetMembers(g, d.okta.MembersOf(g)...)
		}
	case "leave":
		if d.okta.RemoveMember(g, user) && pushed {
			d.client.SetMembers(g, d.okta.MembersOf(g)...)
		}
	case "rename group":
		name := fmt.Sprintf("G%d.%d", i, d.names)
		if d.life.RenamesLate && !d.met(g) {
			return
		}
		if d.okta.RenameGroup(g, name) && pushed {
			d.client.RenameGroup(g, name)
		}
	case "push":
		if !pushed {
			d.okta.Push(g)
			d.client.PushGroup(pusher.Group{OktaID: g, Name: d.okta.Groups()[g], Members: d.okta.MembersOf(g)})
		}
	case "unpush":
		if pushed {
			d.okta.Unpush(d.okta.Push(g))
			d.client.DeleteGroup(g)
		}
	}
}

// met reports whether push and pull have found the group to be one.
func (d *duet) met(g string) bool {
	rec, _, err := state.Read[state.Group](d.t.Context(), d.store, state.Groups, g)
	return err == nil && rec.Omni != "" && string(rec.Omni) == d.client.GroupID(g)
}

// reads begins a run beside what happens then; one at a time, as the loop has it.
func (d *duet) reads(kind sync.RunKind) {
	_ = d.ran() // lists that lag may make it doubtful
	ended := make(chan error, 1)
	d.running, d.pulled = ended, true
	go func() { ended <- d.read(kind) }()
}

// ran waits for the run under way.
func (d *duet) ran() error {
	if d.running == nil {
		return nil
	}
	err := <-d.running
	d.running = nil
	return err
}

// read does one run, which comes to its end.
func (d *duet) read(kind sync.RunKind) error {
	r, err := d.loop.Do(d.t.Context(), sync.Request{Kind: kind, Cause: "test", Insist: true})
	if err == nil && r.Outcome != sync.Done && r.Outcome != sync.Holding {
		err = errors.New(string(r.Outcome))
	}
	if err != nil {
		return fmt.Errorf("a %s run ended with %w: %v\n%s", kind, err, r.Doubts, printed(r))
	}
	return nil
}
