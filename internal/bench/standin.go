package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
)

// What requests are counted as.
const (
	countApp      = "app"
	countUsers    = "users"
	countMappings = "mappings"
	countGroups   = "groups"
	countMembers  = "members"
	countOther    = "other" // asked of Okta, and served to nobody in a run without changes
	countReads    = "omni reads"
	countWrites   = "omni writes"
	countBytes    = "bytes" // of Okta's answers
)

// announced is the limit that Okta's headers tell, a minute. Nobody waits for it.
const announced = 1_000_000

// standin answers for both sides. Okta's answers are made before, so that
// serving them costs as little as can be; Omni is the stand-in of the tests,
// without its limits.
type standin struct {
	company                           company
	app                               []byte
	people, members, groups, mappings book

	mu      sync.Mutex
	latency time.Duration // of each answer of Okta's, before its first byte
	counts  map[string]int
	omni    *simomni.Org
}

// setup is what a measurement begins with; all counts begin at 0.
type setup struct {
	Latency time.Duration
	Empty   bool   // Omni too is as new
	Restore string // a record's file: after that Omni has the users of whom it tells
}

func newStandin(c company) *standin {
	s := &standin{
		company: c, app: appendApp(nil),
		people:   write(c.Users, func(b []byte, i int) []byte { return appendAssignment(b, newPerson(i)) }),
		members:  write(c.Users, func(b []byte, i int) []byte { return appendUser(b, newPerson(i)) }),
		groups:   write(c.Groups, appendGroup),
		mappings: write(c.Groups, appendMapping),
	}
	s.begin(setup{Empty: true})
	return s
}

func (s *standin) begin(to setup) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency, s.counts = to.Latency, map[string]int{}
	if to.Empty {
		s.omni = &simomni.Org{Knobs: simomni.Knobs{RealLimit: -1}}
		for name := range attributes {
			s.omni.DefineAttribute(simomni.Definition{Reference: name})
		}
	}
}

// restore gives Omni the users of a record.
func (s *standin) restore(ctx context.Context, record string) error {
	if record == "" {
		return nil
	}
	recorded, err := loadMemory(record)
	if err != nil {
		return err
	}
	var users []simomni.User
	for u, err := range state.All[state.User](ctx, recorded, state.Users) {
		if err != nil {
			return err
		}
		is := simomni.User{ID: string(u.Value.Omni), UserName: u.Value.UserName, DisplayName: u.Value.DisplayName, Active: u.Value.Active, Attributes: map[string][]string{}}
		for name, v := range u.Value.Attributes {
			var text string
			if err := json.Unmarshal([]byte(v), &text); err != nil {
				return err
			}
			is.Attributes[name] = []string{text}
		}
		users = append(users, is)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.omni.Restore(users)
	return nil
}

func (s *standin) handler() http.Handler {
	mux := http.NewServeMux()
	app := "GET /api/v1/apps/" + appID
	list := func(pattern, count string, of book) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.list(w, r, count, stretch{of, 0, len(of.starts) - 1}) })
	}
	mux.HandleFunc(app, func(w http.ResponseWriter, r *http.Request) { s.send(w, r, countApp, s.app) })
	list(app+"/users", countUsers, s.people)
	list(app+"/group-push/mappings", countMappings, s.mappings)
	list("GET /api/v1/groups", countGroups, s.groups)
	for g := range s.company.Groups {
		of := stretch{s.members, s.company.first(g), s.company.Each}
		mux.HandleFunc("GET /api/v1/groups/"+string(groupID(g))+"/users", func(w http.ResponseWriter, r *http.Request) {
			s.list(w, r, countMembers, of)
		})
	}
	mux.HandleFunc("/api/v1/", func(w http.ResponseWriter, r *http.Request) {
		s.count(countOther, 1)
		http.NotFound(w, r)
	})
	mux.HandleFunc("/api/scim/", s.serveOmni)
	mux.HandleFunc("/api/v1/user-attributes", s.serveOmni)
	mux.HandleFunc("/api/v1/whoami", s.serveOmni)
	mux.HandleFunc("POST /bench", s.control)
	return mux
}

// stretch is a part of a book that is one list. It goes on with the book's
// first object after its last.
type stretch struct {
	book
	first, n int
}

// page gives the objects from the list's object a on, at most n.
func (s stretch) page(a, n int) [][]byte {
	total := len(s.starts) - 1
	n = max(0, min(n, s.n-a))
	from := (s.first + a) % max(1, total)
	until := min(from+n, total)
	return [][]byte{s.objects(from, until), s.objects(0, n-(until-from))}
}

// list answers with the page that the query asks for. after is the number of
// the page's first object.
func (s *standin) list(w http.ResponseWriter, r *http.Request, count string, of stretch) {
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 {
		http.Error(w, "limit is no number", http.StatusBadRequest)
		return
	}
	after, _ := strconv.Atoi(query.Get("after")) // "" is the first page
	if next := after + limit; next < of.n {
		w.Header().Add("Link", "<"+link(r, query, next)+`>; rel="next"`)
	}
	body := append([][]byte{[]byte("[")}, of.page(after, limit)...)
	for i := len(body) - 1; i > 0; i-- { // the last comma becomes the end
		if n := len(body[i]); n > 0 {
			body[i] = body[i][:n-1]
			break
		}
	}
	s.send(w, r, count, append(body, []byte("]"))...)
}

func link(r *http.Request, query url.Values, next int) string {
	query.Set("after", strconv.Itoa(next))
	return "http://" + r.Host + r.URL.Path + "?" + query.Encode()
}

// send writes an answer of Okta's after its latency.
func (s *standin) send(w http.ResponseWriter, r *http.Request, count string, parts ...[]byte) {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	s.count(count, 1)
	s.count(countBytes, size)
	if !wait(r.Context(), s.now().Latency) {
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(size))
	h.Set("X-Rate-Limit-Limit", strconv.Itoa(announced))
	h.Set("X-Rate-Limit-Remaining", strconv.Itoa(announced-1))
	h.Set("X-Rate-Limit-Reset", strconv.FormatInt(time.Now().Add(time.Minute).Unix(), 10))
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return // the asker went away
		}
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *standin) serveOmni(w http.ResponseWriter, r *http.Request) {
	count := countWrites
	if r.Method == http.MethodGet {
		count = countReads
	}
	s.count(count, 1)
	s.mu.Lock()
	omni := s.omni
	s.mu.Unlock()
	omni.ServeHTTP(w, r)
}

func (s *standin) count(what string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[what] += n
}

func (s *standin) now() setup {
	s.mu.Lock()
	defer s.mu.Unlock()
	return setup{Latency: s.latency}
}

// control gives what was counted, and begins anew where there is a setup.
func (s *standin) control(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	counted := maps.Clone(s.counts)
	s.mu.Unlock()
	var to *setup
	if err := json.NewDecoder(r.Body).Decode(&to); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if to != nil {
		s.begin(*to)
		if err := s.restore(r.Context(), to.Restore); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(counted); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = b.WriteTo(w) // the asker tells when it is cut
}

// tell asks the stand-in at url for its counts; with a setup it begins anew.
func tell(ctx context.Context, at string, to *setup) (map[string]int, error) {
	body, err := json.Marshal(to)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at+"/bench", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Client{Transport: newTransport()}).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var counts map[string]int
	if err := json.NewDecoder(resp.Body).Decode(&counts); err != nil {
		return nil, fmt.Errorf("the stand-in answered %s: %w", resp.Status, err)
	}
	return counts, nil
}
