package okta

import (
	"context"
	"net/http"
	"slices"

	"github.com/omnisync/omnisync/fault"
)

// HookAdmin sets event hooks up in Okta. Reader and Probe only read; this is the one
// place that writes, and a person has asked for it. Its way:
//
//	SDK -> handover -> cautious -> auth -> whole -> renewed -> network
type HookAdmin struct {
	reader *Reader
	app    bool // signs in as an app, not as a person
}

// EventHook is an event hook as Okta has it.
type EventHook struct {
	ID, Name, URI    string
	Active, Verified bool     // it brings events only where it is both
	Missing          []string // of HookEvents, what it isn't asked to bring
}

// Complete reports whether it brings all that is needed.
func (h EventHook) Complete() bool { return h.Active && h.Verified && len(h.Missing) == 0 }

// HookSpec is an event hook as it is to be.
type HookSpec struct {
	Name, URI string
	Secret    string // goes to Okta, and never comes back
}

const needHooks = "okta.eventHooks.manage"

// HookScopes are what setting event hooks up needs, or only seeing them.
func HookScopes(write bool) []string {
	if write {
		return []string{needHooks, "okta.eventHooks.read"}
	}
	return []string{"okta.eventHooks.read"}
}

// NewHookAdmin makes a HookAdmin. It sends nothing. An app's token is asked for with the
// scopes that this needs, whatever o says.
func NewHookAdmin(o Options, write bool) (*HookAdmin, error) {
	if o.OAuth != nil {
		app := *o.OAuth
		app.Scopes = HookScopes(write)
		o.OAuth = &app
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	r, err := New(o)
	if err != nil {
		return nil, err
	}
	network := &renewed{o.Transport}
	var chain http.RoundTripper = &auth{host: r.org.Host, credential: apiToken(o.Token), next: &whole{network}}
	if o.OAuth != nil {
		chain, _, err = o.OAuth.authenticate(r.org, network, func(next http.RoundTripper) http.RoundTripper { return &whole{next} })
		if err != nil {
			return nil, err
		}
	}
	r.client, err = newClient(r.org, &handover{&cautious{next: chain, patient: &again{chain}}})
	return &HookAdmin{reader: r, app: o.OAuth != nil}, err
}

const hooksPath = "/api/v1/eventHooks"

// Find gives the hook that calls uri, else the one of that name, which a hook keeps
// when its address changes; fault.NotFound when there is neither.
func (h *HookAdmin) Find(ctx context.Context, name, uri string) (EventHook, error) {
	c := call{kind: "hooks", op: "list event hooks", path: hooksPath, needs: needHooks}
	var all []EventHook
	for v, err := range list[hookRecord](ctx, h.reader, c) {
		if err != nil {
			return EventHook{}, h.explain(err)
		}
		all = append(all, v.record.hook())
	}
	i := slices.IndexFunc(all, func(e EventHook) bool { return uri != "" && e.URI == uri })
	if i < 0 {
		i = slices.IndexFunc(all, func(e EventHook) bool { return e.Name == name })
	}
	if i < 0 {
		return EventHook{}, &fault.Error{Kind: fault.NotFound, Op: c.op, Detail: "there is no event hook " + name}
	}
	return all[i], nil
}

// Register creates the hook, or brings the one that is there to w, and has Okta verify
// it: for that the daemon must answer at w.URI. Where creating got no answer, it looks
// whether it was done. What is there after a failure is given with the error.
func (h *HookAdmin) Register(ctx context.Context, w HookSpec) (EventHook, error) {
	have, err := h.Find(ctx, w.Name, w.URI)
	if fault.Is(err, fault.NotFound) {
		have, err = h.write(ctx, call{op: "create event hook " + w.Name, path: hooksPath, method: http.MethodPost, body: wanted(w)})
		if err == nil {
			return h.start(ctx, have)
		}
		if !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Doubt) {
			return EventHook{}, err
		}
		lost := err
		if have, err = h.Find(ctx, w.Name, w.URI); err != nil {
			return EventHook{}, lost
		}
	}
	if err != nil {
		return EventHook{}, err
	}
	// What was sent as the secret can't be read back, so it is always sent again.
	now, err := h.write(ctx, call{op: "update event hook " + w.Name, path: hooksPath + "/" + have.ID, method: http.MethodPut, body: wanted(w)})
	if err != nil {
		return have, err
	}
	return h.start(ctx, now)
}

// start activates a hook that isn't active, and has Okta verify its address, which it
// wants after each change.
func (h *HookAdmin) start(ctx context.Context, have EventHook) (EventHook, error) {
	at := hooksPath + "/" + have.ID + "/lifecycle/"
	if !have.Active {
		now, err := h.write(ctx, call{op: "activate event hook " + have.Name, path: at + "activate", method: http.MethodPost})
		if err != nil {
			return have, err
		}
		have = now
	}
	now, err := h.write(ctx, call{op: "verify event hook " + have.Name, path: at + "verify", method: http.MethodPost})
	if err != nil {
		return have, err
	}
	return now, nil
}

// Unregister deactivates and deletes the hook, which Okta deletes only when it is
// inactive; fault.NotFound when there is none.
func (h *HookAdmin) Unregister(ctx context.Context, name, uri string) (EventHook, error) {
	have, err := h.Find(ctx, name, uri)
	if err != nil {
		return EventHook{}, err
	}
	at := hooksPath + "/" + have.ID
	if have.Active {
		if _, err := h.write(ctx, call{op: "deactivate event hook " + have.Name, path: at + "/lifecycle/deactivate", method: http.MethodPost}); err != nil {
			return have, err
		}
	}
	c := call{kind: "hook", op: "delete event hook " + have.Name, path: at, needs: needHooks, method: http.MethodDelete}
	_, err = h.reader.ask(ctx, c)
	if fault.Is(err, fault.NotFound) {
		err = nil // an earlier try's answer was lost
	}
	return have, h.explain(err)
}

// write sends what changes a hook, and gives the hook that Okta answers with.
func (h *HookAdmin) write(ctx context.Context, c call) (EventHook, error) {
	c.kind, c.needs = "hook", needHooks
	a, err := h.reader.ask(ctx, c)
	if err != nil {
		return EventHook{}, h.explain(err)
	}
	var r hookRecord
	if err := decode(c, a, '{', &r); err != nil {
		return EventHook{}, err
	}
	if !isID(r.ID) {
		return EventHook{}, doubt(c, "the answer has no id")
	}
	return r.hook(), nil
}

// explain says what the credential lacks: the hints for reading don't help here.
func (h *HookAdmin) explain(err error) error {
	if !fault.Is(err, fault.Unauthorized) {
		return err
	}
	hint := "the token's admin needs a role that may manage event hooks, such as Super Administrator"
	if h.app {
		hint = "grant the app " + scopesOf(HookScopes(true)) + " " + atApp + "Okta API Scopes, and under Admin roles a role that may manage event hooks"
	}
	return &fault.Error{Kind: fault.Unauthorized, Hint: hint, Err: err}
}
