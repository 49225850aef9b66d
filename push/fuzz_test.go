package push_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"testing"

	filter "github.com/scim2/filter-parser/v2"
)

// seeded is a world with a user and a group in it.
func seeded(t testing.TB) (w *world, user, group string) {
	return newWorld(t).again(t)
}

// again is the same world at its beginning: the schemas of an endpoint take longer to
// make than most requests.
func (w *world) again(t testing.TB) (fresh *world, user, group string) {
	w.engine.forget()
	w = &world{t: t, engine: w.engine, handler: w.handler}
	user = w.engine.seed(person())
	group, _ = w.must(201, "POST", "/Groups", `{"displayName":"Sales","members":[{"value":"u1"}]}`).at("id").(string)
	return w, user, group
}

// sane checks what holds of any answer: it is a success, or a 4xx that changed nothing.
func (w *world) sane(method, path, body string) {
	w.t.Helper()
	before := w.engine.state()
	a := w.do(method, path, body)
	if a.status >= 500 || a.status < 200 {
		w.t.Errorf("%s %s is answered %d: %s", method, path, a.status, a.text)
	}
	if a.status >= 400 && w.engine.state() != before {
		w.t.Errorf("%s %s is refused, and has changed something: %s", method, path, body)
	}
	for _, u := range w.engine.users {
		if u.ID == "" || strings.TrimSpace(u.UserName) == "" {
			w.t.Errorf("%s %s leaves a user without a name: %s", method, path, body)
		}
	}
	for _, g := range w.engine.groups {
		if strings.TrimSpace(g.DisplayName) == "" {
			w.t.Errorf("%s %s leaves a group without a name: %s", method, path, body)
		}
	}
	w.must(200, "GET", "/Users", "") // whatever is kept can be shown
	w.must(200, "GET", "/Groups", "")
}

// Whatever the body is, a POST or PUT is done or refused.
func FuzzBody(f *testing.F) {
	for _, s := range []string{ada, `{"displayName":"x","members":["u1",{"value":"u2"}]}`, `{"userName":"a@x.co","active":"False","emails":{"value":"b"},"` + enterprise + `":{"manager":"7"},"` + omni + `":{"a":[1,"b",true],"n":1e400}}`,
		`{"USERNAME":"a","username":"b"}`, `[`, `{"schemas":[]}`, "{\"userName\":\"\xff\"}", `{"userName":"\ud800"}`} {
		f.Add(s)
	}
	once := newWorld(f)
	f.Fuzz(func(t *testing.T, body string) {
		w, user, group := once.again(t)
		w.sane("POST", "/Users", body)
		w.sane("PUT", "/Users/"+user, body)
		w.sane("POST", "/Groups", body)
		w.sane("PUT", "/Groups/"+group, body)
	})
}

// Whatever the operations are, a PATCH is done or refused, all of it.
func FuzzPatch(f *testing.F) {
	for _, s := range []string{
		patch(`{"op":"replace","value":{"active":false}}`), patch(`{"op":"Add","path":"emails[type eq \"work\"].value","value":"a"}`), patch(`{"op":"remove","path":"members[value eq \"u1\" or value eq \"u2\"]"}`),
		patch(`{"op":"replace","path":"name","value":{"givenName":null}}`), patch(`{"op":"remove","path":"members","value":[{"value":"u1"}]}`, `{"op":"replace","value":{"displayName":"x"}}`),
		patch(`{"op":"replace","path":"` + omni + `:a.b","value":[1,"x"]}`), patch(`{"op":"replace","value":{"` + enterprise + `":{"manager":{"value":"7"}},"emails[not (type pr)]":[]}}`),
		patch(`{"op":"replace","path":"emails[type eq \"a\" and (value co \"b\" or primary eq true)]","value":{"value":"x"}}`), `{"Operations":{}}`,
	} {
		f.Add(s)
	}
	once := newWorld(f)
	f.Fuzz(func(t *testing.T, body string) {
		w, user, group := once.again(t)
		w.sane("PATCH", "/Users/"+user, body)
		w.sane("PATCH", "/Groups/"+group, body)
	})
}

// A filter is refused, or the engine is asked for what it says, as the library's
// parser understands it.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{`userName eq "ada@acme.co"`, `externalId EQ "\u0041\""`, `userName eq "a" and id pr`, `urn:ietf:params:scim:schemas:core:2.0:User:userName eq ""`, `((`, `emails[type eq "a"]`, `id eq "x"`, ` userName eq "�" `} {
		f.Add(s)
	}
	once := newWorld(f)
	f.Fuzz(func(t *testing.T, text string) {
		w, _, _ := once.again(t)
		w.sane("GET", "/Groups"+query(text), "")
		w.engine.asked = nil
		a := w.do("GET", "/Users"+query(text), "")
		if a.status == 400 && a.at("scimType") == "invalidFilter" {
			return
		}
		if a.status != 200 || strings.TrimSpace(text) == "" {
			if a.status != 200 {
				t.Errorf("%q is answered %d: %s", text, a.status, a.text)
			}
			return
		}
		parsed, err := filter.ParseFilter([]byte(strings.TrimSpace(text)))
		e, ok := parsed.(*filter.AttributeExpression)
		if err != nil || !ok || e.Operator != filter.EQ {
			t.Fatalf("%q is answered, and is %v, %v", text, parsed, err)
		}
		var want string
		raw, _ := e.CompareValue.(string)
		if err := json.Unmarshal([]byte(`"`+raw+`"`), &want); err != nil || len(w.engine.asked) != 1 || w.engine.asked[0] != want {
			t.Errorf("%q asks the engine for %q, want %q", text, w.engine.asked, want)
		}
	})
}

