package sync

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/omnisync/omnisync/identity"
)

// Nothing is given to somebody at the end of their way out, and nobody's ends while something
// is given to them.
func TestWaysThatMeet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ann = identity.OmniID("ann")
		var w ways
		ends, err := w.end(t.Context(), ann)
		if _, offered := w.give(ann); err != nil || offered {
			t.Errorf("given to who ends: %v, offered %t", err, offered)
		}
		ends()
		first, one := w.give(ann)
		second, two := w.give(ann)
		ended := make(chan error, 1)
		go func() {
			_, err := w.end(t.Context(), ann)
			ended <- err
		}()
		synctest.Wait()
		if _, more := w.give(ann); !one || !two || more || len(ended) > 0 {
			t.Error("it ends while two things are given, or a third is begun")
		}
		first()
		synctest.Wait()
		if len(ended) > 0 {
			t.Error("it ends while one is")
		}
		second()
		if err := <-ended; err != nil || len(w.giving) > 0 {
			t.Errorf("it doesn't end: %v", err)
		}
	})
}

// Who is stopped while waiting leaves nothing behind.
func TestWaysAreLeft(t *testing.T) {
	var w ways
	over, _ := w.give("ann")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := w.end(ctx, "ann"); err == nil || len(w.ending) > 0 {
		t.Errorf("%v, %v", err, w.ending)
	}
	over()
}
