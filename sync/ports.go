package sync

import (
	"context"
	"iter"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Source reads what Okta says now. A list that can't be believed whole (a page
// failed, the pages loop, an answer isn't JSON) ends with an error after what
// could be read; the caller treats it as doubt.
type Source interface {
	// App reads the application itself; fault.NotFound when there is none.
	App(ctx context.Context) (identity.App, error)
	// Assignments lists every app user.
	Assignments(ctx context.Context) iter.Seq2[identity.Sighting, error]
	// Mappings lists every group-push mapping of the app.
	Mappings(ctx context.Context) iter.Seq2[identity.Mapping, error]
	// Members lists everyone in the group, whether assigned or not.
	Members(ctx context.Context, id identity.GroupID) iter.Seq2[identity.Membership, error]
}

// Roster tells which groups there are to choose from. Its lists end with an error
// as those of Source do.
type Roster interface {
	// AllGroups lists every group of the org that the credential may see.
	AllGroups(ctx context.Context) iter.Seq2[identity.Group, error]
	// AppGroups lists the groups that are assigned to the app. One of which Okta
	// tells no more has its id alone.
	AppGroups(ctx context.Context) iter.Seq2[identity.Group, error]
	// AppGroup makes sure that the group is assigned to the app; fault.NotFound as
	// in Witness.Assignment. It tells where Okta said either.
	AppGroup(ctx context.Context, id identity.GroupID) (identity.Origin, error)
}

// Directory reads Okta's groups.
type Directory interface {
	// Groups reads the named groups, cheapest way first. One that Okta answers 404
	// for is Gone in the result; any other failure is an error.
	Groups(ctx context.Context, ids []identity.GroupID) (map[identity.GroupID]identity.Group, error)
	// CountedGroups is Groups, with the usersCount of each where Okta tells it.
	CountedGroups(ctx context.Context, ids []identity.GroupID) (map[identity.GroupID]identity.Group, error)
	// GroupSize is the group's usersCount as Okta counts it itself.
	GroupSize(ctx context.Context, id identity.GroupID) (int, error)
	// GroupsOf lists the groups that one user is in, and tells where Okta said so.
	GroupsOf(ctx context.Context, id identity.OktaID) ([]identity.GroupID, identity.Origin, error)
}

// Witness answers questions about one object, before something is removed.
type Witness interface {
	// Assignment reads one app user. fault.NotFound only for Okta's 404 with code
	// E0000007: anything else is another kind of failure. Then, too, its Origin is told.
	Assignment(ctx context.Context, id identity.OktaID) (identity.Assignment, error)
	// Account reads the status of an Okta user; fault.NotFound for a 404.
	Account(ctx context.Context, id identity.OktaID) (string, error)
	// Departed gives the event by which the System Log shows a deactivation or deletion of
	// the user (gone), else an unassignment from this app, "" where there is none.
	Departed(ctx context.Context, id identity.OktaID) (event identity.Origin, gone bool, err error)
	// Mapping reads one group-push mapping; fault.NotFound as in Assignment.
	Mapping(ctx context.Context, id string) (identity.Mapping, error)
}

// Finder finds people by what others call them.
type Finder interface {
	// Named reads the app users of that app username, in any letter case, by id:
	// nobody, one, or several by mistake.
	Named(ctx context.Context, userName string) ([]identity.Assignment, error)
	// OktaUser reads the Okta user of that id, or who signs in under that name,
	// assigned or not; fault.NotFound when there is none.
	OktaUser(ctx context.Context, name string) (identity.OktaUser, error)
	// GroupsIn lists the groups that one user is in, with their names.
	GroupsIn(ctx context.Context, id identity.OktaID) ([]identity.Group, error)
}

// Chronicle tells what happened while nobody looked.
type Chronicle interface {
	// Departures lists who was unassigned from the app, deactivated or deleted, as
	// far back as Okta knows, the newest first.
	Departures(ctx context.Context) iter.Seq2[identity.Departure, error]
	// Touches reads on in the System Log, with one request. fault.NotFound says that
	// Okta no longer knows the place.
	Touches(ctx context.Context, at identity.LogPlace) (identity.LogPage, error)
	// Deeds reads the System Log back to since, by our clock, for what may have led to
	// removals: a bounded number of requests. fault.Declined says, in words for a person,
	// that there is none.
	Deeds(ctx context.Context, since time.Time) (identity.Chapter, error)
	// Stopped gives the newest deed by which the app was deactivated or deleted; the
	// zero Deed where none is known.
	Stopped(ctx context.Context) (identity.Deed, error)
}

// Clock compares our clock with Okta's.
type Clock interface {
	// Skew is how far our wall clock is ahead of the Date header of Okta's newest answer.
	Skew() time.Duration
}

// Credential tells of what Okta is asked with.
type Credential interface {
	// Scopes gives what the newest access token grants, and whether that is known: an
	// API token has none, and an app none before its first request.
	Scopes() (granted []string, told bool)
}

// Prices tell what questions cost.
type Prices interface {
	// Price is what asking about n objects in this way takes of what a minute allows, 1 being all of it.
	Price(q identity.Question, n int) float64
}

// Mapper turns what Okta tells into what Omni receives.
type Mapper interface {
	UserMapper
	GroupMapper
}

// GroupMapper names groups.
type GroupMapper interface {
	// GroupName gives what the group is to be called in Omni. An error means that the
	// expression failed: doubt about this group's name alone.
	GroupName(g identity.Group) (string, error)
	// UsesGroups reports whether Map goes by Assignment.Groups.
	UsesGroups() bool
}

// UserMapper maps users. Map is deterministic.
type UserMapper interface {
	// Map tells whether the user is in scope, and the canonical user. An error
	// means that an expression failed: doubt about this user alone.
	Map(a identity.Assignment) (identity.User, bool, error)
	// Explain gives for each expression about users what it reads and what it gives,
	// the scope first.
	Explain(a identity.Assignment) ([]identity.Explained, error)
	// Attributes names the Omni attributes that are managed.
	Attributes() []string
	// Candidates gives who may take over from a leaver, in order. Of the assignment it
	// reads the Okta profile alone.
	Candidates(a identity.Assignment) []identity.Candidate
	// Fingerprint changes whenever the rules do.
	Fingerprint() identity.Fingerprint
}

// People is Omni's users. Each write answers with the user as Omni then tells
// it, and the caller believes that alone. The kinds of failure: NotFound,
// Conflict (the userName is taken), Refused, Limited, Unauthorized, Unavailable.
type People interface {
	// CreateUser makes an active user. Both results count: an account with an
	// error was made, but Omni left out what the error names.
	CreateUser(ctx context.Context, u identity.User) (identity.Account, error)
	// UpdateUser changes what p names; both results count, as in CreateUser.
	UpdateUser(ctx context.Context, id identity.OmniID, p identity.UserPatch) (identity.Account, error)
	// DeleteUser ends the membership for good; deleting one that is gone is no error.
	DeleteUser(ctx context.Context, id identity.OmniID) error
	User(ctx context.Context, id identity.OmniID) (identity.Account, error)
	// FindUser looks a userName up in any letter case, active or not; NotFound when nobody has it.
	FindUser(ctx context.Context, userName string) (identity.Account, error)
}

// Teams is Omni's groups, with the same kinds of failure.
type Teams interface {
	// CreateTeam makes a group with its members; both results count, as in CreateUser.
	CreateTeam(ctx context.Context, name string, members []identity.OmniID) (identity.Team, error)
	// UpdateTeam sends the whole patch as one request. Adding who is there and
	// removing who isn't changes nothing. Members that Omni doesn't know are a
	// refusal of the whole.
	UpdateTeam(ctx context.Context, id identity.OmniGroupID, p identity.TeamPatch) error
	// DeleteTeam deletes the group; deleting one that is gone is no error.
	DeleteTeam(ctx context.Context, id identity.OmniGroupID) error
	// FindTeam looks a displayName up in any letter case, with its members; NotFound when there is none.
	FindTeam(ctx context.Context, name string) (identity.Team, error)
}

// Attributes tells how Omni defines user attributes.
type Attributes interface {
	// Definitions lists them, Omni's own included. An error says nothing about the
	// credential: it may lack this permission alone.
	Definitions(ctx context.Context) ([]identity.Definition, error)
}

// Inventory lists everything that Omni has. A list that was cut ends with an error.
type Inventory interface {
	Users(ctx context.Context) iter.Seq2[identity.Account, error]
	Teams(ctx context.Context) iter.Seq2[identity.Team, error]
	// Team reads one group with its members; fault.NotFound when it is gone.
	Team(ctx context.Context, id identity.OmniGroupID) (identity.Team, error)
}

// Estate tells what hangs on an account, or on a group.
type Estate interface {
	// Belongings tells what one account owns and may do, with the same kinds of failure.
	Belongings(ctx context.Context, id identity.OmniID) (identity.Belongings, error)
	// Schedules counts the schedules that each of the accounts owns, and who gets them.
	// fault.Doubt also where there are too many to count.
	Schedules(ctx context.Context, owners []identity.OmniID) (map[identity.OmniID]identity.Deliveries, error)
	// Documents counts the documents that each of the accounts owns, likewise.
	Documents(ctx context.Context, owners []identity.OmniID) (map[identity.OmniID]int, error)
	// TeamRoles names the model roles that a group's members get, each once and sorted.
	TeamRoles(ctx context.Context, id identity.OmniGroupID) ([]string, error)
}

// Holdings tell what exactly one account owns.
type Holdings interface {
	// OwnedSchedules lists what one account owns, without definitions; fault.NotFound
	// when there is no such account.
	OwnedSchedules(ctx context.Context, owner identity.OmniID) ([]identity.Schedule, error)
	// OwnedDocuments lists the documents whose owner the account is.
	OwnedDocuments(ctx context.Context, owner identity.OmniID) ([]identity.Document, error)
	// Definition reads a listed schedule whole; fault.NotFound when it is gone.
	Definition(ctx context.Context, s identity.Schedule) (identity.Schedule, error)
}

// Heirs give what a leaver owns to somebody else. Whatever is repeated has no other
// effect. fault.Refused concerns this new owner alone; fault.NotFound: it is gone.
type Heirs interface {
	TransferSchedule(ctx context.Context, id identity.ScheduleID, to identity.OmniID) error
	TransferDocument(ctx context.Context, id identity.DocumentID, to identity.OmniID) error
}

// KeyOwners tell whose the API keys are.
type KeyOwners interface {
	// Keys is how many there are.
	Keys() int
	// KeyOwner asks about one of them, counted from 1. An Omni that doesn't tell leaves
	// Owner empty, or answers fault.NotFound; fault.Unauthorized concerns this key alone.
	KeyOwner(ctx context.Context, key int) (identity.KeyOwner, error)
}

// Restorer makes saved schedules anew.
type Restorer interface {
	// CreateSchedule makes a saved schedule for an owner, unless they have an equal one.
	// It may be repeated: what an earlier call made is found. fault.Refused when it can't
	// be made, and none was; the last problem tells why.
	CreateSchedule(ctx context.Context, owner identity.OmniID, saved identity.Schedule) (identity.Restored, error)
	// FindSchedule is CreateSchedule that makes nothing.
	FindSchedule(ctx context.Context, owner identity.OmniID, saved identity.Schedule) (identity.Restored, error)
}

// Archive keeps what can't be built again when the ledger is lost, and knows
// which ledger was seen last. state/archive is one.
type Archive interface {
	// Append is durable when it returns nil.
	Append(ctx context.Context, records ...state.Archived) error
	// Records gives what was appended, the oldest first.
	Records() iter.Seq2[state.Archived, error]
	// Rewrite puts what edit makes of each record in its place, and tells how many it
	// changed. What broke off is done by the same once more. A line that can't be read is
	// given without a kind.
	Rewrite(ctx context.Context, edit func(state.Archived) (state.Archived, error)) (changed int, err error)
	// Position is what Remember was told last, zero at first.
	Position(ctx context.Context) (state.Position, error)
	Remember(ctx context.Context, p state.Position) error
}

// Outlet is the file to which the log is exported. state/outlet is one.
type Outlet interface {
	// Place tells how far it is; zero at first.
	Place(ctx context.Context) (state.Exported, error)
	// Append writes lines, each with its line break, behind what from tells, as Place gave
	// it, and is durable when it returns nil. What broke off is completed by the same once
	// more. fault.Conflict says that another process writes to it.
	Append(ctx context.Context, lines [][]byte, from, to state.Exported) error
	// Lines gives each line, without its line break.
	Lines() iter.Seq2[[]byte, error]
	// Rewrite puts what edit makes of each line in its place, and tells how many it changed.
	Rewrite(ctx context.Context, edit func(line []byte) ([]byte, error)) (changed int, err error)
}

// Vault encrypts what is saved of leavers. What it sealed opens under the name that it
// was sealed for, and under no other. It looks its key up each time; fault.Refused says
// that there is none, that it isn't the one that is needed, or that the text was changed.
type Vault interface {
	Seal(name string, plain []byte) ([]byte, error)
	Open(name string, sealed []byte) ([]byte, error)
}

// Okta is all that the engine asks of Okta.
type Okta interface {
	Source
	Roster
	Directory
	Witness
	Finder
	Chronicle
	Clock
	Credential
	Prices
}

// Omni is all that the engine asks of Omni.
type Omni interface {
	People
	Teams
	Attributes
	Inventory
	Estate
	Holdings
	Heirs
	KeyOwners
	Restorer
	Allowance
}
