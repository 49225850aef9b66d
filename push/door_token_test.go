package push_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestTokenInItsForms(t *testing.T) {
	const missing, wrong = "no token was sent", "the token is wrong"
	tests := []struct {
		sent   []string
		detail string // "" for who is let in
	}{
		{[]string{"Bearer " + token}, ""},
		{[]string{"bearer " + token}, ""},
		{[]string{"BEARER   " + token + " "}, ""},
		{[]string{token}, ""},
		{[]string{"Bearer s3cret-token-of-yesterday"}, ""},
		{nil, missing},
		{[]string{""}, missing},
		{[]string{"Bearer"}, missing},
		{[]string{"Bearer  "}, missing},
		{[]string{"Bearer x"}, wrong},
		{[]string{"Bearer " + token[:len(token)-1]}, wrong},
		{[]string{"Bearer " + token + "x"}, wrong},
		{[]string{"Bearer" + token}, wrong},
		{[]string{"Basic " + token}, "is no bearer token"},
		{[]string{"Bearer Bearer " + token}, "is no bearer token"},
		{[]string{"Bearer " + token, "Bearer " + token}, "more than one"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			g := newGate(hello)
			r := request("GET", "/scim/v2/Users", nil)
			r.Header["Authorization"] = tt.sent
			a := ask(g.handler(), r)
			if tt.detail == "" {
				if a.StatusCode != http.StatusOK {
					t.Errorf("%q is answered %d", tt.sent, a.StatusCode)
				}
				return
			}
			refused(t, "a caller", a, http.StatusUnauthorized, tt.detail)
			if a.Header.Get("WWW-Authenticate") != `Bearer realm="Omnisync"` || g.Meter.Counts().Unauthorized != 1 {
				t.Errorf("%q: %v, counted %+v", tt.sent, a.Header, g.Meter.Counts())
			}
		})
	}
}

func TestTokensAreRotated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(hello)
		h := g.handler()
		status := func() int { return ask(h, request("GET", "/scim/v2/Users", nil)).StatusCode }
		if got := status(); got != http.StatusOK {
			t.Fatalf("the token is answered %d", got)
		}
		g.set(func(g *gate) { g.tokens = []string{"s3cret-token-of-tomorrow"} })
		if got := status(); got != http.StatusUnauthorized {
			t.Errorf("a token that was taken away is answered %d", got)
		}
		for name, change := range map[string]func(*gate){
			"no token": func(g *gate) { g.tokens = nil }, "no file": func(g *gate) { g.broken = errors.New("no such file") },
		} {
			g.set(change)
			a := ask(h, request("GET", "/scim/v2/Users", nil))
			refused(t, name, a, http.StatusTooManyRequests, "scim.bearer_tokens")
			if a.Header.Get("Retry-After") != "60" {
				t.Errorf("%s: %v", name, a.Header)
			}
		}
	})
}

// TestWrongTokensAreSlowed: the more, the slower, up to a bound; who has the token
// and who calls from elsewhere notice nothing; an hour later it is forgotten.
func TestWrongTokensAreSlowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newGate(hello).handler()
		took := func(from, sent string) time.Duration {
			r := request("GET", "/scim/v2/Users", nil)
			r.RemoteAddr = from
			r.Header.Set("Authorization", sent)
			begun := time.Now()
			want := http.StatusUnauthorized
			if sent == token {
				want = http.StatusOK
			}
			if a := ask(h, r); a.StatusCode != want {
				t.Fatalf("%s is answered %d", sent, a.StatusCode)
			}
			return time.Since(begun)
		}
		var last time.Duration
		for i := range 12 {
			d := took(peer, "wrong")
			if d < last*9/10 || d > 8*time.Second || i == 0 && d > 200*time.Millisecond {
				t.Errorf("attempt %d took %v, the one before %v", i, d, last)
			}
			last = d
		}
		if last < 4*time.Second {
			t.Errorf("after twelve attempts one takes %v", last)
		}
		if d := took(peer, token); d != 0 {
			t.Errorf("the right token takes %v from the address of wrong ones", d)
		}
		if d := took("198.51.100.8:1", "wrong"); d > 200*time.Millisecond {
			t.Errorf("another address is slowed by %v", d)
		}
		if one, other := took("[2001:db8::1]:1", "wrong"), took("[2001:db8::2]:1", "wrong"); other < one*3/2 {
			t.Errorf("two addresses of one /64 network wait %v and %v", one, other)
		}
		<-time.After(time.Hour)
		if d := took(peer, "wrong"); d > 200*time.Millisecond {
			t.Errorf("an hour later one attempt takes %v", d)
		}
	})
}

// TestWaitingForRefusalsIsBounded: a flood of wrong tokens holds 128 requests, and
// no more.
func TestWaitingForRefusalsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newGate(hello).handler()
		begun := time.Now()
		took := make(chan time.Duration, 500)
		for range cap(took) {
			go func() {
				r := request("GET", "/scim/v2/Users", nil)
				r.Header.Set("Authorization", "wrong")
				ask(h, r)
				took <- time.Since(begun)
			}()
		}
		held := 0
		for range cap(took) {
			if d := <-took; d > 0 {
				held++
			}
		}
		if held != 128 || time.Since(begun) > 10*time.Second {
			t.Errorf("%d of %d were held, %v in all; want 128, 8s", held, cap(took), time.Since(begun))
		}
	})
}
