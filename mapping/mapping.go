// Package mapping turns an Okta assignment into what Omni receives, by the CEL
// expressions of the configuration: scope, display name, user attributes.
//
// An expression sees four variables: user (the Okta profile overlaid by each
// app-profile key whose value isn't null), app (the app profile alone), okta
// (id, status, login, profile) and assignment (scope, userName). A missing or
// null field is absent: has() is false, reading it gives null, and so does
// reading a field of what is null. or(x, y) gives x unless it is absent or
// empty. The rules are those of "What a user becomes" in the semantics.
//
// Compile checks everything that can be known without a user; Map does the
// rest. An expression that fails is doubt about its user, never a value.
package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"

	"github.com/omnisync/omnisync/identity"
)

// Rules are the expressions as they stand in the configuration under users.
type Rules struct {
	Scope       string            // must give true or false
	DisplayName string            // "": displayName, else first and last name, else userName
	Attributes  map[string]string // by Omni's reference of the user attribute
}

// Problem is one thing wrong with the rules.
type Problem struct {
	Path    string // of the key, such as users.attributes.region
	Line    int    // within the expression, from 1; 0 when no place is known
	Column  int    // within the line, from 1; 0 when no place is known
	Message string
}

// String gives the problem on one line.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.Path + ": " + p.Message
	}
	return fmt.Sprintf("%s: line %d, column %d of the expression: %s", p.Path, p.Line, p.Column, p.Message)
}

// Mapper applies compiled rules. It may be used by several goroutines at once.
type Mapper struct {
	scope       program
	displayName *program // nil: the fallbacks alone
	attributes  []attribute
	names       []string
	fingerprint identity.Fingerprint
}

// attribute is the expression of one Omni attribute.
type attribute struct {
	name    string
	program program
}

// systemPrefix begins the references of Omni's own attributes, which can't be
// written through SCIM.
const systemPrefix = "omni_"

// meaning changes when the same expressions would give other results, so that
// an upgrade shows as a changed policy.
const meaning = 1

// Compile checks the rules and prepares them. All problems are told at once, in
// the order of the keys; with any there is no Mapper.
func Compile(rules Rules) (*Mapper, []Problem) {
	c, err := newCompiler()
	if err != nil {
		return nil, []Problem{{Path: "users", Message: err.Error()}}
	}
	m := &Mapper{names: slices.Sorted(maps.Keys(rules.Attributes)), fingerprint: fingerprint(rules)}
	var problems []Problem
	m.scope, problems = c.compile("users.scope", rules.Scope, wantBool)
	if strings.TrimSpace(rules.DisplayName) != "" {
		p, found := c.compile("users.display_name", rules.DisplayName, wantText)
		m.displayName, problems = &p, append(problems, found...)
	}
	for _, name := range m.names {
		path := "users.attributes." + name
		if message := checkAttribute(name); message != "" {
			problems = append(problems, Problem{Path: path, Message: message})
		}
		p, found := c.compile(path, rules.Attributes[name], wantValue)
		m.attributes, problems = append(m.attributes, attribute{name, p}), append(problems, found...)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return m, nil
}

func fingerprint(rules Rules) identity.Fingerprint {
	attributes := rules.Attributes
	if attributes == nil {
		attributes = map[string]string{} // none is none, however it is said
	}
	return identity.FingerprintOf(struct {
		Meaning            int
		Scope, DisplayName string
		Attributes         map[string]string
	}{meaning, rules.Scope, rules.DisplayName, attributes})
}

func checkAttribute(name string) string {
	switch {
	case name == "" || strings.TrimSpace(name) != name:
		return "an attribute is named by its Omni reference, without spaces around it"
	case strings.HasPrefix(strings.ToLower(name), systemPrefix):
		return "is one of Omni's own attributes, which can't be set; remove it, or name an attribute of your own"
	}
	return ""
}

// Attributes names the Omni attributes that are managed, sorted.
func (m *Mapper) Attributes() []string { return slices.Clone(m.names) }

// Fingerprint changes whenever the rules do.
func (m *Mapper) Fingerprint() identity.Fingerprint { return m.fingerprint }

// Map tells whether the user is in scope, and the canonical user; outside the
// scope the user is empty. An error is a fault of kind Doubt that names the key
// whose expression failed: nothing may be concluded about this user.
func (m *Mapper) Map(a identity.Assignment) (identity.User, bool, error) {
	if a.Profile == nil {
		return identity.User{}, false, doubt("users", "the Okta profile of "+string(a.ID)+" could not be read", "")
	}
	in := newInput(a)
	scope, err := m.scope.run(in)
	if err != nil {
		return identity.User{}, false, err
	}
	inScope, ok := scope.(types.Bool)
	if !ok {
		return identity.User{}, false, m.scope.doubt("gives "+describe(scope)+" where true or false belongs", orHint)
	}
	if !inScope {
		return identity.User{}, false, nil
	}
	u := identity.User{UserName: strings.TrimSpace(a.UserName)}
	if u.DisplayName, err = m.name(in, u.UserName); err != nil {
		return identity.User{}, false, err
	}
	if u.Attributes, err = m.values(in); err != nil {
		return identity.User{}, false, err
	}
	return u, true, nil
}

// name gives the display name: the expression's, else Okta's displayName, else
// first and last name, else the userName. Blanks around it are dropped, and
// what is blank counts as nothing.
func (m *Mapper) name(in *input, userName string) (string, error) {
	if m.displayName != nil {
		v, err := m.displayName.run(in)
		if err != nil {
			return "", err
		}
		text, isText := v.(types.String)
		if !isText && v != types.NullValue {
			return "", m.displayName.doubt("gives "+describe(v)+" where text belongs", "use string(...)")
		}
		if s := strings.TrimSpace(string(text)); s != "" {
			return s, nil
		}
	}
	if s := in.user.text("displayName"); s != "" {
		return s, nil
	}
	if s := strings.TrimSpace(in.user.text("firstName") + " " + in.user.text("lastName")); s != "" {
		return s, nil
	}
	return userName, nil
}

func (m *Mapper) values(in *input) (map[string]identity.Value, error) {
	values := make(map[string]identity.Value, len(m.attributes))
	for _, a := range m.attributes {
		result, err := a.program.run(in)
		if err != nil {
			return nil, err
		}
		plain, err := toPlain(result)
		if err != nil {
			return nil, a.program.doubt(err.Error(), "")
		}
		v, present, err := identity.NewValue(plain)
		if err != nil {
			return nil, a.program.doubt(err.Error(), "")
		}
		if present {
			values[a.name] = v
		}
	}
	return values, nil
}
