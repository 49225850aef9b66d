package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// counter is a mailbox that answers an asker as each test says.
type counter struct {
	answer    func(n int) (state.Answers, error) // to the n-th question, from 0
	asked     int
	left      []state.Errand
	withdrawn []string
	taken     bool
}

func (c *counter) Leave(_ context.Context, e state.Errand, _ time.Duration) error {
	c.left = append(c.left, e)
	return nil
}

func (c *counter) Answers(ctx context.Context, _, next string, _ time.Duration) (state.Answers, error) {
	if err := ctx.Err(); err != nil {
		return state.Answers{}, err
	}
	c.asked++
	a, err := c.answer(c.asked - 1)
	a.Next = next + "x"
	return a, err
}

func (c *counter) Withdraw(ctx context.Context, id string) (bool, error) {
	c.withdrawn = append(c.withdrawn, id)
	return c.taken, ctx.Err()
}

func packed(t *testing.T, lines ...console.Line) state.Answers {
	t.Helper()
	text, err := pack(lines)
	if err != nil {
		t.Fatal(err)
	}
	return state.Answers{Holder: "syncd 7@h", Taken: true, List: [][]byte{text}}
}

func progressLine(run, step string, done int) console.Line {
	return console.Line{Progress: &sync.Progress{Run: run, Step: step, Done: done}}
}

func TestAskFollowsToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := &fault.Error{Kind: fault.Unavailable, Op: "redis"}
		report := sync.Report{Run: "r1", Outcome: sync.Done}
		c := &counter{taken: true}
		c.answer = func(n int) (state.Answers, error) {
			switch n {
			case 0:
				return state.Answers{Holder: "syncd 7@h"}, nil
			case 1, 3:
				return state.Answers{}, away
			case 2:
				return packed(t, progressLine("r1", "read", 1), progressLine("r1", "read", 2)), nil
			}
			a := packed(t, progressLine("r1", "apply", 3), console.Line{Report: &report})
			a.Taken, a.Lost = false, true // it has ended since
			return a, nil
		}
		var steps []string
		begun := time.Now()
		got, err := messenger{mail: c}.Do(t.Context(), sync.Request{Kind: sync.Reconcile, Insist: true, Cause: causeCommand,
			Progress: func(p sync.Progress) { steps = append(steps, fmt.Sprint(p.Step, p.Done, p.Note)) }})
		if err != nil || cmp.Diff(report, got) != "" {
			t.Errorf("%+v, %v", got, err)
		}
		want := []string{"wait0syncd 7@h leads, and is asked to do it", "read1", "read2", "apply3"}
		if diff := cmp.Diff(want, steps); diff != "" {
			t.Error(diff)
		}
		if c.asked != 5 || time.Since(begun) != 5*time.Second {
			t.Errorf("asked %d times in %s", c.asked, time.Since(begun))
		}
		e := c.left[0]
		if e.Kind != errandRun || string(e.Request) != `{"Kind":"reconcile","DryRun":false,"Insist":true,"AllMembers":false,"Cause":"command"}` ||
			e.By != holderName() || !cmp.Equal(c.withdrawn, []string{e.ID}) {
			t.Errorf("left %+v, withdrawn %q", e, c.withdrawn)
		}
	})
}

func TestAskEnds(t *testing.T) {
	away := &fault.Error{Kind: fault.Unavailable, Op: "redis"}
	waits := state.Answers{Holder: "syncd 7@h"}
	taken := state.Answers{Holder: "syncd 7@h", Taken: true}
	always := func(a state.Answers, err error) func(int) (state.Answers, error) {
		return func(int) (state.Answers, error) { return a, err }
	}
	then := func(first, rest state.Answers, err error) func(int) (state.Answers, error) {
		return func(n int) (state.Answers, error) {
			if n == 0 {
				return first, nil
			}
			return rest, err
		}
	}
	for name, c := range map[string]struct {
		answer     func(int) (state.Answers, error)
		taken      bool
		want, hint string
		after      time.Duration
	}{
		"nobody takes it up":            {always(waits, nil), false, "doesn't take up what it is asked: syncd 7@h", "nothing was done", 21 * time.Second},
		"somebody does at the last":     {always(waits, nil), true, "is gone", "done in part", 21 * time.Second},
		"nobody leads":                  {always(state.Answers{}, nil), false, "no syncd leads", "nothing was done", 21 * time.Second},
		"the leader dies":               {then(taken, state.Answers{Lost: true}, nil), true, "is gone: syncd 7@h", "done in part", 2 * time.Second},
		"another leads":                 {then(taken, state.Answers{Lost: true, Holder: "another"}, nil), true, "is gone: syncd 7@h", "done in part", 2 * time.Second},
		"the ledger is away":            {always(state.Answers{}, away), false, "redis", "", 20 * time.Second},
		"the ledger is away afterwards": {then(taken, state.Answers{}, away), true, "is gone: syncd 7@h: redis", "done in part", 21 * time.Second},
		"a wrong password":              {always(state.Answers{}, &fault.Error{Kind: fault.Unauthorized, Op: "redis"}), false, "redis", "", time.Second},
		"an answer of nonsense":         {always(state.Answers{Holder: "syncd 7@h", Taken: true, List: [][]byte{[]byte("{")}}, nil), true, "can't be read", "done in part", time.Second},
		"an answer to something else":   {always(packed(t, console.Line{Decided: &sync.Decided{}}), nil), true, "answers something else", "version", time.Second},
		"an error":                      {always(packed(t, console.Line{Error: &console.Failure{Kind: "doubtful", Message: "no", Hint: "so"}}), nil), true, "no", "so", time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			mail := &counter{answer: c.answer, taken: c.taken}
			_, err := messenger{mail: mail}.Do(t.Context(), sync.Request{})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(fault.HintOf(err), c.hint) || time.Since(begun) != c.after {
				t.Errorf("%s: after %s %v (%s)", name, time.Since(begun), err, fault.HintOf(err))
			}
			if len(mail.withdrawn) != 1 {
				t.Errorf("%s: withdrawn %q", name, mail.withdrawn)
			}
		})
	}
}

