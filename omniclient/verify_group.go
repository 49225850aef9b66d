package omniclient

import (
	"fmt"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// size counts what p changes.
func size(p identity.TeamPatch) int {
	n := len(p.Add) + len(p.Remove)
	if p.DisplayName != nil {
		n++
	}
	return n
}

// unmetGroup is the part of p that t doesn't show.
func unmetGroup(p identity.TeamPatch, t identity.Team) identity.TeamPatch {
	var left identity.TeamPatch
	if p.DisplayName != nil && *p.DisplayName != t.DisplayName {
		left.DisplayName = p.DisplayName
	}
	there := make(map[identity.OmniID]bool, len(t.Members))
	for _, m := range t.Members {
		there[m] = true
	}
	left.Add = slices.DeleteFunc(slices.Clone(p.Add), func(m identity.OmniID) bool { return there[m] })
	left.Remove = slices.DeleteFunc(slices.Clone(p.Remove), func(m identity.OmniID) bool { return !there[m] })
	return left
}

// ignored is the refusal of what t doesn't show of p; nil when it shows all.
func ignored(op string, p identity.TeamPatch, t identity.Team) error {
	left := unmetGroup(p, t)
	var out []string
	if left.DisplayName != nil {
		out = append(out, fmt.Sprintf("displayName (it is %q)", clip(t.DisplayName)))
	}
	if n := len(left.Add); n > 0 {
		out = append(out, fmt.Sprintf("the addition of %d members, such as %s", n, left.Add[0]))
	}
	if n := len(left.Remove); n > 0 {
		out = append(out, fmt.Sprintf("the removal of %d members, such as %s", n, left.Remove[0]))
	}
	if out == nil {
		return nil
	}
	return &fault.Error{Kind: fault.Refused, Op: op, Detail: "Omni ignored " + strings.Join(out, ", ")}
}
