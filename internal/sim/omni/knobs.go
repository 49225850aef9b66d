package omni

// Knobs choose between the behaviours that Omni's documents leave open or that
// live services were seen to differ in. The zero value is what the documents say.
type Knobs struct {
	// Keys are the organization keys. Without any, every bearer token counts as
	// one that isn't among UserKeys.
	Keys []string
	// UserKeys are personal keys: SCIM answers 403 to them, the rest serves them.
	UserKeys []string
	// ForeignKeys are organization keys of another organization: whoami says so. What else they lead to isn't played.
	ForeignKeys []string
	// KeyOwners names, by key, the membership as which whoami says that the key acts.
	KeyOwners map[string]string
	// BadKeyStatus answers an unknown or missing key: 401 (also for 0) or 403.
	BadKeyStatus int

	// RealLimit is how many requests a key may send in any 60 s. 0 is the
	// published 60, a negative number takes the limit away. Live services were
	// seen to refuse earlier than published.
	RealLimit int
	// TotalLimit caps all keys together, in the same way; 0 is no such cap.
	TotalLimit int
	// RetryAfter adds the header to a 429, in whole seconds.
	RetryAfter bool

	// PageMax is the most that a page of users, groups, schedules or documents gives,
	// however many are asked for; 0 is no maximum.
	PageMax int
	// FilterCaseSensitive makes the value of a filter mind letter case.
	FilterCaseSensitive bool

	// Revoked is what becomes of a user who is set inactive.
	Revoked Revoked
	// MembershipsDropped takes a user who is set inactive out of all groups.
	MembershipsDropped bool
	// SchedulesKept lets the schedules of a user who is set inactive live on;
	// DELETE ends them all the same.
	SchedulesKept bool
	// HiddenConflicts makes a POST answer 409 for the userName of a revoked user,
	// an embed user or an open invitation, though no list of users shows it.
	HiddenConflicts bool

	// Renames is what a change of userName leads to.
	Renames Renames
	// RenameConflictStatus answers a change to a userName that somebody has: 409
	// (also for 0) or 400.
	RenameConflictStatus int

	// UnknownAttributesRefused answers 400 to an attribute without a definition,
	// instead of leaving it out in silence.
	UnknownAttributesRefused bool
	// SystemAttributesIgnored leaves out what tries to set an omni_ attribute, in
	// silence, instead of answering 400.
	SystemAttributesIgnored bool
	// WrongTypesIgnored leaves out a value that isn't of its attribute's type, in
	// silence, instead of answering 400.
	WrongTypesIgnored bool
	// BooleansKept gives true and false back as booleans, not as words.
	BooleansKept bool
	// DefaultsShown gives an attribute's default back where the user has no value.
	DefaultsShown bool
	// SystemKeys is how answers show omni_is_org_admin.
	SystemKeys SystemKeys

	// UserPatch204 and GroupPatch204 answer a PATCH without a body.
	UserPatch204, GroupPatch204 bool
	// BareWrites leaves both Omni extensions out of the answers to writes of users.
	BareWrites bool

	// UnknownMemberStatus refuses a group write that names somebody whom Omni
	// doesn't know: 400 (also for 0) or 404. Nothing of that write is applied.
	UnknownMemberStatus int
	// MembersMax refuses (400) an operation that carries more members; 0 is no maximum.
	MembersMax int
	// PlainRecipients makes the creation of a schedule take what the documents name
	// and the description doesn't: recipients as a list of addresses, url in place of
	// webhookUrl, a subject for each mail.
	PlainRecipients bool
	// OwnersIgnored makes whoever the key acts as the owner of each new schedule.
	OwnersIgnored bool
	// ConditionsIgnored makes new schedules without the alert condition that was sent.
	ConditionsIgnored bool
	// EntityIDs makes a schedule name its dashboard by another id than the identifier.
	EntityIDs bool
	// CreatorsKept makes the list of somebody's documents go by who made them,
	// whoever owns them now.
	CreatorsKept bool
	// NoPermitStatus refuses a document for somebody without an explicit permission on
	// it: 400 (also for 0) or 403.
	NoPermitStatus int
	// RolesSpelledOut gives role origins as "User Role", as live services do,
	// instead of the description's USER.
	RolesSpelledOut bool
}

// Revoked is what becomes of a user who is set inactive.
type Revoked int

// The fates of a user who is set inactive. DELETE makes the user gone in all of them.
const (
	StaysInactive          Revoked = iota // listed as inactive; active: true brings the user back
	Gone                                  // 404 from now on; a POST makes a new user under a new id
	InactiveNotReactivable                // listed as inactive; active: true is refused with 400
	InactiveForGood                       // listed as inactive; active: true answers 200 and changes nothing
)

// Renames is what a change of userName leads to.
type Renames int

// The answers to a change of userName.
const (
	RenamesAllowed Renames = iota // it is done
	RenamesRefused                // 400, and nothing of the request is applied
	RenamesIgnored                // 200, the rest is applied and the userName stays
)

// SystemKeys is how answers show Omni's own attributes.
type SystemKeys int

// The ways to show omni_is_org_admin.
const (
	SystemBooleans SystemKeys = iota // true, false
	SystemWords                      // "true", "false"
	SystemHidden                     // not at all
)

func orElse(status, otherwise int) int {
	if status == 0 {
		return otherwise
	}
	return status
}
