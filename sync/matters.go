package sync

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/state"
)

// Matter is something that a person is to know of, from its beginning to its end. Its
// title, text and hint name nobody; names and detail may.
type Matter struct {
	Key    string // what it is and about what: while it stands it is told once
	Kind   string // of the table
	Since  time.Time
	Title  string // in a few words
	Hint   string // what to do about it
	Run    string
	Count  int
	Names  []string // of people and groups
	Detail string   // the words of an error
	Daily  bool     // it is told again each day
	Quiet  bool     // it isn't reason enough to begin, but isn't over either
}

// Concern is a matter that somebody else than the engine knows of, such as an API key
// that Omni refuses. Equal ones are one matter.
type Concern struct{ Kind, About, Title, Hint string }

// facts are what matters are found in.
type facts struct {
	held     []HeldRun
	pause    state.Pause
	failing  map[string]state.Failure
	leavers  []state.Leaver
	runs     []state.Run // those that tell how Omni stands to Okta: the newest whole one and the newest other one
	streak   time.Time   // since when every other run fails; zero: the newest didn't
	good     time.Time   // when something was last read that can be believed
	overdue  time.Time   // when that is too long ago; zero: never
	moves    bool        // a run is under way, and comes on
	lag      error       // why Okta's System Log isn't read on
	lagSince time.Time
	features []string  // of the Okta app, as far as they are known
	pushed   bool      // Okta pushes to us
	archive  string    // why the archive isn't written; "" when it is
	export   Exporting // of the log; zero where nothing is amiss
	concerns []Concern
}

const (
	// failsFor is how long runs that come often fail before it matters.
	failsFor = 5 * time.Minute
	// removalFailsFor is how long a removal of access fails before it matters.
	removalFailsFor = removalDelay
	// recallPause is from when on a pause counts as forgotten.
	recallPause = 24 * time.Hour
	// mostAlike is how many matters of one kind are told one by one.
	mostAlike = 20
)

// matter is a row of the table: a kind of matters, and how they are found. A new kind is
// a new row.
type matter struct {
	kind string
	find func(f facts, now time.Time) []Matter
	ends string // what is said at the end
}

// matters is everything that is told.
var matters = []matter{
	{"held", heldMatters, "decided, or no longer asked for"},
	{"credential", credentialMatters, "the credential is accepted again"},
	{"runs", runMatters, "runs go well again"},
	{"stall", stallMatters, "a run has gone well"},
	{"removal", removalMatters, "it is done, or no longer to be done"},
	{"pause", pauseMatters, "the pause is over"},
	{"handover", handoverMatters, "it is done, or the person is assigned again"},
	{"direct", directMatters, "Okta's app pushes into Omni no more"},
	{"archive", archiveMatters, "the archive is written again"},
	{"export", exportMatters, "the log is exported again, and nothing of it is missing"},
	{"other", concernMatters, "it is mended"},
}

// mattersOf finds what matters now, in the order of the table. Of many of one kind the rest is told
// as one. Pure.
func mattersOf(f facts, now time.Time) []Matter {
	var list []Matter
	for _, row := range matters {
		found := row.find(f, now)
		for i := range found {
			found[i].Kind = cmp.Or(found[i].Kind, row.kind)
		}
		slices.SortStableFunc(found, func(a, b Matter) int { return a.Since.Compare(b.Since) })
		if rest := len(found) - mostAlike; rest > 0 {
			more := Matter{Key: row.kind + " more", Kind: row.kind, Since: found[mostAlike].Since, Count: rest, Hint: "syncd status shows all of it",
				Title: fmt.Sprintf("%d more of the kind %q", rest, row.kind)}
			found = append(found[:mostAlike], more)
		}
		list = append(list, found...)
	}
	return list
}

// endOf is what is said at the end of a matter of the kind.
func endOf(kind string) string {
	i := slices.IndexFunc(matters, func(m matter) bool { return m.kind == kind })
	if i < 0 {
		return "it is over"
	}
	return matters[i].ends
}

// Word says what is new about a matter.
type Word string

// The words.
const (
	Begins Word = "begin"
	Again  Word = "daily" // it stands still
	Over   Word = "over"
)

// News is one thing to be told.
type News struct {
	Matter
	Word Word
	At   time.Time
}

// tellAgain is after how long what is told daily is told again.
const tellAgain = 24 * time.Hour

// newsAbout compares what matters now with what was told: what begins, what stands still and
// is told daily, and what is over. Pure.
func newsAbout(told map[string]state.Told, now []Matter, at time.Time) []News {
	var list []News
	stands := map[string]bool{}
	for _, m := range now {
		stands[m.Key] = true
		before, known := told[m.Key]
		switch {
		case !known && m.Quiet:
		case !known:
			list = append(list, News{m, Begins, at})
		case m.Daily && at.Sub(before.At) >= tellAgain:
			list = append(list, News{m, Again, at})
		}
	}
	var over []News
	for key, t := range told {
		if !stands[key] {
			over = append(over, News{Matter{Key: key, Kind: t.Kind, Since: t.Since, Run: t.Run, Title: t.Title, Hint: endOf(t.Kind)}, Over, at})
		}
	}
	slices.SortFunc(over, func(a, b News) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Key, b.Key)) })
	return append(over, list...)
}

// mostTold bounds what is remembered: more matters don't stand at once.
const mostTold = 10 * (mostAlike + 1)

// longestTitle bounds a title, in bytes.
const longestTitle = 200

// take notes that a piece of news was told.
func take(told map[string]state.Told, n News) map[string]state.Told {
	out := map[string]state.Told{}
	maps.Copy(out, told)
	if n.Word == Over {
		delete(out, n.Key)
		return out
	}
	if _, known := out[n.Key]; known || len(out) < mostTold {
		since := n.Since
		if since.IsZero() {
			since = n.At
		}
		out[n.Key] = state.Told{Kind: n.Kind, Title: n.Title[:min(len(n.Title), longestTitle)], Run: n.Run, Since: since, At: n.At}
	}
	return out
}
