package console_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
)

func TestLeaversTravel(t *testing.T) {
	list, err := client(newDaemon().serve(t)).Leavers(t.Context())
	want, _ := newDaemon().Leavers(t.Context())
	if diff := cmp.Diff(want, list, cmpopts.IgnoreUnexported(sync.Leaver{})); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// The end of a grace is said, then followed by a run about that person alone, and stands
// when that one fails.
func TestLeaveSaysSoThenRuns(t *testing.T) {
	d := newDaemon()
	var asked sync.Request
	run := d.run
	d.run = func(ctx context.Context, r sync.Request) (sync.Report, error) { asked = r; return run(ctx, r) }
	steps := 0
	a := console.Leaving{AtOnce: sync.AtOnce{Subject: "ann@example.com", Confirm: "Ann@example.com", By: "eve"}, Progress: func(sync.Progress) { steps++ }}
	v, report, err := client(d.serve(t)).Leave(t.Context(), a)
	if err != nil || v.OktaID != "00u1" || report.Run != "r3" || steps != 2 || asked.Kind != sync.User || asked.Subject != "00u1" || !asked.Insist || asked.DryRun {
		t.Errorf("%+v, %+v, %d steps, %v; asked %+v", v, report, steps, err, asked)
	}
	if got := <-d.left; got != a.AtOnce {
		t.Errorf("said %+v", got)
	}

	d.run = func(context.Context, sync.Request) (sync.Report, error) {
		return sync.Report{}, &fault.Error{Kind: fault.Unavailable, Op: "read the app"}
	}
	a.By = ""
	if v, _, err := client(d.serve(t)).Leave(t.Context(), a); !fault.Is(err, fault.Unavailable) || v.OktaID != "00u1" || (<-d.left).By != "console" {
		t.Errorf("%+v, %v", v, err)
	}
	a.Subject = "../bob?%"
	if v, _, err := client(d.serve(t)).Leave(t.Context(), a); !fault.Is(err, fault.NotFound) || v.OktaID != "" {
		t.Errorf("nobody: %+v, %v", v, err)
	}
}
