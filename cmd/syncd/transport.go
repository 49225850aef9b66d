package main

import (
	"net/http"
	"time"
)

// rereading lets the secrets be looked up again after the other side refused a
// credential, so that the next request carries a rotated one.
type rereading struct {
	next   http.RoundTripper
	reread func()
}

// RoundTrip sends r as it is.
func (t rereading) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err == nil && refuses(response.StatusCode) {
		t.reread()
	}
	return response, err
}

// refuses reports whether a credential may be what is refused. A token endpoint
// says so with 400 as well (RFC 6749, section 5.2).
func refuses(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden
}

// newTransport is a pool of connections for one of the two sides.
func newTransport(reread func()) http.RoundTripper {
	pool := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   64, // as many as a run has in flight at most
		IdleConnTimeout:       30 * time.Second,
	}
	return rereading{next: pool, reread: reread}
}
