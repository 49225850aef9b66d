package omni

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// orgAdmin is the system attribute that tells who administers the organization.
const orgAdmin = "omni_is_org_admin"

// Definition is one user attribute of the organization.
type Definition struct {
	Reference string   // its key in SCIM
	Number    bool     // takes numbers, else text
	Multiple  bool     // takes a list
	Default   []string // inherited by who has no value; nil is none, one element unless Multiple
	System    bool     // Omni's own: read-only
}

// value is what a user has for one attribute: one element unless the attribute
// takes a list. Numbers and booleans are kept as text. nil is no value.
type value []string

// systemDefinitions are the attributes that every organization was seen to have.
func systemDefinitions() []Definition {
	names := []string{
		"omni_allows_personal_content", orgAdmin, "omni_user_email", "omni_user_embed_entity",
		"omni_user_groups", "omni_user_id", "omni_user_name", "omni_user_timezone",
	}
	list := make([]Definition, len(names))
	for i, name := range names {
		list[i] = Definition{Reference: name, System: true, Multiple: name == "omni_user_groups"}
	}
	return list
}

func (o *Org) define(d Definition) {
	if i, ok := o.defined[d.Reference]; ok {
		o.definitions[i] = d
		return
	}
	o.defined[d.Reference] = len(o.definitions)
	o.definitions = append(o.definitions, d)
}

// readAttributes checks raw against the definitions, in the order of the
// references. What the knobs ignore is left out.
func (o *Org) readAttributes(raw map[string]json.RawMessage) (map[string]value, *failure) {
	read := map[string]value{}
	for _, ref := range slices.Sorted(maps.Keys(raw)) {
		i, known := o.defined[ref]
		if strings.HasPrefix(ref, "omni_") || known && o.definitions[i].System {
			if o.Knobs.SystemAttributesIgnored {
				continue
			}
			return nil, invalid("User attribute %q is a system attribute and cannot be assigned", ref)
		}
		if !known {
			if o.Knobs.UnknownAttributesRefused {
				return nil, invalid("User attribute %q does not exist", ref)
			}
			continue
		}
		v, err := o.definitions[i].read(raw[ref])
		if err != nil {
			if o.Knobs.WrongTypesIgnored {
				continue
			}
			return nil, invalid("User attribute %q: %s", ref, err)
		}
		read[ref] = v
	}
	return read, nil
}

// read brings a JSON value to the form in which it is kept.
func (d Definition) read(raw json.RawMessage) (value, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	if v == nil {
		return nil, nil
	}
	items, isList := v.([]any)
	if !isList {
		items = []any{v}
	}
	if isList && !d.Multiple {
		return nil, fmt.Errorf("expected a single value, received a list")
	}
	var kept value
	for _, item := range items {
		text, err := d.text(item)
		if err != nil {
			return nil, err
		}
		kept = append(kept, text)
	}
	return kept, nil
}

func (d Definition) text(v any) (string, error) {
	switch v := v.(type) {
	case json.Number:
		return v.String(), nil
	case string:
		if _, err := strconv.ParseFloat(v, 64); err != nil && d.Number {
			return "", fmt.Errorf("expected a number, received %q", v)
		}
		return v, nil
	case bool:
		if d.Number {
			return "", fmt.Errorf("expected a number, received a boolean")
		}
		return strconv.FormatBool(v), nil
	default:
		return "", fmt.Errorf("expected text, a number, a boolean or a list of these")
	}
}

// set merges attributes into those of u, and reports whether one became different.
func (u *user) set(attributes map[string]value) bool {
	changed := false
	for ref, v := range attributes {
		if slices.Equal(u.attributes[ref], v) {
			continue
		}
		changed = true
		if v == nil {
			delete(u.attributes, ref)
		} else {
			u.attributes[ref] = v
		}
	}
	return changed
}
