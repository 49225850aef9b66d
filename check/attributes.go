package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/identity"
)

// checkAttribute compares one entry of users.attributes with Omni's definition,
// and with the values that it gives.
func (c *configSide) checkAttribute(e Expression) Finding {
	name := strings.TrimPrefix(e.Path, attributePath)
	def, f, done := c.definition(name)
	if done {
		return f
	}
	t := c.try(e)
	if f, done := c.judged(e, t); done {
		return f
	}
	f = good("a value for %d of %s", t.some, c.looked())
	if def != nil {
		if problem, remedy := unfit(*def, t.values); problem != "" {
			return f.fail(problem, remedy)
		}
	}
	switch {
	case t.some == 0:
		return f.warn("it gives nobody a value", fmt.Sprintf("compare %s with the profile of a user in the Okta admin console (Directory > People > a user > Profile)", e.Path))
	case def != nil && def.Default != "" && t.none > 0:
		return f.warn(fmt.Sprintf("who has no value gets Omni's default, %s", def.Default),
			"if that shows them too much, give them a value, such as with or(user.x, \"none\"), or remove the default in Omni under Settings > Attributes > "+name)
	}
	return f
}

// definition finds Omni's definition; nil where Omni doesn't show any.
func (c *configSide) definition(name string) (*identity.Definition, Finding, bool) {
	if c.omni.attributes == nil {
		return nil, Finding{}, false
	}
	i := slices.IndexFunc(c.omni.attributes, func(a identity.Definition) bool { return a.Name == name })
	if i < 0 {
		return nil, c.undefined(name), true
	}
	def := c.omni.attributes[i]
	if def.System {
		return nil, Finding{}.fail(fmt.Sprintf("%s is one of Omni's own attributes, which can't be written", name),
			fmt.Sprintf("define an attribute of your own in Omni under Settings > Attributes, and name it in place of %s", name)), true
	}
	return &def, Finding{}, false
}

func (c *configSide) undefined(name string) Finding {
	var names []string
	for _, a := range c.omni.attributes {
		if !a.System {
			names = append(names, a.Name)
		}
	}
	remedy := fmt.Sprintf("in Omni, Settings > Attributes: create one with the Reference %s. The Reference counts, not the Name", name)
	if near := nearest(name, names); near != "" {
		remedy = fmt.Sprintf("did you mean %s? Else %s", near, remedy)
	}
	return Finding{}.fail(fmt.Sprintf("Omni has no user attribute %s, and ignores what it doesn't know", name), remedy)
}

// unfit tells which of the values Omni wouldn't take.
func unfit(def identity.Definition, values []identity.Value) (problem, remedy string) {
	for _, v := range values {
		_, err := def.Fit(v)
		if err == nil {
			continue
		}
		where := fmt.Sprintf("in Omni, Settings > Attributes > %s", def.Name)
		switch list := strings.HasPrefix(string(v), "["); {
		case list && !def.Multiple:
			remedy = where + ": allow multiple values, or choose one in the expression, such as with user.list[0]"
		case def.Number:
			remedy = where + ": make one of type String, or convert in the expression, such as with double(...)"
		default:
			remedy = "give null or a word in its place"
		}
		return fmt.Sprintf("it gives values that Omni doesn't take, such as %s: %v", v, err), remedy
	}
	return "", ""
}

// nearest gives the candidate that word was probably meant to be, "" when none is
// near: a third of the letters may differ.
func nearest(word string, candidates []string) string {
	best, bound := "", max(2, len(word)/3)+1
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < bound && d < len(c) {
			best, bound = c, d
		}
	}
	return best
}

// distance counts the letters to insert, delete or replace between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
