package sync

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// A ledger belongs to one Okta org, app and Omni, and is refused by a configuration that
// names others: everybody would look unassigned. Rebind is a person's word that it is to
// belong to those. From there on it is a ledger that was lost: the next reconcile reads
// both sides whole, links by userName and name, and holds every removal.

// RebindOrder asks for it.
type RebindOrder struct {
	By     string `json:"by"`
	DryRun bool   `json:"dryRun,omitempty"`
}

// Rebound tells what became of it.
type Rebound struct {
	DryRun bool    `json:"dryRun"`
	From   Sides   `json:"from"`
	To     Sides   `json:"to"`
	Stay   bool    `json:"stay"`   // org and Omni are the same, so that all ids carry over and every link stays
	Users  Carried `json:"users"`  // assigned in the new app, with an account of that userName in the new Omni
	Groups Carried `json:"groups"` // with a group of that name in the new Omni
}

// Sides are those that a ledger belongs to.
type Sides struct {
	Org  string `json:"org"`
	App  string `json:"app"`
	Omni string `json:"omni"`
}

// Carried tells which of the links carry over.
type Carried struct {
	Linked  int      `json:"linked"`  // in the ledger
	Carry   int      `json:"carry"`   // that are found on both new sides
	Missing []string `json:"missing"` // the names of the others, sorted
}

func (s Sides) String() string {
	return fmt.Sprintf("Okta %s, app %s, and Omni %s", s.Org, s.App, s.Omni)
}

// Rebind binds the ledger to the sides that the configuration names. Where their ids can't
// be the same it forgets every link; log, runs, pause, and what was saved stay. It writes
// nothing to either side, and it is done whole or not at all. No run may be under way. It
// answers fault.Conflict where the ledger belongs to these sides already, and fault.Doubt,
// and does nothing, where one of them can't be read whole.
func (e *Engine) Rebind(ctx context.Context, o RebindOrder) (Rebound, error) {
	c, err := e.connection(ctx)
	if err != nil {
		return Rebound{}, err
	}
	mine := e.o.Identity
	answer := Rebound{DryRun: o.DryRun, From: Sides{c.Org, c.App, c.Omni}, To: Sides{mine.Org, mine.App, mine.Omni}, Stay: c.Org == mine.Org && c.Omni == mine.Omni}
	switch {
	case c.Org == "":
		return answer, &fault.Error{Kind: fault.Refused, Op: "the ledger is empty, and belongs to nobody", Hint: "run: syncd reconcile"}
	case answer.From == answer.To:
		return answer, &fault.Error{Kind: fault.Conflict, Op: "the ledger belongs to " + answer.To.String() + " already", Hint: "nothing was done, and nothing is to be"}
	}
	if err := e.carries(ctx, &answer); err != nil || o.DryRun {
		return answer, err
	}
	return answer, e.rebind(ctx, c, answer, o.By)
}

// rebind writes it, in one batch.
func (e *Engine) rebind(ctx context.Context, c state.Connection, r Rebound, by string) error {
	now := time.Now().UTC()
	told := state.Change{Kind: string(Rebind), State: state.Applied, Cause: CauseCommand, Time: now,
		Reason: fmt.Sprintf("the ledger of %s was bound to %s by %s", r.From, r.To, by)}
	c.Org, c.App, c.Omni = r.To.Org, r.To.App, r.To.Omni
	c.Lost = fmt.Sprintf("the ledger was bound to other sides by %s on %s", by, now.Format(time.DateOnly))
	var b state.Batch
	kept := undone{}
	if !r.Stay {
		if err := collect(ctx, e.o.Store, state.Undoes, kept); err != nil {
			return err
		}
		b.Drops = []state.Bucket{state.Users, state.Marks, state.Groups, state.Holds, state.Failing, state.Leavers, state.Unlinks, state.Undoes}
		for g, err := range state.All[state.Group](ctx, e.o.Store, state.Groups) {
			if err != nil {
				return err
			}
			b.Drops = append(b.Drops, state.Members(identity.GroupID(g.Key)))
		}
	}
	if r.From.Org != r.To.Org { // whose ids Okta knows no more
		b.Drops = append(b.Drops, state.PushedUsers, state.PushedGroups)
	}
	state.Put(&b, state.Meta, metaConnection, c)
	for _, key := range []string{metaLog, metaKeys} { // which are of the old sides
		b.Remove(state.Meta, key)
	}
	state.Add(&b, state.Log, told)
	if err := e.put(ctx, b); err != nil {
		return err
	}
	e.archive(ctx, archived(state.ArchivedChange, []state.Change{told})...)
	if !r.Stay {
		ended := map[string]*state.Undone{}
		for subject := range kept {
			ended[subject] = nil
		}
		e.archive(ctx, archivedUndoes(ended)...)
		e.said(ctx, state.ArchivedTie{By: by, At: now, Rebound: true})
	}
	return nil
}

// carries reads both new sides, and tells whose links carry over.
func (e *Engine) carries(ctx context.Context, r *Rebound) error {
	if _, err := e.activeApp(ctx); err != nil {
		return err
	}
	assigned, accounts, teams := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for s, err := range e.o.Okta.Assignments(ctx) {
		if err != nil {
			return halfRead("Okta's list of assigned users", err)
		}
		if s.Standing() != identity.Unassigned {
			assigned[identity.FoldUserName(s.UserName)] = true
		}
	}
	for a, err := range e.o.Omni.Users(ctx) {
		if err != nil {
			return halfRead("Omni's list of users", err)
		}
		accounts[identity.FoldUserName(a.UserName)] = true
	}
	for t, err := range e.o.Omni.Teams(ctx) {
		if err != nil {
			return halfRead("Omni's list of groups", err)
		}
		teams[identity.FoldName(t.DisplayName)] = true
	}
	for u, err := range state.All[state.User](ctx, e.o.Store, state.Users) {
		if err != nil {
			return err
		}
		if name := identity.FoldUserName(u.Value.UserName); u.Value.Omni != "" {
			r.Users.count(u.Value.UserName, assigned[name] && accounts[name])
		}
	}
	for g, err := range state.All[state.Group](ctx, e.o.Store, state.Groups) {
		if err != nil {
			return err
		}
		if g.Value.Omni != "" {
			r.Groups.count(g.Value.DisplayName, teams[identity.FoldName(g.Value.DisplayName)])
		}
	}
	r.Users.sort()
	r.Groups.sort()
	return nil
}

func halfRead(what string, err error) error {
	if fault.Is(err, fault.Unauthorized) {
		return err
	}
	return &fault.Error{Kind: fault.Doubt, Op: what + " could not be read whole, so nothing was done", Err: err}
}

func (c *Carried) count(name string, carries bool) {
	c.Linked++
	if carries {
		c.Carry++
	} else {
		c.Missing = append(c.Missing, name)
	}
}

func (c *Carried) sort() {
	if c.Missing == nil {
		c.Missing = []string{}
	}
	slices.SortFunc(c.Missing, strings.Compare)
}
