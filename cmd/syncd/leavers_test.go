package main

import (
	"testing"
	"time"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// leaversOfEachStep is one at each step, and one who is late.
func leaversOfEachStep() []sync.Leaver {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	recipients, documents := 12, 2
	return []sync.Leaver{
		{UserName: "zed@example.com", Step: state.AtConfirm, Since: at},
		{UserName: "ann@example.com", Step: state.InHandover, Since: at, Access: sync.StillPossible, Until: at.Add(time.Hour), Overdue: at.Add(time.Minute),
			Reason: "nobody can take over schedule \"W\x1b\" (bob@example.com: may not see it)",
			Owns:   &sync.Owned{Schedules: 3, Recipients: &recipients, Documents: &documents, Transferred: 2, Saved: 1, Waiting: 1, Refused: 1, To: []string{"bob@example.com"}}},
		{UserName: "a.rather.long.name@example.com", Step: state.InGrace, Since: at, Until: at.Add(24 * time.Hour), GraceUntil: at.Add(24 * time.Hour), Reason: "in grace until then"},
		{UserName: "cat@example.com", Step: state.AtGuard, Since: at, Reason: "26 deactivations are wanted", Owns: &sync.Owned{Schedules: 1},
			AtOnce: &state.AtOnce{By: "eve on host7", At: at}},
		{UserName: "dan@example.com", Step: sync.Staying, Since: at, Reason: `protected by users.protected "dan@*"`},
	}
}

func TestPrintLeavers(t *testing.T) {
	golden(t, "leavers", false, func(p *printer) { p.leavers(leaversOfEachStep()) })
	golden(t, "leavers-none", false, func(p *printer) { p.leavers(nil) })
	golden(t, "leavers-counted", false, func(p *printer) {
		p.leaving(map[string]int{"grace": 2, "guard": 1, "handover": 1, "confirm": 3, "kept": 4, "end": 1, "inventory": 1})
		p.leaving(map[string]int{})
	})
}

// A removal that waits tells how much it would take, and what becomes of it.
func TestPrintHandover(t *testing.T) {
	n := 3
	list := []state.Change{
		{Kind: "deactivate", UserName: "ann@example.com", State: state.Held, Schedules: &n, Handover: "schedules saved, documents left alone before the end", Reason: "too many"},
		{Kind: "deactivate", UserName: "bob@example.com", State: state.Held, Schedules: &n, Reason: "too many"},
	}
	golden(t, "handover", false, func(p *printer) { p.list(list) })
}
