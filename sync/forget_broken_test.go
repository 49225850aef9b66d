package sync_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"github.com/omnisync/omnisync/vault"
)

// dying is a store and an archive of a process that is killed: from its last step on
// nothing happens any more. done says whether that step itself still did.
type dying struct {
	store
	left *int
	done bool
}

var errSlain = errors.New("slain")

// step does one thing that lasts.
func (m dying) step(do func() error) error {
	if *m.left--; *m.left > 0 || *m.left == 0 && m.done {
		if err := do(); err != nil || *m.left > 0 {
			return err
		}
	}
	return errSlain
}

func (m dying) Apply(ctx context.Context, f state.Fence, b state.Batch) error {
	return m.step(func() error { return m.store.Apply(ctx, f, b) })
}

func (m dying) Rewrite(ctx context.Context, f state.Fence, s state.Stream, edit func([]byte) ([]byte, error)) (n int, err error) {
	return n, m.step(func() error { n, err = m.store.Rewrite(ctx, f, s, edit); return err })
}

func (m dying) Scrub(ctx context.Context, f state.Fence) error {
	return m.step(func() error { return m.store.Scrub(ctx, f) })
}

// dyingArchive is the archive's side of dying, whose rewriting is a step for each record.
type dyingArchive struct {
	sync.Archive
	life dying
}

func (s dyingArchive) Append(ctx context.Context, records ...state.Archived) error {
	return s.life.step(func() error { return s.Archive.Append(ctx, records...) })
}

func (s dyingArchive) Rewrite(ctx context.Context, edit func(state.Archived) (state.Archived, error)) (int, error) {
	return s.Archive.Rewrite(ctx, func(r state.Archived) (now state.Archived, err error) {
		return now, s.life.step(func() error { now, err = edit(r); return err })
	})
}

// text is all that the store has.
func (m *memory) text() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fmt.Sprintf("%s %s", m.records, m.streams)
}

// A forgetting that is killed at any step is done by the next one, whose answer tells of no
// other pseudonym.
func TestForgetKilledAnywhere(t *testing.T) {
	steps := 0
	for _, done := range []bool{false, true} {
		for at := 1; ; at++ {
			s := newMemory()
			o := newOblivion(t, s, s.text)
			left := at
			m := dying{store: s, left: &left, done: done}
			o.store, o.archive = m, dyingArchive{o.archive, m}
			o.start()
			_, err := o.forget(markNow)
			o.store = s
			o.opens()
			if err == nil {
				steps = at
				break
			}
			rec, begun, err := state.Read[state.Forgotten](t.Context(), s, state.Forgets, o.mark)
			if err != nil {
				t.Fatal(err)
			}
			again, err := o.forget(markNow)
			if err != nil {
				t.Fatalf("after it was killed at step %d: %v", at, err)
			}
			if begun && again.Pseudonym != rec.Pseudonym {
				t.Errorf("step %d: forgotten as %s, then as %s", at, rec.Pseudonym, again.Pseudonym)
			}
			o.traceless(fmt.Sprintf("killed at step %d, done %t,", at, done))
			if t.Failed() {
				return
			}
			at += at / 5 // the later ones are records of the archive, one like the other
		}
	}
	if steps < 20 {
		t.Errorf("there are only %d steps", steps)
	}
}

// Who may not be forgotten isn't, and is told what to do first; then nothing is changed.
func TestForgetRefuses(t *testing.T) {
	policy := lenient()
	policy.Grace = time.Hour
	simulated(t, policy, func(c *company) {
		ids := c.join("ada@acme.co", "bob@acme.co", "cat@acme.co", "dan@acme.co")
		c.want(c.run(sync.Full), sync.Done)
		c.okta.Unassign(ids[1])
		c.run(sync.Full)
		c.okta.Unassign(ids[2])
		c.okta.Unassign(ids[3])
		c.run(sync.Full)
		<-time.After(2 * time.Hour)
		c.okta.Unassign(ids[1])
		c.want(c.run(sync.Full), sync.Done) // bob, cat and dan are gone
		eve := c.join("eve@acme.co")[0]
		c.want(c.run(sync.Full), sync.Done)
		c.okta.Unassign(eve)
		c.run(sync.Full)
		c.put(state.Leavers, ids[3], state.Leaver{Okta: "x", UserName: "dan@acme.co"})
		at, err := c.store.Position(c.t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.oktaFaults.Add(sim.Fault{Path: "/api/v1/apps/" + c.okta.ID() + "/users/" + ids[2], Do: sim.Status(500, "{}", nil)})
		for _, row := range []struct {
			who  string
			kind fault.Kind
			says string
		}{
			{"ada@acme.co", fault.Refused, "the account in Omni is active"},
			{"eve@acme.co", fault.Refused, "on the way out"},
			{"dan@acme.co", fault.Refused, "on the way out"},
			{"cat@acme.co", fault.Doubt, "isn't certain"},
			{"nobody@acme.co", fault.NotFound, "nobody is known as"},
		} {
			for _, dry := range []bool{true, false} {
				_, err := c.engine.Forget(c.t.Context(), sync.Forgetting{Subject: row.who, By: "grace", DryRun: dry})
				if !fault.Is(err, row.kind) || !strings.Contains(err.Error(), row.says) || row.kind == fault.Refused && fault.HintOf(err) == "" {
					t.Errorf("%s: %v (%s), hint %q", row.who, err, fault.KindOf(err), fault.HintOf(err))
				}
			}
		}
		if now, err := c.store.Position(c.t.Context()); err != nil || now != at {
			t.Errorf("the ledger was at %+v and is at %+v, %v", at, now, err)
		}
		c.oktaFaults.Clear()
		c.okta.Assign(ids[2], simokta.AssignOptions{}) // and no run has seen it
		if _, err := c.engine.Forget(c.t.Context(), sync.Forgetting{Subject: "cat@acme.co"}); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "Okta assigns the user") {
			t.Errorf("who is assigned again: %v", err)
		}
		c.canary = sync.Canary{User: identity.OktaID(ids[0])}
		c.start()
		c.hide(ids[:3])
		if _, err := c.engine.Forget(c.t.Context(), sync.Forgetting{Subject: "cat@acme.co"}); !fault.Is(err, fault.Doubt) || !strings.Contains(err.Error(), "okta.canary.user") {
			t.Errorf("who is assigned and hidden: %v", err)
		}
		c.hide(nil)
		c.forgotten("BOB@acme.co")
	})
}

// put writes one record.
func (c *company) put(b state.Bucket, key string, v state.Leaver) {
	c.t.Helper()
	var batch state.Batch
	state.Put(&batch, b, key, v)
	if err := c.store.Apply(c.t.Context(), c.fence, batch); err != nil {
		c.t.Fatal(err)
	}
}

// Without the key nothing is half forgotten.
func TestForgetWithoutTheKey(t *testing.T) {
	s, bytes := oblivions["bolt"](t)
	o := newOblivion(t, s, bytes)
	right := o.vault
	o.vault = vault.New(func() (string, error) { return "another key", nil }, "")
	o.start()
	before := o.bytes()
	_, err := o.forget(markNow)
	if !fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), "state.key") {
		t.Errorf("%v, hint %q", err, fault.HintOf(err))
	}
	if o.bytes() != before {
		t.Error("the ledger was changed")
	}
	o.vault = right
	o.start()
	if _, err := o.forget(markNow); err != nil {
		t.Fatal(err)
	}
	o.traceless("with the right key")
}
