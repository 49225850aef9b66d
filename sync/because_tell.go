package sync

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// common is what several removals have in common: all of a cause but its time.
type common struct {
	reason                     state.Reason
	unknown                    string
	group, rule, source, actor identity.Named
	set                        state.SetOff
	near                       bool
}

// because says what led to the removals among the holds, a sentence for each cause, the
// most frequent first and what isn't known last. Pure.
func because(holds []state.Hold) []string {
	whys, all := map[common][]state.Because{}, 0
	for _, h := range holds {
		if !caused(h) {
			continue
		}
		all++
		b := state.Because{Unknown: unlooked}
		if h.Why != nil {
			b = *h.Why
		}
		c := common{b.Reason, b.Unknown, b.Group, b.Rule, b.Import, b.Actor, b.Set, b.Near}
		if h.Change.OktaID == b.Group.ID && Kind(h.Change.Kind) != Members { // each such group is the only one of its cause
			c.group = identity.Named{}
		}
		whys[c] = append(whys[c], b)
	}
	causes := slices.SortedFunc(maps.Keys(whys), func(a, b common) int {
		known := func(c common) int { return min(len(c.unknown), 1) }
		return cmp.Or(known(a)-known(b), len(whys[b])-len(whys[a]), cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
	sentences := []string{}
	for _, c := range causes {
		sentences = append(sentences, c.sentence(whys[c], all))
	}
	return sentences
}

// caused reports whether what is held is a removal that something in Okta led to: not one
// that waits because a person undid it.
func caused(h state.Hold) bool { return removes(h.Change) && h.Guard != guardUndone }

// removes reports whether a held change takes something away.
func removes(c state.Change) bool {
	switch Kind(c.Kind) {
	case Update:
		return losesValues(c)
	case Deactivate, Delete, Release:
		return true
	case Members:
		return c.Before != nil && len(c.Before.Members) > 0
	default:
		return false
	}
}

// losesValues reports whether an update does nothing but take values of attributes away.
func losesValues(c state.Change) bool {
	if c.After == nil || len(c.After.Attributes) == 0 || c.After.UserName != "" || c.After.DisplayName != "" {
		return false
	}
	for _, v := range c.After.Attributes {
		if v != nil {
			return false
		}
	}
	return true
}

func (c common) sentence(of []state.Because, all int) string {
	n := fmt.Sprintf("%d of %d", len(of), all)
	if c.reason == state.ReasonUnknown {
		return n + ": the cause isn't known: " + c.unknown
	}
	were := "were"
	if len(of) == 1 {
		were = "was"
	}
	what, why := c.verb(were)
	return n + " " + what + span(of) + why + c.setOff()
}

// verb is what happened to them, and, where they were not the ones whom it was done to, why.
func (c common) verb(were string) (what, why string) {
	what, why = "went", " because group "+c.group.Name+" was"
	if c.near {
		what, why = were+" unassigned by Okta itself", ", shortly after group "+c.group.Name+" was"
	}
	if c.group == (identity.Named{}) { // the groups themselves went
		what, why = were, ""
	}
	did := func(words string) (string, string) {
		if why == "" {
			return what + words, ""
		}
		return what, why + words
	}
	switch c.reason {
	case state.ReasonUnknown: // has a sentence of its own
	case state.ReasonUnassigned:
		return were + " unassigned from the app", ""
	case state.ReasonLeft:
		return "left group " + c.group.Name, ""
	case state.ReasonLetGo:
		return did(" unassigned from the app")
	case state.ReasonGroupDeleted:
		return did(" deleted in Okta")
	case state.ReasonRenamed:
		return did(" renamed in Okta")
	case state.ReasonUnpushed:
		return did(" taken out of Push Groups")
	case state.ReasonAccount:
		return were + " deactivated or deleted in Okta", ""
	case state.ReasonSuspended:
		return were + " suspended in Okta", ""
	case state.ReasonProfile:
		return "lost the value as the profile changed", ""
	case state.ReasonScope:
		return "fell out of users.scope as the profile changed", ""
	case state.ReasonApp:
		return were + " unassigned by Okta itself", ", shortly after the app was deactivated or deleted"
	case state.ReasonPolicy:
		return "went because the configuration of syncd changed", ""
	case state.ReasonAdopted:
		return were + " in the group in Omni when it was adopted, and Okta doesn't have them in it", ""
	}
	return string(c.reason), ""
}

// span is when: how long it took, and when it began.
func span(of []state.Because) string {
	var first, last time.Time
	for _, b := range of {
		if b.At.IsZero() {
			return ""
		}
		if first.IsZero() || b.At.Before(first) {
			first = b.At
		}
		if b.At.After(last) {
			last = b.At
		}
	}
	at := first.UTC().Format(time.DateTime) + " UTC"
	if long := last.Sub(first).Round(time.Second); long > 0 {
		return " within " + spoken(long) + " from " + at
	}
	return " at " + at
}

// spoken is a duration as people write it.
func spoken(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	default:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
}

// setOff is by whom or what.
func (c common) setOff() string {
	var s strings.Builder
	if c.rule.ID != "" {
		s.WriteString(", by rule " + c.rule.Name)
	}
	word := ", by "
	if c.set != "" || c.rule.ID != "" {
		word = ", after "
	}
	during := ", during "
	if !c.near {
		during = word
	}
	switch {
	case c.source.ID != "":
		s.WriteString(during + "an import from " + c.source.Name)
		if c.actor.ID != "" {
			s.WriteString(" that " + c.actor.Name + " began")
		}
	case c.set == state.SetByRule:
		s.WriteString(", after " + c.actor.Name + " changed the rule")
	case c.set == state.SetByProfile && c.actor.ID != "":
		s.WriteString(", after " + c.actor.Name + " changed the profile")
	case c.set == state.SetByProfile:
		s.WriteString(", after the profile changed; by whom isn't told")
	case c.actor.ID != "":
		s.WriteString(", by " + c.actor.Name)
	case c.rule.ID == "" && c.reason != state.ReasonPolicy && c.reason != state.ReasonAdopted:
		s.WriteString(", by Okta itself; what set it off isn't told")
	}
	return s.String()
}
