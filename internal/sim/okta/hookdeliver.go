package okta

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// hookTimeout is how long Okta waits for an answer of a hook.
const hookTimeout = 3 * time.Second

// maxHookAnswer bounds what is read of an answer.
const maxHookAnswer = 64 << 10

// hooks are the org's event hooks and what is to be delivered to them.
type hooks struct {
	byID  map[string]*hook
	roll  roll[hook]
	queue []queued      // in order of due
	sent  uint64        // batches
	wake  chan struct{} // nil: nobody delivers
}

// queued is an event on its way to a hook.
type queued struct {
	due   time.Time
	event event
	hook  *hook
}

// enqueue hands an event to the hooks that want it, while somebody delivers.
func (o *Org) enqueue(e event) {
	if o.hooks.wake == nil {
		return
	}
	o.hooks.roll.after(0, func(_ uint64, h *hook) bool {
		if !h.active || !h.verified || !slices.Contains(h.wanted.Events.Items, e.Type) {
			return true
		}
		delays := []time.Duration{0}
		if o.Knobs.HookFate != nil {
			delays = o.Knobs.HookFate(e.Event)
		}
		for _, delay := range delays {
			due := time.Now().Add(delay)
			i, _ := slices.BinarySearchFunc(o.hooks.queue, due, func(q queued, due time.Time) int {
				if q.due.After(due) {
					return 1
				}
				return -1
			})
			o.hooks.queue = slices.Insert(o.hooks.queue, i, queued{due, e, h})
		}
		return true
	})
	select {
	case o.hooks.wake <- struct{}{}:
	default: // it was woken already
	}
}

// DeliverHooks posts what happens from now on to the event hooks that are active and verified, by HookClient, until stop
// is called. It ends the requests that are on their way, and returns when all is quiet. Without DeliverHooks nothing is
// delivered. Two at once are a mistake, and panic.
func (o *Org) DeliverHooks() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	wake := make(chan struct{}, 1)
	o.deliverTo(wake)
	var running sync.WaitGroup
	running.Go(func() { o.deliverUntil(ctx, wake) })
	return func() {
		cancel()
		running.Wait()
		o.deliverTo(nil)
	}
}

func (o *Org) deliverUntil(ctx context.Context, wake <-chan struct{}) {
	var requests sync.WaitGroup
	defer requests.Wait()
	for ctx.Err() == nil {
		batches, next := o.due()
		for _, b := range batches {
			requests.Go(func() { o.deliver(ctx, b) })
		}
		timer := time.NewTimer(time.Until(next))
		if next.IsZero() { // until it is woken
			timer.Stop()
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (o *Org) deliverTo(wake chan struct{}) {
	defer o.lock()()
	if wake != nil && o.hooks.wake != nil {
		panic("okta stand-in: DeliverHooks runs already")
	}
	o.hooks.wake, o.hooks.queue = wake, nil
}

// batch is one delivery.
type batch struct {
	id     string
	hook   hook // as it is now
	events []logEventJSON
}

// due takes what is to be delivered now, for each hook in one batch, and tells when the next is; zero: none waits.
func (o *Org) due() (batches []batch, next time.Time) {
	defer o.lock()()
	now, taken := time.Now(), 0
	for _, q := range o.hooks.queue {
		if q.due.After(now) {
			next = q.due
			break
		}
		taken++
		if o.hooks.byID[q.hook.id] != q.hook || !q.hook.active || !q.hook.verified {
			continue
		}
		i := slices.IndexFunc(batches, func(b batch) bool { return b.hook.id == q.hook.id })
		if i < 0 {
			o.hooks.sent++
			i, batches = len(batches), append(batches, batch{id: uuid("delivery " + strconv.FormatUint(o.hooks.sent, 10)), hook: *q.hook})
		}
		batches[i].events = append(batches[i].events, q.event.json())
	}
	o.hooks.queue = slices.Clone(o.hooks.queue[taken:])
	return batches, next
}

type deliveryJSON struct {
	EventType        string `json:"eventType"`
	EventTypeVersion string `json:"eventTypeVersion"`
	CloudEvents      string `json:"cloudEventsVersion"`
	Source           string `json:"source"`
	EventID          string `json:"eventId"`
	Data             struct {
		Events []logEventJSON `json:"events"`
	} `json:"data"`
	EventTime   stamp  `json:"eventTime"`
	ContentType string `json:"contentType"`
}

// deliver posts a batch, and once more after a timeout or a 5xx. That it failed is an event of its own.
func (o *Org) deliver(ctx context.Context, b batch) {
	j := deliveryJSON{
		EventType: "com.okta.event_hook", EventTypeVersion: "1.0", CloudEvents: "0.1", ContentType: "application/json",
		Source: b.hook.self(), EventID: b.id, EventTime: stamp(time.Now().UTC()),
	}
	j.Data.Events = b.events
	body, err := json.Marshal(j)
	must(err)
	_, err = o.callHook(ctx, b.hook, func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodPost, b.hook.wanted.Channel.Config.URI, bytes.NewReader(body))
	})
	if err != nil && ctx.Err() == nil {
		o.Emit(Event{Type: "event_hook.delivery", Job: true, Outcome: "FAILURE", Reason: err.Error(), Targets: []Target{b.hook.target()}})
	}
}

// callHook asks a hook's service at most twice: again after a timeout, a broken connection or a 5xx, never after a 4xx.
func (o *Org) callHook(ctx context.Context, h hook, request func(context.Context) (*http.Request, error)) (body []byte, err error) {
	if o.HookClient == nil {
		return nil, errors.New("the stand-in has no HookClient to reach it")
	}
	for range 2 {
		var again bool
		if body, again, err = o.callHookOnce(ctx, h, request); !again || ctx.Err() != nil {
			break
		}
	}
	return body, err
}

func (o *Org) callHookOnce(ctx context.Context, h hook, request func(context.Context) (*http.Request, error)) (body []byte, again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	r, err := request(ctx)
	if err != nil {
		return nil, false, err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	for _, header := range h.wanted.Channel.Config.Headers {
		r.Header.Set(header.Key, header.Value)
	}
	if auth := h.wanted.Channel.Config.Auth; auth != nil {
		r.Header.Set(auth.Key, auth.Value)
	}
	resp, err := o.HookClient.Do(r)
	if err != nil {
		return nil, true, err
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxHookAnswer))
	err = cmp.Or(err, resp.Body.Close())
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("it answered %s", resp.Status)
	}
	return body, err != nil && resp.StatusCode/100 != 4, err
}
