package check_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/fault"
)

// TestWhatIsSaved: what leavers own is encrypted and on a disk, or the check says what
// it takes.
func TestWhatIsSaved(t *testing.T) {
	unable := &fault.Error{Kind: fault.Refused, Op: "confirm the ledger on redis:6379", Detail: "no", Hint: "set appendonly yes"}
	late := &fault.Error{Kind: fault.Unavailable, Op: "confirm", Detail: "it takes long"}
	for _, tt := range []struct {
		saved check.Saved
		want  check.State
		text  string // found, problem and remedy hold it
	}{
		{check.Saved{Key: "78383a54771b", Archive: "archive"}, check.OK, "encrypted with the key 78383a54771b of state.key; kept in the archive, archive"},
		{check.Saved{Key: "78383a54771b", File: "archive/acme.key", Archive: "archive"}, check.OK, "with the key 78383a54771b in archive/acme.key; kept"},
		{check.Saved{File: "syncd.db.key"}, check.OK, "a key is made with the first, in syncd.db.key; kept in the ledger, which is on its disk"},
		{check.Saved{Key: "78383a54771b", Durable: unable}, check.Failed, "write state.archive: archive, for a directory on this machine; or set appendonly yes"},
		{check.Saved{Key: "78383a54771b", Durable: late}, check.Warning, "it takes long"},
		{check.Saved{Key: "78383a54771b", Archive: "archive", Durable: unable}, check.OK, "kept in the archive"},
		{check.Saved{KeyErr: errors.New("archive/acme.key: it holds no key"), Archive: "archive"}, check.Failed, "it holds no key: who owns something keeps the membership"},
	} {
		s := sound()
		s.config.Saves, s.ledger.Saved = true, tt.saved
		f := find(t, s.run(t), "state.saved")
		if told := f.Found + "\n" + f.Problem + "\n" + f.Remedy; f.State != tt.want || !strings.Contains(told, tt.text) {
			t.Errorf("%+v: %s: %s; want %s: %s", tt.saved, f.State, told, tt.want, tt.text)
		}
	}
	s := sound()
	s.config.Saves, s.ledger.Err = true, errors.New("no store")
	if f := find(t, s.run(t), "state.saved"); f.State != check.Skipped {
		t.Errorf("without a store: %+v", f)
	}
	for _, f := range sound().run(t).Checks {
		if f.ID == "state.saved" {
			t.Errorf("nothing is saved: %+v", f)
		}
	}
}

// TestWhoTakesOver looks up who is named, a few at most.
func TestWhoTakesOver(t *testing.T) {
	const ann, bob, gone = "ann@acme.co", "bob@acme.co", "gone@acme.co"
	many := []string{ann}
	for i := range 12 {
		many = append(many, fmt.Sprintf("m%d@acme.co", i))
	}
	for _, tt := range []struct {
		named   []string
		guessed int
		want    check.State
		text    string
		looked  int
	}{
		{[]string{ann}, 0, check.OK, "1 of 1 user that are named are active in Omni", 1},
		{[]string{gone}, 0, check.Failed, "nobody can take over, and who owns something keeps the membership: gone@acme.co (deprovision.handover.to[0]) isn't in Omni", 1},
		{[]string{bob}, 0, check.Failed, "bob@acme.co (deprovision.handover.to[0]) isn't active in Omni", 1},
		{[]string{gone, ann}, 0, check.Warning, "passed over: gone@acme.co", 2},
		{[]string{gone}, 1, check.Warning, "passed over: gone@acme.co", 1},
		{many, 0, check.Warning, "; 3 more weren't looked up", 10},
	} {
		s := sound()
		s.omni.active = map[string]bool{ann: true, bob: false}
		s.config.Guessed = tt.guessed
		for i, name := range tt.named {
			s.config.Heirs = append(s.config.Heirs, check.Named{Path: fmt.Sprintf("deprovision.handover.to[%d]", i), Email: name})
		}
		f := find(t, s.run(t), "deprovision.handover.to")
		if told := f.Found + "\n" + f.Problem; f.State != tt.want || !strings.Contains(told, tt.text) || s.omni.looked != tt.looked || (f.Remedy == "") != (tt.want == check.OK) {
			t.Errorf("%v: %s: %s, %d look-ups; want %s: %s", tt.named, f.State, told, s.omni.looked, tt.want, tt.text)
		}
	}
	s := sound()
	s.omni.keys = []error{&fault.Error{Kind: fault.Unauthorized}}
	s.config.Heirs = []check.Named{{Path: "deprovision.handover.to[0]", Email: ann}}
	if f := find(t, s.run(t), "deprovision.handover.to"); f.State != check.Skipped || s.omni.looked != 0 {
		t.Errorf("with no key that works: %+v", f)
	}
}

func TestWhomExpressionsName(t *testing.T) {
	const path = "deprovision.handover.to[1]"
	for field, want := range map[string]check.State{"region": check.OK, "manager": check.Warning, "": check.Failed} {
		s := sound()
		s.reads(path, field)
		f := find(t, s.run(t), path)
		if f.State != want || want != check.OK && !strings.Contains(f.Remedy, path) || strings.Contains(f.Remedy, "nothing is written") {
			t.Errorf("%q: %+v, want %s", field, f, want)
		}
	}
}
