package sync_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"pgregory.net/rapid"
)

// enough is within how many histories each planted mistake must be found.
const enough = 100

// The histories find a mistake of each kind when the program makes it.
func TestPlantedBugsAreFound(t *testing.T) {
	for _, bug := range []mistake{
		{name: "a change is recorded before Omni confirmed it", omni: hasty},
		{name: "a creation has no intent", store: func(m *memory) store { return forgetful{m} }},
		{name: "nothing is looked up", omni: func(w *world, o sync.Omni) sync.Omni { return blind{o, w} }},
		{name: "no fence", store: func(m *memory) store { return unfenced{m} }},
	} {
		t.Run(bug.name, func(t *testing.T) {
			drawn := rapid.Custom(drawHistory)
			for seed := range enough {
				if err := live(t, drawn.Example(seed), bug); err != nil {
					t.Logf("found by history %d: %.200v", seed+1, err)
					return
				}
			}
			t.Errorf("not found within %d histories", enough)
		})
	}
}

// forgetful is a store that doesn't take intents.
type forgetful struct{ *memory }

func (f forgetful) Apply(ctx context.Context, fence state.Fence, b state.Batch) error {
	dropped := map[string]bool{}
	for _, w := range b.Writes {
		if w.Value == nil {
			continue
		}
		e := state.Entry{Key: w.Key, Value: w.Value}
		if w.Bucket == state.Users {
			u, err := state.Decode[state.User](e, w.Bucket)
			dropped[w.Key] = dropped[w.Key] || err == nil && u.Intent != ""
		}
		if w.Bucket == state.Groups {
			g, err := state.Decode[state.Group](e, w.Bucket)
			dropped[w.Key] = dropped[w.Key] || err == nil && g.Intent != ""
		}
	}
	b.Writes = slices.DeleteFunc(slices.Clone(b.Writes), func(w state.Write) bool { return dropped[w.Key] })
	return f.memory.Apply(ctx, fence, b)
}

// unfenced is a store that takes every fence for the current one.
type unfenced struct{ *memory }

func (u unfenced) Apply(ctx context.Context, _ state.Fence, b state.Batch) error {
	u.mu.Lock()
	current := u.fence
	u.mu.Unlock()
	return u.memory.Apply(ctx, current, b)
}

// blind is an Omni of which only that is seen which the program itself was told
// when it was made.
type blind struct {
	sync.Omni
	world *world
}

// learn remembers an id that the program was told.
func (b blind) learn(id string) {
	b.world.mu.Lock()
	defer b.world.mu.Unlock()
	b.world.known[id] = true
}

func (b blind) knows(id string) bool {
	b.world.mu.Lock()
	defer b.world.mu.Unlock()
	return b.world.known[id]
}

func unseen(what string) error { return &fault.Error{Kind: fault.NotFound, Op: "find " + what} }

func (b blind) FindUser(_ context.Context, name string) (identity.Account, error) {
	return identity.Account{}, unseen(name)
}

func (b blind) FindTeam(_ context.Context, name string) (identity.Team, error) {
	return identity.Team{}, unseen(name)
}

func (b blind) CreateUser(ctx context.Context, u identity.User) (identity.Account, error) {
	a, err := b.Omni.CreateUser(ctx, u)
	b.learn(string(a.ID))
	return a, err
}

func (b blind) CreateTeam(ctx context.Context, name string, members []identity.OmniID) (identity.Team, error) {
	t, err := b.Omni.CreateTeam(ctx, name, members)
	b.learn(string(t.ID))
	return t, err
}

func (b blind) Users(ctx context.Context) iter.Seq2[identity.Account, error] {
	return seen(b.Omni.Users(ctx), func(a identity.Account) bool { return b.knows(string(a.ID)) })
}

func (b blind) Teams(ctx context.Context) iter.Seq2[identity.Team, error] {
	return seen(b.Omni.Teams(ctx), func(t identity.Team) bool { return b.knows(string(t.ID)) })
}

func seen[T any](list iter.Seq2[T, error], known func(T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range list {
			if (err != nil || known(v)) && !yield(v, err) {
				return
			}
		}
	}
}

// ahead answers that a group was changed before Omni is asked: it asks when the next
// change comes or the life ends, so that the ledger hears of it first.
type ahead struct {
	sync.Omni
	world *world
}

func hasty(w *world, o sync.Omni) sync.Omni { return ahead{o, w} }

func (a ahead) UpdateTeam(ctx context.Context, id identity.OmniGroupID, p identity.TeamPatch) error {
	a.world.catchUp()
	a.world.mu.Lock()
	defer a.world.mu.Unlock()
	a.world.later = func() { _ = a.Omni.UpdateTeam(context.WithoutCancel(ctx), id, p) } // whether it worked, nobody asks any more
	return nil
}

func (a ahead) CreateTeam(ctx context.Context, name string, members []identity.OmniID) (identity.Team, error) {
	a.world.catchUp()
	t, err := a.Omni.CreateTeam(ctx, name, nil)
	if err != nil || len(members) == 0 {
		return t, err
	}
	t.Members = members
	return t, a.UpdateTeam(ctx, t.ID, identity.TeamPatch{Add: members})
}

// silent runs twice more, with nothing to do.
func (w *world) silent() error {
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		w.omni.ResetLog()
		l, err := w.born(act{})
		if err != nil {
			return err
		}
		report, err := w.engine(l).Pass(l.ctx, sync.Request{Kind: kind, Cause: "test"})
		w.ends(l)
		if err != nil || report.Outcome != sync.Done || w.omni.Writes() > 0 {
			return fmt.Errorf("a %s run with nothing to do ended %q, %v, and wrote %d times\n%s", kind, report.Outcome, err, w.omni.Writes(), printed(report))
		}
	}
	return w.wrong
}
