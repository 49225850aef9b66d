package check

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
)

// endpointSide is the SCIM endpoint of the daemon that runs, as Okta meets it.
type endpointSide struct {
	Endpoint
	sheet
	config Config
	barred bool // scim.allow doesn't let this machine call
}

const idListener = "push.listener"

// scimError begins what Okta can show to an admin (RFC 7644, section 3.12).
const scimError = "urn:ietf:params:scim:api:messages:2.0:Error"

// restart is what to do about a daemon that goes by another configuration.
const restart = "restart syncd run: it goes by the configuration that it was started with"

func (e *endpointSide) run(ctx context.Context) {
	if e.Endpoint == nil {
		return
	}
	e.group = "Push"
	e.take(ctx, step{idListener, "listener", nil, e.checkListener})
	needs := []string{idListener}
	if e.config.TLS {
		e.take(ctx, step{"push.certificate", "certificate", needs, e.checkCertificate})
	}
	e.take(ctx, step{"push.stranger", "without a token", needs, e.checkStranger})
	for i := range e.config.Tokens {
		e.take(ctx, step{fmt.Sprintf("push.token.%d", i+1), e.tokenName(i + 1), needs,
			func(ctx context.Context) Finding { return e.checkToken(ctx, i+1) }})
	}
	e.take(ctx, step{"push.discovery", "what it says of itself", needs, e.checkDiscovery})
}

func (e *endpointSide) tokenName(token int) string {
	if e.config.Tokens == 1 {
		return "token"
	}
	return fmt.Sprintf("token %d", token)
}

func (e *endpointSide) checkListener(ctx context.Context) Finding {
	r, err := e.Get(ctx, "/healthz", 0)
	return alive(r, err, "scim")
}

// alive judges what a listener of the daemon answers to /healthz; section is where the
// configuration has it.
func alive(r Reply, err error, section string) Finding {
	switch {
	case fault.Is(err, fault.NotFound):
		return skipped("not running: start syncd run, and check again")
	case err != nil:
		return broken(err, fmt.Sprintf("see the log of syncd run, and %[1]s.listen and %[1]s.tls", section))
	case r.Status != http.StatusOK || !strings.Contains(string(r.Body), "alive"):
		return good("/healthz is answered %d", r.Status).fail("what listens there is not syncd", "end it, or let "+section+".listen name another port")
	}
	return good("answers /healthz")
}

// checkStranger wants a refusal that Okta can read.
func (e *endpointSide) checkStranger(ctx context.Context) Finding {
	r, err := e.Get(ctx, e.users(), 0)
	if err != nil {
		return broken(err, restart)
	}
	f := good("answered %d", r.Status)
	switch {
	case r.Status == http.StatusForbidden:
		e.barred = true
		return skipped("scim.allow doesn't let this machine call; check again from one that it does, or add it")
	case r.Status != http.StatusUnauthorized:
		return f.fail("who sends no token isn't refused with 401", restart)
	case !isProblem(r):
		return f.fail("the refusal is no SCIM error, so Okta can't show it: something stands between", "ask the listener itself: "+restart)
	}
	return f
}

func isProblem(r Reply) bool {
	var problem struct {
		Schemas []string `json:"schemas"`
		Status  string   `json:"status"`
	}
	return json.Unmarshal(r.Body, &problem) == nil && slices.Contains(problem.Schemas, scimError) && problem.Status == fmt.Sprint(r.Status)
}

func (e *endpointSide) users() string { return e.below("/Users?startIndex=1&count=2") }

func (e *endpointSide) below(path string) string {
	return strings.TrimRight(e.config.BasePath, "/") + path
}

// checkToken asks what Okta's button "Test Connector Configuration" asks.
func (e *endpointSide) checkToken(ctx context.Context, token int) Finding {
	if e.barred {
		return skipped("not known where this machine may not call")
	}
	r, err := e.Get(ctx, e.users(), token)
	if err != nil {
		return broken(err, restart)
	}
	f := good("GET %s is answered %d", e.users(), r.Status)
	switch r.Status {
	case http.StatusOK:
		var list struct {
			Total *int `json:"totalResults"`
		}
		if json.Unmarshal(r.Body, &list) != nil || list.Total == nil {
			return f.fail("the answer is no SCIM list", restart)
		}
		return good("lets in: %s", counted(*list.Total, "user"))
	case http.StatusTooManyRequests:
		if r.RetryAfter == "" {
			return f.fail("the answer doesn't say when to come again, so Okta waits for minutes", restart)
		}
		return good("lets in, but is asked to come again in %s seconds: another process leads, or this one waits", r.RetryAfter)
	case http.StatusUnauthorized:
		return f.fail("the daemon that runs doesn't know this token", "send SIGHUP to syncd run, which makes it read the secrets again, or "+restart)
	case http.StatusNotFound:
		return f.fail("nothing is served below scim.base_path", restart)
	}
	return f.fail("the answer is neither 200 nor 429", "see the log of syncd run")
}

// checkDiscovery reads what clients that aren't Okta go by. Its token is the first.
func (e *endpointSide) checkDiscovery(ctx context.Context) Finding {
	if e.barred {
		return skipped("not known where this machine may not call")
	}
	r, err := e.Get(ctx, e.below("/ServiceProviderConfig"), 1)
	if err != nil {
		return broken(err, restart)
	}
	f := good("/ServiceProviderConfig is answered %d", r.Status)
	var told struct {
		Patch *struct {
			Supported bool `json:"supported"`
		} `json:"patch"`
	}
	switch {
	case r.Status == http.StatusTooManyRequests, r.Status == http.StatusUnauthorized:
		return skipped(fmt.Sprintf("not known: answered %d", r.Status))
	case r.Status != http.StatusOK || json.Unmarshal(r.Body, &told) != nil || told.Patch == nil:
		return f.fail("it can't be read", restart)
	}
	return good("/ServiceProviderConfig can be read")
}
