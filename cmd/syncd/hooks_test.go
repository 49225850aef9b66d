package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	checks "github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/internal/sim/pusher"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/statetest"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

const fleetHookSecret = "s3cret-of-the-event-hooks"

// listening has r listen for event hooks, and run by them alone after its start. It
// gives the address; "" makes one.
func (f *fleet) listening(r *replica, address string) string {
	f.t.Helper()
	if address == "" {
		var err error
		if address, err = freeAddress(); err != nil {
			f.t.Fatal(err)
		}
	}
	e := &endpointed{replica: r}
	file := filepath.Join(f.dir, r.name, "hooks.secret")
	e.write(file, fleetHookSecret+"\n")
	config := strings.Replace(e.configuration(), `full: "@every 1s"`, `full: "@yearly"`, 1)
	e.write(r.config(), config+fmt.Sprintf("hooks: {listen: %q, secret: \"${file:%s}\"}\n", address, file))
	return address
}

// hook sends an event hook, and gives the status of its answer, 0 for none.
func (f *fleet) hook(address, secret string) int {
	f.t.Helper()
	return f.hookBy(http.DefaultClient, "http://"+address, secret)
}

func (f *fleet) hookBy(client *http.Client, base, secret string) int {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, base+"/okta/events", strings.NewReader(`{"data":{"events":[{}]}}`))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Authorization", secret)
	a, err := client.Do(r)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, a.Body)
	_ = a.Body.Close()
	return a.StatusCode
}

// readyAt gives what the listener's own /readyz answers.
func (f *fleet) readyAt(address string) int {
	return (&endpointed{replica: &replica{fleet: f}, address: address}).get("/readyz", "")
}

// TestHooksReachTheLeader, sent to the one that leads or to the one that stands by.
func TestHooksReachTheLeader(t *testing.T) {
	f := newFleet(t, statetest.Redis(t))
	one, two := f.replica("one"), f.replica("two")
	at := []string{f.listening(one, ""), f.listening(two, "")}
	one.start()
	f.until(20*time.Second, "the first leads", func() bool { return f.readyAt(at[0]) == http.StatusOK })
	f.converges(one, 20*time.Second)
	two.start()
	f.until(20*time.Second, "the second listens", func() bool { return f.readyAt(at[1]) == http.StatusServiceUnavailable })
	for i, patience := range []time.Duration{10 * time.Second, 20 * time.Second} {
		f.arrive()
		f.hire(fmt.Sprintf("hooked%d", i))
		if got := f.hook(at[i], fleetHookSecret); got != http.StatusNoContent {
			t.Fatalf("answered %d", got)
		}
		begun := time.Now()
		f.converges(one, patience)
		t.Logf("in step %v after a hook to %s", time.Since(begun), []string{"the leader", "the standby"}[i])
	}
	if got := f.hook(at[1], "wrong"); got != http.StatusUnauthorized {
		t.Errorf("a wrong secret is answered %d", got)
	}
}

// TestHooksShareTheListener of the SCIM endpoint, and take nothing from it.
func TestHooksShareTheListener(t *testing.T) {
	f := newFleet(t, "bolt://"+filepath.Join(t.TempDir(), "ledger.db"))
	e := f.pushed("one", true)
	f.listening(e.replica, e.address)
	_, r := e.check()
	e.finding(r, "hooks.listener", checks.Skipped, "not running")
	e.up()
	f.converges(e.replica, 20*time.Second)
	f.hire("hooked")
	if got := f.hook(e.address, fleetHookSecret); got != http.StatusNoContent {
		t.Errorf("answered %d", got)
	}
	f.converges(e.replica, 20*time.Second)
	for path, want := range map[string]int{"/okta/events": 401, "/okta/events/x": 401, "/scim/v2/Users": 401, "/readyz": 200} {
		if got := e.get(path, ""); got != want {
			t.Errorf("%s is answered %d, want %d", path, got, want)
		}
	}
	if got := e.get("/scim/v2/Users", fleetHookSecret); got != http.StatusUnauthorized {
		t.Errorf("the secret of hooks opens the SCIM endpoint: %d", got)
	}
	if got := f.hook(e.address, scimToken); got != http.StatusUnauthorized {
		t.Errorf("the SCIM token is answered %d as a hook", got)
	}
	okta := e.okta(pusher.Classic())
	okta.Assign(pusher.Person{OktaID: f.people[0], UserName: f.names[f.people[0]] + "@example.com", GivenName: "A", FamilyName: "B"})
	f.drain(okta, 20*time.Second)
	_, r = e.check()
	for id, words := range map[string]string{"hooks.listener": "healthz", "hooks.challenge": "comes back", "hooks.stranger": "401", "hooks.secret": "takes it"} {
		e.finding(r, id, checks.OK, words)
	}
	e.write(filepath.Join(f.dir, "one", "hooks.secret"), "another-secret-of-the-hooks")
	_, r = e.check()
	e.finding(r, "hooks.secret", checks.Failed, "another secret")
}

