package okta

import (
	"path"
	"slices"
)

// hides tells whether the role behind the credential leaves the object out of an answer to the call.
func (o *Org) hides(c call, id string) bool {
	k := &o.Knobs
	if !slices.Contains(k.Hidden, id) {
		return false
	}
	return len(k.HiddenPaths) == 0 || slices.ContainsFunc(k.HiddenPaths, func(pattern string) bool {
		ok, err := path.Match(pattern, c.URL.Path)
		return err == nil && ok
	})
}
