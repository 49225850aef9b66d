package okta_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

// receiver is a service of hooks in a bubble that keeps what it gets.
type receiver struct {
	mu     sync.Mutex
	got    []delivery
	answer func(n int, w http.ResponseWriter, r *http.Request) // nil: 200
}

type delivery struct {
	EventType, EventTypeVersion, CloudEventsVersion, Source, EventID, EventTime, ContentType string
	Data                                                                                     struct{ Events []object }
	at                                                                                       time.Time
}

func (s *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	echo(w, r)
	if r.Method != http.MethodPost {
		return
	}
	var d delivery
	if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
		panic(err)
	}
	d.at = time.Now()
	s.mu.Lock()
	s.got = append(s.got, d)
	n := len(s.got)
	s.mu.Unlock()
	if s.answer != nil {
		s.answer(n, w, r)
	}
}

// all are the types that came, a delivery in brackets each.
func (s *receiver) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := [][]string{}
	for _, d := range s.got {
		list = append(list, types(d.Data.Events))
	}
	return fmt.Sprint(list)
}

// receiving is an org with a verified hook for the types.
func receiving(t *testing.T, s *receiver, kinds ...string) (*harness, string) {
	h := inBubble(t, &simokta.Org{HookClient: &http.Client{Transport: sim.Transport(s)}})
	path := allHooks + "/" + h.hook("https://hooks.example.com/okta", kinds...)
	if got := decode[object](t, h.send("POST", path+"/lifecycle/verify", "")); got.Verification != "VERIFIED" {
		t.Fatalf("hook = %+v", got)
	}
	return h, path
}

func TestDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &receiver{}
		h, path := receiving(t, s, "user.lifecycle.create", "user.lifecycle.suspend")
		stop := h.DeliverHooks()
		users := h.staff(3)
		synctest.Wait()
		events := []object{}
		for _, d := range s.got {
			events = append(events, d.Data.Events...)
		}
		if got := fmt.Sprint(types(events)); got != "[user.lifecycle.create user.lifecycle.create user.lifecycle.create]" {
			t.Errorf("events = %s", got)
		}
		first := s.got[0]
		if first.EventType != "com.okta.event_hook" || first.EventTypeVersion != "1.0" || first.CloudEventsVersion != "0.1" || len(first.EventID) != 36 ||
			first.Source != h.url+path || first.ContentType != "application/json" || first.EventTime == "" {
			t.Errorf("delivery = %+v", first)
		}
		logged, _ := h.poll("/api/v1/logs?limit=1&filter=target.id%20eq%20%22" + users[0] + "%22")
		if got := first.Data.Events[0]; got.UUID != logged[0].UUID || got.Target[0].ID != users[0] {
			t.Errorf("the event that was delivered %+v isn't the one of the log %+v", got, logged[0])
		}
		stop()

		s.got = nil
		h.SetStatus(users[0], "SUSPENDED") // nobody delivers
		stop = h.DeliverHooks()
		h.send("POST", path+"/lifecycle/deactivate", "")
		h.SetStatus(users[1], "SUSPENDED")
		h.send("POST", path+"/lifecycle/activate", "")
		h.send("PUT", path, hookBody("https://hooks.example.com/other", "user.lifecycle.suspend")) // and so isn't verified
		h.SetStatus(users[2], "SUSPENDED")
		synctest.Wait()
		stop()
		if s.all() != "[]" {
			t.Errorf("deliveries = %s", s.all())
		}
	})
}

func TestDeliveriesAreLateDoubledAndLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &receiver{}
		h, _ := receiving(t, s, "user.lifecycle.create", "user.lifecycle.suspend", "user.lifecycle.unsuspend", "group.lifecycle.create")
		id := h.staff(1)[0]
		h.SetKnobs(func(k *simokta.Knobs) {
			k.HookFate = func(e simokta.Event) []time.Duration {
				return map[string][]time.Duration{
					"user.lifecycle.suspend": {time.Minute}, "user.lifecycle.unsuspend": {time.Second, time.Minute}, "user.lifecycle.create": {time.Second},
				}[e.Type]
			}
		})
		stop := h.DeliverHooks()
		h.SetStatus(id, "SUSPENDED")
		h.SetStatus(id, "ACTIVE")
		h.AddGroup("lost", "")
		h.AddUser(simokta.User{Email: "late@example.com"})
		<-time.After(time.Hour) // the bubble's clock
		stop()
		want := "[[user.lifecycle.unsuspend user.lifecycle.create] [user.lifecycle.suspend user.lifecycle.unsuspend]]"
		if s.all() != want {
			t.Errorf("deliveries = %s\nwant %s", s.all(), want)
		}
	})
}

func TestDeliveryIsTriedOnceMore(t *testing.T) {
	for name, tc := range map[string]struct {
		answer func(n int, w http.ResponseWriter, r *http.Request)
		want   int
		after  time.Duration // of the last try
		fails  int           // events of the log
	}{
		"2xx": {func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, 1, 0, 0},
		"4xx": {func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, 1, 0, 1},
		"5xx": {func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, 2, 0, 1},
		"5xx once": {func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}, 2, 0, 0},
		"too slow": {func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 2, 3 * time.Second, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &receiver{answer: tc.answer}
				h, _ := receiving(t, s, "group.lifecycle.create")
				stop := h.DeliverHooks()
				start := time.Now()
				h.AddGroup("A", "")
				<-time.After(time.Minute) // the bubble's clock
				stop()
				if len(s.got) != tc.want || s.got[len(s.got)-1].at.Sub(start) != tc.after || s.got[0].EventID != s.got[len(s.got)-1].EventID {
					t.Errorf("%d tries, want %d: %+v", len(s.got), tc.want, s.got)
				}
				events, _ := h.poll(`/api/v1/logs?filter=eventType eq "event_hook.delivery" and outcome.result eq "FAILURE"`)
				if len(events) != tc.fails {
					t.Errorf("%d failures are in the log, want %d", len(events), tc.fails)
				}
			})
		})
	}
}

func TestDeliveryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &receiver{answer: func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
		h, _ := receiving(t, s, "group.lifecycle.create")
		stop := h.DeliverHooks()
		h.AddGroup("A", "")
		synctest.Wait()
		start := time.Now()
		stop() // while a request is on its way
		if waited := time.Since(start); waited != 0 || len(s.got) != 1 {
			t.Errorf("it ended %s later, after %d requests", waited, len(s.got))
		}
	})
}
