package alerts_test

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/alerts"
	"github.com/omnisync/omnisync/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// letter is one request that a receiver got.
type letter struct {
	method, path, kind, authorization string
	body                              []byte
}

// receiver is a real HTTP server that answers what it is told to.
func receiver(t *testing.T, status int) (url string, got chan letter) {
	t.Helper()
	got = make(chan letter, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- letter{r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), r.Header.Get("Authorization"), body}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "no such hook: /services/T0/B0/s3cret")
	}))
	t.Cleanup(s.Close)
	return s.URL + "/services/T0/B0/s3cret?key=s3cret", got
}

func to(url, format string) alerts.Options {
	text := func(s string) func() (string, error) { return func() (string, error) { return s, nil } }
	return alerts.Options{URL: text(url), Token: text(""), Reread: func() {}, Format: format, Timeout: 5 * time.Second}
}

// messages are one of each state, the last with all that it may have.
var messages = map[string]alerts.Message{
	"begin": {Connection: "acme", Kind: "held", Key: "held 20260302-110000-abc123", State: alerts.Begins, Title: "3 changes held for approval (deactivations)",
		Hint: "syncd status shows what is held and why; then syncd approve 20260302-110000-abc123 or syncd reject 20260302-110000-abc123",
		Run:  "20260302-110000-abc123", Count: 3, Since: noon.Add(-time.Hour), Time: noon},
	"daily": {Connection: "acme", Kind: "pause", Key: "pause 2026-03-01T12:00:00Z", State: alerts.Again, Title: "paused since 2026-03-01T12:00:00Z: nothing is written to Omni",
		Hint: "syncd resume ends the pause", Since: noon.Add(-24 * time.Hour), Time: noon},
	"over": {Connection: "acme", Kind: "stall", Key: "stall", State: alerts.Over, Title: "no run has gone well since 2026-03-02T11:00:00Z", Hint: "a run has gone well", Since: noon.Add(-time.Hour), Time: noon},
	"named": {Connection: "a<&>b", Kind: "removal", Key: "removal user:00u1", State: alerts.Begins, Title: "a removal of access has failed for more than an hour (deactivate)", Hint: "a < b & c",
		Since: noon.Add(-time.Hour), Time: noon, Names: []string{"<!channel>@x.co", "*bold*", "<https://evil.example|click>"}, Detail: "Omni said:\n<!here> & `more`"},
}

// What a receiver gets of each, in both forms, is what stands in the golden files.
func TestForms(t *testing.T) {
	for _, format := range []string{alerts.JSON, alerts.Slack} {
		for name, m := range messages {
			t.Run(format+" "+name, func(t *testing.T) {
				url, got := receiver(t, http.StatusOK)
				if err := alerts.New(to(url, format)).Send(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				l := <-got
				if l.method != http.MethodPost || l.path != "/services/T0/B0/s3cret?key=s3cret" || l.kind != "application/json" || l.authorization != "" {
					t.Errorf("it got %s %s, %s, %q", l.method, l.path, l.kind, l.authorization)
				}
				golden(t, "testdata/"+format+"_"+name+".json", l.body)
			})
		}
	}
}

func golden(t *testing.T, file string, body []byte) {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	var pretty strings.Builder
	e := json.NewEncoder(&pretty)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, []byte(pretty.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), pretty.String()); diff != "" {
		t.Errorf("%s (- wanted, + got; go test ./alerts -update writes it anew):\n%s", file, diff)
	}
}

