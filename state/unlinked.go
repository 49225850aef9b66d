package state

import (
	"time"

	"github.com/omnisync/omnisync/identity"
)

// Unlinked is a person's word that somebody isn't the one whose account they were linked
// to. Until somebody decides, they are linked to none. It ends with a new link, with an
// approval, and with the assignment.
type Unlinked struct {
	By       string          `json:"by"`
	At       time.Time       `json:"at"`
	Omni     identity.OmniID `json:"omni"`     // that they were linked to; it stays as it is
	UserName string          `json:"userName"` // of that account
}

// ArchivedTie is what a person said last about somebody's link: the account that they are
// linked to, or that they are linked to none.
type ArchivedTie struct {
	Okta     identity.OktaID `json:"okta,omitempty"`
	Omni     identity.OmniID `json:"omni,omitempty"` // "" where what was said before counts no more
	By       string          `json:"by,omitempty"`
	At       time.Time       `json:"at"`
	Unlinked bool            `json:"unlinked,omitempty"` // from Omni
	Rebound  bool            `json:"rebound,omitempty"`  // the ledger was bound to other sides: no earlier link counts any more
}
