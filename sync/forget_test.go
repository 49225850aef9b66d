package sync_test

import (
	"strings"
	"testing"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Nothing of somebody who is forgotten is left in ledger, log, archive, saved schedules or
// exports; ids, times and kinds are. Later runs don't bring it back, and a second forgetting
// says that there is nothing left.
func TestForgetLeavesNoTrace(t *testing.T) {
	for name, open := range oblivions {
		t.Run(name, func(t *testing.T) {
			s, bytes := open(t)
			o := newOblivion(t, s, bytes)
			o.crowds()
			for place, text := range o.everywhere() {
				if !strings.Contains(strings.ToLower(text), marks) && place != "explain" {
					t.Errorf("there is nothing to forget in %s", place)
				}
			}
			before := o.history()
			dry, err := o.engine.Forget(t.Context(), sync.Forgetting{Subject: markNow, By: "grace", DryRun: true})
			if err != nil || dry.Pseudonym != "" || !dry.DryRun || len(dry.Places) != 6 {
				t.Fatalf("the dry run tells %+v, %v", dry, err)
			}
			told, err := o.forget(markNow)
			if err != nil {
				t.Fatal(err)
			}
			if told.OktaID != o.mark || told.Already || told.By != "grace" || len(told.Places) != 6 {
				t.Errorf("it tells %+v", told)
			}
			for i, p := range dry.Places {
				if told.Places[i] != p {
					t.Errorf("the dry run told %+v, and it was %+v", dry.Places, told.Places)
				}
			}
			if (len(told.Notes) == 0) == (name == "redis") {
				t.Errorf("still to do: %q", told.Notes)
			}
			o.traceless("at once")
			after := o.history()
			if len(after) != len(before)+1 || after[0].Kind != "forget" || after[0].OktaID != o.mark || !strings.Contains(after[0].Reason, "grace") {
				t.Errorf("the history begins with %+v", after[0])
			}
			for i, c := range before {
				now := after[i+1]
				if now.Kind != c.Kind || now.OktaID != c.OktaID || !now.Time.Equal(c.Time) || now.State != c.State || now.Run != c.Run {
					t.Errorf("%+v became %+v", c, now)
				}
			}
			for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
				o.omni.ResetLog()
				o.run(kind)
				if n := o.omni.Writes(); n != 0 {
					t.Errorf("a %s run wrote %d times", kind, n)
				}
			}
			o.export()
			sameLines(t, changesIn(t, o.audit), oldestFirst(t.Context(), o.store))
			o.traceless("after later runs")
			again, err := o.forget(markNow)
			if err != nil || !again.Already || again.Pseudonym != told.Pseudonym || !again.At.Equal(told.At) {
				t.Errorf("the second time it tells %+v, %v", again, err)
			}
			if rec := o.record(o.mark); !rec.Forgotten || string(rec.Omni) != o.omniM || rec.UserName != told.Pseudonym+"@forgotten.invalid" {
				t.Errorf("the record is %+v", rec)
			}
		})
	}
}

// What stands of others stays as it is.
func TestForgetLeavesOthers(t *testing.T) {
	s, bytes := oblivions["bolt"](t)
	o := newOblivion(t, s, bytes)
	before := o.record(o.other)
	if _, err := o.forget(o.mark); err != nil {
		t.Fatal(err)
	}
	if after := o.record(o.other); after.UserName != before.UserName || after.DisplayName != before.DisplayName || len(after.Attributes) != len(before.Attributes) || after.Seen != before.Seen {
		t.Errorf("%+v became %+v", before, after)
	}
	if plain := o.unsealed(); strings.Count(plain, `"ada@acme.co"`) != 3 || strings.Count(plain, "12345678901234567890") != 3 {
		t.Errorf("what was saved is\n%s", plain)
	}
	hold, there, err := state.Read[state.Hold](t.Context(), o.store, state.Holds, "deactivate:00ubob")
	if err != nil || !there || hold.Change.UserName != "bob@acme.co" || hold.Why.Actor.ID != o.mark {
		t.Errorf("the other's hold is %+v, %v", hold, err)
	}
}
