// Package okta reads what Okta says: the application, who is assigned to it,
// its group-push mappings, groups and their members.
//
// A question walks through the files in this order:
//
//	sources.go, directory.go, witness.go, touches.go   one method for each question
//	-> api.go (one request: ask, check, decode), paging.go (a list)
//	-> the SDK's request executor
//	-> handover.go -> retry.go -> auth.go -> pace.go -> whole.go -> network
//
// With OAuth, auth.go takes its tokens from oauth.go, and dpop.go stands before
// the network.
//
// The SDK builds the requests. What waits, tries again, authenticates and reads
// bodies are round trippers of our own below it, because the SDK knows one wait
// for all endpoints, retries nothing but 429, and decodes slowly.
//
// Event hooks stand aside: hooks.go takes what Okta sends, of which nothing is read;
// hooks_admin.go sets them up in Okta, and is the one place that writes there.
//
// Every failure is a *fault.Error, except the end of the caller's context.
package okta

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"
)

// DefaultRateShare is the part of Okta's announced limits that is used where
// Options doesn't say.
const DefaultRateShare = 0.25

// Options say which application is read, and how.
type Options struct {
	OrgURL string // such as https://acme.okta.com; http:// for loopback hosts only
	AppID  string // such as 0oa1gjh63g214q0Hq0g4

	// Token gives the API token. It is called for each request, and again after a
	// 401, so that a token file that was replaced is used at once.
	Token func() (string, error)
	OAuth *OAuth // an app of its own in place of Token: exactly one of the two is set

	RateShare float64           // at most this part of each announced limit, in (0, 1]; 0 means DefaultRateShare
	Transport http.RoundTripper // nil means a transport of its own, with the proxy that the environment names
}

// Reader asks Okta. It may be used by many goroutines at once: they share its
// rate share and its four requests in flight.
type Reader struct {
	org     *url.URL
	app     string // path of the application, such as /api/v1/apps/0oa1
	id      string
	client  *sdk.Client
	pace    *pace
	broken  *breaker
	tokens  *session // of an app; nil with an API token
	patient bool     // its requests leave room for others
}

// New makes a Reader. It sends nothing. The SDK begins a goroutine that ends when
// the Reader is collected: under testing/synctest, call New outside the bubble.
func New(o Options) (*Reader, error) {
	org, err := orgURL(o.OrgURL)
	if err != nil {
		return nil, err
	}
	if !isID(o.AppID) {
		return nil, fmt.Errorf("okta.app_id %q is not an id: copy it from the address of the app's page in the Okta admin console, it begins with 0oa", o.AppID)
	}
	if (o.Token == nil) == (o.OAuth == nil) {
		return nil, errors.New("no Okta credential, or two: set either okta.auth.api_token or okta.auth.oauth")
	}
	if o.RateShare == 0 {
		o.RateShare = DefaultRateShare
	}
	if !(o.RateShare > 0 && o.RateShare <= 1) {
		return nil, fmt.Errorf("okta.rate_share %v is not above 0 and at most 1", o.RateShare)
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	r := &Reader{org: org, app: "/api/v1/apps/" + o.AppID, id: o.AppID, broken: &breaker{}}
	chain, err := r.authenticate(o)
	if err != nil {
		return nil, err
	}
	r.client, err = newClient(org, &handover{newRetry(chain)})
	return r, err
}

// Patiently gives the same Reader with more patience: what it asks leaves half of
// each limit's share, and the last request in flight, to those that can't wait. It
// is for long readings beside short ones.
func (r *Reader) Patiently() *Reader {
	p := *r
	p.patient = true
	return &p
}

// authenticate makes what lies below the retries. The credential is above the
// pace: getting a token takes none of the requests in flight.
func (r *Reader) authenticate(o Options) (http.RoundTripper, error) {
	paced := func(next http.RoundTripper) http.RoundTripper {
		r.pace = newPace(r.org.Path, o.RateShare, &whole{next})
		return r.pace
	}
	if o.OAuth != nil {
		chain, tokens, err := o.OAuth.authenticate(r.org, o.Transport, paced)
		r.tokens = tokens
		return chain, err
	}
	return &auth{host: r.org.Host, credential: apiToken(o.Token), next: paced(o.Transport)}, nil
}

// orgURL checks the address and brings it to the form that paths are appended to.
func orgURL(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(s, "/"))
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("okta.org_url is not an address such as https://acme.okta.com")
	case strings.Contains(u.Host, "-admin.okta"):
		return nil, fmt.Errorf("okta.org_url %q is the admin console's address: leave out \"-admin\"", u.Host)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		u.Host = strings.ToLower(u.Host) // as Okta writes it in the addresses of next pages
		return u, nil
	default:
		return nil, fmt.Errorf("okta.org_url %q must begin with https://: http:// would show the API token to the network", s)
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// isID reports whether s has the form of Okta's ids, which may stand in a path
// or in a filter as they are.
func isID(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// newClient sets every option of the SDK, because what isn't set is taken from
// ~/.okta/okta.yaml and OKTA_CLIENT_* variables. Its token is a placeholder:
// auth puts the real one on.
func newClient(org *url.URL, chain http.RoundTripper) (*sdk.Client, error) {
	_, client, err := sdk.NewClient(context.Background(),
		sdk.WithOrgUrl(org.String()),
		sdk.WithAuthorizationMode("Bearer"),
		sdk.WithToken("placeholder"),
		sdk.WithHttpClientPtr(&http.Client{Transport: chain}),
		sdk.WithTestingDisableHttpsCheck(org.Scheme == "http"),
		sdk.WithUserAgentExtra("omnisync"),
		sdk.WithCache(false), sdk.WithCacheManager(nil), sdk.WithCacheTtl(0), sdk.WithCacheTti(0),
		sdk.WithConnectionTimeout(0), sdk.WithRequestTimeout(0),
		sdk.WithRateLimitMaxRetries(0), sdk.WithRateLimitMaxBackOff(0),
		sdk.WithProxyHost(""), sdk.WithProxyPort(0), sdk.WithProxyUsername(""), sdk.WithProxyPassword(""),
		sdk.WithClientId(""), sdk.WithClientAssertion(""), sdk.WithScopes(nil),
		sdk.WithPrivateKey(""), sdk.WithPrivateKeyId(""), sdk.WithPrivateKeySigner(nil),
	)
	if err != nil {
		return nil, fmt.Errorf("okta.org_url %q is refused by Okta's SDK: %w", org, err)
	}
	return client, nil
}

// newTransport is Go's default transport, with limits on each step before an
// answer begins. whole limits the answer itself.
func newTransport() http.RoundTripper {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: maxInFlight,
		IdleConnTimeout:     30 * time.Second,
	}
}

// Skew is how far our wall clock is ahead of the Date header of Okta's newest
// answer, 0 before the first. The header has whole seconds.
func (r *Reader) Skew() time.Duration { return r.pace.skew() }

// Limits tells what Okta last announced, by bucket, such as "apps/*".
func (r *Reader) Limits() map[string]Limit { return r.pace.limits() }
