package okta

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// filter is a parsed filter expression: attributes compared with quoted values, joined by and, or, not, ( ).
//
//	expr   = term { "or" term }
//	term   = factor { "and" factor }
//	factor = "not" factor | "(" expr ")" | attribute ("eq"|"ne"|"gt"|"ge"|"lt"|"le"|"co"|"sw"|"ew") "value" | attribute "pr"
type filter func(get attributes) bool

// attributes gives the values of an attribute: several for target.id.
type attributes func(name string) []string

// parseFilter reads an expression over the known attributes. An empty one accepts everything.
func parseFilter(text string, known ...string) (filter, error) {
	if strings.TrimSpace(text) == "" {
		return func(attributes) bool { return true }, nil
	}
	p := filterParser{known: known}
	if err := p.split(text); err != nil {
		return nil, err
	}
	f, err := p.or()
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("unexpected %q", p.words[0])
	}
	return f, err
}

type filterParser struct {
	words []string // a value keeps its opening quote, to tell it from a word
	known []string
}

func (p *filterParser) split(text string) error {
	for {
		text = strings.TrimLeft(text, " \t")
		switch {
		case text == "":
			return nil
		case text[0] == '(' || text[0] == ')':
			p.words, text = append(p.words, text[:1]), text[1:]
		case text[0] == '"':
			end := strings.IndexByte(text[1:], '"')
			if end < 0 {
				return fmt.Errorf("a value without its closing quote: %s", text)
			}
			p.words, text = append(p.words, text[:end+1]), text[end+2:]
		default:
			end := strings.IndexAny(text, " \t()\"")
			if end < 0 {
				end = len(text)
			}
			p.words, text = append(p.words, text[:end]), text[end:]
		}
	}
}

func (p *filterParser) next() string {
	if len(p.words) == 0 {
		return ""
	}
	word := p.words[0]
	p.words = p.words[1:]
	return word
}

// is takes the word when it comes next, in any letter case.
func (p *filterParser) is(word string) bool {
	if len(p.words) > 0 && strings.EqualFold(p.words[0], word) {
		p.words = p.words[1:]
		return true
	}
	return false
}

func (p *filterParser) or() (filter, error) {
	left, err := p.and()
	for err == nil && p.is("or") {
		var right filter
		right, err = p.and()
		a := left
		left = func(get attributes) bool { return a(get) || right(get) }
	}
	return left, err
}

func (p *filterParser) and() (filter, error) {
	left, err := p.factor()
	for err == nil && p.is("and") {
		var right filter
		right, err = p.factor()
		a := left
		left = func(get attributes) bool { return a(get) && right(get) }
	}
	return left, err
}

func (p *filterParser) factor() (filter, error) {
	switch {
	case p.is("not"):
		f, err := p.factor()
		return func(get attributes) bool { return !f(get) }, err
	case p.is("("):
		f, err := p.or()
		if err == nil && !p.is(")") {
			err = fmt.Errorf("a parenthesis isn't closed")
		}
		return f, err
	default:
		return p.comparison()
	}
}

func (p *filterParser) comparison() (filter, error) {
	name := p.next()
	if !slices.Contains(p.known, name) {
		return nil, fmt.Errorf("unsupported attribute %q", name)
	}
	op := strings.ToLower(p.next())
	if op == "pr" {
		return func(get attributes) bool { return len(get(name)) > 0 }, nil
	}
	compare := comparison(op)
	if compare == nil {
		return nil, fmt.Errorf("unsupported operator %q", op)
	}
	value, quoted := strings.CutPrefix(p.next(), `"`)
	if !quoted {
		return nil, fmt.Errorf("%s %s needs a value in quotes", name, op)
	}
	return func(get attributes) bool {
		for _, have := range get(name) {
			if compare(have, value) {
				return true
			}
		}
		return false
	}, nil
}

func comparison(op string) func(have, value string) bool {
	switch op {
	case "eq":
		return func(have, value string) bool { return order(have, value) == 0 }
	case "ne":
		return func(have, value string) bool { return order(have, value) != 0 }
	case "gt":
		return func(have, value string) bool { return order(have, value) > 0 }
	case "ge":
		return func(have, value string) bool { return order(have, value) >= 0 }
	case "lt":
		return func(have, value string) bool { return order(have, value) < 0 }
	case "le":
		return func(have, value string) bool { return order(have, value) <= 0 }
	case "co":
		return strings.Contains
	case "sw":
		return strings.HasPrefix
	case "ew":
		return strings.HasSuffix
	}
	return nil
}

// order compares two times as times, anything else as text.
func order(a, b string) int {
	ta, errA := time.Parse(time.RFC3339, a)
	tb, errB := time.Parse(time.RFC3339, b)
	if errA == nil && errB == nil {
		return ta.Compare(tb)
	}
	return strings.Compare(a, b)
}
