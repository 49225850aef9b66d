package push_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/push"
)

// While Omni is away an object waits the longer, the more often it was sent away:
// Okta's ten attempts span a day. What Omni answers begins anew.
func TestAwayGrows(t *testing.T) {
	want := []time.Duration{
		30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute,
		time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8 * time.Hour, 8 * time.Hour,
	}
	synctest.Test(t, func(t *testing.T) {
		g := push.NewGate(newFakeOmni(60))
		var got []time.Duration
		for range want {
			letIn(t, g, "ann")(&fault.Error{Kind: fault.Unavailable})
			wait := g.Away("ann")
			got = append(got, wait)
			<-time.After(wait)
		}
		if !slices.Equal(got, want) {
			t.Errorf("the waits are %v", got)
		}
		if wait := g.Away("bob"); wait != want[0] {
			t.Errorf("another object waits for %s", wait)
		}
		letIn(t, g, "ann")(errors.New("no answer"))
		if wait := g.Away("ann"); wait != 8*time.Hour {
			t.Errorf("after a failure it is %s", wait)
		}
		letIn(t, g, "ann")(nil)
		if wait := g.Away("ann"); wait != want[0] {
			t.Errorf("after a success it is %s", wait)
		}
		g.Away("ann")
		letIn(t, g, "ann")(&fault.Error{Kind: fault.Conflict})
		if wait := g.Away("ann"); wait != want[0] {
			t.Errorf("after an answer it is %s", wait)
		}
		g.Away("ann")
		<-time.After(36 * time.Hour)
		if wait := g.Away("ann"); wait != want[0] {
			t.Errorf("after a day and a half it is %s", wait)
		}
	})
}

// The attempts of 50,000 objects are remembered, and not of many more.
func TestAwayIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := push.NewGate(newFakeOmni(60))
		count := func(from, to int) (known int) {
			for i := from; i < to; i++ {
				if g.Away(fmt.Sprint(i)) > 30*time.Second {
					known++
				}
			}
			return known
		}
		count(0, 50_000)
		if n := count(0, 50_000); n != 50_000 {
			t.Errorf("of 50,000 objects %d are known", n)
		}
		count(50_000, 200_000)
		if n := count(0, 50_000); n != 0 {
			t.Errorf("150,000 objects later %d are known", n)
		}
	})
}
