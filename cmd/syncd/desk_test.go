package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
)

// tray is a mailbox that the test fills, for one that leads.
type tray struct {
	waiting chan struct{}
	list    chan []state.Errand // what the next Collect gives; nothing where it is empty
	answer  func(id string) (bool, error)
	posted  chan string // "ID: line line", "ID:" for a sign of life
	t       *testing.T
}

func newTray(t *testing.T) *tray {
	return &tray{t: t, waiting: make(chan struct{}, 1), list: make(chan []state.Errand, 1), posted: make(chan string, 1000),
		answer: func(string) (bool, error) { return true, nil }}
}

func (y *tray) Waiting() <-chan struct{} { return y.waiting }

func (y *tray) Collect(context.Context, state.Fence) ([]state.Errand, error) {
	select {
	case list := <-y.list:
		return list, nil
	default:
		return nil, nil
	}
}

func (y *tray) Post(_ context.Context, f state.Fence, a state.Answer) (bool, error) {
	wanted, err := y.answer(a.ID)
	if f != "f1" || a.TTL != answerLife {
		y.t.Errorf("posted with fence %q for %s", f, a.TTL)
	}
	if err == nil && wanted {
		text := a.ID + ":"
		if len(a.Text) > 0 {
			lines, err := unpack(a.Text)
			if err != nil {
				y.t.Error(err)
			}
			for _, l := range lines {
				text += " " + spelled(l)
			}
		}
		y.posted <- text
	}
	return wanted, err
}

// all gives what was posted about an errand until now.
func (y *tray) all(id string) (list []string) {
	for range len(y.posted) {
		if p := <-y.posted; strings.HasPrefix(p, id+":") {
			list = append(list, strings.TrimPrefix(p, id+":"))
		} else {
			y.posted <- p
		}
	}
	return list
}

func spelled(l console.Line) string {
	switch {
	case l.Error != nil:
		return l.Error.Kind + "/" + l.Error.Message
	case l.Report != nil:
		return "report/" + l.Report.Run
	case l.Decided != nil:
		return "decided/" + l.Decided.Run
	case l.Restored != nil:
		return "restored/" + l.Restored.Run
	case l.Leaver != nil:
		return "leaver/" + l.Leaver.UserName
	case l.Forgotten != nil:
		return "forgotten/" + l.Forgotten.Pseudonym
	case l.Linked != nil:
		return "linked/" + l.Linked.OktaID
	case l.Paused != nil:
		return fmt.Sprint("paused/", l.Paused.Under)
	}
	text := fmt.Sprint(l.Progress.Step, l.Progress.Done)
	if l.Progress.Note == sync.Waits {
		text += "/waits"
	}
	return text
}

// workers make runs that last so long, and note what they are asked.
type workers struct {
	lasts  time.Duration
	begun  chan string
	decide chan string
	ended  chan error // why a run ended early; nil where it didn't
}

func newWorkers(lasts time.Duration) *workers {
	return &workers{lasts: lasts, begun: make(chan string, 100), decide: make(chan string, 100), ended: make(chan error, 100)}
}

// since gives what came since the time before.
func since(c <-chan string) (list []string) {
	for range len(c) {
		list = append(list, <-c)
	}
	return list
}

func (w *workers) Do(ctx context.Context, r sync.Request) (sync.Report, error) {
	w.begun <- r.Cause
	end := time.Now().Add(w.lasts)
	for n := 0; time.Now().Before(end); n++ {
		r.Progress(sync.Progress{Run: r.Cause, Step: "apply", Done: n})
		select {
		case <-time.After(90 * time.Millisecond):
		case <-ctx.Done():
			w.ended <- context.Cause(ctx)
			return sync.Report{}, &fault.Error{Kind: fault.Unavailable, Op: "called off"}
		}
	}
	w.ended <- nil
	return sync.Report{Run: r.Cause}, nil
}

func (w *workers) LeaveAtOnce(_ context.Context, a sync.AtOnce) (sync.Leaver, error) {
	w.decide <- a.Subject
	if a.Confirm == "" {
		return sync.Leaver{}, &fault.Error{Kind: fault.Refused, Op: "not confirmed"}
	}
	return sync.Leaver{UserName: a.Confirm}, nil
}

