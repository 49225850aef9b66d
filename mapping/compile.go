package mapping

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"
)

// The bounds of one expression: its text, its tree, and the work and memory of
// one evaluation. An honest expression
// stays below a hundredth of the work.
const (
	maxText   = 4096
	maxNodes  = 2000
	maxDepth  = 100
	maxCost   = 50_000
	maxMemory = 4 << 20
	maxRegexp = 1000
)

// The functions that rewrite puts in. Nobody can type them.
const (
	readFunction  = "@read"  // a selection or index on what may be null
	orderFunction = "@order" // the range of a comprehension
)

// wanted says which types an expression may give.
type wanted struct {
	what  string // for a person
	types []*types.Type
}

var (
	wantBool  = wanted{"true or false", []*types.Type{types.BoolType}}
	wantText  = wanted{"text", []*types.Type{types.StringType, types.NullType}}
	wantValue = wanted{"text, a number, true or false, or a list of these", []*types.Type{
		types.StringType, types.NullType, types.BoolType, types.IntType, types.UintType, types.DoubleType, types.ListType}}
)

type compiler struct {
	env   *cel.Env
	knows vocabulary
}

func newCompiler(knows vocabulary) (*compiler, error) {
	options := []cel.EnvOption{
		cel.ClearMacros(),
		cel.Macros(append(standardMacros(), cel.GlobalMacro("has", 1, expandHas))...),
		cel.CustomTypeAdapter(adapter{}),
		cel.ParserExpressionSizeLimit(maxText),
		cel.ExpressionNodeLimit(maxNodes),
		cel.ExpressionNestingDepthLimit(maxDepth),
		cel.RegexProgramSizeLimit(maxRegexp),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateDurationLiterals()),
		cel.DefaultUTCTimeZone(true),
		ext.Strings(),
		cel.Function("or", cel.Overload("or_dyn_dyn", []*cel.Type{cel.DynType, cel.DynType}, cel.DynType, cel.BinaryBinding(or))),
		cel.Function("cut", cel.Overload("cut_dyn_int", []*cel.Type{cel.DynType, cel.IntType}, cel.DynType, cel.BinaryBinding(cut))),
		cel.Function(readFunction, cel.Overload("read_dyn_dyn", []*cel.Type{cel.DynType, cel.DynType}, cel.DynType, cel.BinaryBinding(read))),
		cel.Function(orderFunction, cel.Overload("order_any", []*cel.Type{cel.TypeParamType("T")}, cel.TypeParamType("T"), cel.UnaryBinding(inOrder))),
	}
	for _, v := range knows.variables {
		options = append(options, cel.Variable(v.name, v.kind))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("expressions can't be prepared: %w", err)
	}
	return &compiler{env, knows}, nil
}

// standardMacros are CEL's own but for has, which ours replaces: on fields a
// null is absent.
func standardMacros() []cel.Macro {
	return []cel.Macro{cel.AllMacro, cel.ExistsMacro, cel.ExistsOneMacro, cel.MapMacro, cel.MapFilterMacro, cel.FilterMacro}
}

func expandHas(f cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
	if args[0].Kind() != ast.SelectKind {
		return nil, f.NewError(args[0].ID(), "has() takes a field, such as has(user.department)")
	}
	return f.NewCall(operators.NotEquals, args[0], f.NewLiteral(types.NullValue)), nil
}

// or gives x unless it is absent or empty.
func or(x, y ref.Val) ref.Val {
	if x == types.NullValue {
		return y
	}
	if s, ok := x.(traits.Sizer); ok && s.Size() == types.IntZero {
		return y
	}
	return x
}

// cut gives the first characters of a text, as many as are asked for; a shorter
// text stays as it is, and nothing stays nothing.
func cut(x, length ref.Val) ref.Val {
	if x == types.NullValue {
		return x
	}
	text, isText := x.(types.String)
	most, isCount := length.(types.Int)
	if !isText || !isCount {
		return types.NewErr("cut() takes text and a number, not %s and %s", describe(x), describe(length))
	}
	if most < 0 {
		return types.NewErr("cut() can't give %d characters", most)
	}
	for i := range string(text) {
		if most == 0 {
			return text[:i]
		}
		most--
	}
	return text
}

// read is a selection or an index on what may be null, which then gives null.
func read(operand, key ref.Val) ref.Val {
	if operand == types.NullValue {
		return operand
	}
	if c, ok := operand.(traits.Indexer); ok {
		return c.Get(key)
	}
	return types.NewErr("%v can't be read from %s", key.Value(), describe(operand))
}

// compile parses, checks and plans one expression.
func (c *compiler) compile(path, text string, want wanted) (program, []Problem) {
	if strings.TrimSpace(text) == "" {
		return program{}, []Problem{{Path: path, Message: "is empty; write an expression that gives " + want.what}}
	}
	parsed, issues := c.env.Parse(text)
	if issues.Err() != nil {
		return program{}, c.problems(path, issues)
	}
	reads := readings(parsed.NativeRep().Expr())
	found := c.knows.unknown(path, parsed.NativeRep(), reads)
	rewrite(parsed.NativeRep())
	checked, issues := c.env.Check(parsed)
	if issues.Err() != nil {
		return program{}, append(found, c.problems(path, issues)...)
	}
	if t := checked.OutputType(); t.Kind() != types.DynKind && !slices.ContainsFunc(want.types, func(w *types.Type) bool { return w.Kind() == t.Kind() }) {
		found = append(found, Problem{Path: path, Line: 1, Column: 1, Message: "gives " + typeName(t.TypeName()) + " where " + want.what + " belongs"})
	}
	p, err := c.env.Program(checked, bounds(checked.NativeRep())...)
	if err != nil {
		found = append(found, Problem{Path: path, Message: err.Error()})
	}
	return program{path: path, text: text, cel: p, reads: reads}, found
}

func (c *compiler) problems(path string, issues *cel.Issues) []Problem {
	var list []Problem
	for _, e := range issues.Errors() {
		p := Problem{Path: path, Message: c.knows.undeclared(e.Message)}
		if e.Location.Line() > 0 {
			p.Line, p.Column = e.Location.Line(), e.Location.Column()+1
		}
		if p.Message != "" {
			list = append(list, p)
		}
	}
	return list
}
