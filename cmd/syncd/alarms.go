package main

import (
	"context"
	"sync"
	"time"

	"github.com/omnisync/omnisync/alerts"
	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/fault"
	"go.uber.org/zap"
)

// alarms tells people what matters without their asking: in the log, and by the webhook
// where there is one. It is the process's, and outlives each leadership; what is to be
// told is the engine's word, while this process leads.
type alarms struct {
	name    string // of the connection
	names   bool   // people and groups may be named
	webhook sender // nil: the log tells alone
	log     *zap.Logger

	mu     sync.Mutex
	seen   alarmsSeen
	logged map[string]bool // news that stand in the log, by key and word, and weren't sent yet
}

// sender sends one message.
type sender interface {
	Send(ctx context.Context, m alerts.Message) error
}

// alarmsSeen is what status tells of alerts.
type alarmsSeen struct {
	Sent    int        `json:"sent"`            // since the start
	Last    *time.Time `json:"last,omitempty"`  // when one was sent last
	Waiting int        `json:"waiting"`         // to be sent
	Error   string     `json:"error,omitempty"` // why the webhook takes none; "" while it does
	Since   *time.Time `json:"since,omitempty"` // when that began
}

func newAlarms(c *configs.Config, log *zap.Logger) *alarms {
	a := &alarms{name: c.Name, names: c.Alerts.Names, log: log, logged: map[string]bool{}}
	if w := c.Alerts.Webhook; c.AlertsSent() {
		a.webhook = alerts.New(alerts.Options{URL: w.URL.Value, Token: w.BearerToken.Value, Format: w.Format, Timeout: w.Timeout,
			Reread: func() { w.URL.Reread(); w.BearerToken.Reread() }})
	}
	return a
}

// told gives what status tells; nil where alerts are sent nowhere.
func (a *alarms) told() *alarmsSeen {
	if a == nil || a.webhook == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	seen := a.seen
	return &seen
}

// tell tells one thing: in the log at the first attempt, and by the webhook. It reports
// whether that is done, else it is to be told again.
func (a *alarms) tell(ctx context.Context, m alerts.Message) bool {
	a.write(m)
	if a.webhook == nil {
		return true
	}
	m.Connection = a.name
	if !a.names {
		m.Names, m.Detail = nil, ""
	}
	err := a.webhook.Send(ctx, m)
	if err != nil && ctx.Err() != nil {
		return false
	}
	a.sent(err)
	if err == nil {
		a.mu.Lock()
		delete(a.logged, m.State+m.Key)
		a.mu.Unlock()
	}
	return err == nil
}

// mostLogged bounds what is remembered of the log.
const mostLogged = 1000

// write logs what is told, once however often it is sent.
func (a *alarms) write(m alerts.Message) {
	a.mu.Lock()
	known := a.logged[m.State+m.Key]
	if len(a.logged) > mostLogged { // of a webhook that refuses for long: then some stand there twice
		clear(a.logged)
	}
	if a.webhook != nil {
		a.logged[m.State+m.Key] = true
	}
	a.mu.Unlock()
	if known {
		return
	}
	fields := []zap.Field{zap.String("about", m.Title), zap.String("alert", m.State), zap.String("matter", m.Key), zap.String("hint", m.Hint)}
	if m.Detail != "" {
		fields = append(fields, zap.String("detail", m.Detail))
	}
	if m.State == alerts.Over {
		a.log.Info("alert", fields...)
		return
	}
	a.log.Warn("alert", fields...)
}

// sent notes what became of sending, and logs it where that is news.
func (a *alarms) sent(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if err == nil {
		if a.seen.Error != "" {
			a.log.Info("alerts are sent again")
		}
		a.seen.Sent, a.seen.Last, a.seen.Error, a.seen.Since = a.seen.Sent+1, &now, "", nil
		return
	}
	if a.seen.Error == "" {
		a.seen.Since = &now
	}
	if a.seen.Error != err.Error() {
		a.seen.Error = err.Error()
		a.log.Error("an alert can't be sent", zap.Error(err), zap.String("hint", fault.HintOf(err)))
	}
}

// waits notes how many are still to be sent.
func (a *alarms) waits(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen.Waiting = n
}
