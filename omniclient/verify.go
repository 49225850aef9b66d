package omniclient

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// userOperations is the documented form of an update: path-less replacements,
// the attributes in one object that Omni merges, null to clear. An inactive user
// is activated before the rest and deactivated after it.
func userOperations(p identity.UserPatch) []operation {
	var ops []operation
	if p.Active != nil && *p.Active {
		ops = append(ops, operation{Op: "replace", Path: "active", Value: true})
	}
	names := map[string]string{}
	if p.DisplayName != nil {
		names["displayName"] = *p.DisplayName
	}
	if p.UserName != nil {
		names["userName"] = *p.UserName
	}
	if len(names) > 0 {
		ops = append(ops, operation{Op: "replace", Value: names})
	}
	if len(p.Attributes) > 0 {
		ops = append(ops, operation{Op: "replace", Value: map[string]any{attributeURN: encodeAttributes(p.Attributes)}})
	}
	if p.Active != nil && !*p.Active {
		ops = append(ops, operation{Op: "replace", Path: "active", Value: false})
	}
	return ops
}

// userOperationsByPath is the other form that is in use: one operation for each
// field and attribute.
func userOperationsByPath(p identity.UserPatch) []operation {
	var ops []operation
	if p.Active != nil && *p.Active {
		ops = append(ops, operation{Op: "replace", Value: map[string]bool{"active": true}})
	}
	if p.DisplayName != nil {
		ops = append(ops, operation{Op: "replace", Path: "displayName", Value: *p.DisplayName})
	}
	if p.UserName != nil {
		ops = append(ops, operation{Op: "replace", Path: "userName", Value: *p.UserName})
	}
	for _, name := range slices.Sorted(maps.Keys(p.Attributes)) {
		op := "replace"
		if p.Attributes[name] == nil {
			op = "remove"
		}
		ops = append(ops, operation{Op: op, Path: attributeURN + ":" + name, Value: encodeOptional(p.Attributes[name])})
	}
	if p.Active != nil && !*p.Active {
		ops = append(ops, operation{Op: "replace", Value: map[string]bool{"active": false}})
	}
	return ops
}

// settleUser compares the answer to a write with what was wanted. What Omni
// ignored is asked for once more, by path, and is refused when that is ignored too.
func (c *Client) settleUser(ctx context.Context, op string, want identity.UserPatch, r userRecord) (identity.Account, error) {
	a, err := c.complete(ctx, op, want, r)
	if err != nil {
		return a, err
	}
	left := unmet(want, a, c.definitions())
	if isEmpty(left) {
		return a, nil
	}
	r, err = c.patchUser(ctx, op, a.ID, userOperationsByPath(left))
	if err == nil {
		var again identity.Account
		if again, err = c.complete(ctx, op, left, r); err == nil {
			a, left = again, unmet(want, again, c.definitions())
		}
	}
	switch {
	case err != nil && !fault.Is(err, fault.Refused) && !fault.Is(err, fault.Conflict):
		return a, err
	case isEmpty(left):
		return a, nil
	}
	return a, &fault.Error{
		Kind: fault.Refused, Op: op, Detail: "Omni ignored " + strings.Join(names(left, a), ", "), Err: err,
		Hint: "An attribute must be defined in Omni under Settings > Attributes by that Reference, with the type and number of values that are sent; one that can't be cleared may have a default there.",
	}
}

// complete gives the user after a write: from the answer when that tells all
// that was written, else by reading it back. An answer that leaves the
// attributes out, where none were written, is an account without any word on them.
func (c *Client) complete(ctx context.Context, op string, want identity.UserPatch, r userRecord) (identity.Account, error) {
	if r.UserName == "" || len(r.Active) == 0 || len(want.Attributes) > 0 && r.Attributes == nil {
		r, err := c.readUser(ctx, r.ID)
		if err != nil {
			return identity.Account{}, err
		}
		return accountOf(op, r)
	}
	a, err := accountOf(op, r)
	if r.Attributes == nil {
		a.Attributes = nil
	}
	return a, err
}

// unmet is the part of want that a doesn't show. A cleared attribute shows no
// value, an empty text, or its default; one that is set to its default may show none.
func unmet(want identity.UserPatch, a identity.Account, defined identity.Definitions) identity.UserPatch {
	left := identity.UserPatch{Attributes: map[string]*identity.Value{}}
	if want.UserName != nil && identity.FoldUserName(*want.UserName) != identity.FoldUserName(a.UserName) {
		left.UserName = want.UserName
	}
	if want.DisplayName != nil && *want.DisplayName != a.DisplayName {
		left.DisplayName = want.DisplayName
	}
	if want.Active != nil && *want.Active != a.Active {
		left.Active = want.Active
	}
	for name, v := range want.Attributes {
		var wanted identity.Value
		if v != nil {
			wanted = *v
		}
		got := a.Attributes[name]
		if !defined.Same(name, wanted, got) && (v != nil || got != `""`) {
			left.Attributes[name] = v
		}
	}
	return left
}

func isEmpty(p identity.UserPatch) bool {
	return p.UserName == nil && p.DisplayName == nil && p.Active == nil && len(p.Attributes) == 0
}

// names lists what was left out, with what stands there instead.
func names(left identity.UserPatch, a identity.Account) []string {
	var out []string
	if left.UserName != nil {
		out = append(out, fmt.Sprintf("userName (it is %q)", clip(a.UserName)))
	}
	if left.DisplayName != nil {
		out = append(out, fmt.Sprintf("displayName (it is %q)", clip(a.DisplayName)))
	}
	if left.Active != nil {
		out = append(out, fmt.Sprintf("active (it is %t)", a.Active))
	}
	for _, name := range slices.Sorted(maps.Keys(left.Attributes)) {
		now := "it has no value"
		if v, ok := a.Attributes[name]; ok {
			now = "it is " + clip(string(v))
		}
		out = append(out, fmt.Sprintf("attribute %s (%s)", name, now))
	}
	return out
}
