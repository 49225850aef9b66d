package sync

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"go.uber.org/zap"
)

// A group in Omni may have model roles, which every member gets. They are read and
// told, never written: they can't be taken back from here. Told is who would get
// them by an adoption, what ends with a group, and in a reconcile which managed
// groups have some. What can't be read is a note, and stops nothing.

// maxRolesAsked is how many groups a run asks about, so that its cost is bounded.
const maxRolesAsked = 20

// teamRoles is what this process knows of groups' model roles. Safe for concurrent use.
type teamRoles struct {
	mu    sync.Mutex
	known map[identity.OmniGroupID]heardRoles
}

// heardRoles is what Omni told of one group, and when it was asked.
type heardRoles struct {
	names []string
	at    time.Time
}

func (t *teamRoles) heard(id identity.OmniGroupID) heardRoles {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known[id]
}

func (t *teamRoles) hear(id identity.OmniGroupID, h heardRoles) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[identity.OmniGroupID]heardRoles{}
	}
	t.known[id] = h
}

// rolesOf asks Omni for a group's roles, and reports whether it told them. After the
// first failure, and after as many groups as a run may ask about, it asks no more.
func (e *Engine) rolesOf(ctx context.Context, run *run, id identity.OmniGroupID) ([]string, bool) {
	if run.rolesUnread.Load() != nil || run.rolesAsked.Add(1) > maxRolesAsked {
		return nil, false
	}
	names, err := e.o.Omni.TeamRoles(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound): // it is gone, which others notice
		return nil, false
	case err != nil:
		if ctx.Err() == nil && run.rolesUnread.CompareAndSwap(nil, &err) {
			run.logger.Info("model roles of groups could not be read", zap.Error(err))
		}
		return nil, false
	}
	e.roles.hear(id, heardRoles{names: names, at: time.Now()})
	return names, true
}

// readRoles asks about the groups that are to be adopted, let go or deleted, and in a
// reconcile about those of the others that weren't asked about for longest.
func (e *Engine) readRoles(ctx context.Context, run *run) {
	l, d := run.ledger, &run.desired
	l.roles = map[identity.OmniGroupID][]string{}
	first, others := rolesWanted(*d, l)
	if run.request.Kind == Reconcile {
		ctx = identity.WithLane(ctx, identity.LaneName)
		slices.SortStableFunc(others, func(a, b identity.OmniGroupID) int { return e.roles.heard(a).at.Compare(e.roles.heard(b).at) })
		first = append(first, others...)
	}
	for _, id := range first {
		if names, told := e.rolesOf(ctx, run, id); told {
			l.roles[id] = names
		}
	}
	if err := run.rolesUnread.Load(); err != nil {
		d.Notes = append(d.Notes, fmt.Sprintf("the model roles of groups could not be read in Omni, so they aren't told: %v", *err))
	}
	if run.request.Kind == Reconcile {
		d.Notes = append(d.Notes, e.rolesNotes(l)...)
	}
}

// rolesWanted gives the groups in Omni whose roles a plan is to tell, and the other
// managed ones, both in order.
func rolesWanted(d Desired, l *Ledger) (first, others []identity.OmniGroupID) {
	for _, id := range slices.Sorted(maps.Keys(d.Groups)) {
		c := d.Groups[id]
		t, there := l.StrangerTeams[identity.FoldName(c.title())]
		if there && !c.Gone && !c.Paused && c.Fault == "" && l.Groups[id].Omni == "" {
			first = append(first, t.ID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(l.Groups)) {
		switch g := l.Groups[id]; {
		case g.Omni == "":
		case d.unpushed(id):
			first = append(first, g.Omni)
		default:
			others = append(others, g.Omni)
		}
	}
	return first, others
}

// rolesNotes tells which managed groups have roles, as far as this process has heard.
func (e *Engine) rolesNotes(l *Ledger) []string {
	var with []string
	managed, heard := map[identity.OmniGroupID]bool{}, 0
	for _, g := range l.Groups {
		if g.Omni == "" {
			continue
		}
		managed[g.Omni] = true
		h := e.roles.heard(g.Omni)
		if !h.at.IsZero() {
			heard++
		}
		if len(h.names) > 0 {
			with = append(with, g.DisplayName+": "+strings.Join(h.names, " and "))
		}
	}
	e.roles.mu.Lock()
	maps.DeleteFunc(e.roles.known, func(id identity.OmniGroupID, _ heardRoles) bool { return !managed[id] })
	e.roles.mu.Unlock()
	if len(with) == 0 {
		return nil
	}
	note := "model roles that members of managed groups get, read and never written: " + some(with, "group", "groups")
	if heard < len(managed) {
		note += fmt.Sprintf("; asked about %d of %d groups so far", heard, len(managed))
	}
	return []string{note}
}

// How a change tells the model roles of its group, behind its reason.
const (
	rolesGained = "who is in it has its model roles"
	rolesStay   = "its members keep its model roles"
	rolesEnd    = "its members lose its model roles"
)

// roleWords tells roles in one of these ways; "" where there are none.
func roleWords(what string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("; %s (%s)", what, strings.Join(names, ", "))
}

// gains tells an adoption's reason with the roles that members get, asking for them
// where the plan didn't.
func (a *applier) gains(ctx context.Context, c Change, id identity.OmniGroupID) Change {
	a.lock()
	_, told := a.ledger.roles[id]
	a.unlock()
	if !told {
		names, _ := a.engine.rolesOf(ctx, a.run, id)
		c.Reason = cmp.Or(c.Reason, "Omni had this group already") + roleWords(rolesGained, names)
	}
	return c
}
