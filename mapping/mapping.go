// Package mapping turns an Okta assignment into what Omni receives, by the CEL
// expressions of the configuration: scope, display name, user attributes, and the
// names of groups.
//
// An expression about a user sees five variables: user (the Okta profile overlaid
// by each app-profile key whose value isn't null), app (the app profile alone), okta
// (id, status, login, profile), assignment (scope, userName) and groups (Okta's names
// of the pushed groups that the user is in). The one about a group sees group (id,
// name, type), those about who takes over from a leaver user (the Okta profile alone)
// and okta. A missing or null field is absent: has() is false, reading it gives
// null, and so does reading a field of what is null. or(x, y) gives x unless it is
// absent or empty; cut(x, n) gives the first n characters. The rules are those of
// "What a user becomes" in the semantics.
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

// Rules are the expressions as they stand in the configuration: under users,
// groups.name, and deprovision.handover.to.
type Rules struct {
	Scope       string            // must give true or false
	DisplayName string            // "": displayName, else first and last name, else userName
	Attributes  map[string]string // by Omni's reference of the user attribute
	GroupName   string            // "": group.name, as Okta has it
	Candidates  []string          // who takes over from a leaver: addresses and expressions
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
	groupName   *program // nil: Okta's name
	candidates  []candidate
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

// The keys whose expressions are compiled, besides those of the attributes.
const (
	scopeKey       = "users.scope"
	displayNameKey = "users.display_name"
	attributesKey  = "users.attributes."
	groupKey       = "groups.name"
)

// defaultGroupName is what groups.name is where nobody set it.
const defaultGroupName = "group.name"

// Compile checks the rules and prepares them. All problems are told at once, in
// the order of the keys; with any there is no Mapper.
func Compile(rules Rules) (*Mapper, []Problem) {
	c, err := newCompiler(ofUsers())
	if err != nil {
		return nil, []Problem{{Path: "users", Message: err.Error()}}
	}
	m := &Mapper{names: slices.Sorted(maps.Keys(rules.Attributes)), fingerprint: fingerprint(rules)}
	var problems []Problem
	m.scope, problems = c.compile(scopeKey, rules.Scope, wantBool)
	if strings.TrimSpace(rules.DisplayName) != "" {
		p, found := c.compile(displayNameKey, rules.DisplayName, wantText)
		m.displayName, problems = &p, append(problems, found...)
	}
	for _, name := range m.names {
		path := attributesKey + name
		if message := checkAttribute(name); message != "" {
			problems = append(problems, Problem{Path: path, Message: message})
		}
		p, found := c.compile(path, rules.Attributes[name], wantValue)
		m.attributes, problems = append(m.attributes, attribute{name, p}), append(problems, found...)
	}
	problems = append(problems, m.compileGroupName(rules)...)
	if problems = append(problems, m.compileCandidates(rules.Candidates)...); len(problems) > 0 {
		return nil, problems
	}
	return m, nil
}

func (m *Mapper) compileGroupName(rules Rules) []Problem {
	text := rules.ownGroupName()
	if text == "" {
		return nil
	}
	c, err := newCompiler(ofGroups())
	if err != nil {
		return []Problem{{Path: groupKey, Message: err.Error()}}
	}
	p, found := c.compile(groupKey, text, wantText)
	m.groupName = &p
	return found
}

// ownGroupName gives the expression of groups.name, "" for the default however it
// is said.
func (r Rules) ownGroupName() string {
	if strings.TrimSpace(r.GroupName) == defaultGroupName || strings.TrimSpace(r.GroupName) == "" {
		return ""
	}
	return r.GroupName
}

// fingerprint leaves out a group name that is the default, as it was before there
// was another.
func fingerprint(rules Rules) identity.Fingerprint {
	attributes := rules.Attributes
	if attributes == nil {
		attributes = map[string]string{} // none is none, however it is said
	}
	return identity.FingerprintOf(struct {
		Meaning            int
		Scope, DisplayName string
		Attributes         map[string]string
		GroupName          string `json:",omitempty"`
	}{meaning, rules.Scope, rules.DisplayName, attributes, rules.ownGroupName()})
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

// UsesGroups reports whether any expression about users reads groups, so that
// Assignment.Groups must be known before Map is called.
func (m *Mapper) UsesGroups() bool {
	for _, p := range m.programs() {
		if slices.ContainsFunc(p.reads, func(r reading) bool { return r.variable == groupsVariable }) {
			return true
		}
	}
	return false
}

// programs gives the expressions about users, in the order of the keys.
func (m *Mapper) programs() []program {
	list := []program{m.scope}
	if m.displayName != nil {
		list = append(list, *m.displayName)
	}
	for _, a := range m.attributes {
		list = append(list, a.program)
	}
	return list
}

// GroupName gives the name that a group shall have in Omni, by the id, name and type
// that g has. It may be longer than Omni takes. An error is a fault of kind Doubt.
func (m *Mapper) GroupName(g identity.Group) (string, error) {
	name := g.Name
	if m.groupName != nil {
		v, err := m.groupName.run(newGroupInput(g))
		if err != nil {
			return "", err
		}
		text, isText := v.(types.String)
		if !isText && v != types.NullValue {
			return "", m.groupName.doubt("gives "+describe(v)+" where text belongs", "use string(...)")
		}
		name = string(text)
	}
	if name = strings.TrimSpace(name); name == "" {
		return "", doubt(groupKey, fmt.Sprintf("gives no name for Okta's group %s (%q)", g.ID, g.Name), "a name can be put in its place: or(..., group.name)")
	}
	return name, nil
}

// Map tells whether the user is in scope, and the canonical user; outside the
// scope the user is empty. An error is a fault of kind Doubt that names the key
// whose expression failed: nothing may be concluded about this user.
func (m *Mapper) Map(a identity.Assignment) (identity.User, bool, error) {
	if err := readable(a); err != nil {
		return identity.User{}, false, err
	}
	in := newInput(a)
	if inScope, err := m.inScope(in); err != nil || !inScope {
		return identity.User{}, false, err
	}
	u := identity.User{UserName: strings.TrimSpace(a.UserName), Attributes: make(map[string]identity.Value, len(m.attributes))}
	var err error
	if u.DisplayName, err = m.name(in, u.UserName); err != nil {
		return identity.User{}, false, err
	}
	for _, attribute := range m.attributes {
		v, present, err := attribute.value(in)
		if err != nil {
			return identity.User{}, false, err
		}
		if present {
			u.Attributes[attribute.name] = v
		}
	}
	return u, true, nil
}

func readable(a identity.Assignment) error {
	if a.Profile == nil {
		return doubt("users", "the Okta profile of "+string(a.ID)+" could not be read", "")
	}
	return nil
}

func (m *Mapper) inScope(in *input) (bool, error) {
	v, err := m.scope.run(in)
	if err != nil {
		return false, err
	}
	inScope, ok := v.(types.Bool)
	if !ok {
		return false, m.scope.doubt("gives "+describe(v)+" where true or false belongs", orHint)
	}
	return bool(inScope), nil
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

// value gives the attribute's value in canonical form; the second result is false
// where there is none.
func (a attribute) value(in *input) (identity.Value, bool, error) {
	result, err := a.program.run(in)
	if err != nil {
		return "", false, err
	}
	plain, err := toPlain(result)
	if err != nil {
		return "", false, a.program.doubt(err.Error(), "")
	}
	v, present, err := identity.NewValue(plain)
	if err != nil {
		return "", false, a.program.doubt(err.Error(), "")
	}
	return v, present, nil
}
