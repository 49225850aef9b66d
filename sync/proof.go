package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// A credential that may not see all gets shorter lists from Okta, and no error. So a
// reading proves itself before anything is taken away because of it:
//
//	the token's scopes     whatever is read
//	okta.canary.user       whole lists of users; by id, where single answers say that somebody has left,
//	                       the app or a group
//	okta.canary.group      whole lists of groups; by id, where single answers say that a group, or a member, is gone
//	usersCount             the members of each group, in a reconcile (counted.go)
//
// What fails the proof is doubt: it adds, and takes nothing away.

// Canary names who is seen by whoever sees all.
type Canary struct {
	User  identity.OktaID  // assigned to the app for good; "" for none
	Group identity.GroupID // there for good; "" for none
}

// The scopes that readings rest on.
const (
	scopeApps   = "okta.apps.read"
	scopeUsers  = "okta.users.read"
	scopeGroups = "okta.groups.read"
)

// lastSeen remembers when Okta showed the canary. The zero value is ready.
type lastSeen struct {
	mu   sync.Mutex
	seen map[string]time.Time // by id
}

// lately reports whether the canary was seen within that time.
func (s *lastSeen) lately(id string, within time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, seen := s.seen[id]
	return seen && time.Since(at) < within
}

func (s *lastSeen) saw(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]time.Time{}
	}
	s.seen[id] = time.Now()
}

// provenFor is how long an answer about the canary holds for questions that follow it.
const provenFor = 10 * time.Second

// prove does a reading, and doubts it where the token lacked one of the scopes, before
// or after, or where what must be there isn't.
func (e *Engine) prove(d *Desired, scopes []string, read func(), unseen func() string) {
	lacked := e.lacks(scopes)
	read()
	d.unproven(firstOf(lacked, e.lacks(scopes)))
	d.unproven(unseen())
}

// lacks tells which of the scopes the token lacks, as a doubt, "" for none. Of an API
// token nothing is known.
func (e *Engine) lacks(scopes []string) string {
	granted, told := e.o.Okta.Scopes()
	missing := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !told || slices.Contains(granted, s) })
	if len(missing) == 0 {
		return ""
	}
	return fmt.Sprintf("the token that Okta gave out lacks %s, so what was read may not be all, and nothing is taken away because of it: "+
		"grant it on the API Services app's Okta API Scopes tab (a super administrator can)", strings.Join(missing, ", "))
}

// unproven notes a doubt about all that was read, unless it is "".
func (d *Desired) unproven(why string) {
	if why != "" {
		d.Unproven, d.Doubts = true, append(d.Doubts, why)
	}
}

// answered gives the doubt about the canary that an answer to the question for it leaves.
func (e *Engine) answered(id, unseen string, err error) string {
	switch {
	case err == nil:
		e.canary.saw(id)
		return ""
	case fault.Is(err, fault.NotFound):
		return unseen
	default:
		return fmt.Sprintf("the canary %s could not be asked for, so nothing is taken away: %v", id, err)
	}
}

// hidesUsers asks for the canary by id, unless it was seen within that time. It gives
// the doubt, "" for none.
func (e *Engine) hidesUsers(ctx context.Context, within time.Duration) string {
	id := e.o.Canary.User
	if id == "" || e.canary.lately(string(id), within) {
		return ""
	}
	_, err := e.o.Okta.Assignment(ctx, id)
	return e.answered(string(id), unseenUser(id), err)
}

// hidesGroups is hidesUsers for groups.
func (e *Engine) hidesGroups(ctx context.Context, within time.Duration) string {
	id := e.o.Canary.Group
	if id == "" || e.canary.lately(string(id), within) {
		return ""
	}
	objects, err := e.o.Okta.Groups(ctx, []identity.GroupID{id})
	if err == nil && objects[id].Gone() {
		err = &fault.Error{Kind: fault.NotFound, Op: "read the canary"}
	}
	return e.answered(string(id), unseenGroup(id), err)
}

// inNoGroup makes certain that somebody of whom Okta knows no groups is gone, and not hidden:
// the canary can be seen, or where there is none the System Log shows the end of the account.
func (e *Engine) inNoGroup(ctx context.Context, id identity.OktaID) error {
	if e.o.Canary.User != "" {
		if hidden := e.hidesUsers(ctx, provenFor); hidden != "" {
			return &fault.Error{Kind: fault.Doubt, Op: hidden}
		}
		return nil
	}
	_, gone, err := e.o.Okta.Departed(ctx, id)
	if err == nil && !gone {
		err = &fault.Error{Kind: fault.Doubt, Op: fmt.Sprintf("Okta knows neither user %s nor the end of the account, so the user may be hidden from the credential", id)}
	}
	return err
}

