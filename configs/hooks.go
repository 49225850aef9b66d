package configs

import (
	"path"
	"regexp"
	"strings"
)

// checkHooks judges the section of event hooks. What only a listener that is on
// needs is asked for there alone.
func checkHooks(c *Config) []Fault {
	h := c.Hooks
	var faults []Fault
	judge := func(key, message, mend string) {
		if message != "" {
			faults = append(faults, Fault{Path: "hooks." + key, Message: message, Mend: mend})
		}
	}
	message, mend := checkHookPath(c)
	judge("path", message, mend)
	faults = append(faults, halfPair("hooks.tls", h.TLS)...)
	if !c.HooksOn() {
		return faults
	}
	message, mend = checkHookListen(c)
	judge("listen", message, mend)
	if h.Secret.Ref() == "" {
		judge("secret", "is missing", "write "+hookSecret+" and set that variable to what Okta shall send")
	}
	if !c.HooksShared() {
		return faults
	}
	const its = "hooks share the listener of scim.listen, and "
	if h.TLS.IsSet() && h.TLS != c.SCIM.TLS {
		judge("tls", its+"its certificate is scim.tls", "remove hooks.tls, or give hooks.listen another port")
	}
	if h.BehindProxy && !c.SCIM.BehindProxy {
		judge("behind_proxy", its+"scim.behind_proxy is false", "write it there, or give hooks.listen another port")
	}
	return faults
}

// checkHookListen wants pull mode too: a hook only makes syncd look into Okta.
func checkHookListen(c *Config) (message, mend string) {
	const form = `write an address and port, such as :8182, or what scim.listen says, or "" for no event hooks`
	host, message := splitListen(c.Hooks.Listen)
	switch {
	case message != "":
		return message, form
	case c.Hooks.Listen == c.Console.Listen:
		return "is the console's address too", "write another port than in console.listen"
	case !c.Okta.Auth.IsSet():
		return "needs okta.auth: an event hook only makes syncd look into Okta, and without a credential it can't", `add okta.auth, or write "" for no event hooks`
	case !c.PullOn():
		return "needs a schedule: an event hook may be lost, and nothing would make up for it", `write schedule.delta: "@every 30s", or "" here for no event hooks`
	case !c.HooksShared() && !loopback(host) && !c.Hooks.TLS.IsSet() && !c.Hooks.BehindProxy:
		return "is reachable from other machines, and the secret would travel in clear text",
			"write tls: with cert_file and key_file, or behind_proxy: true where a proxy with TLS stands before it"
	}
	return "", ""
}

var hookPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+/?$`)

// checkHookPath keeps it apart from what else the listener answers.
func checkHookPath(c *Config) (message, mend string) {
	const form = "write a path such as /okta/events"
	switch at := c.Hooks.Path; {
	case at == "":
		return "is empty", form
	case strings.Contains(at, "://"):
		return "is an address", "write its path alone, such as /okta/events"
	case !strings.HasPrefix(at, "/"):
		return quoted(at) + " doesn't begin with /", form
	case !hookPath.MatchString(at) || path.Clean(at) != at:
		return quoted(at) + " is not a plain path", form + ", of letters, digits, - . _ and ~"
	case at == "/healthz", at == "/readyz":
		return quoted(at) + " is where health checks come in", form
	case c.HooksShared() && (at == c.SCIM.BasePath || strings.HasPrefix(at, c.SCIM.BasePath+"/")):
		return quoted(at) + " belongs to scim.base_path, and both share a listener", form
	}
	return "", ""
}
