package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/push"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

// hooks takes Okta's event hooks for as long as the process lives, whoever leads.
type hooks struct {
	config   configs.Hooks
	shared   bool // at the listener of the SCIM endpoint
	log      *zap.Logger
	receiver *okta.HookReceiver
}

// newHooks makes them, nil where none are listened for.
func newHooks(p parts) *hooks {
	if !p.config.HooksOn() {
		return nil
	}
	c := p.config.Hooks
	return &hooks{config: c, shared: p.config.HooksShared(), log: p.log,
		receiver: okta.NewHookReceiver(okta.HookOptions{Path: c.Path, Secret: c.Secret.Value, Log: p.log})}
}

// listen opens their listener; nil where there is none of their own.
func (h *hooks) listen() (net.Listener, error) {
	if h == nil || h.shared {
		return nil, nil
	}
	return listen(h.config.Listen, "open the listener of event hooks", "end what listens there, or change hooks.listen; to share the SCIM endpoint's, write it as scim.listen does")
}

// serve answers Okta on l until ctx ends.
func (h *hooks) serve(ctx context.Context, l net.Listener, ready func(context.Context) error) error {
	h.log.Info("event hooks are listened for", zap.String("address", l.Addr().String()), zap.String("path", h.config.Path))
	server := push.Server{Name: "listener of event hooks", Section: "hooks", CertFile: h.config.TLS.CertFile, KeyFile: h.config.TLS.KeyFile, Log: h.log}
	return server.Serve(ctx, l, push.Health(ready, h.receiver))
}

// beside takes event hooks at a listener that is there for next. They aren't logged
// one by one, nor counted among its requests.
func (h *hooks) beside(next http.Handler) http.Handler {
	if h == nil || !h.shared {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == h.config.Path {
			h.receiver.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// begin serves them on l, where they have a listener of their own, and passes on
// what they ask for.
func (h *hooks) begin(ctx context.Context, group *errgroup.Group, l net.Listener, s *seat) {
	if h == nil {
		return
	}
	if l != nil {
		group.Go(func() error { return h.serve(ctx, l, s.ready) })
	}
	group.Go(func() error {
		h.receiver.Run(ctx, s.wake)
		return nil
	})
}

// woken is the run that an event hook asks for.
func woken() sync.Request { return sync.Request{Kind: sync.Delta, Cause: sync.CauseHook} }

// wakeWithin bounds how long a standby takes to hand a hook on: the next may
// be waiting.
const wakeWithin = 2 * time.Second

// wake has whoever leads look into Okta. A standby leaves it in the mailbox and waits
// for nothing. What gets lost on the way, the schedule makes up for.
func (s *seat) wake(ctx context.Context) {
	if c := s.leads.Load(); c != nil {
		c.loop.Ask(woken())
		return
	}
	mail := mailbox(s.store)
	if mail == nil {
		return // nobody else leads, and whoever begins to lead looks by itself
	}
	ctx, cancel := context.WithTimeout(ctx, wakeWithin)
	defer cancel()
	if err := (messenger{mail: mail}).wake(ctx); err != nil {
		s.parts.log.Debug("an event hook isn't handed on", zap.Error(err))
	}
}

// hooked is what came in at event hooks since the process began.
type hooked struct {
	Taken   uint64     `json:"taken"`
	Refused uint64     `json:"refused"` // without the right secret
	Newest  *time.Time `json:"newest"`  // when one was taken; null for never
}

// hookedOf says what came in, "" where event hooks are off.
func hookedOf(limits map[string]any) string {
	told, there := limits["hooks"]
	var s hooked
	text, err := json.Marshal(told)
	if !there || err != nil || json.Unmarshal(text, &s) != nil {
		return ""
	}
	line := fmt.Sprintf("%d taken", s.Taken)
	if s.Newest != nil {
		line += ", the newest at " + stamp(*s.Newest)
	}
	if s.Refused > 0 {
		line += fmt.Sprintf(", %d without the right secret", s.Refused)
	}
	return line
}

func (h *hooks) seen() hooked {
	c := h.receiver.Counts()
	s := hooked{Taken: c.Taken, Refused: c.Refused}
	if !c.Newest.IsZero() {
		s.Newest = &c.Newest
	}
	return s
}
