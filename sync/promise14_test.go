package sync_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"pgregory.net/rapid"
)

// Promise 14, leavers hand over first: whatever fails on both sides, and wherever the
// process is killed or overtaken, no membership ends while something waits that the
// policy saves or hands over, and no schedule is ever lost.
func TestPromise14LeaversHandOverFirst(t *testing.T) {
	checks(t, leavings)
	rapid.Check(t, func(rt *rapid.T) {
		h := drawLeaving(rt)
		if err := live(t, h, mistake{}); err != nil {
			rt.Fatal(err)
		}
	})
}

// Each of these mistakes is found by the histories of promise 14.
func TestPlantedLossesAreFound(t *testing.T) {
	for _, bug := range []mistake{
		{name: "what is owned isn't read whole", omni: func(_ *world, o sync.Omni) sync.Omni { return shortsighted{o} }},
		{name: "a refused transfer counts as done", omni: func(_ *world, o sync.Omni) sync.Omni { return wishful{o} }},
		{name: "saves are dropped", store: func(m *memory) store { return leaky{m} }},
	} {
		t.Run(bug.name, func(t *testing.T) {
			drawn := rapid.Custom(drawLeaving)
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

// estateActs are the things that happen to those who own something.
var estateActs = []string{"schedule", "schedule", "secret schedule", "secret schedule", "document", "unassign", "unassign", "assign"}

// drawLeaving is a history in which people own things, and leave.
func drawLeaving(t *rapid.T) history {
	h := drawHistory(t)
	treatments := []state.Treatment{state.Save, state.Transfer}
	h.Handover = state.Handover{Schedules: rapid.SampledFrom(treatments).Draw(t, "schedules"),
		Documents: rapid.SampledFrom(append(treatments, state.LeaveAlone)).Draw(t, "documents")}
	h.Action = rapid.SampledFrom([]string{"deactivate", "delete"}).Draw(t, "action")
	h.People = max(h.People, 3)
	var acts []act
	for _, a := range h.Acts {
		for range rapid.IntRange(0, 2).Draw(t, "more") {
			acts = append(acts, act{Do: rapid.SampledFrom(estateActs).Draw(t, "do"), A: rapid.IntRange(0, h.People-1).Draw(t, "a")})
		}
		if a.Do == "fault" && rapid.Bool().Draw(t, "of transfers") {
			a.Fault.Method = "PUT"
		}
		acts = append(acts, a)
	}
	h.Acts = acts
	return h
}

// makes has the user of that Okta id, where there is an active account, make something
// in Omni. What is secret may be seen by them and by the anchor alone.
func (w *world) makes(what, okta string) {
	u, there := w.omni.User(firstOf(w.called[okta], w.nameOf(okta)))
	if !there || !u.Active {
		return
	}
	name := fmt.Sprint(what, " ", w.names)
	if what == "document" {
		w.omni.AddDocument(u.ID, name)
		return
	}
	s := simomni.Schedule{Owner: u.ID, Name: name, Recipients: []string{"x@acme.co"}}
	if anchor, here := w.omni.User(anchorName); what == "secret schedule" && here {
		s.Dashboard = w.omni.AddDocument(anchor.ID, "Secret")
		w.omni.EditDocument(s.Dashboard, func(d *simomni.Document) { d.Viewers = []string{u.ID, anchor.ID} })
	}
	id := w.omni.PlaceSchedule(s)
	w.mu.Lock()
	w.made[id] = name
	w.mu.Unlock()
}

func (w *world) nameOf(okta string) string {
	for i, id := range w.people {
		if id == okta {
			return personName(i)
		}
	}
	return ""
}

// movedLate remembers what the last request of an overtaken process has handed over: no
// fence reaches Omni, so that it may go to somebody who leaves in that moment.
func (w *world) movedLate(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	parts := strings.Split(path, "/")
	if n := len(parts); n > 1 && parts[n-1] == "transfer-ownership" {
		w.late[parts[n-2]] = true
	}
}

func (w *world) isLate(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.late[id]
}

// lookAtEstates fails when a membership has ended too early.
func (w *world) lookAtEstates() {
	p := w.history.Handover
	for _, s := range w.omni.Lost() {
		if w.isLate(s.ID) {
			continue
		}
		switch _, kept, err := w.store.Get(w.ctx, state.Saves, s.ID); {
		case p.Schedules == state.Transfer:
			w.violated("%q is lost, though it was to be handed over", s.Name)
		case p.Schedules == state.Save && (err != nil || !kept):
			w.violated("%q is lost, and wasn't saved (%v)", s.Name, err)
		}
	}
	if p.Documents != state.Transfer {
		return
	}
	active := map[string]bool{}
	for _, u := range w.omni.Users() {
		active[u.ID] = u.Active
	}
	for _, d := range w.omni.Documents() {
		if !active[d.Owner] && !w.isLate(d.ID) {
			w.violated("the document %q stayed with %s, whose membership is over", d.Name, d.Owner)
		}
	}
}

// nothingLost fails unless every schedule that was ever made is there, or was saved whole.
func (w *world) nothingLost() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.history.Handover.Schedules == "" {
		return nil
	}
	there := map[string]bool{}
	for _, s := range w.omni.Schedules() {
		there[s.ID] = true
	}
	var errs []error
	for id, name := range w.made {
		if !there[id] && !w.late[id] {
			errs = append(errs, w.savedWhole(id, name))
		}
	}
	return errors.Join(errs...)
}

func (w *world) savedWhole(id, name string) error {
	saved, kept, err := state.Read[state.Saved](w.ctx, w.store, state.Saves, id)
	if err != nil || !kept {
		return fmt.Errorf("%q is neither there nor saved: %w", name, err)
	}
	plain, err := w.vault.Open(id, saved.Sealed)
	var s identity.Schedule
	if err == nil {
		err = json.Unmarshal(plain, &s)
	}
	if err != nil || s.Name != name || len(s.Definition) == 0 || len(s.Recipients) != 1 {
		return fmt.Errorf("%q was saved as %+v: %w", name, s, err)
	}
	return nil
}

// shortsighted is an Omni of whose lists of schedules the last one is overlooked.
type shortsighted struct{ sync.Omni }

func (o shortsighted) OwnedSchedules(ctx context.Context, owner identity.OmniID) ([]identity.Schedule, error) {
	list, err := o.Omni.OwnedSchedules(ctx, owner)
	return list[:max(0, len(list)-1)], err
}

// wishful is an Omni whose refusal to hand over is taken for a yes, and whose lists are
// believed to lag.
type wishful struct{ sync.Omni }

func (o wishful) TransferSchedule(ctx context.Context, id identity.ScheduleID, to identity.OmniID) error {
	err := o.Omni.TransferSchedule(ctx, id, to)
	if fault.Is(err, fault.Refused) {
		return nil
	}
	return err
}

// leaky is a store that doesn't take what is saved.
type leaky struct{ *memory }

func (s leaky) Apply(ctx context.Context, fence state.Fence, b state.Batch) error {
	b.Writes = slices.DeleteFunc(slices.Clone(b.Writes), func(w state.Write) bool { return w.Bucket == state.Saves })
	return s.memory.Apply(ctx, fence, b)
}

// Killed at each step, or with a fault at each request, of a run in which somebody
// leaves who owns something.
func TestLeaverKilledAtEachStep(t *testing.T) {
	const steps = 70
	for _, p := range []struct {
		handover state.Handover
		action   string
	}{
		{state.Handover{Schedules: state.Transfer, Documents: state.Transfer}, "delete"},
		{state.Handover{Schedules: state.Save, Documents: state.LeaveAlone}, "deactivate"},
	} {
		h := history{People: 3, Suspended: "keep", OnUnpush: "keep", AdoptGroups: "ask", AdoptValues: "keep", Workers: 1, Handover: p.handover, Action: p.action}
		before := []act{{Do: "run", Kind: sync.Full}, {Do: "schedule"}, {Do: "secret schedule"}, {Do: "document"}, {Do: "unassign"}}
		for stop := 1; stop <= steps; stop += sweepStride {
			h.Acts = append(slices.Clone(before), act{Do: "run", Kind: sync.Full, Stop: stop, Reads: true}, act{Do: "run", Kind: sync.Full})
			if err := live(t, h, mistake{}); err != nil {
				t.Fatal(err)
			}
			for _, e := range effects {
				if stop > steps/2 {
					break
				}
				f := act{Do: "fault", Fault: sim.Fault{Do: e.do, Skip: stop - 1, Times: 1}, name: e.name}
				h.Acts = append(slices.Clone(before), f, act{Do: "run", Kind: sync.Full}, act{Do: "run", Kind: sync.Full})
				if err := live(t, h, mistake{}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
