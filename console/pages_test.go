package console_test

import (
	"bufio"
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// injected is what a person may call themselves.
const injected = `"'><script>alert(1)</script>`

// evil fills every text of a value with what would be code, were it not escaped, and every
// list and map with one element.
func evil(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(injected)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		evil(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		evil(v.Index(0))
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		evil(key)
		evil(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Interface:
		v.Set(reflect.ValueOf(injected))
	case reflect.Int, reflect.Int64:
		v.SetInt(2)
	case reflect.Float64:
		v.SetFloat(2)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Now()))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				evil(v.Field(i))
			}
		}
	default: // numbers of other kinds, and truths, are no text
	}
}

func evilOf[T any]() (v T) {
	evil(reflect.ValueOf(&v).Elem())
	return v
}

// villain is a daemon of which every word is code.
type villain struct{ *daemon }

func (villain) Status(context.Context) (sync.Status, error) {
	s := evilOf[sync.Status]()
	s.Limits["omni"] = map[string]any{"perMinute": 60, "pace": 0.5, "unshared": injected, "downSeconds": 3, "refusedKeys": []int{1}}
	s.Limits["alerts"] = map[string]any{"error": injected, "since": time.Now(), "waiting": 1}
	s.Leaving = map[string]int{"grace": 2}
	s.Limits["okta "+injected] = map[string]any{"limit": 600, "remaining": 3, "waiting": 2, "why": injected}
	return s, nil
}

func (villain) Decide(context.Context, sync.Verdict) (sync.Decided, error) {
	return evilOf[sync.Decided](), nil
}

func (villain) History(context.Context, sync.HistoryFilter) ([]state.Change, error) {
	return []state.Change{evilOf[state.Change]()}, nil
}

func (villain) Days(context.Context, int) ([]sync.Day, error) {
	return []sync.Day{evilOf[sync.Day]()}, nil
}

func (villain) Runs(context.Context, sync.RunsFilter) ([]state.Run, error) {
	return []state.Run{evilOf[state.Run]()}, nil
}

func (villain) RunOf(context.Context, string) (state.Run, []state.Change, error) {
	return evilOf[state.Run](), []state.Change{evilOf[state.Change]()}, nil
}

func (villain) Explain(_ context.Context, subject string) (sync.Explanation, error) {
	x := evilOf[sync.Explanation]()
	if subject == "Sales" {
		x.Person = nil
	} else {
		x.Group = nil
	}
	return x, nil
}

func (villain) People(context.Context, sync.Search) ([]sync.FoundPerson, bool, error) {
	return []sync.FoundPerson{evilOf[sync.FoundPerson]()}, true, nil
}

func (villain) Groups(context.Context, sync.Search) ([]sync.FoundGroup, bool, error) {
	return nil, false, nil
}

func (villain) Leavers(context.Context) ([]sync.Leaver, error) {
	return []sync.Leaver{evilOf[sync.Leaver]()}, nil
}

