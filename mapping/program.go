package mapping

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/omnisync/omnisync/fault"
)

const orHint = `a field that Okta may not have can be given a value: or(user.field, "none")`

// program is one compiled expression with the path of its key.
type program struct {
	path, text string
	cel        cel.Program
	reads      []reading
}

// run evaluates the expression over one user, or one group.
func (p program) run(in cel.Activation) (ref.Val, error) {
	v, _, err := p.cel.Eval(in)
	if err == nil {
		return v, nil
	}
	message, hint := err.Error(), orHint
	if strings.Contains(message, "limit exceeded") {
		message, hint = "takes too long", "make the expression simpler"
	}
	if strings.Contains(message, "no such overload") {
		message += ": an operator or function got a value of a type that it doesn't take, such as null"
	}
	return nil, p.doubt(message, hint)
}

func (p program) doubt(detail, hint string) error { return doubt(p.path, detail, hint) }

func doubt(path, detail, hint string) error {
	return &fault.Error{Kind: fault.Doubt, Op: path, Detail: detail, Hint: hint}
}

// toPlain takes a result out of CEL: text, numbers, booleans, null, and lists
// of these. Anything else has no form in Omni.
func toPlain(v ref.Val) (any, error) {
	if list, ok := v.(traits.Lister); ok {
		return toPlainList(list)
	}
	switch v := v.(type) {
	case types.Null:
		return nil, nil
	case types.String, types.Bool, types.Int, types.Uint, types.Double:
		return v.Value(), nil
	}
	return nil, fmt.Errorf("gives %s, which Omni has no form for", describe(v))
}

func toPlainList(list traits.Lister) (any, error) {
	var plain []any
	for it := list.Iterator(); it.HasNext() == types.True; {
		item := it.Next()
		if _, nested := item.(traits.Lister); nested {
			return nil, fmt.Errorf("gives a list inside a list, which Omni has no form for")
		}
		v, err := toPlain(item)
		if err != nil {
			return nil, err
		}
		plain = append(plain, v)
	}
	return plain, nil
}

// describe names the type of a value for a person.
func describe(v ref.Val) string { return typeName(v.Type().TypeName()) }

func typeName(cel string) string {
	switch cel {
	case "null_type":
		return "nothing (null)"
	case "string":
		return "text"
	case "bool":
		return "true or false"
	case "int", "uint", "double":
		return "a number"
	case "google.protobuf.Timestamp":
		return "a point in time"
	case "google.protobuf.Duration":
		return "a span of time"
	case "list", "map", "type":
		return "a " + cel
	}
	return cel
}
