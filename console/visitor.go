package console

import (
	"crypto/sha256"
	"net/http"
	"net/netip"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"go.uber.org/zap"
)

// Role is what somebody may do.
type Role string

// The roles. Who may act may read, too.
const (
	Reads Role = "read"
	Acts  Role = "act"
)

// Key lets somebody in.
type Key struct {
	Name  string // of who has it, told with what they do; "": a command, which tells by itself who types it
	Role  Role
	Token string // never ""
}

// Proxy is a proxy that has asked its callers who they are. What it says is believed
// because of its token: on a loopback address whatever runs there can write a header.
type Proxy struct {
	Token      func() (string, error) // what it sends in the header Omnisync-Proxy; "": it isn't believed
	UserHeader string                 // names the caller
	RoleHeader string                 // "read" or "act"; "": all have Role
	Role       Role
}

// proxyHeader is where a proxy proves that it is the one.
const proxyHeader = "Omnisync-Proxy"

// Visitor is who sends a request.
type Visitor struct {
	Name string // "" of a command
	Role Role
	Page bool // came in through the login page, and can leave
}

// may reports whether the visitor's role covers what needs another one.
func (v Visitor) may(needs Role) bool { return v.Role == Acts || v.Role == needs }

// Acts reports whether the visitor may change something.
func (v Visitor) Acts() bool { return v.may(Acts) }

// by names who decides, for the log: a name that was proven comes before what is only said.
func (v Visitor) by(said string) string {
	switch {
	case v.Name == "" && said == "":
		said = "console"
	case v.Name != "" && said == "":
		said = v.Name
	case v.Name != "":
		said = v.Name + " (" + said + ")"
	}
	return said[:min(len(said), maxBy)]
}

// served answers a request of a visitor who may send it.
type served func(w http.ResponseWriter, r *http.Request, who Visitor)

// whoever is for what doesn't differ by visitor.
func whoever(serve http.HandlerFunc) served {
	return func(w http.ResponseWriter, r *http.Request, _ Visitor) { serve(w, r) }
}

// enter lets those through to serve who are known, who mean this connection and whose role
// covers what they want. What they change is logged with their name.
func (a *api) enter(needs Role, serve served) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, err := a.identify(r)
		switch {
		case err != nil:
		case !a.meant(r):
			err = &statusError{http.StatusMisdirectedRequest, refusal("this daemon serves connection "+a.Name,
				"it was asked about "+r.Header.Get(connectionHeader), "let console.listen name the address of the right daemon")}
		case !who.may(needs):
			err = &statusError{http.StatusForbidden, refusal(r.Method+" "+r.URL.Path,
				"you may read, and this changes something", "ask somebody who may act: console.tokens says who does")}
		}
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		if needs == Acts {
			a.Log.Info("somebody acts through the console", zap.String("who", who.by("")), zap.String("what", r.URL.Path))
		}
		serve(w, r, who)
	}
}

// identify finds who sends the request: by a token, by a proxy's word, or by the session that
// the login page began.
func (a *api) identify(r *http.Request) (Visitor, error) {
	keys, err := a.keys()
	if err != nil {
		return Visitor{}, err
	}
	if given, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); is {
		if k, known := find(keys, given); known {
			return Visitor{Name: k.Name, Role: k.Role}, nil
		}
		return Visitor{}, stranger()
	}
	if r.Header.Get(proxyHeader) != "" && a.Proxy != nil {
		return a.Proxy.brings(r)
	}
	if cookie, err := r.Cookie(a.cookieName()); err == nil {
		if k, known := a.sessions.key(cookie.Value, keys); known {
			return Visitor{Name: k.Name, Role: k.Role, Page: true}, nil
		}
	}
	return Visitor{}, stranger()
}

// keys gives who may come in. What is wrong with the configuration is told in the daemon's
// log and not to a stranger.
func (a *api) keys() ([]Key, error) {
	keys, err := a.Keys()
	for _, k := range keys {
		if k.Token == "" {
			err = &fault.Error{Op: "read the console's token", Detail: "it is empty"}
		}
	}
	if err != nil || len(keys) == 0 {
		return nil, &fault.Error{Op: "the console's token can't be read", Hint: "see console.token in the daemon's configuration"}
	}
	return keys, nil
}

// find looks all keys through, whichever it is, so that the time tells nothing.
func find(keys []Key, given string) (found Key, known bool) {
	for _, k := range keys {
		if same(given, k.Token) {
			found, known = k, true
		}
	}
	return found, known
}

// brings gives whom the proxy names. Who isn't named, or has no known role, stays outside.
func (p *Proxy) brings(r *http.Request) (Visitor, error) {
	token, err := p.Token()
	if err != nil {
		return Visitor{}, &fault.Error{Op: "the proxy's token can't be read", Hint: "see console.proxy.token in the daemon's configuration"}
	}
	who := Visitor{Name: strings.TrimSpace(r.Header.Get(p.UserHeader)), Role: p.Role}
	if p.RoleHeader != "" {
		who.Role = Role(strings.TrimSpace(r.Header.Get(p.RoleHeader)))
	}
	if token == "" || !same(r.Header.Get(proxyHeader), token) || who.Name == "" || who.Role != Reads && who.Role != Acts {
		return Visitor{}, stranger()
	}
	return who, nil
}

func stranger() error {
	return &statusError{http.StatusUnauthorized, &fault.Error{Kind: fault.Unauthorized,
		Op: "the console's token is missing or wrong", Hint: "send it as Authorization: Bearer TOKEN; see console.token"}}
}

// digest is what is kept of a token.
func digest(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }

// loopback reports whether a host's name means this machine.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}
