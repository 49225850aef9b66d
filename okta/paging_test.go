package okta_test

import (
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
)

// endlessList has one new member on each page, and takes a second for it.
type endlessList struct {
	sent    atomic.Int32
	running atomic.Int32
}

func (l *endlessList) RoundTrip(req *http.Request) (*http.Response, error) {
	l.running.Add(1)
	defer l.running.Add(-1)
	l.sent.Add(1)
	select {
	case <-time.After(time.Second):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	return inProcess{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		page, _ := strconv.Atoi(req.URL.Query().Get("after"))
		w.Header().Set("Link", fmt.Sprintf(`<%s/api/v1/groups/00g1/users?after=%d>; rel="next"`, org, page+1))
		answer(w, 200, fmt.Sprintf(`[{"id": "00u%d"}]`, page))
	})}.RoundTrip(req)
}

// TestNextPageIsOnItsWay: the next page is asked for while this one is worked on,
// and the one after it as soon as that has come, and no further one.
func TestNextPageIsOnItsWay(t *testing.T) {
	l := &endlessList{}
	r := newReaderOver(t, l, 1)
	synctest.Test(t, func(t *testing.T) {
		begin, pages := time.Now(), 0
		for _, err := range r.Members(t.Context(), "00g1") {
			if err != nil {
				t.Fatal(err)
			}
			if pages++; pages == 5 {
				synctest.Wait() // the sixth is on its way
				break
			}
			<-time.After(time.Second)
			synctest.Wait()
			if got := int(l.sent.Load()); got != pages+2 {
				t.Errorf("%d pages asked for while page %d is worked on", got, pages)
			}
		}
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("five pages took %v, want 5 s", took)
		}
		if l.running.Load() != 0 {
			t.Error("a request outlives the reading")
		}
	})
}

// TestListWithoutReader: a list that nobody reads asks nothing; one that is read
// twice asks twice.
func TestListWithoutReader(t *testing.T) {
	var sent int
	r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sent++
		answer(w, 200, `[]`)
	}))
	list := r.Members(t.Context(), "00g1")
	for want := range 3 {
		if sent != want {
			t.Errorf("sent %d, want %d", sent, want)
		}
		if _, err := collect(list); err != nil {
			t.Error(err)
		}
	}
}

// TestEmptyPages: one or two empty pages in between are no loop.
func TestEmptyPages(t *testing.T) {
	pages := []string{`[{"id": "00u1"}]`, `[]`, `[]`, `[{"id": "00u2"}]`, `[]`, `[]`, `[]`}
	r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		page, _ := strconv.Atoi(req.URL.Query().Get("after"))
		if page+1 < len(pages) {
			w.Header().Set("Link", fmt.Sprintf(`<%s/api/v1/groups/00g1/users?after=%d>; rel="next"`, org, page+1))
		}
		answer(w, 200, pages[page])
	}))
	got, err := collect(r.Members(t.Context(), "00g1"))
	if err != nil || len(got) != 2 {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestNestedLists: questions inside a list never wait for the list itself.
func TestNestedLists(t *testing.T) {
	m := &meter{limit: 1000, latency: time.Second}
	r := newReaderOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		if req.URL.Path == "/behind/a/gateway/api/v1/users/00u1" {
			return inProcess{m}.RoundTrip(req)
		}
		return (&endlessList{}).RoundTrip(req)
	}), 1)
	synctest.Test(t, func(t *testing.T) {
		var nest func(depth int)
		nest = func(depth int) {
			for _, err := range r.Members(t.Context(), "00g1") {
				if err != nil {
					t.Fatal(err)
				}
				if depth == 6 {
					if _, err := r.Account(t.Context(), "00u1"); err != nil {
						t.Fatal(err)
					}
					return
				}
				nest(depth + 1)
				return
			}
		}
		nest(0)
	})
}

// TestSurprisesOfLists: what isn't a list is doubt, for each question that reads one.
func TestSurprisesOfLists(t *testing.T) {
	for _, body := range []string{``, `{}`, `null`, `"x"`, `[null]`, `[{}]`, `[[]]`, `[{"id": 7}]`, `[{"id": ""}]`, `[{"id": "x"}`, `[] x`, `<html>`, "[\"\xff\"]"} {
		for _, q := range questions {
			if !isList(q) {
				continue
			}
			r := newReader(t, always(200, body))
			got, err := q.ask(t.Context(), r)
			if !fault.Is(err, fault.Doubt) {
				t.Errorf("%s, answered %q: got %v and %v, want doubt", q, body, got, err)
			}
		}
	}
}

// TestSurprisesOfObjects: what isn't the object asked for is doubt.
func TestSurprisesOfObjects(t *testing.T) {
	for _, body := range []string{``, `[]`, `null`, `"x"`, `{}`, `{"id": null}`, `{"id": "other"}`, `{"id": 7}`, `{"id"`, `{} x`, `<html>`, `{"id": "0oa1", "id": "0oa1"}`} {
		for _, q := range questions {
			if isList(q) {
				continue
			}
			r := newReader(t, always(200, body))
			got, err := q.ask(t.Context(), r)
			if !fault.Is(err, fault.Doubt) {
				t.Errorf("%s, answered %q: got %v and %v, want doubt", q, body, got, err)
			}
		}
	}
}

// TestPromise2BrokenListsEndWithAnError: a list is cut at any byte, in a body that
// is otherwise whole, and never passes for a complete one.
func TestPromise2BrokenListsEndWithAnError(t *testing.T) {
	body := `[{"id": "00u1", "profile": {"a": "b]"}}, {"id": "00u2"}]`
	for n := range len(body) {
		r := newReader(t, always(200, body[:n]))
		if got, err := collect(r.Assignments(t.Context())); !fault.Is(err, fault.Doubt) {
			t.Errorf("%q: got %v and %v", body[:n], got, err)
		}
	}
}
