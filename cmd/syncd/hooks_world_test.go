package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// hookDesk is the part of Okta that keeps event hooks, before the rest of it. Whoever
// signs in with the token "reader" may not.
type hookDesk struct {
	http.Handler        // the rest
	proxy        string // host and port behind each address that hooks call

	mu    sync.Mutex
	hooks []*deskHook
}

// deskHook is an event hook, as Okta's API writes it.
type deskHook struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Status   string `json:"status"`
	Verified string `json:"verificationStatus"`
	Events   struct {
		Items []string `json:"items"`
	} `json:"events"`
	Channel struct {
		Config struct {
			URI  string `json:"uri"`
			Auth struct {
				Key   string `json:"key"`
				Value string `json:"value,omitempty"`
			} `json:"authScheme"`
		} `json:"config"`
	} `json:"channel"`
}

func (d *hookDesk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ours := strings.CutPrefix(r.URL.Path, "/api/v1/eventHooks")
	if !ours {
		d.Handler.ServeHTTP(w, r)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	status, told := d.act(r, strings.TrimPrefix(rest, "/"))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		_ = json.NewEncoder(w).Encode(told)
	}
}

func refusedBy(status int, code, why string) (int, any) {
	return status, map[string]string{"errorCode": code, "errorSummary": why}
}

func (d *hookDesk) act(r *http.Request, rest string) (int, any) {
	id, verb, _ := strings.Cut(rest, "/lifecycle/")
	i := slices.IndexFunc(d.hooks, func(h *deskHook) bool { return h.ID == id })
	sent := &deskHook{}
	switch {
	case r.Header.Get("Authorization") == "SSWS reader":
		return refusedBy(403, "E0000006", "You do not have permission to perform the requested action")
	case r.Method == http.MethodGet && id == "":
		list := []deskHook{}
		for _, h := range d.hooks {
			list = append(list, h.hidden())
		}
		return 200, list
	case r.Method == http.MethodPost && id == "" || r.Method == http.MethodPut && i >= 0:
		if err := json.NewDecoder(r.Body).Decode(sent); err != nil {
			return refusedBy(400, "E0000003", err.Error())
		}
		sent.ID, sent.Status, sent.Verified = id, "ACTIVE", "UNVERIFIED"
		if id == "" {
			sent.ID = fmt.Sprintf("who%d", len(d.hooks)+1)
			d.hooks = append(d.hooks, sent)
		} else {
			d.hooks[i] = sent
		}
		return 200, sent.hidden()
	case i < 0:
		return refusedBy(404, "E0000007", "Not found")
	case r.Method == http.MethodDelete && d.hooks[i].Status == "ACTIVE":
		return refusedBy(400, "E0000001", "active")
	case r.Method == http.MethodDelete:
		d.hooks = slices.Delete(d.hooks, i, i+1)
		return http.StatusNoContent, nil
	case verb == "verify":
		if err := d.verify(r.Context(), d.hooks[i]); err != nil {
			return refusedBy(400, "E0000001", "Api validation failed: "+err.Error())
		}
		d.hooks[i].Verified = "VERIFIED"
	case verb == "deactivate":
		d.hooks[i].Status = "INACTIVE"
	case verb == "activate":
		d.hooks[i].Status = "ACTIVE"
	}
	return 200, d.hooks[i].hidden()
}

// hidden is all but the secret.
func (h *deskHook) hidden() deskHook {
	told := *h
	told.Channel.Config.Auth.Value = ""
	return told
}

// verify asks the address, through the proxy that speaks TLS before it.
func (d *hookDesk) verify(ctx context.Context, h *deskHook) error {
	r, err := d.request(ctx, http.MethodGet, h)
	if err != nil {
		return err
	}
	r.Header.Set("X-Okta-Verification-Challenge", "hZl9QMn_4DnKiOuBi6P2")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	var told struct{ Verification string }
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil || answer.StatusCode != 200 || told.Verification != "hZl9QMn_4DnKiOuBi6P2" {
		return fmt.Errorf("answered %d %q: %w", answer.StatusCode, told.Verification, err)
	}
	return nil
}

func (d *hookDesk) request(ctx context.Context, method string, h *deskHook) (*http.Request, error) {
	rest, ok := strings.CutPrefix(h.Channel.Config.URI, "https://hooks.acme.example")
	if !ok {
		return nil, fmt.Errorf("%s isn't known", h.Channel.Config.URI)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+d.proxy+rest, strings.NewReader(`{"eventType":"com.okta.event_hook"}`))
	if err == nil {
		r.Header.Set(h.Channel.Config.Auth.Key, h.Channel.Config.Auth.Value)
	}
	return r, err
}

// hooksCmd is Okta's side of event hooks: hooks deliver STATUS, which wants each hook that
// is on to be answered so; hooks forget, which takes a type of events from each;
// hooks count N; hooks rest, which makes each inactive.
func hooksCmd(ts *testscript.TestScript, _ bool, args []string) {
	d := worldOf(ts).hooks
	d.mu.Lock()
	defer d.mu.Unlock()
	if args[0] == "count" {
		if got := fmt.Sprint(len(d.hooks)); got != args[1] {
			ts.Fatalf("Okta has %s event hooks, want %s", got, args[1])
		}
		return
	}
	for _, h := range d.hooks {
		switch args[0] {
		case "deliver":
			r, err := d.request(context.Background(), http.MethodPost, h)
			ts.Check(err)
			answer, err := http.DefaultClient.Do(r)
			ts.Check(err)
			_ = answer.Body.Close()
			if got := fmt.Sprint(answer.StatusCode); got != args[1] || h.Status != "ACTIVE" || h.Verified != "VERIFIED" {
				ts.Fatalf("%+v is answered %s, want %s", h, got, args[1])
			}
		case "forget":
			h.Events.Items = h.Events.Items[1:]
		case "rest":
			h.Status = "INACTIVE"
		default:
			ts.Fatalf("hooks %s is not known", args[0])
		}
	}
}

// eventuallyCmd runs syncd until its output on standard output holds a text: eventually TEXT ARG...
func eventuallyCmd(ts *testscript.TestScript, _ bool, args []string) {
	for range 1000 {
		_ = ts.Exec("syncd", args[1:]...)
		if strings.Contains(ts.ReadFile("stdout"), args[0]) {
			return
		}
		pause()
	}
	ts.Fatalf("syncd %s doesn't tell %s", strings.Join(args[1:], " "), args[0])
}