// Whatever comes from Okta, Omni or a request appears as text, on every page.
func TestNamesAreText(t *testing.T) {
	o := manned(newDaemon())
	v := villain{newDaemon()}
	o.Engine, o.Runs, o.Search = v, v, v
	at := serveOptions(t, o)
	header := map[string]string{"Authorization": "Bearer " + actingToken, "Accept": "text/html"}
	q := "?" + url.Values{"subject": {injected}, "run": {injected}, "kind": {injected}, "state": {injected}, "done": {injected}, "count": {injected}, "outcome": {injected}, "next": {injected}, "prefix": {injected}}.Encode()
	form := url.Values{"verdict": {"approve-some"}, "only": {injected}, "hash": {injected}, "run": {injected}}
	pages := 0
	for _, route := range append(every(), [2]string{"GET", "/login"}, [2]string{"GET", "/" + url.PathEscape(injected)}) {
		if strings.HasPrefix(route[1], "/api/") || route[1] == "/metrics" || route[0] == http.MethodPost && !strings.HasSuffix(route[1], "/review") {
			continue
		}
		pages++
		answer, text := call(t, stays(), route[0], at+route[1]+q, header, form)
		if strings.Contains(text, "<script>alert") || strings.Contains(text, `"'>`) {
			t.Errorf("%v lets code through: %s", route, text)
		}
		if answer.StatusCode == 200 && route[1] != "/login" && !strings.Contains(text, "&lt;script&gt;alert(1)&lt;/script&gt;") {
			t.Errorf("%v doesn't tell the name at all: %s", route, text)
		}
		if strings.Contains(text, "ZgotmplZ") {
			t.Errorf("%v holds what the template refuses: %s", route, text)
		}
		policy := answer.Header.Get("Content-Security-Policy")
		if answer.StatusCode == 200 && (!strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || answer.Header.Get("X-Content-Type-Options") != "nosniff" || answer.Header.Get("Cache-Control") != "no-store") {
			t.Errorf("%v comes with %v", route, answer.Header)
		}
		for _, inline := range []string{"<script>", "<style", " style=", " onclick=", "javascript:"} {
			if strings.Contains(text, inline) {
				t.Errorf("%v holds %q, which the policy refuses", route, inline)
			}
		}
	}
	if pages < 17 {
		t.Errorf("only %d pages were looked at", pages)
	}
	if event := firstEvent(t, at, header); strings.Contains(event, "<script>") || !strings.Contains(event, "&lt;script&gt;") {
		t.Errorf("the progress lets code through: %s", event)
	}
}

// firstEvent reads the first event of the stream.
func firstEvent(t *testing.T, at string, header map[string]string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, at+"/api/v1/events", nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(answer, err)
	}
	defer answer.Body.Close()
	var event strings.Builder
	for lines := bufio.NewScanner(answer.Body); lines.Scan() && lines.Text() != ""; {
		event.WriteString(lines.Text() + "\n")
	}
	return event.String()
}

// get gives a page as otto sees it.
func get(t *testing.T, at, path string) string {
	t.Helper()
	answer, text := call(t, stays(), "GET", at+path, map[string]string{"Authorization": "Bearer " + actingToken, "Accept": "text/html"}, nil)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %d %s", path, answer.StatusCode, text)
	}
	return text
}

func TestPagesTellWhatTheEngineSays(t *testing.T) {
	d := newDaemon()
	at := serveOptions(t, manned(d))
	for path, wants := range map[string][]string{
		"/":                       {"chip wait\">held", "but for what is held", "84", "59 a minute", `value="`, "1 change", "this daemon"},
		"/held":                   {"1 change held because of deactivations", "ann@example.com", `name="only"`, "Approve all 1"},
		"/runs":                   {`href="/runs/r2"`, "0 101"},
		"/runs?skip=9":            {"9 101", "skip=0"},
		"/runs/r2":                {"ann@example.com", "deactivate"},
		"/runs/r3":                {"84", "<progress"},
		"/failing":                {"Nothing fails"},
		"/log":                    {"UTC 101<", `href="/api/v1/history?format=csv"`},
		"/people":                 {"limit 50", "more;", "chip wait\">leaving", `href="/people/00u1"`},
		"/people?prefix=nobody":   {`href="/people/nobody"`, "knows nobody"},
		"/people/ann@example.com": {"has access", "through Sales", "Provision now", "chip good\">ACTIVE", "What this rests on"},
		"/people/00u9":            {"Okta is away", "What to do: wait", "00u9", "0001-01-01 00:00:00 &#43;0000 UTC 50"},
		"/leavers":                {"<strong>1</strong> in grace", `href="/people/00u1"`, "1 of 3: 1 given to bob@example.com, 1 waits, 1 refused", "What they can still do", "chip bad", "cat can't: no access"},
		"/groups?prefix=sa":       {"sa group", "chip wait\">paused", `href="/groups/00g1"`},
		"/groups?prefix=nobody":   {`href="/groups/nobody"`},
		"/groups/Sales%2FEMEA":    {"Sales is synced", "7 in Okta", "bob@example.com", "no account", `href="/people/00u2"`},
		"/log?run=r7":             {`href="/runs/r7"`, "format=jsonl&amp;run=r7"},
		"/log?before=2026-01-02T03:04:05.6Z&skip=2&kind=update": {"2026-01-02 03:04:05.6 &#43;0000 UTC 101", "/log?kind=update&amp;run=&amp;state=&amp;subject="},
		"/log?since=2026-01-02T03:04:05&subject=ann":            {"2026-01-02 03:04:05", `value="ann"`},
	} {
		text := get(t, at, path)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s doesn't say %q:\n%s", path, want, text)
			}
		}
	}
	for path, status := range map[string]int{"/runs/r9": 404, "/people/Sales%2FEMEA": 404, "/groups/ann@example.com": 404, "/people/nobody": 404, "/people?limit=x": 400, "/nothing": 404, "/log?since=yesterday": 400, "/log?skip=-1": 400, "/runs?skip=x": 400} {
		answer, text := call(t, stays(), "GET", at+path, map[string]string{"Authorization": "Bearer " + actingToken, "Accept": "text/html"}, nil)
		if answer.StatusCode != status || !strings.Contains(text, "<h1>") {
			t.Errorf("%s answers %d, want %d and a page: %s", path, answer.StatusCode, status, text)
		}
	}
}