// What is about some is asked for as such: a leader of a version that doesn't know it
// refuses it, and makes no run about everybody of it.
func TestAskAboutSome(t *testing.T) {
	for _, r := range []sync.Request{{Kind: sync.User, Subject: "ann@acme.co"}, {Kind: sync.Full, Insist: true, Only: []string{"ann@acme.co"}}} {
		synctest.Test(t, func(t *testing.T) {
			mail := &counter{answer: func(int) (state.Answers, error) { return state.Answers{Holder: "syncd 7@h"}, nil }}
			ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
			defer cancel()
			if _, err := (messenger{mail: mail}).Do(ctx, r); err == nil || mail.left[0].Kind != errandSome {
				t.Errorf("%+v is left as %+v, %v", r, mail.left, err)
			}
		})
	}
}

// Who leaves takes an errand along that nobody has taken up. A run that is under way goes
// on, unless it was to end then; each is told.
func TestAskIsCalledOff(t *testing.T) {
	run := func(attached bool) func(context.Context, messenger) error {
		return func(ctx context.Context, m messenger) error {
			_, err := m.Do(ctx, sync.Request{Kind: sync.Full, Attached: attached})
			return err
		}
	}
	decide := func(ctx context.Context, m messenger) error {
		_, err := m.Decide(ctx, sync.Verdict{Run: "r1", Decision: state.Approved, By: "ann"})
		return err
	}
	restore := func(ctx context.Context, m messenger) error {
		_, err := m.Restore(ctx, sync.RestoreRequest{Who: "ann", To: "bob"})
		return err
	}
	for name, row := range map[string]struct {
		taken     bool
		ask       func(context.Context, messenger) error
		says, how string
	}{
		"nobody begins":        {false, run(true), "wait for the syncd that leads", "nothing was done"},
		"nobody decides":       {false, decide, "wait for the syncd that leads", "nothing was done"},
		"a decision":           {true, decide, "wait for the syncd that leads", "it may be done"},
		"nobody restores":      {false, restore, "wait for the syncd that leads", "nothing was done"},
		"a restoring":          {true, restore, "the restoring in the syncd that leads (syncd 7@h) is stopped after the schedule that is under way", "it goes on from there"},
		"a run":                {true, run(false), "the run goes on in the syncd that leads (syncd 7@h)", "syncd history --run r7 tells"},
		"a run that is to end": {true, run(true), "the run in the syncd that leads (syncd 7@h) is stopped", "syncd history --run r7"},
	} {
		synctest.Test(t, func(t *testing.T) {
			mail := &counter{taken: row.taken, answer: func(n int) (state.Answers, error) {
				a := state.Answers{Holder: "syncd 7@h", Taken: row.taken}
				if row.taken && n == 1 {
					a.List = packed(t, console.Line{Progress: &sync.Progress{Run: "r7", Step: "read"}}, console.Line{Progress: &sync.Progress{Run: "r8", Note: sync.Waits}}).List
				}
				return a, nil
			}}
			ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
			defer cancel()
			err := row.ask(ctx, messenger{mail: mail})
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), row.says) || !strings.Contains(fault.HintOf(err), row.how) || len(mail.withdrawn) != 1 {
				t.Errorf("%s: %v (%s), withdrawn %q", name, err, fault.HintOf(err), mail.withdrawn)
			}
			if e := mail.left[0]; e.Kind == errandDecide && string(e.Request) != `{"run":"r1","decision":"approved","by":"ann"}` {
				t.Errorf("left %+v", e)
			}
		})
	}
}

func TestAskWhereNobodyLeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := &counter{answer: func(int) (state.Answers, error) { return state.Answers{}, nil }}
		_, err := messenger{mail: mail, vacant: true}.Do(t.Context(), sync.Request{})
		if !errors.Is(err, errVacant) || mail.asked != 1 {
			t.Errorf("asked %d times: %v", mail.asked, err)
		}
	})
}
