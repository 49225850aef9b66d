// Package configs holds Omnisync's configuration: its types, how it is loaded
// and checked, the commented example and the JSON schema.
//
// A value's way: the file and the environment are read into the keys that the
// types declare, with the place of each (read.go, environ.go); koanf lays them
// over the defaults (load.go); the whole is checked (check.go). All faults are
// told at once. The tags of the types are the schema, and the schema is what
// the reader goes by, so that an editor and syncd agree.
package configs

import "time"

// Config is the whole configuration of one connection.
type Config struct {
	Name        string      `koanf:"name" json:"name" jsonschema:"required,minLength=1,maxLength=63,pattern=^\\.*[A-Za-z0-9_-][A-Za-z0-9._-]*$" jsonschema_description:"Name of this connection; part of Redis keys and file names: 1 to 63 of A-Z a-z 0-9 . _ and -."`
	Okta        Okta        `koanf:"okta" json:"okta" jsonschema:"required" jsonschema_description:"What is read, and how."`
	Omni        Omni        `koanf:"omni" json:"omni" jsonschema:"required" jsonschema_description:"What is written to."`
	State       State       `koanf:"state" json:"state" jsonschema_description:"Where the ledger is kept."`
	Schedule    Schedule    `koanf:"schedule" json:"schedule" jsonschema_description:"When runs start: cron expressions of five fields, or such as @every 10m. An empty one switches its run off."`
	Users       Users       `koanf:"users" json:"users" jsonschema_description:"Who becomes what."`
	Groups      Groups      `koanf:"groups" json:"groups" jsonschema_description:"How groups are treated."`
	Deprovision Deprovision `koanf:"deprovision" json:"deprovision" jsonschema_description:"How a membership ends."`
	Guard       Guard       `koanf:"guard" json:"guard" jsonschema_description:"What may be done unasked within a window: the smaller of count and percent, and always one."`
	SCIM        SCIM        `koanf:"scim" json:"scim" jsonschema_description:"Push mode: the SCIM endpoint that Okta's provisioning points at."`
	Hooks       Hooks       `koanf:"hooks" json:"hooks" jsonschema_description:"Where Okta's event hooks come in: they make syncd look at once for what changed, and carry nothing else."`
	Console     Console     `koanf:"console" json:"console" jsonschema_description:"The listener of the web page, the JSON API and the health checks."`
	Alerts      Alerts      `koanf:"alerts" json:"alerts" jsonschema_description:"What people are told of without their asking: docs/alerts.md tells of what."`
	Log         Log         `koanf:"log" json:"log" jsonschema_description:"What is logged, and how; and how long the provisioning log is kept."`
}

// Okta says what is read, and how.
type Okta struct {
	OrgURL    string  `koanf:"org_url" json:"org_url" jsonschema:"required" jsonschema_description:"Address of the Okta org, such as https://acme.okta.com."`
	AppID     string  `koanf:"app_id" json:"app_id" jsonschema:"required,pattern=^0oa[A-Za-z0-9_-]*$" jsonschema_description:"Id of the Okta application whose assignments are read; it stands in the address of the app's page in Okta's admin console."`
	Auth      Auth    `koanf:"auth" json:"auth" jsonschema_description:"The credential for Okta's management API; may be left out where scim.listen is set: push alone needs none."`
	RateShare float64 `koanf:"rate_share" json:"rate_share" jsonschema:"minimum=0.01,maximum=1" jsonschema_description:"At most this share of Okta's announced limits is used."`
	Canary    Canary  `koanf:"canary" json:"canary" jsonschema_description:"Whom Okta must always show: a reading that lacks them takes nothing away. docs/guard.md tells how to choose them."`
}

// Canary names who is seen by whoever sees all.
type Canary struct {
	User  string `koanf:"user" json:"user" jsonschema:"pattern=^(00u[A-Za-z0-9_-]*)?$" jsonschema_description:"Id of an Okta user who is assigned to the app for good; empty: none."`
	Group string `koanf:"group" json:"group" jsonschema:"pattern=^(00g[A-Za-z0-9_-]*)?$" jsonschema_description:"Id of an Okta group that is there for good, synced or not; empty: none."`
}

// IsSet reports whether anybody is named.
func (c Canary) IsSet() bool { return c != Canary{} }

