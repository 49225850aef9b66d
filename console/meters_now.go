package console

import (
	"strings"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/sync"
	"github.com/prometheus/client_golang/prometheus"
)

// Now is how things stand in this process.
type Now struct {
	Leads    bool
	Acquired time.Time // since when it holds the lease; zero while it doesn't
	Renewed  time.Time // when the lease was renewed last; likewise
	Paused   bool      // nothing goes on, because the ledger is out of reach or takes nothing
	Archives bool      // the newest record went into the archive
	Waiting  int       // changes of the run that is under way

	Okta   map[string]Bucket // nil for push alone
	Omni   Allowance
	Shared map[Side]bool // whether requests of other processes are counted, where there may be others

	Pushes *Pushes // nil where push mode is off
	Hooks  *Hooks  // nil where event hooks are off
	Alerts *Alerts // nil where alerts stand in the log alone
}

// Bucket is one of Okta's limits.
type Bucket struct {
	Limit     int // requests a minute, as announced last; 0 while unknown
	Remaining int
	Waiting   int // requests of ours
}

// Allowance is how Omni's stands.
type Allowance struct {
	PerMinute int            // requests that all keys may send together
	Pace      float64        // the share of it that is used
	Paused    float64        // seconds until a key may send again after a 429
	Down      float64        // seconds until an Omni that doesn't answer is asked again
	Refused   int            // keys
	Waiting   map[string]int // requests, by lane
}

// Pushes are what came in at the SCIM endpoint since the process began.
type Pushes struct {
	Answered map[string]uint64 // requests, by class of the status
	Refused  map[string]uint64 // requests, by reason
	Panics   uint64
	Newest   time.Time     // when one was taken; zero for never
	Waiting  *sync.Backlog // accepted and not yet applied; nil while this process takes none
}

// The classes of Pushes.Answered, and the reasons of Pushes.Refused.
var (
	pushCodes   = []string{"2xx", "3xx", "4xx", "429", "5xx"}
	pushRefused = []string{"token", "address", "limit"}
)

// Hooks are the event hooks that came in since the process began.
type Hooks struct {
	Taken, Refused uint64
	Newest         time.Time // when one was taken; zero for never
}

// Alerts are what this process told people by the webhook.
type Alerts struct {
	Sent    int
	Waiting int       // to be sent
	Failing time.Time // since when the webhook takes none; zero while it does
}

// nowMeter tells how things stand in this process.
type nowMeter struct {
	table
	sight Sight
}

func newNowMeter(s Sight) nowMeter {
	bucket, lane := []string{"bucket"}, []string{"lane"}
	return nowMeter{sight: s, table: newTable([]row{
		{gauge, "leader", "1 while this process leads the connection.", nil},
		{gauge, "lease_acquired_timestamp_seconds", "Since when this process holds the lease, and its fencing token, as seconds since 1970; absent while it doesn't.", nil},
		{gauge, "lease_renewed_timestamp_seconds", "When this process renewed the lease last, as seconds since 1970; absent while it doesn't lead.", nil},
		{gauge, "paused", "1 while nothing goes on because the ledger is out of reach or takes nothing.", nil},
		{gauge, "archive_failing", "1 while the newest record could not be written into the archive.", nil},
		{gauge, "changes_waiting", "Changes of the run that is under way that aren't done yet.", nil},
		{gauge, "okta_limit_requests", "Requests a minute that Okta allows, as it announced last.", bucket},
		{gauge, "okta_remaining_requests", "How many of them were left, by Okta's newest answer.", bucket},
		{gauge, "okta_waiting_requests", "Requests of this process that wait for Okta's limit.", bucket},
		{gauge, "omni_limit_requests", "Requests a minute that all of Omni's keys may send together.", nil},
		{gauge, "omni_pace_ratio", "The share of Omni's limit that is used since it last answered 429; 1 is all.", nil},
		{gauge, "omni_paused_seconds", "How long until a key may send again after a 429; 0 when one may.", nil},
		{gauge, "omni_down_seconds", "How long until an Omni that doesn't answer is asked again; 0 while it answers.", nil},
		{gauge, "omni_refused_keys", "API keys that Omni refuses.", nil},
		{gauge, "omni_waiting_requests", "Requests of this process that wait for a turn at Omni.", lane},
		{gauge, "allowance_shared", "1 while the requests of other processes count into the limits, where the ledger is shared.", []string{"side"}},
		{rising, "scim_requests_total", "Requests to the SCIM endpoint, health checks aside, by the answer's status.", []string{"code"}},
		{rising, "scim_refused_total", "Those of them that were refused at the door: without a right token, from an address that may not call, or for their size or number.", []string{"reason"}},
		{rising, "scim_panics_total", "Requests to the SCIM endpoint that the daemon made a mistake at; should be none.", nil},
		{gauge, "push_taken_timestamp_seconds", "When the newest push was taken, as seconds since 1970; absent before the first.", nil},
		{gauge, "pushes_waiting", "What Okta pushed and isn't applied yet.", []string{"of"}},
		{rising, "hooks_total", "Event hooks that came in, by whether they brought the right secret.", []string{"answer"}},
		{rising, "alerts_sent_total", "Alerts that the webhook took.", nil},
		{gauge, "alerts_waiting", "Alerts that are still to be sent.", nil},
		{gauge, "alerts_failing_since_timestamp_seconds", "Since when the webhook takes no alert, as seconds since 1970; absent while it does.", nil},
		{gauge, "hook_taken_timestamp_seconds", "When the newest event hook was taken, as seconds since 1970; absent before the first.", nil},
	})}
}

