package main

import (
	"context"
	"time"

	"github.com/omnisync/omnisync/fault"
)

const (
	// exportWithin bounds what is exported at the end of a leadership: the lease is still to be
	// given back. What is left follows with the next one.
	exportWithin = time.Second
	// exportHangs is when the end isn't waited for any longer: the file doesn't answer, which no
	// context ends.
	exportHangs = 3 * time.Second
)

// exporter is what an engine does of exports.
type exporter interface {
	Exports(ctx context.Context)
	Export(ctx context.Context) error
}

// exporting lets an engine that leads export its log, until the function that it gives is
// called: that one exports the rest, unless the lease is lost.
func exporting(ctx context.Context, e exporter) (end func()) {
	working, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		e.Exports(working)
		if fault.Is(context.Cause(ctx), fault.Fenced) {
			return
		}
		last, done := context.WithTimeout(context.WithoutCancel(ctx), exportWithin)
		defer done()
		_ = e.Export(last) // it is logged, and tried again by who leads next
	}()
	return func() {
		stop()
		late := time.NewTimer(exportHangs)
		defer late.Stop()
		select {
		case <-ended:
		case <-late.C:
		}
	}
}
