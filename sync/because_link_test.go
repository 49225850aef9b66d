package sync

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

var deedWords = map[string]identity.DeedKind{"unassigned": identity.DeedUnassigned, "left": identity.DeedLeft, "letgo": identity.DeedLetGo,
	"deleted": identity.DeedGroupEnded, "renamed": identity.DeedRenamed, "unpushed": identity.DeedUnpushed, "ended": identity.DeedEnded,
	"suspended": identity.DeedSuspended, "profile": identity.DeedProfile, "rule": identity.DeedRule, "import": identity.DeedImport,
	"imported": identity.DeedImported, "stopped": identity.DeedStopped}

// chronicle is a System Log in words, an event a line: its time, what was done, to whom
// (several users with commas are as many events), and by=, rule=, tx=. Groups are #sales.
//
//	10:00:05 left ada,bob #sales rule=Region tx=1
func chronicle(text string) identity.Chapter {
	var c identity.Chapter
	for n, l := range slices.Collect(strings.Lines(text)) {
		words := strings.Fields(l)
		if len(words) == 0 {
			continue
		}
		clock, err := time.Parse(time.TimeOnly, words[0])
		if err != nil {
			panic(err)
		}
		d := identity.Deed{Kind: deedWords[words[1]], Published: noon.Truncate(24 * time.Hour).Add(time.Duration(clock.Hour()*3600+clock.Minute()*60+clock.Second()) * time.Second)}
		users := []string{""}
		for _, w := range words[2:] {
			key, value, pair := strings.Cut(w, "=")
			named := identity.Named{ID: value, Name: value}
			switch {
			case key == "by":
				d.Actor = named
			case key == "rule" && pair:
				d.Rule = named
			case key == "tx":
				d.Threads = append(d.Threads, value)
			case strings.HasPrefix(w, "#"):
				d.Groups = append(d.Groups, identity.Named{ID: w[1:], Name: title(w[1:])})
			case d.Kind == identity.DeedRule:
				d.Rule = identity.Named{ID: w, Name: w}
			case d.Kind == identity.DeedImport || d.Kind == identity.DeedImported:
				d.App = identity.Named{ID: w, Name: w}
			default:
				users = strings.Split(w, ",")
			}
		}
		for i, u := range users {
			one := d
			if u != "" {
				one.Users = []identity.OktaID{identity.OktaID(u)}
			}
			one.Event = identity.Origin(fmt.Sprintf("event %d.%d", n, i))
			c.Deeds = append(c.Deeds, one)
		}
	}
	return c
}

// removals reads "ada bob eve#sales #ops +cyd ~dan": users, a member, a group, one outside
// the scope, one suspended.
func removals(text string) (list []removal, holds map[string]state.Hold) {
	holds = map[string]state.Hold{}
	for w := range strings.FieldsSeq(text) {
		name := strings.TrimLeft(w, "+~")
		u, g, member := strings.Cut(name, "#")
		r := removal{key: w, user: identity.OktaID(u), group: identity.GroupID(g), outside: strings.HasPrefix(w, "+"), suspended: strings.HasPrefix(w, "~"),
			ends: []identity.DeedKind{identity.DeedGroupEnded, identity.DeedUnpushed}}
		c := state.Change{Kind: string(Deactivate), OktaID: u}
		switch {
		case u == "":
			c = state.Change{Kind: string(Delete), Group: g, OktaID: g}
		case member:
			c = state.Change{Kind: string(Members), Group: g, OktaID: g, Before: &state.Facts{Members: []string{u}}}
		}
		list, holds[w] = append(list, r), state.Hold{Change: c}
	}
	return list, holds
}

// explained links and tells.
func explained(held, log string, assigning ...identity.GroupID) string {
	list, holds := removals(held)
	groups := map[identity.GroupID]bool{}
	for _, g := range assigning {
		groups[g] = true
	}
	c := chronicle(log)
	slices.Reverse(c.Deeds) // as Okta tells them
	why, ask := link(list, c, nil)
	if ask {
		why, ask = link(list, c, groups)
	}
	if ask {
		panic("it asks again")
	}
	var all []state.Hold
	for _, r := range list {
		h, b := holds[r.key], why[r.key]
		h.Why = &b
		all = append(all, h)
	}
	return strings.Join(because(all), "\n")
}

