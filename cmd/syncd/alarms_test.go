package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/alerts"
	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
	"github.com/robfig/cron/v3"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// desked is a newsroom with a list that the test writes.
type desked struct {
	mu      mutex
	list    []sync.News
	stirred chan struct{}
	told    []string
	broken  error
}

// set lets the test write while nobody reads.
func (d *desked) set(write func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	write()
}

func (d *desked) News(context.Context) ([]sync.News, time.Time, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.list), time.Now().Add(time.Minute), d.broken
}

func (d *desked) Told(_ context.Context, n sync.News) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, string(n.Word)+" "+n.Key)
	d.list = slices.DeleteFunc(d.list, func(o sync.News) bool { return o.Key == n.Key })
	return nil
}

func (d *desked) Stirred() <-chan struct{} { return d.stirred }

// post notes what is sent, and when, since the begin.
type post struct {
	mu    mutex
	began time.Time
	sent  []string
	last  alerts.Message
	err   error
}

func (p *post) Send(_ context.Context, m alerts.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, fmt.Sprintf("%s %s at %s", m.State, m.Key, time.Since(p.began)))
	p.last = m
	return p.err
}

// all tells what was sent.
func (p *post) all() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.sent, ", ")
}

func newsOf(keys ...string) (list []sync.News) {
	for _, key := range keys {
		list = append(list, sync.News{Matter: sync.Matter{Key: key, Kind: "held", Title: "it is " + key, Names: []string{"ann@example.com"}, Detail: "ann@example.com fails"}, Word: sync.Begins, At: time.Now()})
	}
	return list
}

// alarmed lets alarms attend in simulated time until work returns. sender may be nil.
func alarmed(t *testing.T, sender sender, work func(a *alarms, room *desked, seen *observer.ObservedLogs)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		core, seen := observer.New(zap.InfoLevel)
		a := &alarms{name: "acme", webhook: sender, log: zap.New(core), logged: map[string]bool{}}
		if p, ok := sender.(*post); ok {
			p.began = time.Now()
		}
		room := &desked{stirred: make(chan struct{}, 1)}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); a.attend(ctx, room) }()
		synctest.Wait()
		work(a, room, seen)
		stop()
		<-ended
	})
}

// What is new is told when something stirs, or within a minute, without a name unless names may go out.
func TestAlarmsTell(t *testing.T) {
	p := &post{}
	alarmed(t, p, func(a *alarms, room *desked, seen *observer.ObservedLogs) {
		room.set(func() { room.list = newsOf("a", "b") })
		room.stirred <- struct{}{}
		synctest.Wait()
		if got := p.all(); got != "begin a at 0s, begin b at 0s" || !slices.Equal(room.told, []string{"begin a", "begin b"}) {
			t.Errorf("sent %s, noted %q", got, room.told)
		}
		if p.last.Connection != "acme" || p.last.Names != nil || p.last.Detail != "" || p.last.Title != "it is b" {
			t.Errorf("sent %+v", p.last)
		}
		room.set(func() { a.names, room.list = true, newsOf("c") })
		passes(time.Minute)
		if p.last.Key != "c" || len(p.last.Names) != 1 || p.last.Detail == "" {
			t.Errorf("sent %+v", p.last)
		}
		if told := a.told(); told.Sent != 3 || told.Error != "" || told.Waiting != 0 || told.Last == nil {
			t.Errorf("the status tells %+v", told)
		}
		if n := seen.FilterMessage("alert").Len(); n != 3 {
			t.Errorf("%d alerts stand in the log", n)
		}
	})
}