func (w *workers) Decide(_ context.Context, v sync.Verdict) (sync.Decided, error) {
	w.decide <- fmt.Sprint(v.Run, v.Decision, v.By)
	if v.Run == "none" {
		return sync.Decided{}, &fault.Error{Kind: fault.NotFound, Op: "nothing is held"}
	}
	return sync.Decided{Run: v.Run}, nil
}

func (w *workers) Relink(_ context.Context, o sync.LinkOrder) (sync.LinkAnswer, error) {
	return sync.LinkAnswer{OktaID: o.Subject + ">" + o.OmniID}, nil
}

func (w *workers) Pause(_ context.Context, o sync.PauseOrder) (sync.PauseAnswer, error) {
	w.decide <- fmt.Sprint("pause ", o.By, " ", o.For)
	return sync.PauseAnswer{Under: 7}, nil
}

// runErrand asks for a run that ends with who asks.
func runErrand(t *testing.T, id string) state.Errand {
	t.Helper()
	return errandOf(t, sync.Request{Kind: sync.Full, Cause: id, Attached: true})
}

func errandOf(t *testing.T, r sync.Request) state.Errand {
	t.Helper()
	r.Progress = func(sync.Progress) {}
	id := r.Cause
	body, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return state.Errand{ID: id, Kind: errandRun, Request: body}
}

func decideErrand(id, run string) state.Errand {
	return state.Errand{ID: id, Kind: errandDecide, Request: fmt.Appendf(nil, `{"run":%q,"decision":"approved","by":"ann"}`, run)}
}

// attending lets a desk work in a bubble until the test's function returns.
func attending(t *testing.T, y *tray, w *workers, work func(end func())) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	d := &desk{mail: y, fence: "f1", engine: w, keeper: w, runner: w, forget: w.forget, log: zap.NewNop()}
	ended := make(chan struct{})
	go func() { defer close(ended); d.attend(ctx) }()
	end := func() { cancel(); <-ended }
	defer end()
	work(end)
}

// passes lets time pass in a bubble, until nobody has anything to do.
func passes(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// TestDeskKeepsTheOrder has runs one after the other, and decisions at once.
func TestDeskKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y, w := newTray(t), newWorkers(1900*time.Millisecond)
		y.list <- []state.Errand{runErrand(t, "a"), decideErrand("b", "r1"), runErrand(t, "c"), decideErrand("d", "none"),
			{ID: "p", Kind: errandPause, Request: []byte(`{"by":"ann","for":60000000000}`)}, {ID: "l", Kind: errandLink, Request: []byte(`{"subject":"ann","omniId":"m1"}`)}, {ID: "e", Kind: "dance"}, {ID: "g", Kind: errandRun}}
		attending(t, y, w, func(func()) {
			passes(500 * time.Millisecond)
			if diff := cmp.Diff([]string{"r1approvedann", "noneapprovedann", "pause ann 1m0s"}, since(w.decide)); diff != "" {
				t.Error(diff)
			}
			for id, want := range map[string]string{"b": " decided/r1", "d": " not found/nothing is held", "p": " paused/7", "l": " linked/ann>m1", "e": ` refused/the syncd that leads doesn't know what it is asked: "dance"`} {
				if diff := cmp.Diff([]string{"", want}, y.all(id)); diff != "" {
					t.Errorf("%s: %s", id, diff)
				}
			}
			y.list <- []state.Errand{runErrand(t, "f")}
			y.waiting <- struct{}{}
			passes(10 * time.Second)
			if diff := cmp.Diff([]string{"a", "c", "f"}, since(w.begun)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"", " apply0 apply11", " apply12 apply21 report/a"}, y.all("a")); diff != "" {
				t.Error(diff)
			}
			// It may join the queue after the first run's first word.
			c := strings.Join(y.all("c"), "|")
			if !regexp.MustCompile(`^\| apply[01]/waits apply11/waits\| apply12/waits apply21/waits apply0\| apply1 apply11\| apply12 apply21 report/c$`).MatchString(c) {
				t.Errorf("the second was told %s", c)
			}
			if g := strings.Join(y.all("g"), "|"); !strings.Contains(g, " refused/") {
				t.Errorf("an errand without a request was told %s", g)
			}
		})
	})
}

