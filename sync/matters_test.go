package sync

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/robfig/cron/v3"
)

// spelled writes matters, one a line: kind, key, and a star where it is told daily.
func spelled(list []Matter) string {
	var b strings.Builder
	for _, m := range list {
		daily := ""
		if m.Daily {
			daily = " *"
		}
		if m.Quiet {
			daily += " (quiet)"
		}
		fmt.Fprintf(&b, "%s: %s%s\n", m.Kind, m.Key, daily)
	}
	return b.String()
}

func endedRun(kind RunKind, before time.Duration, failure fault.Kind, words string) state.Run {
	r := state.Run{Run: "r-" + string(kind), Kind: string(kind), Outcome: "done", Started: noon.Add(-before - time.Minute), Ended: noon.Add(-before)}
	if words != "" {
		r.Outcome, r.Error, r.Fault = "failed", words, failure.String()
	}
	return r
}

// What matters, and what doesn't yet: a row for each kind and its bounds.
func TestMattersTable(t *testing.T) {
	removal := func(kind string, lasts time.Duration) map[string]state.Failure {
		f := state.Failure{Change: state.Change{Kind: kind, UserName: "ada@x.co", Error: "no"}, Since: noon.Add(-lasts), Attempts: 3}
		if kind == "members" {
			f.Change.Before = &state.Facts{Members: []string{"ada@x.co"}}
		}
		return map[string]state.Failure{"user:ada": f}
	}
	leaver := func(step state.Step, within, lasts time.Duration) []state.Leaver {
		return []state.Leaver{{Okta: "ada", UserName: "ada@x.co", Step: step, Since: noon.Add(-lasts), Policy: state.Handover{Within: within}}}
	}
	refused := &fault.Error{Kind: fault.Unauthorized, Op: "list", Detail: "Okta says no"}
	for name, row := range map[string]struct {
		facts facts
		want  string
	}{
		"nothing":                              {facts{}, ""},
		"held":                                 {facts{held: []HeldRun{{Run: "r1", Kind: "deactivations", Count: 3, Since: noon}}}, "held: held r1 *"},
		"a refused log":                        {facts{lag: refused, lagSince: noon}, "credential: credential"},
		"a log out of sync":                    {facts{lag: &fault.Error{Kind: fault.Unavailable}, lagSince: noon}, ""},
		"a refused run":                        {facts{runs: []state.Run{endedRun(Full, 0, fault.Unauthorized, "Okta refuses it")}}, "credential: credential"},
		"a refused run, and a good look since": {facts{good: noon, runs: []state.Run{endedRun(Full, time.Minute, fault.Unauthorized, "Okta refuses it")}}, ""},
		"a run that Omni refused, and a good look since": {facts{good: noon, runs: []state.Run{endedRun(Full, time.Minute, fault.Unauthorized, "Omni refuses it")}},
			"credential: credential"},
		"a whole run that failed":              {facts{runs: []state.Run{endedRun(Full, 0, fault.Unavailable, "away")}}, "runs: runs"},
		"a delta that failed":                  {facts{streak: noon, runs: []state.Run{endedRun(Delta, 0, fault.Unavailable, "away")}}, ""},
		"deltas that have failed for a while":  {facts{streak: noon.Add(-failsFor), runs: []state.Run{endedRun(Delta, 0, fault.Unavailable, "away")}}, "runs: runs"},
		"a run of which some changes failed":   {facts{runs: []state.Run{{Kind: "full", Outcome: "failed"}}}, ""},
		"a doubtful run":                       {facts{runs: []state.Run{{Kind: "full", Outcome: "doubtful"}}}, "runs: runs (quiet)"},
		"a doubtful delta":                     {facts{runs: []state.Run{{Kind: "delta", Outcome: "doubtful"}}}, ""},
		"a stall":                              {facts{good: noon.Add(-time.Hour), overdue: noon}, "stall: stall"},
		"soon a stall":                         {facts{good: noon.Add(-time.Hour), overdue: noon.Add(1)}, ""},
		"a long run that comes on":             {facts{good: noon.Add(-time.Hour), overdue: noon, moves: true}, "stall: stall (quiet)"},
		"a removal that fails":                 {facts{failing: removal("deactivate", time.Hour)}, "removal: removal user:ada"},
		"a removal that fails for a moment":    {facts{failing: removal("deactivate", time.Hour-1)}, ""},
		"a member who doesn't go":              {facts{failing: removal("members", time.Hour)}, "removal: removal user:ada"},
		"another failure":                      {facts{failing: removal("update", 24*time.Hour)}, ""},
		"a pause":                              {facts{pause: state.Pause{By: "ann", Since: noon.Add(time.Second - recallPause)}}, ""},
		"a forgotten pause":                    {facts{pause: state.Pause{By: "ann", Since: noon.Add(-recallPause)}}, "pause: pause 2026-03-01T12:00:00Z *"},
		"a long pause that ends by itself":     {facts{pause: state.Pause{By: "ann", Since: noon.Add(-48 * time.Hour), Until: noon.Add(time.Hour)}}, "pause: pause 2026-02-28T12:00:00Z *"},
		"a pause that is over":                 {facts{pause: state.Pause{By: "ann", Since: noon.Add(-48 * time.Hour), Until: noon}}, ""},
		"a handover":                           {facts{leavers: leaver(state.InHandover, time.Hour, time.Hour)}, "handover: handover ada"},
		"a handover that may take longer":      {facts{leavers: leaver(state.InHandover, time.Hour, time.Hour-1)}, ""},
		"a handover that may take for ever":    {facts{leavers: leaver(state.InHandover, 0, 1000*time.Hour)}, ""},
		"somebody in grace":                    {facts{leavers: leaver(state.InGrace, time.Hour, 24*time.Hour)}, ""},
		"an app that provisions":               {facts{features: []string{"GROUP_PUSH", "PUSH_NEW_USERS"}}, "direct: direct"},
		"an app that provisions to us":         {facts{features: []string{"PUSH_NEW_USERS"}, pushed: true}, ""},
		"an app that pushes groups":            {facts{features: []string{"GROUP_PUSH"}}, ""},
		"an archive that is full":              {facts{archive: "no space left"}, "archive: archive"},
		"a concern":                            {facts{concerns: []Concern{{Kind: "omni key", About: "2", Title: "Omni refuses API key 2"}}}, "other: other omni key 2"},
		"two at once, in the order of a table": {facts{archive: "x", held: []HeldRun{{Run: "r1"}}}, "held: held r1 *\narchive: archive"},
	} {
		got := mattersOf(row.facts, noon)
		sameLines(t, name, spelled(got), row.want)
		for _, m := range got {
			if m.Title == "" || m.Hint == "" && m.Kind != "other" || strings.Contains(m.Title+m.Hint, "ada") || strings.Contains(m.Title+m.Hint, "ann") || endOf(m.Kind) == "it is over" {
				t.Errorf("%s: %q, %q", name, m.Title, m.Hint)
			}
		}
	}
}