// What is approved is what was seen and confirmed: by its hash, those who were ticked, and
// their number; and a run then does it.
func TestDecidingTakesTwoPages(t *testing.T) {
	d := newDaemon()
	began := make(chan sync.Request, 1)
	d.run = func(_ context.Context, r sync.Request) (sync.Report, error) { began <- r; return sync.Report{}, nil }
	at := serveOptions(t, manned(d))
	otto := login(t, at, actingToken)
	post := func(path string, form url.Values) (int, string) {
		answer, text := call(t, otto, "POST", at+path, map[string]string{"Accept": "text/html", "Origin": at}, form)
		return answer.StatusCode, answer.Header.Get("Location") + text
	}
	status, text := post("/held/r1/review", url.Values{"verdict": {"approve-some"}, "only": {"00u1"}, "hash": {"abc"}})
	if v := <-d.decided; status != 200 || !v.Preview || v.Hash != "abc" || v.Only[0] != "00u1" || !strings.Contains(text, "Approve 1 change?") {
		t.Errorf("the second page is asked for with %+v and is %d %s", v, status, text)
	}
	confirm := url.Values{"decision": {"approve"}, "only": {"00u1"}, "hash": {"abc"}, "count": {"2"}}
	if status, text := post("/held/r1/decide", confirm); status != http.StatusConflict || !(<-d.decided).Preview || len(d.decided) > 0 {
		t.Errorf("another number than was confirmed: %d %s", status, text)
	}
	confirm.Set("count", "1")
	d.decided = make(chan sync.Verdict, 2)
	status, text = post("/held/r1/decide", confirm)
	<-d.decided
	v := <-d.decided
	if status != http.StatusSeeOther || v.Preview || v.Decision != state.Approved || v.By != "otto" || v.Hash != "abc" || v.Only[0] != "00u1" {
		t.Errorf("decided %+v: %d %s", v, status, text)
	}
	if r := <-began; r.Kind != sync.Full || r.DryRun || r.Attached {
		t.Errorf("the run that follows: %+v", r)
	}
	confirm.Set("decision", "reject")
	if status, text := post("/held/r1/decide", confirm); status != http.StatusSeeOther || (<-d.decided).Decision != state.Rejected || (<-d.decided).Decision != state.Rejected || len(began) > 0 {
		t.Errorf("a rejection: %d %s", status, text)
	}
	for _, form := range []url.Values{{}, {"verdict": {"approve-some"}}, {"verdict": {"maybe"}}} {
		if status, text := post("/held/r1/review", form); status != 400 || len(d.decided) > 0 {
			t.Errorf("%v: %d %s", form, status, text)
		}
	}
	for _, form := range []url.Values{{"decision": {"approve"}}, {"hash": {"abc"}}, {"decision": {"none"}, "hash": {"abc"}}} {
		if status, text := post("/held/r1/decide", form); status != 400 || len(d.decided) > 0 {
			t.Errorf("%v: %d %s", form, status, text)
		}
	}
	for _, c := range []struct {
		path string
		form url.Values
		want sync.Request
	}{
		{"/failing/retry", url.Values{"which": {"some"}, "only": {"00u1", "00u2"}}, sync.Request{Kind: sync.Full, Insist: true, Only: []string{"00u1", "00u2"}}},
		{"/failing/retry", url.Values{"which": {"all"}, "only": {"00u1"}}, sync.Request{Kind: sync.Full, Insist: true}},
		{"/runs", url.Values{"kind": {"reconcile"}}, sync.Request{Kind: sync.Reconcile, Insist: true}},
	} {
		status, text := post(c.path, c.form)
		if r := <-began; status != http.StatusSeeOther || r.Kind != c.want.Kind || r.Insist != c.want.Insist || len(r.Only) != len(c.want.Only) || r.Cause != "console" {
			t.Errorf("%s %v begins %+v: %d %s", c.path, c.form, r, status, text)
		}
	}
	for path, form := range map[string]url.Values{"/failing/retry": {"which": {"some"}}, "/runs": {"kind": {"delta"}}} {
		if status, text := post(path, form); status != 400 || len(began) > 0 {
			t.Errorf("%s %v: %d %s", path, form, status, text)
		}
	}
}

