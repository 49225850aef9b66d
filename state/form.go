package state

import (
	"fmt"
	"strconv"

	"github.com/omnisync/omnisync/fault"
)

// Form is the version of a ledger as a whole: what a store keeps, and under
// which names. A store keeps it in the ledger, with Needs beside it, and brings an
// older ledger to this form when its lease is taken, never by reading it.
//
//	1  the first
//	2  entries of streams know their time, batches are counted
const Form = 2

// Needs is the first version of syncd that reads Form. It is stored for the sake
// of older ones: they can tell what to install.
const Needs = "0.1"

// CheckForm refuses a ledger of a newer form than this binary's; op names what
// was tried, form and needs are what stands in the ledger ("" where it has none).
func CheckForm(op, form, needs string) error {
	n, err := strconv.Atoi(form)
	if err != nil || n < 1 {
		return &fault.Error{Kind: fault.Refused, Op: op, Detail: fmt.Sprintf("the ledger's form is %.20q, which no syncd writes", form),
			Hint: "something else wrote it: let state.url name another place"}
	}
	if n <= Form {
		return nil
	}
	newer := "a later syncd"
	if needs != "" {
		newer = "syncd " + needs + " or later"
	}
	return &fault.Error{
		Kind:   fault.Refused,
		Op:     op,
		Detail: fmt.Sprintf("the ledger has form %d, which needs %s; this one reads forms up to %d", n, newer, Form),
		Hint:   "run " + newer + "; nothing in the ledger was changed",
	}
}
