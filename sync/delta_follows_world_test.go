package sync_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
)

// tracker plays one trail.
type tracker struct {
	*company
	life   trail
	seen   map[string]int // what happened, over all trails
	people []string       // Okta ids of those who aren't deleted
	groups []string
	names  int
	shown  map[string]shown // by Okta id
	story  []string

	lied     bool // Okta has told less than there is, as if it were all
	informed bool // the newest run besides deltas has read everything

	mu      mutex
	fates   []delivery           // of the act under way
	next    int                  // which of them is next
	changed map[string]time.Time // by object: when it changed last
	comes   map[string]time.Time // by object: when the last event about it comes
}

// followTrail plays the trail in simulated time and tells what was wrong.
func followTrail(t *testing.T, h trail, seen map[string]int) error {
	t.Helper()
	policy := lenient()
	policy.Grace, policy.OnUnpush, policy.Suspended, policy.AdoptGroups = h.Grace, h.OnUnpush, h.Suspended, "auto"
	policy.Groups = sync.Selection{From: h.From, Match: []string{"G*", "Anchors"}}
	c := newCompanyOn(t, policy, newMemory(), 600)
	c.logs = zap.NewNop()
	w := &tracker{company: c, life: h, seen: seen, shown: map[string]shown{}, changed: map[string]time.Time{}, comes: map[string]time.Time{}}
	var err error
	synctest.Test(t, func(t *testing.T) {
		c.t = t
		c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
		if h.Free {
			c.okta.SetKnobs(func(k *simokta.Knobs) { k.Limits, k.Concurrency = simokta.FreeLimits(), 35 })
		}
		c.start()
		err = w.play()
	})
	if err != nil {
		return fmt.Errorf("%w\n%s%s", err, h, strings.Join(w.story, "\n"))
	}
	return nil
}

func (w *tracker) tell(format string, args ...any) {
	w.story = append(w.story, time.Now().UTC().Format("15:04:05 ")+fmt.Sprintf(format, args...))
}

func (w *tracker) play() error {
	w.found()
	if err := w.pass(sync.Reconcile); err != nil {
		return err
	}
	if err := w.look(); err != nil {
		return err
	}
	w.okta.SetKnobs(func(k *simokta.Knobs) { k.Fate = w.becomes })
	for _, a := range w.life.Acts {
		if err := w.passes(a.After); err != nil {
			return err
		}
		if err := w.act(a); err != nil {
			return err
		}
	}
	return w.ends()
}

// found founds the company. Somebody stays, in a group that stays: a list of Okta's
// that is empty proves nothing, so the last one of all is never removed.
func (w *tracker) found() {
	anchor := w.join("anchor@acme.co")
	w.push("Anchors", anchor...)
	w.shown[anchor[0]] = shown{"First anchor", "Sales"}
	for i := range w.life.People {
		w.hire()
		if i >= w.life.Assigned {
			w.okta.Unassign(w.people[i])
		}
	}
	for i := range w.life.Groups {
		w.newGroup()
		if i < w.life.Pushed {
			w.okta.Push(w.groups[i])
		}
	}
	<-time.After(time.Minute)
}

func (w *tracker) hire() {
	w.names++
	name := fmt.Sprintf("p%d", w.names)
	id := w.join(name + "@acme.co")[0]
	w.people, w.shown[id] = append(w.people, id), shown{"First " + name, "Sales"}
}

// shown is what Omni is to show of somebody.
type shown struct{ name, department string }

func (w *tracker) newGroup() {
	w.names++
	g := w.okta.AddGroup(fmt.Sprintf("G%d", w.names), "")
	for k, id := range w.people {
		if (k+w.names)%2 == 0 {
			w.okta.AddMember(g, id)
		}
	}
	w.groups = append(w.groups, g)
}

// becomes is what becomes of an event, and notes which object it is about.
func (w *tracker) becomes(e simokta.Event) []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	f := w.fates[w.next%len(w.fates)]
	w.next++
	if f == nil && strings.HasPrefix(e.Type, "user.lifecycle.delete") { // nothing else proves that who is unknown has left
		f = delivery{0}
	}
	for _, object := range objectsOf(e) {
		w.changed[object] = now
		for _, delay := range f {
			if at := now.Add(delay); at.After(w.comes[object]) {
				w.comes[object] = at
			}
		}
	}
	return f
}

// objectsOf names what an event is about, as it tells where to look.
func objectsOf(e simokta.Event) []string {
	var users, groups []string
	for _, t := range e.Targets {
		switch t.Type {
		case "User":
			users = append(users, t.ID)
		case "UserGroup":
			groups = append(groups, t.ID)
		}
	}
	switch {
	case strings.HasPrefix(e.Type, "application.provision.group_push.push_memberships"), strings.HasPrefix(e.Type, "application.provision.group_push.mapping.app.group.renamed"):
		return nil
	case strings.HasPrefix(e.Type, "application.provision.group_push."):
		return []string{"selection"}
	case strings.HasPrefix(e.Type, "group.user_membership."):
		return []string{users[0] + " in " + groups[0]}
	case strings.HasPrefix(e.Type, "group."):
		return groups
	case strings.HasPrefix(e.Type, "application."):
		return []string{assignment(users[0])}
	}
	return users
}

// assignment is a user's assignment, an object of its own: of whom nothing is known of,
// only it tells.
func assignment(id string) string { return "assignment of " + id }

// told reports whether an event about the object came, or comes, after its last change.
func (w *tracker) told(object string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.comes[object].Before(w.changed[object])
}

// passes lets time pass, with a look at the log whenever one is due.
func (w *tracker) passes(d time.Duration) error {
	for end := time.Now().Add(d); ; {
		left := time.Until(end)
		if left < w.life.Every {
			<-time.After(left)
			return nil
		}
		<-time.After(w.life.Every)
		if err := w.look(); err != nil {
			return err
		}
	}
}

// look looks at the log once, and does the run that is needed in its place.
func (w *tracker) look() error {
	before := w.standing()
	watched, err := w.engine.Watch(w.t.Context(), w.life.Beside && w.informed)
	if watched.Report != nil {
		w.seen["delta"]++
		w.tell("delta %s %v %v\n%s", watched.Report.Outcome, watched.Report.Doubts, err, printed(*watched.Report))
	}
	if err != nil && !w.life.Broken {
		return fmt.Errorf("a look ended with %w", err)
	}
	if err := w.keeps(before); err != nil {
		return fmt.Errorf("a look at the log: %w", err)
	}
	if watched.Wider == "" {
		return nil
	}
	w.seen["full"]++
	w.tell("wider: %s", watched.Why)
	return w.pass(watched.Wider)
}

// pass does one run of another kind.
func (w *tracker) pass(kind sync.RunKind) error {
	before := w.standing()
	r, err := w.engine.Pass(w.t.Context(), sync.Request{Kind: kind, Cause: "test"})
	w.informed = err == nil && r.Outcome == sync.Done
	w.tell("%s %s %v %v\n%s", kind, r.Outcome, r.Doubts, err, printed(r))
	if err == nil && r.Outcome != sync.Done {
		err = errors.New(string(r.Outcome))
	}
	if err != nil && !w.life.Broken && !w.unproven() {
		return fmt.Errorf("a %s run ended with %w: %v", kind, err, r.Doubts)
	}
	return w.keeps(before)
}

// unproven reports whether an event is on its way: of who was deleted it is the only proof.
func (w *tracker) unproven() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(slices.Collect(maps.Values(w.comes)), func(at time.Time) bool { return at.After(time.Now().Add(-2 * time.Second)) })
}
