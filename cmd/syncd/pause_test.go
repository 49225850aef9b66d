package main

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// Who doesn't lead has the one that does take the word, and hears its answer.
func TestPauseByTheOneThatLeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, row := range []struct {
			answer console.Line
			err    error
		}{
			{console.Line{Paused: &sync.PauseAnswer{Under: 2, Pause: &state.Pause{By: "ann"}}}, nil},
			{console.Line{Decided: &sync.Decided{}}, errNoAnswer},
		} {
			mail := &counter{taken: true, answer: func(int) (state.Answers, error) { return packed(t, row.answer), nil }}
			answer, err := messenger{mail: mail}.Pause(t.Context(), sync.PauseOrder{By: "ann", For: time.Hour, RemovalsOnly: true, Reason: "x"})
			if !errors.Is(err, row.err) || err == nil && (answer.Under != 2 || answer.Pause.By != "ann") {
				t.Errorf("%+v, %v", answer, err)
			}
			if e := mail.left[0]; e.Kind != errandPause || string(e.Request) != `{"by":"ann","for":3600000000000,"removalsOnly":true,"reason":"x"}` {
				t.Errorf("left %+v", e)
			}
		}
	})
}