// A run that is asked for on a page and goes wrong is told in the log, and ends nothing.
func TestARunOfAPageMayGoWrong(t *testing.T) {
	d := newDaemon()
	began := make(chan bool, 2)
	d.run = func(context.Context, sync.Request) (sync.Report, error) { began <- true; panic("no") }
	at := serveOptions(t, manned(d))
	for range 2 {
		call(t, stays(), "POST", at+"/runs", map[string]string{"Authorization": "Bearer " + actingToken}, url.Values{"kind": {"full"}})
		<-began
	}
	get(t, at, "/")
}

// The log is given as lines and as a sheet, in which nothing is a formula.
func TestTheLogIsExported(t *testing.T) {
	at := serveOptions(t, manned(newDaemon()))
	header := map[string]string{"Authorization": "Bearer " + readingToken}
	answer, text := call(t, stays(), "GET", at+"/api/v1/history?format=csv&subject="+url.QueryEscape("=1+1@example.com"), header, nil)
	sheet, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(sheet) != 2 || sheet[1][2] != "'=1+1@example.com" || answer.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("%v %v %q", err, answer.Header, text)
	}
	for _, wide := range []string{"\uff1d1+1", "\n=1+1"} {
		if _, text := call(t, stays(), "GET", at+"/api/v1/history?format=csv&subject="+url.QueryEscape(wide), header, nil); !strings.Contains(text, "'"+wide) {
			t.Errorf("%q is a formula: %q", wide, text)
		}
	}
	if _, text := call(t, stays(), "GET", at+"/api/v1/history?format=jsonl&run=r1", header, nil); strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, `{"kind"`) {
		t.Errorf("lines: %q", text)
	}
	if answer, text := call(t, stays(), "GET", at+"/api/v1/history?format=xml", header, nil); answer.StatusCode != 400 {
		t.Errorf("another form: %q", text)
	}
}

// What pages load needs no token, and is all that may be loaded.
func TestFilesOfThePages(t *testing.T) {
	at := serveOptions(t, manned(newDaemon()))
	for path, kind := range map[string]string{"style.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8", "mark.svg": "image/svg+xml", "..%2fnow.html": "", "nothing.js": ""} {
		answer, text := call(t, stays(), "GET", at+"/static/"+path, nil, nil)
		if got := answer.Header.Get("Content-Type"); kind != "" && (answer.StatusCode != 200 || got != kind) || kind == "" && answer.StatusCode < 400 {
			t.Errorf("%s: %d %s %s", path, answer.StatusCode, got, text)
		}
	}
}
