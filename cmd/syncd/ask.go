package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// stepWait is the step of a run that nobody has taken up yet.
const stepWait = "wait"

// errVacant ends an errand that nobody took up because nobody leads.
var errVacant = errors.New("nobody leads")

// messenger has the process that leads do something, and waits for it. When its context
// ends, an errand that nobody has taken up ends too; a run that is taken up goes on,
// unless it is attached.
type messenger struct {
	mail   state.Asker
	vacant bool // whoever asks can lead itself: errVacant where nobody does
}

// Do has the leader make a run, and tells r.Progress of its steps.
func (m messenger) Do(ctx context.Context, r sync.Request) (sync.Report, error) {
	kind := errandRun
	switch {
	case r.Kind == sync.Undo:
		kind = errandUndo
	case r.Subject != "" || len(r.Only) > 0:
		kind = errandSome
	}
	answer, err := m.send(ctx, kind, r, &following{progress: r.Progress, attached: r.Attached})
	if err == nil && answer.Report == nil {
		err = errNoAnswer
	}
	if err != nil {
		return sync.Report{}, err
	}
	return *answer.Report, nil
}

// Decide has the leader record a decision.
func (m messenger) Decide(ctx context.Context, v sync.Verdict) (sync.Decided, error) {
	answer, err := m.send(ctx, errandDecide, v, &following{decides: true})
	if err == nil && answer.Decided == nil {
		err = errNoAnswer
	}
	if err != nil {
		return sync.Decided{}, err
	}
	return *answer.Decided, nil
}

// LeaveAtOnce has the leader end a grace.
func (m messenger) LeaveAtOnce(ctx context.Context, a sync.AtOnce) (sync.Leaver, error) {
	answer, err := m.send(ctx, errandLeave, a, &following{decides: true})
	if err == nil && answer.Leaver == nil {
		err = errNoAnswer
	}
	if err != nil {
		return sync.Leaver{}, err
	}
	return *answer.Leaver, nil
}

// Forget has the leader forget somebody.
func (m messenger) Forget(ctx context.Context, f sync.Forgetting) (sync.Forgotten, error) {
	answer, err := m.send(ctx, errandForget, f, &following{decides: true})
	if err == nil && answer.Forgotten == nil {
		err = errNoAnswer
	}
	if err != nil {
		return sync.Forgotten{}, err
	}
	return *answer.Forgotten, nil
}

// Pause has the leader record what a person says about pausing.
func (m messenger) Pause(ctx context.Context, o sync.PauseOrder) (sync.PauseAnswer, error) {
	answer, err := m.send(ctx, errandPause, o, &following{decides: true})
	if err == nil && answer.Paused == nil {
		err = errNoAnswer
	}
	if err != nil {
		return sync.PauseAnswer{}, err
	}
	return *answer.Paused, nil
}

// Relink has the leader link or unlink somebody.
func (m messenger) Relink(ctx context.Context, o sync.LinkOrder) (sync.LinkAnswer, error) {
	answer, err := m.send(ctx, errandLink, o, &following{decides: true})
	if err == nil && answer.Linked == nil {
		err = errNoAnswer
	}
	if err != nil {
		return sync.LinkAnswer{}, err
	}
	return *answer.Linked, nil
}

// wake has the leader look into Okta soon, and waits for no answer.
func (m messenger) wake(ctx context.Context) error {
	return m.mail.Leave(ctx, state.Errand{ID: rand.Text(), Kind: errandWake, By: holderName()}, errandLife)
}

// errNoAnswer is an answer to another question.
var errNoAnswer = &fault.Error{Kind: fault.Unavailable, Op: "the syncd that leads answers something else",
	Hint: "it may be of another version: run the same one everywhere"}

// send leaves an errand, follows it and takes it away. It gives the last answer.
func (m messenger) send(ctx context.Context, kind string, request any, f *following) (console.Line, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return console.Line{}, err
	}
	f.mail, f.id, f.vacant, f.heard = m.mail, rand.Text(), m.vacant, time.Now()
	err = m.mail.Leave(ctx, state.Errand{ID: f.id, Kind: kind, By: holderName(), Request: body}, errandLife)
	var last console.Line
	if err == nil {
		last, err = f.wait(ctx)
	}
	if taken := f.withdraw(ctx); taken && f.leader == "" {
		if f.leader = f.asked; ctx.Err() != nil { // it was taken up since the last look
			return last, f.calledOff(ctx)
		}
		return last, f.lost() // in the moment in which this one had waited for long enough
	}
	return last, err
}

// following is an errand that is waited for.
type following struct {
	mail     state.Asker
	id       string
	vacant   bool
	decides  bool                // it is no run
	restores bool                // likewise
	attached bool                // as in sync.Request
	progress func(sync.Progress) // may be nil

	run    string    // that was told of last
	next   string    // what was read last of the answers
	heard  time.Time // when the mailbox answered last
	leader string    // who has taken the errand up, "" for nobody yet
	asked  string    // who leads and is to take it up
}

