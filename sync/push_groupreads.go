package sync

import (
	"context"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// groupResource is a group as it is found: known by a key, or a group of Omni's own.
type groupResource struct {
	key   identity.GroupID
	group state.PushedGroup
	team  *identity.Team
}

// groupResource finds a group by SCIM id.
func (p *Pushes) groupResource(ctx context.Context, id string) (r groupResource, err error) {
	if key, _, known := find(p.book, &p.book.groups, withID[identity.GroupID](id)); known {
		r.key = key
		r.group, err = p.acceptedGroup(ctx, key)
		return r, err
	}
	if id == "" || wasResource(p.book, &p.book.groups, id) || p.book.teamKnown(identity.OmniGroupID(id)) {
		return r, p.notFound("group", id)
	}
	t, err := p.engine.o.Omni.Team(ctx, identity.OmniGroupID(id))
	switch {
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Refused):
		return r, p.notFound("group", id)
	case err != nil:
		return r, p.away(err, "group:"+id)
	}
	return groupResource{group: state.PushedGroup{PushedGroup: ofTeam(t)}, team: &t}, nil
}

// ofTeam gives a group of Omni's own the form of a pushed group.
func ofTeam(t identity.Team) identity.PushedGroup {
	g := identity.PushedGroup{ID: string(t.ID), DisplayName: t.DisplayName, Members: []identity.Ref{}}
	for _, m := range t.Members {
		g.Members = append(g.Members, identity.Ref{ID: string(m)})
	}
	return g
}

// acceptedGroup reads what was accepted of a group; of one that was never pushed,
// what was applied. It answers fault.NotFound where there is no such resource.
func (p *Pushes) acceptedGroup(ctx context.Context, key identity.GroupID) (state.PushedGroup, error) {
	store := p.engine.o.Store
	g, ok, err := state.Read[state.PushedGroup](ctx, store, state.PushedGroups, string(key))
	if err != nil || ok {
		return g, err
	}
	rec, ok, err := state.Read[state.Group](ctx, store, state.Groups, string(key))
	if err != nil {
		return g, err
	}
	if !ok || rec.Omni == "" {
		return g, p.notFound("group", string(key))
	}
	g.PushedGroup = identity.PushedGroup{ID: string(rec.Omni), DisplayName: rec.Name}
	return g, nil
}

// FindGroup gives the group whose displayName or externalId is value. A name that
// the ledger doesn't know is looked up in Omni, unless Omni is busy.
func (p *Pushes) FindGroup(ctx context.Context, by, value string, members bool) (identity.PushedGroup, error) {
	ask := withName[identity.GroupID](identity.FoldName(value))
	if by != "name" {
		ask = withExternal[identity.GroupID](value)
	}
	if key, e, ok := find(p.book, &p.book.groups, ask); ok && e.visible() {
		g, err := p.acceptedGroup(ctx, key)
		if err != nil || !members {
			return g.PushedGroup, err
		}
		return p.withMembers(ctx, key, g)
	}
	if by != "name" {
		return identity.PushedGroup{}, p.notFound("group", value)
	}
	title, err := p.engine.titleOf("", Crowd{Name: value})
	if err != nil {
		return identity.PushedGroup{}, p.notFound("group", value)
	}
	t, err := lookUp(ctx, p, title, nil, p.engine.o.Omni.FindTeam)
	if err == nil && (p.book.teamKnown(t.ID) || wasResource(p.book, &p.book.groups, string(t.ID))) {
		err = p.notFound("group", value) // it goes under another name, which is under way
	}
	g := ofTeam(t)
	if err == nil && identity.FoldName(title) != identity.FoldName(value) {
		g.DisplayName = value // Okta goes by its own name
	}
	return g, err
}

// Groups gives the managed groups from place start on, and how many there are.
func (p *Pushes) Groups(ctx context.Context, start, count int, members bool) ([]identity.PushedGroup, int, error) {
	p.book.mu.RLock()
	total := len(p.book.groups.order)
	keys := p.book.groups.page(start, count)
	p.book.mu.RUnlock()
	list := make([]identity.PushedGroup, 0, len(keys))
	for _, key := range keys {
		g, err := p.acceptedGroup(ctx, key)
		if err == nil && members {
			g.PushedGroup, err = p.withMembers(ctx, key, g)
		}
		if fault.Is(err, fault.NotFound) || err == nil && g.Gone {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		list = append(list, g.PushedGroup)
	}
	return list, total, nil
}

// scimID is the SCIM id of a user, "" for none.
func (b *book) scimID(key identity.OktaID) string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if e := b.users.entries[key]; e.visible() {
		return e.id
	}
	return ""
}

func (b *book) teamKnown(id identity.OmniGroupID) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	_, known := b.groups.omnis[string(id)]
	return known
}