// Collect implements prometheus.Collector.
func (m nowMeter) Collect(to chan<- prometheus.Metric) {
	r, now := reading{m.table, to}, m.sight.Now()
	r.yes("leader", now.Leads)
	r.at("lease_acquired_timestamp_seconds", now.Acquired)
	r.at("lease_renewed_timestamp_seconds", now.Renewed)
	r.yes("paused", now.Paused)
	r.yes("archive_failing", !now.Archives)
	r.tell("changes_waiting", float64(now.Waiting))
	for _, name := range sideKinds[OktaSide] {
		b, known := now.Okta[name]
		if !known {
			continue
		}
		if b.Limit > 0 {
			r.tell("okta_limit_requests", float64(b.Limit), name)
			r.tell("okta_remaining_requests", float64(b.Remaining), name)
		}
		r.tell("okta_waiting_requests", float64(b.Waiting), name)
	}
	r.omni(now.Omni)
	for _, side := range []Side{OktaSide, OmniSide} {
		if shared, known := now.Shared[side]; known {
			r.yes("allowance_shared", shared, string(side))
		}
	}
	if now.Pushes != nil {
		r.pushes(*now.Pushes)
	}
	if now.Hooks != nil {
		r.tell("hooks_total", float64(now.Hooks.Taken), "taken")
		r.tell("hooks_total", float64(now.Hooks.Refused), "refused")
		r.at("hook_taken_timestamp_seconds", now.Hooks.Newest)
	}
	if a := now.Alerts; a != nil {
		r.tell("alerts_sent_total", float64(a.Sent))
		r.tell("alerts_waiting", float64(a.Waiting))
		r.at("alerts_failing_since_timestamp_seconds", a.Failing)
	}
}

func (r reading) omni(a Allowance) {
	r.tell("omni_limit_requests", float64(a.PerMinute))
	r.tell("omni_pace_ratio", a.Pace)
	r.tell("omni_paused_seconds", a.Paused)
	r.tell("omni_down_seconds", a.Down)
	r.tell("omni_refused_keys", float64(a.Refused))
	for lane := range identity.Lanes {
		name := (identity.Lane(lane) + identity.LaneRemoval).String()
		r.tell("omni_waiting_requests", float64(a.Waiting[name]), strings.ReplaceAll(name, " ", "_"))
	}
}

func (r reading) pushes(p Pushes) {
	for _, code := range pushCodes {
		r.tell("scim_requests_total", float64(p.Answered[code]), code)
	}
	for _, reason := range pushRefused {
		r.tell("scim_refused_total", float64(p.Refused[reason]), reason)
	}
	r.tell("scim_panics_total", float64(p.Panics))
	r.at("push_taken_timestamp_seconds", p.Newest)
	if w := p.Waiting; w != nil {
		r.tell("pushes_waiting", float64(w.Removals), "removals")
		r.tell("pushes_waiting", float64(w.Groups), "groups")
		r.tell("pushes_waiting", float64(w.Members), "members")
	}
}
