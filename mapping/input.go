package mapping

import (
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/omnisync/omnisync/identity"
)

// input answers CEL's questions for the variables of one user.
type input struct {
	user, app, okta, assignment *fields
	groups                      []string
}

func newInput(a identity.Assignment) *input {
	profile := &fields{base: a.Profile}
	return &input{
		groups: a.Groups,
		user:   &fields{top: a.App, base: a.Profile},
		app:    &fields{base: a.App},
		okta: &fields{base: map[string]any{
			"id":      types.String(a.ID),
			"status":  types.String(a.Account),
			"login":   types.String(a.Login),
			"profile": profile,
		}},
		assignment: &fields{base: map[string]any{
			"scope":    types.String(a.Scope),
			"userName": types.String(strings.TrimSpace(a.UserName)),
		}},
	}
}

// ResolveName gives the variable of that name.
func (in *input) ResolveName(name string) (any, bool) {
	switch name {
	case "user":
		return in.user, true
	case "app":
		return in.app, true
	case "okta":
		return in.okta, true
	case "assignment":
		return in.assignment, true
	case groupsVariable:
		return types.NewStringList(types.DefaultTypeAdapter, in.groups), true
	}
	return nil, false
}

// Parent gives nil: there is no wider scope.
func (in *input) Parent() cel.Activation { return nil }

// groupInput answers CEL's questions for the variable of one group.
type groupInput struct{ group *fields }

func newGroupInput(g identity.Group) groupInput {
	return groupInput{&fields{base: map[string]any{
		"id":   types.String(g.ID),
		"name": types.String(g.Name),
		"type": types.String(g.Type),
	}}}
}

// ResolveName gives the variable of that name.
func (in groupInput) ResolveName(name string) (any, bool) {
	if name == "group" {
		return in.group, true
	}
	return nil, false
}

// Parent gives nil: there is no wider scope.
func (in groupInput) Parent() cel.Activation { return nil }

// text gives a field that is text, trimmed; "" for anything else.
func (f *fields) text(name string) string {
	if v, ok := f.lookup(name); ok {
		if s, isText := v.(string); isText {
			return strings.TrimSpace(s)
		}
	}
	return ""
}
