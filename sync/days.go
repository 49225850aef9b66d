package sync

import (
	"context"
	"slices"
	"time"

	"github.com/omnisync/omnisync/state"
)

// Day sums up what the provisioning log has of one day.
type Day struct {
	Day     string         `json:"day"`     // in UTC, such as 2026-01-02
	Changes map[string]int `json:"changes"` // that were done, by kind
	Failed  int            `json:"failed"`  // tries that failed
	Seconds *Latency       `json:"seconds"` // from a change in Okta to Omni's answer, removals aside, which wait on purpose; null where no event told of any
}

// MostDays is of how many days the log is summed up at most.
const MostDays = 90

// dayForm is how a day is written.
const dayForm = time.DateOnly

// dayLine is what is read of a line of the log.
type dayLine struct {
	Kind     Kind              `json:"kind"`
	State    state.ChangeState `json:"state"`
	Time     time.Time         `json:"time"`
	Happened time.Time         `json:"happened"`
}

// Days sums up the newest days, today last, also those of which the log has nothing. As much
// of the log is read as they fill.
func (e *Engine) Days(ctx context.Context, count int) ([]Day, error) {
	count = min(max(count, 1), MostDays)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	days, at := make([]Day, count), map[string]int{}
	for i := range days {
		days[i] = Day{Day: today.AddDate(0, 0, i+1-count).Format(dayForm), Changes: map[string]int{}}
		at[days[i].Day] = i
	}
	lines, err := e.linesSince(ctx, today.AddDate(0, 0, 1-count))
	if err != nil {
		return nil, err
	}
	times, kinds := make([]latencies, count), Kinds()
	for _, raw := range lines {
		line, err := state.Decode[dayLine](state.Entry{Value: raw}, state.Bucket(state.Log))
		if err != nil {
			return nil, err
		}
		i, within := at[line.Time.UTC().Format(dayForm)]
		switch {
		case !within:
		case line.State == state.Failed:
			days[i].Failed++
		case line.State == state.Applied && slices.Contains(kinds, line.Kind):
			days[i].Changes[string(line.Kind)]++
			if !line.Happened.IsZero() && line.Kind != Deactivate && line.Kind != Delete {
				times[i].add(max(0, line.Time.Sub(line.Happened)))
			}
		}
	}
	for i := range days {
		days[i].Seconds = times[i].sum()
	}
	return days, nil
}

// linesSince gives the lines of the log that are no older, and maybe some that are.
func (e *Engine) linesSince(ctx context.Context, since time.Time) ([][]byte, error) {
	f := HistoryFilter{Since: since}
	for n := firstLines; ; n *= 10 {
		n = min(n, state.Log.Keep())
		lines, err := e.o.Store.Tail(ctx, state.Log, n)
		if err != nil || len(lines) < n || n == state.Log.Keep() || f.before(lines[n-1]) {
			return lines, err
		}
	}
}