// Of many matters of one kind twenty are told one by one, the oldest, and the rest as one.
func TestMattersAreBounded(t *testing.T) {
	var f facts
	for i := range 500 {
		f.held = append(f.held, HeldRun{Run: fmt.Sprintf("r%03d", 499-i), Since: noon.Add(time.Duration(499-i) * time.Minute)})
	}
	got := mattersOf(f, noon)
	if len(got) != mostAlike+1 || got[0].Run != "r000" || got[mostAlike].Key != "held more" || got[mostAlike].Count != 480 {
		t.Errorf("%d matters:\n%s", len(got), spelled(got))
	}
	told := map[string]state.Told{}
	for i := range 2 * mostTold {
		told = take(told, News{Matter{Key: fmt.Sprint("k", i), Title: strings.Repeat("x", 1000)}, Begins, noon})
	}
	if len(told) != mostTold || len(told["k0"].Title) != longestTitle {
		t.Errorf("%d are remembered, with titles of %d bytes", len(told), len(told["k0"].Title))
	}
}

// A matter is told when it begins, each day where it is told daily, and when it is over;
// never in between, and the same by whoever knows what was told.
func TestNewsTable(t *testing.T) {
	held, stall := Matter{Key: "held r1", Kind: "held", Title: "3 held", Daily: true}, Matter{Key: "stall", Kind: "stall", Title: "nothing"}
	quiet := stall
	quiet.Quiet = true
	told, now := map[string]state.Told{}, noon
	for i, row := range []struct {
		after time.Duration
		now   []Matter
		want  string
	}{
		{0, nil, ""},
		{time.Minute, []Matter{held}, "begin held r1"},
		{time.Minute, []Matter{held}, ""},
		{time.Hour, []Matter{held, stall}, "begin stall"},
		{23*time.Hour - time.Minute - time.Second, []Matter{held, stall}, ""},
		{time.Second, []Matter{held, stall}, "daily held r1"},
		{time.Minute, []Matter{held}, "over stall"},
		{24 * time.Hour, []Matter{held}, "daily held r1"},
		{time.Minute, []Matter{stall}, "over held r1\nbegin stall"},
		{time.Minute, []Matter{quiet}, ""},
		{time.Minute, nil, "over stall"},
		{time.Minute, nil, ""},
		{time.Minute, []Matter{quiet}, ""},
	} {
		now = now.Add(row.after)
		list := newsAbout(told, row.now, now)
		var b strings.Builder
		for _, n := range list {
			fmt.Fprintf(&b, "%s %s\n", n.Word, n.Key)
			if n.Title == "" || n.Word == Over && n.Hint == "" {
				t.Errorf("step %d: %+v", i, n)
			}
			told = take(told, n)
		}
		sameLines(t, fmt.Sprint("step ", i), b.String(), row.want)
	}
}

