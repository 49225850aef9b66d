//go:build !race

package main

import (
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/mapping"
	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/omniclient"
	"github.com/omnisync/omnisync/sync"
)

// org is a company in both stand-ins, in simulated time, with a ledger in memory.
type org struct {
	okta   *simokta.Org
	omni   *simomni.Org
	asked  sim.Requests // of Okta
	source *okta.Reader
	swift  *omniclient.Client // for the first load: in no hurry would it take hours
	polite *omniclient.Client // with a key's allowance
	ledger *memory
	people []member
	teams  []team

	travellers
}

type member struct{ id, name string }

type team struct{ id, name string }

// found makes the clients, outside the simulated time: Okta's SDK keeps a goroutine.
func found(t *testing.T) *org {
	t.Helper()
	o := &org{okta: &simokta.Org{}, omni: &simomni.Org{}, ledger: newMemory()}
	o.omni.DefineAttribute(simomni.Definition{Reference: "department"})
	secret := func() (string, error) { return "bench", nil }
	var err error
	o.source, err = okta.New(okta.Options{OrgURL: "http://127.0.0.1", AppID: o.okta.ID(), Token: secret, RateShare: share,
		Transport: sim.Transport(o.asked.Wrap(o.okta))})
	if err != nil {
		t.Fatal(err)
	}
	client := func(perMinute int) *omniclient.Client {
		c, err := omniclient.New(omniclient.Options{BaseURL: "http://127.0.0.1", RequestsPerMinute: perMinute,
			Keys: []func() (string, error){secret}, Transport: sim.Transport(o.watch(o.omni))})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	o.swift, o.polite = client(announced), client(perMinute)
	return o
}

// settle fills Okta, and Omni from it without any limit; then the limits begin.
func (o *org) settle(t *testing.T) {
	t.Helper()
	unlimited := map[simokta.Bucket]int{}
	for bucket := range freeLimits {
		unlimited[bucket] = -1
	}
	o.okta.SetKnobs(func(k *simokta.Knobs) { k.Limits, k.Quiet = unlimited, true })
	o.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
	o.fill(newCompany(10_000))
	for range 2 { // the second settles what only a second run can know
		report, err := o.engine(t, o.swift).Pass(t.Context(), sync.Request{Kind: sync.Full, Cause: "bench"})
		if err != nil || report.Outcome != sync.Done {
			t.Fatalf("the first load ended as %q, %v: %v", report.Outcome, err, report.Doubts)
		}
	}
	o.okta.SetKnobs(func(k *simokta.Knobs) { k.Limits, k.Latency, k.Quiet = freeLimits, latency, false })
	o.omni.SetKnobs(simomni.Knobs{})
	<-time.After(2 * time.Minute) // what was asked before the limits counts for none
}

func (o *org) fill(c company) {
	ids := make([]string, c.Users)
	for i := range ids {
		p := newPerson(i)
		ids[i] = o.okta.AddUser(simokta.User{Login: p.login, FirstName: p.first, LastName: p.last,
			Profile: map[string]any{"department": p.department, "title": p.title, "city": p.city}})
		o.okta.Assign(ids[i], simokta.AssignOptions{})
		o.people = append(o.people, member{ids[i], p.login})
	}
	for g := range c.Groups {
		name := groupName(g)
		id := o.okta.AddGroup(name, "")
		for k := range c.Each {
			o.okta.AddMember(id, ids[(c.first(g)+k)%c.Users])
		}
		o.okta.Push(id)
		o.teams = append(o.teams, team{id, name})
	}
}

// engine lets removals through at once: what waits on purpose isn't measured.
func (o *org) engine(t *testing.T, omni sync.Omni) *sync.Engine {
	t.Helper()
	mapper, problems := mapping.Compile(mapping.Rules{Scope: "true", Attributes: map[string]string{"department": "user.department"}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	all := sync.Limit{Count: 1_000_000, Percent: 100}
	return sync.New(sync.Options{Identity: sync.Identity{Name: connection, Org: "http://127.0.0.1", App: o.okta.ID(), Omni: "http://127.0.0.1"},
		Policy: sync.Policy{AdoptAttributes: "keep", OnUsername: "rename", Suspended: "keep", OnUnpush: "keep", AdoptGroups: "ask", Action: "deactivate",
			Guard: sync.Guard{Window: 24 * time.Hour, Deactivations: all, MemberRemovals: all, PerGroup: all.Count, GroupDeletions: all, AttributeLosses: all, PolicyChange: all,
				Creations: sync.Limit{Count: 1_000_000, Percent: 1e9}}},
		Okta: o.source, Patient: o.source.Patiently(), Omni: omni, Mapper: mapper, Store: o.ledger, Fence: "bench", Log: zap.NewNop()})
}

// uses are the times of the requests that count for each of Okta's buckets.
func (o *org) uses() map[simokta.Bucket][]time.Time {
	uses := map[simokta.Bucket][]time.Time{}
	for _, r := range o.asked.All() {
		b := simokta.BucketOf(r.Path)
		uses[b] = append(uses[b], r.At)
	}
	return uses
}
