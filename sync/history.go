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
	// firstLines is how many of the newest lines are read at first; then always four times as
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
	for ; ; n *= 4 {
		n = min(n, state.Log.Keep())
		all, err := state.Newest[state.Change](ctx, e.o.Store, state.Log, n)
		if err != nil {
			return nil, err
		}
		found := f.among(all)
		enough := f.Limit > 0 && len(found) == f.Limit
		if enough || len(all) < n || n == state.Log.Keep() || all[n-1].Time.Before(f.Since.Add(-lineDelay)) {
			return found, nil
		}
	}
}

// among gives what is wanted of the newest lines.
func (f HistoryFilter) among(all []state.Change) []state.Change {
	who := f.identified(all)
	found, left := []state.Change{}, f.Skip
	for _, c := range all {
		if f.Limit > 0 && len(found) == f.Limit {
			break
		}
		if !f.allows(c) || f.Subject != "" && !f.named(c) && !who.ids[c.OktaID] && !who.moved(c) {
			continue
		}
		if left--; left < 0 {
			found = append(found, c)
		}
	}
	return found
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
