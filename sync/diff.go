package sync

import (
	"slices"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// diffUser gives what must change in Omni so that was becomes want. Only the
// managed attributes are looked at. What is the same, and what is none, is said
// by Omni's definition of the attribute, where it is known.
//
//	want     was           patch
//	value    the same      nothing
//	value    other, none   the value
//	none     none          nothing
//	none     value         clear it, unless it was left alone at adoption
func diffUser(was state.User, want identity.User, policy Policy) identity.UserPatch {
	var p identity.UserPatch
	if identity.FoldUserName(was.UserName) != identity.FoldUserName(want.UserName) {
		p.UserName = &want.UserName
	}
	if was.DisplayName != want.DisplayName {
		p.DisplayName = &want.DisplayName
	}
	for _, name := range policy.Attributes {
		old, now := was.Attributes[name], want.Attributes[name]
		switch {
		case old == now, now != `""` && policy.Definitions.Same(name, old, now): // an empty text of Okta's is none in Omni, and refused
		case now != "":
			set(&p, name, &now)
		case !slices.Contains(was.Kept, name):
			set(&p, name, nil)
		}
	}
	return p
}

func set(p *identity.UserPatch, name string, v *identity.Value) {
	if p.Attributes == nil {
		p.Attributes = map[string]*identity.Value{}
	}
	p.Attributes[name] = v
}

func isEmpty(p identity.UserPatch) bool {
	return p.UserName == nil && p.DisplayName == nil && p.Active == nil && len(p.Attributes) == 0
}