// When a reading is too old: at the second tick in vain, or after what somebody said.
func TestOverdue(t *testing.T) {
	parse := func(list ...string) (schedules []cron.Schedule) {
		for _, s := range list {
			one, err := cron.ParseStandard(s)
			if err != nil {
				t.Fatal(err)
			}
			schedules = append(schedules, one)
		}
		return schedules
	}
	for _, row := range []struct {
		schedules []string
		stall     time.Duration
		want      string
	}{
		{nil, 0, ""}, {nil, time.Hour, ""}, {[]string{"@every 30s"}, 0, "12:01:00"}, {[]string{"@every 10m"}, 0, "12:20:00"},
		{[]string{"0 * * * *"}, 0, "14:00:00"}, {[]string{"0 * * * *", "@every 10m"}, 0, "12:20:00"}, {[]string{"@every 30s"}, 2 * time.Hour, "14:00:00"},
	} {
		got := ""
		if at := Overdue(parse(row.schedules...), noon, row.stall); !at.IsZero() {
			got = at.Format(time.TimeOnly)
		}
		if got != row.want {
			t.Errorf("%v, %s: %q, want %q", row.schedules, row.stall, got, row.want)
		}
	}
}

// How long runs have failed, and when the last one was good.
func TestStreaks(t *testing.T) {
	bad := func(k RunKind, before time.Duration) state.Run { return endedRun(k, before, fault.Unavailable, "away") }
	good := func(k RunKind, before time.Duration) state.Run { return endedRun(k, before, fault.Other, "") }
	doubtful := good(Full, 0)
	doubtful.Outcome = string(Doubtful)
	for i, row := range []struct {
		runs         []state.Run
		streak, good time.Duration // before noon; -1 for never
	}{
		{nil, -1, -1}, {[]state.Run{good(Delta, 0)}, -1, 0}, {[]state.Run{bad(Delta, 0), bad(Delta, time.Minute), good(Delta, time.Hour)}, time.Minute, time.Hour},
		{[]state.Run{bad(Full, 0), bad(Delta, time.Minute)}, time.Minute, -1}, {[]state.Run{good(Full, 0), bad(Delta, time.Minute)}, time.Minute, 0},
		{[]state.Run{doubtful}, -1, -1}, {[]state.Run{endedRun(Delta, 0, fault.Unauthorized, "no")}, -1, -1},
	} {
		before := func(at time.Time) time.Duration {
			if at.IsZero() {
				return -1
			}
			return noon.Sub(at)
		}
		if s, g := before(streakOf(row.runs)), before(goodOf(row.runs)); s != row.streak || g != row.good {
			t.Errorf("row %d: failing for %s, good before %s", i, s, g)
		}
	}
}