// Auth is the credential for Okta's management API: exactly one of the two.
type Auth struct {
	APIToken Secret `koanf:"api_token" json:"api_token" jsonschema:"oneof_required=token" jsonschema_description:"API token of an Okta administrator who may read the app, its users and groups."`
	OAuth    OAuth  `koanf:"oauth" json:"oauth" jsonschema:"oneof_required=app" jsonschema_description:"An API Services app of the Okta org, instead of api_token."`
}

// OAuth is an API Services app that gets tokens by its private key
// (private_key_jwt, the one way that Okta grants okta.* scopes to an app).
type OAuth struct {
	ClientID   string `koanf:"client_id" json:"client_id" jsonschema:"required" jsonschema_description:"Client ID of the API Services app, such as 0oa2hm6qw3cSYrTlX0g4."`
	PrivateKey Secret `koanf:"private_key" json:"private_key" jsonschema:"required" jsonschema_description:"The app's private key, RSA or EC, in PEM form or as JSON (JWK)."`
	KeyID      string `koanf:"key_id" json:"key_id" jsonschema_description:"The key's id (kid) at the app; needed where the app has several keys."`
	DPoP       string `koanf:"dpop" json:"dpop" jsonschema:"enum=auto,enum=always,enum=never" jsonschema_description:"Whether each request proves that the token is ours; auto: when Okta asks for it."`
}

// IsSet reports whether any of the app's keys was given.
func (o OAuth) IsSet() bool {
	return o != OAuth{DPoP: defaultDPoP}
}

// IsSet reports whether a credential was given.
func (a Auth) IsSet() bool { return a.APIToken.Ref() != "" || a.OAuth.IsSet() }

// Omni says what is written to.
type Omni struct {
	BaseURL           string   `koanf:"base_url" json:"base_url" jsonschema:"required" jsonschema_description:"The login URL of the Omni organization, such as https://acme.omniapp.co, without /api."`
	APIKeys           []Secret `koanf:"api_keys" json:"api_keys" jsonschema:"required,minItems=1" jsonschema_description:"Organization API keys; the allowances of several add up."`
	RequestsPerMinute int      `koanf:"requests_per_minute" json:"requests_per_minute" jsonschema:"minimum=1,maximum=100000" jsonschema_description:"Omni's allowance per key."`
	TotalPerMinute    int      `koanf:"total_per_minute" json:"total_per_minute" jsonschema:"minimum=0,maximum=10000000" jsonschema_description:"The most that all keys may send together in a minute; 0 is the sum of their allowances."`
	KeyOwners         []string `koanf:"key_owners" json:"key_owners" jsonschema_description:"UserNames of those who made the API keys, in the order of api_keys, \"\" for one that isn't known: syncd warns when one of them leaves in Okta. Whom Omni itself names counts before them."`
}

// State says where the ledger is kept.
type State struct {
	URL     StoreURL `koanf:"url" json:"url" jsonschema_description:"bolt://PATH (as it stands, relative to the working directory; bolt:///absolute), redis:// or rediss://, or a whole ${env:NAME} or ${file:PATH} that holds one."`
	Prefix  string   `koanf:"prefix" json:"prefix" jsonschema:"minLength=1,maxLength=40,pattern=^[A-Za-z0-9._-]+$" jsonschema_description:"What the keys in Redis begin with: 1 to 40 of A-Z a-z 0-9 . _ and -."`
	Archive string   `koanf:"archive" json:"archive" jsonschema_description:"Directory that keeps on disk what can't be built again when the ledger is lost; relative to the working directory; empty: none is kept."`
	Key     Secret   `koanf:"key" json:"key" jsonschema_description:"Encrypts what is saved of leavers; several lines of 32 characters or more: the first encrypts, all open. Without it a key is made, in a file in the archive, or beside the ledger's file."`
}

// Schedule holds cron expressions; an empty one switches its run off.
type Schedule struct {
	Delta     string `koanf:"delta" json:"delta" jsonschema_description:"When Okta's System Log is asked for what changed."`
	Full      string `koanf:"full" json:"full" jsonschema_description:"When Okta is read in full."`
	Reconcile string `koanf:"reconcile" json:"reconcile" jsonschema_description:"When Omni is read too, and drift repaired."`
	Timezone  string `koanf:"timezone" json:"timezone" jsonschema_description:"Time zone of the schedule, such as UTC or Europe/Berlin."`
}

