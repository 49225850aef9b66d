package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Definition is how Omni defines one user attribute.
type Definition struct {
	Name     string // its reference: the key in SCIM
	Number   bool   // takes numbers, else text
	Multiple bool   // takes a list
	System   bool   // Omni's own: read-only
	Default  Value  // what a user without a value has; "" for nothing
}

// Definitions are those of one organization, by name. Nil: nobody knows them.
type Definitions map[string]Definition

// DefinitionsOf gives a list by name.
func DefinitionsOf(list []Definition) Definitions {
	all := make(Definitions, len(list))
	for _, d := range list {
		all[d.Name] = d
	}
	return all
}

// Own names the organization's own attributes, sorted.
func (all Definitions) Own() []string {
	var names []string
	for name, d := range all {
		if !d.System {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Same reports whether v and w are one value of the attribute of that name; "" is
// none. Without a definition, Value.Same decides about two values.
func (all Definitions) Same(name string, v, w Value) bool {
	if d, known := all[name]; known {
		return d.Same(v, w)
	}
	return v == w || v != "" && w != "" && v.Same(w)
}

// Fit gives v in the form that Omni takes for the attribute. An error tells what
// kind of value it is and what is wanted, never the value itself.
//
//	attribute      value                  form
//	String         "a"                    "a"
//	String         5                      "5": Omni keeps every value as text
//	String         true                   "true", as NewValue makes it
//	Number         5, "5", 5.0, "5e0"     5
//	Number         beyond 2^53            its digits
//	Number         "five", "007", "true"  none: no number as JSON writes it
//	either         ""                     none: Omni may take it for no value, which may have a default
//	either         an object, null        none
//	one value      a list, even of one    none
//	many values    "a"                    ["a"]
//	many values    ["b","a","b"]          ["a","b"], each as above
func (d Definition) Fit(v Value) (Value, error) {
	list, isList := v.decoded()
	if isList && !d.Multiple {
		return "", errors.New("it is a list, and Omni takes one value")
	}
	items := make([]string, len(list))
	for i, item := range list {
		s, err := d.fit(item)
		if err != nil {
			return "", err
		}
		items[i] = s
	}
	if !d.Multiple {
		return Value(items[0]), nil
	}
	slices.Sort(items)
	return Value("[" + strings.Join(slices.Compact(items), ",") + "]"), nil
}

// fit is Fit for one element.
func (d Definition) fit(item any) (string, error) {
	number, isNumber := item.(json.Number)
	text, isText := item.(string)
	switch {
	case isText && text == "":
		return "", errors.New("it is an empty text, which Omni may take for no value")
	case isNumber && d.Number:
		return plain(number.String()), nil
	case isNumber:
		return quote(plain(number.String()))
	case isText && !d.Number:
		return quote(text)
	case isText && numeric(text):
		return plain(text), nil
	case isText:
		return "", errors.New("it is text, and Omni takes numbers")
	default:
		return "", errors.New("it is neither text, a number, nor a list of these")
	}
}

// Same reports whether Omni would see one value in v and w; "" is none.
//
//	numbers          by value: 5, 5.0 and "5" are one; beyond 2^53 by their digits
//	text             letter by letter; a number in it by its text: 5 is "5", "5.0" isn't
//	booleans         as the words that NewValue makes of them
//	lists            as sets; one value is a list of one
//	an empty text, an empty list, the definition's default: as none
func (d Definition) Same(v, w Value) bool {
	return v == w || slices.Equal(d.items(v), d.items(w))
}

func (d Definition) items(v Value) []string {
	items := d.elements(v)
	if len(items) == 1 && items[0] == "" || slices.Equal(items, d.elements(d.Default)) {
		return nil
	}
	return items
}

// elements are a value's elements in one spelling, sorted, each once.
func (d Definition) elements(v Value) []string {
	list, _ := v.decoded()
	items := make([]string, len(list))
	for i, item := range list {
		items[i] = fmt.Sprint(item)
		if _, isNumber := item.(json.Number); isNumber || d.Number {
			items[i] = plain(items[i])
		}
	}
	slices.Sort(items)
	return slices.Compact(items)
}

// decoded gives the elements of a value, and whether it is a list; nothing for "".
func (v Value) decoded() ([]any, bool) {
	if v == "" {
		return nil, false
	}
	var raw any
	d := json.NewDecoder(strings.NewReader(string(v)))
	d.UseNumber()
	if d.Decode(&raw) != nil {
		return []any{string(v)}, false
	}
	if list, ok := raw.([]any); ok {
		return list, true
	}
	return []any{raw}, false
}

// numeric reports whether a text is a number as JSON writes it: a code such as 007 is none.
func numeric(s string) bool {
	edge := func(c byte) bool { return '0' <= c && c <= '9' }
	return json.Valid([]byte(s)) && (s[0] == '-' || edge(s[0])) && edge(s[len(s)-1])
}
