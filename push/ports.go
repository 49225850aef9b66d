package push

import (
	"context"

	"github.com/omnisync/omnisync/identity"
)

// The engine's answers are what was accepted: what Okta asked and was told. The
// kinds of failure, and the status that each becomes:
//
//	fault.NotFound      404  no such resource
//	fault.Conflict      409  the name is taken (uniqueness)
//	fault.Declined      403  our own policy says no: protected, outside the scope, held; Detail tells why
//	fault.Refused       400  the input can't be: Omni or the rules of names refuse it
//	anything else       429  temporary; After, where it is set, is when to come again

// UserReader tells what was accepted of users.
type UserReader interface {
	// User gives the user with this SCIM id.
	User(ctx context.Context, id string) (identity.PushedUser, error)
	// FindUser gives the user whose userName (in any letter case) or externalId
	// is value. An unknown userName is looked up in Omni.
	FindUser(ctx context.Context, by Key, value string) (identity.PushedUser, error)
	// Users gives up to count users from place start on, counted from 1, and how
	// many there are. The order is stable: who comes, comes at the end.
	Users(ctx context.Context, start, count int) ([]identity.PushedUser, int, error)
}

// UserWriter takes what Okta asks of users. cause tells the request for the
// provisioning log.
type UserWriter interface {
	// CreateUser makes, adopts or revives the user; u has no id.
	CreateUser(ctx context.Context, cause string, u identity.PushedUser) (identity.PushedUser, error)
	// EditUser lets edit change what was accepted, in the order of arrival. edit may
	// be called more than once, and must not keep what it is given.
	EditUser(ctx context.Context, cause, id string, edit func(identity.PushedUser) (identity.PushedUser, error)) (identity.PushedUser, error)
	// DeleteUser ends the membership, as the policy wants it, and the resource.
	DeleteUser(ctx context.Context, cause, id string) error
}

// GroupReader tells what was accepted of groups; with their members where asked.
type GroupReader interface {
	Group(ctx context.Context, id string, members bool) (identity.PushedGroup, error)
	// FindGroup gives the group whose displayName (in any letter case) or
	// externalId is value. An unknown name is looked up in Omni.
	FindGroup(ctx context.Context, by Key, value string, members bool) (identity.PushedGroup, error)
	// Groups is as UserReader.Users.
	Groups(ctx context.Context, start, count int, members bool) ([]identity.PushedGroup, int, error)
}

// GroupWriter takes what Okta asks of groups. Answers are without members.
type GroupWriter interface {
	// CreateGroup makes or adopts the group, with its members.
	CreateGroup(ctx context.Context, cause string, g identity.PushedGroup) (identity.PushedGroup, error)
	// EditGroup applies the edit to what is there, in the order of arrival.
	EditGroup(ctx context.Context, cause, id string, edit identity.GroupEdit) (identity.PushedGroup, error)
	DeleteGroup(ctx context.Context, cause, id string) error
}

// Key is an attribute that resources are found by.
type Key = string

// The keys.
const (
	ByName     Key = "name"       // userName, displayName
	ByExternal Key = "externalId" // externalId
)

// Engine is all that the endpoint asks of the engine.
type Engine interface {
	UserReader
	UserWriter
	GroupReader
	GroupWriter
}
