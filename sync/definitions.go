package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// User attributes decide in Omni who sees which rows. So what is to be written is
// held against Omni's definitions while the plan is made, before anything is sent:
//
//	                                          creation, adoption,   update
//	                                          reactivation
//	a name that the configuration gives is    refused               refused where it writes attributes
//	  no attribute of Omni's, or a system one
//	a value that doesn't fit its attribute    refused               refused where it would be written
//	the definitions were never read           done                  done
//
// What is refused stands in the plan as failed, is planned anew by each run that
// looks at the user, and the user keeps what they have. Ends of memberships, and
// groups, know nothing of attributes and go on.

const (
	definitionsLast  = time.Hour   // how long pushes, and runs that read only what was touched, go by what was read
	definitionsAgain = time.Minute // after how long they ask again, where that refused somebody or could not be read
)

// definer knows what Omni was last heard to define. Safe for concurrent use.
type definer struct {
	reading lock // held by the one who asks
	newest  atomic.Pointer[defined]
}

// defined is what Omni defines.
type defined struct {
	all   identity.Definitions // nil: never read
	read  time.Time            // when all was read; zero: never
	tried time.Time            // when Omni was asked last
	why   error                // why it didn't tell then; nil: it did
}

func newDefiner() *definer {
	d := &definer{reading: newLock()}
	d.newest.Store(&defined{})
	return d
}

// within gives what is known, after Omni was asked where that is older than age.
// One asks for all who wait.
func (d *definer) within(ctx context.Context, omni Attributes, age time.Duration) defined {
	select {
	case d.reading <- struct{}{}:
		defer d.reading.Unlock()
	case <-ctx.Done():
		return *d.newest.Load()
	}
	known := *d.newest.Load()
	if known.why != nil {
		age = min(age, definitionsAgain)
	}
	if !known.tried.IsZero() && time.Since(known.tried) < age {
		return known
	}
	list, err := omni.Definitions(ctx)
	if ctx.Err() != nil {
		return known
	}
	known.tried, known.why = time.Now(), err
	if err == nil {
		known.all, known.read = identity.DefinitionsOf(list), known.tried
	}
	d.newest.Store(&known)
	return known
}

// notice tells that the definitions could not be read, and what that means; "" when they could.
func (d defined) notice() string {
	switch {
	case d.why == nil:
		return ""
	case d.all != nil:
		return fmt.Sprintf("Omni's user attributes are taken as they were defined on %s, because they can't be read now: %v", d.read.UTC().Format(time.RFC3339), d.why)
	case fault.HintOf(d.why) != "":
		return fmt.Sprintf("user attributes are written without being checked before, because Omni doesn't show how they are defined: %v (%s)", d.why, fault.HintOf(d.why))
	default:
		return fmt.Sprintf("user attributes are written without being checked before, because Omni doesn't show how they are defined: %v", d.why)
	}
}

// defining is p with what is known of Omni's attributes. It asks nothing.
func (e *Engine) defining(p Policy) Policy { return p.defining(e.definer.newest.Load().all) }

func (p Policy) defining(all identity.Definitions) Policy {
	p.Definitions, p.Misnamed = all, ""
	var wrong []string
	for _, name := range p.Mapped {
		if why := unwritable(all, name); why != "" {
			wrong = append(wrong, why)
		}
	}
	if len(wrong) > 0 {
		p.Misnamed = fmt.Sprintf("users.attributes: %s; no user is created or given attributes before that is mended", strings.Join(wrong, "; "))
	}
	return p
}

