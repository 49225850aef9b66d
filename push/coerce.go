package push

import (
	"maps"
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"
	"github.com/omnisync/omnisync/identity"
)

// resource reads the body of a POST or PUT: its attributes under the schema's own
// spelling, in the form that the schema gives them. What the schema doesn't know,
// what is read only and what is null is left out.
func (k kind) resource(body map[string]any) (map[string]any, error) {
	if err := wantSchema(body, k.core.ID); err != nil {
		return nil, err
	}
	doc := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if err := k.take(doc, name, body[name]); err != nil {
			return nil, err
		}
	}
	return doc, nil
}

func (k kind) take(doc map[string]any, name string, v any) error {
	switch {
	case v == nil || k.ignored(name):
		return nil
	case k.ext.ID != "" && strings.EqualFold(name, k.ext.ID):
		return takeExtension(doc, k.ext, v)
	case k.free != "" && strings.EqualFold(name, k.free):
		return takeFree(doc, k.free, v)
	}
	a, ok := k.attribute(name)
	if !ok {
		return nil
	}
	taken, err := coerce(a, v, a.Name())
	if err == nil && taken != nil {
		doc[a.Name()] = taken
	}
	return err
}

func takeExtension(doc map[string]any, s schema.Schema, v any) error {
	object, ok := v.(map[string]any)
	if !ok {
		return invalid("%s: an object is wanted, not %s", s.ID, typeName(v))
	}
	taken := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		a, ok := s.Attributes.ContainsAttribute(name)
		if !ok {
			continue
		}
		value, err := coerce(a, object[name], s.ID+":"+a.Name())
		if err != nil {
			return err
		}
		if value != nil {
			taken[a.Name()] = value
		}
	}
	doc[s.ID] = taken
	return nil
}

func takeFree(doc map[string]any, id string, v any) error {
	object, ok := v.(map[string]any)
	if !ok {
		return invalid("%s: an object is wanted, not %s", id, typeName(v))
	}
	taken := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value, err := freeValue(id, name, object[name])
		if err != nil {
			return err
		}
		if value != nil {
			taken[name] = value
		}
	}
	doc[id] = taken
	return nil
}

// freeValue checks that Omni could keep the value; nil is none.
func freeValue(id, name string, v any) (any, error) {
	_, some, err := identity.NewValue(v)
	if err != nil {
		return nil, invalid("%s:%s: Omni keeps text, numbers, booleans and lists of these, not %s", id, name, typeName(v))
	}
	if !some {
		return nil, nil
	}
	return v, nil
}

// wantSchema looks at schemas, which some callers leave out.
func wantSchema(body map[string]any, id string) error {
	v, ok := member(body, "schemas")
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return malformed("schemas: a list is wanted, not %s", typeName(v))
	}
	for _, s := range list {
		text, ok := s.(string)
		if !ok {
			return malformed("schemas: a string is wanted, not %s", typeName(s))
		}
		if strings.EqualFold(text, id) {
			return nil
		}
	}
	return malformed("schemas lacks %s: is this the right path for the body?", id)
}

// coerce gives a value the form that its attribute has. It forgives what Okta's
// and Entra's clients are known for: booleans as words, one object in place of a
// list, a bare id in place of an object with a value. nil is no value.
func coerce(a schema.CoreAttribute, v any, where string) (any, error) {
	if v == nil {
		return nil, nil
	}
	if !a.MultiValued() {
		return coerceOne(a, v, where)
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	taken := make([]any, 0, len(list))
	for _, item := range list {
		if item == nil {
			return nil, invalid("%s: null stands in the list: leave it out", where)
		}
		one, err := coerceOne(a, item, where)
		if err != nil {
			return nil, err
		}
		if one != nil {
			taken = append(taken, one)
		}
	}
	return taken, nil
}

// coerceOne is coerce for one value, which isn't null.
func coerceOne(a schema.CoreAttribute, v any, where string) (any, error) {
	switch a.AttributeType() {
	case "complex":
		return coerceComplex(a, v, where)
	case "boolean":
		return coerceBoolean(v, where)
	}
	if _, ok := v.(string); !ok {
		return nil, invalid("%s: a string is wanted, not %s: change the attribute's type or its mapping in Okta's profile editor", where, typeName(v))
	}
	return v, nil
}

func coerceBoolean(v any, where string) (any, error) {
	if text, ok := v.(string); ok {
		switch {
		case strings.EqualFold(text, "true"):
			return true, nil
		case strings.EqualFold(text, "false"):
			return false, nil
		}
	}
	if b, ok := v.(bool); ok {
		return b, nil
	}
	return nil, invalid("%s: true or false is wanted, not %s", where, typeName(v))
}

func coerceComplex(a schema.CoreAttribute, v any, where string) (any, error) {
	if text, ok := v.(string); ok {
		if _, has := a.SubAttributes().ContainsAttribute("value"); has {
			if text == "" {
				return nil, nil
			}
			return map[string]any{"value": text}, nil
		}
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, invalid("%s: an object is wanted, not %s", where, typeName(v))
	}
	taken := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		sub, ok := a.SubAttributes().ContainsAttribute(name)
		if !ok {
			continue
		}
		value, err := coerce(sub, object[name], where+"."+sub.Name())
		if err != nil {
			return nil, err
		}
		if value != nil {
			taken[sub.Name()] = value
		}
	}
	return taken, nil
}
