package sync

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// What leavers owned is kept for a while after their membership: the definitions of
// their schedules, encrypted, and what documents there were. Each save stands in the
// ledger, and in the archive as often as it changed, of which the last line counts.

// keeping says whose a save is, and how long it is kept.
type keeping struct {
	Okta     identity.OktaID
	Omni     identity.OmniID
	UserName string
	Run      string // that saves
	Now      time.Time
	Until    time.Time
}

func (k keeping) save(kind state.ItemKind, id, name string) state.Saved {
	return state.Saved{ID: id, Kind: kind, Name: name, Owner: k.Okta, Omni: k.Omni, UserName: k.UserName, Run: k.Run, At: k.Now.UTC(), Until: k.Until.UTC()}
}

// seal gives the save of a schedule whose definition was read. Nothing of where it goes
// to, and of who gets it, can be read without the vault.
func (e *Engine) seal(s identity.Schedule, k keeping) (state.Saved, error) {
	if e.o.Vault == nil {
		return state.Saved{}, noVault("save " + s.Name)
	}
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false) // Omni's answers stay as they came
	if err := encoder.Encode(s); err != nil {
		return state.Saved{}, err
	}
	saved := k.save(state.Schedule, string(s.ID), s.Name)
	saved.Document, saved.Cron, saved.Timezone, saved.Target, saved.Recipients = s.DocumentName, s.Cron, s.Timezone, s.Destination, s.People
	var err error
	saved.Sealed, err = e.o.Vault.Seal(saved.ID, plain.Bytes())
	return saved, err
}

// unseal gives back the schedule that seal saved.
func (e *Engine) unseal(saved state.Saved) (s identity.Schedule, err error) {
	if e.o.Vault == nil {
		return s, noVault("read what was saved of " + saved.Name)
	}
	plain, err := e.o.Vault.Open(saved.ID, saved.Sealed)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(plain, &s); err != nil || string(s.ID) != saved.ID {
		return s, &fault.Error{Kind: fault.Refused, Op: "read what was saved of " + saved.Name, Detail: "it holds no schedule of that id"}
	}
	return s, nil
}

func noVault(op string) error {
	return &fault.Error{Kind: fault.Refused, Op: op, Detail: "there is no key to encrypt it with, or to read it",
		Hint: "set state.key, such as to what openssl rand -hex 32 gives"}
}

// savedDocument gives the save of a document. It stands in Omni still, so that only what it was
// is kept, which nobody needs a key to read.
func savedDocument(d identity.Document, k keeping) state.Saved {
	saved := k.save(state.Document, string(d.ID), d.Name)
	saved.Document = d.Folder
	return saved
}

// batchOf gives saves as the ledger takes them.
func batchOf(saves []state.Saved) (b state.Batch) {
	for _, s := range saves {
		state.Put(&b, state.Saves, s.ID, s)
	}
	return b
}

// keep writes saves into the ledger with lines of its log, and then into the archive.
func (e *Engine) keep(ctx context.Context, log []state.Change, saves ...state.Saved) error {
	b := batchOf(saves)
	for _, c := range log {
		state.Add(&b, state.Log, c)
	}
	if err := e.put(ctx, b); err != nil {
		return err
	}
	e.archive(ctx, append(archived(state.ArchivedSaved, saves), archived(state.ArchivedChange, log)...)...)
	return nil
}

// Saved lists what is kept of somebody, the newest first: by a userName, in any letter
// case, that they have or had, or by an id of Okta's or Omni's. What is encrypted isn't
// given.
func (e *Engine) Saved(ctx context.Context, who string) ([]state.Saved, error) {
	list, err := e.savesOf(ctx, who)
	for i := range list {
		list[i].Sealed = nil
	}
	return list, err
}

// savesOf is Saved, with what is encrypted.
func (e *Engine) savesOf(ctx context.Context, who string) ([]state.Saved, error) {
	all := map[string]state.Saved{}
	if err := collect(ctx, e.o.Store, state.Saves, all); err != nil {
		return nil, err
	}
	now := time.Now()
	maps.DeleteFunc(all, func(_ string, s state.Saved) bool { return s.Over(now) })
	list := []state.Saved{}
	if len(all) == 0 {
		return list, nil
	}
	owners, err := e.called(ctx, who, all)
	for _, s := range all {
		if owners[s.Owner] {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, bySaved)
	return list, err
}

// bySaved sorts what was saved last to the front, and of one moment by name.
func bySaved(a, b state.Saved) int {
	if c := b.At.Compare(a.At); c != 0 {
		return c
	}
	return strings.Compare(a.Name+"\x00"+a.ID, b.Name+"\x00"+b.ID)
}

// called gives the Okta ids of those who have, or had, that name or id.
func (e *Engine) called(ctx context.Context, who string, all map[string]state.Saved) (map[identity.OktaID]bool, error) {
	owners := map[identity.OktaID]bool{identity.OktaID(who): true}
	name := identity.FoldUserName(who)
	for _, s := range all {
		if identity.FoldUserName(s.UserName) == name || string(s.Omni) == who {
			owners[s.Owner] = true
		}
	}
	log, err := state.Newest[state.Change](ctx, e.o.Store, state.Log, state.Log.Keep())
	if err != nil {
		return nil, err
	}
	for id := range (HistoryFilter{Subject: who}).identified(log).ids {
		owners[identity.OktaID(id)] = true
	}
	return owners, nil
}

// mostForgotten is how many saves a run forgets at most.
const mostForgotten = batchSize

// forgetSaves lets a run that reads all of Okta remove from the ledger what is no longer
// kept. What of it stands in the archive's files stays there, and doesn't come back.
func (e *Engine) forgetSaves(ctx context.Context, run *run) error {
	if kind := run.request.Kind; kind != Full && kind != Reconcile {
		return nil
	}
	var b state.Batch
	now := time.Now()
	for s, err := range state.All[state.Saved](ctx, e.o.Store, state.Saves) {
		if err != nil {
			return err
		}
		if s.Value.Over(now) && len(b.Writes) < mostForgotten {
			b.Remove(state.Saves, s.Key)
		}
	}
	if b.Empty() {
		return nil
	}
	run.logger.Info("what was saved of leavers is no longer kept", zap.Int("count", len(b.Writes)))
	return e.put(ctx, b)
}