// TestHooksByTLS serves them with a certificate of their own.
func TestHooksByTLS(t *testing.T) {
	f := newFleet(t, "bolt://"+filepath.Join(t.TempDir(), "ledger.db"))
	e := &endpointed{replica: f.replica("one")}
	at := f.listening(e.replica, "")
	cert, key := filepath.Join(f.dir, "cert.pem"), filepath.Join(f.dir, "key.pem")
	e.certify(cert, key, 90*24*time.Hour, "hooks.acme.example")
	e.write(e.config(), strings.Replace(e.configuration(), "hooks: {", fmt.Sprintf("hooks: {tls: {cert_file: %q, key_file: %q}, ", cert, key), 1))
	e.start()
	f.until(20*time.Second, "it leads", e.ready)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	if got := f.hookBy(client, "https://"+at, fleetHookSecret); got != http.StatusNoContent {
		t.Errorf("answered %d", got)
	}
	_, r := e.check()
	e.finding(r, "hooks.certificate", checks.Warning, "doesn't trust it")
	e.finding(r, "hooks.secret", checks.OK, "takes it")
}

// TestStrangersDelayNoRun: a thousand wrong secrets a second, beside runs.
func TestStrangersDelayNoRun(t *testing.T) {
	f := newFleet(t, "bolt://"+filepath.Join(t.TempDir(), "ledger.db"))
	r := f.replica("one")
	at := f.listening(r, "")
	r.start()
	f.until(20*time.Second, "it leads", func() bool { return f.readyAt(at) == http.StatusOK })
	f.converges(r, 20*time.Second)
	quickest := func() time.Duration {
		var took []time.Duration
		for begun := time.Now(); len(took) < 5 || time.Since(begun) < time.Second; {
			before := time.Now()
			if _, err := r.client().Run(t.Context(), sync.Request{Kind: sync.Full, Progress: func(sync.Progress) {}}); err != nil {
				t.Fatal(err)
			}
			took = append(took, time.Since(before))
		}
		return slices.Min(took)
	}
	quiet := quickest()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var sent atomic.Int64
	var strangers errgroup.Group
	begun := time.Now()
	for range 10 {
		client := &http.Client{Transport: &http.Transport{}}
		strangers.Go(func() error { // a hundred a second, and those that it is late with
			defer client.CloseIdleConnections()
			for next := begun; ; next = next.Add(10 * time.Millisecond) {
				select {
				case <-time.After(time.Until(next)):
				case <-ctx.Done():
					return nil
				}
				if got := f.hookBy(client, "http://"+at, "wrong-secret-of-a-stranger"); got != http.StatusUnauthorized {
					return fmt.Errorf("a wrong secret is answered %d", got)
				}
				sent.Add(1)
			}
		})
	}
	loaded := quickest()
	rate := float64(sent.Load()) / time.Since(begun).Seconds()
	cancel()
	if err := strangers.Wait(); err != nil {
		t.Error(err)
	}
	t.Logf("a run takes %v, and %v beside %.0f wrong secrets a second", quiet, loaded, rate)
	if loaded > 3*quiet+250*time.Millisecond || sent.Load() < 300 {
		t.Errorf("a run takes %v, and %v beside %d wrong secrets", quiet, loaded, sent.Load())
	}
}

// TestDeskWakes: an errand of a hook is passed on at once, and gets no answer.
func TestDeskWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y, w := newTray(t), newWorkers(time.Second)
		y.list <- []state.Errand{{ID: "a", Kind: errandWake}, runErrand(t, "b"), {ID: "c", Kind: errandWake}}
		woken := make(chan struct{}, 10)
		ctx, cancel := context.WithCancel(t.Context())
		d := &desk{mail: y, fence: "f1", engine: w, runner: w, wake: func() { woken <- struct{}{} }, log: zap.NewNop()}
		ended := make(chan struct{})
		go func() { defer close(ended); d.attend(ctx) }()
		passes(500 * time.Millisecond)
		if len(woken) != 2 || len(since(w.begun)) != 1 {
			t.Errorf("woken %d times", len(woken))
		}
		passes(5 * time.Second)
		if len(y.all("a"))+len(y.all("c")) != 0 || len(y.all("b")) == 0 {
			t.Error("a hook is answered, or a run isn't")
		}
		cancel()
		<-ended
	})
}
