package push

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// RequestIDHeader is where the doors leave the id of a request; it ends up in
// the cause that the engine is told.
const RequestIDHeader = "X-Request-Id"

// mediaType is what every answer is, errors too: Okta can show nothing else to
// the admin.
const mediaType = "application/scim+json"

// Options is what the endpoint is made of.
type Options struct {
	Engine Engine
	// BasePath is what the endpoint's paths begin with, such as /scim/v2.
	BasePath string
	// BaseURL tells scheme and host that the caller knows the endpoint by, such as
	// https://scim.acme.co; nil takes them from the request alone, which is wrong
	// behind a proxy.
	BaseURL func(*http.Request) string
}

// Handler serves SCIM 2.0 under the base path. It answers every request in SCIM's
// form, but knows neither callers nor limits: it stands behind the doors, which
// also bound the body, with http.MaxBytesReader.
//
// The library tells the schemas (schemas.go). Its own handlers aren't used for
// users and groups: they have no way to say 429 with Retry-After, refuse much of
// what Okta and Entra send, and drop the rest without a word.
func Handler(o Options) http.Handler {
	o.BasePath = strings.TrimRight(o.BasePath, "/")
	if o.BaseURL == nil {
		o.BaseURL = baseURL
	}
	return &endpoint{Options: o, users: userKind(), groups: groupKind(), routes: routes(), discovery: discovery()}
}

func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

type endpoint struct {
	Options
	users     kind
	groups    kind
	routes    map[string]methods
	discovery http.Handler
}

// methods are the ways to call one place.
type methods map[string]func(call) (reply, error)

// call is one request, taken apart.
type call struct {
	*endpoint
	r  *http.Request
	id string // of the resource; "" for all of them
}

// cause tells the request for the provisioning log.
func (c call) cause() string {
	place := "/" + place(c.r.URL.EscapedPath(), c.BasePath)[0]
	if c.id != "" {
		place += "/" + url.PathEscape(c.id)
	}
	return "push " + c.r.Method + " " + place + " request " + c.r.Header.Get(RequestIDHeader)
}

// location is the address of a resource.
func (c call) location(k kind, id string) string {
	return c.BaseURL(c.r) + c.BasePath + k.endpoint + "/" + url.PathEscape(id)
}

// reply is one answer.
type reply struct {
	status int
	header map[string]string
	body   any // nil: none
}

// ServeHTTP answers one request.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := place(r.URL.EscapedPath(), e.BasePath)
	if len(parts) > 0 && r.Method == http.MethodGet && discovers(parts) {
		e.discover(w, r, parts)
		return
	}
	a, err := e.answer(r, parts)
	if err != nil {
		a = refuse(err)
	}
	var text bytes.Buffer
	if a.body != nil {
		j := json.NewEncoder(&text)
		j.SetEscapeHTML(false) // R&D stays R&D
		if err := j.Encode(a.body); err != nil {
			a = refuse(err)
			text.Reset()
			_ = j.Encode(a.body) // a problem is three texts, which can always be written
		}
	}
	w.Header().Set("Content-Type", mediaType)
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	w.Write(text.Bytes())
}

func (e *endpoint) answer(r *http.Request, parts []string) (reply, error) {
	if len(parts) == 0 || len(parts) > 2 {
		return reply{}, nowhere()
	}
	name, id := parts[0], ""
	if len(parts) == 2 {
		unescaped, err := url.PathUnescape(parts[1])
		if err != nil {
			return reply{}, nowhere()
		}
		id = unescaped
		name += "/"
	}
	known, ok := e.routes[name+id] // /Users/.search is a place of its own
	if !ok {
		known, ok = e.routes[name]
	}
	if !ok {
		return reply{}, nowhere()
	}
	do, ok := known[r.Method]
	if !ok {
		return reply{}, notAllowed(r.Method, known)
	}
	return do(call{endpoint: e, r: r, id: id})
}

// routes is the table of what is served, by the first part of the path; a second
// part, an id, is written as a slash.
func routes() map[string]methods {
	unserved := methods{}
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		unserved[m] = notImplemented
	}
	described := methods{http.MethodGet: func(call) (reply, error) { return reply{}, nowhere() }}
	search := methods{http.MethodPost: notImplemented}
	return map[string]methods{
		"Users": {http.MethodGet: listUsers, http.MethodPost: createUser},
		"Users/": {http.MethodGet: getUser, http.MethodPut: replaceUser, http.MethodPatch: patchUser,
			http.MethodDelete: deleteUser},
		"Groups": {http.MethodGet: listGroups, http.MethodPost: createGroup},
		"Groups/": {http.MethodGet: getGroup, http.MethodPut: replaceGroup, http.MethodPatch: patchGroup,
			http.MethodDelete: deleteGroup},
		"ServiceProviderConfig": described, "Schemas": described, "Schemas/": described,
		"ResourceTypes": described, "ResourceTypes/": described,
		"Me": unserved, "Bulk": unserved, ".search": search, "Users/.search": search, "Groups/.search": search,
	}
}

// place gives the parts of the path beneath the base. Doubled and closing slashes
// count for nothing: the provisioning agent wants a base address that ends in one.
func place(path, base string) []string {
	rest, ok := strings.CutPrefix(path, base)
	if !ok || rest != "" && rest[0] != '/' {
		return nil
	}
	return strings.FieldsFunc(rest, func(r rune) bool { return r == '/' })
}
