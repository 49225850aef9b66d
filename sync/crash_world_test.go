package sync_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/mapping"
	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/omniclient"
	"github.com/omnisync/omnisync/sync"
	"github.com/omnisync/omnisync/vault"
	"go.uber.org/zap"
)

// world plays one history.
type world struct {
	history    history
	bug        mistake
	ctx        context.Context
	okta       *simokta.Org
	omni       *simomni.Org
	oktaFaults sim.Faults
	omniFaults sim.Faults
	planted    []*sim.Planted // by the acts
	store      store
	source     *okta.Reader
	mapper     sync.Mapper
	people     []string          // Okta ids
	called     map[string]string // their usernames, once they were renamed: no name goes back to somebody else
	groups     []string
	unpushed   map[string]bool // groups that were let go of once
	names      int
	vault      *vault.Vault
	late       map[string]bool   // what an overtaken process has handed over with its last request
	made       map[string]string // schedules that somebody made: their names by id
	stood      map[string]bool   // accounts that stood in Omni before, by their ids
	beginning  *replica          // of Omni
	initial    []string          // unmanaged users and groups, as they were
	before     map[string]string // groups that stood in Omni before: their ids by name
	known      map[string]bool   // for the mistake that looks nothing up
	later      func()            // for the mistake that records first
	traces     []string

	mu       mutex
	wrong    error           // the first thing that must not be
	facts    map[string]bool // all that ever stood in Omni
	active   map[string]bool // Omni's users at the last look
	ended    map[string]int  // how often a user became inactive, by Omni id
	left     int             // how often Okta gave a reason for it
	overtook bool
}

// mistake is a fault of the program that is planted around its ports.
type mistake struct {
	name  string
	store func(*memory) store
	omni  func(*world, sync.Omni) sync.Omni
}

// live plays the history in simulated time and tells what was wrong.
func live(t *testing.T, h history, bug mistake) error {
	t.Helper()
	w := &world{history: h, bug: bug, ctx: context.Background(), okta: &simokta.Org{}, omni: &simomni.Org{},
		made: map[string]string{}, late: map[string]bool{}, vault: vault.New(func() (string, error) { return "the key of tests", nil }, ""),
		stood: map[string]bool{}, called: map[string]string{}, unpushed: map[string]bool{}, known: map[string]bool{},
		facts: map[string]bool{}, active: map[string]bool{}, ended: map[string]int{}}
	memory := newMemory()
	w.store = memory
	if bug.store != nil {
		w.store = bug.store(memory)
	}
	var problems []mapping.Problem
	rules := mapping.Rules{Scope: "true", Attributes: map[string]string{"department": "user.department"}}
	if h.Handover.Schedules != "" {
		rules.Candidates = []string{"user.managerEmail", anchorName}
	}
	w.mapper, problems = mapping.Compile(rules)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var err error
	w.source, err = okta.New(okta.Options{OrgURL: "http://127.0.0.1", AppID: w.okta.ID(), RateShare: 1,
		Token:     func() (string, error) { return "token", nil },
		Transport: gate{toOkta, sim.Transport(w.oktaFaults.Wrap(w.okta)), func(*life, *http.Request, *http.Response) {}}})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(*testing.T) { err = w.play() })
	if err != nil {
		return fmt.Errorf("%w\n%s%s", err, h, w.told())
	}
	return nil
}

func (w *world) told() string {
	text := ""
	for _, trace := range w.traces {
		text += trace + "\n"
	}
	return text
}

// play lives through the history, lets the faults end, and looks at the end.
func (w *world) play() error {
	w.found()
	for i, a := range w.history.Acts {
		<-time.After(time.Minute)
		if err := w.act(a); err != nil {
			return fmt.Errorf("act %d, %s: %w", i+1, a, err)
		}
		if err := w.watched(false); err != nil {
			return fmt.Errorf("after act %d, %s: %w", i+1, a, err)
		}
	}
	if w.history.fired != nil {
		for _, p := range w.planted {
			*w.history.fired += p.Fired()
		}
	}
	w.oktaFaults.Clear()
	w.omniFaults.Clear()
	<-time.After(time.Hour)
	if err := w.settle(); err != nil {
		return err
	}
	if err := errors.Join(w.converged(), w.watched(true)); err != nil {
		return err
	}
	return w.silent()
}

