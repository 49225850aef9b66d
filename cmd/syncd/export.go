package main

import (
	"context"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
)

// exportWithin bounds what is exported at the end of a leadership: the lease is still to be
// given back. What is left follows with the next one.
const exportWithin = time.Second

// exporting lets an engine that leads export its log, until the function that it gives is
// called: that one exports the rest, unless the lease is lost.
func exporting(ctx context.Context, e *sync.Engine) (end func()) {
	working, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		e.Exports(working)
	}()
	return func() {
		stop()
		<-ended
		if fault.Is(context.Cause(ctx), fault.Fenced) {
			return
		}
		last, done := context.WithTimeout(context.WithoutCancel(ctx), exportWithin)
		defer done()
		_ = e.Export(last) // it is logged, and tried again by who leads next
	}
}
