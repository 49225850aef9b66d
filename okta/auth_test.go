package okta_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/okta"
)

// TestTokenIsReadAgain: the token is asked for at each request, and again after
// a 401. The request is repeated once, at once, if there is another one then.
func TestTokenIsReadAgain(t *testing.T) {
	for _, test := range []struct {
		name   string
		tokens []string // that are read, one after the other; the last one stays
		asks   int      // questions
		want   []string // what is sent
		kinds  []fault.Kind
	}{
		{"the same", []string{"old\n"}, 2, []string{"old", "old"}, []fault.Kind{fault.Unauthorized, fault.Unauthorized}},
		{"rotated before", []string{"good"}, 1, []string{"good"}, []fault.Kind{fault.Other}},
		{"rotated meanwhile", []string{"old", " good\n"}, 2, []string{"old", "good", "good"}, []fault.Kind{fault.Other, fault.Other}},
		{"rotated twice", []string{"old", "older", "good"}, 2, []string{"old", "older", "good"}, []fault.Kind{fault.Unauthorized, fault.Other}},
		{"gone", []string{"old", ""}, 1, []string{"old"}, []fault.Kind{fault.Unauthorized}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var sent []string
			r, err := okta.New(okta.Options{OrgURL: org, AppID: app,
				Token: func() (string, error) {
					now := test.tokens[0]
					if len(test.tokens) > 1 {
						test.tokens = test.tokens[1:]
					}
					return now, nil
				},
				Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
					sent = append(sent, req.Header.Get("Authorization")[len("SSWS "):])
					if sent[len(sent)-1] == "good" {
						return inProcess{always(200, appJSON)}.RoundTrip(req)
					}
					return inProcess{always(401, `{"errorCode": "E0000011", "errorSummary": "Invalid token provided"}`)}.RoundTrip(req)
				})})
			if err != nil {
				t.Fatal(err)
			}
			var kinds []fault.Kind
			for range test.asks {
				_, err := r.App(t.Context())
				kinds = append(kinds, fault.KindOf(err))
			}
			if !slices.Equal(sent, test.want) || !slices.Equal(kinds, test.kinds) {
				t.Errorf("sent %q, got %v; want %q, %v", sent, kinds, test.want, test.kinds)
			}
		})
	}
}

// A refusal that repeats the token is told, and kept, without it.
func TestARefusalDoesNotTellTheToken(t *testing.T) {
	const token = "00MARKED_token-5e1f"
	for _, status := range []int{400, 401, 403, 404, 500} {
		r, err := okta.New(okta.Options{OrgURL: org, AppID: app, Token: func() (string, error) { return token, nil },
			Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				body := `{"errorCode":"E0000011","errorSummary":"Invalid: ` + req.Header.Get("Authorization") + `","errorCauses":[{"errorSummary":"` + token + `"}]}`
				return inProcess{always(status, body)}.RoundTrip(req)
			})})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // a 500 is asked again
		_, err = r.App(ctx)
		cancel()
		if err == nil || strings.Contains(err.Error(), token) {
			t.Errorf("%d: %v", status, err)
		}
		if status < 500 && !strings.Contains(err.Error(), "Invalid: SSWS [credential]); [credential]") {
			t.Errorf("%d lacks the rest of what is said: %v", status, err)
		}
	}
}
