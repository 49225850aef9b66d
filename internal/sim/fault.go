package sim

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
)

// Fault says which requests go wrong, and how. An empty field matches every request.
type Fault struct {
	Method string // such as "GET"
	Path   string // a prefix of the URL's path, or, with any of * ? [, a path.Match pattern for all of it
	Query  string // a part of the query, escaped as sent or unescaped
	Skip   int    // so many matching requests pass first
	Times  int    // so many matching requests are hit then; 0: all, until it is removed
	Do     Effect // what happens to a request that is hit
}

// Faults is the set of faults that are planted in front of a handler.
type Faults struct {
	mu      sync.Mutex
	planted []*Planted
}

// Planted is one fault in place. It counts what it did.
type Planted struct {
	faults *Faults
	fault  Fault
	seen   int // matching requests, under faults.mu
	fired  int // those that were hit, under faults.mu
}

// Add plants a fault. Where several faults hit one request they apply together, the first planted outermost: a
// Delay and then a Status make a slow error. A pattern that path.Match refuses, or a fault that does nothing, is a
// mistake in the test, and panics.
func (f *Faults) Add(fault Fault) *Planted {
	mustPattern(fault.Path)
	if fault.Do == nil {
		panic(fmt.Sprintf("sim: the fault for %s %q has no effect: set Do", fault.Method, fault.Path))
	}
	p := &Planted{faults: f, fault: fault}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.planted = append(f.planted, p)
	return p
}

// Clear removes every fault. Their counts stay readable.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.planted = nil
}

// Fired is how many requests the fault hit.
func (p *Planted) Fired() int {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	return p.fired
}

// Remove takes the fault away. Removing it twice is harmless.
func (p *Planted) Remove() {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	p.faults.planted = slices.DeleteFunc(p.faults.planted, func(other *Planted) bool { return other == p })
}

// Wrap puts the faults in front of next. Faults that are added later count too.
func (f *Faults) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler := next
		for _, effect := range slices.Backward(f.due(r)) {
			handler = effect(handler)
		}
		handler.ServeHTTP(w, r)
	})
}

// due counts the request and returns the effects that hit it, in the order in which they were planted.
func (f *Faults) due(r *http.Request) []Effect {
	f.mu.Lock()
	defer f.mu.Unlock()
	var effects []Effect
	for _, p := range f.planted {
		if !p.fault.matches(r) {
			continue
		}
		p.seen++
		if p.seen <= p.fault.Skip || (p.fault.Times > 0 && p.fired >= p.fault.Times) {
			continue
		}
		p.fired++
		effects = append(effects, p.fault.Do)
	}
	return effects
}

func (f Fault) matches(r *http.Request) bool {
	if f.Method != "" && f.Method != r.Method {
		return false
	}
	if !matchesPath(f.Path, r.URL.Path) {
		return false
	}
	if f.Query == "" || strings.Contains(r.URL.RawQuery, f.Query) {
		return true
	}
	plain, err := url.QueryUnescape(r.URL.RawQuery)
	return err == nil && strings.Contains(plain, f.Query)
}

func matchesPath(pattern, urlPath string) bool {
	if !strings.ContainsAny(pattern, `*?[`) {
		return strings.HasPrefix(urlPath, pattern)
	}
	ok, err := path.Match(pattern, urlPath)
	return err == nil && ok
}

func mustPattern(pattern string) {
	if _, err := path.Match(pattern, ""); err != nil {
		panic(fmt.Sprintf("sim: bad path pattern %q: %v", pattern, err))
	}
}
