package push

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// apply does one operation to a user's document (RFC 7644, section 3.5.2).
//
//	where the path names          add               replace          remove
//	one value                     sets it           sets it          takes it
//	parts of one (name)           sets these parts  the same         takes it
//	a list                        adds the new      sets the list    takes it, or the values named
//	some of a list, by [...]      sets in them      the same         takes them, or their part
//
// Where [...] finds nothing and says by equality what is meant, add and replace
// make the value: that is how Entra sends a first telephone number.
func (o operation) apply(doc map[string]any) error {
	t := o.target
	if t.whole() {
		delete(doc, t.schema)
		return nil
	}
	holder := doc
	if t.schema != "" {
		inner, ok := doc[t.schema].(map[string]any)
		if !ok {
			inner = map[string]any{}
			doc[t.schema] = inner
		}
		holder = inner
	}
	switch {
	case t.free != "":
		put(holder, t.free, o.value)
	case t.attr.MultiValued():
		return o.applyList(holder)
	case t.sub != "":
		object, _ := holder[t.attr.Name()].(map[string]any)
		holder[t.attr.Name()] = with(object, map[string]any{t.sub: o.value})
	case o.verb != remove && t.attr.HasSubAttributes(): // a bare value
		object, _ := holder[t.attr.Name()].(map[string]any)
		parts, _ := o.value.(map[string]any)
		holder[t.attr.Name()] = with(object, parts)
	default:
		put(holder, t.attr.Name(), o.value)
	}
	return nil
}

// put sets a key, or takes it away where there is no value.
func put(object map[string]any, key string, value any) {
	if value == nil {
		delete(object, key)
		return
	}
	object[key] = value
}

// with is a copy of an object with these parts.
func with(object, parts map[string]any) map[string]any {
	result := make(map[string]any, len(object)+len(parts))
	maps.Copy(result, object)
	for key, value := range parts {
		put(result, key, value)
	}
	return result
}

func (o operation) applyList(holder map[string]any) error {
	name := o.target.attr.Name()
	old, _ := holder[name].([]any)
	list, err := o.changed(old)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		delete(holder, name)
		return nil
	}
	holder[name] = list
	return nil
}

// changed is a list after the operation.
func (o operation) changed(old []any) ([]any, error) {
	t := o.target
	if t.where != nil || t.sub != "" {
		return o.within(old)
	}
	given, _ := o.value.([]any)
	switch {
	case o.verb == add:
		return union(old, given), nil
	case o.verb == replace:
		return given, nil
	case o.value == nil:
		return nil, nil
	}
	return slices.DeleteFunc(slices.Clone(old), func(item any) bool {
		return slices.ContainsFunc(given, func(gone any) bool { return sameValue(item, gone) })
	}), nil
}

// within changes those of the list that are meant.
func (o operation) within(old []any) ([]any, error) {
	if o.target.sub == "primary" && o.value == true {
		old = secondary(old)
	}
	var list []any
	found := false
	for _, item := range old {
		object, _ := item.(map[string]any)
		meant := o.target.where == nil
		if !meant {
			var err error
			if meant, err = holds(o.target.where, object); err != nil {
				return nil, err
			}
		}
		if !meant {
			list = append(list, item)
			continue
		}
		found = true
		if now := o.item(object); now != nil {
			list = append(list, now)
		}
	}
	if found || o.verb == remove {
		return list, nil
	}
	fresh, ok := implied(o.target.where)
	if !ok {
		return nil, noTarget("%s: no value is as [...] says", o.target.name)
	}
	return union(list, []any{o.item(fresh)}), nil
}

// item is one value after the operation; nil where nothing is left of it.
func (o operation) item(object map[string]any) any {
	parts, _ := o.value.(map[string]any)
	if o.target.sub != "" {
		parts = map[string]any{o.target.sub: o.value}
	} else if o.verb == remove {
		return nil
	}
	now := with(object, parts)
	if _, has := now["value"]; !has && o.verb == remove && o.target.sub == "value" {
		return nil
	}
	return now
}

// union adds to a list what it lacks. A new primary value takes the place of the
// old one: there is one at most.
func union(old, given []any) []any {
	list := slices.Clone(old)
	for _, item := range given {
		if slices.ContainsFunc(list, func(other any) bool { return reflect.DeepEqual(other, item) }) {
			continue
		}
		if object, _ := item.(map[string]any); object["primary"] == true {
			list = secondary(list)
		}
		list = append(list, item)
	}
	return list
}

// secondary is a list in which no value is the primary one.
func secondary(old []any) []any {
	list := make([]any, len(old))
	for i, item := range old {
		list[i] = item
		if object, ok := item.(map[string]any); ok {
			list[i] = with(object, map[string]any{"primary": nil})
		}
	}
	return list
}

// sameValue reports whether a value to remove is this one: by its value, and by its
// type where both have one.
func sameValue(item, gone any) bool {
	a, _ := item.(map[string]any)
	b, _ := gone.(map[string]any)
	if len(b) == 0 {
		return false
	}
	for _, name := range []string{"value", "type"} {
		x, has := b[name].(string)
		y, _ := a[name].(string)
		if has && !strings.EqualFold(x, y) {
			return false
		}
	}
	return true
}
