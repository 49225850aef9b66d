package mapping

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// reading is one place of an expression that reads a variable: user.address.city
// is the variable user and the steps address and city. A step is a field's name or
// the place in a list; where one is computed, such as in user[x], the steps end.
type reading struct {
	id       int64 // of the variable's expression
	field    int64 // of the first step's
	variable string
	steps    []any // string or int64
	ended    bool  // what follows the steps is computed
}

// path gives the reading as one would type it.
func (r reading) path() string {
	var s strings.Builder
	s.WriteString(r.variable)
	for _, step := range r.steps {
		switch step := step.(type) {
		case string:
			if isName(step) {
				s.WriteString("." + step)
			} else {
				fmt.Fprintf(&s, "[%q]", step)
			}
		default:
			fmt.Fprintf(&s, "[%v]", step)
		}
	}
	return s.String()
}

func isName(s string) bool {
	plain := strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
	return s != "" && plain && (s[0] < '0' || s[0] > '9')
}

// readings finds what the expression reads. What a comprehension binds, such as
// the g of groups.exists(g, ...), is none of it, whatever its name.
func readings(e ast.Expr) []reading {
	f := finder{bound: map[string]int{}}
	f.visit(e)
	return f.found
}

type finder struct {
	bound map[string]int // how many comprehensions around bind the name
	found []reading
}

func (f *finder) visit(e ast.Expr) {
	if r, ok := f.chain(e); ok {
		f.found = append(f.found, r)
		return
	}
	switch e.Kind() {
	case ast.SelectKind:
		f.visit(e.AsSelect().Operand())
	case ast.CallKind:
		if e.AsCall().IsMemberFunction() {
			f.visit(e.AsCall().Target())
		}
		f.all(e.AsCall().Args())
	case ast.ListKind:
		f.all(e.AsList().Elements())
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			f.all([]ast.Expr{entry.AsMapEntry().Key(), entry.AsMapEntry().Value()})
		}
	case ast.StructKind:
		for _, field := range e.AsStruct().Fields() {
			f.visit(field.AsStructField().Value())
		}
	case ast.ComprehensionKind:
		f.comprehension(e.AsComprehension())
	default: // names of what is bound, and what is written out
	}
}

func (f *finder) all(list []ast.Expr) {
	for _, e := range list {
		f.visit(e)
	}
}

func (f *finder) comprehension(c ast.ComprehensionExpr) {
	f.all([]ast.Expr{c.IterRange(), c.AccuInit()})
	f.bound[c.AccuVar()]++
	f.bound[c.IterVar()]++
	f.all([]ast.Expr{c.LoopCondition(), c.LoopStep()})
	f.bound[c.IterVar()]--
	f.visit(c.Result())
	f.bound[c.AccuVar()]--
}

// chain gives a variable, or a selection from one. A step that is computed is
// looked into, and ends the chain.
func (f *finder) chain(e ast.Expr) (reading, bool) {
	if e.Kind() == ast.IdentKind {
		name, global := strings.CutPrefix(e.AsIdent(), ".")
		return reading{id: e.ID(), variable: name}, global || f.bound[name] == 0
	}
	operand, step, computed := stepOf(e)
	if operand == nil {
		return reading{}, false
	}
	r, ok := f.chain(operand)
	if !ok {
		return r, false
	}
	if computed != nil {
		f.visit(computed)
		r.ended = true
	}
	if !r.ended {
		r.steps = append(r.steps, step)
	}
	if len(r.steps) == 1 && r.field == 0 {
		r.field = e.ID()
	}
	return r, true
}

// stepOf takes the last step off: operand is nil where e is none, and computed is
// the step where it isn't written out.
func stepOf(e ast.Expr) (operand ast.Expr, step any, computed ast.Expr) {
	if e.Kind() == ast.SelectKind {
		return e.AsSelect().Operand(), e.AsSelect().FieldName(), nil
	}
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.Index && e.AsCall().FunctionName() != readFunction {
		return nil, nil, nil
	}
	args := e.AsCall().Args()
	if args[1].Kind() == ast.LiteralKind {
		switch v := args[1].AsLiteral().(type) {
		case types.String:
			return args[0], string(v), nil
		case types.Int:
			return args[0], int64(v), nil
		}
	}
	return args[0], nil, args[1]
}
