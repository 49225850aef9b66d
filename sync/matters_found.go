package sync

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// heldMatters tells of each run that left something to a person, until it is decided.
func heldMatters(f facts, _ time.Time) []Matter {
	var list []Matter
	for _, h := range f.held {
		list = append(list, Matter{Key: "held " + h.Run, Since: h.Since, Run: h.Run, Count: h.Count, Daily: true, Names: namesOf(h.Changes),
			Title: fmt.Sprintf("%s held for approval (%s)", counted(h.Count, "change"), h.Kind),
			Hint:  "syncd status shows what is held and why; then syncd approve " + h.Run + " or syncd reject " + h.Run})
	}
	return list
}

// credentialMatters tells that Okta or Omni refuses the credential: by the newest runs, and
// by the newest look at the System Log.
func credentialMatters(f facts, _ time.Time) []Matter {
	const kind, hint = "credential", "syncd check tests each credential, and says what to click"
	if fault.Is(f.lag, fault.Unauthorized) {
		return []Matter{{Key: kind, Since: f.lagSince, Title: "a credential is refused", Detail: f.lag.Error(), Hint: hint}}
	}
	for _, r := range f.runs {
		if r.Fault == fault.Unauthorized.String() && !(f.good.After(r.Ended) && !strings.Contains(r.Error, "Omni")) {
			return []Matter{{Key: kind, Since: r.Ended, Run: r.Run, Title: "a credential is refused", Detail: r.Error, Hint: hint}}
		}
	}
	return nil
}

// runMatters tells that runs can't begin, or can't go on: of those that read all of Okta
// each, of the others when they have failed for a while.
func runMatters(f facts, now time.Time) []Matter {
	for _, r := range f.runs {
		failed := r.Error != "" && r.Outcome == string(Failing) && r.Fault != fault.Unauthorized.String()
		doubtful := whole(r) && r.Outcome == string(Doubtful) // which isn't well either
		if !failed && !doubtful || !whole(r) && (f.streak.IsZero() || now.Sub(f.streak) < failsFor) {
			continue
		}
		return []Matter{{Key: "runs", Since: r.Ended, Run: r.Run, Quiet: doubtful, Title: fmt.Sprintf("runs fail (%s)", r.Kind), Detail: r.Error,
			Hint: "syncd status tells why; syncd check tests both sides and the store"}}
	}
	return nil
}

// stallMatters tells that nothing has been read for too long.
func stallMatters(f facts, now time.Time) []Matter {
	if f.overdue.IsZero() || now.Before(f.overdue) {
		return nil
	}
	detail := ""
	if f.lag != nil {
		detail = f.lag.Error()
	}
	return []Matter{{Key: "stall", Since: f.good, Quiet: f.moves, // a run that comes on may yet go well
		Title: "no run has gone well since " + moment(f.good), Detail: detail,
		Hint: "syncd status tells how far it is and what it waits for; alerts.stall says from when on this is told"}}
}

// removalMatters tells of each removal of access that fails and fails.
func removalMatters(f facts, now time.Time) []Matter {
	var list []Matter
	for _, subject := range slices.Sorted(maps.Keys(f.failing)) {
		failure := f.failing[subject]
		if !takesAccess(failure.Change) || now.Sub(failure.Since) < removalFailsFor {
			continue
		}
		list = append(list, Matter{Key: "removal " + subject, Since: failure.Since, Count: failure.Attempts, Names: namesOf([]state.Change{failure.Change}),
			Title: "a removal of access has failed for more than an hour (" + failure.Change.Kind + ")", Detail: failure.Change.Error,
			Hint: "syncd status tells why, and what to do; syncd retry tries it at once"})
	}
	return list
}

// takesAccess reports whether somebody keeps access because the change fails.
func takesAccess(c state.Change) bool {
	return c.Kind == string(Deactivate) || c.Kind == string(Delete) || c.Before != nil && len(c.Before.Members) > 0
}

// pauseMatters tells of a pause that somebody may have forgotten.
func pauseMatters(f facts, now time.Time) []Matter {
	if !f.pause.On(now) || now.Sub(f.pause.Since) < recallPause {
		return nil
	}
	what := "nothing is written to Omni"
	if f.pause.RemovalsOnly {
		what = "nothing is taken away in Omni"
	}
	m := Matter{Key: "pause " + moment(f.pause.Since), Since: f.pause.Since, Daily: true, Detail: pausedBy(f.pause), Names: []string{f.pause.By},
		Title: "paused since " + moment(f.pause.Since) + ": " + what, Hint: "syncd resume ends the pause"}
	if !f.pause.Until.IsZero() {
		m.Hint += "; by itself it ends at " + moment(f.pause.Until)
	}
	return []Matter{m}
}

// handoverMatters tells of each leaver whose belongings wait for longer than they may.
func handoverMatters(f facts, now time.Time) []Matter {
	var list []Matter
	for _, l := range f.leavers {
		late := l.Late(now)
		if !l.Step.Deals() || late.IsZero() {
			continue
		}
		list = append(list, Matter{Key: "handover " + string(l.Okta), Since: late, Names: []string{l.UserName}, Detail: firstOf(l.Error, l.Reason),
			Title: "a handover takes longer than " + l.Policy.Within.String() + ", and the membership doesn't end", Hint: "syncd leavers tells what it waits for"})
	}
	return list
}

// pushing are the features of an Okta app that has its accounts made and ended by Okta.
var pushing = []string{"PUSH_NEW_USERS", "PUSH_USER_DEACTIVATION"}

// directMatters tells that Okta provisions, and not to us: then to Omni, past the guard.
func directMatters(f facts, _ time.Time) []Matter {
	var on []string
	for _, name := range pushing {
		if slices.Contains(f.features, name) {
			on = append(on, name)
		}
	}
	if f.pushed || len(on) == 0 {
		return nil
	}
	return []Matter{{Key: "direct", Title: "Okta's app provisions by itself, past guard and handover (" + strings.Join(on, ", ") + ")",
		Hint: "switch off Create Users and Deactivate Users on the app's Provisioning tab in Okta, or let it push here (scim.listen)"}}
}

func archiveMatters(f facts, _ time.Time) []Matter {
	if f.archive == "" {
		return nil
	}
	return []Matter{{Key: "archive", Title: "the archive can't be written", Detail: f.archive, Hint: "see that state.archive can be written, and has room"}}
}

func exportMatters(f facts, _ time.Time) []Matter {
	if f.export.Error == "" {
		return nil
	}
	return []Matter{{Key: "export", Since: f.export.Since, Title: "the provisioning log can't be exported", Detail: f.export.Error,
		Hint: "see that log.export can be written, and has room; what is missing there follows by itself"}}
}

func concernMatters(f facts, _ time.Time) []Matter {
	var list []Matter
	for _, c := range f.concerns {
		list = append(list, Matter{Key: "other " + c.Kind + " " + c.About, Title: c.Title, Hint: c.Hint})
	}
	return list
}

// mostNamed bounds the names of one matter.
const mostNamed = 20

// namesOf names whom changes are about.
func namesOf(changes []state.Change) []string {
	var names []string
	for _, c := range changes {
		names = append(names, firstOf(c.UserName, c.Group))
		if c.Group != "" && c.Before != nil {
			names = append(names, c.Before.Members...)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if more := len(names) - mostNamed; more > 0 {
		names = append(names[:mostNamed], fmt.Sprintf("and %d more", more))
	}
	return names
}
