// Package omni is a stand-in for Omni's API: SCIM users and groups, embed
// users, user attributes, schedules, documents and model roles of one
// organization, served over real HTTP. Tests, the demo and the benchmark run
// against it. It follows Omni's documents; what they leave open is a knob.
package omni

import (
	"net/http"
	"strings"
	"sync"
)

// Org is one Omni organization, an http.Handler for its paths under /api. The
// zero value is ready. All methods may be called at once from many goroutines.
type Org struct {
	// Knobs are set before the first request; afterwards SetKnobs changes them.
	Knobs Knobs

	mu          sync.Mutex
	mux         *http.ServeMux
	seq         uint64
	people      people
	embed       people
	invited     map[string]bool // folded userNames of open invitations
	revoked     map[string]bool // folded userNames of users who are gone
	teams       map[string]*team
	teamNames   map[string]*team
	teamRoll    roll[team]
	definitions []Definition
	defined     map[string]int // reference -> index in definitions
	schedules   roll[Schedule]
	lost        []Schedule // that ended with their owner
	documents   []*Document
	roles       map[string][]string // membership or group id -> role names
	windows     windows
	log         []Request
}

// fold is the form in which userNames and group names are compared.
func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// SetKnobs changes the behaviour from the next request on.
func (o *Org) SetKnobs(k Knobs) {
	defer o.lock()()
	o.Knobs = k
}

// lock makes the zero value usable and gives the way to unlock.
func (o *Org) lock() (unlock func()) {
	o.mu.Lock()
	if o.mux == nil {
		o.people = people{byID: map[string]*user{}, byName: map[string]*user{}}
		o.embed = people{byID: map[string]*user{}, byName: map[string]*user{}}
		o.invited, o.revoked = map[string]bool{}, map[string]bool{}
		o.teams, o.teamNames = map[string]*team{}, map[string]*team{}
		o.defined, o.roles, o.windows = map[string]int{}, map[string][]string{}, windows{}
		for _, d := range systemDefinitions() {
			o.define(d)
		}
		o.mux = o.routes()
	}
	return o.mu.Unlock
}
