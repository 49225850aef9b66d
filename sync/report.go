package sync

import (
	"time"

	"github.com/omnisync/omnisync/state"
)

// RunKind is the depth of a run.
type RunKind string

// The kinds of runs.
const (
	Full      RunKind = "full"      // Okta is read whole
	Reconcile RunKind = "reconcile" // Omni too
	Delta     RunKind = "delta"     // of Okta, only what its System Log says was touched
	Push      RunKind = "push"      // nothing is read: Okta said it
	User      RunKind = "user"      // of both sides, only one person is read
	Undo      RunKind = "undo"      // of Okta, only whom and what an earlier run changed
)

// Outcome sums a run up.
type Outcome string

// The outcomes, as the commands print them.
const (
	Done     Outcome = "done"
	Failing  Outcome = "failed"   // some changes failed
	Holding  Outcome = "held"     // something waits for approval
	Doubtful Outcome = "doubtful" // a reading could not be believed; nothing was removed because of it
	Stopped  Outcome = "stopped"  // by who asked for it, or with the process or its lease; told to Options.Ran alone
)

// Request says what a run is to do.
type Request struct {
	Kind       RunKind
	DryRun     bool           // reads and plans, writes nothing anywhere
	Insist     bool           // tries failing objects although their delay hasn't passed
	Only       []string       `json:",omitempty"` // of Insist: the names, or ids, of those that it is for; empty: all
	Attached   bool           `json:",omitempty"` // ends with who asked for it; else it goes on where another process makes it
	AllMembers bool           // reads the members of every group, moved or not
	Subject    string         `json:",omitempty"` // of a user run: the person, by a name or an id; of an undo: the run that is undone
	By         string         `json:",omitempty"` // of an undo: who asks
	LetGo      bool           `json:",omitempty"` // of an undo: what it undid is let go of instead
	Progress   func(Progress) `json:"-"`          // told of each step, and twice a second of a long one; it must not call the engine; may be nil
	Cause      string         // why it runs: "schedule", CauseCommand, "start"
}

// CauseCommand is the cause of what a person asks for.
const CauseCommand = "command"

// Progress is how far one step of a run is, for a person who waits.
type Progress struct {
	Run       string   `json:"run"`
	Step      string   `json:"step"` // read, members, survey, plan, confirm, apply
	Done      int      `json:"done"`
	Total     int      `json:"total"`        // 0 while unknown
	PerMinute float64  `json:"per_minute"`   // how many are done a minute, as measured lately; 0 while unknown
	Requests  int      `json:"requests"`     // of apply: what the rest will ask of Omni
	Left      *float64 `json:"left_seconds"` // until the step is over; null while unknown
	Note      string   `json:"note,omitempty"`
}

// Running is the run that is under way.
type Running struct {
	Progress
	Kind  RunKind   `json:"kind"`
	Since time.Time `json:"since"`
}

