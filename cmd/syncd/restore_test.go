package main

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Restore takes two seconds, and fails for eve.
func (w *workers) Restore(ctx context.Context, r sync.RestoreRequest) (sync.RestoreReport, error) {
	w.begun <- "restores " + r.Who
	r.Progress(sync.Progress{Step: "restore", Done: 1})
	if r.To == "eve" {
		return sync.RestoreReport{}, &fault.Error{Kind: fault.Refused, Op: "nobody is eve"}
	}
	select {
	case <-time.After(2 * time.Second):
		w.ended <- nil
	case <-ctx.Done():
		w.ended <- context.Cause(ctx)
	}
	return sync.RestoreReport{Run: r.Who}, nil
}

func restoreErrand(id, to string) state.Errand {
	return state.Errand{ID: id, Kind: errandRestore, Request: fmt.Appendf(nil, `{"who":%q,"to":%q}`, id, to)}
}

// What others ask to restore is restored beside the run that is under way, and ends when
// they leave.
func TestDeskRestores(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y, w := newTray(t), newWorkers(time.Hour)
		begun := time.Now()
		y.answer = func(id string) (bool, error) { return id != "left" || time.Since(begun) < time.Second, nil }
		y.list <- []state.Errand{runErrand(t, "a"), restoreErrand("b", "bob"), restoreErrand("c", "eve"), restoreErrand("left", "bob"), {ID: "d", Kind: errandRestore}}
		attending(t, y, w, func(end func()) {
			passes(5 * time.Second)
			for id, want := range map[string][]string{
				"b": {"", " restore1", " restored/b"}, "c": {"", " restore1 refused/nobody is eve"},
				"d": {"", ` refused/the syncd that leads doesn't know what it is asked: "restore": unexpected end of JSON input`},
			} {
				if diff := cmp.Diff(want, y.all(id)); diff != "" {
					t.Errorf("%s: %s", id, diff)
				}
			}
			if len(w.begun) != 4 {
				t.Errorf("%d were begun, want the run and three restorings", len(w.begun))
			}
			ends := map[string]int{}
			for range len(w.ended) {
				ends[fmt.Sprint(<-w.ended)]++
			}
			if diff := cmp.Diff(map[string]int{"<nil>": 1, sync.ErrLeft.Error(): 1}, ends); diff != "" {
				t.Errorf("they ended otherwise: %s", diff)
			}
			end()
		})
	})
}

// Who asks the one that leads to restore is told of each step, and the end.
func TestAskToRestore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want := sync.RestoreReport{Run: "r1", Outcome: sync.Failing, Schedules: []sync.Restoration{{State: sync.CantRestore, Error: "gone"}}}
		mail := &counter{taken: true, answer: func(int) (state.Answers, error) {
			return packed(t, progressLine("r1", "restore", 1), console.Line{Restored: &want}), nil
		}}
		steps := 0
		got, err := messenger{mail: mail}.Restore(t.Context(), sync.RestoreRequest{Who: "ann", To: "bob", Only: []string{"w"}, By: "eve", Progress: func(sync.Progress) { steps++ }})
		if diff := cmp.Diff(want, got); err != nil || diff != "" || steps != 1 {
			t.Errorf("%v, %d steps\n%s", err, steps, diff)
		}
		if e := mail.left[0]; e.Kind != errandRestore || string(e.Request) != `{"who":"ann","to":"bob","only":["w"],"by":"eve"}` {
			t.Errorf("left %+v", e)
		}
		mail.answer = func(int) (state.Answers, error) { return packed(t, console.Line{Report: &sync.Report{}}), nil }
		if _, err := (messenger{mail: mail}).Restore(t.Context(), sync.RestoreRequest{}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("another answer: %v", err)
		}
	})
}

// What is saved, and what became of it, as a person reads it.
func TestSavedAtAGlance(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const evil = "ev\x1b[2Jil"
	base := state.Saved{Kind: state.Schedule, Owner: "00u1", UserName: "ann@example.com", At: at, Until: at.AddDate(0, 0, 90), Cron: "0 8 ? * MON *", Timezone: "UTC", Target: "email"}
	of := func(id, name string, change func(*state.Saved)) state.Saved {
		s := base
		s.ID, s.Name = id, name
		change(&s)
		return s
	}
	weekly := of("s1", "Weekly numbers", func(s *state.Saved) { s.Document, s.Recipients = "Sales", 12 })
	before := of("s2", "Alarm", func(s *state.Saved) {
		s.Recipients, s.Restored = 1, &state.Restored{To: "cat@example.com", ID: "s8", At: at, Problems: []string{"subject", "state"}}
	})
	begun := of("s3", "Hook", func(s *state.Saved) { s.Target, s.Restored = "webhook", &state.Restored{To: "bob@example.com", At: at} })
	made := of("s1", "Weekly numbers", func(s *state.Saved) { s.Restored = &state.Restored{To: "bob@example.com", ID: "s9", At: at} })
	golden(t, "schedules", false, func(p *printer) {
		p.saved(evil, nil)
		p.saved("ann", []state.Saved{weekly, before, begun,
			of("d1", "Pipeline", func(s *state.Saved) { s.Kind, s.Document = state.Document, "Sales/EMEA" }), of("d2", "Draft", func(s *state.Saved) { s.Kind = state.Document }),
			of("s4", evil, func(s *state.Saved) { s.Owner, s.Document, s.Target = "00u2", evil, evil })})
		p.restored(sync.RestoreReport{DryRun: true, From: "ann@example.com", To: "bob@example.com", Outcome: sync.Done, Notes: []string{"other rows may go out"},
			Schedules: []sync.Restoration{{Saved: weekly, State: sync.ToRestore, Lacks: []string{"password: " + evil}}, {Saved: made, State: sync.WasThere}}})
		p.restored(sync.RestoreReport{Run: "r1", From: "ann@example.com", To: "bob@example.com", Outcome: sync.Failing, Schedules: []sync.Restoration{
			{Saved: made, State: sync.IsRestored, Lacks: []string{"subject: Omni left it out"}}, {Saved: before, State: sync.WasRestored},
			{Saved: weekly, State: sync.CantRestore, Error: "the dashboard " + evil + " is gone", Hint: "look"},
			{Saved: begun, State: sync.NotRestored, Error: "no answer"}, {Saved: weekly, State: sync.NotTried}}})
	})
}
