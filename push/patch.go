package push

import (
	"maps"
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"
	filter "github.com/scim2/filter-parser/v2"
)

// The operations of a PATCH.
const (
	add     = "add"
	replace = "replace"
	remove  = "remove"
)

// maxOperations bounds what one PATCH may ask.
const maxOperations = 5000

// operation is one change of one attribute. Operations without a path are taken
// apart into several.
type operation struct {
	verb   string
	target target
	value  any // in the attribute's form; nil with remove, unless values are to go
}

// target is what an operation's path means.
type target struct {
	schema string               // the extension; "" for the core
	attr   schema.CoreAttribute // zero for a free key, and for a whole extension
	free   string               // the key in a schema whose keys are anybody's
	sub    string               // the part of attr, in the schema's spelling
	where  filter.Expression    // which of several values; nil for all
	name   string               // as people know it
}

// whole reports whether the target is an extension altogether.
func (t target) whole() bool { return t.attr.Name() == "" && t.free == "" }

// readPatch reads the body of a PATCH.
func (k kind) readPatch(body map[string]any) ([]operation, error) {
	if err := wantSchema(body, patchURN); err != nil {
		return nil, err
	}
	v, _ := member(body, "Operations")
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return nil, malformed("Operations: a list of at least one operation is wanted")
	}
	if len(list) > maxOperations {
		return nil, malformed("Operations: at most %d at once, these are %d", maxOperations, len(list))
	}
	var ops []operation
	for _, item := range list {
		more, err := k.readOperation(item)
		if err != nil {
			return nil, err
		}
		ops = append(ops, more...)
	}
	return ops, nil
}

func (k kind) readOperation(item any) ([]operation, error) {
	object, ok := item.(map[string]any)
	if !ok {
		return nil, malformed("Operations: an object is wanted, not %s", typeName(item))
	}
	op, _ := member(object, "op")
	verb, _ := op.(string)
	verb = strings.ToLower(verb)
	if verb != add && verb != replace && verb != remove {
		return nil, malformed("op: add, replace or remove is wanted")
	}
	value, valued := member(object, "value")
	path, _ := member(object, "path")
	text, ok := path.(string)
	switch {
	case !ok && path != nil:
		return nil, badPath("path: a string is wanted, not %s", typeName(path))
	case text == "" && verb == remove:
		return nil, noTarget("a remove needs a path: say what is to go")
	case text == "":
		return k.spread(verb, value)
	case !valued && verb != remove:
		return nil, invalid("%s: an %s needs a value", text, verb)
	}
	t, ignored, err := k.resolve(text)
	if err != nil || ignored {
		return nil, err
	}
	if t.whole() && verb != remove {
		return k.spreadExtension(verb, t.schema, value)
	}
	if t.attr.Name() == members && verb != remove && value == nil {
		return nil, invalid("members: null is neither a list nor nothing: send [] to remove everyone")
	}
	return settle(verb, t, value)
}

// spread takes an operation without a path apart. What its value has beside the
// attributes that are kept is dropped, as in a PUT: Okta sends the id along. Keys
// may be paths.
func (k kind) spread(verb string, value any) ([]operation, error) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, invalid("an operation without a path needs an object as its value, not %s", typeName(value))
	}
	var ops []operation
	for _, name := range slices.Sorted(maps.Keys(object)) {
		t, ignored, err := k.resolve(name)
		if err != nil || ignored {
			continue
		}
		v := object[name]
		if v == nil && (t.attr.Name() == "active" || t.attr.Name() == members) {
			continue // nobody means this by null
		}
		var more []operation
		if t.whole() {
			more, err = k.spreadExtension(verb, t.schema, v)
		} else {
			more, err = settle(verb, t, v)
		}
		if err != nil {
			return nil, err
		}
		ops = append(ops, more...)
	}
	return ops, nil
}

func (k kind) spreadExtension(verb, id string, value any) ([]operation, error) {
	if value == nil {
		return settle(remove, target{schema: id, name: id}, nil)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, invalid("%s: an object is wanted, not %s", id, typeName(value))
	}
	qualified := make(map[string]any, len(object))
	for name, v := range object {
		qualified[id+":"+name] = v
	}
	return k.spread(verb, qualified)
}

// settle gives an operation's value the attribute's form. null takes away.
func settle(verb string, t target, value any) ([]operation, error) {
	if value == nil {
		verb = remove
	}
	if verb == remove {
		if t.sub == "" && t.where == nil && t.attr.Required() {
			return nil, invalid("%s can't be removed: replace it", t.name)
		}
		if t.attr.Name() == "active" {
			return nil, invalid("active can't be removed: replace it by true or false")
		}
	} else if object, ok := value.(map[string]any); ok && t.sub == "" && t.attr.HasSubAttributes() && !t.attr.MultiValued() {
		return t.parts(verb, object)
	}
	value, err := t.coerce(verb, value)
	if err != nil {
		return nil, err
	}
	if value == nil {
		verb = remove
	}
	return []operation{{verb: verb, target: t, value: value}}, nil
}

// parts takes an object apart: those that it has are set or, by null, taken away,
// and the others stay.
func (t target) parts(verb string, object map[string]any) ([]operation, error) {
	var ops []operation
	for _, name := range slices.Sorted(maps.Keys(object)) {
		part, _, err := t.narrow(name, pieces{sub: name})
		if err != nil {
			continue
		}
		more, err := settle(verb, part, object[name])
		if err != nil {
			return nil, err
		}
		ops = append(ops, more...)
	}
	return ops, nil
}

func (t target) coerce(verb string, value any) (any, error) {
	listed := t.sub == "" && t.where == nil && t.attr.MultiValued()
	switch {
	case value == nil || verb == remove && !listed:
		return nil, nil // what is there goes, whatever it is
	case t.free != "":
		return freeValue(t.schema, t.free, value)
	case t.sub != "":
		sub, _ := t.attr.SubAttributes().ContainsAttribute(t.sub)
		return coerce(sub, value, t.name)
	case t.where != nil:
		if list, ok := value.([]any); ok && len(list) == 1 {
			value = list[0]
		}
		return coerceOne(t.attr, value, t.name)
	}
	return coerce(t.attr, value, t.name)
}
