package okta

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"github.com/omnisync/omnisync/fault"
)

// credential gives the value of the Authorization header.
type credential interface {
	// header gives the value that holds now. It may ask Okta, under ctx, whose
	// end is then its error; every other error is a *fault.Error.
	header(ctx context.Context) (string, error)

	// spent tells that a request with this value was answered 401, so that
	// header looks for another one.
	spent(value string)
}

// auth puts the credential on each request, and on none to another host. After a
// 401 it asks the credential again, and repeats the request once, at once, where
// there is another one.
type auth struct {
	host       string
	credential credential
	next       http.RoundTripper
}

func (a *auth) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != a.host {
		return nil, &fault.Error{Kind: fault.Refused, Detail: "the credential is for " + a.host + ", not for " + req.URL.Host}
	}
	used, err := a.credential.header(req.Context())
	if err != nil {
		return nil, err
	}
	resp, err := a.send(req, used)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	a.credential.spent(used)
	other, err := a.credential.header(req.Context())
	if err != nil {
		resp.Body.Close()
		return nil, err
	}
	if other == used {
		return resp, nil
	}
	resp.Body.Close()
	return a.send(req, other)
}

func (a *auth) send(req *http.Request, value string) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", value)
	resp, err := a.next.RoundTrip(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = withhold(resp, value)
	}
	return resp, err
}

// withhold takes the credential out of a refusal: what says no may repeat what it was
// asked with, and its words are told to people and kept.
func withhold(resp *http.Response, value string) error {
	_, secret, _ := strings.Cut(value, " ")
	body, err := readBody(resp)
	if err != nil || secret == "" || !bytes.Contains(body, []byte(secret)) {
		return err
	}
	body = bytes.ReplaceAll(body, []byte(secret), []byte("[credential]"))
	resp.Body, resp.ContentLength = &read{body, bytes.NewReader(body)}, int64(len(body))
	return nil
}

// apiToken is an API token of an administrator, in Okta's SSWS scheme. It is
// asked for at each request.
type apiToken func() (string, error)

func (t apiToken) header(context.Context) (string, error) {
	token, err := t()
	token = strings.TrimSpace(token) // files end with a newline
	if err != nil || token == "" {
		return "", &fault.Error{Kind: fault.Unauthorized, Detail: "the Okta API token can't be read or is empty",
			Hint: "check what okta.auth.api_token points to", Err: err}
	}
	return "SSWS " + token, nil
}

func (t apiToken) spent(string) {}