func unseenUser(id identity.OktaID) string {
	return fmt.Sprintf("Okta doesn't show okta.canary.user %s as assigned to the app, so others may be hidden too, and nothing is taken away because of what was read: "+
		"see that the credential's role and its resource set include everyone whom the app has, with okta.apps.read and okta.users.read, "+
		"and that the canary is still assigned; if it has really left, name another one", id)
}

func unseenGroup(id identity.GroupID) string {
	return fmt.Sprintf("Okta doesn't show okta.canary.group %s, so others may be hidden too, and nothing is taken away because of what was read: "+
		"see that the credential's role and its resource set include all groups that are synced, with okta.groups.read, "+
		"and that the canary is still there; if it is really deleted, name another one", id)
}

// missesUser looks for the canary on the list of users. One that broke off is doubted already.
func (e *Engine) missesUser(d *Desired) string {
	id := e.o.Canary.User
	_, same := d.Same[id]
	_, told := d.Users[id]
	switch {
	case id == "" || !d.AllUsers:
		return ""
	case same || told:
		e.canary.saw(string(id))
		return ""
	default:
		return unseenUser(id)
	}
}

// misses looks for the canary among the groups that were read. One that isn't synced
// must be on the list of all groups, or, where none was read, is asked for by id.
func (c *chooser) misses(ctx context.Context) string {
	id := c.engine.o.Canary.Group
	g, read := c.objects[id]
	switch {
	case id == "" || c.rests() == nil:
		return ""
	case c.sawCanary || read && !g.Gone():
		c.engine.canary.saw(string(id))
		return ""
	case c.listedAll || read:
		return unseenGroup(id)
	default:
		return c.engine.hidesGroups(ctx, 0)
	}
}

// rests gives the scopes that the reading of groups rests on.
func (c *chooser) rests() []string {
	switch {
	case c.source == fromMatch && len(c.engine.policy.Groups.Match) == 0:
		return nil
	case c.source == fromMatch:
		return []string{scopeGroups}
	default:
		return []string{scopeApps, scopeGroups}
	}
}

// proveTouched doubts what a delta has read where it would take something away, and the
// credential may not see all. Where nothing would be taken away it asks nothing.
func (e *Engine) proveTouched(ctx context.Context, run *run, d *Desired) {
	left := d.left() // somebody who is hidden is missing from every group
	users, groups := left || d.parts(run.ledger), left || d.loses(run.ledger)
	within := time.Duration(0)
	if run.touched.selection != nil { // that reading has just asked
		within = provenFor
	}
	if users {
		d.unproven(firstOf(e.lacks([]string{scopeApps, scopeUsers}), e.hidesUsers(ctx, 0)))
	}
	if groups {
		d.unproven(firstOf(e.lacks([]string{scopeGroups}), e.hidesGroups(ctx, within)))
	}
	if d.Unproven {
		run.unread = append(run.unread, d.distrust()...)
	}
}

// parts reports whether somebody leaves who has an account, or may have one.
func (d *Desired) parts(l *Ledger) bool {
	for id, p := range d.Users {
		if m := l.Marks[id]; (m.Active || m.Open) && !isOwn(id) && p.leaves() {
			return true
		}
	}
	return false
}

// left reports whether somebody is missing from a group.
func (d *Desired) left() bool {
	for id, c := range d.Groups {
		if !isOwn(id) && len(c.Left) > 0 {
			return true
		}
	}
	return false
}

// loses reports whether a group is gone or not chosen any more.
func (d *Desired) loses(l *Ledger) bool {
	for id, c := range d.Groups {
		if !isOwn(id) && c.Gone {
			return true
		}
	}
	for id, g := range l.Groups {
		if _, told := d.Groups[id]; g.Omni != "" && !told && d.AllGroups {
			return true
		}
	}
	return false
}

// distrust leaves of what was read what adds something, and gives what is to be looked
// at again.
func (d *Desired) distrust() (again []string) {
	d.AllUsers = false
	if d.AllGroups && d.Only {
		again = append(again, lookSelection)
	}
	d.AllGroups = false
	maps.DeleteFunc(d.Users, func(id identity.OktaID, p Person) bool {
		gone := p.leaves() && !isOwn(id)
		if gone {
			again = append(again, userSubject(id))
		}
		return gone
	})
	for _, id := range slices.Sorted(maps.Keys(d.Groups)) {
		c := d.Groups[id]
		switch {
		case isOwn(id):
			continue
		case c.Gone:
			again = append(again, lookGroup+string(id))
			delete(d.Groups, id)
			continue
		case len(c.Left) > 0:
			again = append(again, lookMembers+string(id))
		}
		c.Left, c.Certain, c.Compared, c.Short = nil, false, false, state.Short{}
		d.Groups[id] = c
	}
	slices.Sort(again)
	return again
}
