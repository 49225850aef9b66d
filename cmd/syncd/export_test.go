package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
)

// slowDisk is an export whose file answers when it is let.
type slowDisk struct {
	answers chan struct{}
	rest    int // how often what was left was exported
}

func (d *slowDisk) Exports(ctx context.Context) {
	<-ctx.Done()
	<-d.answers
}

func (d *slowDisk) Export(context.Context) error {
	d.rest++
	return nil
}

// A leadership ends with what is left exported, but for one that has lost its lease, and
// whether the file answers or not.
func TestTheEndOfAnExport(t *testing.T) {
	for name, tt := range map[string]struct {
		answers bool
		cause   error
		rest    int
		within  time.Duration
	}{
		"answers":      {true, nil, 1, 0},
		"interrupted":  {true, errors.New("interrupted"), 1, 0},
		"fenced":       {true, &fault.Error{Kind: fault.Fenced, Op: "the lease is lost"}, 0, 0},
		"doesn't":      {false, nil, 0, exportHangs},
		"nor when out": {false, &fault.Error{Kind: fault.Fenced, Op: "the lease is lost"}, 0, exportHangs},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &slowDisk{answers: make(chan struct{})}
				if tt.answers {
					close(d.answers)
				} else {
					defer close(d.answers)
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				end := exporting(ctx, d)
				if tt.cause != nil {
					cancel(tt.cause)
				}
				began := time.Now()
				end()
				if d.rest != tt.rest || time.Since(began) != tt.within {
					t.Errorf("it ended after %s, and exported what was left %d times", time.Since(began), d.rest)
				}
			})
		})
	}
}
