//go:build !race

package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
)

// The hours that are measured.
const (
	hours       = 3
	changesEach = 50
	share       = 0.5
	perMinute   = 60                     // of Omni's key
	latency     = 300 * time.Millisecond // of each of Okta's answers
)

// way is how changes are noticed, and how long the slowest but one of a hundred may take.
type way struct {
	name     string
	schedule sync.Schedule
	atMost   time.Duration
	lag      time.Duration // of the System Log: an event hook comes before
}

// once is a reconcile within the hours.
const once = "30 1 * * *"

var ways = []way{
	{"full runs alone, every hour", sync.Schedule{Full: "@hourly"}, time.Hour + 5*time.Minute, 0}, // a full run at half of 20 requests a minute
	{"deltas every 30 s", sync.Schedule{Delta: "@every 30s", Full: "@hourly", Reconcile: once}, 35 * time.Second, 0},
	{"event hooks", sync.Schedule{Delta: "@every 30s", Hooks: true, Full: "@hourly", Reconcile: once}, 3 * time.Second, 0},
	{"event hooks, the System Log lags 1 s", sync.Schedule{Delta: "@every 30s", Hooks: true, Full: "@hourly", Reconcile: once}, 4 * time.Second, time.Second},
}

// freeLimits are what an Integrator Free org answers a minute, as Okta publishes it.
var freeLimits = map[simokta.Bucket]int{
	simokta.BucketApp: 100, simokta.BucketApps: 20, simokta.BucketGroup: 100, simokta.BucketGroups: 100,
	simokta.BucketUser: 100, simokta.BucketUsers: 100, simokta.BucketLogs: 20, simokta.BucketRest: 100,
}

// A company of 10,000 users changes 50 times an hour, behind a free Okta org of
// whose limits we use half, and a key of Omni's. Neither side ever refuses, no
// bucket is used beyond the half in any minute, and every change arrives in time.
func TestHourOfAFreeOrg(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			o := found(t)
			synctest.Test(t, func(t *testing.T) { o.pass(t, w) })
		})
	}
}

// pass lets the hours pass.
func (o *org) pass(t *testing.T, w way) {
	o.settle(t)
	engine := o.engine(t, o.polite)
	loop, err := sync.NewLoop(engine, w.schedule, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	o.okta.SetKnobs(func(k *simokta.Knobs) { k.LogLag = w.lag })
	quiet := o.hear(t, w, loop)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- loop.Run(ctx) }()
	<-time.After(untilHour()) // the first full run is over, and changes are looked for from it on
	o.asked.Reset()
	o.omni.ResetLog()
	o.live()
	<-time.After(w.atMost + time.Minute)
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	quiet()
	o.judge(t, w, engine)
}

// untilHour is how long it is until five minutes after the next full hour.
func untilHour() time.Duration {
	now := time.Now()
	return now.Truncate(time.Hour).Add(time.Hour + 5*time.Minute).Sub(now)
}

// live draws changes, evenly over the hours.
func (o *org) live() {
	draw := rand.New(rand.NewPCG(7, 11)) // the same changes each time
	order := draw.Perm(len(o.people))
	for n := range hours * changesEach {
		<-time.After(time.Duration(draw.Int64N(int64(2 * time.Hour / changesEach))))
		o.change(draw, kindsOfChange[n%len(kindsOfChange)], o.people[order[n]]) // each person once: no change undoes another
	}
}

