package omniclient

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/omnisync/omnisync/identity"
)

// Options says which Omni organization is meant, and how it may be used.
type Options struct {
	BaseURL           string                   // the login URL, without /api; a path prefix is kept
	Keys              []func() (string, error) // organization API keys, read anew for each request, so that a rotated one is picked up
	RequestsPerMinute int                      // what each key may send in any 60 s; the keys add up
	TotalPerMinute    int                      // what all keys may send together; 0: their sum
	Transport         http.RoundTripper        // nil: a pooled HTTPS transport
	Allowance         Allowance                // nil: this process has the keys' allowance to itself
}

// Client is one Omni organization. It is safe for concurrent use.
type Client struct {
	base      *url.URL // ends with /api/scim/v2
	http      *http.Client
	keys      *keyring
	perKey    int // requests a minute
	total     int // of all keys together
	allowance Allowance
	shared    sharing
	breaker   *breaker
	retries   retrypolicy.RetryPolicy[answer]
	folds     struct{ users, groups atomic.Bool } // Omni's filter was seen to ignore letter case
	plain     atomic.Bool                         // Omni was seen to take addresses in the form of its documents
	defined   atomic.Pointer[identity.Definitions]
}

// New checks the options and makes a client. It sends nothing.
func New(o Options) (*Client, error) {
	base, err := parseBase(o.BaseURL)
	if err != nil {
		return nil, err
	}
	if len(o.Keys) == 0 {
		return nil, fmt.Errorf("no Omni API key: give at least one organization key, made in Omni under Settings > API access")
	}
	if o.RequestsPerMinute < 1 {
		return nil, fmt.Errorf("requests per minute and key is %d: give a number from 1 on; Omni's own limit is 60", o.RequestsPerMinute)
	}
	if o.TotalPerMinute < 0 {
		return nil, fmt.Errorf("requests per minute of all keys together is %d: give a number from 1 on, or 0 for the sum of the keys", o.TotalPerMinute)
	}
	total := len(o.Keys) * o.RequestsPerMinute
	if o.TotalPerMinute > 0 {
		total = min(total, o.TotalPerMinute)
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.Allowance == nil {
		o.Allowance = newPace(len(o.Keys), o.RequestsPerMinute, total)
	}
	return &Client{
		base: base,
		http: &http.Client{
			Transport: o.Transport,
			// A redirect is never followed: the key must not reach another host,
			// a POST must not become a GET, and each request needs its turn.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		perKey:    o.RequestsPerMinute,
		total:     total,
		keys:      newKeyring(o.Keys),
		breaker:   newBreaker(),
		allowance: o.Allowance,
		retries:   newRetries(),
	}, nil
}

// Limits tells how the allowance stands now, for the status.
func (c *Client) Limits() Limits {
	l := c.allowance.Limits()
	l.RefusedKeys = c.keys.refusals()
	l.Unshared = c.shared.why()
	l.DownSeconds = c.breaker.rest().Seconds()
	c.shared.count(l.Lanes, time.Now())
	return l
}

func parseBase(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case err != nil || u.Host == "":
		return nil, fmt.Errorf("the Omni base URL %q is no address: give the login URL, such as https://acme.omniapp.co", clip(raw))
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("the Omni base URL for %q carries more than host and path: give the login URL alone, such as https://acme.omniapp.co", u.Host)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, fmt.Errorf("the Omni base URL %q is not encrypted: use https (http is for loopback hosts only)", raw)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the Omni base URL %q has the scheme %q: use https", raw, u.Scheme)
	}
	path := strings.TrimRight(u.Path, "/")
	if strings.HasSuffix(path, "/api") {
		return nil, fmt.Errorf("the Omni base URL %q ends with /api: leave that away, it is added", raw)
	}
	return u.JoinPath("api", "scim", "v2"), nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   64, // as many as a run has in flight at most
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: attemptTime,
	}
}
