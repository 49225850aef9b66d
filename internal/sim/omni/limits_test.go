package omni_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// ask sends one request to o without a socket, so that simulated time moves.
func ask(o *simomni.Org, key, path string) *httptest.ResponseRecorder {
	return send(o, key, httptest.NewRequest("GET", path, http.NoBody))
}

func send(o *simomni.Org, key string, r *http.Request) *httptest.ResponseRecorder {
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	w := httptest.NewRecorder()
	o.ServeHTTP(w, r)
	return w
}

// let counts how many of n requests get through.
func let(o *simomni.Org, key string, n int) int {
	through := 0
	for range n {
		if ask(o, key, users).Code == 200 {
			through++
		}
	}
	return through
}

func TestRateWindowSlides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &simomni.Org{}
		equal(t, "at once", let(o, "one", 40), 40)
		<-time.After(30 * time.Second)
		equal(t, "half a minute on", let(o, "one", 40), 20)
		equal(t, "another key", let(o, "two", 70), 60)
		<-time.After(30*time.Second - time.Nanosecond)
		equal(t, "just before the minute", let(o, "one", 40), 0)
		<-time.After(time.Nanosecond)
		equal(t, "when the first are a minute old", let(o, "one", 50), 40)
		<-time.After(time.Minute)
		equal(t, "a minute on", let(o, "one", 100), 60)
	})
}

func TestRateLimitsByKnob(t *testing.T) {
	for _, tt := range []struct {
		name     string
		knobs    simomni.Knobs
		one, two int
	}{
		{"as published", simomni.Knobs{}, 60, 60},
		{"below", simomni.Knobs{RealLimit: 45}, 45, 45},
		{"raised", simomni.Knobs{RealLimit: 500}, 100, 100},
		{"none", simomni.Knobs{RealLimit: -1}, 100, 100},
		{"all keys together", simomni.Knobs{TotalLimit: 90}, 60, 30},
		{"only together", simomni.Knobs{RealLimit: -1, TotalLimit: 90}, 90, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &simomni.Org{Knobs: tt.knobs}
				equal(t, "one key", let(o, "one", 100), tt.one)
				equal(t, "another", let(o, "two", 100), tt.two)
				<-time.After(time.Minute)
				equal(t, "a minute later", let(o, "one", 100), tt.one)
			})
		})
	}
}

func TestLimitedAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for path, after := range map[string]bool{users: false, "/api/v1/user-attributes": true} {
			o := &simomni.Org{Knobs: simomni.Knobs{RealLimit: 1, RetryAfter: after}}
			ask(o, "key", path)
			<-time.After(17500 * time.Millisecond)
			w := ask(o, "key", path)
			equal(t, "status", w.Code, 429)
			equal(t, "body", w.Body, `{"error":"Too Many Requests","message":"Rate limit exceeded"}`)
			want := ""
			if after {
				want = "43"
			}
			equal(t, "Retry-After", w.Header().Get("Retry-After"), want)
			seconds, _ := strconv.Atoi(want)
			<-time.After(time.Duration(seconds) * time.Second)
			equal(t, "status after the wait", ask(o, "key", path).Code == 200, after)
		}
	})
}

func TestDeclinedRequestsChangeNothing(t *testing.T) {
	o := &simomni.Org{Knobs: simomni.Knobs{RealLimit: 1}}
	c := start(t, o)
	c.create("a@b.co")
	c.want(429, "POST", users, `{"userName":"b@b.co","displayName":"B"}`)
	equal(t, "users", len(o.Users()), 1)
	equal(t, "writes", o.Writes(), 1)
	equal(t, "asked", o.Count(simomni.CreateUser), 2)
}

func TestKeys(t *testing.T) {
	named := simomni.Knobs{Keys: []string{"good"}, UserKeys: []string{"mine"}}
	forbidding := named
	forbidding.BadKeyStatus = 403
	for _, tt := range []struct {
		knobs     simomni.Knobs
		key       string
		scim, who int
		scope     string
	}{
		{simomni.Knobs{}, "any", 200, 200, "organization"},
		{simomni.Knobs{}, "", 401, 401, ""},
		{simomni.Knobs{UserKeys: []string{"mine"}}, "mine", 403, 200, "user"},
		{named, "good", 200, 200, "organization"},
		{named, "mine", 403, 200, "user"},
		{named, "bad", 401, 401, ""},
		{named, "", 401, 401, ""},
		{forbidding, "bad", 403, 403, ""},
		{forbidding, "good", 200, 200, "organization"},
	} {
		o := &simomni.Org{Knobs: tt.knobs}
		what := fmt.Sprintf("key %q with %+v", tt.key, tt.knobs)
		c := start(t, o)
		c.key = tt.key
		c.want(tt.scim, "GET", users, "")
		b := c.want(tt.who, "GET", "/api/v1/whoami", "")
		if tt.scope != "" {
			equal(t, what, b["keyScope"], tt.scope)
		}
	}
}

func TestKeysOfAnotherOrganization(t *testing.T) {
	o := &simomni.Org{Knobs: simomni.Knobs{Keys: []string{"ours"}, ForeignKeys: []string{"theirs"}}}
	equal(t, "theirs", ask(o, "theirs", users).Code, 200)
	if ours, theirs := ask(o, "ours", "/api/v1/whoami").Body, ask(o, "theirs", "/api/v1/whoami").Body; ours == theirs {
		t.Errorf("both keys are of one organization: %s", ours)
	}
}

func TestKeysCanBeRotated(t *testing.T) {
	o := &simomni.Org{Knobs: simomni.Knobs{Keys: []string{"old"}}}
	equal(t, "old", ask(o, "old", users).Code, 200)
	o.SetKnobs(simomni.Knobs{Keys: []string{"new"}})
	equal(t, "old afterwards", ask(o, "old", users).Code, 401)
	equal(t, "new", ask(o, "new", users).Code, 200)
}

func TestRefusedKeysAreNamedAsTheAPIDoes(t *testing.T) {
	o := &simomni.Org{Knobs: simomni.Knobs{UserKeys: []string{"mine"}}}
	equal(t, "personal key", ask(o, "mine", users).Body,
		`{"error":"Forbidden","message":"User-scoped API keys are not allowed to access the SCIM API"}`)
	equal(t, "no key", ask(o, "", "/api/v1/documents").Body, `{"status":401,"detail":"Invalid bearer token"}`)
}
