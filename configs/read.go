package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"
)

// place is where a value stands.
type place struct {
	source       string // file or environment variable
	line, column int    // 0 in the environment
}

// reader turns YAML nodes into plain values as the schema wants them, and
// remembers every place and every fault.
type reader struct {
	source string
	inFile bool // lines are told
	places map[string]place
	faults []Fault
}

func (r *reader) fault(path string, n *yaml.Node, message, mend string) {
	at := r.place(n)
	r.faults = append(r.faults, Fault{Path: path, Line: at.line, Column: at.column, Source: at.source, Message: message, Mend: mend})
}

func (r *reader) place(n *yaml.Node) place {
	if !r.inFile {
		return place{source: r.source}
	}
	return place{r.source, n.Line, n.Column}
}

// document reads the one YAML document in data; an empty one is an empty map.
func (r *reader) document(data []byte, s *jsonschema.Schema) map[string]any {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return map[string]any{}
	}
	if err != nil {
		r.broken(err, data)
		return map[string]any{}
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		r.fault("", &more, "more than one YAML document", "keep one, and remove the line ---")
	}
	v, _ := r.value("", doc.Content[0], s)
	m, _ := v.(map[string]any)
	return m
}

// value reads n as s describes it; false when it can't.
func (r *reader) value(path string, n *yaml.Node, s *jsonschema.Schema) (any, bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch s.Type {
	case "object":
		return r.object(path, n, s)
	case "array":
		return r.list(path, n, s)
	}
	if n.Kind != yaml.ScalarNode {
		mend := example(s)
		if s.Format == formatSecret { // a key in JSON form, perhaps
			mend += "; if a real secret stands here, replace it"
		}
		r.fault(path, n, "is "+kindOf(n)+" where "+wanted(s)+" belongs", mend)
		return nil, false
	}
	return r.scalar(path, n, s)
}

func (r *reader) object(path string, n *yaml.Node, s *jsonschema.Schema) (any, bool) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		return map[string]any{}, true // a section whose keys are all commented out
	}
	if n.Kind != yaml.MappingNode {
		r.fault(path, n, "is "+kindOf(n)+" where keys with values belong", example(s))
		return nil, false
	}
	values, lines := map[string]any{}, map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, name := n.Content[i], n.Content[i].Value
		if key.Kind != yaml.ScalarNode {
			r.fault(path, key, "a key is "+kindOf(key), "write a name; a value with ${...} inside [ ] or { } stands in quotes")
			continue
		}
		if first, twice := lines[name]; twice {
			r.fault(join(path, name), key, fmt.Sprintf("stands here twice, first in line %d", first), "remove one")
			continue
		}
		lines[name] = key.Line
		property := r.property(path, key, s)
		if property == nil {
			continue
		}
		value := n.Content[i+1]
		r.places[join(path, name)] = r.place(key)
		if value.Kind == yaml.ScalarNode && value.Value != "" {
			r.places[join(path, name)] = r.place(value)
		}
		if v, ok := r.value(join(path, name), value, property); ok {
			values[name] = v
		}
	}
	return values, true
}

// property gives the schema of a key, nil for an unknown one.
func (r *reader) property(path string, key *yaml.Node, s *jsonschema.Schema) *jsonschema.Schema {
	if s.Properties.Len() == 0 {
		return s.AdditionalProperties
	}
	if p, ok := s.Properties.Get(key.Value); ok {
		return p
	}
	var names []string
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		names = append(names, p.Key)
	}
	mend := didYouMean(key.Value, names)
	if part := withPart(key.Value, names); part != "" {
		mend = "did you mean " + part + "?"
	} else if elsewhere := keysNamed(key.Value); nearest(key.Value, names) == "" && len(elsewhere) > 0 {
		mend = "did you mean " + strings.Join(elsewhere, " or ") + "?"
	}
	r.fault(join(path, key.Value), key, "unknown key", mend)
	return nil
}

func (r *reader) list(path string, n *yaml.Node, s *jsonschema.Schema) (any, bool) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		return []any{}, true
	}
	if n.Kind != yaml.SequenceNode {
		r.fault(path, n, "is "+kindOf(n)+" where a list belongs", listMend(n, s))
		return nil, false
	}
	list, sound := make([]any, 0, len(n.Content)), true
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		r.places[at] = r.place(item)
		v, ok := r.value(at, item, s.Items)
		list, sound = append(list, v), sound && ok
	}
	return list, sound
}

// listMend puts what is alone into a list, unless it may be a secret.
func listMend(n *yaml.Node, s *jsonschema.Schema) string {
	text := n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str"
	if text && (s.Items.Format != formatSecret && len(n.Value) < longest || reference.MatchString(n.Value)) {
		return fmt.Sprintf("write [%q]", n.Value)
	}
	if s.Items.Format == formatSecret {
		return example(s) + "; if a real secret stands here, replace it"
	}
	return example(s)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// keysNamed gives the paths of the known keys that end in name.
func keysNamed(name string) []string {
	var found []string
	for _, k := range knownKeys() {
		if strings.HasSuffix(k.path, "."+name) {
			found = append(found, k.path)
		}
	}
	slices.Sort(found)
	return found
}
