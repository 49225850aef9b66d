package configs

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// longestWho bounds the name of who has a token, in bytes: it stands in every line of the
// log about what they did.
const longestWho = 60

// headerName is what an HTTP header may be called.
var headerName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// checkConsole judges who may come into the console, and how.
func checkConsole(c Console) []Fault {
	var faults []Fault
	judge := func(key, message, mend string) {
		if message != "" {
			faults = append(faults, Fault{Path: "console." + key, Message: message, Mend: mend})
		}
	}
	names := map[string]bool{}
	for i, t := range c.Tokens {
		at := fmt.Sprintf("tokens[%d].", i)
		message, mend := checkWho(t.Name)
		if names[strings.ToLower(t.Name)] {
			message, mend = "is the same as one before", "give each its own, so that the log tells them apart"
		}
		names[strings.ToLower(t.Name)] = true
		judge(at+"name", message, mend)
		if t.Role == "" {
			judge(at+"role", "is missing", "write read or act")
		}
		if t.Token.Ref() == "" {
			judge(at+"token", "is missing", "write ${env:NAME} and set that variable, or ${file:PATH}")
		}
	}
	message, mend := checkPublic(c.URL)
	judge("url", message, mend)
	const form = "write a name such as X-Forwarded-User"
	if !headerName.MatchString(c.Proxy.UserHeader) {
		judge("proxy.user_header", quoted(c.Proxy.UserHeader)+" is no name of a header", form)
	}
	if c.Proxy.RoleHeader != "" && !headerName.MatchString(c.Proxy.RoleHeader) {
		judge("proxy.role_header", quoted(c.Proxy.RoleHeader)+" is no name of a header", form+`, or ""`)
	}
	return faults
}

func checkWho(name string) (message, mend string) {
	const form = "write who has the token, such as on-call"
	switch {
	case name == "":
		return "is missing", form
	case len(name) > longestWho || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return quoted(name) + " is no name", form
	}
	return "", ""
}

// checkPublic takes an address of a site; without TLS only one of this machine.
func checkPublic(text string) (message, mend string) {
	if text == "" {
		return "", ""
	}
	const form = `write the address alone, such as https://sync.acme.com, or "" for none`
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil:
		return quoted(text) + " is no address of a web site", form
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "says more than where the site is", form
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "isn't protected on its way", "write https:// and let the proxy speak TLS"
	}
	return "", ""
}
