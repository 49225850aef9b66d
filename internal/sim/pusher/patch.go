package pusher

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// operation is one entry of Operations.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

func (s Style) op(name, path string, value any) operation {
	if s.Capitals {
		name = strings.ToUpper(name[:1]) + name[1:]
	}
	return operation{Op: name, Path: path, Value: value}
}

// patch is the body of a PATCH.
func patch(ops ...operation) Resource {
	return Resource{"schemas": []any{patchSchema}, "Operations": ops}
}

// setActive activates or deactivates a user.
func (s Style) setActive(active bool) Resource {
	var value any = active
	if s.TextBooleans {
		value = map[bool]string{true: "True", false: "False"}[active]
	}
	if s.PathActive {
		return patch(s.op("replace", "active", value))
	}
	return patch(s.op("replace", "", map[string]any{"active": value}))
}

func (s Style) setPassword(password string) Resource {
	return patch(s.op("replace", "", map[string]any{"password": password}))
}

// setName names a group, which Okta does without a path, with the id beside the name.
func (s Style) setName(id, name string) operation {
	return s.op("replace", "", map[string]any{"id": id, "displayName": name})
}

// change is what a PATCH brings about in a group.
type change struct {
	id, name string
	before   map[string]member
	after    map[string]member
	whole    bool // the list is said in full, whatever was pushed before
}

// requests are the bodies that bring a group from one state to the other, in order.
func (s Style) requests(c change) []Resource {
	name := s.setName(c.id, c.name)
	members := s.members(c)
	switch {
	case s.Members == MembersInValue:
		return []Resource{patch(members...)} // the name is in it
	case len(members) == 0:
		return []Resource{patch(name)}
	case s.OneRequest:
		return []Resource{patch(append([]operation{name}, members...)...)}
	default:
		return []Resource{patch(name), patch(members...)}
	}
}

func (s Style) members(c change) []operation {
	if s.Members == MembersInValue {
		value := map[string]any{"id": c.id, "displayName": c.name, "members": list(c.after, s)}
		return []operation{s.op("replace", "", value)}
	}
	joined, left := difference(c.after, c.before), difference(c.before, c.after)
	if c.whole || s.Members == MembersWhole && len(joined)+len(left) > 0 {
		return []operation{s.op("replace", "members", list(c.after, s))}
	}
	ops := s.removals(left)
	if len(joined) == 0 {
		return ops
	}
	if s.Members == MembersPathless {
		return append(ops, s.op("add", "", map[string]any{"members": list(joined, s)}))
	}
	return append(ops, s.op("add", "members", list(joined, s)))
}

// removals are one operation for each leaver, but for Entra's form, which has one for all.
func (s Style) removals(left map[string]member) []operation {
	var ops []operation
	if s.Members == MembersByValue && len(left) > 0 {
		gone := []any{}
		for _, id := range slices.Sorted(maps.Keys(left)) {
			gone = append(gone, map[string]any{"value": left[id].id})
		}
		return append(ops, s.op("remove", "members", gone))
	}
	for _, id := range slices.Sorted(maps.Keys(left)) {
		ops = append(ops, s.op("remove", fmt.Sprintf("members[value eq %q]", left[id].id), nil))
	}
	return ops
}

// difference is what a has and b has not, by SCIM id: a person whose id changed leaves and joins.
func difference(a, b map[string]member) map[string]member {
	rest := map[string]member{}
	for key, m := range a {
		if b[key].id != m.id {
			rest[key] = m
		}
	}
	return rest
}
