// Package sync is the engine: it reads what Okta says, compares it with the
// ledger, decides what to change in Omni, guards and confirms what would be
// removed, applies the rest and records it.
//
// The way of the data, each step in the file of its name:
//
//	read -> gather -> correct -> observe -> plan -> guard -> confirm -> apply
//
// The decisions (observe, plan, guard) are pure functions of values and a
// passed-in now; Pass is the one function that walks through them all.
package sync

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// Policy is what the configuration says about users, groups and removals.
type Policy struct {
	Attributes      []string             // the managed Omni attributes, sorted
	Fingerprint     identity.Fingerprint // changes whenever the mapping does; New fills it and Attributes from the mapper
	AdoptAttributes string               // keep, replace
	OnUsername      string               // rename, hold
	OnRecycled      string               // hold, adopt
	OnManual        string               // restore, hold: who was deactivated in Omni by hand
	Suspended       string               // keep, deactivate
	Protected       []string             // globs over userName
	Groups          Selection            // which groups are synced
	Uncounted       []string             // names and globs of groups whose members aren't compared with usersCount; no part of the fingerprint
	OnUnpush        string               // keep, delete
	AdoptGroups     string               // ask, auto, never
	Action          string               // deactivate, delete, none
	Grace           time.Duration        // unassigned while the Okta account lives
	GraceGone       time.Duration        // the Okta account is deactivated or deleted
	Settle          time.Duration        // in any case
	Handover        state.Handover       // what becomes of what a leaver owns; no part of the fingerprint: it touches nobody who stays
	Keep            time.Duration        // how long what was saved is kept
	Guard           Guard

	// The engine fills these, the last two for each plan.
	Mapped      []string             // of Attributes, what the configuration names: all but what a push brought
	Definitions identity.Definitions // of Omni's attributes; nil while nobody knows them
	Misnamed    string               // which of Mapped Omni can't take, for a person; "" when it takes all
}

// Limit is the smaller of a count and a percentage; at least one is always let through.
type Limit struct {
	Count   int
	Percent float64
}

// Guard is what may be done unasked within a window.
type Guard struct {
	Window          time.Duration
	Deactivations   Limit
	MemberRemovals  Limit
	PerGroup        int // of MemberRemovals, those of one group
	GroupDeletions  Limit
	AttributeLosses Limit // of each attribute
	PolicyChange    Limit
	Creations       Limit
}

// Identity names the two sides that the ledger belongs to.
type Identity struct {
	Name string // of the connection
	Org  string // Okta's org URL
	App  string // Okta's app id
	Omni string // Omni's base URL
}

// Options are the parts that an engine works with.
type Options struct {
	Identity  Identity
	Policy    Policy
	Okta      Okta
	Canary    Canary // whom Okta must show, or nothing is believed that takes something away
	Patient   Source // Okta, for the long lists of full runs: it lets the questions of deltas go first; nil means Okta
	Omni      Omni
	Mapper    Mapper
	Store     state.Store
	Outlet    Outlet        // where the log is exported to; nil: nowhere
	Archive   Archive       // nil: a ledger that is lost is noticed only by the engine that saw it
	Vault     Vault         // encrypts what is saved of leavers; nil: nothing can be saved
	Keep      time.Duration // how long the ledger keeps a line of its log; 0: nobody says
	KeyOwners []string      // userNames of who made the API keys, in their order, where Omni doesn't tell
	Fence     state.Fence   // proves that this process may write; "" for reading only
	Log       *zap.Logger
	Workers   int                   // changes applied at once; 0 means as many as Omni's allowance lets begin in four seconds, 4 to 64
	Limits    func() map[string]any // what is left of both sides' allowances, for Status; may be nil
	Warnings  func() []string       // what goes on in spite of a fault, for each report; may be nil
	Waiting   func() string         // what requests to either side wait for, other than their turn, "" for nothing; may be nil
	Concerns  func() []Concern      // matters that others know of; may be nil
	Stall     time.Duration         // after how long without a good reading people are told; 0: at the second tick of the schedule that was in vain
	Latency   func(time.Duration)   // told of each time from a change in Okta to Omni's answer; may be nil
	Ran       func(state.Run)       // told of each run that has ended, with Stopped as its outcome where it was stopped; may be nil
	Logged    func([]state.Change)  // told of what was written into the provisioning log; may be nil
}

// Engine syncs one connection. Pass must not be called while another Pass runs;
// Loop sees to that.
type Engine struct {
	o        Options
	policy   Policy
	follower follower
	watch    watch

	groupwise bool // the mapping reads which groups users are in
	definer   *definer
	roles     teamRoles

	locks
	live    map[*Ledger]bool           // those of the runs under way
	pushed  map[string]time.Time       // by subject: when a push about it was applied, as far as that may matter
	decided func()                     // told of each decision; may be nil
	book    *book                      // of the process that takes pushes; nil: none are taken
	turns   turns                      // on the objects that somebody works on
	estates map[identity.OktaID]estate // of those who hand over, read and not worked through
	ways    ways                       // out, and to whom something is given
	handing chan struct{}              // holds something for each leaver who hands over just now

	ownersAsked map[int]time.Time      // when Omni was asked whose an API key is, by its place; only by runs that follow each other
	schedules   recount                // of those who leave
	documents   recount                // likewise
	canary      lastSeen               // of Options.Canary
	alarms      alarms                 // what people are told of
	outflow     outflow                // of the log, to a file
	brake       brake                  // what a person has paused
	deciding    sync.Mutex             // one verdict at a time: of two about one change the first counts
	pausing     atomic.Pointer[error]  // why the ledger doesn't take it; nil: it does
	unarchived  atomic.Pointer[string] // why the newest record isn't in the archive; nil: it is
}

// planVersion changes whenever this program would plan differently from the
// same configuration, so that such a release is guarded like a changed policy.
const planVersion = 1

// New builds an engine from its parts. It does no I/O.
func New(o Options) *Engine {
	policy := o.Policy
	policy.Attributes = slices.Sorted(slices.Values(o.Mapper.Attributes()))
	policy.Mapped = policy.Attributes
	policy.Groups = policy.Groups.canonical()
	policy.Fingerprint = identity.FingerprintOf([]any{o.Mapper.Fingerprint(), policy.OnUnpush, policy.Suspended, policy.Groups, planVersion})
	if o.Patient == nil {
		o.Patient = o.Okta
	}
	if o.Archive == nil {
		o.Archive = &Recollection{}
	}
	return &Engine{o: o, policy: policy, follower: follower{waits: o.Waiting}, definer: newDefiner(), groupwise: o.Mapper.UsesGroups(),
		locks: newLocks(), live: map[*Ledger]bool{}, pushed: map[string]time.Time{}, estates: map[identity.OktaID]estate{}, handing: make(chan struct{}, handovers), ownersAsked: map[int]time.Time{},
		watch: watch{again: map[string]look{}}, brake: brake{moved: make(chan struct{}, 1)}, outflow: outflow{stirred: make(chan struct{}, 1)}, alarms: alarms{stirred: make(chan struct{}, 1), began: time.Now()}}
}

// workers are enough to use the allowance up even where each answer takes four seconds.
func (e *Engine) workers() int {
	if e.o.Workers > 0 {
		return e.o.Workers
	}
	perMinute, _ := e.o.Omni.Outlook(0)
	return int(min(max(4, math.Ceil(perMinute/60*4)), 64))
}

// write puts notes into the store, under the fence.
func (e *Engine) write(ctx context.Context, n Notes) error {
	for _, b := range n.batches() {
		if err := e.put(ctx, b); err != nil {
			return err
		}
	}
	return nil
}
