package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"syscall"
	"time"

	checks "github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/fault"
)

const (
	// endpointWithin is how long one question to the endpoint may take. Its own limit is
	// longer, but nothing that is asked here takes Omni's time.
	endpointWithin = 15 * time.Second
	// mostReply bounds what is read of an answer: two users are some kB.
	mostReply = 1 << 20
)

// endpointProbe asks the SCIM endpoint of the daemon on this machine. The certificate
// is judged by the check itself, so that one that isn't trusted hides nothing else.
type endpointProbe struct {
	config *configs.Config
	client *http.Client
	base   string
}

func newEndpointProbe(c *configs.Config) checks.Endpoint {
	if !c.PushOn() {
		return nil
	}
	client, base := localClient(c.SCIM.Listen, c.SCIM.TLS)
	return endpointProbe{config: c, client: client, base: base}
}

// localClient asks a listener of the daemon on this machine: see endpointProbe for
// its certificate.
func localClient(address string, t configs.TLS) (client *http.Client, base string) {
	scheme := "http://"
	if t.IsSet() {
		scheme = "https://"
	}
	pool := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true} //nolint:gosec // see endpointProbe
	return &http.Client{Transport: pool, Timeout: endpointWithin}, scheme + reachable(address)
}

// Get asks for a path of the listener.
func (p endpointProbe) Get(ctx context.Context, path string, token int) (checks.Reply, error) {
	answer, err := p.ask(ctx, path, token)
	if err != nil {
		return checks.Reply{}, err
	}
	defer func() { _ = answer.Body.Close() }() // only read
	return readReply(answer)
}

// readReply reads an answer of a listener of ours to its end.
func readReply(answer *http.Response) (checks.Reply, error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostReply))
	if err != nil {
		return checks.Reply{}, unreached(err)
	}
	return checks.Reply{Status: answer.StatusCode, Type: answer.Header.Get("Content-Type"),
		RetryAfter: answer.Header.Get("Retry-After"), Body: body}, nil
}

func (p endpointProbe) ask(ctx context.Context, path string, token int) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "syncd check")
	if token > 0 {
		value, err := p.config.SCIM.BearerTokens[token-1].Value()
		if err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+value)
	}
	answer, err := p.client.Do(request)
	if err != nil {
		return nil, unreached(err)
	}
	return answer, nil
}

func unreached(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return &fault.Error{Kind: fault.NotFound, Op: "reach the listener", Err: err}
	}
	return &fault.Error{Kind: fault.Unavailable, Op: "ask the listener", Err: err}
}

// Certificates gives what the listener shows.
func (p endpointProbe) Certificates(ctx context.Context) ([]*x509.Certificate, error) {
	answer, err := p.ask(ctx, "/healthz", 0)
	if err != nil {
		return nil, err
	}
	_ = answer.Body.Close() // the certificates came before it
	if answer.TLS == nil {
		return nil, unreached(errors.New("it doesn't speak TLS"))
	}
	return answer.TLS.PeerCertificates, nil
}

// Taken asks the daemon by its console.
func (p endpointProbe) Taken(ctx context.Context) (since, newest time.Time, err error) {
	if p.config.Console.Listen == "" {
		return since, newest, errors.New("console.listen is off")
	}
	client, err := clientOf(p.config)
	if err != nil {
		return since, newest, err
	}
	status, err := client.Status(ctx)
	if err != nil {
		return since, newest, err
	}
	s, ok := seenOf(status.Limits)
	if !ok || s.Since == nil {
		return since, newest, errors.New("this process takes no pushes at present")
	}
	if s.Newest != nil {
		newest = *s.Newest
	}
	return *s.Since, newest, nil
}

// seenOf reads what an endpoint saw. The limits come from the daemon, as JSON, or
// from this process.
func seenOf(limits map[string]any) (s seen, ok bool) {
	told, there := limits["scim"]
	text, err := json.Marshal(told)
	ok = there && err == nil && json.Unmarshal(text, &s) == nil
	return s, ok
}
