package sync_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// An admin assigns a group of thousands, however many requests Okta has in flight:
// all get their accounts, at the pace that Omni allows and no slower, nobody is tried
// more than three times, and every answer is one that Okta lives with.
func TestPushBurst(t *testing.T) {
	const perMinute = 500
	for _, parallel := range []int{4, 50, 500} {
		t.Run(fmt.Sprint(parallel, " at once"), func(t *testing.T) {
			c := newCompanyOn(t, lenient(), newMemory(), perMinute)
			simulatedOn(t, c, func(c *company) {
				c.omni.SetKnobs(simomni.Knobs{RealLimit: perMinute})
				p := c.withPush(false)
				defer p.stop()
				p.client.Parallel = parallel
				for _, who := range people(burst) {
					p.client.Assign(who)
				}
				var longest atomic.Int64
				go p.watch(&longest)
				p.drain()
				p.watched(burst, perMinute, time.Duration(longest.Load()))
				<-time.After(10 * time.Minute) // what was begun beside the pushes ends
			})
		})
	}
}

// watch looks at the answers while they come: the log of them has no room for all.
func (p *pushed) watch(longest *atomic.Int64) {
	for {
		for _, x := range p.client.Exchanges() {
			longest.Store(max(longest.Load(), int64(x.Took)))
			if x.Status >= 500 || x.Status == 0 {
				p.t.Errorf("%s %s was answered %d %s", x.Method, x.Path, x.Status, x.Err)
			}
		}
		select {
		case <-time.After(5 * time.Second):
		case <-p.t.Context().Done():
			return
		}
	}
}

// watched judges how a burst of creations went.
func (p *pushed) watched(n int, perMinute float64, longest time.Duration) {
	p.t.Helper()
	attempts := map[int]int{}
	for _, task := range p.client.Tasks() {
		attempts[task.Attempts]++
	}
	var made []time.Time
	others := map[simomni.Kind]int{}
	refused := 0
	for _, r := range p.omni.Requests() {
		switch {
		case r.Status == 429:
			refused++
		case r.Kind == simomni.CreateUser && r.Status == 201:
			made = append(made, r.Time)
		default:
			others[r.Kind]++
		}
	}
	took := made[len(made)-1].Sub(made[0])
	allowed := took.Minutes() * perMinute
	creations, all := float64(len(made)-1)/allowed, float64(len(made)-1+sum(others)+refused)/allowed
	p.t.Logf("%d made in %s, %.1f%% of the allowance for them, %.1f%% in all (besides: %v, refused: %d); tasks by attempts %v, longest answer %s",
		len(made), took.Round(time.Second), creations*100, all*100, others, refused, attempts, longest.Round(100*time.Millisecond))
	if len(made) != n || active(p.company) != n {
		p.t.Errorf("%d accounts were made, and %d are active, want %d", len(made), active(p.company), n)
	}
	if attempts[1]+attempts[2]+attempts[3] != n {
		p.t.Errorf("tasks by attempts: %v", attempts)
	}
	if longest > 25*time.Second {
		p.t.Errorf("an answer took %s", longest)
	}
	if all < 0.97 || all > 1.01 {
		p.t.Errorf("%.2f%% of the allowance was used", all*100)
	}
	if creations < 0.9 {
		p.t.Errorf("%.2f%% of the allowance made accounts", creations*100)
	}
}

func sum(counts map[simomni.Kind]int) (n int) {
	for _, k := range counts {
		n += k
	}
	return n
}
