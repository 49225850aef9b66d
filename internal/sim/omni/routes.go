package omni

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxBody bounds what is read of a request: a group of 100,000 members fits.
const maxBody = 16 << 20

// call is one request on its way through a route.
type call struct {
	*http.Request
	body    []byte
	key     string
	scope   scope
	kind    Kind
	now     time.Time
	changed bool // whether anything in the organization became different
}

type route func(o *Org, c *call) (reply, *failure)

func (o *Org) routes() *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(pattern string, kind Kind, do route) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { o.serve(kind, do, w, r) })
	}
	for _, users := range []string{"/api/scim/v2/Users", "/api/scim/v2/users"} {
		handle("GET "+users, ListUsers, (*Org).listUsers)
		handle("POST "+users, CreateUser, (*Org).createUser)
		handle("GET "+users+"/{id}", ReadUser, (*Org).readUser)
		handle("PUT "+users+"/{id}", ReplaceUser, (*Org).replaceUser)
		handle("PATCH "+users+"/{id}", PatchUser, (*Org).patchUser)
		handle("DELETE "+users+"/{id}", DeleteUser, (*Org).deleteUser)
	}
	for _, groups := range []string{"/api/scim/v2/Groups", "/api/scim/v2/groups"} {
		handle("GET "+groups, ListGroups, (*Org).listGroups)
		handle("POST "+groups, CreateGroup, (*Org).createGroup)
		handle("GET "+groups+"/{id}", ReadGroup, (*Org).readGroup)
		handle("PUT "+groups+"/{id}", ReplaceGroup, (*Org).replaceGroup)
		handle("PATCH "+groups+"/{id}", PatchGroup, (*Org).patchGroup)
		handle("DELETE "+groups+"/{id}", DeleteGroup, (*Org).deleteGroup)
	}
	for _, embed := range []string{"/api/scim/v2/embed/Users", "/api/scim/v2/embed/users"} {
		handle("GET "+embed, ListEmbedUsers, (*Org).listEmbedUsers)
		handle("GET "+embed+"/{id}", ReadEmbedUser, (*Org).readEmbedUser)
		handle("DELETE "+embed+"/{id}", DeleteEmbedUser, (*Org).deleteEmbedUser)
	}
	handle("GET /api/v1/user-attributes", ListAttributes, (*Org).listAttributes)
	o.estateRoutes(handle)
	handle("GET /api/v1/users/{id}/model-roles", ListModelRoles, (*Org).listModelRoles)
	handle("GET /api/v1/user-groups/{id}/model-roles", ListGroupRoles, (*Org).listGroupRoles)
	handle("GET /api/v1/whoami", WhoAmI, (*Org).whoAmI)
	handle("/", Unknown, func(*Org, *call) (reply, *failure) {
		return reply{}, declined(http.StatusNotFound, "Not found")
	})
	return mux
}

// estateRoutes are those of what people own.
func (o *Org) estateRoutes(handle func(string, Kind, route)) {
	const schedule, document = "/api/v1/schedules/{id}", "/api/v1/documents/{id}"
	handle("GET /api/v1/schedules", ListSchedules, (*Org).listSchedules)
	handle("POST /api/v1/schedules", CreateSchedule, (*Org).createSchedule)
	handle("GET "+schedule, ReadSchedule, (*Org).readSchedule)
	handle("PUT "+schedule, ReplaceSchedule, (*Org).replaceSchedule)
	handle("DELETE "+schedule, DeleteSchedule, (*Org).deleteSchedule)
	handle("GET "+schedule+"/recipients", ReadRecipients, (*Org).readRecipients)
	handle("PUT "+schedule+"/add-recipients", AddRecipients, (*Org).addRecipients)
	handle("PUT "+schedule+"/pause", PauseSchedule, (*Org).pauseSchedule)
	handle("PUT "+schedule+"/resume", ResumeSchedule, (*Org).resumeSchedule)
	handle("PUT "+schedule+"/transfer-ownership", TakeSchedule, (*Org).transferSchedule)
	handle("GET /api/v1/documents", ListDocuments, (*Org).listDocuments)
	handle("GET "+document, ReadDocument, (*Org).readDocument)
	handle("PUT "+document+"/transfer-ownership", TakeDocument, (*Org).transferDocument)
}

// ServeHTTP answers one request. Requests are answered one after another, as if
// each were a transaction.
func (o *Org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	unlock := o.lock()
	mux := o.mux
	unlock()
	mux.ServeHTTP(w, r)
}

func (o *Org) serve(kind Kind, do route, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		do = func(*Org, *call) (reply, *failure) { return reply{}, invalid("The body could not be read") }
	}
	o.answer(&call{Request: r, body: body, kind: kind}, do).write(w)
}

func (o *Org) answer(c *call, do route) reply {
	defer o.lock()()
	c.now = time.Now().UTC()
	a, fail := o.decide(c, do)
	if fail != nil {
		after := a.after
		a = fail.reply(c.URL.Path)
		a.after = after
	}
	o.log = append(o.log, Request{Kind: c.kind, Method: c.Method, Path: c.URL.Path, Status: a.status, Changed: c.changed, Time: c.now})
	return a
}

func (o *Org) decide(c *call, do route) (reply, *failure) {
	key, scope, fail := o.authenticate(c.Request)
	if fail != nil {
		return reply{}, fail
	}
	c.key, c.scope = key, scope
	if wait, fail := o.admit(key, c.now); fail != nil {
		if !o.Knobs.RetryAfter {
			wait = 0
		}
		return reply{after: int((wait + time.Second - 1) / time.Second)}, fail
	}
	return do(o, c)
}

// decode reads a body that must be one JSON object.
func decode(body []byte, to any) *failure {
	if err := json.Unmarshal(body, to); err != nil {
		return invalid("Invalid request body: %s", err)
	}
	if strings.TrimSpace(string(body[:min(len(body), 64)])) == "null" {
		return invalid("Invalid request body: Expected object, received null")
	}
	return nil
}