// Users says who becomes what.
type Users struct {
	Scope            string            `koanf:"scope" json:"scope" jsonschema_description:"CEL expression, true or false; a user outside counts as unassigned. docs/mapping.md tells what expressions know."`
	DisplayName      string            `koanf:"display_name" json:"display_name" jsonschema_description:"CEL expression; empty: displayName, else first and last name, else userName."`
	Attributes       map[string]string `koanf:"attributes" json:"attributes" jsonschema_description:"CEL expression for each Omni user attribute, such as department: user.department."`
	AdoptAttributes  string            `koanf:"adopt_attributes" json:"adopt_attributes" jsonschema:"enum=keep,enum=replace" jsonschema_description:"What becomes of an adopted user's attributes where Okta has no value."`
	OnUsernameChange string            `koanf:"on_username_change" json:"on_username_change" jsonschema:"enum=rename,enum=hold" jsonschema_description:"Whether a new userName in Okta renames the Omni user, or waits for a person."`
	OnRecycled       string            `koanf:"on_recycled" json:"on_recycled" jsonschema:"enum=hold,enum=adopt" jsonschema_description:"Whether a new Okta user gets the account of a former one who had the same address: a person decides, or it is taken over without its groups and attributes."`
	OnManual         string            `koanf:"on_manual_deactivation" json:"on_manual_deactivation" jsonschema:"enum=restore,enum=hold" jsonschema_description:"Whether a user whom somebody deactivated in Omni while Okta assigns them is brought back, or waits for a person."`
	Suspended        string            `koanf:"suspended" json:"suspended" jsonschema:"enum=keep,enum=deactivate" jsonschema_description:"What becomes of a user who is suspended in Okta."`
	Protected        []string          `koanf:"protected" json:"protected" jsonschema_description:"Globs over userName: not deactivated, deleted, renamed, nor removed from a group."`
}

// Groups says how groups are treated.
type Groups struct {
	From      string   `koanf:"from" json:"from" jsonschema:"enum=auto,enum=push_mappings,enum=app_groups,enum=match" jsonschema_description:"Which Okta groups are written to Omni: those that the app pushes, those that are assigned to it, or those that match names; auto: push_mappings where the app can push groups, else match."`
	Match     []string `koanf:"match" json:"match" jsonschema_description:"Names of Okta groups, or globs over them, for from: match (and auto); none: no group."`
	Name      string   `koanf:"name" json:"name" jsonschema_description:"CEL expression for the name that a group has in Omni, 64 characters at most, such as cut(group.name, 64)."`
	OnUnpush  string   `koanf:"on_unpush" json:"on_unpush" jsonschema:"enum=keep,enum=delete" jsonschema_description:"What becomes of an Omni group that Okta no longer pushes."`
	Adopt     string   `koanf:"adopt" json:"adopt" jsonschema:"enum=ask,enum=auto,enum=never" jsonschema_description:"What happens when Omni already has a group of that name; ask: it is linked and added to, but nobody is removed until approved."`
	Uncounted []string `koanf:"uncounted" json:"uncounted" jsonschema_description:"Names of Okta groups, or globs over them, whose members aren't compared with Okta's own count of them."`
}

// Deprovision says how a membership ends.
type Deprovision struct {
	Action           string        `koanf:"action" json:"action" jsonschema:"enum=deactivate,enum=delete,enum=none" jsonschema_description:"What is done in Omni to a user who is no longer assigned."`
	Grace            time.Duration `koanf:"grace" json:"grace" jsonschema_description:"Waiting time of a user who is unassigned while the Okta account lives."`
	GraceDeactivated time.Duration `koanf:"grace_deactivated" json:"grace_deactivated" jsonschema_description:"Waiting time when the Okta account is deactivated or deleted."`
	Settle           time.Duration `koanf:"settle" json:"settle" jsonschema_description:"Waiting time in any case, because Okta unassigns and assigns within a second."`
	Handover         Handover      `koanf:"handover" json:"handover" jsonschema_description:"What becomes of what a leaver owns, before the membership ends."`
	Keep             time.Duration `koanf:"keep" json:"keep" jsonschema_description:"How long is kept what leavers owned, and the saved definitions."`
}