// A webhook that refuses is tried again, ever later; nothing is forgotten, each alert stands in the log
// once, and so does the refusal.
func TestAlarmsOfAWebhookThatRefuses(t *testing.T) {
	p := &post{err: &fault.Error{Kind: fault.Unauthorized, Op: "send an alert", Detail: "it is answered 404 Not Found", Hint: "make a new one"}}
	alarmed(t, p, func(a *alarms, room *desked, seen *observer.ObservedLogs) {
		room.set(func() { room.list = newsOf("a", "b") })
		room.stirred <- struct{}{}
		passes(40 * time.Minute)
		if got := p.all(); got != "begin a at 0s, begin a at 1m0s, begin a at 3m0s, begin a at 8m0s, begin a at 23m0s, begin a at 38m0s" {
			t.Errorf("sent %s", got)
		}
		told := a.told()
		if told.Waiting != 2 || !strings.Contains(told.Error, "404") || told.Since == nil || len(room.told) != 0 {
			t.Errorf("the status tells %+v, noted %q", told, room.told)
		}
		line := alertsOf(map[string]any{"alerts": told})
		if !strings.Contains(line, "2 waiting") || !strings.Contains(line, "404") {
			t.Errorf("status prints %q", line)
		}
		p.mu.Lock()
		p.err = nil
		p.mu.Unlock()
		passes(15 * time.Minute)
		if !slices.Equal(room.told, []string{"begin a", "begin b"}) || a.told().Error != "" {
			t.Errorf("noted %q, %+v", room.told, a.told())
		}
		for message, want := range map[string]int{"alert": 2, "an alert can't be sent": 1, "alerts are sent again": 1} {
			if n := seen.FilterMessage(message).Len(); n != want {
				t.Errorf("%q stands in the log %d times, want %d", message, n, want)
			}
		}
	})
}

// Without a webhook the log tells, and it counts as told; what can't be read is tried again.
func TestAlarmsInTheLogAlone(t *testing.T) {
	alarmed(t, nil, func(a *alarms, room *desked, seen *observer.ObservedLogs) {
		room.set(func() { room.broken = errors.New("the ledger is away") })
		passes(3 * time.Minute)
		room.set(func() { room.broken, room.list = nil, newsOf("a") })
		passes(time.Minute)
		if len(room.told) != 1 || seen.FilterMessage("alert").Len() != 1 || a.told() != nil || alertsOf(map[string]any{}) != "" {
			t.Errorf("noted %q, %d in the log", room.told, seen.FilterMessage("alert").Len())
		}
	})
}

// A process that is cut off from its ledger tells it after two intervals, once, and its end.
func TestAlarmsAdrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &post{began: time.Now()}
		a := &alarms{webhook: p, log: zap.NewNop(), logged: map[string]bool{}}
		every, err := cron.ParseStandard("@every 5m")
		if err != nil {
			t.Fatal(err)
		}
		away := &fault.Error{Kind: fault.Unavailable, Op: "reach Redis"}
		var s strand
		look := func(err error, lasts time.Duration) {
			for end := time.Now().Add(lasts); time.Now().Before(end); {
				a.adrift(t.Context(), &s, err, []cron.Schedule{every}, 0)
				<-time.After(time.Second)
			}
		}
		look(&fault.Error{Kind: fault.Fenced}, 20*time.Minute)
		look(away, 9*time.Minute)
		look(&fault.Error{Kind: fault.Fenced}, time.Minute)
		look(away, time.Hour)
		look(nil, time.Minute)
		if got := p.all(); got != "begin ledger at 40m0s, over ledger at 1h30m0s" {
			t.Errorf("sent %s", got)
		}
	})
}

// A schedule is due by the configuration's time zone, whatever the machine's is.
func TestSchedulesOfAnotherZone(t *testing.T) {
	list := schedulesOf(configs.Schedule{Full: "0 3 * * *", Timezone: "Asia/Tokyo"})
	if len(list) != 1 {
		t.Fatalf("%d schedules", len(list))
	}
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	if next := list[0].Next(noon); !next.Equal(time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC)) {
		t.Errorf("due at %s", next.UTC())
	}
	if every := schedulesOf(configs.Schedule{Delta: "@every 30s", Timezone: "UTC"}); len(every) != 1 || every[0].Next(noon).Sub(noon) != 30*time.Second {
		t.Errorf("%v", every)
	}
}
