package identity_test

import (
	"encoding/json"
	"testing"

	"github.com/omnisync/omnisync/identity"
)

// Parts are apart: what moves from one into the next makes another print.
func TestPrintsTellPartsApart(t *testing.T) {
	seen := map[identity.Print]string{}
	for name, parts := range map[string][][]byte{
		"none": {}, "one empty": {nil}, "two empty": {nil, nil}, "ab": {[]byte("ab")}, "a b": {[]byte("a"), []byte("b")},
		"ab and nothing": {[]byte("ab"), nil}, "nothing and ab": {nil, []byte("ab")},
	} {
		p := identity.PrintOf(parts...)
		if other, twice := seen[p]; twice || p == (identity.Print{}) {
			t.Errorf("%q and %q have one print %x", name, other, p)
		}
		seen[p] = name
		if p != identity.PrintOf(parts...) {
			t.Errorf("%q has two prints", name)
		}
	}
}

func TestPrintRoundTrip(t *testing.T) {
	p := identity.PrintOf([]byte("x"))
	b, err := json.Marshal(p)
	var back identity.Print
	if err != nil || json.Unmarshal(b, &back) != nil || back != p {
		t.Errorf("%x became %s and %x (%v)", p, b, back, err)
	}
	for _, text := range []string{`""`, `"AAAA"`, `"!"`, `"AAAAAAAAAAAAAAAAAAAAAAAA"`} {
		if json.Unmarshal([]byte(text), &back) == nil {
			t.Errorf("%s passes for a print", text)
		}
	}
}