// Handover says what becomes of what a leaver owns. The words of the treatments are
// those of package state.
type Handover struct {
	Schedules      string        `koanf:"schedules" json:"schedules" jsonschema:"enum=none,enum=save,enum=transfer" jsonschema_description:"Schedules, which Omni deletes with their owner's membership; save: their definitions are stored; transfer: somebody of to gets them, and they run with that person's data access from then on."`
	Documents      string        `koanf:"documents" json:"documents" jsonschema:"enum=none,enum=save,enum=transfer" jsonschema_description:"Documents, which stay in Omni; save: a list of them is stored; transfer: somebody of to gets them."`
	To             []string      `koanf:"to" json:"to" jsonschema_description:"Who takes over: email addresses, or CEL expressions over the Okta user, such as user.managerEmail; the first who is an active member and may see the content."`
	Within         time.Duration `koanf:"within" json:"within" jsonschema_description:"When a handover takes longer, a person is told, daily."`
	SameAttributes []string      `koanf:"same_attributes" json:"same_attributes" jsonschema_description:"Names of users.attributes whose values a new owner must share with the leaver."`
}

// Guard says what may be done unasked within a window.
type Guard struct {
	Window          time.Duration `koanf:"window" json:"window" jsonschema_description:"The time over which is counted."`
	Deactivations   Limit         `koanf:"deactivations" json:"deactivations" jsonschema_description:"Users whose membership ends."`
	MemberRemovals  MemberLimit   `koanf:"member_removals" json:"member_removals" jsonschema_description:"Memberships in groups that end."`
	GroupDeletions  Limit         `koanf:"group_deletions" json:"group_deletions" jsonschema_description:"Groups that are deleted."`
	AttributeLosses Limit         `koanf:"attribute_losses" json:"attribute_losses" jsonschema_description:"Users who lose the value of an attribute, for each attribute by itself."`
	PolicyChange    Limit         `koanf:"policy_change" json:"policy_change" jsonschema_description:"Users touched by a changed mapping, scope or program version."`
	Creations       Limit         `koanf:"creations" json:"creations" jsonschema_description:"Users created, once a first load has ended well."`
}

// Limit is the smaller of a count and a percentage of what is managed.
type Limit struct {
	Count   int     `koanf:"count" json:"count" jsonschema:"minimum=0" jsonschema_description:"At most so many."`
	Percent float64 `koanf:"percent" json:"percent" jsonschema:"minimum=0,maximum=100" jsonschema_description:"At most this percentage of what is managed."`
}

// MemberLimit is a Limit over all groups, and one for each of them.
type MemberLimit struct {
	Count    int     `koanf:"count" json:"count" jsonschema:"minimum=0" jsonschema_description:"At most so many."`
	Percent  float64 `koanf:"percent" json:"percent" jsonschema:"minimum=0,maximum=100" jsonschema_description:"At most this percentage of what is managed."`
	PerGroup int     `koanf:"per_group" json:"per_group" jsonschema:"minimum=0" jsonschema_description:"At most so many of one group, and not all that are left of it at once."`
}

// SCIM is the endpoint that Okta's provisioning pushes to.
type SCIM struct {
	Listen       string   `koanf:"listen" json:"listen" jsonschema_description:"Address and port, such as :8181; empty: push mode is off. Another address than a loopback one needs tls or behind_proxy."`
	BasePath     string   `koanf:"base_path" json:"base_path" jsonschema:"pattern=^(/[A-Za-z0-9.~-]+)+/?$" jsonschema_description:"Path below which Users and Groups stand; Okta refuses an underscore in it."`
	BearerTokens []Secret `koanf:"bearer_tokens" json:"bearer_tokens" jsonschema_description:"Tokens that Okta may send, of 20 characters or more; several while one replaces another."`
	TLS          TLS      `koanf:"tls" json:"tls" jsonschema_description:"Certificate of the listener; files that change are read again."`
	BehindProxy  bool     `koanf:"behind_proxy" json:"behind_proxy" jsonschema_description:"Whether every caller comes through a proxy of yours that speaks TLS and adds to X-Forwarded-For: the last address in it then counts as the caller's."`
	Allow        []string `koanf:"allow" json:"allow" jsonschema_description:"Addresses and networks that may call, such as 203.0.113.0/24; none: every caller with a token."`
}

