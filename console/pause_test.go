package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// brakes notes what is asked of it.
type brakes struct{ asked []sync.PauseOrder }

func (b *brakes) Pause(_ context.Context, o sync.PauseOrder) (sync.PauseAnswer, error) {
	b.asked = append(b.asked, o)
	if o.Reason == "broken" {
		return sync.PauseAnswer{}, &fault.Error{Kind: fault.Unavailable, Op: "the ledger is away"}
	}
	return sync.PauseAnswer{Pause: &state.Pause{By: o.By, Since: time.Unix(1e9, 0).UTC()}, Under: 3}, nil
}

func (b *brakes) serve(t *testing.T) string {
	t.Helper()
	o := newDaemon().options()
	o.Pauser = b
	return serveOptions(t, o)
}

// What a person says reaches the engine as it was said, and the answer comes back whole.
func TestPauseTravels(t *testing.T) {
	b := &brakes{}
	c := client(b.serve(t))
	for _, o := range []sync.PauseOrder{
		{By: "ann", For: 90 * time.Minute, RemovalsOnly: true, Reason: "moving"}, {By: "bob"}, {By: "bob", Resume: true},
	} {
		answer, err := c.Pause(t.Context(), o)
		if err != nil || answer.Under != 3 || answer.Pause == nil || answer.Pause.By != o.By {
			t.Errorf("%+v is answered %+v, %v", o, answer, err)
		}
		if got := b.asked[len(b.asked)-1]; got != o {
			t.Errorf("%+v came as %+v", o, got)
		}
	}
	if _, err := c.Pause(t.Context(), sync.PauseOrder{Reason: "broken"}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("an engine's error came as %v", err)
	}
}

func TestPauseRefuses(t *testing.T) {
	b := &brakes{}
	url := b.serve(t)
	for body, status := range map[string]int{
		`{"by":"ann","seconds":7200}`: 200, `{}`: 200, `{"seconds":-1}`: 400, `{"seconds":1e12}`: 400, `{"minutes":1}`: 400, `[`: 400,
		`{"reason":"` + strings.Repeat("x", 10_000) + `"}`: 200,
	} {
		a := knock{method: http.MethodPost, path: "/api/v1/pause", token: token, body: body}.send(t, url)
		if a.status != status {
			t.Errorf("%.40q answers %d, want %d: %s", body, a.status, status, a.body)
		}
	}
	for _, o := range b.asked {
		if len(o.Reason) > 500 || o.By == "" {
			t.Errorf("the engine was told %+v", o)
		}
	}
	if a := (knock{method: http.MethodPost, path: "/api/v1/resume", token: token, body: `{"seconds":1}`}).send(t, url); a.status != 400 {
		t.Errorf("a resume with a length answers %d", a.status)
	}
}

var _ console.Pauser = (*brakes)(nil)
