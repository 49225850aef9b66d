package configs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/omnisync/omnisync/configs"
)

// anyConfig draws a sound configuration, as the values of a file.
func anyConfig(t *rapid.T) map[string]any {
	text := rapid.StringOf(rapid.Rune().Filter(func(r rune) bool { return r != utf8.RuneError }))
	pick := func(words ...string) string { return rapid.SampledFrom(words).Draw(t, "word") }
	secret := func() string {
		return pick("${env:A}", "${env:b_2}", "${file:/run/a b}", "${file:k.pem}")
	}
	wait := func() string {
		return time.Duration(rapid.Int64Range(0, 1<<50).Draw(t, "wait")).String()
	}
	list := func(texts []string) []any {
		items := make([]any, len(texts))
		for i, s := range texts {
			items[i] = s
		}
		return items
	}
	globs := func() []any {
		return list(rapid.SliceOfN(text.Filter(func(s string) bool {
			_, err := path.Match(s, "")
			return err == nil && strings.TrimSpace(s) != "" && !strings.HasPrefix(s, "${")
		}), 0, 3).Draw(t, "globs"))
	}
	limit := func() map[string]any {
		return map[string]any{"count": rapid.IntRange(0, 1<<40).Draw(t, "count"), "percent": rapid.Float64Range(0, 100).Draw(t, "percent")}
	}
	attributes := map[string]any{}
	for name, expression := range rapid.MapOfN(text, text, 0, 4).Draw(t, "attributes") {
		attributes[name] = expression
	}
	auth := map[string]any{"api_token": secret()}
	if rapid.Bool().Draw(t, "app") {
		auth = map[string]any{"oauth": map[string]any{"client_id": pick("0oa2", "my-client"), "private_key": secret(), "key_id": text.Draw(t, "kid"), "dpop": pick("auto", "always", "never")}}
	}
	groups := map[string]any{"from": pick("auto", "match"), "match": globs(), "name": text.Draw(t, "group name"), "on_unpush": pick("keep", "delete"), "adopt": pick("ask", "auto", "never")}
	if rapid.Bool().Draw(t, "pushed") {
		groups["from"], groups["match"] = pick("push_mappings", "app_groups"), []any{}
	}
	scim := map[string]any{
		"listen": pick("", "127.0.0.1:8181", "[::1]:1"), "base_path": pick("/scim/v2", "/a/b.c/"), "bearer_tokens": []any{secret()},
		"behind_proxy": rapid.Bool().Draw(t, "proxy"), "allow": list([]string{pick("10.0.0.0/8", "::1", "2001:db8::/32")})}
	if rapid.Bool().Draw(t, "certificate") {
		scim["listen"], scim["tls"] = ":8181", map[string]any{"cert_file": text.Filter(func(s string) bool { return s != "" && !strings.HasPrefix(s, "${") }).Draw(t, "cert"), "key_file": pick("/run/k.pem", "a b")}
	}
	hooks := map[string]any{"listen": pick("", "localhost:8182"), "path": pick("/okta/events", "/a_b/"), "secret": secret(), "behind_proxy": rapid.Bool().Draw(t, "hooks by proxy")}
	if hooks["behind_proxy"] == true {
		hooks["listen"] = ":8182"
	}
	org := map[string]any{"org_url": pick("https://acme.okta.com", "http://[::1]:80/"), "app_id": "0oa1", "auth": auth, "rate_share": rapid.Float64Range(0.01, 1).Draw(t, "share")}
	if scim["listen"] != "" && hooks["listen"] == "" && rapid.Bool().Draw(t, "push only") {
		delete(org, "auth")
	}
	same := []string{}
	for name := range attributes {
		if !strings.HasPrefix(name, "${") {
			same = append(same, name)
		}
	}
	handover := map[string]any{"schedules": pick("none", "save", "transfer"), "documents": pick("none", "save", "transfer"),
		"to": list([]string{pick("user.managerEmail", "a@b.c")}), "within": "1ns", "same_attributes": list(same)}
	return map[string]any{
		"name": rapid.StringMatching(`[A-Za-z0-9_-][A-Za-z0-9._-]{0,62}`).Draw(t, "name"),
		"okta": org,
		"omni": map[string]any{"base_url": "https://acme.omniapp.co/x", "api_keys": []any{secret()}, "requests_per_minute": rapid.IntRange(1, 100000).Draw(t, "rate"), "key_owners": list([]string{pick("", "ann@acme.com")})},
		"state": map[string]any{"url": pick("bolt://a b.db", "rediss://h:1/2", "${env:URL}", "${file:/run/u}"),
			"prefix": rapid.StringMatching(`[A-Za-z0-9._-]{1,40}`).Draw(t, "prefix"), "archive": pick("", "archive", "/var/a b"), "key": secret()},
		"schedule": map[string]any{"delta": pick("@every 30s", "* * * * *"), "full": pick("", "@daily", "*/7 1-5 * * MON"), "reconcile": pick("", "@every 1h"), "timezone": pick("UTC", "Local")},
		"users": map[string]any{
			"scope": text.Draw(t, "scope"), "display_name": text.Draw(t, "display"), "attributes": attributes,
			"adopt_attributes": pick("keep", "replace"), "on_username_change": pick("rename", "hold"), "on_recycled": pick("hold", "adopt"), "on_manual_deactivation": pick("restore", "hold"), "suspended": pick("keep", "deactivate"), "protected": globs()},
		"groups":      groups,
		"deprovision": map[string]any{"action": pick("deactivate", "delete", "none"), "grace": wait(), "grace_deactivated": wait(), "settle": wait(), "keep": "1h", "handover": handover},
		"guard":       map[string]any{"window": "1h", "deactivations": limit(), "member_removals": limit(), "group_deletions": limit(), "attribute_losses": limit(), "policy_change": limit(), "creations": limit()},
		"scim":        scim,
		"hooks":       hooks,
		"console": map[string]any{"listen": pick("127.0.0.1:0", "localhost:65535"), "token": secret(), "url": pick("", "https://sync.acme.com"),
			"tokens": []any{map[string]any{"name": pick("ann", "on call: x"), "role": pick("read", "act"), "token": secret()}}, "proxy": map[string]any{"role": pick("read", "act")}},
		"alerts": map[string]any{"webhook": map[string]any{"url": secret(), "format": pick("json", "slack"), "bearer_token": secret(), "timeout": "3s"}, "names": rapid.Bool().Draw(t, "names"), "stall": wait()},
		"log":    map[string]any{"level": pick("debug", "warn"), "format": pick("json", "text"), "keep": pick("24h", "9600h"), "export": pick("", "audit.jsonl", "/var/a b.jsonl")},
	}
}