// TLS is a certificate with its key.
type TLS struct {
	CertFile string `koanf:"cert_file" json:"cert_file" jsonschema_description:"Path of the certificate with those that signed it, in PEM form."`
	KeyFile  string `koanf:"key_file" json:"key_file" jsonschema_description:"Path of its private key, in PEM form."`
}

// IsSet reports whether either file was given.
func (t TLS) IsSet() bool { return t != TLS{} }

// Hooks is where Okta's event hooks come in.
type Hooks struct {
	Listen      string `koanf:"listen" json:"listen" jsonschema_description:"Address and port, such as :8182, or the same as scim.listen to share its listener; empty: off. Another address than a loopback one needs tls or behind_proxy."`
	Path        string `koanf:"path" json:"path" jsonschema:"pattern=^(/[A-Za-z0-9._~-]+)+/?$" jsonschema_description:"Path that Okta calls."`
	Secret      Secret `koanf:"secret" json:"secret" jsonschema_description:"What Okta sends in the Authorization header, of 20 characters or more; syncd hooks register gives it to Okta."`
	TLS         TLS    `koanf:"tls" json:"tls" jsonschema_description:"Certificate of the listener; files that change are read again. Where the listener is shared, scim.tls holds."`
	BehindProxy bool   `koanf:"behind_proxy" json:"behind_proxy" jsonschema_description:"Whether every caller comes through a proxy of yours that speaks TLS. Where the listener is shared, scim.behind_proxy holds."`
}

// Console is the listener of the web page, the JSON API and the health checks.
type Console struct {
	Listen string         `koanf:"listen" json:"listen" jsonschema_description:"Address and port; a loopback address."`
	Token  Secret         `koanf:"token" json:"token" jsonschema_description:"Token of the page and the JSON API, with which one may act; when the default variable is not set, one is made at the first start."`
	Tokens []ConsoleToken `koanf:"tokens" json:"tokens" jsonschema_description:"More tokens, each with the name of who has it: [{name, role, token}]."`
	URL    string         `koanf:"url" json:"url" jsonschema_description:"Address by which browsers reach the page through a proxy, such as https://sync.acme.com; empty: by console.listen alone."`
	Proxy  ConsoleProxy   `koanf:"proxy" json:"proxy" jsonschema_description:"A proxy that has asked its callers who they are, and whose word on them is believed."`
}

// ConsoleToken lets one more person or program into the console.
type ConsoleToken struct {
	Name  string `koanf:"name" json:"name" jsonschema:"required" jsonschema_description:"Who has it, told with whatever they do."`
	Role  string `koanf:"role" json:"role" jsonschema:"required,enum=read,enum=act" jsonschema_description:"read: may look; act: may also approve, reject and start runs."`
	Token Secret `koanf:"token" json:"token" jsonschema:"required" jsonschema_description:"The token, of 20 characters or more."`
}

// ConsoleProxy says in which headers a proxy names its callers.
type ConsoleProxy struct {
	Token      Secret `koanf:"token" json:"token" jsonschema_description:"What the proxy sends in the header Omnisync-Proxy, of 20 characters or more; when the default variable is not set, no proxy is believed."`
	UserHeader string `koanf:"user_header" json:"user_header" jsonschema_description:"Header that names the caller; the proxy must set it itself, whatever the caller sent."`
	Role       string `koanf:"role" json:"role" jsonschema:"enum=read,enum=act" jsonschema_description:"What its callers may do, where role_header doesn't say it."`
	RoleHeader string `koanf:"role_header" json:"role_header" jsonschema_description:"Header that says read or act of the caller; empty: role holds for all."`
}

// Log says what is logged, and how: what the daemon does, and the provisioning log.
type Log struct {
	Level  string        `koanf:"level" json:"level" jsonschema:"enum=debug,enum=info,enum=warn,enum=error" jsonschema_description:"The least important level that is logged."`
	Format string        `koanf:"format" json:"format" jsonschema:"enum=json,enum=text" jsonschema_description:"json for machines, text for people."`
	Keep   time.Duration `koanf:"keep" json:"keep" jsonschema_description:"How long the ledger keeps a line of the provisioning log, and a run: 24h or longer, and of the log no more than 100,000 lines. state.archive keeps them for longer."`
	Export string        `koanf:"export" json:"export" jsonschema_description:"File to which each line of the provisioning log is also appended as JSON, for other programs such as a SIEM; relative to the working directory; empty: none."`
}

