package push

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	filter "github.com/scim2/filter-parser/v2"
)

// maxFilter bounds a filter's length in bytes: the time to read one grows with it.
const maxFilter = 2 << 10

// match is a filter as far as one is understood: this attribute has this value.
type match struct {
	by    string
	value string
}

// readFilter reads a filter. Only equality is answered; everything else is refused,
// since a list that isn't what was asked for makes Okta link the wrong people.
func (k kind) readFilter(text string) (match, error) {
	if len(text) > maxFilter {
		return match{}, badFilter("the filter is longer than %d bytes: this endpoint knows %s", maxFilter, k.names)
	}
	if !utf8.ValidString(text) {
		return match{}, badFilter("the filter isn't UTF-8: this endpoint knows %s", k.names)
	}
	name, value, ok := plainEquality(text)
	if !ok {
		e, err := filter.ParseFilter([]byte(text))
		if err != nil {
			return match{}, badFilter("the filter can't be read: this endpoint knows %s", k.names)
		}
		if name, value, ok = equality(e); !ok {
			return match{}, badFilter("such filters aren't served: this endpoint knows %s", k.names)
		}
	}
	name = strings.ToLower(name)
	name = strings.TrimPrefix(name, strings.ToLower(k.core.ID)+":")
	by, ok := k.keys[name]
	if !ok {
		return match{}, badFilter("filters on this attribute aren't served: this endpoint knows %s", k.names)
	}
	return match{by: by, value: value}, nil
}

// plainEquality reads what Okta sends, NAME eq "VALUE", without the parser, which
// takes longer than the whole rest of the answer. It leaves to the parser whatever
// isn't exactly that.
func plainEquality(text string) (name, value string, ok bool) {
	name, rest, _ := strings.Cut(text, " ")
	op, quoted, _ := strings.Cut(rest, " ")
	if !letters(name) || !strings.EqualFold(op, "eq") || len(quoted) < 2 || quoted[0] != '"' || quoted[len(quoted)-1] != '"' {
		return "", "", false
	}
	value = quoted[1 : len(quoted)-1]
	for _, r := range value {
		if r == '"' || r == '\\' || r < ' ' {
			return "", "", false
		}
	}
	return name, value, true
}

func letters(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return s != ""
}

// equality takes a parsed expression apart where it compares one attribute with
// one text.
func equality(e filter.Expression) (name, value string, ok bool) {
	a, ok := e.(*filter.AttributeExpression)
	if !ok || a.Operator != filter.EQ {
		return "", "", false
	}
	value, ok = text(a.CompareValue)
	return a.AttributePath.String(), value, ok
}

// text gives a string of the parser without its escapes, which it leaves in.
func text(v any) (string, bool) {
	s, ok := v.(string)
	if !ok {
		return "", false
	}
	if err := json.Unmarshal([]byte(`"`+s+`"`), &s); err != nil {
		return "", false
	}
	return s, true
}