// TestPrintedLoadsAsItself: whatever is configured, what is printed loads as the
// same configuration, and the schema agrees with the reader that it is sound.
func TestPrintedLoadsAsItself(t *testing.T) {
	schema := compiled(t)
	rapid.Check(t, func(t *rapid.T) {
		text, err := yaml.Marshal(quoted(t, anyConfig(t)))
		if err != nil {
			t.Fatal(err)
		}
		c, _, err := configs.Parse(text, "f", nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		var out bytes.Buffer
		if err := configs.Print(&out, c); err != nil {
			t.Fatal(err)
		}
		d, _, err := configs.Parse(out.Bytes(), "f", nil)
		if diff := cmp.Diff(c, d); err != nil || diff != "" {
			t.Fatalf("%v (-want +got)\n%s\n%s", err, diff, out.String())
		}
		if err := valid(schema, out.String()); err != nil {
			t.Fatalf("the schema refuses it: %v\n%s", err, out.String())
		}
	})
}

// quoted gives the values as nodes that leave nothing to the writer's skill:
// every text in quotes.
func quoted(t *rapid.T, v any) *yaml.Node {
	n := &yaml.Node{}
	switch v := v.(type) {
	case map[string]any:
		n.Kind = yaml.MappingNode
		for name, value := range v {
			n.Content = append(n.Content, quoted(t, name), quoted(t, value))
		}
	case []any:
		n.Kind = yaml.SequenceNode
		for _, item := range v {
			n.Content = append(n.Content, quoted(t, item))
		}
	case string:
		n.Kind, n.Tag, n.Style, n.Value = yaml.ScalarNode, "!!str", yaml.DoubleQuotedStyle, v
	default:
		if err := n.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func compiled(t *testing.T) *validator.Schema {
	t.Helper()
	b, err := configs.Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := validator.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := validator.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("schema.json")
}

// valid judges YAML as an editor does: by the schema alone.
func valid(s *validator.Schema, text string) error {
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		return err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	doc, err := validator.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

// TestSchemaAgreesWithTheReader: what the one refuses, the other refuses too,
// where a schema can say it.
func TestSchemaAgreesWithTheReader(t *testing.T) {
	schema := compiled(t)
	example := "syncd.example.yaml"
	tests := map[string]struct {
		text  string
		sound bool
	}{
		"minimal":           {minimal, true},
		"an app":            {withApp, true},
		"the example":       {read(t, example), true},
		"the app in it":     {appOf(t, read(t, example)), true},
		"an odd duration":   {with("deprovision.grace", "1h30m0.5s"), true},
		"two credentials":   {with("okta.auth", `{api_token: "${env:A}", oauth: {client_id: 0oa2, private_key: "${env:K}"}}`), false},
		"no credential":     {with("okta.auth", "{}"), false},
		"half an app":       {with("okta.auth", "{oauth: {client_id: 0oa2}}"), false},
		"an unknown key":    {with("omni.url", "x"), false},
		"a word":            {with("groups.from", "some"), false},
		"a number":          {with("okta.rate_share", "2"), false},
		"no unit":           {with("deprovision.grace", "24"), false},
		"days":              {with("deprovision.grace", "1d"), false},
		"a secret":          {with("okta.auth.api_token", "00abc"), false},
		"a label":           {with("okta.app_id", "Omni"), false},
		"a name of slashes": {with("name", "a/b"), false},
		"a long name":       {with("name", strings.Repeat("a", 64)), false},
		"dots alone":        {with("name", "..."), false},
		"no key":            {with("omni.api_keys", "[]"), false},
		"push alone":        {pushOnly + "  listen: 127.0.0.1:8181\n", true},
		"push switched off": {pushOnly + "  listen: \"\"\n", false},
		"push by default":   {pushOnly + "  behind_proxy: true\n", false},
		"push with hooks":   {pushOnly + "  listen: 127.0.0.1:8181\nhooks: {listen: \"127.0.0.1:8182\"}\n", false},
		"neither":           {strings.TrimSuffix(pushOnly, "scim:\n"), false},
		"an underscore":     {with("scim.base_path", "/scim_v2"), false},
		"a proxy, perhaps":  {with("scim.behind_proxy", "maybe"), false},
	}
	for name, tt := range tests {
		_, _, err := configs.Parse([]byte(tt.text), "f", nil)
		if byReader, bySchema := err == nil, valid(schema, tt.text) == nil; byReader != tt.sound || bySchema != tt.sound {
			t.Errorf("%s: sound to the reader: %v, to the schema: %v; want %v (%v)", name, byReader, bySchema, tt.sound, err)
		}
	}
}

// appOf uncomments the app in the example, and takes the token out.
func appOf(t *testing.T, example string) string {
	t.Helper()
	var lines []string
	inApp := false
	for line := range strings.SplitSeq(example, "\n") {
		if strings.HasPrefix(line, "    api_token:") {
			inApp = true
			continue
		}
		if inApp = inApp && strings.HasPrefix(line, "    # "); inApp {
			line = strings.Replace(line, "# ", "", 1)
		}
		lines = append(lines, line)
	}
	text := strings.Join(lines, "\n")
	if app := parse(t, text).Okta.Auth.OAuth; app.ClientID == "" || app.PrivateKey.Ref() == "" || app.KeyID != "" || app.DPoP != "auto" {
		t.Errorf("the example's app is %v", app)
	}
	return text
}
