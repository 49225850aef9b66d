package check

import (
	"context"
	"crypto/x509"
	"io/fs"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// Access asks what the credential is and whose, and what it opens.
type Access interface {
	// SignIn finds out whether Okta takes the credential, whatever it may do with
	// it. An API token's owner is given with the profile where it may be seen.
	SignIn(ctx context.Context) (identity.OktaID, map[string]any, error)
	// Roles lists the administrator roles of a user.
	Roles(ctx context.Context, id identity.OktaID) ([]string, error)
	// App reads the application.
	App(ctx context.Context) (App, error)
	// LastEvent gives the newest successful event about the app of one of kinds
	// within the last since; with no kinds the newest of all. No type: there is none.
	LastEvent(ctx context.Context, since time.Duration, kinds ...string) (string, time.Time, error)
}

// Lists gives first pages, and whether there are more.
type Lists interface {
	Assigned(ctx context.Context) ([]identity.Sighting, bool, error)
	Mappings(ctx context.Context) ([]identity.Mapping, bool, error)
	AppGroups(ctx context.Context) ([]identity.Group, bool, error)
	Groups(ctx context.Context) ([]identity.Group, bool, error)
}

// Crowd asks about one group.
type Crowd interface {
	Group(ctx context.Context, id identity.GroupID) (identity.Group, error)
	// GroupSize is what Okta counts itself.
	GroupSize(ctx context.Context, id identity.GroupID) (int, error)
	Members(ctx context.Context, id identity.GroupID) ([]identity.OktaID, bool, error)
}

// Person asks about one user.
type Person interface {
	Account(ctx context.Context, id identity.OktaID) (string, error)
	Assignment(ctx context.Context, id identity.OktaID) (identity.Assignment, error)
	GroupsOf(ctx context.Context, id identity.OktaID) ([]identity.GroupID, error)
}

// Singles asks about one object.
type Singles interface {
	Crowd
	Person
}

// Line tells of the connection itself, and asks nothing.
type Line interface {
	Reached() bool       // something that Okta itself sent has come back
	Sent() int           // requests
	Skew() time.Duration // how far our clock is ahead of Okta's
	// Left tells of the scarcest limit that was met; no name where none was announced.
	Left() (bucket string, remaining, limit int)
}

// Grants tell what the credential was given.
type Grants interface {
	// Scopes gives those of an app's newest token, and whether Okta told them; an API
	// token has none.
	Scopes() (granted []string, told bool)
}

// Entry is the credential: what it opens, and what it was given.
type Entry interface {
	Access
	Grants
}

// Okta is all that is asked of Okta. It is used by one goroutine at a time.
type Okta interface {
	Entry
	Lists
	Singles
	Line
}

// App is the application as an admin set it up.
type App struct {
	identity.App
	UserNames string // the expression of the application username format; "" where it isn't told
	Home      string // scheme and host at which Okta itself places the app; "" where it isn't told
}

// Keys asks about single API keys, counted from 1.
type Keys interface {
	Keys() int
	// WhoAmI gives the key's scope, organization or user, and the organization's id.
	WhoAmI(ctx context.Context, key int) (scope, organization string, err error)
}

// Contents asks what Omni has, with the key of that number.
type Contents interface {
	// Users gives how many there are, and at most most of them.
	Users(ctx context.Context, key, most int) (int, []identity.Account, error)
	Groups(ctx context.Context, key int) (int, error)
	// Definitions lists the user attributes, Omni's own included.
	Definitions(ctx context.Context, key int) ([]identity.Definition, error)
	// Find gives who has the userName, active or not; fault.NotFound when nobody has it.
	Find(ctx context.Context, key int, userName string) (identity.Account, error)
}

// Omni is all that is asked of Omni. It is used by one goroutine at a time.
type Omni interface {
	Keys
	Contents
	Sent() int    // requests
	Limited() int // of them answered with 429
}

// Endpoint asks the SCIM endpoint as Okta would.
type Endpoint interface {
	// Get asks for a path of the listener, with the token of that number, counted
	// from 1; 0 sends none. fault.NotFound: nobody listens.
	Get(ctx context.Context, path string, token int) (Reply, error)
	// Certificates gives what the listener shows, its own first.
	Certificates(ctx context.Context) ([]*x509.Certificate, error)
	// Taken tells since when the daemon takes pushes, and when it took the newest one
	// of a user, zero for none. An error: it can't be asked, or another one leads.
	Taken(ctx context.Context) (since, newest time.Time, err error)
}

// Hooks asks the listener of event hooks as Okta would, and wakes nobody.
type Hooks interface {
	// Healthz asks for /healthz. fault.NotFound: nobody listens.
	Healthz(ctx context.Context) (Reply, error)
	// Challenge sends what Okta sends to verify the address.
	Challenge(ctx context.Context, value string) (Reply, error)
	// Ask sends the secret, or a wrong one, with no event.
	Ask(ctx context.Context, right bool) (Reply, error)
	// Certificates gives what the listener shows, its own first.
	Certificates(ctx context.Context) ([]*x509.Certificate, error)
}

// Reply is an answer of a listener of ours.
type Reply struct {
	Status     int
	Type       string // Content-Type
	RetryAfter string
	Body       []byte
}

// Ledger is what the store showed.
type Ledger struct {
	Place  string // for a person, without a password
	Absent bool   // there is none yet; a run will make it
	Owner  string // the process that has it, when it can't be opened because of that
	Err    error  // why it can't be used

	Org, App, Omni string // whom it belongs to; "" while it is new

	Redis     bool
	Version   string // of Redis; "" where it isn't told
	Policy    string // maxmemory-policy; "" where it isn't told
	Unlimited bool   // maxmemory is 0

	Saved  Saved
	Export Export
}

// Export is the file of log.export.
type Export struct {
	Path string // "" for none
	Err  error  // why it can't be written
}

// Saved is how what leavers own would be saved.
type Saved struct {
	Key     string // ID of the key that encrypts; "" while there is none
	File    string // of a key that syncd makes itself; "" where state.key is set
	Archive string // state.archive; "" for none
	KeyErr  error  // why it can't be encrypted
	Durable error  // why the store doesn't confirm what is on its disk; asked where there is no archive
}

// Config is what the checks need of the configuration.
type Config struct {
	OrgURL, AppID, OmniURL string
	Client                 string           // id of the API Services app; "" with an API token
	CanaryUser             identity.OktaID  // okta.canary.user
	CanaryGroup            identity.GroupID // okta.canary.group
	From                   string           // groups.from
	Match                  []string
	Matches                func(pattern string, g identity.Group) bool
	Expressions            []Expression // in the order of the configuration
	KeysPerMinute          int          // omni.requests_per_minute
	BasePath               string       // scim.base_path
	Tokens                 int          // how many scim.bearer_tokens there are
	TLS                    bool         // scim.tls is set
	HookTLS                bool         // hooks.tls is set, and the listener is theirs alone
	Secrets                []SecretFile
	Saves                  bool    // something of leavers is saved
	Heirs                  []Named // of deprovision.handover.to, where something is transferred
	Guessed                int     // further entries of it that are expressions
}

// Named is an email address of the configuration.
type Named struct {
	Path  string // such as deprovision.handover.to[0]
	Email string
}

// Expression is one of the configuration's expressions, by itself.
type Expression struct {
	Path   string // users.scope, users.display_name, users.attributes.NAME, deprovision.handover.to[N]
	Groups bool   // it reads the groups of the user, which a check doesn't
	// Eval gives the value for a user, and whether there is one.
	Eval func(identity.Assignment) (identity.Value, bool, error)
}

// SecretFile is a file that holds a secret.
type SecretFile struct {
	Path string // of the key, such as okta.auth.api_token
	File string
	Mode fs.FileMode
}
