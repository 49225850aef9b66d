package configs

import (
	"io"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"
)

// Print writes the effective configuration as YAML, in the order of the types.
// Secrets stand as their references, and the password of a store URL is masked;
// without such a password the text can be loaded again.
func Print(w io.Writer, c *Config) error {
	n, err := ordered(schema(), plain(c))
	if err != nil {
		return err
	}
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(n); err != nil {
		return err
	}
	return e.Close()
}

// ordered gives values the order of the schema.
func ordered(s *jsonschema.Schema, values map[string]any) (*yaml.Node, error) {
	section := &yaml.Node{Kind: yaml.MappingNode}
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		name, value := &yaml.Node{}, &yaml.Node{}
		if err := name.Encode(p.Key); err != nil {
			return nil, err
		}
		inner, nested := values[p.Key].(map[string]any)
		var err error
		if nested && p.Value.Properties.Len() > 0 {
			value, err = ordered(p.Value, inner)
		} else {
			err = value.Encode(values[p.Key])
		}
		if err != nil {
			return nil, err
		}
		section.Content = append(section.Content, name, value)
	}
	return section, nil
}