// Report is what a run did, or would do.
type Report struct {
	Run     string         `json:"run"`
	Kind    RunKind        `json:"kind"`
	Outcome Outcome        `json:"outcome"`
	Doubts  []string       `json:"doubts"`
	Counts  map[string]int `json:"counts"` // changes by state, and by kind for those applied or planned
	Changes []state.Change `json:"changes"`
	Pause   *state.Pause   `json:"pause,omitempty"`   // that held while the run was made
	Notes   []string       `json:"notes"`             // what was left alone and why: unmanaged users, refused names
	Because []string       `json:"because,omitempty"` // what led to the removals that are held, in sentences

	Troubles []state.Trouble `json:"troubles"` // why changes failed, each cause once

	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`

	Steps []Step `json:"steps,omitempty"` // of a user run: what was found, and what came of it, in order
	Next  string `json:"next,omitempty"`  // of a user run: what to do about it
}

// Step is one thing that is told of a person or a group.
type Step struct {
	Name  string `json:"name"` // what it is about, such as scope
	Text  string `json:"text"`
	Doubt bool   `json:"doubt,omitempty"` // it couldn't be read, or can't be believed
}

// Health is one word on how Omni stands to Okta.
type Health string

// The healths of a connection, worst last.
const (
	InStep  Health = "in_step"
	Behind  Health = "behind"  // no run has ended, the last one was doubtful, or a lost ledger isn't built again yet
	Waiting Health = "held"    // in step but for what is held
	Broken  Health = "failing" // changes, or whole runs, fail
	Paused  Health = "paused"  // by a person, or because the ledger is out of reach
)

// LastRun is the newest run in short.
type LastRun struct {
	Run     string    `json:"run"`
	Kind    string    `json:"kind"`
	Outcome string    `json:"outcome"`
	Ended   time.Time `json:"ended"`
	Error   string    `json:"error,omitempty"` // why it could not start or not go on, or what of the configuration Omni can't take
	Hint    string    `json:"hint,omitempty"`  // what to do about that
}

// HeldRun is what one run left for a person.
type HeldRun struct {
	Run     string         `json:"run"`
	Kind    string         `json:"kind"` // of the guard that held: deactivations, member_removals ...
	Since   time.Time      `json:"since"`
	Count   int            `json:"count"`
	Because []string       `json:"because,omitempty"` // what led to the removals among them, in sentences
	Changes []state.Change `json:"changes"`
	Hash    string         `json:"hash"` // of what is shown: ties a decision to it, see Verdict
}

// Status is the connection at a glance.
type Status struct {
	Name     string          `json:"name"`
	State    Health          `json:"state"`
	Leader   bool            `json:"leader"`
	Holder   string          `json:"holder,omitempty"` // who leads, where it isn't this process
	Reason   string          `json:"reason,omitempty"` // why it is paused
	Pause    *state.Pause    `json:"pause,omitempty"`  // a person's; absent where the ledger is out of reach
	Last     *LastRun        `json:"last"`
	Whole    *LastRun        `json:"whole,omitempty"` // the newest that read all of Okta; absent where it is the last
	Running  *Running        `json:"running"`         // in this process; null when none is
	Held     []HeldRun       `json:"held"`
	Rejected []state.Change  `json:"rejected"`         // what a person said no to, and what stands because of it
	Undone   []UndoneRun     `json:"undone,omitempty"` // what is kept as it was before a run, until somebody lets go
	Failing  []state.Change  `json:"failing"`
	Keys     []LeftKey       `json:"keys,omitempty"`    // API keys whose owner leaves in Okta: each needs another in its place
	Leaving  map[string]int  `json:"leaving"`           // how many are on the way out, by step
	Refused  []state.Trouble `json:"refused,omitempty"` // what the newest runs couldn't even try: no delay is waited for
	Limits   map[string]any  `json:"limits"`
	Log      *Followed       `json:"log,omitempty"`    // how Okta's System Log is followed; absent where it isn't
	Export   *Exporting      `json:"export,omitempty"` // of the provisioning log; absent where this process exports none
}

// Followed is how the deltas follow Okta's System Log.
type Followed struct {
	Read    time.Time `json:"read,omitzero"`   // until when it was read and acted upon, by Okta's clock
	Waits   string    `json:"waits,omitempty"` // why it isn't read on
	Missed  int       `json:"missed"`          // changes that a full run found and the log never told of: should be none
	Names   []string  `json:"missed_names"`    // the newest of them since this process leads
	Again   int       `json:"again"`           // objects that are looked at again without an event: in grace, failing, unread
	Seconds *Latency  `json:"seconds"`         // from a change in Okta to Omni's answer; null before the first
}

// Decided is the answer to an approval or a rejection.
type Decided struct {
	Run     string         `json:"run"`
	Decided []state.Change `json:"decided"` // what the decision covers
	Left    int            `json:"left"`    // how many changes of the run still wait
	Still   []string       `json:"still"`   // other runs of which something still waits
	Already []string       `json:"already"` // removals that somebody decided before, and how
}
