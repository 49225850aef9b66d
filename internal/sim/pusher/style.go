package pusher

// Style is how an integration pushes. The zero value is Classic.
type Style struct {
	// PatchUsers sends activation, deactivation and passwords by PATCH in place of a PUT of the whole user. Other
	// attributes are PUT in any case.
	PatchUsers bool
	// PatchGroups sends names and members by PATCH in place of a PUT with all members.
	PatchGroups bool
	// Members is the form of members in a PATCH.
	Members MembersForm
	// OneRequest puts the name and all changes of members into the operations of one PATCH. Without it, the name goes
	// before in a request of its own. Both say the name with each change of members, changed or not.
	OneRequest bool

	// Capitals writes the operations as Replace, Add and Remove.
	Capitals bool
	// TextBooleans writes active as "True" and "False" in a PATCH.
	TextBooleans bool
	// PathActive gives the path active in a PATCH of users, in place of an object as value without a path.
	PathActive bool
	// NullDisplay gives members "display": null in place of the userName.
	NullDisplay bool

	// Clears is what a PUT has for an attribute that lost its value. What Okta does isn't known.
	Clears Clearing
	// ForgetsLink drops the link of an app user at the deactivation, so that a new assignment begins with the look-up.
	// Both were seen.
	ForgetsLink bool
	// AsksOldName looks a person up by the userName that was pushed last, as was seen after a change of userName
	// between two assignments.
	AsksOldName bool

	// LateMembers pushes the members of a group again once one of them was provisioned after it. By Okta's documents
	// that takes PushNow.
	LateMembers bool

	// ImportGroups is that box of the connection: its test asks for groups as well.
	ImportGroups bool
	// ImportSchema is the box Import User Schema: the test and the imports ask for schemas and resource types.
	ImportSchema bool

	// Auth is how the token is sent.
	Auth Auth
	// KeepAlive leaves connections open. Okta was seen to close them.
	KeepAlive bool
}

// Classic is an app of the App Integration Wizard, now called the classic experience: PUT only.
func Classic() Style { return Style{} }

// Catalog is an app of the catalogue, or of the new Okta Integration Wizard: PATCH for what it can, groups by changes.
func Catalog() Style { return Style{PatchUsers: true, PatchGroups: true} }

// Entra writes as Microsoft's client does, which Okta's customers meet as well: capitals, booleans as text, paths,
// removal of members by value.
func Entra() Style {
	return Style{
		PatchUsers: true, PatchGroups: true, Members: MembersByValue,
		OneRequest: true, Capitals: true, TextBooleans: true, PathActive: true,
	}
}

// MembersForm is how a PATCH says which members a group has.
type MembersForm int

// The forms that servers were seen to receive.
const (
	MembersByFilter MembersForm = iota // remove members[value eq "..."], add to path members: Okta's own
	MembersByValue                     // the same, but remove has path members and the values to remove: Entra
	MembersPathless                    // the same as Okta's, but add has no path: {"members": [...]} is the value
	MembersWhole                       // replace path members with the whole list, at each change
	MembersInValue                     // replace without a path: id, displayName and all members in the value
)

// Clearing is how an attribute without a value is written.
type Clearing int

// The ways that are possible.
const (
	ClearOmits Clearing = iota // left out
	ClearNull                  // null
	ClearEmpty                 // ""
)

// Auth is how the token is sent.
type Auth int

// The ways that the wizards offer and that need no more than a token.
const (
	AuthBearer Auth = iota // Authorization: Bearer TOKEN
	AuthBare               // Authorization: TOKEN, the mode Header of the new wizard
)
