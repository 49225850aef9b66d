package sync

import (
	"context"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// HistoryFilter says which lines of the provisioning log are wanted: those that
// every field allows. A zero field allows all.
type HistoryFilter struct {
	Subject string            // a person or a group: by the name it has or had, or by its id in Okta or Omni
	Kind    string            // create, deactivate ...
	State   state.ChangeState // applied, held, failed, kept
	Run     string
	Since   time.Time
	Until   time.Time // exclusive
	Skip    int       // the newest so many
	Limit   int       // so many of the rest; 0 means all
}

const (
	// firstLines is how many of the newest lines are read at first; then always ten times as
	// many, so that who asks for the newest doesn't wait for the whole log.
	firstLines = 1_000
	// lineDelay is how much later than its time a line may come into the log.
	lineDelay = time.Hour
)

// History gives lines of the provisioning log, the newest first. Those of a
// person who was renamed are found by each name, and those of a group also by
// the members whom they moved.
func (e *Engine) History(ctx context.Context, f HistoryFilter) ([]state.Change, error) {
	n := firstLines
	if f.Subject != "" { // whose names of other times stand anywhere
		n = state.Log.Keep()
	}
	for ; ; n *= 10 {
		n = min(n, state.Log.Keep())
		lines, err := e.o.Store.Tail(ctx, state.Log, n)
		if err != nil {
			return nil, err
		}
		found, err := f.among(logOf(lines, f.Subject != ""))
		enough := f.Limit > 0 && len(found) == f.Limit
		if err != nil || enough || len(lines) < n || n == state.Log.Keep() || f.before(lines[n-1]) {
			return found, err
		}
	}
}

// before reports whether all lines that are older than this one are too old.
func (f HistoryFilter) before(line []byte) bool {
	at, known := timeOf(line)
	return known && at.Before(f.Since.Add(-lineDelay))
}

// among gives what is wanted of the newest lines.
func (f HistoryFilter) among(l log) ([]state.Change, error) {
	found, left := []state.Change{}, f.Skip
	take := func(c state.Change) (enough bool) {
		if left--; left < 0 {
			found = append(found, c)
		}
		return f.Limit > 0 && len(found) == f.Limit
	}
	if f.Subject == "" {
		err := l.pick(sieveOf(f), func(c state.Change) bool { return f.allows(c) && take(c) })
		return found, err
	}
	who, all, err := l.known(f)
	for _, c := range all {
		if f.allows(c) && (f.named(c) || who.ids[c.OktaID] || who.moved(c)) && take(c) {
			break
		}
	}
	return found, err
}

func (f HistoryFilter) allows(c state.Change) bool {
	return (f.Kind == "" || c.Kind == f.Kind) && (f.State == "" || c.State == f.State) && (f.Run == "" || c.Run == f.Run) &&
		!c.Time.Before(f.Since) && (f.Until.IsZero() || c.Time.Before(f.Until))
}

// named reports whether the change is about the subject.
func (f HistoryFilter) named(c state.Change) bool {
	if f.Subject == c.OktaID || f.Subject == c.OmniID {
		return true
	}
	if c.Group != "" {
		return identity.FoldName(c.Group) == identity.FoldName(f.Subject)
	}
	name := identity.FoldUserName(f.Subject)
	if identity.FoldUserName(c.UserName) == name {
		return true
	}
	return slices.ContainsFunc([]*state.Facts{c.Before, c.After}, func(v *state.Facts) bool {
		return v != nil && v.UserName != "" && identity.FoldUserName(v.UserName) == name
	})
}

// identified is what a subject is known by: the Okta ids that changes of its name
// had, and every name that these ids had.
type identified struct{ ids, names map[string]bool }

func (f HistoryFilter) identified(all []state.Change) identified {
	who := identified{ids: map[string]bool{}, names: map[string]bool{}}
	if f.Subject == "" {
		return who
	}
	who.names[identity.FoldUserName(f.Subject)] = true
	for _, c := range all {
		if c.OktaID != "" && f.named(c) {
			who.ids[c.OktaID] = true
		}
	}
	for _, c := range all {
		if c.UserName != "" && who.ids[c.OktaID] {
			who.names[identity.FoldUserName(c.UserName)] = true
		}
	}
	return who
}

// moved reports whether the subject is among the members who came or went.
func (w identified) moved(c state.Change) bool {
	return slices.ContainsFunc([]*state.Facts{c.Before, c.After}, func(v *state.Facts) bool {
		return v != nil && slices.ContainsFunc(v.Members, func(m string) bool { return w.names[identity.FoldUserName(m)] })
	})
}