// wait asks for answers until the last one.
func (f *following) wait(ctx context.Context) (console.Line, error) {
	left := time.Now()
	for {
		select {
		case <-ctx.Done():
			return console.Line{}, f.calledOff(ctx)
		case <-time.After(errandStep):
		}
		answers, err := f.mail.Answers(ctx, f.id, f.next, errandLife)
		switch {
		case err == nil:
			f.heard = time.Now()
		case fault.Is(err, fault.Unavailable) && time.Since(f.heard) < errandLife:
			continue // the errand is there for as long
		case f.leader == "":
			return console.Line{}, err
		default:
			return console.Line{}, f.lostBecause(err)
		}
		last, over, err := f.read(answers)
		if over || err != nil {
			return last, err
		}
		if err := f.judge(answers, time.Since(left)); err != nil {
			return console.Line{}, err
		}
	}
}

// read takes answers in, and gives the last of all where it is among them.
func (f *following) read(answers state.Answers) (last console.Line, over bool, err error) {
	if answers.Taken {
		f.leader = answers.Holder
	}
	for _, text := range answers.List {
		lines, err := unpack(text)
		if err != nil {
			return last, false, f.lostBecause(fmt.Errorf("its answer can't be read: %w", err))
		}
		for _, l := range lines {
			switch {
			case l.Error != nil:
				return l, true, l.Error.Fault()
			case l.Report != nil, l.Decided != nil, l.Restored != nil, l.Leaver != nil, l.Forgotten != nil, l.Paused != nil, l.Linked != nil:
				return l, true, nil
			case l.Progress != nil:
				f.tell(*l.Progress)
			}
		}
	}
	f.next = answers.Next
	return last, false, nil
}

// judge says why it is of no use to wait on.
func (f *following) judge(answers state.Answers, waited time.Duration) error {
	switch {
	case answers.Lost && f.leader == "" && answers.Next == "":
		return &fault.Error{Kind: fault.Unavailable, Op: "what was asked of the syncd that leads is gone from the ledger's Redis",
			Hint: "nothing was done; ask again"}
	case answers.Lost:
		return f.lost()
	case answers.Taken:
		return nil
	case answers.Holder == "" && f.vacant:
		return errVacant
	case waited > errandPatience:
		return untaken(answers.Holder)
	}
	if answers.Holder != "" && answers.Holder != f.asked {
		f.asked = answers.Holder
		f.tell(sync.Progress{Step: stepWait, Note: f.asked + " leads, and is asked to do it"})
	}
	return nil
}

// withdraw takes the errand away, and reports whether it had been taken up. It
// ends by itself where that fails.
func (f *following) withdraw(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	taken, err := f.mail.Withdraw(ctx, f.id)
	return err == nil && taken
}

func untaken(holder string) error {
	if holder == "" {
		return &fault.Error{Kind: fault.Unavailable, Op: "no syncd leads this connection at this moment", Hint: "nothing was done; try again in a few seconds"}
	}
	return &fault.Error{Kind: fault.Unavailable, Op: "the syncd that leads doesn't take up what it is asked", Detail: holder,
		Hint: "nothing was done; that one may be a command that is at work, or of another version: try again when it has ended"}
}

// lost is the end of an errand whose leader ended, or was cut off.
func (f *following) lost() error { return f.lostBecause(nil) }

func (f *following) lostBecause(err error) error {
	return &fault.Error{Kind: fault.Unavailable, Op: "the syncd that did what was asked is gone", Detail: f.leader, Err: err,
		Hint: "it may have been done in part; syncd history tells"}
}

// calledOff is the end of who asked.
func (f *following) calledOff(ctx context.Context) error {
	switch {
	case f.leader == "":
		return &fault.Error{Kind: fault.Unavailable, Op: "wait for the syncd that leads", Err: context.Cause(ctx), Hint: "nothing was done"}
	case f.decides:
		return &fault.Error{Kind: fault.Unavailable, Op: "wait for the syncd that leads", Detail: f.leader, Err: context.Cause(ctx),
			Hint: "it may be done; syncd status tells what is still held, syncd leavers who leaves, syncd history what was done"}
	case f.restores:
		return console.StoppedRestoring(ctx, "the syncd that leads ("+f.leader+")")
	}
	return console.Left(ctx, f.attached, f.run, "the syncd that leads ("+f.leader+")")
}

func (f *following) tell(p sync.Progress) {
	if p.Run != "" && p.Note != sync.Waits {
		f.run = p.Run
	}
	if f.progress != nil {
		f.progress(p)
	}
}