func TestLink(t *testing.T) {
	const fourLeft = "10:00:20 left a,b,c,d #sales rule=Region\n10:00:30 unassigned a,b\n10:00:50 unassigned c,d\n"
	for _, row := range []struct{ name, held, log, want string }{
		{"by hand", "a b", "10:00:00 unassigned a by=Ada\n10:00:40 unassigned b by=Ada",
			"2 of 2 were unassigned from the app within 40 s from 2026-03-02 10:00:00 UTC, by Ada"},
		{"by two hands", "a b c", "10:00:00 unassigned a,c by=Ada\n10:00:40 unassigned b by=Bob",
			"2 of 3 were unassigned from the app at 2026-03-02 10:00:00 UTC, by Ada\n1 of 3 was unassigned from the app at 2026-03-02 10:00:40 UTC, by Bob"},
		{"out of a group by hand", "a", "10:00:00 left a #sales by=Ada\n10:00:10 unassigned a",
			"1 of 1 left group Sales at 2026-03-02 10:00:10 UTC, by Ada"},
		{"import, profile, rule, group", "a b c d", "10:00:00 import Workday tx=1\n10:00:10 profile a,b,c,d tx=1\n" + fourLeft + "10:01:00 imported Workday tx=1",
			"4 of 4 left group Sales within 20 s from 2026-03-02 10:00:30 UTC, by rule Region, after an import from Workday"},
		{"the same, and no event names another", "a b c d", "10:00:00 import Workday\n10:00:10 profile a,b,c,d\n" + fourLeft + "10:01:00 imported Workday",
			"4 of 4 left group Sales within 20 s from 2026-03-02 10:00:30 UTC, by rule Region, during an import from Workday"},
		{"two imports at once", "a b c d", "10:00:00 import Workday\n10:00:05 import AD\n10:00:10 profile a,b,c,d\n" + fourLeft + "10:01:00 imported Workday\n10:01:00 imported AD",
			"4 of 4 left group Sales within 20 s from 2026-03-02 10:00:30 UTC, by rule Region, after the profile changed; by whom isn't told"},
		{"an import that had begun before", "a b c d", "10:00:10 profile a,b,c,d\n" + fourLeft + "10:01:00 imported Workday",
			"4 of 4 left group Sales within 20 s from 2026-03-02 10:00:30 UTC, by rule Region, after the profile changed; by whom isn't told"},
		{"profiles by hand, during an import", "a b c d", "10:00:00 import Workday\n10:00:10 profile a,b,c,d by=Ada\n" + fourLeft,
			"4 of 4 left group Sales within 20 s from 2026-03-02 10:00:30 UTC, by rule Region, after Ada changed the profile"},
		{"the rule was changed", "a b c d", "09:58:00 rule Region by=Ada\n09:59:00 profile a by=Bob\n" + fourLeft,
			"4 of 4 left group Sales within 20 s from 2026-03-02 10:00:30 UTC, by rule Region, after Ada changed the rule"},
		{"another rule was changed", "a b c d", "09:58:00 rule Other by=Ada\n" + fourLeft,
			"4 of 4 left group Sales within 20 s from 2026-03-02 10:00:30 UTC, by rule Region"},
		{"rule and profiles were changed", "a b c d", "09:58:00 rule Region by=Ada\n09:59:00 profile a,b,c,d by=Bob\n" + fourLeft,
			"4 of 4 left group Sales within 20 s from 2026-03-02 10:00:30 UTC, by rule Region"},
		{"rule and profiles were changed, and the events tell", "a b c d",
			"09:58:00 rule Region by=Ada tx=1\n09:59:00 profile a,b,c,d by=Bob\n10:00:20 left a,b,c,d #sales rule=Region tx=1\n10:00:30 unassigned a,b,c,d",
			"4 of 4 left group Sales at 2026-03-02 10:00:30 UTC, by rule Region, after Ada changed the rule"},
		{"group of a directory", "a b", "10:00:00 import AD\n10:00:20 left a,b #sales\n10:00:30 unassigned a,b\n10:01:00 imported AD",
			"2 of 2 left group Sales at 2026-03-02 10:00:30 UTC, during an import from AD"},
		{"group unassigned from the app", "a b", "10:00:00 letgo #sales by=Ada tx=gam\n10:00:30 unassigned a,b tx=gam",
			"2 of 2 went at 2026-03-02 10:00:30 UTC because group Sales was unassigned from the app, by Ada"},
		{"the same, by its time", "a b", "10:00:00 letgo #sales by=Ada\n10:00:30 unassigned a,b",
			"2 of 2 were unassigned by Okta itself at 2026-03-02 10:00:30 UTC, shortly after group Sales was unassigned from the app, by Ada"},
		{"group deleted", "a b", "10:00:00 deleted #sales by=Ada\n10:00:00 letgo #sales by=Ada tx=gam\n10:00:30 unassigned a tx=gam\n10:00:40 unassigned b tx=gam",
			"2 of 2 went within 10 s from 2026-03-02 10:00:30 UTC because group Sales was deleted in Okta, by Ada"},
		{"group deleted, by its time", "a", "10:00:00 deleted #sales by=Ada\n10:00:40 unassigned a",
			"1 of 1 was unassigned by Okta itself at 2026-03-02 10:00:40 UTC, shortly after group Sales was deleted in Okta, by Ada"},
		{"two groups at a time, and no event tells which", "a", "10:00:00 letgo #sales by=Ada\n10:00:05 letgo #ops by=Ada\n10:00:40 unassigned a",
			"1 of 1: the cause isn't known: Okta's System Log doesn't tell it"},
		{"two groups, one of them the app's", "a", "10:00:00 letgo #sales by=Ada\n10:00:05 deleted #ops by=Bob\n10:00:40 unassigned a",
			"1 of 1 was unassigned by Okta itself at 2026-03-02 10:00:40 UTC, shortly after group Sales was unassigned from the app, by Ada"},
		{"a group whose followers name it", "a b", "10:00:00 letgo #sales by=Ada tx=gam\n10:00:40 unassigned a tx=gam\n10:00:45 unassigned b",
			"1 of 2 went at 2026-03-02 10:00:40 UTC because group Sales was unassigned from the app, by Ada\n1 of 2: the cause isn't known: Okta's System Log doesn't tell it"},
		{"a group that doesn't assign", "a", "10:00:20 left a #others by=Ada\n10:00:30 unassigned a", "1 of 1: the cause isn't known: Okta's System Log doesn't tell it"},
		{"of several groups the one that assigns", "a", "10:00:20 left a #others by=Bob\n10:00:10 left a #sales by=Ada\n10:00:30 unassigned a",
			"1 of 1 left group Sales at 2026-03-02 10:00:30 UTC, by Ada"},
		{"accounts by an import", "a b", "10:00:00 import Workday tx=1\n10:00:10 ended a,b tx=1\n10:00:10 unassigned a,b tx=1",
			"2 of 2 were deactivated or deleted in Okta at 2026-03-02 10:00:10 UTC, by an import from Workday"},
		{"accounts by hand", "a", "10:00:10 ended a by=Ada\n10:00:11 unassigned a", "1 of 1 was deactivated or deleted in Okta at 2026-03-02 10:00:11 UTC, by Ada"},
		{"account by hand in one act", "a", "10:00:10 unassigned a by=Ada tx=1\n10:00:11 ended a by=Ada tx=1", "1 of 1 was deactivated or deleted in Okta at 2026-03-02 10:00:10 UTC, by Ada"},
		{"unassigned by hand, and deactivated after", "a", "10:00:10 unassigned a by=Ada\n10:00:50 ended a by=Bob", "1 of 1 was unassigned from the app at 2026-03-02 10:00:10 UTC, by Ada"},
		{"the app was deactivated", "a b", "10:00:00 stopped by=Ada\n10:00:30 unassigned a,b",
			"2 of 2 were unassigned by Okta itself at 2026-03-02 10:00:30 UTC, shortly after the app was deactivated or deleted, by Ada"},
		{"Okta itself, and no word why", "a b", "10:00:30 unassigned a,b", "2 of 2: the cause isn't known: Okta's System Log doesn't tell it"},
		{"too long ago", "a", "08:00:00 letgo #sales by=Ada\n10:00:30 unassigned a", "1 of 1: the cause isn't known: Okta's System Log doesn't tell it"},
		{"the end isn't told, the account's is", "a", "10:00:10 ended a by=Ada", "1 of 1 was deactivated or deleted in Okta at 2026-03-02 10:00:10 UTC, by Ada"},
		{"the end isn't told, leaving is", "a b", "10:00:10 left a #sales by=Ada\n10:00:10 left b #others by=Ada",
			"1 of 2 left group Sales at 2026-03-02 10:00:10 UTC, by Ada\n1 of 2: the cause isn't known: Okta's System Log doesn't tell it"},
		{"members", "a#sales b#sales", "10:00:00 rule Region by=Ada\n10:00:20 left a,b #sales rule=Region\n10:00:20 left a #others by=Bob",
			"2 of 2 left group Sales at 2026-03-02 10:00:20 UTC, by rule Region, after Ada changed the rule"},
		{"groups", "#sales #ops #dev", "10:00:00 unpushed #sales by=Ada\n10:00:00 deleted #sales by=Ada\n10:00:09 deleted #ops by=Ada\n11:00:00 unpushed #dev by=Ada",
			"2 of 3 were deleted in Okta within 9 s from 2026-03-02 10:00:00 UTC, by Ada\n1 of 3 was taken out of Push Groups at 2026-03-02 11:00:00 UTC, by Ada"},
		{"scope", "+a +b", "10:00:00 import Workday tx=1\n10:00:20 profile a,b tx=1", "2 of 2 fell out of users.scope as the profile changed at 2026-03-02 10:00:20 UTC, by an import from Workday"},
		{"suspended", "~a", "10:00:00 suspended a by=Ada", "1 of 1 was suspended in Okta at 2026-03-02 10:00:00 UTC, by Ada"},
		{"nothing", "a a#sales #sales +a ~a", "", "5 of 5: the cause isn't known: Okta's System Log doesn't tell it"},
	} {
		if got := explained(row.held, row.log, "sales"); got != row.want {
			t.Errorf("%s:\n%s\nwant:\n%s", row.name, got, row.want)
		}
	}
}
