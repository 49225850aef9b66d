package configs

import (
	"fmt"
	"net/mail"
	"path"
	"regexp"
	"strings"
)

// check looks at what the schema can't say.
func check(c *Config) []Fault {
	var faults []Fault
	judge := func(path, message, mend string) {
		if message != "" {
			faults = append(faults, Fault{Path: path, Message: message, Mend: mend})
		}
	}
	one := func(path string, check func(string) (string, string), value string) {
		message, mend := check(value)
		judge(path, message, mend)
	}
	one("name", checkName, c.Name)
	one("okta.org_url", checkOrgURL, c.Okta.OrgURL)
	one("okta.app_id", checkAppID, c.Okta.AppID)
	faults = append(faults, checkAuth(c.Okta, c.PushOn())...)
	faults = append(faults, checkCanary(c.Okta.Canary)...)
	one("omni.base_url", checkBaseURL, c.Omni.BaseURL)
	faults = append(faults, checkKeys(c.Omni.APIKeys)...)
	faults = append(faults, checkKeyOwners(c.Omni)...)
	message, mend := checkStore(c.State)
	judge("state.url", message, mend)
	one("state.prefix", checkPrefix, c.State.Prefix)
	one("state.archive", checkArchive, c.State.Archive)
	one("schedule.delta", checkCron, c.Schedule.Delta)
	one("schedule.full", checkCron, c.Schedule.Full)
	one("schedule.reconcile", checkCron, c.Schedule.Reconcile)
	one("schedule.timezone", checkZone, c.Schedule.Timezone)
	faults = append(faults, checkGlobs("users.protected", c.Users.Protected, "*@acme.com or svc-*@acme.com")...)
	faults = append(faults, checkGroups(c.Groups)...)
	faults = append(faults, checkHandover(c)...)
	if c.Guard.Window <= 0 {
		judge("guard.window", "must be longer than nothing", "write a duration such as 24h")
	}
	faults = append(faults, checkSCIM(c)...)
	faults = append(faults, checkHooks(c)...)
	faults = append(faults, checkAlerts(c.Alerts)...)
	one("console.listen", checkListen, c.Console.Listen)
	faults = append(faults, checkConsole(c.Console)...)
	faults = append(faults, checkLog(c.Log)...)
	return faults
}

// namePattern is what Redis keys and file names take without quoting. Dots
// alone would name a folder.
var namePattern = regexp.MustCompile(`^\.*[A-Za-z0-9_-][A-Za-z0-9._-]*$`)

func checkName(name string) (message, mend string) {
	switch {
	case name == "":
		return "is missing", "give this connection a name, such as acme"
	case len(name) > 63 || !namePattern.MatchString(name):
		return quoted(name) + " can't be part of Redis keys and file names", "use 1 to 63 of A-Z a-z 0-9 . _ and -"
	}
	return "", ""
}

var (
	idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	appID     = regexp.MustCompile(`^0oa[A-Za-z0-9_-]*$`)
	appInURL  = regexp.MustCompile(`/(0oa[A-Za-z0-9]{17})(?:[/?#]|$)`)
)

func checkAppID(id string) (message, mend string) {
	const form = "it stands in the address of the app's page in Okta's admin console, after /instance/, such as 0oa1gjh63g214q0Hq0g4"
	switch m := appInURL.FindStringSubmatch(id); {
	case id == "":
		return "is missing", form
	case m != nil:
		return "is an address", "write the id that it holds: " + m[1]
	case !appID.MatchString(id):
		return quoted(id) + " is not the id of an app, which begins with 0oa", form
	}
	return "", ""
}

