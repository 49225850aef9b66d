package push

import (
	"strings"

	filter "github.com/scim2/filter-parser/v2"
)

// holds reports whether a value is as an expression in [...] says. The library's own
// evaluation isn't used: it panics on some.
func holds(e filter.Expression, object map[string]any) (bool, error) {
	switch e := e.(type) {
	case *filter.NotExpression:
		ok, err := holds(e.Expression, object)
		return !ok, err
	case *filter.LogicalExpression:
		left, err := holds(e.Left, object)
		if err != nil {
			return false, err
		}
		right, err := holds(e.Right, object)
		if e.Operator == filter.AND {
			return left && right, err
		}
		return left || right, err
	case *filter.AttributeExpression:
		return compares(e, object)
	}
	return false, badPath("such comparisons in [...] aren't served: use eq, ne, co, sw, ew and pr")
}

func compares(e *filter.AttributeExpression, object map[string]any) (bool, error) {
	value, has := member(object, e.AttributePath.String())
	if e.Operator == filter.PR {
		return has, nil
	}
	if want, ok := e.CompareValue.(bool); ok {
		is, _ := value.(bool) // absent is false
		return compare(e.Operator, is == want, is != want)
	}
	want, ok := text(e.CompareValue)
	if !ok {
		return false, badPath("[...] compares with a number: a text, true or false is wanted")
	}
	is, _ := value.(string)
	is, want = strings.ToLower(is), strings.ToLower(want)
	switch e.Operator {
	case filter.CO:
		return has && strings.Contains(is, want), nil
	case filter.SW:
		return has && strings.HasPrefix(is, want), nil
	case filter.EW:
		return has && strings.HasSuffix(is, want), nil
	default:
		return compare(e.Operator, has && is == want, !has || is != want)
	}
}

func compare(o filter.CompareOperator, equal, differs bool) (bool, error) {
	switch o {
	case filter.EQ:
		return equal, nil
	case filter.NE:
		return differs, nil
	default:
		return false, badPath("%s in [...] isn't served: use eq, ne, co, sw, ew and pr", o)
	}
}

// implied is the value that an expression of equalities describes.
func implied(e filter.Expression) (map[string]any, bool) {
	switch e := e.(type) {
	case nil:
		return map[string]any{}, true
	case *filter.LogicalExpression:
		if e.Operator != filter.AND {
			return nil, false
		}
		left, ok := implied(e.Left)
		right, too := implied(e.Right)
		return with(left, right), ok && too
	case *filter.AttributeExpression:
		return impliedBy(e)
	}
	return nil, false
}

// impliedBy knows the parts by which values are told apart; a value itself isn't
// made up.
func impliedBy(e *filter.AttributeExpression) (map[string]any, bool) {
	if e.Operator != filter.EQ {
		return nil, false
	}
	switch name := strings.ToLower(e.AttributePath.String()); name {
	case "type":
		kind, ok := text(e.CompareValue)
		return map[string]any{name: kind}, ok
	case "primary":
		primary, ok := e.CompareValue.(bool)
		return map[string]any{name: primary}, ok
	}
	return nil, false
}

// alternatives are the ids of value eq "..." or value eq "..." and so on.
func alternatives(e filter.Expression) ([]string, bool) {
	switch e := e.(type) {
	case *filter.LogicalExpression:
		left, ok := alternatives(e.Left)
		right, too := alternatives(e.Right)
		return append(left, right...), ok && too && e.Operator == filter.OR
	case *filter.AttributeExpression:
		id, ok := text(e.CompareValue)
		return []string{id}, ok && id != "" && e.Operator == filter.EQ && strings.EqualFold(e.AttributePath.String(), "value")
	}
	return nil, false
}