// TestMalformed draws 10,000 requests that can't be meant. Each is refused in SCIM's
// form, and nothing changes.
func TestMalformed(t *testing.T) {
	w, user, group := seeded(t)
	before, causes := w.engine.state(), len(w.engine.causes)
	d := drawer{Rand: rand.New(rand.NewPCG(1, 2)), user: "/Users/" + user, group: "/Groups/" + group}
	for range 10_000 {
		method, path, body := d.malformed()
		r := httptest.NewRequest(method, "/scim/v2/x", strings.NewReader(body))
		path, raw, _ := strings.Cut(path, "?")
		r.URL.Path, r.URL.RawQuery = "/scim/v2"+path, raw
		if a := w.send(r); a.status < 400 || a.status >= 500 || w.engine.state() != before {
			t.Fatalf("%s %s is answered %d: %.300s\n%s", method, path, a.status, body, a.text)
		}
	}
	if len(w.engine.causes) != causes {
		// An edit that its operations refuse is the engine's to run, and ends there.
		for _, c := range w.engine.causes[causes:] {
			if !strings.HasPrefix(c, "push PATCH "+d.user) {
				t.Errorf("the engine was asked to write: %s", c)
			}
		}
	}
}

// drawer draws malformed requests, each for a reason.
type drawer struct {
	*rand.Rand
	user, group string
}

func pick[T any](d drawer, list ...T) T { return list[d.IntN(len(list))] }

func (d drawer) word() string {
	b := make([]byte, 1+d.IntN(12))
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz[]().:\"\\$-_ 0"[d.IntN(39)]
	}
	return string(b)
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func (d drawer) malformed() (method, path, body string) {
	valid := pick(d, ada, `{"userName":"new@x.co","displayName":"West"}`)
	write := func(body string) (string, string, string) {
		at := pick(d, "POST /Users", "PUT "+d.user, "POST /Groups", "PUT "+d.group, "PATCH "+d.user, "PATCH "+d.group)
		method, path, _ := strings.Cut(at, " ")
		return method, path, body
	}
	switch d.IntN(10) {
	case 0: // cut off
		return write(valid[:d.IntN(len(valid))])
	case 1: // followed by something
		return write(valid + pick(d, "x", "{}", "]", ",", `"`, "\x00"))
	case 2: // too deep
		n := 21 + d.IntN(2000)
		return write(`{"a":` + strings.Repeat(pick(d, "[", `{"a":`), n))
	case 3: // twice, in another letter case
		return write(`{"displayName":"a","DISPLAYNAME":"b","userName":"a@x.co"}`)
	case 4: // of a wrong type
		bad := pick(d, "7", "true", "[]", "{}", `["x"]`, "null")
		return write(`{"userName":` + bad + `,"displayName":` + bad + `}`)
	case 5: // an operation that isn't one
		return "PATCH", pick(d, d.user, d.group), patch(`{"op":` + quoted(d.word()) + `,"path":"displayName","value":"x"}`)
	case 6: // a path that isn't one
		return "PATCH", pick(d, d.user, d.group), patch(`{"op":"replace","path":` + quoted("nope"+d.word()) + `,"value":"x"}`)
	case 7: // a value of a wrong type
		op := pick(d, `"path":"displayName","value":7`, `"path":"externalId","value":{}`, `"value":[]`, `"value":"x"`, `"path":"displayName","value":""`, `"path":7,"value":"x"`)
		at := pick(d, d.user, d.group)
		if strings.Contains(op, `""`) {
			at = d.group // people may be without a display name
		}
		return "PATCH", at, patch(`{"op":` + pick(d, `"add"`, `"Replace"`) + `,` + op + `}`)
	case 8: // a query that isn't one
		return "GET", pick(d, "/Users", "/Groups") + pick(d, query(`userName `+pick(d, "co", "sw", "gt", "xx")+` "`+d.word()+`"`), query("nope"+d.word()), "?count="+quoted(d.word()), "?startIndex=1.5"), ""
	default: // a place or method that isn't one
		return pick(d, "POST", "PUT", "BREW", "HEAD"), pick(d, "/Users/1/2", "/Nope", d.user+"/x", "/"+strings.Repeat("x", 1+d.IntN(3000)), "/Schemas/x"), valid
	}
}
