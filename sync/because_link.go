package sync

import (
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Why the cause of a removal isn't known.
const (
	unlooked    = "nobody has looked into Okta's System Log yet"
	untoldByLog = "Okta's System Log doesn't tell it"
	pushedAlone = "pushed by Okta; without okta.auth its System Log can't be read"
	pushedFirst = "pushed by Okta; the next run that reads Okta looks into its System Log"
)

// link finds what led to each removal, by its key. Pure. ask reports that an answer
// depends on which groups assign the app (assigning), which is nil where nobody asked.
func link(removals []removal, c identity.Chapter, assigning map[identity.GroupID]bool) (why map[string]state.Because, ask bool) {
	t := newTale(c, assigning)
	why = make(map[string]state.Because, len(removals))
	for _, r := range removals {
		s, must, ok := t.step(r)
		ask = ask || must
		if !ok || must {
			why[r.key] = state.Because{Unknown: tacit(c)}
			continue
		}
		why[r.key] = t.because(s, t.root(r, s))
	}
	return why, ask
}

// because puts a step and its root together.
func (t *tale) because(s step, r root) state.Because {
	b := state.Because{Reason: s.reason, Near: s.near || r.near, At: s.at.Published.UTC(), Set: r.set, Actor: r.actor, Events: []identity.Origin{s.at.Event}}
	if s.reason != state.ReasonUnassigned && s.group.ID != "" {
		b.Group = t.named(s.group)
	}
	if r.rule.ID != "" {
		b.Rule = t.named(r.rule)
	}
	if r.source.ID != "" {
		b.Import = t.named(r.source)
	}
	for _, d := range []identity.Deed{s.by, r.deed} {
		if d.Event != "" && d.Event != b.Events[len(b.Events)-1] {
			b.Events = append(b.Events, d.Event)
		}
	}
	return b
}

// tacit is why a chapter doesn't tell a cause.
func tacit(c identity.Chapter) string {
	if c.Cut {
		return "Okta's System Log has too much to be read further back than " + c.Since.UTC().Format(time.DateTime) + " UTC"
	}
	return untoldByLog
}
