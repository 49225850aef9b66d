package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/omniclient"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// stroll is a company in the stand-ins of the tests, which know a System Log, and in
// this process: what takes time is the ledger.
type stroll struct {
	okta   simokta.Org
	omni   simomni.Org
	asked  sim.Requests // of Okta
	ids    []string
	group  string
	engine *sync.Engine
	ledger counter
}

// counter counts the questions to a ledger.
type counter struct {
	state.Store
	trips atomic.Int64
}

// Get implements state.Store.
func (c *counter) Get(ctx context.Context, b state.Bucket, key string) ([]byte, bool, error) {
	c.trips.Add(1)
	return c.Store.Get(ctx, b, key)
}

// Scan implements state.Store.
func (c *counter) Scan(ctx context.Context, b state.Bucket) iter.Seq2[state.Entry, error] {
	c.trips.Add(1)
	return c.Store.Scan(ctx, b)
}

// Tail implements state.Store.
func (c *counter) Tail(ctx context.Context, s state.Stream, n int) ([][]byte, error) {
	c.trips.Add(1)
	return c.Store.Tail(ctx, s, n)
}

// After implements state.Store.
func (c *counter) After(ctx context.Context, s state.Stream, key string, n int) ([]state.Entry, bool, error) {
	c.trips.Add(1)
	return c.Store.After(ctx, s, key, n)
}

// Position implements state.Store.
func (c *counter) Position(ctx context.Context) (state.Position, error) {
	c.trips.Add(1)
	return c.Store.Position(ctx)
}

// Apply implements state.Store.
func (c *counter) Apply(ctx context.Context, f state.Fence, b state.Batch) error {
	c.trips.Add(1)
	return c.Store.Apply(ctx, f, b)
}

// runDelta loads a company into a new ledger, and then looks at the System Log.
func runDelta(ctx context.Context, t task) (result taken, err error) {
	s, err := openStore(t.Ledger, connection)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	fence, err := s.Acquire(ctx, "bench", leaseTime)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, s.Release(context.WithoutCancel(ctx), fence)) }()
	d := &stroll{ledger: counter{Store: s}}
	d.fill(t.Company)
	if err := d.load(ctx, s, fence); err != nil {
		return result, err
	}
	told := strolled{One: map[string]asked{}}
	if err := d.idle(ctx, t.Ledger, &told); err != nil {
		return result, err
	}
	for i, touch := range touches {
		if told.One[touch.what], err = d.one(ctx, touch.what, i); err != nil {
			return result, err
		}
	}
	for i := range timedDeltas * t.Turns {
		if err := d.timed(ctx, s, i, &told); err != nil {
			return result, err
		}
	}
	result.Delta = &told
	return result, nil
}

// timedDeltas is how many deltas are timed for each run that is asked for.
const timedDeltas = 5

// fill makes the company: a group of half of it, and Okta's own of everybody.
func (d *stroll) fill(c company) {
	limits := map[simokta.Bucket]int{} // that nobody waits for, and by which a full run still costs more than a question
	for bucket := range simokta.FreeLimits() {
		limits[bucket] = max(300, 10*c.Users/500)
	}
	d.okta.SetKnobs(func(k *simokta.Knobs) { k.Limits, k.Quiet = limits, true })
	d.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
	for i := range c.Users {
		p := newPerson(i)
		id := d.okta.AddUser(simokta.User{Login: p.login, FirstName: p.first, LastName: p.last, Profile: map[string]any{"department": p.department}})
		d.okta.Assign(id, simokta.AssignOptions{})
		d.ids = append(d.ids, id)
	}
	d.okta.AddMembers(d.okta.AddGroup("Everyone", "BUILT_IN"), d.ids...)
	d.group = d.okta.AddGroup("omni-half", "")
	d.okta.AddMembers(d.group, d.ids[:min(hugeGroup, c.Users/2)]...)
	d.okta.Push(d.group)
	for name := range attributes {
		d.omni.DefineAttribute(simomni.Definition{Reference: name})
	}
	d.okta.SetKnobs(func(k *simokta.Knobs) { k.Quiet = false })
}

// load records a first load in memory, copies it into the ledger, and lets a full run
// tell from where on the log is read.
func (d *stroll) load(ctx context.Context, s state.Store, fence state.Fence) error {
	recorded := newMemory()
	first, err := d.newEngine(recorded, "")
	if err != nil {
		return err
	}
	for range 2 {
		if _, err := first.Pass(ctx, sync.Request{Kind: sync.Full, Cause: "bench"}); err != nil {
			return err
		}
	}
	if err := recorded.copyTo(ctx, s, fence); err != nil {
		return err
	}
	if d.engine, err = d.newEngine(&d.ledger, fence); err != nil {
		return err
	}
	report, err := d.engine.Pass(ctx, sync.Request{Kind: sync.Full, Cause: "bench"})
	if err == nil {
		err = idle(told(report))
	}
	return err
}

