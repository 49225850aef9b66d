package push_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/push"
)

// filled is a gate that lets nobody in any more, and what lets one of those
// inside out.
func filled(t *testing.T) (*push.Gate, func()) {
	t.Helper()
	g := push.NewGate(newFakeOmni(60))
	var inside []func(error)
	for i := 0; ; i++ {
		leave, err := g.Enter(t.Context(), fmt.Sprint("inside ", i))
		if err != nil {
			break
		}
		inside = append(inside, leave)
	}
	if len(inside) < 5 || len(inside) > 12 {
		t.Fatalf("at one a second %d are let in", len(inside))
	}
	return g, func() {
		inside[0](nil)
		inside = inside[1:]
	}
}

// sentAway enters and gives the place.
func sentAway(t *testing.T, g *push.Gate, key string) time.Duration {
	t.Helper()
	_, err := g.Enter(t.Context(), key)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Limited {
		t.Fatalf("%s is told %v", key, err)
	}
	return f.After
}

func letIn(t *testing.T, g *push.Gate, key string) func(error) {
	t.Helper()
	leave, err := g.Enter(t.Context(), key)
	if err != nil {
		t.Fatalf("%s is told %v", key, err)
	}
	return leave
}

// Two requests for one object have a place each, and keep it against who comes in between.
func TestGateTheSameObjectTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, out := filled(t)
		first := sentAway(t, g, "twin")
		for range 3 {
			sentAway(t, g, "between")
		}
		second := sentAway(t, g, "twin")
		if second != first+4*time.Second {
			t.Errorf("the places are in %s and %s", first, second)
		}
		<-time.After(first)
		out()
		out()
		sentAway(t, g, "newcomer")
		letIn(t, g, "twin")
		sentAway(t, g, "twin") // before the second one's time
		<-time.After(second - first)
		letIn(t, g, "twin")
	})
}

// A place that nobody comes back to lapses a minute after its time, and is kept until then.
func TestGateLapses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, out := filled(t)
		wait := sentAway(t, g, "late")
		for range 4 {
			sentAway(t, g, "behind")
		}
		out()
		out()
		<-time.After(wait + 50*time.Second)
		letIn(t, g, "late")
		sentAway(t, g, "newcomer") // while those behind may still come
		<-time.After(80 * time.Second)
		letIn(t, g, "newcomer")
	})
}

// Who waits is told later times only as long as places are kept.
func TestGateBoundsItsPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := filled(t)
		sentAway(t, g, "0")
		before, latest := 0, time.Duration(0)
		for i := 1; i < 60_000; i++ {
			if wait := sentAway(t, g, fmt.Sprint(i)); wait > latest {
				before, latest = i, wait
			}
		}
		if before < 49_000 || before > 50_000 {
			t.Errorf("%d places are kept, the last in %s", before, latest)
		}
	})
}

func TestGateBoundsThePlacesOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := filled(t)
		for range 10_000 {
			sentAway(t, g, "eager")
		}
		if wait := sentAway(t, g, "other"); wait > 3*time.Minute {
			t.Errorf("an object that repeats itself makes another wait for %s", wait)
		}
	})
}

// Work that didn't get done in time gets the front place.
func TestGateAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := filled(t)
		for i := range 500 {
			sentAway(t, g, fmt.Sprint(i))
		}
		if last, again := sentAway(t, g, "last"), g.Again("unlucky"); again > 10*time.Second || last < 5*time.Minute {
			t.Errorf("again in %s, the last in %s", again, last)
		}
		<-time.After(10 * time.Second)
		letIn(t, g, "unlucky")
	})
}

// Leaving twice makes room for one, and whoever has gone away asks for nothing.
func TestGateLeavesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := push.NewGate(newFakeOmni(6))
		leave := letIn(t, g, "a")
		letIn(t, g, "b")
		leave(nil)
		leave(nil)
		letIn(t, g, "c")
		sentAway(t, g, "d")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := g.Enter(ctx, "e"); !errors.Is(err, context.Canceled) {
			t.Errorf("who has gone is told %v", err)
		}
	})
}
