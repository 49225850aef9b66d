package omniclient_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/omniclient"
)

// refusing answers 401 or 403 for the given keys.
func refusing(status int, bad ...string) *flight {
	return &flight{answer: func(_ int, r *http.Request) (*http.Response, error) {
		for _, k := range bad {
			if r.Header.Get("Authorization") == "Bearer "+k {
				return reply(status, `{"message":"Invalid bearer token `+k+`"}`)
			}
		}
		return annReply()
	}}
}

func TestRefusedKeyIsSetAside(t *testing.T) {
	for _, status := range []int{401, 403} {
		synctest.Test(t, func(t *testing.T) {
			f := refusing(status, "k1")
			c := client(t, omniclient.Options{Transport: f, Keys: keys("k1", "k2")})
			for range 4 {
				if _, err := c.User(t.Context(), annID); err != nil {
					t.Error(err)
				}
			}
			if got := strings.Join(f.keys, " "); got != "k1 k2 k2 k2 k2" {
				t.Errorf("%d: the keys were %s", status, got)
			}
			if d := cmp.Diff([]int{1}, c.Limits().RefusedKeys); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAllKeysRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := true
		f := &flight{}
		f.answer = func(n int, r *http.Request) (*http.Response, error) {
			if bad {
				return refusing(403, "k1", "k2").answer(n, r)
			}
			return annReply()
		}
		c := client(t, omniclient.Options{Transport: f, Keys: keys("k1", "k2")})
		_, err := c.User(t.Context(), annID)
		wantFault(t, err, fault.Unauthorized, "Invalid bearer token [API key]")
		if !strings.Contains(fault.HintOf(err), "organization key") || strings.Contains(err.Error(), "k2") {
			t.Errorf("%v; hint %q", err, fault.HintOf(err))
		}
		if _, err = c.User(t.Context(), annID); !fault.Is(err, fault.Unauthorized) || len(f.at) != 3 {
			t.Errorf("the next call sends %d requests, %v", len(f.at)-2, err)
		}
		bad = false
		if _, err := c.User(t.Context(), annID); err != nil {
			t.Errorf("a key that works again isn't taken back: %v", err)
		}
	})
}

func TestRotatedKeyIsPickedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		value := "old"
		f := &flight{answer: func(n int, r *http.Request) (*http.Response, error) {
			value = "new\n" // rotated while the old one was under way
			return refusing(401, "old").answer(n, r)
		}}
		c := client(t, omniclient.Options{Transport: f, Keys: []func() (string, error){func() (string, error) { return value, nil }}})
		if _, err := c.User(t.Context(), annID); err != nil {
			t.Error(err)
		}
		if got := strings.Join(f.keys, " "); got != "old new" || len(c.Limits().RefusedKeys) != 0 {
			t.Errorf("the keys were %s, refused %v", got, c.Limits().RefusedKeys)
		}
	})
}

func TestKeysThatCannotBeRead(t *testing.T) {
	missing := func() (string, error) { return "", errors.New("open key.txt: no such file") }
	for _, tt := range []struct {
		read   func() (string, error)
		detail string
	}{
		{missing, "API key 1: open key.txt"},
		{keys(" \n")[0], "API key 1 is empty"},
		{keys("to p-secret")[0], "characters that no key has"},
	} {
		f := refusing(401)
		_, err := client(t, omniclient.Options{Transport: f, Keys: []func() (string, error){tt.read}}).User(t.Context(), annID)
		wantFault(t, err, fault.Unauthorized, tt.detail)
		if len(f.at) != 0 || strings.Contains(err.Error(), "p-secret") {
			t.Errorf("%d requests were sent; %v", len(f.at), err)
		}
		both := append(keys("k2"), tt.read)
		if _, err := client(t, omniclient.Options{Transport: f, Keys: both}).User(t.Context(), annID); err != nil {
			t.Errorf("the key that is left isn't used: %v", err)
		}
	}
}
