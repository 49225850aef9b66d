package console_test

import (
	"context"
	"net/http"
	"net/url"
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
	at := b.serve(t)
	for body, status := range map[string]int{
		`{"by":"ann","seconds":7200}`: 200, `{}`: 200, `{"seconds":-1}`: 400, `{"seconds":1e12}`: 400, `{"minutes":1}`: 400, `[`: 400,
		`{"reason":"` + strings.Repeat("x", 10_000) + `"}`: 200,
	} {
		a := knock{method: http.MethodPost, path: "/api/v1/pause", token: token, body: body}.send(t, at)
		if a.status != status {
			t.Errorf("%.40q answers %d, want %d: %s", body, a.status, status, a.body)
		}
	}
	for _, o := range b.asked {
		if len(o.Reason) > 500 || o.By == "" {
			t.Errorf("the engine was told %+v", o)
		}
	}
	if a := (knock{method: http.MethodPost, path: "/api/v1/resume", token: token, body: `{"seconds":1}`}).send(t, at); a.status != 400 {
		t.Errorf("a resume with a length answers %d", a.status)
	}
}

var _ console.Pauser = (*brakes)(nil)

// A page asks once more, and does only what was seen.
func TestPausingByPage(t *testing.T) {
	b, d := &brakes{}, newDaemon()
	status := d.status
	var now *state.Pause
	d.status = func() (sync.Status, error) {
		s, err := status()
		s.Pause = now
		if now != nil {
			s.State, s.Reason = sync.Paused, "said twice"
		}
		return s, err
	}
	o := manned(d)
	o.Pauser = b
	at := serveOptions(t, o)
	otto := login(t, at, actingToken)
	post := func(form url.Values) (int, string) {
		answer, text := call(t, otto, "POST", at+"/pause", map[string]string{"Accept": "text/html", "Origin": at}, form)
		return answer.StatusCode, answer.Header.Get("Location") + text
	}
	if text := get(t, at, "/pause"); !strings.Contains(text, "Pause?") || !strings.Contains(text, "4 hours") || !strings.Contains(text, "7 days") {
		t.Errorf("before a pause: %s", text)
	}
	if status, text := post(url.Values{"word": {"pause"}, "seen": {""}, "hours": {"4"}, "what": {"removals"}, "reason": {"moving"}}); status != http.StatusSeeOther || !strings.Contains(text, "done=paused") ||
		b.asked[0] != (sync.PauseOrder{By: "otto", For: 4 * time.Hour, RemovalsOnly: true, Reason: "moving"}) {
		t.Errorf("a pause: %d %s, asked %+v", status, text, b.asked)
	}
	now = &state.Pause{Since: time.Unix(1e9, 0), By: "ann", Reason: "moving", Until: time.Unix(3e9, 0)}
	for _, path := range []string{"/", "/pause"} {
		if text := get(t, at, path); !strings.Contains(text, "<strong>Paused</strong> by ann") || !strings.Contains(text, "moving") || !strings.Contains(text, "Resume") || !strings.Contains(text, "until <time") || strings.Contains(text, "said twice") || strings.Contains(text, "out of reach") {
			t.Errorf("%s in a pause: %s", path, text)
		}
	}
	for form, status := range map[string]int{"word=resume": 409, "word=pause&seen=&hours=1": 409, "seen=2001-09-09T01:46:40Z": 400, "word=pause&seen=2001-09-09T01:46:40Z&hours=NaN": 400,
		"word=pause&seen=2001-09-09T01:46:40Z&hours=-1": 400} {
		values, _ := url.ParseQuery(form)
		if got, text := post(values); got != status || len(b.asked) > 1 {
			t.Errorf("%s: %d %s, asked %+v", form, got, text, b.asked)
		}
	}
	if status, text := post(url.Values{"word": {"resume"}, "seen": {"2001-09-09T01:46:40Z"}}); status != http.StatusSeeOther || !strings.Contains(text, "done=resumed") || b.asked[1] != (sync.PauseOrder{By: "otto", Resume: true}) {
		t.Errorf("its end: %d %s, asked %+v", status, text, b.asked)
	}
}
