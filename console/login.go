package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"
)

// loginView is what the login page shows: nothing of the connection.
type loginView struct {
	Next  string // where who comes in goes then
	Wrong bool
}

// login shows the one page that is for strangers.
func (a *api) login(w http.ResponseWriter, r *http.Request) {
	a.render(w, http.StatusOK, "login", view{Title: "Log in", Data: loginView{Next: within(r.URL.Query().Get("next"))}})
}

// enterByPage begins a session for who knows a token.
func (a *api) enterByPage(w http.ResponseWriter, r *http.Request) {
	keys, err := a.keys()
	if err == nil {
		err = readForm(w, r)
	}
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	k, known := find(keys, strings.TrimSpace(r.PostFormValue("token")))
	next := within(r.PostFormValue("next"))
	if !known {
		a.Log.Warn("a login with a wrong token", zap.String("from", r.RemoteAddr))
		a.render(w, http.StatusUnauthorized, "login", view{Title: "Log in", Data: loginView{Next: next, Wrong: true}})
		return
	}
	a.Log.Info("somebody logged in to the console", zap.String("who", Visitor{Name: k.Name}.by("")))
	http.SetCookie(w, a.cookie(r, a.sessions.begin(k, time.Now()), sessionLasts))
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// logout ends the session that sends it, and needs none.
func (a *api) logout(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(a.cookieName()); err == nil {
		a.sessions.end(cookie.Value)
	}
	http.SetCookie(w, a.cookie(r, "", 0))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// within gives a path of ours, never an address elsewhere: what a link says comes next isn't
// believed.
func within(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.Contains(next, `\`) {
		return "/"
	}
	return next
}
