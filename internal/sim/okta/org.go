// Package okta is a stand-in for Okta's management API: one org with one app, served over HTTP. It has the users,
// the app's assignments, groups with their members, group-push mappings, the System Log and event hooks, as Okta's
// description of its API and its documents tell them, and knobs for what surprises in the field.
//
// An Org is changed by methods named after what an admin does. Each writes the events that Okta would write. An id
// that the org never gave out is a mistake in the caller, and panics; a change that is already so does nothing.
package okta

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
)

// DefaultAppID is the id of the app where Org.AppID is empty.
const DefaultAppID = "0oa1gjh63g214q0Hq0g4"

// Org is one Okta org, an http.Handler for its paths under /api/v1 and its token endpoint. The zero value is ready. All methods may be
// called from several goroutines; the exported fields are set before the first use (see SetKnobs).
type Org struct {
	AppID    string // "" is DefaultAppID
	AppLabel string // "" is Omni
	Token    string // what a request must carry, as SSWS or Bearer; "" lets everyone in, unless ClientID is set
	ClientID string // the API Services app that gets access tokens with the keys of AddKey; "" is none
	URL      string // the origin in links, such as https://acme.okta.com; "" is the one that was asked
	Knobs    Knobs

	// HookClient is how Okta reaches event hooks: to verify one, and in DeliverHooks. nil reaches none.
	HookClient *http.Client

	Faults   sim.Faults   // in front of the API
	Requests sim.Requests // what was asked, and answered

	mu          sync.RWMutex
	mux         *http.ServeMux // nil until the first use: it marks a zero value
	ids         uint64
	requestIDs  uint64
	born        time.Time
	appUpdated  time.Time // zero: never
	users       map[string]*user
	userRoll    roll[user]
	assigned    map[string]*appUser // by the user's id
	appRoll     roll[appUser]
	groups      map[string]*group
	groupRoll   roll[group]
	appGroups   roll[appGroup]
	mappings    map[string]*mapping
	mappingRoll roll[mapping]
	log         eventLog
	hooks       hooks
	rules       []*rule // in order of creation
	acts        uint64  // things done from outside
	acting      Target  // who does them; zero is Ada Admin
	windows     map[Bucket]*window
	inFlight    int
	oauth       oauth
}

// SetKnobs changes knobs while the org is in use.
func (o *Org) SetKnobs(change func(*Knobs)) {
	defer o.lock()()
	change(&o.Knobs)
}

// lock locks for writing and makes a zero value ready: defer o.lock()().
func (o *Org) lock() (unlock func()) {
	o.mu.Lock()
	if o.mux == nil {
		o.users = map[string]*user{}
		o.assigned = map[string]*appUser{}
		o.groups = map[string]*group{}
		o.mappings = map[string]*mapping{}
		o.hooks.byID = map[string]*hook{}
		o.windows = map[Bucket]*window{}
		o.oauth = newOAuth()
		o.born = o.now()
		o.mux = o.routes()
	}
	o.acts++
	return o.mu.Unlock
}

// now is the org's clock. Okta tells times in UTC with milliseconds.
func (o *Org) now() time.Time {
	return time.Now().Add(o.Knobs.Skew).UTC().Truncate(time.Millisecond)
}

// newID gives ids in Okta's form: the prefix and 17 more characters, the same in each run.
func (o *Org) newID(prefix string) string {
	o.ids++
	return prefix + "1sim" + padded(o.ids, 13)
}

func padded(n uint64, width int) string {
	digits := strconv.FormatUint(n, 36)
	return strings.Repeat("0", max(0, width-len(digits))) + digits
}

// ID is the id of the org's app.
func (o *Org) ID() string {
	if o.AppID == "" {
		return DefaultAppID
	}
	return o.AppID
}

func (o *Org) label() string {
	if o.AppLabel == "" {
		return "Omni"
	}
	return o.AppLabel
}

func (o *Org) mustUser(id string) *user {
	if u := o.users[id]; u != nil {
		return u
	}
	panic(fmt.Sprintf("okta stand-in: no user %q", id))
}

func (o *Org) mustGroup(id string) *group {
	if g := o.groups[id]; g != nil {
		return g
	}
	panic(fmt.Sprintf("okta stand-in: no group %q", id))
}

func (o *Org) mustMapping(id string) *mapping {
	if m := o.mappings[id]; m != nil {
		return m
	}
	panic(fmt.Sprintf("okta stand-in: no group-push mapping %q", id))
}
