package state

import (
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// Undone is how one object is kept since a run about it was undone: as it was before that
// run. It is removed when somebody lets go of the object.
type Undone struct {
	Run  string    `json:"run"` // that undid
	Of   string    `json:"of"`  // that was undone
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Name string    `json:"name"` // userName, or the group's name in Okta, for people

	Earlier []string `json:"earlier,omitempty"` // other runs that were undone before, and because of which the object is kept too

	UserName    string                     `json:"userName,omitempty"`    // what they are brought back to; "": as it is
	DisplayName string                     `json:"displayName,omitempty"` // likewise, of a group too
	Attributes  map[string]*identity.Value `json:"attributes,omitempty"`  // likewise, those that the run changed; nil: no value
	Active      bool                       `json:"active,omitempty"`      // the membership that the run ended is brought back, and isn't ended again
	Account     string                     `json:"account,omitempty"`     // of Active: the Okta account's status then

	Still bool              `json:"still,omitempty"` // of a group: the run changed it, so that nobody joins it and its name stays
	In    []identity.OktaID `json:"in,omitempty"`    // of a group: whom the run took out, and who belong there
	Out   []identity.OktaID `json:"out,omitempty"`   // of a group: whom it put in, and who don't
}

// Has reports whether the user belongs in the group although Okta says otherwise.
func (u Undone) Has(id identity.OktaID) bool { return slices.Contains(u.In, id) }

// Lacks reports whether the user doesn't belong in the group although Okta says so.
func (u Undone) Lacks(id identity.OktaID) bool { return slices.Contains(u.Out, id) }

// Frees leaves the user's place in the group to Okta.
func (u *Undone) Frees(id identity.OktaID) {
	same := func(o identity.OktaID) bool { return o == id }
	u.In, u.Out = slices.DeleteFunc(slices.Clone(u.In), same), slices.DeleteFunc(slices.Clone(u.Out), same)
}

// Puts makes the user belong in the group, or not.
func (u *Undone) Puts(id identity.OktaID, in bool) {
	u.Frees(id)
	if in {
		u.In = append(u.In, id)
	} else {
		u.Out = append(u.Out, id)
	}
}

// Without is how the object is kept once somebody let go of what a run did, by its name or
// that of the run that undid it; false where nothing else keeps it.
func (u Undone) Without(run string) (Undone, bool) {
	other := func(of string) bool { return of == run }
	u.Earlier = slices.DeleteFunc(slices.Clone(u.Earlier), other)
	if u.Of != run && u.Run != run {
		return u, true
	}
	n := len(u.Earlier)
	if n == 0 {
		return u, false
	}
	u.Of, u.Earlier = u.Earlier[n-1], u.Earlier[:n-1]
	return u, true
}

// Because reports whether the object is kept because of the run, by its name or that of the
// run that undid it.
func (u Undone) Because(run string) bool {
	return run != "" && (u.Of == run || u.Run == run || slices.Contains(u.Earlier, run))
}

// ArchivedUndone is an Undone with its subject.
type ArchivedUndone struct {
	Subject string `json:"subject"`
	Undone         // zero: somebody let go
}
