package mapping

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

// rewrite changes a parsed expression in three places. Chained selections become
// null-safe: user.address.city is null, not an error, where there is no
// address. Comprehensions go over maps in a fixed order. A condition may give null
// on one side and something else on the other.
func rewrite(tree *ast.AST) {
	r := rewriter{ast.NewExprFactory(), ast.MaxID(tree)}
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.ComprehensionKind {
			r.order(e)
			return
		}
		if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Conditional {
			r.allowNull(e.AsCall().Args()[1:])
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

// allowNull takes its type off a null that is written out. The checker wants both
// sides of a condition to be of one type.
func (r *rewriter) allowNull(sides []ast.Expr) {
	for _, e := range sides {
		if e.Kind() == ast.LiteralKind && e.AsLiteral() == types.NullValue {
			null := r.factory.NewLiteral(r.id(), types.NullValue)
			e.SetKindCase(r.factory.NewCall(e.ID(), overloads.TypeConvertDyn, null))
		}
	}
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
