package configs

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

func checkOrgURL(text string) (message, mend string) {
	mend = "write the org's address, such as https://acme.okta.com"
	u, message := parseURL(text)
	switch {
	case message != "" || u == nil:
	case isAdminHost(u.Hostname()):
		message = "is the address of the admin console"
	case u.Path != "":
		message = "has a path"
	default:
		return "", ""
	}
	if u = salvage(text); u != nil {
		mend = "write " + u.Scheme + "://" + u.Host
	}
	return message, mend
}

func checkBaseURL(text string) (message, mend string) {
	mend = "write the login URL, such as https://acme.omniapp.co"
	u, message := parseURL(text)
	switch {
	case message != "" || u == nil:
	case strings.Contains(u.Path+"/", "/api/"):
		message = "contains /api"
	default:
		return "", ""
	}
	if u = salvage(text); u != nil {
		path, _, _ := strings.Cut(u.Path+"/", "/api/")
		mend = "write " + u.Scheme + "://" + u.Host + strings.TrimRight(path, "/")
	}
	return message, mend
}

// parseURL accepts https, and http for loopback hosts; it never repeats the
// text, which may hold a password.
func parseURL(text string) (u *url.URL, message string) {
	if text == "" {
		return nil, "is missing"
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return nil, "is not a URL with a host"
	case u.User != nil:
		return nil, "holds a user name or password"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, "has a query or fragment"
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, "is http://, which is accepted for this machine only"
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, "is not https://"
	}
	if p := u.Port(); p != "" && !isPort(p) {
		return nil, "has a port that doesn't exist"
	}
	return u, ""
}

// A host that may be repeated: a secret that was put in its place has no such
// form, or is longer.
var publicHost = regexp.MustCompile(`^[a-z0-9-]{1,40}(\.[a-z0-9-]{1,40}){1,4}$`)

// salvage gives what the address was probably meant to be: with https, without
// the admin console's suffix, and nil where that isn't clear or not public.
func salvage(text string) *url.URL {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Port() != "" && !isPort(u.Port()) {
		return nil
	}
	host := strings.ToLower(u.Hostname())
	if !publicHost.MatchString(host) && !loopback(host) {
		return nil
	}
	if isAdminHost(host) {
		u.Host = strings.Replace(strings.ToLower(u.Host), "-admin.", ".", 1)
	}
	if !loopback(host) || u.Scheme != "http" {
		u.Scheme = "https"
	}
	return u
}

// isAdminHost knows acme-admin.okta.com, and so for each of Okta's own domains.
func isAdminHost(host string) bool {
	org, domain, _ := strings.Cut(strings.ToLower(host), ".")
	return strings.HasSuffix(org, "-admin") && strings.HasPrefix(domain, "okta")
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

func checkListen(address string) (message, mend string) {
	const form = "write an address and port, such as 127.0.0.1:8180"
	host, message := splitListen(address)
	switch {
	case message != "":
		return message, form
	case !loopback(host):
		return "is reachable from other machines, which needs TLS, and that is not available yet", form + "; put a proxy with TLS before it where others must reach it"
	}
	return "", ""
}

// splitListen gives the host of an address to listen at, or what is wrong with it.
func splitListen(address string) (host, message string) {
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return "", fmt.Sprintf("%q is not an address with a port", address)
	case !isPort(port):
		return "", fmt.Sprintf("%q is not a port", port)
	}
	return host, ""
}
