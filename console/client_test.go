package console_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

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

// A run goes on when its client leaves, unless it was asked to end then; the client is
// told which, and of which run.
func TestRunOutlivesItsClient(t *testing.T) {
	for attached, want := range map[bool]string{false: "<nil>", true: sync.ErrLeft.Error()} {
		d := newDaemon()
		begun, ended := make(chan struct{}), make(chan string, 1)
		d.run = func(ctx context.Context, r sync.Request) (sync.Report, error) {
			r.Progress(sync.Progress{Run: "r7", Step: "read"})
			close(begun)
			select {
			case <-ctx.Done():
			case <-time.After(map[bool]time.Duration{false: time.Second, true: time.Minute}[attached]):
			}
			for range 100 { // more than the connection's buffers would hide
				r.Progress(sync.Progress{Step: "apply", Note: strings.Repeat("x", 1<<10)})
			}
			ended <- fmt.Sprint(context.Cause(ctx))
			return sync.Report{}, nil
		}
		c := client(d.serve(t))
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		heard := make(chan struct{})
		go func() {
			_, err := c.Run(ctx, sync.Request{Kind: sync.Full, Attached: attached, Progress: func(sync.Progress) { close(heard) }})
			left <- err
		}()
		<-begun
		<-heard
		leave()
		err := <-left
		says := map[bool]string{false: "the run goes on in the daemon", true: "the run in the daemon is stopped"}[attached]
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), says) || !strings.Contains(fault.HintOf(err), "syncd history --run r7") {
			t.Errorf("the client that leaves gets %v (%s)", err, fault.HintOf(err))
		}
		if got := <-ended; got != want {
			t.Errorf("attached %t: the run ended with %s, want %s", attached, got, want)
		}
	}
}

// What a client asks for is what the daemon is asked to do.
func TestWhatIsAskedOfARun(t *testing.T) {
	d := newDaemon()
	asked := make(chan sync.Request, 1)
	d.run = func(_ context.Context, r sync.Request) (sync.Report, error) {
		r.Progress = nil
		asked <- r
		return sync.Report{}, nil
	}
	c := client(d.serve(t))
	for _, row := range []struct{ asks, want sync.Request }{
		{sync.Request{Kind: sync.Full, DryRun: true}, sync.Request{Kind: sync.Full, DryRun: true, Cause: "command"}},
		{sync.Request{Kind: sync.Reconcile}, sync.Request{Kind: sync.Reconcile, Insist: true, Cause: "command"}},
		{sync.Request{Kind: sync.Full, Insist: true, Attached: true}, sync.Request{Kind: sync.Full, Insist: true, Attached: true, Cause: "command"}},
		{sync.Request{Kind: sync.Full, Insist: true, Only: []string{"ann", "Sales"}}, sync.Request{Kind: sync.Full, Insist: true, Only: []string{"ann", "Sales"}, Cause: "command"}},
	} {
		if _, err := c.Run(t.Context(), row.asks); err != nil {
			t.Errorf("%+v: %v", row.asks, err)
			continue
		}
		if diff := cmp.Diff(row.want, <-asked); diff != "" {
			t.Error(diff)
		}
	}
	for _, r := range []sync.Request{{Kind: sync.Delta}, {Kind: sync.Full, Only: []string{"ann"}}, {Kind: sync.Reconcile, Insist: true, Only: []string{"ann"}}} {
		if _, err := c.Run(t.Context(), r); !fault.Is(err, fault.Refused) {
			t.Errorf("%+v is answered %v", r, err)
		}
	}
	if _, _, err := c.Approve(t.Context(), console.Decision{Verdict: sync.Verdict{Run: "r1"}, Attached: true}); err != nil || !(<-asked).Attached {
		t.Errorf("an approval whose run ends with its client: %v", err)
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
