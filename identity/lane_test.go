package identity_test

import (
	"testing"

	"github.com/omnisync/omnisync/identity"
)

// A context without a lane goes with the other changes; the innermost lane counts.
func TestLaneOf(t *testing.T) {
	ctx := t.Context()
	if l := identity.LaneOf(ctx); l != identity.LaneOther {
		t.Errorf("without a lane: %s", l)
	}
	ctx = identity.WithLane(identity.WithLane(ctx, identity.LanePush), identity.LaneName)
	if l := identity.LaneOf(ctx); l != identity.LaneName {
		t.Errorf("the innermost lane is %s", l)
	}
	names := map[string]bool{}
	for l := identity.LaneRemoval; l <= identity.LaneName; l++ {
		names[l.String()] = true
	}
	if len(names) != identity.Lanes || names["no lane"] {
		t.Errorf("the lanes are called %v", names)
	}
}

// Who is waited for goes in the lane of who waits, and what is made from its context too;
// never in a worse one, and not for somebody who has none.
func TestHurry(t *testing.T) {
	holder := identity.WithLane(t.Context(), identity.LanePush)
	inner := identity.WithLane(holder, identity.LaneJoiner)
	raised := identity.Hurried(inner, identity.LaneJoiner)
	for _, tt := range []struct {
		waits identity.Lane // 0: none
		is    bool
		want  identity.Lane
	}{{0, false, identity.LaneJoiner}, {identity.LaneName, false, identity.LaneJoiner}, {identity.LaneRemoval, true, identity.LaneRemoval}, {identity.LaneMove, false, identity.LaneRemoval}} {
		waits := t.Context()
		if tt.waits != 0 {
			waits = identity.WithLane(waits, tt.waits)
		}
		if is := identity.Hurry(holder, waits); is != tt.is || identity.LaneOf(inner) != tt.want {
			t.Errorf("waited for by %s: %t, %s", tt.waits, is, identity.LaneOf(inner))
		}
	}
	select {
	case <-raised:
	default:
		t.Error("nobody is told")
	}
	select {
	case <-identity.Hurried(inner, identity.LaneJoiner):
	default:
		t.Error("who comes late isn't told")
	}
	select {
	case <-identity.Hurried(inner, identity.LaneRemoval):
		t.Error("who knows it is told again")
	default:
	}
	if identity.Hurry(t.Context(), holder) || identity.Hurried(t.Context(), identity.LaneName) != nil {
		t.Error("without a lane there is no hurry")
	}
}