// checkAuth wants one credential, or none where Okta pushes.
func checkAuth(o Okta, push bool) []Fault {
	const at, tab = "okta.auth", "the General tab of the API Services app in Okta's admin console"
	app, token := o.Auth.OAuth, o.Auth.APIToken.Ref() != ""
	switch {
	case token && app.IsSet():
		return []Fault{{Path: at, Message: "holds both api_token and oauth", Mend: "keep one, and remove the other; oauth doesn't end when the token's owner leaves"}}
	case token, push && !app.IsSet():
		return nil
	case !app.IsSet():
		return []Fault{{Path: at, Message: "is missing", Mend: "write api_token: ${env:OKTA_API_TOKEN} below it and set that variable, or oauth: with client_id and private_key; it may be left out only where Okta pushes, with scim.listen"}}
	}
	var faults []Fault
	add := func(key, message, mend string) {
		faults = append(faults, Fault{Path: at + ".oauth." + key, Message: message, Mend: mend})
	}
	switch id := app.ClientID; {
	case id == "":
		add("client_id", "is missing", "it stands on "+tab+", such as 0oa2hm6qw3cSYrTlX0g4")
	case !idPattern.MatchString(id):
		add("client_id", quoted(id)+" is not a client id", "copy it from "+tab)
	case id == o.AppID:
		add("client_id", "is the same as okta.app_id", "write the id of the API Services app that reads here, and of the app whose assignments are read there")
	}
	if app.PrivateKey.Ref() == "" {
		add("private_key", "is missing", "put the key into a file and write ${file:PATH}, or ${env:NAME}")
	}
	return faults
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

// checkKeyOwners keeps the owners beside their keys: a warning names the key by its place.
func checkKeyOwners(o Omni) []Fault {
	var faults []Fault
	for i, owner := range o.KeyOwners {
		at := fmt.Sprintf("omni.key_owners[%d]", i)
		switch a, err := mail.ParseAddress(owner); {
		case i >= len(o.APIKeys):
			return append(faults, Fault{Path: at, Message: "has no key beside it", Mend: "write one owner for each of omni.api_keys, in their order"})
		case owner != "" && (err != nil || a.Address != owner):
			faults = append(faults, Fault{Path: at, Message: quoted(owner) + " is not an email address", Mend: `write the userName of who made the key, such as data-team@acme.com, or "" where it isn't known`})
		}
	}
	return faults
}

// checkStore leaves alone what a reference holds: see Secrets.
func checkStore(s State) (message, mend string) {
	if s.URL.Equal(StoreURL{}) {
		return "is empty", "write bolt://syncd.db, or remove the key"
	}
	if _, _, err := s.Backend(); err != nil && s.URL.text != "" {
		return err.Error(), "write bolt://syncd.db, bolt:///var/lib/syncd/syncd.db, redis://host:6379 or rediss://host:6379"
	}
	return "", ""
}

var prefixPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,40}$`)

func checkPrefix(prefix string) (message, mend string) {
	const form = "write omnisync, or other 1 to 40 of A-Z a-z 0-9 . _ and -"
	switch {
	case prefix == "":
		return "is empty", form
	case !prefixPattern.MatchString(prefix):
		return quoted(prefix) + " can't be part of Redis keys", form
	}
	return "", ""
}

// checkArchive refuses what is no directory to anyone: a URL, and a name that
// only looks like the empty one.
func checkArchive(dir string) (message, mend string) {
	const form = `write a directory such as archive or /var/lib/syncd/archive, or "" for none`
	switch {
	case dir == "":
		return "", ""
	case strings.TrimSpace(dir) != dir, strings.ContainsAny(dir, "\x00\r\n"):
		return "begins or ends with a space, or holds a line break", form
	case strings.Contains(dir, "://"):
		return "is a URL, not a directory", form
	}
	return "", ""
}

func checkGroups(g Groups) []Fault {
	uncounted := checkGlobs("groups.uncounted", g.Uncounted, "Engineering or omni-*")
	if len(g.Match) > 0 && (g.From == "push_mappings" || g.From == "app_groups") {
		return append([]Fault{{Path: "groups.match", Message: "does nothing with from: " + g.From, Mend: "write from: match, or remove it"}}, uncounted...)
	}
	return append(checkGlobs("groups.match", g.Match, "Engineering or omni-*"), uncounted...)
}

func checkGlobs(at string, globs []string, example string) []Fault {
	var faults []Fault
	for i, glob := range globs {
		message := ""
		if strings.TrimSpace(glob) == "" {
			message = "is empty"
		} else if _, err := path.Match(glob, ""); err != nil {
			message = fmt.Sprintf("%q is not a glob: it has an open [, or ends in a backslash", glob)
		}
		if message != "" {
			faults = append(faults, Fault{Path: fmt.Sprintf("%s[%d]", at, i), Message: message, Mend: "write a name or a glob such as " + example + `; in a name \ stands before *, ?, [ and \`})
		}
	}
	return faults
}

// longest bounds what is repeated of a value: above it stands a secret, more
// likely than a name.
const longest = 63

// quoted repeats a value that may be a secret put in the wrong place.
func quoted(value string) string {
	if len(value) > longest || strings.ContainsAny(value, "\r\n") {
		return "what stands here"
	}
	return fmt.Sprintf("%q", value)
}
