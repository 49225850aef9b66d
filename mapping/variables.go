package mapping

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/env"
)

// variable is one name that expressions know.
type variable struct {
	name    string
	kind    *cel.Type
	members []string // the fields that it has; nil: any
}

// vocabulary is what the expressions of some keys may read.
type vocabulary struct {
	where     string // the keys, for a person
	variables []variable
}

// ofUsers is what expressions about a user know.
func ofUsers() vocabulary {
	record := cel.MapType(cel.StringType, cel.DynType)
	return vocabulary{"users.*", []variable{
		{"user", record, nil},
		{"app", record, nil},
		{"okta", record, []string{"id", "login", "profile", "status"}},
		{"assignment", record, []string{"scope", "userName"}},
		{groupsVariable, cel.ListType(cel.StringType), nil},
	}}
}

// groupsVariable names the groups that a user is in.
const groupsVariable = "groups"

// ofGroups is what the expression about a group knows.
func ofGroups() vocabulary {
	return vocabulary{groupKey, []variable{{"group", cel.MapType(cel.StringType, cel.DynType), []string{"id", "name", "type"}}}}
}

// ofLeavers is what an expression about who takes over knows: of somebody who isn't
// assigned any more there is no app user, and no group that is synced.
func ofLeavers() vocabulary {
	v := vocabulary{candidatesKey, nil}
	for _, known := range ofUsers().variables {
		if known.name == "user" || known.name == "okta" {
			v.variables = append(v.variables, known)
		}
	}
	return v
}

func (v vocabulary) names() []string {
	names := make([]string, len(v.variables))
	for i, known := range v.variables {
		names[i] = known.name
	}
	return names
}

func (v vocabulary) find(name string) (variable, bool) {
	i := slices.IndexFunc(v.variables, func(k variable) bool { return k.name == name })
	if i < 0 {
		return variable{}, false
	}
	return v.variables[i], true
}

// unknown finds what the readings name and isn't there, though the checker would
// take it or say less: variables that belong to other keys, and fields of those
// whose fields are fixed, which would otherwise be null for everybody.
func (v vocabulary) unknown(path string, tree *ast.AST, found []reading) []Problem {
	var list []Problem
	add := func(id int64, message string) {
		p := Problem{Path: path, Message: message}
		if at := tree.SourceInfo().GetStartLocation(id); at.Line() > 0 {
			p.Line, p.Column = at.Line(), at.Column()+1
		}
		list = append(list, p)
	}
	for _, r := range found {
		known, _ := v.find(r.variable)
		if where, foreign := v.foreign(r.variable); foreign {
			add(r.id, fmt.Sprintf("the variable %s is known in %s only; %s", r.variable, where, suggest(r.variable, v.names())))
		} else if known.members != nil && len(r.steps) > 0 {
			if field, isName := r.steps[0].(string); isName && !slices.Contains(known.members, field) {
				add(r.field, fmt.Sprintf("%s has no field %s; %s", r.variable, field, suggest(field, known.members)))
			}
		}
	}
	return list
}

// foreign tells where the variable is known, when that is elsewhere only.
func (v vocabulary) foreign(name string) (where string, ok bool) {
	if _, here := v.find(name); here {
		return "", false
	}
	for _, other := range []vocabulary{ofUsers(), ofGroups()} {
		if _, there := other.find(name); there {
			return other.where, true
		}
	}
	return "", false
}

// undeclared makes the checker's words about an unknown name a person's; "" where
// unknown tells it already.
func (v vocabulary) undeclared(message string) string {
	rest, ok := strings.CutPrefix(message, "undeclared reference to '")
	if !ok {
		return message
	}
	name, _, _ := strings.Cut(rest, "'")
	name, _, _ = strings.Cut(name, ".")
	if _, foreign := v.foreign(name); foreign {
		return ""
	}
	return strings.Replace(message, " (in container '')", "", 1)
}

// suggest gives the candidate that is nearest, where one is near, and all of them.
func suggest(name string, candidates []string) string {
	best, bound := "", max(2, len(name)/3)+1
	for _, c := range candidates {
		if d := env.EditDistance(strings.ToLower(name), strings.ToLower(c)); d < bound && d < len(c) {
			best, bound = c, d
		}
	}
	all := "known here: " + strings.Join(candidates, ", ")
	if best == "" {
		return all
	}
	return "did you mean '" + best + "'? (" + all + ")"
}