func (w *world) watched(over bool) error {
	if w.history.watch == nil {
		return nil
	}
	return w.history.watch(w, over)
}

// found founds the company, and what stands in Omni before.
func (w *world) found() {
	w.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
	w.omni.DefineAttribute(simomni.Definition{Reference: "department"})
	bot := w.omni.AddUser("bot@acme.co", "The Bot")
	w.omni.AddGroup("Board", bot)
	members := []string{bot}
	for i := range w.history.Accounts {
		members = append(members, w.omni.AddUser(personName(i), "Before"))
		w.stood[members[len(members)-1]] = true
	}
	for i := range w.history.Teams {
		w.omni.AddGroup(fmt.Sprintf("G%d", i), members...)
	}
	w.anchor()
	for range w.history.People {
		w.hire()
	}
	for i := range w.history.Groups {
		g := w.okta.AddGroup(fmt.Sprintf("G%d", i), "")
		w.groups = append(w.groups, g)
		for k, id := range w.people {
			if (k+i)%2 == 0 {
				w.okta.AddMember(g, id)
			}
		}
		w.okta.Push(g)
	}
	w.initial, w.before = w.unmanaged(), map[string]string{}
	for _, g := range w.omni.Groups() {
		w.before[g.DisplayName] = g.ID
	}
	w.beginning = replicaOf(w.omni)
	w.look()
}

const anchorName = "anchor@acme.co"

// anchor is somebody who stays, in a group that stays: a list of Okta's that is
// empty proves nothing, so the last one of all is never removed.
func (w *world) anchor() {
	if w.history.Handover.Schedules != "" { // who takes over is there before anybody leaves
		w.omni.AddUser(anchorName, "An Chor")
	}
	id := w.okta.AddUser(simokta.User{Login: anchorName, Email: anchorName, FirstName: "An", LastName: "Chor"})
	w.okta.Assign(id, simokta.AssignOptions{})
	g := w.okta.AddGroup("Anchors", "")
	w.okta.AddMember(g, id)
	w.okta.Push(g)
}

func personName(i int) string { return fmt.Sprintf("p%d@acme.co", i) }

func (w *world) hire() {
	name := personName(len(w.people))
	id := w.okta.AddUser(simokta.User{Login: name, Email: name, FirstName: "First", LastName: "Last",
		Profile: map[string]any{"department": "Sales", "managerEmail": personName(len(w.people) + 1)}})
	w.okta.Assign(id, simokta.AssignOptions{})
	w.people = append(w.people, id)
}

func (w *world) act(a act) error {
	switch a.Do {
	case "run":
		return w.run(a)
	case "by hand":
		w.history.byHand(w, a)
		return nil
	case "fault":
		faults := &w.omniFaults
		if a.Okta {
			faults = &w.oktaFaults
		}
		w.planted = append(w.planted, faults.Add(a.Fault))
		return nil
	default:
		w.change(a)
		return nil
	}
}

// change does something in Okta.
func (w *world) change(a act) {
	w.names++
	id := w.people[a.A%len(w.people)]
	switch a.Do {
	case "hire":
		if len(w.people) < 8 {
			w.hire()
		}
	case "assign":
		w.okta.SetStatus(id, "ACTIVE")
		w.okta.Assign(id, simokta.AssignOptions{UserName: w.called[id]})
	case "unassign":
		w.leaves(w.okta.Unassign(id))
	case "rename":
		if name := fmt.Sprintf("p%d.%d@acme.co", a.A%len(w.people), w.names); w.okta.SetUserName(id, name) {
			w.called[id] = name
		}
	case "profile":
		w.okta.UpdateProfile(id, map[string]any{"department": []string{"Sales", "Legal", "Ops", "IT"}[a.B]})
	case "suspend":
		if w.okta.Status(id) == "ACTIVE" {
			w.leaves(w.okta.SetStatus(id, "SUSPENDED"))
		}
	case "resume":
		if w.okta.Status(id) == "SUSPENDED" {
			w.okta.SetStatus(id, "ACTIVE")
		}
	case "deactivate":
		w.leaves(w.okta.SetStatus(id, "DEPROVISIONED"))
	case "schedule", "secret schedule", "document":
		w.makes(a.Do, id)
	default:
		w.changeGroup(a, id)
	}
}

