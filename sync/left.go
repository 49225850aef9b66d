package sync

import "context"

// ErrLeft is the cause that ends a run's context when who asked for it leaves, and wanted
// the run to end then (Request.Attached). It is a context.Canceled.
var ErrLeft error = askerLeft{}

type askerLeft struct{}

func (askerLeft) Error() string { return "stopped by who asked for it" }

func (askerLeft) Is(target error) bool { return target == context.Canceled }
