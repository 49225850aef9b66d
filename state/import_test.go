package state_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

func TestImportWantsAnEmptyLedger(t *testing.T) {
	text, moved := export(t, full(t, inFile(t), 1))
	for name, fill := range map[string]func(*state.Batch){
		"it is that of Okta": func(b *state.Batch) {
			state.Put(b, state.Meta, "connection", state.Connection{Org: acme.Org, App: acme.App, Omni: acme.Omni})
		},
		"records in users":   func(b *state.Batch) { state.PutUser(b, "00u1", user) },
		"records in groups":  func(b *state.Batch) { state.Put(b, state.Groups, "00g1", group) },
		"records in held":    func(b *state.Batch) { state.Put(b, state.Holds, "k", state.Hold{}) },
		"records in failing": func(b *state.Batch) { state.Put(b, state.Failing, "k", state.Failure{}) },
		"entries in log":     func(b *state.Batch) { state.Add(b, state.Log, change) },
		"entries in runs":    func(b *state.Batch) { state.Add(b, state.Runs, state.Run{}) },
		"another export": func(b *state.Batch) {
			state.Put(b, state.Meta, "connection", state.Connection{Org: acme.Org, Importing: &state.Importing{SHA256: "x"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			to := inFile(t)
			var b state.Batch
			fill(&b)
			to.write(t, b)
			before := contents(t, to)
			_, err := state.Import(t.Context(), to, to.fence, strings.NewReader(text), acme)
			for _, err := range []error{err, state.Importable(t.Context(), to, moved)} {
				if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), name) || fault.HintOf(err) == "" {
					t.Errorf("it says %v", err)
				}
			}
			wantContents(t, to, before)
		})
	}
}

// breaking fails from its nth batch on; the answer of that batch is lost where
// wrote is set.
type breaking struct {
	state.Store
	n     int
	wrote bool
}

func (s *breaking) Apply(ctx context.Context, f state.Fence, b state.Batch) error {
	if s.n--; s.n > 0 {
		return s.Store.Apply(ctx, f, b)
	}
	if s.n == 0 && s.wrote {
		if err := s.Store.Apply(ctx, f, b); err != nil {
			return err
		}
	}
	return &fault.Error{Kind: fault.Unavailable, Op: "write", Err: errors.New("cut")}
}

// TestImportGoesOn breaks an import at each batch, with the batch written and
// not. What is there is no ledger until the import has been repeated.
func TestImportGoesOn(t *testing.T) {
	from := full(t, inFile(t), 1100)
	wanted := contents(t, from)
	text, moved := export(t, from)
	broken := 0
	for n := 1; ; n++ {
		for _, wrote := range []bool{false, true} {
			to := inFile(t)
			_, err := state.Import(t.Context(), &breaking{to, n, wrote}, to.fence, strings.NewReader(text), acme)
			if err == nil {
				if broken < 8 {
					t.Errorf("the import had only %d batches to break at", broken/2)
				}
				return
			}
			broken++
			if !isPart(t, to, moved) { // only the last answer was lost
				wantContents(t, to, wanted)
				continue
			}
			if _, err := state.Import(t.Context(), to, to.fence, strings.NewReader(text), acme); err != nil {
				t.Fatalf("broken at batch %d (written: %t), again: %v", n, wrote, err)
			}
			wantContents(t, to, wanted)
		}
	}
}

// isPart wants a ledger that says it isn't whole, or is empty; false when it is whole.
func isPart(t *testing.T, to *ledger, moved state.Moved) bool {
	t.Helper()
	c, known, err := state.Read[state.Connection](t.Context(), to, state.Meta, "connection")
	if err != nil {
		t.Fatal(err)
	}
	if !known {
		wantContents(t, to, nil)
		return true
	}
	if c.Whole() == nil {
		return false
	}
	if !fault.Is(c.Whole(), fault.Refused) || fault.HintOf(c.Whole()) == "" {
		t.Errorf("a part of a ledger says %v", c.Whole())
	}
	if _, err := state.Export(t.Context(), to, new(bytes.Buffer), "acme", noon); !fault.Is(err, fault.Refused) {
		t.Errorf("a part of a ledger was exported: %v", err)
	}
	if err := state.Importable(t.Context(), to, moved); err != nil {
		t.Errorf("the import can't go on: %v", err)
	}
	return true
}

// changing gives another text the second time that it is read.
type changing struct {
	*strings.Reader
	second string
}

func (c *changing) Seek(offset int64, whence int) (int64, error) {
	c.Reset(c.second)
	return c.Reader.Seek(offset, whence)
}

func TestAnExportThatChangesWhileItIsReadIsNoLedger(t *testing.T) {
	text, _ := export(t, full(t, inFile(t), 1))
	other, _ := export(t, full(t, inFile(t), 2))
	to := inFile(t)
	_, err := state.Import(t.Context(), to, to.fence, &changing{strings.NewReader(text), other}, acme)
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "changed in the meantime") {
		t.Errorf("it says %v", err)
	}
	c, _, err := state.Read[state.Connection](t.Context(), to, state.Meta, "connection")
	if err != nil || c.Whole() == nil {
		t.Errorf("it passes for a whole ledger: %v", err)
	}
}
