package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/omniclient"
	"github.com/omnisync/omnisync/sync"
)

// What waits is told by bucket and by lane, with the reason, whether the limits are this
// process's or a daemon's.
func TestWhoWaitsIsTold(t *testing.T) {
	here := map[string]any{
		"okta apps/*":    okta.Limit{Limit: 100, Remaining: 7, Reset: time.Unix(946684860, 0), Waiting: 3, Why: "others use this limit too"},
		"okta groups/*":  okta.Limit{Limit: 500, Remaining: 400, Waiting: 0},
		"okta":           map[string]string{"unshared": "NOPERM zadd"},
		"omni":           omniclient.Limits{PerMinute: 60, Pace: 1, DownSeconds: 41.2, Lanes: []omniclient.Lane{{Name: "removals", Waiting: 2, Seconds: 1.4}, {Name: "moves"}, {Name: "joiners", Waiting: 4, Seconds: 61}}},
		"from elsewhere": 3,
	}
	text, err := json.Marshal(here)
	if err != nil {
		t.Fatal(err)
	}
	var daemon map[string]any
	if err := json.Unmarshal(text, &daemon); err != nil {
		t.Fatal(err)
	}
	for _, limits := range []map[string]any{here, daemon} {
		golden(t, "waits", false, func(p *printer) { p.status(sync.Status{Name: "main", State: sync.InStep, Limits: limits}) })
	}
	golden(t, "waits_not", false, func(p *printer) {
		p.status(sync.Status{Name: "main", State: sync.InStep, Limits: map[string]any{"omni": "an older form", "okta apps/*": []int{1}}})
	})
}

// A run that waits for somebody else says for whom; the regular turn at Omni is foreseen
// in the time left.
func TestWaitingOfARun(t *testing.T) {
	omni, err := omniclient.New(omniclient.Options{BaseURL: "http://127.0.0.1", Keys: []func() (string, error){func() (string, error) { return "k", nil }}, RequestsPerMinute: 60})
	if err != nil {
		t.Fatal(err)
	}
	if told := (parts{omni: omni}).waiting(); told != "" {
		t.Errorf("nobody waits, and it is told %q", told)
	}
	lines := append(oktaWaits(map[string]any{"okta logs": okta.Limit{Waiting: 1, Why: "our share is used"}}), omniDown(map[string]any{"omni": omniclient.Limits{DownSeconds: 3}}))
	if told := strings.Join(lines, "; "); told != "waiting for Okta (logs): 1 request, because our share is used; waiting for Omni, which doesn't answer, and is asked again in 3 s" {
		t.Errorf("it is told %q", told)
	}
}
