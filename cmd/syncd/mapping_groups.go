package main

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// groupsOf gives the names of the synced groups that the user is in: those that
// the ledger knows. Where it can't be read they are all groups of the user, and
// the note says why.
func (p parts) groupsOf(ctx context.Context, id identity.OktaID) (mappedGroups, error) {
	ids, _, err := p.okta.GroupsOf(ctx, id)
	if err != nil {
		return mappedGroups{}, err
	}
	synced, note, err := p.syncedOf(ctx, ids)
	if err != nil {
		note = "the ledger can't be read: " + err.Error()
	}
	if note == "" {
		ids = synced
	}
	groups, err := p.okta.Groups(ctx, ids)
	if err != nil {
		return mappedGroups{}, err
	}
	names := []string{}
	for _, g := range groups {
		if !g.Gone() {
			names = append(names, g.Name)
		}
	}
	slices.Sort(names)
	return mappedGroups{Names: slices.Compact(names), Synced: note == "", Note: note}, nil
}

// syncedOf leaves the groups that the ledger knows. It makes no ledger: where there
// is none, or another process has it, the note says so.
func (p parts) syncedOf(ctx context.Context, ids []identity.GroupID) (synced []identity.GroupID, note string, err error) {
	kind, address, err := p.config.State.Backend()
	if err != nil {
		return nil, "", err
	}
	if kind == configs.Bolt {
		if info, err := os.Stat(address); errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0 {
			return nil, "there is no ledger yet", nil
		}
	}
	store, err := p.open()
	if fault.Is(err, fault.Fenced) {
		return nil, "the daemon has the ledger", nil
	}
	if err != nil {
		return nil, "", err
	}
	defer func() { err = firstOf(err, store.Close()) }()
	if _, known, err := state.Read[state.Connection](ctx, store, state.Meta, "connection"); err != nil || !known {
		return nil, "there is no ledger yet", err
	}
	for _, id := range ids {
		_, known, err := state.Read[state.Group](ctx, store, state.Groups, string(id))
		if err != nil {
			return nil, "", err
		}
		if known {
			synced = append(synced, id)
		}
	}
	return synced, "", nil
}
