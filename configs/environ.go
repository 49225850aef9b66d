package configs

import (
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"
)

// prefix begins the name of every variable that overrides a key.
const prefix = "SYNCD_"

// fileVariable names the configuration file itself.
const fileVariable = "SYNCD_CONFIG"

// environment holds variables by name.
type environment map[string]string

// newEnvironment reads the form of os.Environ; of a repeated name the last counts.
func newEnvironment(environ []string) environment {
	env := make(environment, len(environ))
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok {
			env[name] = value
		}
	}
	return env
}

// key is one key or section that the configuration knows.
type key struct {
	path   string
	schema *jsonschema.Schema
}

// variable gives the name of the variable that overrides k.
func (k key) variable() string {
	return prefix + strings.ToUpper(strings.ReplaceAll(k.path, ".", "_"))
}

// knownKeys lists every key, a section before what it holds.
func knownKeys() []key { return keysOf("", schema()) }

func keysOf(path string, s *jsonschema.Schema) []key {
	var keys []key
	if s.Properties == nil {
		return nil
	}
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		k := key{join(path, p.Key), p.Value}
		keys = append(append(keys, k), keysOf(k.path, p.Value)...)
	}
	return keys
}

// override is what one variable sets.
type override struct {
	key   key
	value any
}

// overrides reads the variables that name a known key, a section before what it
// holds, so that the narrower one wins.
func (r *reader) overrides(env environment) []override {
	var found []override
	r.inFile = false
	for _, k := range knownKeys() {
		text, set := env[k.variable()]
		if !set {
			continue
		}
		r.source = k.variable()
		r.places[k.path] = place{source: r.source}
		if v, ok := r.value(k.path, r.node(k, text), k.schema); ok {
			found = append(found, override{k, v})
		}
	}
	return found
}

// node gives a variable's text the form that the reader takes. A secret that is
// no reference is the variable's own: the environment is a fit place for it.
func (r *reader) node(k key, text string) *yaml.Node {
	asText := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if k.schema.Format == formatSecret && !reference.MatchString(text) {
		asText.Value = "${env:" + k.variable() + "}"
		return asText
	}
	if k.schema.Type == "string" {
		return asText
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) == 0 {
		return asText
	}
	return doc.Content[0]
}

// strangers warns of variables that look like ours and are not.
func strangers(env environment, c *Config) []Warning {
	known := map[string]bool{fileVariable: true}
	var names []string
	for _, k := range knownKeys() {
		known[k.variable()] = true
		names = append(names, k.variable())
	}
	for _, s := range c.secrets() {
		if m := reference.FindStringSubmatch(s.secret.Ref()); m != nil {
			known[m[1]] = true
		}
	}
	var warnings []Warning
	for name := range env {
		if !strings.HasPrefix(name, prefix) || known[name] {
			continue
		}
		w := Warning{Source: name, Message: "no key of the configuration has this name; it is ignored"}
		if near := nearest(name, names); near != "" {
			w.Message += "; did you mean " + near + "?"
		}
		warnings = append(warnings, w)
	}
	slices.SortFunc(warnings, func(a, b Warning) int { return strings.Compare(a.Source, b.Source) })
	return warnings
}
