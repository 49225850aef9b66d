package console_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Saved knows ann+1 alone.
func (d *daemon) Saved(_ context.Context, who string) ([]state.Saved, error) {
	if who != "ann+1@example.com" {
		return []state.Saved{}, nil
	}
	return []state.Saved{{ID: "s1", Name: "Weekly", UserName: who}}, nil
}

// Restore restores for bob at once, waits for the end of who asks for eve, and knows
// nobody else.
func (d *daemon) Restore(ctx context.Context, r sync.RestoreRequest) (sync.RestoreReport, error) {
	r.Progress(sync.Progress{Run: "r9", Step: "restore", Total: 1})
	switch r.To {
	case "bob":
	case "eve":
		<-ctx.Done()
		d.decided <- sync.Verdict{By: context.Cause(ctx).Error()}
	default:
		return sync.RestoreReport{}, &fault.Error{Kind: fault.Refused, Op: "nobody is " + r.To, Hint: "look"}
	}
	return restored(fmt.Sprintf("%s %q %t %s", r.Who, r.Only, r.DryRun, r.By)), nil
}

func restored(from string) sync.RestoreReport {
	return sync.RestoreReport{Run: "r9", From: from, To: "bob", Outcome: sync.Failing, Notes: []string{"n"}, Schedules: []sync.Restoration{
		{Saved: state.Saved{ID: "s1", Restored: &state.Restored{To: "bob", ID: "s2"}}, State: sync.IsRestored, Lacks: []string{"subject: x"}},
		{Saved: state.Saved{ID: "s3"}, State: sync.CantRestore, Error: "gone", Hint: "h"}}}
}

// What is saved, and what is restored of it, travels whole.
func TestSavedTravels(t *testing.T) {
	url := newDaemon().serve(t)
	c := client(url)
	list, err := c.Saved(t.Context(), "ann+1@example.com")
	if diff := cmp.Diff([]state.Saved{{ID: "s1", Name: "Weekly", UserName: "ann+1@example.com"}}, list); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if a := (knock{method: http.MethodGet, path: "/api/v1/schedules?of=bob", token: token}).send(t, url); a.status != 200 || strings.TrimSpace(a.body) != `{"saved":[]}` {
		t.Errorf("of nobody: %d %s", a.status, a.body)
	}
	if _, err := c.Saved(t.Context(), ""); !fault.Is(err, fault.Refused) {
		t.Errorf("of no name: %v", err)
	}
	var steps []sync.Progress
	for _, by := range []string{"", strings.Repeat("x", 300)} {
		report, err := c.Restore(t.Context(), sync.RestoreRequest{Who: "ann", To: "bob", Only: []string{"Weekly"}, DryRun: true, By: by, Progress: func(p sync.Progress) { steps = append(steps, p) }})
		want := restored(`ann ["Weekly"] true ` + map[bool]string{true: "console", false: strings.Repeat("x", 200)}[by == ""])
		if diff := cmp.Diff(want, report); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	}
	if len(steps) != 2 || steps[0].Step != "restore" {
		t.Errorf("told %+v", steps)
	}
	for _, r := range []sync.RestoreRequest{{Who: "ann", To: "nobody"}, {Who: "ann"}, {To: "bob"}} {
		if _, err := c.Restore(t.Context(), r); !fault.Is(err, fault.Refused) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if _, err := c.Restore(t.Context(), sync.RestoreRequest{Who: "ann", To: "bob"}); err != nil {
		t.Errorf("without a progress function: %v", err)
	}
}

// Who leaves stops the restoring, and is told so.
func TestRestoringStopsWithItsClient(t *testing.T) {
	d := newDaemon()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := client(d.serve(t)).Restore(ctx, sync.RestoreRequest{Who: "ann", To: "eve", Progress: func(sync.Progress) { cancel() }})
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "is stopped after the schedule that is under way") {
		t.Errorf("the client is told %v", err)
	}
	select {
	case v := <-d.decided:
		if v.By != sync.ErrLeft.Error() {
			t.Errorf("it ended because %s", v.By)
		}
	case <-time.After(10 * time.Second):
		t.Error("it goes on")
	}
}
