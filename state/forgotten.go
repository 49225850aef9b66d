package state

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// Forgotten is somebody whose names, addresses and values were replaced by a pseudonym.
// What is left of a name is a sum under a secret of the ledger's: by it an address that
// comes back as another person's is recognised.
type Forgotten struct {
	Okta      identity.OktaID `json:"okta"`
	Omni      identity.OmniID `json:"omni,omitempty"` // that they were last linked to
	Pseudonym string          `json:"pseudonym"`
	At        time.Time       `json:"at"`
	By        string          `json:"by"`
	Salt      []byte          `json:"salt"`           // the secret of Names; one for all of a ledger
	Name      string          `json:"name,omitempty"` // the sum of the userName that Omni's account has
	Names     []string        `json:"names"`          // those of all addresses that they had, by which they are found
	Open      *Remains        `json:"open,omitempty"` // it isn't done everywhere yet
}

// Remains is what is still to be replaced of somebody. It stands in the ledger while that
// is under way, so that it can go on after a crash, and leaves it with the last step.
type Remains struct {
	Addresses []string `json:"addresses,omitempty"` // userNames and email addresses
	Names     []string `json:"names,omitempty"`
	Values    []string `json:"values,omitempty"` // of attributes, and what else tells of nobody by itself
}

// NewPseudonym gives a name that nobody has, and that tells of nobody.
func NewPseudonym() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b) // it never fails
	return "forgotten-" + hex.EncodeToString(b)
}

// NewSalt gives a secret for names.
func NewSalt() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails
	return b
}

// Address is the pseudonym as an address. Mail to it goes nowhere (RFC 2606).
func (f Forgotten) Address() string { return f.Pseudonym + "@forgotten.invalid" }

// KeyedSum gives the sum of a userName, as names are compared, under a secret.
func KeyedSum(salt []byte, userName string) string {
	h := hmac.New(sha256.New, salt)
	_, _ = h.Write([]byte(identity.FoldUserName(userName))) // a hash takes everything
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Archived is what the archive keeps of it.
func (f Forgotten) Archived() Forgotten {
	f.Open = nil
	return f
}
