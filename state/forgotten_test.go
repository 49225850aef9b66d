package state_test

import (
	"strings"
	"testing"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Names are recognised as they are compared, under the same secret alone, and a pseudonym is
// an address that a user may have.
func TestForgottenNames(t *testing.T) {
	salt := state.NewSalt()
	sum := state.KeyedSum(salt, "Ada@Acme.co")
	if sum != state.KeyedSum(salt, " ada@acme.co ") || sum == state.KeyedSum(salt, "ada@acme.com") || sum == state.KeyedSum(state.NewSalt(), "ada@acme.co") {
		t.Errorf("the sum %s is another name's, or isn't the name's own", sum)
	}
	f := state.Forgotten{Pseudonym: state.NewPseudonym(), Open: &state.Remains{Addresses: []string{"ada@acme.co"}}}
	if err := identity.CheckUserName(f.Address()); err != nil || !strings.HasPrefix(f.Address(), "forgotten-") {
		t.Errorf("%s: %v", f.Address(), err)
	}
	if state.NewPseudonym() == f.Pseudonym {
		t.Error("two people share a pseudonym")
	}
	if f.Archived().Open != nil || f.Open == nil {
		t.Error("what is archived holds what was to be replaced, or the ledger's record lost it")
	}
}
