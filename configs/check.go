package configs

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

var (
	namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// check looks at what the schema can't say.
func check(c *Config) []Fault {
	var faults []Fault
	add := func(path, message, mend string) {
		if message != "" {
			faults = append(faults, Fault{Path: path, Message: message, Mend: mend})
		}
	}
	both := func(path string, judge func(string) (string, string), value string) {
		message, mend := judge(value)
		add(path, message, mend)
	}
	both("name", checkName, c.Name)
	both("okta.org_url", checkOrgURL, c.Okta.OrgURL)
	both("okta.app_id", checkAppID, c.Okta.AppID)
	if c.Okta.Auth.APIToken.Ref() == "" {
		add("okta.auth.api_token", "is missing", "write ${env:OKTA_API_TOKEN} and set that variable, or ${file:PATH}")
	}
	both("omni.base_url", checkBaseURL, c.Omni.BaseURL)
	faults = append(faults, checkKeys(c.Omni.APIKeys)...)
	if _, _, err := c.State.Backend(); err != nil && c.State.URL.text != "" {
		add("state.url", err.Error(), "write bolt://syncd.db, bolt:///var/lib/syncd/syncd.db, redis://host:6379 or rediss://host:6379")
	} else if c.State.URL.Equal(StoreURL{}) {
		add("state.url", "is empty", "write bolt://syncd.db, or remove the key")
	}
	both("schedule.full", checkCron, c.Schedule.Full)
	both("schedule.reconcile", checkCron, c.Schedule.Reconcile)
	both("schedule.timezone", checkZone, c.Schedule.Timezone)
	for i, glob := range c.Users.Protected {
		both(fmt.Sprintf("users.protected[%d]", i), checkGlob, glob)
	}
	if c.Guard.Window <= 0 {
		add("guard.window", "must be longer than nothing", "write a duration such as 24h")
	}
	both("console.listen", checkListen, c.Console.Listen)
	return faults
}

func checkName(name string) (message, mend string) {
	const form = "use up to 63 letters, digits, - _ and . and begin with a letter or digit"
	switch {
	case name == "":
		return "is missing", "give this connection a name, such as acme"
	case !namePattern.MatchString(name):
		return fmt.Sprintf("%q can't be part of Redis keys and file names", name), form
	}
	return "", ""
}

func checkOrgURL(text string) (message, mend string) {
	const form = "write the org's address, such as https://acme.okta.com"
	u, message := parseURL(text)
	switch {
	case message != "":
		return message, form
	case u.Path != "":
		return "has a path", form
	}
	host := strings.ToLower(u.Hostname())
	if org, rest, _ := strings.Cut(host, "."); strings.HasSuffix(org, "-admin") && strings.HasPrefix(rest, "okta") {
		return "is the address of the admin console", "write https://" + strings.TrimSuffix(org, "-admin") + "." + rest
	}
	return "", ""
}

func checkBaseURL(text string) (message, mend string) {
	const form = "write the login URL, such as https://acme.omniapp.co"
	u, message := parseURL(text)
	switch {
	case message != "":
		return message, form
	case strings.Contains(u.Path+"/", "/api/"):
		return "contains /api", "write the login URL without /api"
	}
	return "", ""
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

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

func checkAppID(id string) (message, mend string) {
	const form = "it stands in the address of the app's page in Okta's admin console, such as 0oa1gjh63g214q0Hq0g4"
	switch {
	case id == "":
		return "is missing", form
	case !idPattern.MatchString(id):
		return fmt.Sprintf("%q is not an id", id), form
	}
	return "", ""
}

func checkKeys(keys []Secret) []Fault {
	if len(keys) == 0 {
		return []Fault{{Path: "omni.api_keys", Message: "is missing", Mend: `write ["${env:OMNI_API_KEY}"] and set that variable`}}
	}
	var faults []Fault
	seen := map[string]bool{}
	for i, k := range keys {
		if seen[k.Ref()] {
			faults = append(faults, Fault{Path: fmt.Sprintf("omni.api_keys[%d]", i), Message: "is the same as one before", Mend: "remove it: the allowances of different keys add up, one key's doesn't"})
		}
		seen[k.Ref()] = true
	}
	return faults
}

func checkCron(expression string) (message, mend string) {
	const form = `write five fields, such as "0 * * * *", or "@every 10m", or "" for never`
	switch {
	case expression == "":
		return "", ""
	case strings.Contains(expression, "TZ="):
		return "names a time zone", "write it as schedule.timezone"
	}
	s, err := cron.ParseStandard(expression)
	if err != nil {
		return fmt.Sprintf("%q is not a cron expression: %v", expression, err), form
	}
	if every, ok := strings.CutPrefix(expression, "@every "); ok {
		if d, err := time.ParseDuration(every); err == nil && d < time.Second {
			return "is shorter than a second", form
		}
	}
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return fmt.Sprintf("%q names a day that never comes", expression), form
	}
	return "", ""
}

func checkZone(name string) (message, mend string) {
	const form = "write UTC, Local or a name such as Europe/Berlin"
	if name == "" {
		return "is empty", form
	}
	if _, err := time.LoadLocation(name); err != nil {
		return fmt.Sprintf("%q is not a known time zone", name), form
	}
	return "", ""
}

func checkGlob(glob string) (message, mend string) {
	const form = "write a glob such as *@acme.com or svc-*@acme.com"
	if strings.TrimSpace(glob) == "" {
		return "is empty", form
	}
	if _, err := path.Match(glob, ""); err != nil {
		return fmt.Sprintf("%q is not a glob: it has an open [ or ends in a backslash", glob), form
	}
	return "", ""
}

func checkListen(address string) (message, mend string) {
	const form = "write an address and port, such as 127.0.0.1:8180"
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return fmt.Sprintf("%q is not an address with a port", address), form
	case !isPort(port):
		return fmt.Sprintf("%q is not a port", port), form
	case !loopback(host):
		return "is reachable from other machines, which needs TLS, and that is not available yet", form + "; put a proxy with TLS before it where others must reach it"
	}
	return "", ""
}
