package okta

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
)

// verifyHook asks a hook's service to give a value back, which shows that whoever made the hook owns the service. Okta
// asks without the org's lock: what was changed meanwhile isn't verified.
func (o *Org) verifyHook(c call) (reply, *failure) {
	o.mu.RLock()
	h, f := o.hook(c)
	if f != nil {
		o.mu.RUnlock()
		return reply{}, f
	}
	asked := *h
	o.mu.RUnlock()
	if err := o.challenge(c.Context(), asked); err != nil {
		return reply{}, invalid("eventHook", errors.New("the service didn't verify itself: "+err.Error()))
	}
	defer o.lock()()
	if h, f = o.hook(c); f != nil {
		return reply{}, f
	}
	if h.wanted.Channel.same(asked.wanted.Channel) && !h.verified {
		h.verified, h.updated = true, o.now()
		o.happened(byAdmin, "event_hook.verified", h.target())
	}
	return reply{body: h.json()}, nil
}

func (o *Org) challenge(ctx context.Context, h hook) error {
	value := rand.Text()
	body, err := o.callHook(ctx, h, func(ctx context.Context) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.wanted.Channel.Config.URI, nil)
		if err == nil {
			r.Header.Set("X-Okta-Verification-Challenge", value)
		}
		return r, err
	})
	if err != nil {
		return err
	}
	var answer struct {
		Verification string `json:"verification"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return errors.New("its answer isn't JSON")
	}
	if answer.Verification != value {
		return errors.New("its answer isn't the value of X-Okta-Verification-Challenge")
	}
	return nil
}