func (w *world) leaves(happened bool) {
	if happened {
		w.left++
	}
}

func (w *world) changeGroup(a act, user string) {
	if len(w.groups) == 0 {
		return
	}
	g := w.groups[a.B%len(w.groups)]
	switch a.Do {
	case "join":
		w.okta.AddMember(g, user)
	case "leave":
		w.okta.RemoveMember(g, user)
	case "push":
		w.okta.Push(g)
	case "unpush":
		if _, pushed := w.okta.Pushed()[g]; pushed {
			w.okta.Unpush(w.okta.Push(g))
			w.unpushed[g] = true
		}
	case "rename group":
		w.okta.RenameGroup(g, fmt.Sprintf("G%d.%d", slices.Index(w.groups, g), w.names))
	}
}

// engine is the program in one of its lives.
func (w *world) engine(l *life) *sync.Engine {
	target, err := omniclient.New(omniclient.Options{BaseURL: "http://127.0.0.1", RequestsPerMinute: 600,
		Keys:      []func() (string, error){func() (string, error) { return "key", nil }},
		Transport: gate{toOmni, sim.Transport(w.omniFaults.Wrap(w.omni)), w.asked}})
	if err != nil {
		panic(err)
	}
	policy := lenient()
	policy.Suspended, policy.OnUnpush = w.history.Suspended, w.history.OnUnpush
	policy.Action = firstOf(w.history.Action, policy.Action)
	policy.Handover, policy.Keep = w.history.Handover, 90*24*time.Hour
	policy.AdoptGroups, policy.AdoptAttributes = w.history.AdoptGroups, w.history.AdoptValues
	var omni sync.Omni = target
	if w.bug.omni != nil {
		omni = w.bug.omni(w, omni)
	}
	return sync.New(sync.Options{Identity: sync.Identity{Name: "acme", Org: "http://127.0.0.1", App: w.okta.ID(), Omni: "http://127.0.0.1"},
		Policy: policy, Okta: w.source, Omni: omni, Mapper: w.mapper, Store: keeper{w.store, l, w.wrote}, Fence: l.fence,
		Vault: w.vault, Log: zap.NewNop(), Workers: w.workers(l)})
}

// workers is how many changes are done at once: one in a life that pauses.
func (w *world) workers(l *life) int {
	if l.pause {
		return 1
	}
	return w.history.Workers
}

// run lives one life of the process, which does one run.
func (w *world) run(a act) error {
	l, err := w.born(a)
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = w.engine(l).Pass(l.ctx, sync.Request{Kind: a.Kind, Cause: "test", Insist: true}) // faults end runs
	}()
	select {
	case <-ended:
	case <-l.stopped:
		err = w.overtake(l, a)
		<-ended
	}
	w.ends(l)
	w.traces = append(w.traces, fmt.Sprintf("%s: %q", a, l.trace))
	if l.late > 1 {
		return fmt.Errorf("an overtaken writer sent Omni %d writes more", l.late)
	}
	if err == nil {
		err = w.ahead()
	}
	return err
}

// catchUp does what the mistake that records first has put off.
func (w *world) catchUp() {
	w.mu.Lock()
	later := w.later
	w.later = nil
	w.mu.Unlock()
	if later != nil {
		later()
	}
}

// overtake lets another process take over from a paused one, which then goes on
// beside it.
func (w *world) overtake(old *life, a act) error {
	l, err := w.born(act{})
	if err != nil {
		return err
	}
	old.mu.Lock()
	old.overtaken = true
	old.mu.Unlock()
	w.overtook = true
	if a.Stop%2 == 0 {
		close(old.goesOn)
	}
	_, _ = w.engine(l).Pass(l.ctx, sync.Request{Kind: sync.Full, Cause: "test", Insist: true}) // faults end runs
	if a.Stop%2 != 0 {
		close(old.goesOn)
	}
	w.ends(l)
	w.traces = append(w.traces, fmt.Sprintf("who overtook: %q", l.trace))
	return nil
}
