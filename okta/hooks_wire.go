package okta

import (
	"net/http"
	"slices"
)

// hookRecord is the part of Okta's event hook that is read and written.
type hookRecord struct {
	ID           string      `json:"id,omitempty"`
	Name         string      `json:"name"`
	Status       string      `json:"status,omitempty"`
	Verification string      `json:"verificationStatus,omitempty"`
	Events       hookEvents  `json:"events"`
	Channel      hookChannel `json:"channel"`
}

type hookEvents struct {
	Type  string   `json:"type"`
	Items []string `json:"items"`
}

type hookChannel struct {
	Type    string     `json:"type"`
	Version string     `json:"version"`
	Config  hookConfig `json:"config"`
}

type hookConfig struct {
	URI  string     `json:"uri"`
	Auth hookSecret `json:"authScheme"`
}

type hookSecret struct {
	Type  string `json:"type"`
	Key   string `json:"key"`
	Value string `json:"value,omitempty"` // Okta never tells it
}

func (r hookRecord) id() string { return r.ID }

func (r hookRecord) hook() EventHook {
	h := EventHook{ID: r.ID, Name: r.Name, URI: r.Channel.Config.URI, Active: r.Status == "ACTIVE", Verified: r.Verification == "VERIFIED"}
	for _, kind := range HookEvents() {
		if !slices.Contains(r.Events.Items, kind) {
			h.Missing = append(h.Missing, kind)
		}
	}
	return h
}

// wanted is what Okta is sent for a hook.
func wanted(w HookSpec) hookRecord {
	return hookRecord{
		Name:   w.Name,
		Events: hookEvents{Type: "EVENT_TYPE", Items: HookEvents()},
		Channel: hookChannel{Type: "HTTP", Version: "1.0.0", Config: hookConfig{
			URI: w.URI, Auth: hookSecret{Type: "HEADER", Key: "Authorization", Value: w.Secret},
		}},
	}
}

// cautious tries once more what may be different a moment later, but for what creates a
// hook: without an answer nobody knows whether it did.
type cautious struct {
	next    http.RoundTripper
	patient *again
}

func (c *cautious) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodPost && req.GetBody != nil {
		return c.next.RoundTrip(req)
	}
	return c.patient.RoundTrip(req)
}

// renewed gives each attempt of a request its body: the one before may have read it.
type renewed struct{ next http.RoundTripper }

func (r *renewed) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.GetBody == nil {
		return r.next.RoundTrip(req)
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Body = body
	return r.next.RoundTrip(req)
}
