package main

import (
	"testing"
	"time"
)

// TestPromise12ProcessesShareTheAllowance has the leader write as fast as it may, while
// a standby and commands without a daemon read Omni's lists again and again: all of
// them together keep to what the API key may send, ten requests a second.
func TestPromise12ProcessesShareTheAllowance(t *testing.T) {
	t.Parallel()
	const leavers = 40
	p := newPair(t, leavers)
	p.leave(leavers)
	before := len(p.omni.Requests())
	work := p.leader.begin("reconcile")
	var others []*begun
	for going := true; going; {
		looks := []*begun{p.standby.begin("reconcile", "--dry-run"), p.bare.begin("reconcile", "--dry-run")}
		for _, look := range looks {
			if status, out := look.end(time.Minute); status != 0 {
				t.Fatalf("a dry run exits with %d:\n%s", status, out)
			}
		}
		others = append(others, looks...)
		select {
		case <-work.ended:
			going = false
		default:
		}
	}
	if status, out := work.end(time.Minute); status != 0 || p.difference() != "" {
		t.Errorf("the run exits with %d, %s:\n%s", status, p.difference(), out)
	}
	asked := p.omni.Requests()[before:]
	took := asked[len(asked)-1].Time.Sub(asked[0].Time)
	t.Logf("%d requests in %s, with %d dry runs", len(asked), took.Round(time.Millisecond), len(others))
	if most := int(took.Seconds()*30) + 5; len(asked) > most { // some wait on their way when the machine is busy
		t.Errorf("together they asked %d times in %s, at most %d are allowed", len(asked), took, most)
	}
	if reads := len(asked) - leavers; reads < 4 {
		t.Errorf("the others asked only %d times", reads)
	}
}
