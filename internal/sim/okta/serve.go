package okta

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"time"
)

// reply is what an endpoint answers with.
type reply struct {
	body    any // nil: 204
	list    bool
	after   string // the cursor of the next page; "" when there is none
	endless bool   // the next link is there even when nothing came: polling of the System Log
}

// endpoint answers one kind of request.
type endpoint func(call) (reply, *failure)

// route is an endpoint with its path and method.
type route struct {
	method, path string
	answer       endpoint
	lock         func(*Org) (unlock func()) // around the answer
}

// reading, writing and outgoing are what an endpoint needs of the org's lock. One that sends a request itself takes
// the lock by itself, as it waits without it.
func reading(o *Org) func() { o.mu.RLock(); return o.mu.RUnlock }

func writing(o *Org) func() { return o.lock() }

func outgoing(*Org) func() { return func() {} }

// call is a request and the origin of its links.
type call struct {
	*http.Request
	base string
}

func (c call) param(name string) string { return c.URL.Query().Get(name) }

func (o *Org) routes() *http.ServeMux {
	mux := http.NewServeMux()
	paths := map[string]bool{}
	for _, r := range slices.Concat(o.readRoutes(), o.hookRoutes()) {
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, req *http.Request) { o.answer(w, req, r) })
		paths[r.path] = true
	}
	for path := range paths {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			o.fail(w, &failure{http.StatusMethodNotAllowed, "E0000022", "The endpoint does not support the provided HTTP method", nil})
		})
	}
	mux.HandleFunc("POST "+tokenPath, o.giveToken)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { o.fail(w, notFound("endpoint", r.URL.Path)) })
	return mux
}

func (o *Org) readRoutes() []route {
	var routes []route
	for path, answer := range map[string]endpoint{
		"/api/v1/apps/{app}":                               o.getApp,
		"/api/v1/apps/{app}/users":                         o.listAppUsers,
		"/api/v1/apps/{app}/users/{user}":                  o.getAppUser,
		"/api/v1/apps/{app}/groups":                        o.listAppGroups,
		"/api/v1/apps/{app}/groups/{group}":                o.getAppGroup,
		"/api/v1/apps/{app}/group-push/mappings":           o.listMappings,
		"/api/v1/apps/{app}/group-push/mappings/{mapping}": o.getMapping,
		"/api/v1/groups":                                   o.listGroups,
		"/api/v1/groups/{group}":                           o.getGroup,
		"/api/v1/groups/{group}/users":                     o.listMembers,
		"/api/v1/users":                                    o.listUsers,
		"/api/v1/users/{user}":                             o.getUser,
		"/api/v1/users/{user}/roles":                       o.listRoles,
		"/api/v1/users/{user}/groups":                      o.listGroupsOf,
		"/api/v1/logs":                                     o.listLogs,
	} {
		routes = append(routes, route{http.MethodGet, path, answer, reading})
	}
	return routes
}

func (o *Org) hookRoutes() []route {
	const all, one = "/api/v1/eventHooks", "/api/v1/eventHooks/{hook}"
	return []route{
		{http.MethodGet, all, o.listHooks, reading},
		{http.MethodPost, all, o.createHook, writing},
		{http.MethodGet, one, o.getHook, reading},
		{http.MethodPut, one, o.replaceHook, writing},
		{http.MethodDelete, one, o.deleteHook, writing},
		{http.MethodPost, one + "/lifecycle/activate", o.activateHook, writing},
		{http.MethodPost, one + "/lifecycle/deactivate", o.deactivateHook, writing},
		{http.MethodPost, one + "/lifecycle/verify", o.verifyHook, outgoing},
	}
}

// ServeHTTP implements http.Handler.
func (o *Org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.Requests.Wrap(o.Faults.Wrap(http.HandlerFunc(o.serve))).ServeHTTP(w, r)
}

