package sync

import "testing"

// Whom a push told of under a key of our own is one with whom the reading tells of
// under the same name, but for somebody whose membership is over.
func TestOwnUsersMeet(t *testing.T) {
	for ledger, meets := range map[string]bool{
		"scim-1 active name=ada@x.co":              true,
		"scim-1 active name=ADA@x.co since=-1h":    true,
		"scim-1 inactive name=ada@x.co":            true,
		"scim-1 inactive name=ada@x.co since=-1h":  false,
		"scim-1 active name=bob@x.co":              false,
		"scim-1 active name=ada@x.co\nada active":  false,
		"other inactive name=ada@x.co since=-100h": false,
	} {
		s := scene{"ada assigned", ledger}
		if got := ownUsers(s.desired(), s.books()); (len(got) == 1 && got["scim-1"] == "ada") != meets {
			t.Errorf("%s: %v, want them to meet: %t", ledger, got, meets)
		}
	}
}
