package sync

import (
	"context"
	"strings"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Search asks for those of whose name, or display name, a word begins so, whatever the case
// of its letters.
type Search struct {
	Prefix string
	Limit  int // of how many are told; 0: of all
}

// FoundPerson is somebody whom the ledger knows.
type FoundPerson struct {
	UserName    string `json:"userName"`
	DisplayName string `json:"displayName"`
	OktaID      string `json:"oktaId"`
	OmniID      string `json:"omniId,omitempty"`
	Account     string `json:"account"` // in Omni: active, leaving (still active, and no longer assigned in Okta), inactive, none
}

// FoundGroup is a group that the ledger knows.
type FoundGroup struct {
	Name     string `json:"name"` // in Okta
	OmniName string `json:"omniName,omitempty"`
	OktaID   string `json:"oktaId"`
	OmniID   string `json:"omniId,omitempty"`
	Members  int    `json:"members"` // that stand in Omni
	Synced   string `json:"synced"`  // yes, paused (in Okta), no (not in Omni yet)
}

// People gives those who are looked for, by name and as they stand now, and whether there are
// more than were wanted.
func (k *Known) People(ctx context.Context, s Search) (list []FoundPerson, more bool, err error) {
	ids, more, err := k.search(ctx, aboutUser, s)
	list = []FoundPerson{}
	for _, id := range ids {
		u, known, err := state.Read[state.User](ctx, k.store, state.Users, id)
		if err != nil {
			return nil, false, err
		}
		if known {
			list = append(list, FoundPerson{u.UserName, u.DisplayName, id, string(u.Omni), standing(u)})
		}
	}
	return list, more, err
}

func standing(u state.User) string {
	switch {
	case u.Omni == "":
		return "none"
	case !u.Active:
		return "inactive"
	case u.Unassigned != nil:
		return "leaving"
	default:
		return "active"
	}
}

// Groups gives the groups that are looked for, likewise.
func (k *Known) Groups(ctx context.Context, s Search) (list []FoundGroup, more bool, err error) {
	ids, more, err := k.search(ctx, aboutGroup, s)
	list = []FoundGroup{}
	for _, id := range ids {
		g, known, err := state.Read[state.Group](ctx, k.store, state.Groups, id)
		if err != nil {
			return nil, false, err
		}
		if known {
			list = append(list, foundGroup(identity.GroupID(id), g))
		}
	}
	return list, more, err
}

func foundGroup(id identity.GroupID, g state.Group) FoundGroup {
	f := FoundGroup{Name: firstOf(g.Name, g.DisplayName), OmniName: g.DisplayName, OktaID: string(id), OmniID: string(g.Omni), Members: g.Present, Synced: "yes"}
	switch {
	case g.Omni == "":
		f.Synced = "no"
	case g.Paused:
		f.Synced = "paused"
	}
	return f
}

// search gives the ids of those who are looked for. Only their names are gone through: of the
// ledger those alone are read who were found.
func (k *Known) search(ctx context.Context, about string, s Search) (ids []string, more bool, err error) {
	all, err := k.objects(ctx)
	word := " " + strings.ToLower(strings.TrimSpace(s.Prefix))
	for _, o := range all {
		if o.About != about || !strings.Contains(o.words, word) {
			continue
		}
		if s.Limit > 0 && len(ids) == s.Limit {
			return ids, true, err
		}
		ids = append(ids, o.id)
	}
	return ids, false, err
}