// judge prints the table, and fails where a limit was passed or a change came late.
func (o *org) judge(t *testing.T, w way, engine *sync.Engine) {
	var table strings.Builder
	fmt.Fprintf(&table, "\n%s; %s users\n\n| change | changes | median | p99 | longest |\n| --- | --- | --- | --- | --- |\n", w.name, grouped(len(o.people)))
	var all []time.Duration
	for _, kind := range kindsOfChange {
		took, lost := o.took(kind)
		for _, c := range lost {
			t.Errorf("%s (%s) at %s never arrived", c.kind, c.name, c.at)
		}
		all = append(all, took...)
		table.WriteString(percentiles(kind, took))
	}
	table.WriteString(percentiles("all", all))
	if p99 := percentile(all, 99); p99 > w.atMost {
		t.Errorf("p99 is %s, want at most %s", p99, w.atMost)
	}
	if w.schedule.Delta != "" {
		o.compare(t, &table, engine, all)
	}
	o.runs(t, &table)
	table.WriteString("\n| limit | a minute | most in any minute |\n| --- | --- | --- |\n")
	uses := o.uses()
	for _, bucket := range slices.Sorted(maps.Keys(freeLimits)) {
		most := mostInAMinute(uses[bucket])
		fmt.Fprintf(&table, "| Okta, %s | %d | %d |\n", bucket, freeLimits[bucket], most)
		if float64(most) > share*float64(freeLimits[bucket]) {
			t.Errorf("%d requests of the bucket %s within a minute, want at most %.1f of %d", most, bucket, share, freeLimits[bucket])
		}
	}
	for _, r := range o.asked.All() {
		if r.Status == http.StatusTooManyRequests {
			t.Errorf("Okta refused %s %s", r.Method, r.Path)
		}
	}
	var omni []time.Time
	for _, r := range o.omni.Requests() {
		omni = append(omni, r.Time)
		if r.Status == http.StatusTooManyRequests {
			t.Errorf("Omni refused %s %s", r.Method, r.Path)
		}
	}
	fmt.Fprintf(&table, "| Omni, a key | %d | %d |\n", perMinute, mostInAMinute(omni))
	if len(uses[simokta.BucketApps]) < hours*len(o.people)/500 {
		t.Errorf("only %d requests for the app's users: this proves nothing", len(uses[simokta.BucketApps]))
	}
	t.Log(table.String())
}

func percentiles(kind string, took []time.Duration) string {
	return fmt.Sprintf("| %s | %d | %s | %s | %s |\n", kind, len(took), brief(percentile(took, 50)), brief(percentile(took, 99)), brief(percentile(took, 100)))
}

// brief spells a time as exactly as it matters.
func brief(d time.Duration) time.Duration {
	if d < time.Minute {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}

// percentile is the smallest of all that p of a hundred don't exceed.
func percentile(took []time.Duration, p int) time.Duration {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

// mostInAMinute is how many of the times lie within 60 s.
func mostInAMinute(times []time.Time) int {
	n, from := 0, 0
	for to := range times {
		for times[to].Sub(times[from]) >= time.Minute {
			from++
		}
		n = max(n, to-from+1)
	}
	return n
}

// The kinds of changes that are drawn in turns.
const (
	changeProfile    = "a profile changes"
	changeJoin       = "somebody joins a group"
	changeLeave      = "somebody leaves a group"
	changeAssign     = "somebody is assigned, with a group"
	changeUnassign   = "somebody is unassigned"
	changeDeactivate = "an Okta account is deactivated"
)

var kindsOfChange = []string{changeProfile, changeJoin, changeLeave, changeAssign, changeUnassign, changeDeactivate}

// change does one thing in Okta, and keeps when, and how Omni shows it.
func (o *org) change(draw *rand.Rand, kind string, p member) {
	name := p.name
	var arrived func() bool
	user := func() simomni.User { u, _ := o.omni.User(name); return u }
	switch kind {
	case changeProfile:
		o.okta.UpdateProfile(p.id, map[string]any{"department": "Moved"})
		arrived = func() bool { return slices.Equal(user().Attributes["department"], []string{"Moved"}) }
	case changeJoin:
		g := o.pick(draw, p.id, false)
		o.okta.AddMember(g.id, p.id)
		arrived = func() bool { return slices.Contains(user().Groups, g.name) }
	case changeLeave:
		g := o.pick(draw, p.id, true)
		o.okta.RemoveMember(g.id, p.id)
		arrived = func() bool { return !slices.Contains(user().Groups, g.name) }
	case changeAssign:
		name = "joiner." + p.name
		id, g := o.okta.AddUser(simokta.User{Login: name, FirstName: "New", LastName: "Joiner"}), o.teams[draw.IntN(len(o.teams))]
		o.okta.Assign(id, simokta.AssignOptions{})
		o.okta.AddMember(g.id, id)
		arrived = func() bool { return user().Active && slices.Contains(user().Groups, g.name) }
	case changeUnassign:
		o.okta.Unassign(p.id)
		arrived = func() bool { return !user().Active }
	case changeDeactivate:
		o.okta.SetStatus(p.id, "DEPROVISIONED")
		arrived = func() bool { return !user().Active }
	}
	o.add(kind, name, arrived)
}

// pick draws a group that the user is in, or isn't.
func (o *org) pick(draw *rand.Rand, id string, in bool) team {
	for {
		g := o.teams[draw.IntN(len(o.teams))]
		if slices.Contains(o.okta.MembersOf(g.id), id) == in {
			return g
		}
	}
}
