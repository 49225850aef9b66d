package okta

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// maxHooks is how many event hooks an org may have.
const maxHooks = 25

// hook is an event hook: Okta posts the events of some types to a URL.
type hook struct {
	id       string
	number   uint64
	base     string // the origin of its links, as it was when the hook was made
	active   bool
	verified bool
	created  time.Time
	updated  time.Time
	wanted   hookWanted
}

// hookWanted is what a request says of a hook.
type hookWanted struct {
	Name        string  `json:"name"`
	Description *string `json:"description"`
	Events      struct {
		Type   string          `json:"type"`
		Items  []string        `json:"items"`
		Filter json.RawMessage `json:"filter"`
	} `json:"events"`
	Channel hookChannel `json:"channel"`
}

type hookChannel struct {
	Type    string `json:"type"`
	Version string `json:"version"`
	Config  struct {
		URI     string       `json:"uri"`
		Headers []hookHeader `json:"headers"`
		Auth    *struct {
			Type string `json:"type"`
			hookHeader
		} `json:"authScheme"`
	} `json:"config"`
}

type hookHeader struct {
	Key   string `json:"key"`
	Value string `json:"value,omitempty"`
}

type hookJSON struct {
	ID           string          `json:"id"`
	Status       string          `json:"status"`
	Verification string          `json:"verificationStatus"`
	Name         string          `json:"name"`
	Description  *string         `json:"description"`
	Created      stamp           `json:"created"`
	CreatedBy    string          `json:"createdBy"`
	LastUpdated  stamp           `json:"lastUpdated"`
	Events       hookEventsJSON  `json:"events"`
	Channel      hookChannelJSON `json:"channel"`
	Links        map[string]href `json:"_links"`
}

type hookEventsJSON struct {
	Type   string    `json:"type"`
	Items  []string  `json:"items"`
	Filter *struct{} `json:"filter"`
}

type hookChannelJSON struct {
	Type    string         `json:"type"`
	Version string         `json:"version"`
	Config  hookConfigJSON `json:"config"`
}

// hookConfigJSON never tells the secret.
type hookConfigJSON struct {
	URI     string        `json:"uri"`
	Headers []hookHeader  `json:"headers"`
	Method  string        `json:"method"`
	Auth    *hookAuthJSON `json:"authScheme,omitempty"`
}

type hookAuthJSON struct {
	Type string `json:"type"`
	Key  string `json:"key"`
}

func (h *hook) self() string { return h.base + "/api/v1/eventHooks/" + h.id }

func (h *hook) json() hookJSON {
	channel, self := h.wanted.Channel, h.self()
	j := hookJSON{
		ID: h.id, Status: "INACTIVE", Verification: "UNVERIFIED", Name: h.wanted.Name, Description: h.wanted.Description,
		Created: stamp(h.created), CreatedBy: ownerID, LastUpdated: stamp(h.updated),
		Events: hookEventsJSON{Type: h.wanted.Events.Type, Items: h.wanted.Events.Items},
		Channel: hookChannelJSON{channel.Type, channel.Version, hookConfigJSON{
			URI: channel.Config.URI, Method: http.MethodPost, Headers: append([]hookHeader{}, channel.Config.Headers...),
		}},
		Links: map[string]href{"self": {self}, "verify": {self + "/lifecycle/verify"}},
	}
	if auth := channel.Config.Auth; auth != nil {
		j.Channel.Config.Auth = &hookAuthJSON{auth.Type, auth.Key}
	}
	if h.verified {
		j.Verification = "VERIFIED"
	}
	if h.active {
		j.Status = "ACTIVE"
		j.Links["deactivate"] = href{self + "/lifecycle/deactivate"}
	} else {
		j.Links["activate"] = href{self + "/lifecycle/activate"}
		j.Links["delete"] = href{self}
	}
	return j
}

func (h *hook) target() Target { return Target{"EventHook", h.id, "unknown", h.wanted.Name} }

func (o *Org) hook(c call) (*hook, *failure) {
	id := c.PathValue("hook")
	if h := o.hooks.byID[id]; h != nil {
		return h, nil
	}
	return nil, notFound("EventHook", id)
}

func (o *Org) listHooks(call) (reply, *failure) {
	all, _ := o.hooks.roll.page(0, maxHooks, func(*hook) bool { return true })
	return listed(all, "", (*hook).json), nil
}

func (o *Org) getHook(c call) (reply, *failure) {
	h, f := o.hook(c)
	if f != nil {
		return reply{}, f
	}
	return reply{body: h.json()}, nil
}

func (o *Org) createHook(c call) (reply, *failure) {
	wanted, f := readHook(c.Request)
	if f != nil {
		return reply{}, f
	}
	if len(o.hooks.byID) >= maxHooks {
		return reply{}, invalid("eventHook", fmt.Errorf("an org has at most %d event hooks", maxHooks))
	}
	h := &hook{id: o.newID("who"), base: c.base, active: true, created: o.now(), updated: o.now(), wanted: wanted}
	o.hooks.byID[h.id] = h
	h.number = o.hooks.roll.add(h)
	o.happened(byAdmin, "event_hook.created", h.target())
	return reply{body: h.json()}, nil
}

// replaceHook makes a hook whose channel is another unverified.
func (o *Org) replaceHook(c call) (reply, *failure) {
	h, f := o.hook(c)
	if f != nil {
		return reply{}, f
	}
	wanted, f := readHook(c.Request)
	if f != nil {
		return reply{}, f
	}
	h.verified = h.verified && wanted.Channel.same(h.wanted.Channel)
	h.wanted, h.updated = wanted, o.now()
	o.happened(byAdmin, "event_hook.updated", h.target())
	return reply{body: h.json()}, nil
}

func (a hookChannel) same(b hookChannel) bool {
	authA, authB := a.Config.Auth, b.Config.Auth
	if (authA == nil) != (authB == nil) || authA != nil && *authA != *authB {
		return false
	}
	return a.Config.URI == b.Config.URI && slices.Equal(a.Config.Headers, b.Config.Headers)
}

// deleteHook deletes an inactive hook alone, as Okta does.
func (o *Org) deleteHook(c call) (reply, *failure) {
	h, f := o.hook(c)
	if f != nil {
		return reply{}, f
	}
	if h.active {
		return reply{}, &failure{http.StatusForbidden, "E0000006", "An event hook is deleted when it is INACTIVE: deactivate it first", nil}
	}
	delete(o.hooks.byID, h.id)
	o.hooks.roll.remove(h.number)
	o.happened(byAdmin, "event_hook.deleted", h.target())
	return reply{}, nil
}

func (o *Org) activateHook(c call) (reply, *failure) {
	return o.moveHook(c, true, "event_hook.activated")
}

func (o *Org) deactivateHook(c call) (reply, *failure) {
	return o.moveHook(c, false, "event_hook.deactivated")
}

func (o *Org) moveHook(c call, active bool, event string) (reply, *failure) {
	h, f := o.hook(c)
	if f != nil {
		return reply{}, f
	}
	if h.active != active {
		h.active, h.updated = active, o.now()
		o.happened(byAdmin, event, h.target())
	}
	return reply{body: h.json()}, nil
}
