package okta_test

import (
	"net/http"
	"slices"
	"testing"

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
