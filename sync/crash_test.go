package sync_test

import (
	"flag"
	"strconv"
	"testing"

	"github.com/omnisync/omnisync/sync"
	"pgregory.net/rapid"
)

// Promise 4, crash anywhere: whatever Okta does, whatever fails on both sides, and
// wherever the process is killed or overtaken, in the end Omni is as Okta says,
// nothing is there twice, and what isn't managed is as it was.
func TestPromise4CrashAnywhere(t *testing.T) {
	checks(t, histories)
	rapid.Check(t, func(rt *rapid.T) {
		h := drawHistory(rt)
		if err := live(t, h, mistake{}); err != nil {
			rt.Fatal(err)
		}
	})
}

// checks sets how many histories rapid draws, unless the command line says it.
func checks(t *testing.T, n int) {
	t.Helper()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "rapid.checks" })
	f := flag.Lookup("rapid.checks")
	if said {
		return
	}
	before := f.Value.String()
	if err := f.Value.Set(strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(before) }) // it was valid before
}

// Killed at each step of a first load, before Okta changes its mind about what the
// load was making: whatever was made is found again and becomes what Okta says now.
func TestKilledAtEachStep(t *testing.T) {
	const steps = 40
	company := history{People: 2, Groups: 1, Suspended: "keep", OnUnpush: "delete", AdoptGroups: "ask", AdoptValues: "keep", Workers: 1}
	for _, tt := range []struct {
		name string
		then act
		with func(*history)
	}{
		{name: "nothing changes"},
		{name: "a user is renamed", then: act{Do: "rename"}},
		{name: "a user has another department", then: act{Do: "profile", B: 1}},
		{name: "a user is unassigned", then: act{Do: "unassign"}},
		{name: "a user who had an account is unassigned", then: act{Do: "unassign"}, with: func(h *history) { h.Accounts = 1 }},
		{name: "a user is suspended", then: act{Do: "suspend"}, with: func(h *history) { h.Suspended = "deactivate" }},
		{name: "a group is renamed", then: act{Do: "rename group"}},
		{name: "a group is let go of", then: act{Do: "unpush"}},
		{name: "a group that was there is let go of", then: act{Do: "unpush"}, with: func(h *history) { h.Teams = 1 }},
		{name: "a member leaves", then: act{Do: "leave"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := company
			if tt.with != nil {
				tt.with(&h)
			}
			for stop := 1; stop <= steps; stop++ {
				h.Acts = []act{{Do: "run", Kind: sync.Full, Stop: stop}}
				if tt.then.Do != "" {
					h.Acts = append(h.Acts, tt.then)
				}
				if err := live(t, h, mistake{}); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
