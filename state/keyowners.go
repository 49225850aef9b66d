package state

import (
	"time"

	"github.com/omnisync/omnisync/identity"
)

// Keys is whose the API keys for Omni are, as far as that is known.
type Keys struct {
	Owners []KeyOwner `json:"owners"`
}

// KeyOwner is who made one API key, which acts as that user.
type KeyOwner struct {
	Key      int             `json:"key"`              // its place in omni.api_keys, counted from 1
	Omni     identity.OmniID `json:"omni,omitempty"`   // as Omni tells it; "" where it doesn't
	Named    string          `json:"named,omitempty"`  // in omni.key_owners, folded, where Omni doesn't tell
	Okta     identity.OktaID `json:"okta,omitempty"`   // "" while the ledger knows nobody of the kind
	UserName string          `json:"userName"`         // as the ledger knows it
	Left     time.Time       `json:"left,omitzero"`    // when a run first saw that the user leaves; zero: stays
	Alerted  time.Time       `json:"alerted,omitzero"` // when a person was last told
}