// serve is what stands before every endpoint: the credential, the limits, the latency.
func (o *Org) serve(w http.ResponseWriter, r *http.Request) {
	unlock := o.lock()
	mux, latency, date := o.mux, o.Knobs.Latency, o.now()
	o.requestIDs++
	w.Header().Set("X-Okta-Request-Id", "req"+padded(o.requestIDs, 17))
	unlock()
	w.Header().Set("Date", date.Format(http.TimeFormat))
	if r.URL.Path != tokenPath { // there the credential is in the form
		if failed := o.authorize(w.Header(), r); failed != nil {
			o.fail(w, failed)
			return
		}
	}
	done, declined := o.admit(w.Header(), r.URL.Path)
	if declined != nil {
		o.fail(w, declined)
		return
	}
	defer done()
	if latency > 0 {
		timer := time.NewTimer(latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	mux.ServeHTTP(w, r)
}

func (o *Org) answer(w http.ResponseWriter, r *http.Request, to route) {
	o.mu.RLock()
	knobs := o.Knobs
	o.mu.RUnlock()
	refused := knobs.Denied != NotDenied && within(knobs.DeniedPath, r.URL.Path, true)
	if refused && r.Method != http.MethodGet { // nothing may change
		o.fail(w, denied())
		return
	}
	c := call{r, o.base(r)}
	unlock := to.lock(o)
	rep, failed := to.answer(c)
	unlock()
	if refused {
		if knobs.Denied == DeniedError || !rep.list {
			failed = denied()
		}
		rep.body = []struct{}{}
		if !rep.endless {
			rep.after = ""
		}
	}
	switch {
	case failed != nil:
		o.fail(w, failed)
		return
	case rep.body == nil:
		w.WriteHeader(http.StatusNoContent)
		return
	case rep.list:
		o.link(w.Header(), c, rep.after, knobs)
	}
	write(w, http.StatusOK, rep.body)
}

// link adds the links of a list, each in a header line of its own, as Okta does.
func (o *Org) link(header http.Header, c call, after string, knobs Knobs) {
	self := c.base + c.URL.RequestURI()
	header.Add("Link", fmt.Sprintf(`<%s>; rel="self"`, self))
	switch {
	case within(knobs.LoopPath, c.URL.Path, false):
		header.Add("Link", fmt.Sprintf(`<%s>; rel="next"`, self))
	case after == "" || within(knobs.EndEarlyPath, c.URL.Path, false):
	default:
		query := c.URL.Query()
		query.Set("after", after)
		next := url.URL{Path: c.URL.Path, RawQuery: query.Encode()}
		header.Add("Link", fmt.Sprintf(`<%s%s>; rel="next"`, c.base, next.RequestURI()))
	}
}

func within(pattern, urlPath string, otherwise bool) bool {
	if pattern == "" {
		return otherwise
	}
	ok, err := path.Match(pattern, urlPath)
	return err == nil && ok
}

func (o *Org) base(r *http.Request) string {
	switch {
	case o.URL != "":
		return o.URL
	case r.TLS != nil:
		return "https://" + r.Host
	default:
		return "http://" + r.Host
	}
}

func (o *Org) fail(w http.ResponseWriter, f *failure) {
	write(w, f.status, f.body(w.Header().Get("X-Okta-Request-Id")))
}

func write(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil { // a profile that isn't JSON: its author's mistake
		panic(fmt.Sprintf("okta stand-in: %v", err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache, no-store")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that went away is the only cause, and needs no answer
}

// bounds are the limits of a list: the size of a page when none is asked for, the smallest and the largest; most 0: any.
type bounds struct{ normal, least, most int }

// paging reads limit and after.
func (c call) paging(b bounds) (limit int, after uint64, f *failure) {
	limit = b.normal
	if text := c.param("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < b.least || (b.most > 0 && n > b.most) {
			return 0, 0, invalid("limit", fmt.Errorf("%q isn't a number from %d to %d", text, b.least, b.most))
		}
		limit = n
	}
	if text := c.param("after"); text != "" {
		var err error
		if after, err = parseCursor(text); err != nil {
			return 0, 0, invalid("after", err)
		}
	}
	return limit, after, nil
}

// cursor writes the number of the last one seen so that nobody is tempted to count with it.
func cursor(number uint64) string {
	if number == 0 {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte("c:" + strconv.FormatUint(number, 36)))
}

func parseCursor(text string) (uint64, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < 3 || string(raw[:2]) != "c:" {
		return 0, errors.New("not a cursor of this org")
	}
	return strconv.ParseUint(string(raw[2:]), 36, 64)
}

// listed renders a page.
func listed[T, J any](values []*T, after string, render func(*T) J) reply {
	body := make([]J, 0, len(values))
	for _, v := range values {
		body = append(body, render(v))
	}
	return reply{body: body, list: true, after: after}
}
