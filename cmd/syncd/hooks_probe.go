package main

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"

	checks "github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/configs"
)

// hookProbe asks the listener of event hooks of the daemon on this machine.
type hookProbe struct {
	config *configs.Config
	client *http.Client
	base   string
}

func newHookProbe(c *configs.Config) checks.Hooks {
	if !c.HooksOn() {
		return nil
	}
	certificate := c.Hooks.TLS
	if c.HooksShared() {
		certificate = c.SCIM.TLS
	}
	client, base := localClient(c.Hooks.Listen, certificate)
	return hookProbe{config: c, client: client, base: base}
}

// Healthz asks for /healthz.
func (p hookProbe) Healthz(ctx context.Context) (checks.Reply, error) {
	return p.get(ctx, "/healthz", "", "")
}

// Challenge sends what Okta sends to verify the address.
func (p hookProbe) Challenge(ctx context.Context, value string) (checks.Reply, error) {
	return p.get(ctx, p.config.Hooks.Path, "X-Okta-Verification-Challenge", value)
}

// Ask sends the secret, or a wrong one. It asks by GET, which brings no event.
func (p hookProbe) Ask(ctx context.Context, right bool) (checks.Reply, error) {
	secret := "wrong"
	if right {
		var err error
		if secret, err = p.config.Hooks.Secret.Value(); err != nil {
			return checks.Reply{}, err
		}
	}
	return p.get(ctx, p.config.Hooks.Path, "Authorization", secret)
}

func (p hookProbe) get(ctx context.Context, path, header, value string) (checks.Reply, error) {
	answer, err := p.send(ctx, path, header, value)
	if err != nil {
		return checks.Reply{}, err
	}
	defer func() { _ = answer.Body.Close() }() // only read
	return readReply(answer)
}

func (p hookProbe) send(ctx context.Context, path, header, value string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "syncd check")
	if header != "" {
		request.Header.Set(header, value)
	}
	answer, err := p.client.Do(request)
	if err != nil {
		return nil, unreached(err)
	}
	return answer, nil
}

// Certificates gives what the listener shows.
func (p hookProbe) Certificates(ctx context.Context) ([]*x509.Certificate, error) {
	answer, err := p.send(ctx, "/healthz", "", "")
	if err != nil {
		return nil, err
	}
	_ = answer.Body.Close() // the certificates came before it
	if answer.TLS == nil {
		return nil, unreached(errors.New("it doesn't speak TLS"))
	}
	return answer.TLS.PeerCertificates, nil
}
