package sync

import (
	"context"
	"fmt"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// RunsFilter says which runs are wanted: those that every field allows. A zero field allows
// all.
type RunsFilter struct {
	Kind    RunKind
	Outcome Outcome
	Skip    int // of the newest so many
	Limit   int // so many of the rest; 0 means all
}

// Runs gives runs that have ended, the newest first.
func (e *Engine) Runs(ctx context.Context, f RunsFilter) ([]state.Run, error) {
	all, err := state.Newest[state.Run](ctx, e.o.Store, state.Runs, state.Runs.Keep())
	if err != nil {
		return nil, err
	}
	found := []state.Run{}
	for _, r := range all {
		if (f.Kind == "" || r.Kind == string(f.Kind)) && (f.Outcome == "" || r.Outcome == string(f.Outcome)) {
			found = append(found, r)
		}
	}
	return stretch(found, f.Skip, f.Limit), nil
}

// RunOf gives one run that has ended, with the lines of the log that it wrote;
// fault.NotFound where none is remembered under this name.
func (e *Engine) RunOf(ctx context.Context, id string) (state.Run, []state.Change, error) {
	all, err := state.Newest[state.Run](ctx, e.o.Store, state.Runs, state.Runs.Keep())
	if err != nil {
		return state.Run{}, nil, err
	}
	i := slices.IndexFunc(all, func(r state.Run) bool { return r.Run == id })
	if i < 0 {
		return state.Run{}, nil, &fault.Error{Kind: fault.NotFound, Op: fmt.Sprintf("no run %q is remembered", id),
			Hint: "it goes on still, or is older than the runs that are kept"}
	}
	changes, err := e.History(ctx, HistoryFilter{Run: id, Since: all[i].Started})
	return all[i], changes, err
}

// stretch leaves out the first ones, and what comes after the limit.
func stretch[T any](list []T, skip, limit int) []T {
	list = list[min(max(skip, 0), len(list)):]
	if limit > 0 {
		list = list[:min(limit, len(list))]
	}
	return list
}
