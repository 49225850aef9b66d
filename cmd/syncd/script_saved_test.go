package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/identity"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/vault"
	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/zap"
)

// savedCmd gives a person three schedules and a document, saves them in syncd.db as their
// way out does, and ends their membership: saved NAME. The alert of saved NAME is about a
// query that is gone until saved mended.
func savedCmd(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	if args[0] == "mended" {
		for _, d := range w.omni.Documents() {
			w.omni.EditDocument(d.ID, func(d *simomni.Document) { d.Queries = nil })
		}
		return
	}
	owner, there := w.omni.User(args[0] + "@example.com")
	if !there {
		ts.Fatalf("Omni has no %s", args[0])
	}
	id := w.omni.AddDocument(owner.ID, "Pipeline")
	w.omni.PlaceSchedule(simomni.Schedule{Owner: owner.ID, Name: "Weekly numbers", Recipients: []string{"x@else.where", "y@else.where"}})
	w.omni.PlaceSchedule(simomni.Schedule{Owner: owner.ID, Name: "Alarm", Dashboard: id, Recipients: []string{"x@else.where"}, Condition: "RESULTS_PRESENT", Query: "q1"})
	w.omni.PlaceSchedule(simomni.Schedule{Owner: owner.ID, Name: "Hook", Destination: "webhook", Format: "json", Target: map[string]any{"url": "https://x.test/s3cret"}})
	c, _, err := configs.Load(ts.MkAbs("acme.yaml"), []string{"OKTA_API_TOKEN=okta-token", "OMNI_API_KEY=omni-key"})
	ts.Check(err)
	p, err := assemble(c, zap.NewNop())
	ts.Check(err)
	ctx, now := context.Background(), time.Now()
	schedules, err := p.omni.OwnedSchedules(ctx, identity.OmniID(owner.ID))
	ts.Check(err)
	box := vault.New(c.State.Keys, vault.File(ts.MkAbs(c.State.Archive), c.Name))
	var b state.Batch
	for _, s := range schedules {
		s, err = p.omni.Definition(ctx, s)
		ts.Check(err)
		text, err := json.Marshal(s)
		ts.Check(err)
		sealed, err := box.Seal(string(s.ID), text)
		ts.Check(err)
		state.Put(&b, state.Saves, string(s.ID), state.Saved{ID: string(s.ID), Kind: state.Schedule, Name: s.Name, Owner: identity.OktaID(w.ids[args[0]]), Omni: s.Owner,
			UserName: owner.UserName, At: now, Run: "run", Document: s.DocumentName, Cron: s.Cron, Timezone: s.Timezone, Target: s.Destination, Recipients: s.People,
			Sealed: sealed, Until: now.AddDate(0, 0, 90)})
	}
	state.Put(&b, state.Saves, id, state.Saved{ID: id, Kind: state.Document, Name: "Pipeline", Owner: identity.OktaID(w.ids[args[0]]), UserName: owner.UserName, At: now, Until: now.AddDate(0, 0, 90)})
	store, err := bolt.Open(ts.MkAbs("syncd.db"))
	ts.Check(err)
	fence, err := store.Acquire(ctx, "script", time.Minute)
	ts.Check(errors.Join(err, store.Apply(ctx, fence, b), store.Release(ctx, fence), store.Close()))
	w.omni.RemoveUser(owner.ID)
	w.omni.EditDocument(id, func(d *simomni.Document) { d.Queries = []string{"q9"} })
}
