package sync

import "github.com/omnisync/omnisync/fault"

// halted asks Okta to come again where a pause keeps the change from being done, and it can't
// be accepted before.
func (x *errand) halted(c Change) error {
	if !c.Halted || x.lies(c) {
		return nil
	}
	return &fault.Error{Kind: fault.Limited, Op: c.Name, Detail: "Omnisync is paused",
		Hint: "syncd status tells until when; Okta's next try after it succeeds", After: x.pushes.o.Gate.Away(x.object)}
}

// lies reports whether what a pause has halted is accepted, and done after it: who leaves,
// a group that is let go, and members who are split off. Everything else comes again.
func (x *errand) lies(c Change) bool {
	return c.ends() || c.Group != "" && (c.Kind == Delete || c.Kind == Release) || x.pause.RemovalsOnly && len(c.Drop) > 0
}