// TestDeskStopsWhatNobodyWaitsFor calls a run off when its errand is withdrawn.
func TestDeskStopsWhatNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y, w := newTray(t), newWorkers(time.Hour)
		until := time.Now().Add(3 * time.Second)
		y.answer = func(id string) (bool, error) { return id != "never" && (id != "a" || time.Now().Before(until)), nil }
		y.list <- []state.Errand{runErrand(t, "never"), runErrand(t, "a"), runErrand(t, "b")}
		attending(t, y, w, func(end func()) {
			passes(2900 * time.Millisecond)
			if diff := cmp.Diff([]string{"a"}, since(w.begun)); diff != "" {
				t.Error(diff)
			}
			passes(2 * time.Second)
			if diff := cmp.Diff([]string{"b"}, since(w.begun)); diff != "" {
				t.Error(diff)
			}
			end() // of the leadership: what is under way ends and is answered
			if all := y.all("b"); !strings.HasSuffix(all[len(all)-1], "unavailable/called off") {
				t.Errorf("at the end of the leadership the asker is told %q", all)
			}
		})
	})
}

// TestDeskGoesOnWhenNobodyWaits does a run to its end although who asked has left, unless
// it was to end then; its context says why it ended.
func TestDeskGoesOnWhenNobodyWaits(t *testing.T) {
	for attached, want := range map[bool]string{true: sync.ErrLeft.Error(), false: "<nil>"} {
		synctest.Test(t, func(t *testing.T) {
			y, w := newTray(t), newWorkers(10*time.Second)
			begun := time.Now()
			y.answer = func(string) (bool, error) { return time.Since(begun) < 3*time.Second, nil }
			y.list <- []state.Errand{errandOf(t, sync.Request{Kind: sync.Full, Cause: "a", Attached: attached})}
			attending(t, y, w, func(end func()) {
				passes(11 * time.Second)
				if got := fmt.Sprint(<-w.ended); got != want {
					t.Errorf("attached %t: the run ended with %s, want %s", attached, got, want)
				}
				end()
			})
		})
	}
}

// TestCourierBearsTrouble posts again what didn't arrive, and gives up at last.
func TestCourierBearsTrouble(t *testing.T) {
	for away, want := range map[time.Duration]string{4 * time.Second: " report/a", time.Hour: ""} {
		synctest.Test(t, func(t *testing.T) {
			y, w := newTray(t), newWorkers(2*time.Second)
			begun := time.Now()
			y.answer = func(string) (bool, error) {
				if at := time.Since(begun); at > 0 && at < away {
					return false, &fault.Error{Kind: fault.Unavailable, Op: "redis"}
				}
				return true, nil
			}
			y.list <- []state.Errand{runErrand(t, "a")}
			attending(t, y, w, func(end func()) {
				passes(2500 * time.Millisecond)
				end()
				if took := time.Since(begun); took > 8*time.Second {
					t.Errorf("gave up after %s", took)
				}
				if all := strings.Join(y.all("a"), "|"); !strings.HasSuffix(all, want) || want != "" && !strings.HasPrefix(all, "| apply0 apply") {
					t.Errorf("away for %s: %q", away, all)
				}
			})
		})
	}
}

// TestCourierIsQuiet shows a sign of life every few seconds where nothing happens.
func TestCourierIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newTray(t)
		c := &courier{mail: y, fence: "f1", id: "a", gone: func() { t.Error("called off") }, last: make(chan struct{}), parted: make(chan struct{})}
		go c.carry(t.Context())
		passes(20*time.Second + time.Millisecond)
		c.end(console.Line{Report: &sync.Report{Run: "a"}})
		if diff := cmp.Diff([]string{"", "", "", "", "", " report/a"}, y.all("a")); diff != "" {
			t.Error(diff)
		}
	})
}
