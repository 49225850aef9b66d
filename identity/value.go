package identity

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Value is a user attribute's value in canonical form: the JSON text of a
// string, of a number, or of a sorted list without repetition. An absent value
// is not a Value: it is a missing key.
type Value string

// NewValue brings v to canonical form. It takes strings, booleans, Go's and
// JSON's numbers, and lists of these; booleans become the words "true" and
// "false", which is how Omni keeps them. The second result is false where v
// counts as absent: nil, or a list without elements.
func NewValue(v any) (Value, bool, error) {
	if v == nil {
		return "", false, nil
	}
	if list, ok := v.([]any); ok {
		return newList(list)
	}
	if list, ok := v.([]string); ok {
		anys := make([]any, len(list))
		for i, s := range list {
			anys[i] = s
		}
		return newList(anys)
	}
	s, err := scalar(v)
	return Value(s), err == nil, err
}

func newList(list []any) (Value, bool, error) {
	items := make([]string, 0, len(list))
	for _, v := range list {
		if v == nil {
			continue
		}
		s, err := scalar(v)
		if err != nil {
			return "", false, err
		}
		items = append(items, s)
	}
	if len(items) == 0 {
		return "", false, nil
	}
	slices.Sort(items)
	return Value("[" + strings.Join(slices.Compact(items), ",") + "]"), true, nil
}

func scalar(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return quote(v)
	case bool:
		return strconv.Quote(strconv.FormatBool(v)), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case uint64:
		return strconv.FormatUint(v, 10), nil
	case float64:
		b, err := json.Marshal(v)
		return string(b), err
	case json.Number:
		return v.String(), nil
	default:
		return "", fmt.Errorf("a value of type %T is neither text, number, boolean nor a list of these", v)
	}
}

// quote spells a text as JSON without the escapes that only HTML needs, so that
// a plan shows R&D as R&D.
func quote(s string) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(s)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// MarshalJSON gives the canonical text itself, null for the zero Value.
func (v Value) MarshalJSON() ([]byte, error) {
	if v == "" {
		return []byte("null"), nil
	}
	return []byte(v), nil
}

// UnmarshalJSON brings JSON of any accepted form to canonical form.
func (v *Value) UnmarshalJSON(b []byte) error {
	if isPlainText(b) {
		*v = Value(b)
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	var raw any
	if err := d.Decode(&raw); err != nil {
		return err
	}
	canonical, _, err := NewValue(raw)
	*v = canonical
	return err
}

// isPlainText reports whether b is a JSON string of letters that no encoder writes
// in two ways. It is in canonical form then; most values of a ledger are.
func isPlainText(b []byte) bool {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return false
	}
	return !slices.ContainsFunc(b[1:len(b)-1], func(c byte) bool {
		return c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&'
	})
}

// Same reports whether Omni would see one value in v and w: numbers count by
// value, written as numbers or as text, and a list of one is that one, because
// Omni keeps numbers as text and may return a single value bare.
func (v Value) Same(w Value) bool {
	return v == w || slices.Equal(v.items(), w.items())
}

func (v Value) items() []string {
	list, _ := v.decoded()
	items := make([]string, len(list))
	for i, item := range list {
		items[i] = plain(fmt.Sprint(item))
	}
	slices.SortFunc(items, cmp.Compare)
	return slices.Compact(items)
}

// plain gives numbers one spelling: 3, 3.0 and 3e0 are one value. Numbers
// beyond 2^53 keep their digits, since a float would merge neighbours.
func plain(s string) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f > 1<<53 || f < -(1<<53) || !strings.ContainsAny(s, "0123456789") {
		return s
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		if len(s) > 1 && s[0] == '0' { // "007" is a code, not the number 7
			return s
		}
		return strconv.FormatInt(i, 10)
	}
	if !strings.ContainsAny(s, ".eE") || strings.ContainsAny(s, "xX_") {
		return s
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