// unwritable tells why no value can be written under the name, "" where one can,
// or where nobody knows.
func unwritable(all identity.Definitions, name string) string {
	d, known := all[name]
	switch {
	case all == nil:
		return ""
	case !known:
		return fmt.Sprintf("Omni has no user attribute %q (it has %s)", name, listed(all.Own()))
	case d.System:
		return fmt.Sprintf("%q is one of Omni's own attributes, which can't be written (the organization's own are %s)", name, listed(all.Own()))
	}
	return ""
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// planned makes the run's plan with what Omni defines. A run that reads a side
// whole asks Omni; others go by what was read within the hour, and ask again before
// they refuse anybody.
func (e *Engine) planned(ctx context.Context, r *run, p Policy) []Change {
	r.ledger.expire(r.started)
	whole := r.request.Kind == Full || r.request.Kind == Reconcile
	if len(p.Attributes) == 0 || !whole && len(r.desired.Users) == 0 {
		return Plan(r.desired, r.ledger, p)
	}
	age := definitionsLast
	if whole {
		age = 0
	}
	for {
		known := e.definer.within(ctx, e.o.Omni, age)
		p = p.defining(known.all)
		plan := Plan(r.desired, r.ledger, p)
		if age > definitionsAgain && slices.ContainsFunc(plan, Change.refusedValues) {
			age = definitionsAgain
			continue
		}
		if note := known.notice(); note != "" {
			r.desired.Notes = append(r.desired.Notes, note)
		}
		if r.misnamed = p.Misnamed; r.misnamed != "" {
			r.desired.Notes = append(r.desired.Notes, r.misnamed)
		}
		return plan
	}
}

// outcome is what the run ends as. A configuration that Omni can't take is a failure
// of the run, even if nobody is concerned yet.
func (r *run) outcome(rep Report) Outcome {
	if o := outcome(rep); r.misnamed == "" || o == Doubtful {
		return o
	}
	return Failing
}

// why is what the ledger tells of a run that failed as a whole.
func (r *run) why(stopErr error) error {
	if stopErr == nil && r.misnamed != "" {
		return &fault.Error{Kind: fault.Refused, Detail: r.misnamed, Hint: "syncd check tells more"}
	}
	return stopErr
}

// refusedValues reports whether the change isn't done because of attributes.
func (c Change) refusedValues() bool { return c.Unfit != "" && c.State == state.Failed }

// fitted gives the user with every value in Omni's form, and tells of those that
// have none, which stay as they are.
func (pl *planner) fitted(u identity.User) (identity.User, map[string]string) {
	all := pl.policy.Definitions
	if all == nil || len(u.Attributes) == 0 {
		return u, nil
	}
	fit, misfits := make(map[string]identity.Value, len(u.Attributes)), map[string]string{}
	for name, v := range u.Attributes {
		fit[name] = v
		if why := unwritable(all, name); why != "" {
			misfits[name] = why
		} else if form, err := all[name].Fit(v); err != nil {
			misfits[name] = fmt.Sprintf("attribute %s: %v", name, err)
		} else {
			fit[name] = form
		}
	}
	u.Attributes = fit
	return u, misfits
}

// fitting plans a user with the values in Omni's form, and refuses what would write
// one that has none.
func (pl *planner) fitting(p Person, plan func(Person) []Change) []Change {
	var misfits map[string]string
	p.User, misfits = pl.fitted(p.User)
	list := plan(p)
	if pl.policy.Misnamed == "" && len(misfits) == 0 {
		return list
	}
	for i, c := range list {
		list[i] = pl.unfit(c, misfits)
	}
	return list
}

// unfit notes on a change why the user's attributes can't be written, and refuses
// it where it writes them.
func (pl *planner) unfit(c Change, misfits map[string]string) Change {
	why := make([]string, 0, len(misfits)+1)
	refused := c.Kind != Update
	if pl.policy.Misnamed != "" {
		why = append(why, pl.policy.Misnamed)
		refused = refused || len(c.Patch.Attributes) > 0
	}
	for _, name := range slices.Sorted(maps.Keys(misfits)) {
		if !slices.Contains(pl.policy.Mapped, name) || unwritable(pl.policy.Definitions, name) == "" { // else it is said already
			why = append(why, misfits[name])
		}
		_, written := c.Patch.Attributes[name]
		refused = refused || written
	}
	c.Unfit = strings.Join(why, "; ")
	if refused && c.State == state.Planned {
		c.State, c.Reason = state.Failed, c.Unfit
	}
	return c
}

// facts tells a patch as facts before and after, and what Omni shows in place of
// no value.
func (pl *planner) facts(was state.User, p identity.UserPatch) (before, after *state.Facts) {
	before, after = userFacts(was, p)
	for name := range p.Attributes {
		d := pl.policy.Definitions[name]
		if d.Default == "" {
			continue
		}
		for _, f := range []*state.Facts{before, after} {
			if f.Attributes[name] == nil {
				if f.Defaults == nil {
					f.Defaults = map[string]identity.Value{}
				}
				f.Defaults[name] = d.Default
			}
		}
	}
	return before, after
}
