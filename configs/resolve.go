package configs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// Secrets is a Check for commands that work with Okta and Omni: every secret
// must resolve, and look like one; a state URL that is a reference must be one.
// It never repeats what a secret holds.
func Secrets(c *Config) []Fault {
	var faults []Fault
	seen := map[string]string{}
	for _, s := range c.secrets() {
		if s.secret.Ref() == "" || s.off {
			continue // missing required ones are told by Load
		}
		value, err := s.secret.Value()
		first, twice := seen[value]
		switch {
		case err != nil:
			faults = append(faults, Fault{Path: s.path, Message: err.Error(), Mend: unresolved(s.secret.Ref(), err)})
			continue
		case value == "": // one that may be absent
			continue
		case s.path == "state.url":
			faults = append(faults, resolvedURL(c.State)...)
			continue
		case twice:
			faults = append(faults, Fault{Path: s.path, Message: "holds the same secret as " + first, Mend: notTwice(s.path)})
		default:
			seen[value] = s.path
		}
		if message, mend := misshapen(s.path, value); message != "" {
			faults = append(faults, Fault{Path: s.path, Message: "what " + s.secret.Ref() + " holds " + message, Mend: mend})
		}
	}
	faults = append(faults, keylessReference(c)...)
	if c.PushOn() {
		faults = append(faults, unfitPair("scim.tls", c.SCIM.TLS)...)
	}
	if c.HooksOn() && !c.HooksShared() {
		faults = append(faults, unfitPair("hooks.tls", c.Hooks.TLS)...)
	}
	return faults
}

func notTwice(path string) string {
	if isOktas(path) || isConsoles(path) || path == "state.key" {
		return "give each its own, or remove one"
	}
	return "give each its own, or remove one: the allowances of different keys add up, one key's doesn't"
}

// isOktas reports whether the secret is one that Okta sends to us.
func isOktas(path string) bool {
	return strings.HasPrefix(path, "scim.bearer_tokens[") || path == "hooks.secret"
}

// isConsoles reports whether the secret is one that others send to the console. The token
// that syncd makes itself, or that was chosen before there were others, may be shorter.
func isConsoles(path string) bool {
	return strings.HasPrefix(path, "console.tokens[") || path == "console.proxy.token"
}

// unresolved says what to do about a secret that could not be had.
func unresolved(ref string, err error) string {
	path := reference.FindStringSubmatch(ref)[2]
	switch {
	case path == "":
		return "set it, or change the reference " + ref
	case errors.Is(err, errFolder):
		return "name the file in it"
	case errors.Is(err, os.ErrPermission):
		return "let the user that runs syncd read it, and nobody else"
	case !filepath.IsAbs(path):
		mend := "write its whole path: this one begins at the working directory"
		if wd, err := os.Getwd(); err == nil {
			mend += ", which is " + wd
		}
		return mend
	}
	return "put the secret there, or change the reference " + ref
}

// misshapen tells what people copy along with a secret, or in place of it.
func misshapen(path, value string) (message, mend string) {
	quote := len(value) > 1 && strings.ContainsRune(`"'`, rune(value[0])) && value[0] == value[len(value)-1]
	scheme, _, spaced := strings.Cut(value, " ")
	switch {
	case quote:
		return "stands in quotes", "remove them; docker's --env-file, for one, takes quotes as a part of the value"
	case path == "okta.auth.oauth.private_key": // a text of many lines; okta tells what is wrong inside
		return "", ""
	case path == "state.key":
		return misshapenKeys(value)
	case spaced && (scheme == "SSWS" || scheme == "Bearer"):
		return "begins with " + scheme, "keep what follows it: " + writer(path) + " writes " + scheme + " itself"
	case strings.ContainsAny(value, " \t\r\n"):
		return "contains a space or a line break", "put the bare secret there, on one line"
	case path == "okta.auth.api_token" && strings.HasPrefix(value, "omni_"):
		return "is a key of Omni", "put the token there that Okta's admin console made under Security > API > Tokens"
	case isOktas(path) || isConsoles(path):
		return misshapenToken(value)
	case path == "alerts.webhook.url":
		return misshapenHook(value)
	}
	return "", ""
}

// writer names who sends the secret.
func writer(path string) string {
	if isOktas(path) {
		return "Okta"
	}
	return "syncd"
}

func resolvedURL(s State) []Fault {
	if _, _, err := s.Backend(); err != nil {
		return []Fault{{Path: "state.url", Message: "what " + s.URL.secret.Ref() + " holds is " + err.Error(), Mend: "put a bolt://, redis:// or rediss:// URL there"}}
	}
	return nil
}
