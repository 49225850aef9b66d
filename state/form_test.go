package state_test

import (
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

func TestCheckForm(t *testing.T) {
	for _, c := range []struct{ form, needs, want, hint string }{
		{"1", "", "", ""},
		{"2", "0.1", "", ""},
		{"3", "0.5", "open x: the ledger has form 3, which needs syncd 0.5 or later; this one reads forms up to 2", "run syncd 0.5 or later"},
		{"3", "", "open x: the ledger has form 3, which needs a later syncd; this one reads forms up to 2", "run a later syncd"},
		{"", "", `open x: the ledger's form is "", which no syncd writes`, "another place"},
		{"0", "", `open x: the ledger's form is "0", which no syncd writes`, "another place"},
		{"-1", "", `open x: the ledger's form is "-1", which no syncd writes`, "another place"},
		{"two", "", `open x: the ledger's form is "two", which no syncd writes`, "another place"},
	} {
		err := state.CheckForm("open x", c.form, c.needs)
		if c.want == "" {
			if err != nil {
				t.Errorf("form %q: %v", c.form, err)
			}
			continue
		}
		if !fault.Is(err, fault.Refused) || err.Error() != c.want || !strings.Contains(fault.HintOf(err), c.hint) {
			t.Errorf("form %q gives %v (%s), hint %q", c.form, err, fault.KindOf(err), fault.HintOf(err))
		}
	}
}