// PullOn reports whether the daemon reads Okta by itself: it has a credential and
// at least one schedule.
func (c *Config) PullOn() bool {
	s := c.Schedule
	return c.Okta.Auth.IsSet() && (s.Delta != "" || s.Full != "" || s.Reconcile != "")
}

// PushOn reports whether Okta may push.
func (c *Config) PushOn() bool { return c.SCIM.Listen != "" }

// HooksOn reports whether Okta's event hooks are listened for.
func (c *Config) HooksOn() bool { return c.Hooks.Listen != "" }

// HooksShared reports whether they come in at the SCIM endpoint's listener.
func (c *Config) HooksShared() bool { return c.HooksOn() && c.Hooks.Listen == c.SCIM.Listen }

// consoleToken is the default of console.token. With proxyToken, alone among the secrets,
// it may be absent, because a token is then made at the first start.
const consoleToken = "${env:SYNCD_CONSOLE_TOKEN}"

// proxyToken is the default of console.proxy.token. Where it is absent no proxy is believed.
const proxyToken = "${env:SYNCD_CONSOLE_PROXY_TOKEN}"

// scimToken is the default of scim.bearer_tokens.
const scimToken = "${env:SCIM_TOKEN}"

// hookSecret is the default of hooks.secret.
const hookSecret = "${env:OKTA_HOOK_SECRET}"

// defaultDPoP is the default of okta.auth.oauth.dpop.
const defaultDPoP = "auto"

// Defaults gives the configuration of someone who set nothing. The required
// keys are empty in it.
func Defaults() *Config { return defaults(nil) }

func defaults(env environment) *Config {
	return &Config{
		Okta:  Okta{Auth: Auth{OAuth: OAuth{DPoP: defaultDPoP}}, RateShare: 0.25},
		Omni:  Omni{RequestsPerMinute: 60, KeyOwners: []string{}},
		State: State{URL: StoreURL{text: "bolt://syncd.db"}, Prefix: "omnisync", Archive: "archive"},
		Schedule: Schedule{
			Delta:     "@every 30s",
			Full:      "0 * * * *",
			Reconcile: "0 4 * * *",
			Timezone:  "UTC",
		},
		Users: Users{
			Scope:            "true",
			Attributes:       map[string]string{},
			AdoptAttributes:  "keep",
			OnUsernameChange: "rename",
			OnRecycled:       "hold",
			OnManual:         "restore",
			Suspended:        "keep",
			Protected:        []string{},
		},
		Groups: Groups{From: "auto", Match: []string{}, Name: "group.name", OnUnpush: "keep", Adopt: "ask", Uncounted: []string{}},
		Deprovision: Deprovision{
			Action: "deactivate", Grace: 24 * time.Hour, Settle: 10 * time.Second, Keep: 90 * 24 * time.Hour,
			Handover: Handover{Schedules: handoverSave, Documents: handoverNone, To: []string{}, Within: 7 * 24 * time.Hour, SameAttributes: []string{}},
		},
		Guard: Guard{
			Window:          24 * time.Hour,
			Deactivations:   Limit{Count: 25, Percent: 5},
			MemberRemovals:  MemberLimit{Count: 200, Percent: 10, PerGroup: 50},
			GroupDeletions:  Limit{Count: 1, Percent: 5},
			AttributeLosses: Limit{Count: 25, Percent: 5},
			PolicyChange:    Limit{Count: 25, Percent: 5},
			Creations:       Limit{Count: 500, Percent: 50},
		},
		SCIM:    SCIM{BasePath: "/scim/v2", BearerTokens: []Secret{newSecret(scimToken, env)}, Allow: []string{}},
		Hooks:   Hooks{Path: "/okta/events", Secret: newSecret(hookSecret, env)},
		Console: Console{Listen: "127.0.0.1:8180", Token: newSecret(consoleToken, env), Tokens: []ConsoleToken{}, Proxy: ConsoleProxy{Token: newSecret(proxyToken, env), UserHeader: "X-Forwarded-User", Role: "read"}},
		Alerts:  Alerts{Webhook: Webhook{Format: "json", Timeout: 10 * time.Second}},
		Log:     Log{Level: "info", Format: "json", Keep: 400 * 24 * time.Hour},
	}
}
