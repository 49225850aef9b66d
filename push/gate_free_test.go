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

// even is an Omni that takes so many requests a minute.
type even float64

func (e even) Outlook(int) (float64, time.Duration) { return float64(e), 0 }

// Who asks whether the gate is free takes no place by it.
func TestGateFree(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		g := push.NewGate(even(60))
		if !g.Free() {
			t.Error("an empty gate isn't free")
		}
		inside := 0
		for i := range 100 {
			if !g.Free() {
				break
			}
			if _, err := g.Enter(context.Background(), fmt.Sprint(i)); err != nil {
				t.Fatalf("a free gate let number %d not in: %v", i, err)
			}
			inside++
		}
		if inside < 2 || inside > 20 {
			t.Errorf("%d were let in", inside)
		}
		for range 100 {
			if g.Free() {
				t.Error("a full gate is free")
			}
		}
		_, err := g.Enter(context.Background(), "one more")
		refused, ok := errors.AsType[*fault.Error](err)
		if !ok || refused.After > 10*time.Second {
			t.Errorf("who comes next is told %v, as if the others had places", err)
		}
	})
}
