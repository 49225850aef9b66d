package console_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
)

// The subject travels as it is, and the answer whole.
func TestExplain(t *testing.T) {
	c := client(newDaemon().serve(t))
	x, err := c.Explain(t.Context(), "ann+1@example.com")
	want := sync.Explanation{Subject: "ann+1@example.com", Kind: "person", Answer: "Ann has access", Sentences: []sync.Step{{Name: "omni", Text: "there", Doubt: true}}}
	if diff := cmp.Diff(want, x); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := c.Explain(t.Context(), "bob"); !fault.Is(err, fault.NotFound) || fault.HintOf(err) != "look" {
		t.Errorf("nobody: %v", err)
	}
	if _, err := c.Explain(t.Context(), ""); !fault.Is(err, fault.Refused) {
		t.Errorf("no subject: %v", err)
	}
}

// A run about one person names the person, insists, and is the only one that may.
func TestUserRunTravels(t *testing.T) {
	d := newDaemon()
	c := client(d.serve(t))
	run := d.run
	var asked sync.Request
	d.run = func(ctx context.Context, r sync.Request) (sync.Report, error) { asked = r; return run(ctx, r) }
	report, err := c.Run(t.Context(), sync.Request{Kind: sync.User, Subject: "ann@example.com", DryRun: true})
	if err != nil || report.Kind != sync.User || asked.Subject != "ann@example.com" || !asked.Insist || !asked.DryRun {
		t.Errorf("%+v, %v; asked %+v", report, err, asked)
	}
	for _, r := range []sync.Request{{Kind: sync.User}, {Kind: sync.Full, Subject: "ann@example.com"}} {
		if _, err := c.Run(t.Context(), r); !fault.Is(err, fault.Refused) {
			t.Errorf("%+v: %v", r, err)
		}
	}
}
