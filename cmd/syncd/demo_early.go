package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/sync"
)

// wholeWeek is Monday to Friday.
func wholeWeek(w *week) []scene {
	var all []scene
	for _, day := range []func(*week) []scene{monday, tuesday, wednesday, thursday, friday} {
		all = append(all, day(w)...)
	}
	return all
}

// full is a scene whose cause is done in Okta, and which a full run answers.
func (w *week) full(cause func()) func(context.Context) error {
	return func(ctx context.Context) error {
		cause()
		return w.run(ctx, sync.Full)
	}
}

// monday is the first load, with a crash in its middle.
func monday(w *week) []scene {
	const day = "Monday: the first load, and a crash in the middle of it"
	c := w.company
	return []scene{
		{day, "08:30", fmt.Sprintf("%d people have the Omni app in Okta, %d groups are pushed; Omni knows %d of them already, and one outsider",
			len(c.okta.Assigned()), len(c.okta.Pushed()), len(c.known)),
			func(ctx context.Context) error { return w.dry(ctx, "reconcile", "--dry-run") }},
		{day, "09:00", "the daemon is started, and killed (kill -9) in the middle of its first load", w.crash},
		{day, "09:05", "the daemon is started again", w.recover},
		{day, "11:00", "a joiner, Zoe Winter, starts in Sales", func(ctx context.Context) error {
			c.hire("Zoe Winter", "Sales")
			err := w.run(ctx, sync.Full)
			c.register()
			return err
		}},
	}
}

// loadBefore is how many accounts the first load has made when it is killed.
const loadBefore = 80

// crash kills the daemon while Omni has made an account and its answer is under
// way: the hardest moment, since nobody has been told that the account is there.
func (w *week) crash(ctx context.Context) error {
	c := w.company
	reached, dead := make(chan struct{}), make(chan struct{})
	defer close(dead)
	planted := c.omniFaults.Add(sim.Fault{Method: http.MethodPost, Path: omniUsers, Skip: loadBefore, Times: 1,
		Do: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				defer func() { close(reached); <-dead }()
				sim.CutAfter()(next).ServeHTTP(rw, r)
			})
		}})
	defer planted.Remove()
	if err := w.daemon.start(ctx); err != nil {
		return err
	}
	w.say("$ syncd run")
	select {
	case <-reached:
	case <-w.daemon.child.ended:
		return fmt.Errorf("the daemon ended by itself: %w", w.daemon.lastWords())
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	w.daemon.child.kill()
	w.say("The daemon, process %d, is dead. Omni has made more than %d accounts, and the answer about the last one reached nobody.",
		w.daemon.child.pid(), loadBefore)
	return nil
}

// restart is how long a daemon may take to come up: with Redis, the lease of one
// that was killed lasts 15 seconds.
const restart = 30 * time.Second

// start starts the daemon and tells its first run.
func (w *week) start(ctx context.Context) error {
	before := w.company.omni.Writes()
	if err := w.daemon.start(ctx); err != nil {
		return err
	}
	w.say("$ syncd run")
	run, err := w.daemon.begun(ctx, restart)
	if err != nil {
		return err
	}
	if run.failed != "" {
		return fmt.Errorf("the daemon's first run: %s", run.failed)
	}
	w.tell(run.report, w.company.omni.Writes()-before)
	return nil
}

// recover starts the daemon that was killed.
func (w *week) recover(ctx context.Context) error {
	if err := w.start(ctx); err != nil {
		return err
	}
	w.find("the crash left nobody out and made nobody twice", append(w.company.differingUsers(), w.company.doubled()...))
	return nil
}

// tuesday is a mover, a renamed group, a leaver, and Okta in trouble.
func tuesday(w *week) []scene {
	const day = "Tuesday: people move, and Okta has a bad afternoon"
	c := w.company
	mover, leaver := c.staff("Marketing")[3], c.staff("Finance")[5]
	var before []string // who was active when the trouble began
	return []scene{
		{day, "09:30", mover.name + " goes from Marketing to Product", w.full(func() { c.move(mover, "Product") })},
		{day, "10:00", "the group Managers is renamed to Leadership", w.full(func() { c.okta.RenameGroup(c.groups["Managers"], "Leadership") })},
		{day, "13:00", "the credential loses its admin role: Okta's list of assigned users is empty", func(ctx context.Context) error {
			before = c.active()
			return w.during(ctx, sim.Fault{Path: oktaAssigned, Do: sim.Body(http.StatusOK, "application/json", "[]")})
		}},
		{day, "13:10", "the role is given back", w.full(func() {})},
		{day, "13:20", leaver.name + " of Finance leaves; but now Okta's list breaks off in its middle", func(ctx context.Context) error {
			c.okta.SetStatus(leaver.id, "DEPROVISIONED")
			leaver.left = true
			return w.during(ctx, sim.Fault{Path: oktaAssigned, Do: sim.Truncate(20_000)})
		}},
		{day, "13:40", "Okta answers 503 to everything", func(ctx context.Context) error {
			err := w.during(ctx, sim.Fault{Do: away()})
			w.find("while Okta failed, nobody was removed", missing(before, c.active()))
			return err
		}},
		{day, "14:00", "Okta is well again", w.full(func() {})},
	}
}

// The lists that the outages are about.
const (
	omniUsers    = "/api/scim/v2/Users"
	oktaAssigned = "/api/v1/apps/*/users"
)

// during lets the daemon look while Okta has a fault. That the run can't be made
// is what one fault is about.
func (w *week) during(ctx context.Context, f sim.Fault) error {
	planted := w.company.okta.Faults.Add(f)
	defer planted.Remove()
	err := w.run(ctx, sync.Full)
	if fault.Is(err, fault.Unavailable) && ctx.Err() == nil {
		w.say("! the run could not begin: %v", err)
		return nil
	}
	return err
}

// away answers for a service that is out.
func away() sim.Effect {
	return sim.Body(http.StatusServiceUnavailable, "text/plain", "Service Unavailable")
}

// wednesday is a morning of deltas, and an outage of Omni in the middle of a load.
func wednesday(w *week) []scene {
	const day = "Wednesday: changes within seconds; then thirty joiners, and Omni goes away in the middle"
	c := w.company
	return append(byDeltas(w, day), []scene{
		{day, "10:00", "a bought company comes in as the group Robotics; Omni answers 503 after the first twelve", func(ctx context.Context) error {
			c.open("Robotics", 30)
			c.omniFaults.Add(sim.Fault{Method: http.MethodPost, Path: omniUsers, Skip: 12, Times: 1,
				Do: func(http.Handler) http.Handler {
					c.omniFaults.Add(sim.Fault{Do: away()}) // from here on everything
					return away()(nil)
				}})
			defer c.omniFaults.Clear()
			return w.run(ctx, sync.Full)
		}},
		{day, "10:30", "Omni is back", func(ctx context.Context) error { return w.run(ctx, sync.Reconcile) }},
	}...)
}
