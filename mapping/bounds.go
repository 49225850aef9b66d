package mapping

import (
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
)

// bounds limits the work and the memory of one evaluation, where they need it:
// counting takes several times as long as the work itself. An expression needs no
// limit whose work grows with its text and its input alone: each of its functions
// gives no more than it takes, and no loop stands in a loop. Memory is counted only
// where a loop can name a value and double it over and over.
func bounds(tree *ast.AST) []cel.ProgramOption {
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	loops := ast.MatchDescendants(ast.NavigateAST(tree), ast.KindMatcher(ast.ComprehensionKind))
	if steady(tree.Expr(), "", false) {
		return options
	}
	options = append(options, cel.CostLimit(maxCost))
	if len(loops) > 0 {
		options = append(options, cel.MemoryLimit(maxMemory))
	}
	return options
}

// modest are the functions that give no more than they take, in time that grows
// with what they take. Others, such as replace, may be called on their own result
// until no memory is left.
func modest() []string {
	return []string{
		operators.Conditional, operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.NotStrictlyFalse,
		operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals,
		operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo, operators.Negate, operators.In, operators.Index,
		overloads.Size, overloads.TypeConvertInt, overloads.TypeConvertUint, overloads.TypeConvertDouble, overloads.TypeConvertBool,
		overloads.TypeConvertString, overloads.TypeConvertDyn, overloads.TypeConvertType,
		overloads.Contains, overloads.StartsWith, overloads.EndsWith,
		"lowerAscii", "upperAscii", "trim", "substring", "charAt", "indexOf", "lastIndexOf", "split",
		"or", "cut", readFunction, orderFunction,
	}
}

// steady reports whether the work of e needs no limit. Within a loop result is the
// name under which it gathers what it gives: nothing else may be added to there.
func steady(e ast.Expr, result string, inLoop bool) bool {
	all := func(list []ast.Expr) bool {
		return !slices.ContainsFunc(list, func(e ast.Expr) bool { return !steady(e, result, inLoop) })
	}
	switch e.Kind() {
	case ast.LiteralKind, ast.IdentKind:
		return true
	case ast.SelectKind:
		return steady(e.AsSelect().Operand(), result, inLoop)
	case ast.ListKind:
		return all(e.AsList().Elements()) && (!inLoop || isWrittenOut(e.AsList()))
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		return !inLoop && all([]ast.Expr{c.IterRange(), c.AccuInit(), c.Result()}) &&
			steady(c.LoopCondition(), c.AccuVar(), true) && steady(c.LoopStep(), c.AccuVar(), true)
	case ast.CallKind:
		return steadyCall(e.AsCall(), result, inLoop, all)
	default:
		return false
	}
}

// isWrittenOut reports whether a list holds none but literals: it can't grow.
func isWrittenOut(list ast.ListExpr) bool {
	return !slices.ContainsFunc(list.Elements(), func(e ast.Expr) bool { return e.Kind() != ast.LiteralKind })
}

func steadyCall(c ast.CallExpr, result string, inLoop bool, all func([]ast.Expr) bool) bool {
	args := c.Args()
	switch name := c.FunctionName(); {
	case name == operators.Add && inLoop:
		return gathers(args, result) && all(gathered(args[1]))
	case name == overloads.Matches: // one written out is compiled once
		if args[len(args)-1].Kind() != ast.LiteralKind {
			return false
		}
	case name != operators.Add && !slices.Contains(modest(), name):
		return false
	}
	if c.IsMemberFunction() && !all([]ast.Expr{c.Target()}) {
		return false
	}
	return all(args)
}

// gathers reports whether a sum is the loop's own: what it has, and one more.
func gathers(args []ast.Expr, result string) bool {
	return args[0].Kind() == ast.IdentKind && args[0].AsIdent() == result
}

// gathered gives what a loop adds to what it has.
func gathered(e ast.Expr) []ast.Expr {
	if e.Kind() == ast.ListKind {
		return e.AsList().Elements()
	}
	return []ast.Expr{e}
}
