package configs

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"strings"
)

// shortestToken bounds what Okta sends us as a token or secret from below, in
// characters: our listeners may be reached by anyone, and it is all that keeps a
// stranger out.
const shortestToken = 20

// checkSCIM judges the endpoint's section. What only an endpoint that is on needs
// is asked for there alone.
func checkSCIM(c *Config) []Fault {
	const at = "scim."
	s := c.SCIM
	var faults []Fault
	judge := func(key, message, mend string) {
		if message != "" {
			faults = append(faults, Fault{Path: at + key, Message: message, Mend: mend})
		}
	}
	if s.Listen != "" {
		message, mend := checkSCIMListen(s, c.Console.Listen)
		judge("listen", message, mend)
	}
	message, mend := checkBasePath(s.BasePath)
	judge("base_path", message, mend)
	if len(s.BearerTokens) == 0 && s.Listen != "" {
		judge("bearer_tokens", "is missing", `write ["`+scimToken+`"] and set that variable to what Okta shall send`)
	}
	seen := map[string]bool{}
	for i, t := range s.BearerTokens {
		if seen[t.Ref()] {
			judge(fmt.Sprintf("bearer_tokens[%d]", i), "is the same as one before", "remove it")
		}
		seen[t.Ref()] = true
	}
	faults = append(faults, halfPair(at+"tls", s.TLS)...)
	for i, text := range s.Allow {
		message, mend := checkNetwork(text)
		judge(fmt.Sprintf("allow[%d]", i), message, mend)
	}
	return faults
}

func checkSCIMListen(s SCIM, console string) (message, mend string) {
	const form = `write an address and port, such as :8181 or 127.0.0.1:8181, or "" to switch push mode off`
	host, message := splitListen(s.Listen)
	switch {
	case message != "":
		return message, form
	case s.Listen == console:
		return "is the console's address too", "write another port than in console.listen"
	case !loopback(host) && !s.TLS.IsSet() && !s.BehindProxy:
		return "is reachable from other machines, and tokens would travel in clear text",
			"write tls: with cert_file and key_file, or behind_proxy: true where a proxy with TLS stands before it"
	}
	return "", ""
}

var basePath = regexp.MustCompile(`^(/[A-Za-z0-9.~-]+)+/?$`)

func checkBasePath(text string) (message, mend string) {
	const form = "write a path such as /scim/v2"
	switch {
	case text == "":
		return "is empty", form
	case strings.Contains(text, "://"):
		return "is an address", "write its path alone, such as /scim/v2"
	case !strings.HasPrefix(text, "/"):
		return quoted(text) + " doesn't begin with /", form
	case strings.Contains(text, "_"):
		return quoted(text) + " holds an underscore, which Okta refuses in a base URL", "write - in its place"
	case !basePath.MatchString(text) || path.Clean(text) != text:
		return quoted(text) + " is not a plain path", form + ", of letters, digits, - . and ~"
	}
	return "", ""
}

// checkNetwork takes an address, or a network as its first address and length.
func checkNetwork(text string) (message, mend string) {
	const form = "write an address such as 203.0.113.7, or a network such as 203.0.113.0/24"
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		return "", ""
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return quoted(text) + " is neither an address nor a network", form
	case p != p.Masked():
		return quoted(text) + " is an address within a network", "write " + p.Masked().String() + " for the network, or " + p.Addr().String() + " for the address"
	}
	return "", ""
}

// Networks gives scim.allow as networks; an address is a network of its own.
func (s SCIM) Networks() []netip.Prefix {
	var list []netip.Prefix
	for _, text := range s.Allow {
		p, err := netip.ParsePrefix(text)
		if addr, bad := netip.ParseAddr(text); bad == nil {
			p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err == nil { // what isn't one was told by Load
			list = append(list, p)
		}
	}
	return list
}

// Tokens gives the tokens that Okta may send, as far as they can be had: one that
// is being replaced must not lock out the other. An error means that there is none.
func (s SCIM) Tokens() ([]string, error) {
	var tokens []string
	var errs []error
	for _, t := range s.BearerTokens {
		value, err := t.Value()
		if err == nil && value != "" {
			tokens = append(tokens, value)
		}
		errs = append(errs, err)
	}
	if len(tokens) > 0 {
		return tokens, nil
	}
	return nil, cmp.Or(errors.Join(errs...), error(absent("no token is configured")))
}

// misshapenToken tells what is wrong with a token that Okta shall send.
func misshapenToken(value string) (message, mend string) {
	switch {
	case len(value) < shortestToken:
		return fmt.Sprintf("is shorter than %d characters", shortestToken), "make a new one, such as with: openssl rand -hex 32"
	case strings.ContainsFunc(value, func(r rune) bool { return r < '!' || r > '~' }):
		return "has a character that no HTTP header can carry", "make a new one of letters and digits, such as with: openssl rand -hex 32"
	}
	return "", ""
}

// halfPair tells of a certificate without its key, or the other way round.
func halfPair(at string, t TLS) []Fault {
	switch {
	case t.CertFile == "" && t.KeyFile != "":
		return []Fault{{Path: at + ".cert_file", Message: "is missing beside key_file", Mend: "write the path of the certificate, or remove both"}}
	case t.CertFile != "" && t.KeyFile == "":
		return []Fault{{Path: at + ".key_file", Message: "is missing beside cert_file", Mend: "write the path of the certificate's private key, or remove both"}}
	}
	return nil
}

// unfitPair tells why the certificate of a listener that is on can't be used. The
// errors of the library name files and forms, never what a key holds.
func unfitPair(at string, t TLS) []Fault {
	if t.CertFile == "" || t.KeyFile == "" {
		return nil
	}
	if _, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile); err != nil {
		return []Fault{{Path: at, Message: "the certificate can't be used: " + err.Error(),
			Mend: "write the paths of a certificate and its own private key, both in PEM form, that syncd may read"}}
	}
	return nil
}
