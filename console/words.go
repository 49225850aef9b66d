package console

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// templateFuncs are what the templates call. Texts are escaped by the templates, wherever
// they come from.
func templateFuncs() template.FuncMap {
	return template.FuncMap{
		"ago": ago, "stamp": stamp, "short": short, "iso": iso, "lasting": lasting, "counted": counted, "words": words, "step": stepWords,
		"left": left, "tone": tone, "sign": sign, "mark": mark, "name": nameOf, "id": idOf, "differences": differences, "come": come, "going": going,
		"first": first, "owns": owns, "runLasted": func(r state.Run) string { return lasting(r.Ended.Sub(r.Started)) }, "countWords": countWords,
		"person": personPath, "group": groupPath, "about": about, "out": outWords, "hours": hours, "outTone": outTone, "handed": handedOf, "few": few,
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// short is a stamp where the zone is said once for all.
func short(t time.Time) string { return strings.TrimSuffix(stamp(t), " UTC") }

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// ago tells how long something is past, or how soon it comes.
func ago(t time.Time) string {
	d := time.Since(t)
	switch {
	case t.IsZero():
		return "never"
	case d < -time.Second:
		return "in " + lasting(-d)
	case d < 5*time.Second:
		return "just now"
	default:
		return lasting(d) + " ago"
	}
}

// lasting tells a duration with as much of it as matters.
func lasting(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}

// fewNames is how many names stand in one place.
const fewNames = 20

// few gives names up to fewNames, and counts the rest.
func few(names []string) string {
	n := min(len(names), fewNames)
	more := ""
	if n < len(names) {
		more = fmt.Sprintf(" and %d more", len(names)-n)
	}
	return strings.Join(names[:n], ", ") + more
}

// hours tells a length of whole hours, or days.
func hours(n int) string {
	if n >= 24 && n%24 == 0 {
		return counted(n/24, "day")
	}
	return counted(n, "hour")
}

// left tells the time that a step still takes.
func left(seconds *float64) string {
	if seconds == nil {
		return "time left not known yet"
	}
	return "about " + lasting(time.Duration(*seconds*float64(time.Second))) + " left"
}

// counted gives a number with what it counts.
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// words makes a name of the API readable.
func words(name any) string { return strings.ReplaceAll(fmt.Sprint(name), "_", " ") }

// stepWords says what a run is at.
func stepWords(p sync.Progress) string {
	told := map[string]string{
		"wait": "waits for another run", "read": "reads Okta's users", "members": "reads Okta's groups", "survey": "reads Omni",
		"plan": "plans", "confirm": "asks Okta once more about removals", "apply": "applies changes",
	}[p.Step]
	if told == "" {
		return "begins"
	}
	return told
}

// tone gives how a state sounds: what is well, what waits, what is wrong; "" for the rest.
func tone(name any) string {
	switch fmt.Sprint(name) {
	case "in_step", "done", "applied", "well", "yes", "active", "ACTIVE", "same":
		return "good"
	case "behind", "held", "paused", "doubtful", "slowed", "waits", "waiting", "leaving", "differs":
		return "wait"
	case "failing", "failed", "down", "key refused":
		return "bad"
	default:
		return ""
	}
}

// first gives the first few names and how many more there are.
func first(n int, names []string) string {
	shown := strings.Join(names[:min(n, len(names))], ", ")
	if more := len(names) - n; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	return shown
}

// countWords tells a run's counts of changes, in an order that is the same each time.
func countWords(counts map[string]int) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] > 0 {
			list = append(list, fmt.Sprintf("%d %s", counts[name], words(name)))
		}
	}
	if len(list) == 0 {
		return "nothing to do"
	}
	return strings.Join(list, ", ")
}