// newEngine joins the parts. Removals don't wait on purpose.
func (d *stroll) newEngine(s state.Store, fence state.Fence) (*sync.Engine, error) {
	const here = "http://127.0.0.1"
	o, _, err := engineParts(here, s, fence)
	if err != nil {
		return nil, err
	}
	secret := func() (string, error) { return "bench", nil }
	reader, err := okta.New(okta.Options{OrgURL: here, AppID: d.okta.ID(), Token: secret, RateShare: 1, Transport: sim.Transport(d.asked.Wrap(&d.okta))})
	if err != nil {
		return nil, err
	}
	omni, err := omniclient.New(omniclient.Options{BaseURL: here, Keys: []func() (string, error){secret}, RequestsPerMinute: announced, Transport: sim.Transport(&d.omni)})
	if err != nil {
		return nil, err
	}
	o.Identity.App, o.Okta, o.Patient, o.Omni = d.okta.ID(), reader, reader.Patiently(), omni
	o.Policy.Grace, o.Policy.GraceGone, o.Policy.Settle = 0, 0, 0
	o.Policy.Guard.Creations = sync.Limit{Count: 1_000_000, Percent: 1e9}
	return sync.New(o), nil
}

// idle counts what looks in vain ask.
func (d *stroll) idle(ctx context.Context, url string, told *strolled) error {
	if _, err := d.engine.Watch(ctx, false); err != nil {
		return err
	}
	before, err := commands(ctx, url)
	if err != nil {
		return err
	}
	d.asked.Reset()
	d.omni.ResetLog()
	trips := d.ledger.trips.Load()
	for range idleLooks {
		watched, err := d.engine.Watch(ctx, false)
		if err != nil || watched.Report != nil || watched.Wider != "" {
			return fmt.Errorf("a look in vain ended with %+v, %w", watched, err)
		}
		wait(ctx, between)
	}
	after, err := commands(ctx, url)
	told.Okta, told.Omni, told.Trips = len(d.asked.All()), len(d.omni.Requests()), int(d.ledger.trips.Load()-trips)
	told.Commands = after - before - 1 // the counting itself
	return err
}

// commands is how many commands a redis-server has done; 0 for the embedded ledger.
func commands(ctx context.Context, url string) (n int, err error) {
	if strings.HasPrefix(url, "bolt://") {
		return 0, nil
	}
	o, err := redis.ParseURL(url)
	if err != nil {
		return 0, err
	}
	o.DisableIdentity, o.MaintNotificationsConfig, o.Protocol = true, nil, 2
	client := redis.NewClient(o)
	info, err := client.Info(ctx, "stats").Result()
	if err == nil {
		_, rest, _ := strings.Cut(info, "total_commands_processed:")
		_, err = fmt.Sscan(rest, &n)
	}
	return n, errors.Join(err, client.Close())
}

// one touches somebody, and counts what the delta asks because of it.
func (d *stroll) one(ctx context.Context, what string, turn int) (asked, error) {
	member, other := d.ids[turn], d.ids[len(d.ids)-1-turn]
	switch what {
	case touchProfile:
		d.okta.UpdateProfile(member, map[string]any{"department": "Moved"})
	case touchLeave:
		d.okta.RemoveMember(d.group, member)
	case touchJoin:
		d.okta.AddMember(d.group, other)
	case touchUnassign:
		d.okta.Unassign(member)
	}
	d.asked.Reset()
	d.omni.ResetLog()
	wait(ctx, between)
	if err := d.look(ctx); err != nil {
		return asked{}, fmt.Errorf("%s: %w", what, err)
	}
	n := asked{Writes: d.omni.Writes()}
	for _, r := range d.asked.All() {
		if r.Path != "/api/v1/logs" {
			n.Okta++
		}
	}
	return n, nil
}

// look makes a delta that has to do something.
func (d *stroll) look(ctx context.Context) error {
	watched, err := d.engine.Watch(ctx, false)
	if err == nil && (watched.Report == nil || watched.Report.Outcome != sync.Done || len(watched.Report.Changes) == 0) {
		err = fmt.Errorf("no change came of it: %+v", watched)
	}
	return err
}

// timed measures a delta of one user, and reading the index alone.
func (d *stroll) timed(ctx context.Context, s state.Store, turn int, told *strolled) error {
	d.okta.UpdateProfile(d.ids[len(touches)+turn], map[string]any{"department": fmt.Sprint("Moved ", turn)})
	wait(ctx, between)
	m, err := newMeter()
	if err != nil {
		return err
	}
	if err := d.look(ctx); err != nil {
		return err
	}
	took, err := m.read(taken{})
	if err != nil {
		return err
	}
	index, err := timed(func() error {
		_, err := readAll(ctx, s, []state.Bucket{state.Marks})
		return err
	})
	told.Runs = append(told.Runs, toll{Ours: took.Wall, Bare: index})
	told.CPU = append(told.CPU, float64(took.CPU)/float64(time.Millisecond))
	return err
}
