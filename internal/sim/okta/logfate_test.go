package okta_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

// fates gives an org in which an event's fate is told by its type.
func fates(table map[string][]time.Duration) *simokta.Org {
	return &simokta.Org{Knobs: simokta.Knobs{Fate: func(e simokta.Event) []time.Duration { return table[e.Type] }}}
}

func TestEventsAreLostDoubledAndReordered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inBubble(t, fates(map[string][]time.Duration{
			"slow": {time.Minute}, "twice": {0, 2 * time.Minute}, "prompt": {0}, "lost": nil,
		}))
		_, link := h.poll("/api/v1/logs")
		<-time.After(time.Second) // the bubble's clock
		for _, kind := range []string{"slow", "lost", "twice", "prompt"} {
			h.Emit(simokta.Event{Type: kind})
			<-time.After(time.Second)
		}
		early, link := h.poll(link)
		none, link := h.poll(link)
		<-time.After(time.Minute)
		late, link := h.poll(link)
		<-time.After(time.Minute)
		again, _ := h.poll(link)
		if got := fmt.Sprint(types(early), types(none), types(late), types(again)); got != "[twice prompt] [] [slow] [twice]" {
			t.Fatalf("events = %s", got)
		}
		if early[0].UUID != again[0].UUID || early[0].Published != again[0].Published {
			t.Errorf("an event that came twice: %+v, then %+v", early[0], again[0])
		}
		if late[0].Published >= early[0].Published {
			t.Errorf("published must go backwards: %s after %s", late[0].Published, early[0].Published)
		}
	})
}

// What is persisted in the very millisecond at which a page ended comes with the next page, once.
func TestNothingIsLeftOutWithinOneMillisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock stands still
		h := inBubble(t, fates(map[string][]time.Duration{"a": {0}, "b": {0, 0}, "c": {0}}))
		_, link := h.poll("/api/v1/logs?limit=2")
		got := []string{}
		for _, kind := range []string{"a", "b", "c", "a"} {
			h.Emit(simokta.Event{Type: kind})
			var page []object
			page, link = h.poll(link)
			got = append(got, types(page)...)
		}
		rest, _ := h.poll(link)
		if got = append(got, types(rest)...); fmt.Sprint(got) != "[a b b c a]" {
			t.Errorf("events = %v", got)
		}
	})
}

func TestSinceIsExclusiveAlsoWhereAPageIsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inBubble(t, &simokta.Org{})
		h.Emit(simokta.Event{Type: "before"})
		since := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
		_, link := h.poll("/api/v1/logs?limit=0&since=" + url.QueryEscape(since))
		<-time.After(time.Second) // the bubble's clock
		h.Emit(simokta.Event{Type: "behind"})
		link = h.url + "/api/v1/logs?since=" + url.QueryEscape(since) + "&after=" + afterOf(t, link)
		if events, _ := h.poll(link); fmt.Sprint(types(events)) != "[behind]" {
			t.Errorf("events = %v", types(events))
		}
	})
}

func afterOf(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return url.QueryEscape(u.Query().Get("after"))
}

func TestCursorsAreForgotten(t *testing.T) {
	h := serve(t, &simokta.Org{})
	h.staff(3)
	_, polling := h.poll("/api/v1/logs?limit=1")
	bounded := h.ask("/api/v1/logs?limit=1&sortOrder=DESCENDING").next
	h.ForgetCursors()
	for _, link := range []string{polling, bounded} {
		wantFailure(t, h.ask(link), http.StatusBadRequest, "E0000053")
	}
	_, fresh := h.poll("/api/v1/logs?limit=1")
	if events, _ := h.poll(fresh); len(events) != 1 {
		t.Errorf("a cursor that was given out afterwards gave %d events", len(events))
	}
}

func TestEventsAreKeptForNinetyDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		h := inBubble(t, &simokta.Org{})
		start := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
		_, link := h.poll("/api/v1/logs?since=" + start)
		<-time.After(day) // the bubble's clock
		h.Emit(simokta.Event{Type: "old"})
		<-time.After(60 * day)
		h.Emit(simokta.Event{Type: "new"})
		if events, _ := h.poll(link); fmt.Sprint(types(events)) != "[old new]" {
			t.Errorf("after 60 days: %v", types(events))
		}
		<-time.After(60 * day)
		bounded, _ := all[object](h, "/api/v1/logs?sortOrder=DESCENDING&since="+start, 5)
		events, later := h.poll(link)
		if fmt.Sprint(types(events), types(bounded)) != "[new] [new]" {
			t.Errorf("after 120 days: %v; bounded %v", types(events), types(bounded))
		}
		<-time.After(100 * day)
		if events, _ := h.poll(later); len(events) != 0 {
			t.Errorf("a link with an old since and a cursor that isn't: %v", types(events))
		}
		wantFailure(t, h.ask(link), http.StatusBadRequest, "E0000053")
	})
}
