package check

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/identity"
)

// configSide is the configuration, beside what both sides showed.
type configSide struct {
	sheet
	config Config
	okta   *oktaSide
	omni   *omniSide

	people []identity.Assignment // those of the first page who can be read whole; in scope, once that is known
	unread int
}

// The paths of expressions that are judged in ways of their own.
const (
	scopePath     = "users.scope"
	attributePath = "users.attributes."
)

func (c *configSide) run(ctx context.Context) {
	c.group = "Configuration"
	c.read()
	c.take(ctx, step{"secrets", "secrets", nil, c.checkSecrets})
	for _, e := range c.config.Expressions {
		c.take(ctx, step{e.Path, e.Path, nil, func(context.Context) Finding { return c.judge(e) }})
	}
	if c.okta.source == fromMatch && len(c.config.Match) > 0 {
		c.take(ctx, step{"groups.match", "groups.match", nil, c.checkMatch})
	}
	if len(c.config.Heirs) > 0 {
		c.take(ctx, step{heirsKey, heirsKey, nil, c.checkHeirs})
	}
}

// read opens the profiles of the first page, of those whom a run would map.
func (c *configSide) read() {
	for _, p := range c.okta.people {
		if s := p.Standing(); s != identity.Assigned && s != identity.Suspended {
			continue
		}
		a, err := p.Whole()
		if err != nil || a.Profile == nil {
			c.unread++
			continue
		}
		c.people = append(c.people, a)
	}
}

func (c *configSide) checkSecrets(context.Context) Finding {
	var open []string
	for _, s := range c.config.Secrets {
		if s.Mode&0o004 != 0 {
			open = append(open, fmt.Sprintf("%s (%s)", s.File, s.Path))
		}
	}
	if len(open) == 0 {
		return good("no file that holds one is readable by everyone")
	}
	return Finding{}.warn("everyone on this machine can read "+strings.Join(open, ", "),
		fmt.Sprintf("chmod o-rwx those files, such as to mode %#o", fs.FileMode(0o600)))
}

// tried is what an expression gave for the people of the first page.
type tried struct {
	some, none, failed int
	first              error
	values             []identity.Value // without the absent
}

func (c *configSide) try(e Expression) tried {
	var t tried
	for _, a := range c.people {
		switch v, present, err := e.Eval(a); {
		case err != nil:
			t.failed++
			if t.first == nil {
				t.first = err
			}
		case !present:
			t.none++
		default:
			t.some++
			t.values = append(t.values, v)
		}
	}
	return t
}

// judged tells what holds for every expression: whether there is anybody to try
// it on, and whether it fails. done is false where there is more to look at.
func (c *configSide) judged(e Expression, t tried) (f Finding, done bool) {
	switch n := len(c.people); {
	case e.Groups:
		return skipped("it reads the user's groups: syncd mapping test EMAIL tries it"), true
	case !c.okta.passed(idUsers):
		return skipped("not known without assigned users"), true
	case n == 0 && c.unread > 0:
		return skipped("no profile of an assigned user could be read"), true
	case n == 0:
		return skipped("there is no user in scope to try it on"), true
	case t.failed == n:
		return good("fails for all %d users", n).fail(t.first.Error(), "correct "+e.Path+": nothing is written for a user for whom it fails"), true
	case t.failed > 0:
		return good("fails for %d of %d users", t.failed, n).warn(t.first.Error(), "correct "+e.Path+", such as with or(..., \"\") or has(...): nothing is written for a user for whom it fails"), true
	}
	return Finding{}, false
}

// judge tries one expression. The scope comes first: who is outside is nobody to
// try the others on.
func (c *configSide) judge(e Expression) Finding {
	switch {
	case e.Path == scopePath:
		return c.checkScope(e)
	case strings.HasPrefix(e.Path, attributePath):
		return c.checkAttribute(e)
	case strings.HasPrefix(e.Path, heirsKey):
		return c.checkHeir(e)
	default:
		return c.checkName(e)
	}
}

func (c *configSide) checkScope(e Expression) Finding {
	t := c.try(e)
	f, done := c.judged(e, t)
	if e.Groups {
		return f
	}
	looked := c.looked()
	c.people = slices.DeleteFunc(c.people, func(a identity.Assignment) bool {
		v, present, err := e.Eval(a)
		return err != nil || !present || v != `"true"`
	})
	if done {
		return f
	}
	f = good("%d of %s are in scope", len(c.people), looked)
	if len(c.people) > 0 {
		return f
	}
	const remedy = "compare users.scope with the profile of a user in the Okta admin console (Directory > People > a user > Profile): who is outside counts as unassigned"
	if c.okta.more {
		return f.warn("nobody on the first page is in scope", remedy)
	}
	return f.fail("nobody is in scope: nobody would get an account, and those who have one would lose it", remedy)
}

func (c *configSide) checkName(e Expression) Finding {
	t := c.try(e)
	if f, done := c.judged(e, t); done {
		return f
	}
	f := good("gives something for %d of %s", t.some, c.looked())
	if t.some > 0 {
		return f
	}
	return f.warn("the fallbacks are used for everyone: displayName, else first and last name, else userName",
		"compare "+e.Path+" with the profile of a user in the Okta admin console (Directory > People > a user > Profile)")
}

func (c *configSide) looked() string {
	return atLeast(len(c.people), "user", false)
}

// checkMatch looks for what each pattern selects among the groups of the first page.
func (c *configSide) checkMatch(context.Context) Finding {
	if !c.okta.passed(idGroups) {
		return skipped("not known without groups")
	}
	var idle []string
	for _, pattern := range c.config.Match {
		if !slices.ContainsFunc(c.okta.all, func(g identity.Group) bool { return c.config.Matches(pattern, g) }) {
			idle = append(idle, pattern)
		}
	}
	f := good("%s selected", counted(len(c.okta.groups), "group"))
	if len(idle) == 0 {
		return f
	}
	if c.okta.allMore {
		return f.warn(fmt.Sprintf("none of the first %d groups is selected by %s; further groups weren't looked at", len(c.okta.all), quoted(idle)), "")
	}
	remedy := "names and globs are compared with the names under Directory > Groups in the Okta admin console, letter for letter"
	names := make([]string, len(c.okta.all))
	for i, g := range c.okta.all {
		names[i] = g.Name
	}
	if near := nearest(idle[0], names); near != "" {
		remedy = fmt.Sprintf("did you mean %q? ", near) + capital(remedy)
	}
	if len(idle) == len(c.config.Match) {
		return f.fail("no group is selected by "+quoted(idle), remedy)
	}
	return f.warn("no group is selected by "+quoted(idle), remedy)
}

func quoted(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(out, ", ")
}
