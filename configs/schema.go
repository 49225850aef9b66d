package configs

import (
	"encoding/json"
	"reflect"
	"time"

	"github.com/invopop/jsonschema"
)

// The formats of strings that are more than text. Validators ignore a format
// that they don't know; the pattern beside it is what an editor checks.
const (
	formatDuration = "go-duration"
	formatSecret   = "secret-reference"
	formatStore    = "store-url"
)

//go:generate go test -run ^Test(Schema|Reference)IsCurrent$ -update .

// Schema gives the JSON schema of the configuration file, generated from the
// types and ended by a line break.
func Schema() ([]byte, error) {
	b, err := json.MarshalIndent(schema(), "", "  ")
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}

func schema() *jsonschema.Schema {
	r := jsonschema.Reflector{
		Anonymous:                  true,
		DoNotReference:             true,
		ExpandedStruct:             true,
		RequiredFromJSONSchemaTags: true,
		Mapper:                     mapType,
	}
	s := r.Reflect(&Config{})
	s.Title = "Omnisync configuration"
	s.Description = "Configuration of one connection between an Okta app and an Omni organization."
	setDefaults(s, plain(Defaults()))
	pushOnly(s)
	return s
}

// pushOnly requires okta.auth unless scim.listen is set, and hooks.listen isn't.
func pushOnly(s *jsonschema.Schema) {
	one := uint64(1)
	listening := func(section string) *jsonschema.Schema {
		return holding(section, holding("listen", &jsonschema.Schema{MinLength: &one}))
	}
	pushAlone := &jsonschema.Schema{AllOf: []*jsonschema.Schema{listening("scim"), {Not: listening("hooks")}}}
	s.If, s.Else = pushAlone, holding("okta", &jsonschema.Schema{Required: []string{"auth"}})
}

// holding describes a section that holds the key as described.
func holding(key string, described *jsonschema.Schema) *jsonschema.Schema {
	p := jsonschema.NewProperties()
	p.Set(key, described)
	return &jsonschema.Schema{Properties: p, Required: []string{key}}
}

func mapType(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return &jsonschema.Schema{Type: "string", Format: formatDuration, Pattern: `^([0-9]+(\.[0-9]+)?(h|m|s|ms|us|µs|ns))+$|^0$`}
	case reflect.TypeFor[Secret]():
		return &jsonschema.Schema{Type: "string", Format: formatSecret, Pattern: reference.String()}
	case reflect.TypeFor[StoreURL]():
		return &jsonschema.Schema{Type: "string", Format: formatStore}
	}
	return nil
}

// setDefaults writes the defaults beside their keys; a required key has none.
func setDefaults(s *jsonschema.Schema, values map[string]any) {
	required := map[string]bool{}
	for _, name := range s.Required {
		required[name] = true
	}
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		section, nested := values[p.Key].(map[string]any)
		switch {
		case nested && p.Value.Properties.Len() > 0:
			setDefaults(p.Value, section)
		case !required[p.Key]:
			p.Value.Default = values[p.Key]
		}
	}
}
