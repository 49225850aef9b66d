package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/redis"
)

// An errand is what a process that doesn't lead has the leading one do: ask.go
// leaves it in the ledger's mailbox and follows it, desk.go collects and does it,
// courier.go takes the answers back.

// The kinds of errands, and with them what the request is.
const (
	errandRun     = "run"     // a sync.Request about everybody
	errandSome    = "some"    // a sync.Request about some, which a version that doesn't know it must not take for one about all
	errandUndo    = "undo"    // a sync.Request that undoes a run, or lets go of it
	errandDecide  = "verdict" // a sync.Verdict
	errandRestore = "restore" // a sync.RestoreRequest
	errandLeave   = "leave"   // a sync.AtOnce
	errandForget  = "forget"  // a sync.Forgetting
	errandPause   = "pause"   // a sync.PauseOrder
	errandLink    = "link"    // a sync.LinkOrder
	errandWake    = "wake"    // nothing: to look into Okta soon. Nobody waits for an answer
)

// The errands' times.
const (
	// errandLife is how long an errand outlives the last question about it.
	errandLife = 20 * time.Second
	// errandPatience is how long an errand waits for somebody to take it up. The
	// leader learns of it when it renews its lease, a new one within 15 seconds.
	errandPatience = 20 * time.Second
	// answerLife is how long an answer outlives the leader's last sign of life.
	answerLife = 30 * time.Second
	// errandStep is the pause between two questions about an errand, and between
	// two answers to it.
	errandStep = time.Second
)

// maxAnswer bounds one answer, as the console's client bounds its own.
const maxAnswer = 256 << 20

// mailbox gives the mailbox of a ledger that several processes share, nil for one
// that has one process.
func mailbox(store ledger) state.Mailbox {
	if t, ok := store.(timed); ok {
		store = t.ledger
	}
	if shared, ok := store.(*redis.Store); ok {
		return shared
	}
	return nil
}

// pack makes one text of lines. A report names every change of a first load, and
// much of it repeats.
func pack(lines []console.Line) ([]byte, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	var text bytes.Buffer
	z := gzip.NewWriter(&text)
	encoder := json.NewEncoder(z)
	for _, l := range lines {
		if err := encoder.Encode(l); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// unpack gives the lines of what pack made.
func unpack(text []byte) (lines []console.Line, err error) {
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(io.LimitReader(z, maxAnswer))
	for {
		var l console.Line
		err := decoder.Decode(&l)
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
}
