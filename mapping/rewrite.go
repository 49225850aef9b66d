package mapping

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// unknownMembers finds fields of okta and assignment that don't exist, which
// would otherwise be null for every user.
func unknownMembers(path string, tree *ast.AST) []Problem {
	var list []Problem
	ast.PreOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.SelectKind || e.AsSelect().Operand().Kind() != ast.IdentKind {
			return
		}
		variable, field := e.AsSelect().Operand().AsIdent(), e.AsSelect().FieldName()
		known := members(variable)
		if known == nil || slices.Contains(known, field) {
			return
		}
		at := tree.SourceInfo().GetStartLocation(e.ID())
		list = append(list, Problem{Path: path, Line: at.Line(), Column: at.Column() + 1,
			Message: fmt.Sprintf("%s has no field %s; it has %s", variable, field, strings.Join(known, ", "))})
	}))
	return list
}

// rewrite changes a parsed expression in two places. Chained selections become
// null-safe: user.address.city is null, not an error, where there is no
// address. Comprehensions go over maps in a fixed order.
func rewrite(tree *ast.AST) {
	r := rewriter{ast.NewExprFactory(), ast.MaxID(tree)}
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.ComprehensionKind {
			r.order(e)
			return
		}
		if operand, key := r.chained(e); operand != nil {
			e.SetKindCase(r.factory.NewCall(e.ID(), readFunction, operand, key))
		}
	}))
}

type rewriter struct {
	factory ast.ExprFactory
	last    int64 // id in use
}

func (r *rewriter) id() int64 {
	r.last++
	return r.last
}

func (r *rewriter) order(e ast.Expr) {
	c := e.AsComprehension()
	ordered := r.factory.NewCall(r.id(), orderFunction, c.IterRange())
	e.SetKindCase(r.factory.NewComprehension(e.ID(), ordered, c.IterVar(), c.AccuVar(),
		c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()))
}

// chained gives operand and key of a selection or index on what was itself read
// from somewhere; nil for anything else.
func (r *rewriter) chained(e ast.Expr) (operand, key ast.Expr) {
	switch {
	case e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly():
		operand, key = e.AsSelect().Operand(), r.factory.NewLiteral(r.id(), types.String(e.AsSelect().FieldName()))
	case e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Index:
		operand, key = e.AsCall().Args()[0], e.AsCall().Args()[1]
	default:
		return nil, nil
	}
	isRead := operand.Kind() == ast.SelectKind
	if operand.Kind() == ast.CallKind {
		name := operand.AsCall().FunctionName()
		isRead = name == readFunction || name == operators.Index || name == "or"
	}
	if !isRead {
		return nil, nil
	}
	return operand, key
}
