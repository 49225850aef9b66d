package check

import (
	"context"
	"encoding/json"
	"net/http"
)

// hookSide is the listener of event hooks of the daemon that runs, as Okta meets it.
type hookSide struct {
	Hooks
	sheet
	config Config
}

const idHooks = "hooks.listener"

func (h *hookSide) run(ctx context.Context) {
	if h.Hooks == nil {
		return
	}
	h.group = "Event hooks"
	h.take(ctx, step{idHooks, "listener", nil, h.checkListener})
	needs := []string{idHooks}
	if h.config.HookTLS {
		h.take(ctx, step{"hooks.certificate", "certificate", needs, h.checkCertificate})
	}
	h.take(ctx,
		step{"hooks.challenge", "Okta's verification", needs, h.checkChallenge},
		step{"hooks.stranger", "with a wrong secret", needs, h.checkStranger},
		step{"hooks.secret", "secret", needs, h.checkSecret},
	)
}

func (h *hookSide) checkListener(ctx context.Context) Finding {
	r, err := h.Healthz(ctx)
	return alive(r, err, "hooks")
}

func (h *hookSide) checkCertificate(ctx context.Context) Finding {
	chain, err := h.Certificates(ctx)
	return judged(chain, err, "hooks.tls")
}

// checkChallenge asks what Okta asks once, when a hook is verified.
func (h *hookSide) checkChallenge(ctx context.Context) Finding {
	const value = "syncd-check-0123456789"
	r, err := h.Challenge(ctx, value)
	if err != nil {
		return broken(err, restart)
	}
	f := good("answered %d", r.Status)
	var told struct {
		Verification string `json:"verification"`
	}
	switch {
	case r.Status == http.StatusNotFound:
		return f.fail("nothing is served at hooks.path", restart)
	case r.Status != http.StatusOK || json.Unmarshal(r.Body, &told) != nil || told.Verification != value:
		return f.fail("what Okta sends to verify the address doesn't come back", restart)
	}
	return good("what Okta sends to verify the address comes back")
}

func (h *hookSide) checkStranger(ctx context.Context) Finding {
	r, err := h.Ask(ctx, false)
	if err != nil {
		return broken(err, restart)
	}
	f := good("answered %d", r.Status)
	if r.Status != http.StatusUnauthorized {
		return f.fail("who sends a wrong secret isn't refused with 401", restart)
	}
	return f
}

func (h *hookSide) checkSecret(ctx context.Context) Finding {
	r, err := h.Ask(ctx, true)
	if err != nil {
		return broken(err, restart)
	}
	f := good("answered %d", r.Status)
	switch r.Status {
	case http.StatusNoContent:
		return good("the daemon takes it; syncd hooks shows whether Okta has the event hook")
	case http.StatusUnauthorized:
		return f.fail("the daemon that runs has another secret", "send SIGHUP to syncd run, which makes it read the secrets again, or "+restart)
	}
	return f.fail("the answer is neither 204 nor 401", "see the log of syncd run")
}
