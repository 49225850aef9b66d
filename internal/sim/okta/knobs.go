package okta

import "time"

// Knobs choose the surprises. The zero value is a well-behaved Workforce org with Group Push switched on. A path
// in a knob is a path.Match pattern for the whole path of a request, such as /api/v1/apps/*/users.
type Knobs struct {
	// AppStatus is ACTIVE (also for ""), INACTIVE or DELETED.
	AppStatus string
	// Features is what provisioning of the app is switched on; nil is GROUP_PUSH alone. Without GROUP_PUSH the
	// list of mappings is empty.
	Features []string
	// ImplicitAssignment is settings.implicitAssignment of the app.
	ImplicitAssignment bool

	// UserNames is the app's username format; "" is ${source.email}. It is told only: SetUserName sets names.
	UserNames string
	// Owner is whose API token it is. Event hooks want a SUPER_ADMIN.
	Owner Owner
	// Unembedded leaves the Okta user out of app users, as if expand weren't asked for.
	Unembedded bool
	// Uncounted leaves usersCount out of the statistics of groups.
	Uncounted bool

	// Denied is what the credential may not do, on DeniedPath alone ("": everywhere). Everywhere is also what an API
	// Services app without an admin role gets, whatever its scopes.
	Denied     Denied
	DeniedPath string

	// Hidden are the ids of users and groups that lie outside the resources of the credential's role, on HiddenPaths
	// alone (none: everywhere): lists leave them out, and asked for by id they are unknown. What Okta counts it counts
	// with them.
	Hidden      []string
	HiddenPaths []string

	// Limits are requests a minute for each bucket. A missing one has DefaultLimit, a negative number is a
	// million. FreeLimits are those of a free org.
	Limits map[Bucket]int
	// Concurrency is how many requests may be in flight at once; 0 is 75, a negative number no maximum.
	Concurrency int
	// Latency is how long each answer takes.
	Latency time.Duration

	// LoopPath names lists whose next link leads back to the same page.
	LoopPath string
	// EndEarlyPath names lists that end after their first page, with 200 and without a next link.
	EndEarlyPath string
	// NullProfiles lists app users whose profile is null.
	NullProfiles bool

	// MemberLag is how far the lists of members lag behind: joiners are missing and leavers stay in them for so
	// long. A leaver is remembered only when the lag was set before they left.
	MemberLag time.Duration
	// ListLag is how far the list of app users lags behind: it shows who was assigned, and as whom, so long ago. What
	// was changed before the lag was set isn't remembered. An app user asked for by id is always fresh.
	ListLag time.Duration
	// LogLag is how long after it happened an event comes to the System Log.
	LogLag time.Duration
	// Fate is what becomes of an event: the delays after which it comes to the System Log. None: it is lost; two: it
	// comes twice, as the same event; different ones put events out of order. Published stays when it happened. nil: once,
	// after LogLag. It is called in the middle of a change: it must not call the Org.
	Fate func(Event) []time.Duration
	// HookFate is the same for event hooks: the delays after which an event is delivered. None: never; two: in two
	// deliveries. nil: at once.
	HookFate func(Event) []time.Duration
	// LoneEvents gives each event a transaction of its own, so that none says which act it belongs to: Okta promises
	// nothing about that.
	LoneEvents bool
	// Quiet writes no events: for filling a large org with what happened long ago.
	Quiet bool
	// Skew puts the org's clock ahead of ours.
	Skew time.Duration

	// Granted are the scopes that the API Services app may have; nil is all that reading needs, without event hooks.
	Granted []string
	// GrantsFewer gives out a token for what is granted of the scopes that are asked for, and tells which, as RFC 6749
	// has it (section 3.3). Okta was seen to refuse all of them.
	GrantsFewer bool
	// TokenLife is how long its access tokens last; 0 is an hour, as at Okta.
	TokenLife time.Duration
	// OpaqueTokens makes them a random text in place of a JWT.
	OpaqueTokens bool
	// RequireDPoP is the checkbox of that name at the app: tokens are given out to who proves to have a key, and
	// bound to it. A proof is taken without it as well.
	RequireDPoP bool
	// NonceEvery is after how many proofs the nonce in them changes; 0: once a day.
	NonceEvery int
	// APINonce wants a nonce also in the proofs for the API, of which Okta's documents say that they need none.
	APINonce bool
}

// Denied is how an answer looks when the admin role behind the credential doesn't reach.
type Denied int

// The ways in which permission is missing. Okta was seen to do both.
const (
	NotDenied     Denied = iota
	DeniedError          // 403 E0000006
	DeniedSilence        // lists are empty with 200; single objects answer 403 E0000006
)

// Bucket is a group of endpoints that share one rate limit.
type Bucket string

// The buckets, by the table that Okta published last for Workforce orgs.
const (
	BucketApp    Bucket = "app"    // /api/v1/apps/{id}
	BucketApps   Bucket = "apps"   // everything beneath /api/v1/apps besides
	BucketGroup  Bucket = "group"  // /api/v1/groups/{id}
	BucketGroups Bucket = "groups" // everything beneath /api/v1/groups besides
	BucketUser   Bucket = "user"   // /api/v1/users/{id}
	BucketUsers  Bucket = "users"  // /api/v1/users
	BucketLogs   Bucket = "logs"   // /api/v1/logs
	BucketRest   Bucket = "rest"   // the rest
)

// DefaultLimit is the bucket's limit on a Workforce org, in requests a minute.
func DefaultLimit(b Bucket) int {
	switch b {
	case BucketApps:
		return 100
	case BucketApp, BucketGroups:
		return 500
	case BucketGroup:
		return 1000
	case BucketUser:
		return 2000
	case BucketUsers:
		return 600
	case BucketLogs:
		return 120
	default:
		return 1200
	}
}

// FreeLimits are Knobs.Limits of an Integrator Free org, by the same table. Such an org answers 35 requests at once: see
// Knobs.Concurrency.
func FreeLimits() map[Bucket]int {
	return map[Bucket]int{
		BucketApp: 100, BucketApps: 20, BucketGroup: 100, BucketGroups: 100,
		BucketUser: 100, BucketUsers: 100, BucketLogs: 20, BucketRest: 100,
	}
}

func (k *Knobs) appStatus() string {
	if k.AppStatus == "" {
		return "ACTIVE"
	}
	return k.AppStatus
}

func (k *Knobs) features() []string {
	if k.Features == nil {
		return []string{"GROUP_PUSH"}
	}
	return k.Features
}

func (k *Knobs) userNames() string {
	if k.UserNames == "" {
		return "${source.email}"
	}
	return k.UserNames
}

func (k *Knobs) limit(b Bucket) int {
	switch n, ok := k.Limits[b]; {
	case !ok:
		return DefaultLimit(b)
	case n < 0:
		return 1_000_000
	default:
		return n
	}
}
