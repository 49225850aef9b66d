package console

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"go.uber.org/zap"
)

// The pages are for moments when people would rather look than read. A page is added so:
//
//  1. write its template, web/NAME.html, which defines "main" and begins with an <h1>; what
//     several templates share stands in web/parts.html, what they call in templateFuncs
//  2. write a function that gives what it shows, in page_NAME.go: (*api, request) -> (data,
//     error). An error becomes a page of its own, with the error's hint
//  3. add a line to (*api).pages in pages.go. The navigation has the pages that have a Label,
//     in the order of that list
//
// What a page does is a form that posts to a path of (*api).actions, in pages.go too: the
// reading role gets 403 there, and each is logged with who did it. It ends with (*api).done.
//
// There is no script and no style within the HTML (the browser would refuse it), and a page
// works without any script. With it, web/static/app.js gives:
//
//   - <form data-live="ID">: what is typed is searched for at once; the element of that id is
//     replaced by the one of the answer
//   - <section data-follow id="ID">: is replaced whenever the connection changes (a run ends,
//     something is held), from the page's own address
//   - <div data-progress>: shows the run that is under way, while it is
//   - <input type="checkbox" data-all="NAME">: ticks all boxes of that name

//go:embed web
var web embed.FS

// page is one page for who may read.
type page struct {
	path  string // as http.ServeMux takes it, such as /runs/{run}; reached by GET
	title string // of the window
	label string // in the navigation; "" for a page that isn't in it
	file  string // web/FILE.html
	data  func(r *http.Request) (any, error)
}

// view is what the frame around a page's template knows.
type view struct {
	Title      string
	Connection string // "" where nothing is told
	Who        Visitor
	Nav        []entry
	Done       string // what was just done, in words
	Data       any
}

// entry is one line of the navigation.
type entry struct {
	Label, Path string
	Current     bool
	Count       int // of what waits there for a person
}

// templates reads every page's templates: the frame, what is shared, and its own. A fault in
// them is one of the program, and the first test that makes a handler finds it.
func templates() map[string]*template.Template {
	shared := template.Must(template.New("").Funcs(templateFuncs()).ParseFS(web, "web/frame.html", "web/parts.html"))
	files, err := web.ReadDir("web")
	if err != nil {
		panic(err) // it is embedded
	}
	list := map[string]*template.Template{}
	for _, f := range files {
		name, is := strings.CutSuffix(f.Name(), ".html")
		if is && name != "frame" && name != "parts" {
			list[name] = template.Must(template.Must(shared.Clone()).ParseFS(web, "web/"+f.Name()))
		}
	}
	return list
}

// show answers with a page.
func (a *api) show(p page) served {
	return func(w http.ResponseWriter, r *http.Request, who Visitor) {
		data, err := p.data(r)
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		a.render(w, http.StatusOK, p.file, a.framed(r, who, p.title, data))
	}
}

// framed puts what is shown into the frame.
func (a *api) framed(r *http.Request, who Visitor, title string, data any) view {
	v := view{Title: title, Connection: a.Name, Who: who, Done: doneWords(r.URL.Query()), Data: data}
	counts := a.counts(r.Context())
	for _, p := range a.pages() {
		if p.label != "" {
			current := r.URL.Path == p.path || p.path != "/" && strings.HasPrefix(r.URL.Path, p.path+"/")
			v.Nav = append(v.Nav, entry{Label: p.label, Path: p.path, Current: current, Count: counts[p.path]})
		}
	}
	return v
}

// render writes a whole page, or none: a template that fails isn't half an answer.
func (a *api) render(w http.ResponseWriter, status int, file string, v view) {
	var text bytes.Buffer
	if err := a.templates[file].ExecuteTemplate(&text, "frame", v); err != nil {
		a.Log.Error("a page of the console can't be made", zap.String("page", file), zap.Error(err))
		http.Error(w, "the daemon made a mistake; its log tells more", http.StatusInternalServerError)
		return
	}
	pageHead(w, "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes())
}

// policy lets a browser load our own files and nothing else, run nothing that stands in a
// page, and put no page of ours into somebody else's.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

func pageHead(w http.ResponseWriter, contentType string) {
	head(w, contentType)
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// refuse tells an error to a person as a page, to a program as JSON. A person who isn't known
// is asked who they are.
func (a *api) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	switch {
	case status == http.StatusUnauthorized && !looks(r):
		w.Header().Set("WWW-Authenticate", "Bearer")
		writeError(w, err)
	case status == http.StatusUnauthorized:
		next := "/"
		if r.Method == http.MethodGet {
			next = r.URL.RequestURI()
		}
		pageHead(w, "text/html; charset=utf-8")
		http.Redirect(w, r, "/login?"+url.Values{"next": {within(next)}}.Encode(), http.StatusSeeOther)
	case !looks(r):
		writeError(w, err)
	default:
		who, unknown := a.identify(r)
		v := view{Title: "That didn't work", Data: FailureOf(err)}
		if unknown == nil {
			v = a.framed(r, who, v.Title, v.Data)
		}
		a.render(w, status, "error", v)
	}
}

// looks reports whether a person with a browser asks, and not a program.
func looks(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html") && !strings.HasPrefix(r.URL.Path, "/api/")
}

// static gives the files that pages load. They tell nothing, and the login page needs them.
func static(w http.ResponseWriter, r *http.Request) {
	text, err := web.ReadFile("web/static/" + r.PathValue("file"))
	if err != nil {
		writeError(w, &fault.Error{Kind: fault.NotFound, Op: r.URL.Path, Detail: "there is nothing here"})
		return
	}
	kind := map[string]string{"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
	_, extension, _ := strings.Cut(r.PathValue("file"), ".")
	head(w, kind[extension])
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(text)
}
