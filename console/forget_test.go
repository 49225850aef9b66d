package console_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
)

func TestForget(t *testing.T) {
	d := &daemon{}
	url := d.serve(t)
	c := console.Client{URL: url, Name: "acme", Token: token}
	got, err := c.Forget(t.Context(), sync.Forgetting{Subject: "ann@example.com", By: strings.Repeat("b", 300), DryRun: true})
	want := sync.Forgotten{OktaID: "00u1", Pseudonym: "forgotten-1", By: strings.Repeat("b", 200), DryRun: true,
		Places: []sync.ForgottenPlace{{Place: "log", Count: 3}}, Notes: []string{}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	if got, err := c.Forget(t.Context(), sync.Forgetting{Subject: "ann@example.com"}); err != nil || got.By != "console" || got.DryRun {
		t.Errorf("without a name: %+v, %v", got, err)
	}
	if _, err := c.Forget(t.Context(), sync.Forgetting{Subject: "bob@example.com"}); !fault.Is(err, fault.NotFound) || fault.HintOf(err) != "look" {
		t.Errorf("nobody: %v", err)
	}
	if _, err := c.Forget(t.Context(), sync.Forgetting{}); !fault.Is(err, fault.Refused) {
		t.Errorf("no subject: %v", err)
	}
}

// What is asked for is named in the body alone, and a field that isn't known is refused.
func TestForgetBody(t *testing.T) {
	d := &daemon{}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.serve(t)+"/api/v1/forget", strings.NewReader(`{"subject":"ann@example.com","dryRun":true}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), "dryRun") {
		t.Errorf("it is answered %d %s, %v", answer.StatusCode, text, err)
	}
}
