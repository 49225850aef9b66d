package sync

import (
	"context"

	"github.com/omnisync/omnisync/state"
)

// LinkOrder is a person's word on whose account in Omni one is.
type LinkOrder struct {
	Subject string `json:"subject"`          // whom it is about, by any name that syncd user takes
	OmniID  string `json:"omniId,omitempty"` // of their account; "" where they are to be linked to none
	By      string `json:"by"`
	DryRun  bool   `json:"dryRun,omitempty"`
}

// LinkAnswer tells what became of it.
type LinkAnswer struct {
	UserName string         `json:"userName"` // of the person, in Okta where it tells
	OktaID   string         `json:"oktaId"`
	DryRun   bool           `json:"dryRun"`
	Account  *LinkAccount   `json:"account"`           // that they are linked to by it; null where they are unlinked
	Was      *LinkAccount   `json:"was"`               // that they were linked to, and that stays in Omni as it is; null for none
	Changes  []state.Change `json:"changes,omitempty"` // of a dry run: what the next run would make of it
	Notes    []string       `json:"notes"`             // what a person should know first
}

// LinkAccount is one account in Omni.
type LinkAccount struct {
	OmniID      string   `json:"omniId"`
	UserName    string   `json:"userName"`
	DisplayName string   `json:"displayName"`
	Active      bool     `json:"active"`
	OrgAdmin    bool     `json:"orgAdmin,omitempty"`
	ModelRoles  []string `json:"modelRoles,omitempty"` // that it holds itself, where they were asked for
}

// Relink does what the order asks: a link, or without an account an unlinking.
func (e *Engine) Relink(ctx context.Context, o LinkOrder) (LinkAnswer, error) {
	if o.OmniID == "" {
		return e.Unlink(ctx, o)
	}
	return e.Link(ctx, o)
}
