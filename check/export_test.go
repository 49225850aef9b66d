package check_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/fault"
)

// TestTheExport: the file of log.export can be written, or the check says what it takes.
func TestTheExport(t *testing.T) {
	for _, tt := range []struct {
		export check.Export
		want   check.State
		text   string // found, problem and remedy hold it
	}{
		{check.Export{Path: "audit.jsonl"}, check.OK, "audit.jsonl"},
		{check.Export{Path: "logs/audit.jsonl", Err: &fault.Error{Op: "look at log.export", Detail: "no directory", Hint: "make the directory"}}, check.Failed, "make the directory"},
		{check.Export{Path: "audit.jsonl", Err: errors.New("no")}, check.Failed, "let log.export name another file"},
	} {
		s := sound()
		s.ledger.Export, s.ledger.Err = tt.export, errors.New("no store")
		f := find(t, s.run(t), "state.export")
		if told := f.Found + "\n" + f.Problem + "\n" + f.Remedy; f.State != tt.want || !strings.Contains(told, tt.text) {
			t.Errorf("%+v: %s: %s; want %s: %s", tt.export, f.State, told, tt.want, tt.text)
		}
	}
	if slices.ContainsFunc(sound().run(t).Checks, func(f check.Finding) bool { return f.ID == "state.export" }) {
		t.Error("nothing is exported")
	}
}
