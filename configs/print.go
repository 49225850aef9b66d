package configs

import (
	"io"
	"maps"
	"slices"
	"strings"

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

// ordered gives values the order of the schema. What isn't set is left out: a
// secret without a reference, a section that lacks one which it requires, and one
// in which nothing is left.
func ordered(s *jsonschema.Schema, values map[string]any) (*yaml.Node, error) {
	section := &yaml.Node{Kind: yaml.MappingNode}
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		inner, nested := values[p.Key].(map[string]any)
		if _, set := values[p.Key]; !set || nested && lacks(inner, p.Value.Required) {
			continue
		}
		var value *yaml.Node
		var err error
		if nested && p.Value.Properties.Len() > 0 {
			value, err = ordered(p.Value, inner)
			if err == nil && len(value.Content) == 0 {
				continue
			}
		} else {
			value, err = written(values[p.Key])
		}
		if err != nil {
			return nil, err
		}
		section.Content = append(section.Content, textNode(p.Key), value)
	}
	return section, nil
}

func lacks(values map[string]any, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		_, has := values[name]
		return !has
	})
}

// written makes a node of one value. The library's own Encode would write it as
// text and read that again, which fails for some texts in lists.
func written(v any) (*yaml.Node, error) {
	n := &yaml.Node{}
	switch v := v.(type) {
	case string:
		return textNode(v), nil
	case map[string]any:
		n.Kind = yaml.MappingNode
		for _, name := range slices.Sorted(maps.Keys(v)) {
			value, err := written(v[name])
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, textNode(name), value)
		}
	case []any:
		n.Kind = yaml.SequenceNode
		for _, item := range v {
			value, err := written(item)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, value)
		}
	default:
		return n, n.Encode(v)
	}
	if len(n.Content) == 0 {
		n.Style = yaml.FlowStyle // {} and []
	}
	return n, nil
}

// textNode writes text as a block only where the block begins with a letter or
// sign: with white space before it, the library can't read what it wrote.
func textNode(text string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(text)
	if n.Style == yaml.LiteralStyle && strings.TrimSpace(text[:1]) == "" {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}
