package main

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// A grace is ended at once, whatever run is under way, and who isn't confirmed stays.
func TestDeskEndsGraces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y, w := newTray(t), newWorkers(10*time.Second)
		y.list <- []state.Errand{runErrand(t, "a"), {ID: "b", Kind: errandLeave, Request: []byte(`{"subject":"00u1","confirm":"ann","by":"eve"}`)},
			{ID: "c", Kind: errandLeave, Request: []byte(`{"subject":"00u2"}`)}, {ID: "d", Kind: errandLeave}}
		attending(t, y, w, func(func()) {
			passes(500 * time.Millisecond)
			if diff := cmp.Diff([]string{"00u1", "00u2"}, since(w.decide)); diff != "" {
				t.Error(diff)
			}
			for id, want := range map[string]string{"b": " leaver/ann", "c": " refused/not confirmed"} {
				if diff := cmp.Diff([]string{"", want}, y.all(id)); diff != "" {
					t.Errorf("%s: %s", id, diff)
				}
			}
			if d := strings.Join(y.all("d"), "|"); !strings.Contains(d, " refused/") {
				t.Errorf("an errand without a request was told %s", d)
			}
		})
	})
}

// TestErrandsLeave ends a grace through a standby and through a command line without a
// daemon, and lists who leaves by each.
func TestErrandsLeave(t *testing.T) {
	t.Parallel()
	p := newPair(t, 4)
	all := []*replica{p.leader, p.standby, p.bare}
	p.configure(all, "grace: 0s", "grace: 24h")
	p.again()
	p.leave(2)
	if status, out := p.standby.run("reconcile"); status != 0 {
		t.Fatalf("a run exits with %d:\n%s", status, out)
	}
	for i, r := range []*replica{p.standby, p.bare} {
		status, out := r.run("leavers", "--json")
		var list struct{ Leavers []sync.Leaver }
		if status != 0 || json.Unmarshal([]byte(out), &list) != nil || len(list.Leavers) != 2-i {
			t.Fatalf("leavers by %s exits with %d:\n%s", r.name, status, out)
		}
		name := list.Leavers[0].UserName
		status, out = r.run("leave", name, "--now", "--confirm", name, "--json")
		var answer left
		document := out[strings.Index(out+"{", "{"):] // before it stands what the run told of its steps
		if status != 0 || json.Unmarshal([]byte(document), &answer) != nil || answer.Leaver.AtOnce == nil || answer.Outcome != sync.Done {
			t.Errorf("leave by %s exits with %d:\n%s", r.name, status, out)
		}
		if status, out = r.run("leave", name, "--now", "--confirm", name); status != exitFailed || !strings.Contains(out, "nobody who is on the way out is known as") {
			t.Errorf("once more by %s exits with %d:\n%s", r.name, status, out)
		}
	}
	if d := p.difference(); d != "" {
		t.Error(d)
	}
	p.leavesNothing(5 * time.Second)
}
