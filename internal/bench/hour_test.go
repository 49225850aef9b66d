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

// The hours that are measured: how many, when runs begin, and how much longer than
// from one run to the next a change may take.
const (
	hours       = 3
	changesEach = 50
	share       = 0.5
	perMinute   = 60                     // of Omni's key
	latency     = 300 * time.Millisecond // of each of Okta's answers
	interval    = time.Hour
	slack       = 5 * time.Minute // a full run at half of 20 requests a minute
)

// schedule begins a run every interval.
var schedule = sync.Schedule{Full: "@hourly"}

// freeLimits are what an Integrator Free org answers a minute, as Okta publishes it.
var freeLimits = map[simokta.Bucket]int{
	simokta.BucketApp: 100, simokta.BucketApps: 20, simokta.BucketGroup: 100, simokta.BucketGroups: 100,
	simokta.BucketUser: 100, simokta.BucketUsers: 100, simokta.BucketLogs: 20, simokta.BucketRest: 100,
}

// A company of 10,000 users changes 50 times an hour, behind a free Okta org of
// whose limits we use half, and a key of Omni's. Neither side ever refuses, no
// bucket is used beyond the half in any minute, and every change arrives in time.
func TestHourOfAFreeOrg(t *testing.T) {
	o := found(t)
	synctest.Test(t, func(t *testing.T) {
		o.settle(t)
		ctx, stop := context.WithCancel(t.Context())
		loop, err := sync.NewLoop(o.engine(t, o.polite), schedule, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- loop.Run(ctx) }()
		o.asked.Reset()
		o.omni.ResetLog()
		o.live()
		<-time.After(interval + slack)
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		o.judge(t)
	})
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
func (o *org) judge(t *testing.T) {
	var table strings.Builder
	fmt.Fprintf(&table, "\n| change, %s users, %d an hour, runs every %s | changes | median | p99 | longest |\n| --- | --- | --- | --- | --- |\n",
		grouped(len(o.people)), changesEach, interval)
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
	if p99 := percentile(all, 99); p99 > interval+slack {
		t.Errorf("p99 is %s, want at most %s", p99, interval+slack)
	}
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
	return fmt.Sprintf("| %s | %d | %s | %s | %s |\n", kind, len(took), percentile(took, 50).Round(time.Second),
		percentile(took, 99).Round(time.Second), percentile(took, 100).Round(time.Second))
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
	changeAssign     = "somebody is assigned"
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
		o.okta.Assign(o.okta.AddUser(simokta.User{Login: name, FirstName: "New", LastName: "Joiner"}), simokta.AssignOptions{})
		arrived = func() bool { return user().Active }
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
