package sync_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/internal/sim/pusher"
)

// away are the ways in which Omni doesn't answer.
var away = map[string]sim.Effect{
	"503":    sim.Status(http.StatusServiceUnavailable, "<html>maintenance</html>", http.Header{"Content-Type": {"text/html"}}),
	"cut":    sim.CutBefore(),
	"silent": sim.Delay(5 * time.Minute),
}

// Omni is away for ten minutes in the middle of pushes. Who leaves the company or a
// group is accepted at once, and gone within a minute of its return; everything else
// Okta repeats, ever later, and it ends well.
func TestPushWhileOmniIsAway(t *testing.T) {
	for name, effect := range away {
		t.Run(name, func(t *testing.T) {
			c := newCompanyOn(t, lenient(), newMemory(), 600)
			simulatedOn(t, c, func(c *company) {
				p := c.withPush(false)
				defer p.stop()
				p.client.SetStyle(pusher.Catalog())
				crew := people(5)
				for _, who := range crew[:4] {
					p.client.Assign(who)
				}
				p.drain()
				p.client.PushGroup(pusher.Group{OktaID: "00g1", Name: "Crew", Members: []string{crew[0].OktaID, crew[1].OktaID, crew[2].OktaID}})
				p.drain()
				p.client.ResetLog()
				fault := c.omniFaults.Add(sim.Fault{Do: effect})
				leaves := []int{p.client.Unassign(crew[3].OktaID), p.client.SetMembers("00g1", crew[0].OktaID, crew[1].OktaID)}
				crew[0].UserName = "renamed@acme.co"
				others := []int{p.client.Assign(crew[4]), p.client.Update(crew[0])}
				drained := make(chan error, 1)
				go func() { drained <- p.client.Run(c.t.Context()) }()
				<-time.After(10 * time.Minute)
				p.acceptedAway(leaves, others)
				fault.Remove()
				<-time.After(time.Minute)
				if omniUser(c, crew[3].UserName).Active || len(team(c, "Crew").Members) != 2 {
					t.Errorf("what was accepted isn't done a minute after Omni's return: %s", snapshot(c))
				}
				if err := <-drained; err != nil || len(p.client.Failed()) > 0 {
					t.Fatalf("%v, %+v", err, p.client.Failed())
				}
				p.until(time.Minute, p.mirrored)
				if n := len(c.omni.Users()); n != 5 {
					t.Errorf("Omni has %d accounts", n)
				}
				<-time.After(time.Hour)
				c.silent()
			})
		})
	}
}

// acceptedAway fails unless those who leave were accepted, the others weren't, and
// Okta was told so in time and as it needs.
func (p *pushed) acceptedAway(leaves, others []int) {
	p.t.Helper()
	for _, id := range leaves {
		if task := p.client.Task(id); task.State != pusher.Done || task.Attempts != 1 {
			p.t.Errorf("who leaves: %+v", task)
		}
	}
	if p.t.Failed() {
		for _, x := range p.client.Exchanges() {
			p.t.Logf("%d at %s, %s: %s %s %s: %d %s", x.Task, x.At.Format(time.TimeOnly), x.Took, x.Method, x.Path, x.Body, x.Status, x.Answer)
		}
	}
	for _, id := range others {
		if task := p.client.Task(id); task.State != pusher.Waiting {
			p.t.Errorf("what can't be done: %+v", task)
		}
	}
	waits := map[int][]string{}
	for _, x := range p.client.Exchanges() {
		if x.Took > 25*time.Second || x.Status >= 500 || x.Status == 0 {
			p.t.Errorf("%s %s was answered %d after %s", x.Method, x.Path, x.Status, x.Took)
		}
		if x.Status == http.StatusTooManyRequests {
			waits[x.Task] = append(waits[x.Task], x.Replied.Get("Retry-After"))
		}
	}
	for _, id := range others {
		want := []string{"30", "60", "120", "300", "900"}
		if got := waits[id]; len(got) < 4 || len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
			p.t.Errorf("task %d was told to wait %v, want %v", id, got, want)
		}
	}
}

// Okta tries ten times. Before an Omni that stays away they span most of a day, and
// one attempt more, by hand, begins where the last one ended.
func TestPushTenAttempts(t *testing.T) {
	c := newCompanyOn(t, lenient(), newMemory(), 600)
	simulatedOn(t, c, func(c *company) {
		p := c.withPush(false)
		defer p.stop()
		c.omniFaults.Add(sim.Fault{Do: away["503"]})
		who := people(1)[0]
		id := p.client.Assign(who)
		if err := p.client.Run(c.t.Context()); err != nil {
			t.Fatal(err)
		}
		task := p.client.Task(id)
		if span := task.Ended.Sub(task.Queued); task.Attempts != pusher.MaxAttempts || span < 15*time.Hour || span > 36*time.Hour {
			t.Errorf("%d attempts took %s: %+v", task.Attempts, span, task)
		}
		c.omniFaults.Clear()
		p.client.RetryFailed()
		p.drain()
		if got := fmt.Sprint(c.omni.Users()[0].UserName); got != who.UserName || active(c) != 1 {
			t.Errorf("Omni has %s", snapshot(c))
		}
	})
}