// Nothing of a name steers Slack: no mention, no link, no mark.
func TestSlackIsNotSteered(t *testing.T) {
	url, got := receiver(t, http.StatusOK)
	if err := alerts.New(to(url, alerts.Slack)).Send(t.Context(), messages["named"]); err != nil {
		t.Fatal(err)
	}
	var sent struct {
		Text   string
		Blocks []struct{ Text struct{ Text string } }
	}
	if err := json.Unmarshal((<-got).body, &sent); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{sent.Text, sent.Blocks[0].Text.Text} {
		if strings.ContainsAny(strings.ReplaceAll(text, "\n> ", ""), "<>`") || strings.Count(text, "*") != 2 {
			t.Errorf("it would be steered by %q", text)
		}
	}
	long := messages["named"]
	long.Detail = strings.Repeat("ü", 10_000)
	if err := alerts.New(to(url, alerts.Slack)).Send(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal((<-got).body, &sent); err != nil || len([]rune(sent.Blocks[0].Text.Text)) != 3000 {
		t.Errorf("a long text has %d characters, %v", len([]rune(sent.Blocks[0].Text.Text)), err)
	}
}

// A token goes along where there is one.
func TestToken(t *testing.T) {
	url, got := receiver(t, http.StatusAccepted)
	o := to(url, alerts.JSON)
	o.Token = func() (string, error) { return "t0ken", nil }
	if err := alerts.New(o).Send(t.Context(), messages["over"]); err != nil {
		t.Fatal(err)
	}
	if l := <-got; l.authorization != "Bearer t0ken" {
		t.Errorf("it got %q", l.authorization)
	}
}

// answers is a receiver in the process, for simulated time: each attempt gets the next
// status, the last one for ever; 0 is no answer.
type answers struct {
	statuses []int
	after    string // Retry-After
	at       []time.Time
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	status := a.statuses[min(len(a.at), len(a.statuses)-1)]
	a.at = append(a.at, time.Now())
	if status == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	w := httptest.NewRecorder()
	w.Header().Set("Location", "https://elsewhere.example/s3cret")
	if a.after != "" {
		w.Header().Set("Retry-After", a.after)
	}
	w.WriteHeader(status)
	return w.Result(), nil
}

// How often what is sent, and what is said when it can't be: never the address.
func TestAttempts(t *testing.T) {
	for name, row := range map[string]struct {
		answers answers
		pauses  string // between the attempts
		kind    fault.Kind
		rereads int
	}{
		"taken":               {answers{statuses: []int{200}}, "", 0, 0},
		"taken without words": {answers{statuses: []int{204}}, "", 0, 0},
		"away for a moment":   {answers{statuses: []int{503, 200}}, "1s", 0, 0},
		"away":                {answers{statuses: []int{500}}, "1s 5s 20s", fault.Unavailable, 0},
		"silent":              {answers{statuses: []int{0}}, "6s 10s 25s", fault.Unavailable, 0},
		"busy":                {answers{statuses: []int{429, 429, 200}, after: "7"}, "7s 7s", 0, 0},
		"busy for long":       {answers{statuses: []int{429}, after: "86400"}, "1m0s 1m0s 1m0s", fault.Limited, 0},
		"gone":                {answers{statuses: []int{404}}, "", fault.Unauthorized, 1},
		"forbidden":           {answers{statuses: []int{403}}, "", fault.Unauthorized, 1},
		"not what it takes":   {answers{statuses: []int{400}}, "", fault.Refused, 0},
		"elsewhere":           {answers{statuses: []int{302}}, "", fault.Refused, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rereads := 0
				o := to("https://hooks.example.com/s3cret", alerts.JSON)
				o.Transport, o.Reread = &row.answers, func() { rereads++ }
				err := alerts.New(o).Send(t.Context(), messages["begin"])
				if (err == nil) != (row.kind == 0) || err != nil && !fault.Is(err, row.kind) || rereads != row.rereads {
					t.Errorf("%v, read again %d times", err, rereads)
				}
				if err != nil && (strings.Contains(err.Error()+fault.HintOf(err), "s3cret") || fault.HintOf(err) == "" && row.kind != fault.Unavailable && row.kind != fault.Limited) {
					t.Errorf("the error tells %q, hint %q", err, fault.HintOf(err))
				}
				var pauses []string
				for i, at := range row.answers.at[1:] {
					pauses = append(pauses, at.Sub(row.answers.at[i]).String())
				}
				if got := strings.Join(pauses, " "); got != row.pauses {
					t.Errorf("it waits %q between attempts, want %q", got, row.pauses)
				}
			})
		})
	}
}

// Who is told to end doesn't wait on.
func TestSendEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := to("https://hooks.example.com/s3cret", alerts.JSON)
		o.Transport = &answers{statuses: []int{503}}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		if err := alerts.New(o).Send(ctx, messages["begin"]); err == nil || time.Since(began) != 3*time.Second {
			t.Errorf("it ends with %v after %s", err, time.Since(began))
		}
	})
}

// An address that is none, or can't be read, isn't repeated; a port that nobody listens at is
// told without it.
func TestAddressIsNotTold(t *testing.T) {
	for _, address := range []string{"https://h ost/s3cret", "http://127.0.0.1:1/s3cret?s3cret", "://s3cret"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := alerts.New(to(address, alerts.JSON)).Send(ctx, messages["begin"]); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error tells %v", err)
		}
	}
}
