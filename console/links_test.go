package console_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
)

// registry knows as many links as it is asked for, and breaks after as many.
type registry struct {
	has, breaks int
	asked       []sync.LinkOrder
}

func (r *registry) Links(_ context.Context, subject string, each func(sync.Linked) error) error {
	for i := range r.has {
		if r.breaks > 0 && i == r.breaks {
			return &fault.Error{Kind: fault.Unavailable, Op: "the ledger is away", Hint: "wait"}
		}
		if err := each(sync.Linked{UserName: fmt.Sprint(subject, i), OktaID: "o", OmniID: "m", How: "created"}); err != nil {
			return err
		}
	}
	if subject == "nobody" {
		return &fault.Error{Kind: fault.NotFound, Op: "nobody"}
	}
	return nil
}

func (r *registry) Relink(_ context.Context, o sync.LinkOrder) (sync.LinkAnswer, error) {
	r.asked = append(r.asked, o)
	if o.Subject == "nobody" {
		return sync.LinkAnswer{}, &fault.Error{Kind: fault.NotFound, Op: "nobody"}
	}
	return sync.LinkAnswer{OktaID: o.Subject, DryRun: o.DryRun, Notes: []string{}}, nil
}

func (r *registry) serve(t *testing.T) string {
	t.Helper()
	o := newDaemon().options()
	o.Linker = r
	return serveOptions(t, o)
}

// However many links there are, each comes as it is; an error comes too, wherever it happens.
func TestLinksTravel(t *testing.T) {
	for name, row := range map[string]struct {
		registry
		subject string
		come    int
		want    fault.Kind
	}{
		"none":                 {registry{}, "", 0, fault.Other},
		"nobody":               {registry{}, "nobody", 0, fault.NotFound},
		"many":                 {registry{has: 20_000}, "ann", 20_000, fault.Other},
		"broken at the first":  {registry{has: 3, breaks: 1}, "", 1, fault.Unavailable},
		"broken in the middle": {registry{has: 9000, breaks: 8000}, "", 8000, fault.Unavailable},
	} {
		n := 0
		err := client(row.serve(t)).Links(t.Context(), row.subject, func(l sync.Linked) error {
			if l.UserName != fmt.Sprint(row.subject, n) {
				t.Fatalf("%s: the %dth is %+v", name, n, l)
			}
			n++
			return nil
		})
		if n != row.come || fault.KindOf(err) != row.want {
			t.Errorf("%s: %d came, %v", name, n, err)
		}
	}
	stop := fmt.Errorf("enough")
	if err := client((&registry{has: 5}).serve(t)).Links(t.Context(), "", func(sync.Linked) error { return stop }); err != stop {
		t.Errorf("who has enough is told %v", err)
	}
}

// An order comes as it was given; one that says too little is refused, and nobody is asked.
func TestLinkOrdersTravel(t *testing.T) {
	r := &registry{}
	at := r.serve(t)
	for _, o := range []sync.LinkOrder{{Subject: "ann", OmniID: "m1", By: "bob", DryRun: true}, {Subject: "ann", OmniID: "m1", By: "bob"}, {Subject: "ann", By: "bob"}, {Subject: "ann", By: "bob", DryRun: true}} {
		answer, err := client(at).Relink(t.Context(), o)
		if err != nil || answer.OktaID != "ann" || answer.DryRun != o.DryRun || r.asked[len(r.asked)-1] != o {
			t.Errorf("%+v came as %+v: %+v, %v", o, r.asked, answer, err)
		}
	}
	if _, err := client(at).Relink(t.Context(), sync.LinkOrder{Subject: "nobody", OmniID: "m1"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody: %v", err)
	}
	n := len(r.asked)
	for path, body := range map[string]string{"link": `{"subject":"ann"}`, "unlink": `{"subject":"ann","omni_id":"m1"}`} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at+"/api/v1/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+client(at).Token)
		response, err := http.DefaultClient.Do(request)
		if err != nil || response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s %s is answered %v, %v", path, body, response, err)
		}
		_ = response.Body.Close()
	}
	if len(r.asked) != n {
		t.Errorf("it was done: %+v", r.asked[n:])
	}
}

var _ console.Linker = (*registry)(nil)
