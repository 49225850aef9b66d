package console_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

func TestStatusArrivesWhole(t *testing.T) {
	d := newDaemon()
	got, err := client(d.serve(t)).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, _ := d.status()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRunTellsItsSteps(t *testing.T) {
	d := newDaemon()
	var asked sync.Request
	inner := d.run
	d.run = func(ctx context.Context, r sync.Request) (sync.Report, error) { asked = r; return inner(ctx, r) }
	c := client(d.serve(t))
	for _, want := range []sync.Request{
		{Kind: sync.Full, DryRun: true, Cause: "command"},
		{Kind: sync.Reconcile, Insist: true, Cause: "command"},
	} {
		var steps []sync.Progress
		report, err := c.Run(t.Context(), sync.Request{Kind: want.Kind, DryRun: want.DryRun,
			Progress: func(p sync.Progress) { steps = append(steps, p) }})
		if err != nil || report.Run != "r3" || report.Kind != want.Kind {
			t.Errorf("report %+v, %v", report, err)
		}
		if diff := cmp.Diff([]sync.Progress{{Run: "r3", Step: "read"}, applying()}, steps); diff != "" {
			t.Error(diff)
		}
		asked.Progress = nil
		if diff := cmp.Diff(want, asked, cmpopts.IgnoreUnexported(sync.Request{})); diff != "" {
			t.Errorf("the engine was asked for something else: %s", diff)
		}
	}
	if _, err := c.Run(t.Context(), sync.Request{Kind: sync.Full}); err != nil {
		t.Errorf("without a progress function: %v", err)
	}
}

func TestFaultsKeepTheirKindOnTheWay(t *testing.T) {
	d := newDaemon()
	url := d.serve(t)
	for kind := fault.Other; kind <= fault.Fenced; kind++ {
		cause := &fault.Error{Kind: kind, Op: "read the app", Detail: "it said no", Hint: "ask it again"}
		d.status = func() (sync.Status, error) { return sync.Status{}, cause }
		d.run = func(context.Context, sync.Request) (sync.Report, error) { return sync.Report{}, cause }
		_, before := client(url).Status(t.Context())
		_, within := client(url).Run(t.Context(), sync.Request{Kind: sync.Full})
		for _, err := range []error{before, within} {
			if fault.KindOf(err) != kind || err.Error() != cause.Error() || fault.HintOf(err) != "ask it again" {
				t.Errorf("%v arrives as %v: %v", kind, fault.KindOf(err), err)
			}
		}
	}
}

func TestApproveDecidesThenRuns(t *testing.T) {
	d := newDaemon()
	steps := 0
	decided, report, err := client(d.serve(t)).Approve(t.Context(), console.Decision{Verdict: sync.Verdict{Run: "r1", By: "ann on host7", Only: []string{"ann@example.com"}, Except: []string{"*@b"}, Hash: "abc"},
		Progress: func(sync.Progress) { steps++ }})
	if err != nil || report.Run != "r3" || report.Kind != sync.Full || steps != 2 {
		t.Errorf("report %+v, %d steps, %v", report, steps, err)
	}
	if diff := cmp.Diff(sync.Decided{Run: "r1", Decided: []state.Change{leaver()}, Still: []string{"r2"}, Already: []string{}}, decided); diff != "" {
		t.Error(diff)
	}
	want := sync.Verdict{Run: "r1", Decision: state.Approved, By: "ann on host7", Only: []string{"ann@example.com"}, Except: []string{"*@b"}, Hash: "abc"}
	if diff := cmp.Diff(want, <-d.decided); diff != "" {
		t.Error(diff)
	}
}

func TestApprovalStandsWhenItsRunFails(t *testing.T) {
	d := newDaemon()
	d.run = func(context.Context, sync.Request) (sync.Report, error) {
		return sync.Report{}, &fault.Error{Kind: fault.Unavailable, Op: "read the app"}
	}
	decided, _, err := client(d.serve(t)).Approve(t.Context(), console.Decision{Verdict: sync.Verdict{Run: "r1"}})
	if !fault.Is(err, fault.Unavailable) || decided.Run != "r1" || len(decided.Decided) != 1 {
		t.Errorf("decided %+v, %v", decided, err)
	}
	if got := <-d.decided; got.By != "console" {
		t.Errorf("nobody's decision is by %q", got.By)
	}
}

func TestRejectDecidesAndRunsNothing(t *testing.T) {
	d := newDaemon()
	d.run = func(context.Context, sync.Request) (sync.Report, error) { panic("a rejection needs no run") }
	decided, err := client(d.serve(t)).Reject(t.Context(), console.Decision{Verdict: sync.Verdict{Run: "r1", By: strings.Repeat("x", 500)}})
	if err != nil || decided.Run != "r1" {
		t.Errorf("%+v, %v", decided, err)
	}
	if got := <-d.decided; got.Decision != state.Rejected || len(got.By) != 200 {
		t.Errorf("decided: %+v", got)
	}
}

func TestRunNamesMayHoldAnything(t *testing.T) {
	_, err := client(newDaemon().serve(t)).Reject(t.Context(), console.Decision{Verdict: sync.Verdict{Run: "../r1/x y?%"}})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("a strange run name answers %v", err)
	}
}

func TestRunOutlivesItsClient(t *testing.T) {
	d := newDaemon()
	begun, proceed, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	d.run = func(ctx context.Context, r sync.Request) (sync.Report, error) {
		close(begun)
		<-proceed
		for range 100 { // more than the connection's buffers would hide
			r.Progress(sync.Progress{Step: "apply", Note: strings.Repeat("x", 1<<10)})
		}
		ended <- ctx.Err()
		return sync.Report{}, nil
	}
	c := client(d.serve(t))
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := c.Run(ctx, sync.Request{Kind: sync.Full}); left <- err }()
	<-begun
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the client that leaves gets %v", err)
	}
	close(proceed)
	if err := <-ended; err != nil {
		t.Errorf("the run was ended with its client: %v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	l.Close()
	for name, ask := range map[string]func(console.Client) error{
		"alive":  func(c console.Client) error { return c.Alive(t.Context()) },
		"status": func(c console.Client) error { _, err := c.Status(t.Context()); return err },
		"run":    func(c console.Client) error { _, err := c.Run(t.Context(), sync.Request{}); return err },
		"reject": func(c console.Client) error { _, err := c.Reject(t.Context(), console.Decision{}); return err },
	} {
		if err := ask(client(url)); !errors.Is(err, console.ErrAbsent) || !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := client(newDaemon().serve(t)).Alive(t.Context()); err != nil {
		t.Errorf("a daemon that lives: %v", err)
	}
}

func TestAnotherProgramThere(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"page":     func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) },
		"refusal":  func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 403) },
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", 302) },
		"silence":  func(http.ResponseWriter, *http.Request) {},
		"half": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"progress":{"step":"read"}}` + "\n" + `{"rep`))
		},
	} {
		s := httptest.NewServer(h)
		_, statusErr := client(s.URL).Status(t.Context())
		_, runErr := client(s.URL).Run(t.Context(), sync.Request{})
		_, rejectErr := client(s.URL).Reject(t.Context(), console.Decision{Verdict: sync.Verdict{Run: "r1"}})
		s.Close()
		for _, err := range []error{runErr, rejectErr} {
			if !fault.Is(err, fault.Unavailable) || errors.Is(err, console.ErrAbsent) || fault.HintOf(err) == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if name != "half" && !fault.Is(statusErr, fault.Unavailable) {
			t.Errorf("%s: status %v", name, statusErr)
		}
	}
}
