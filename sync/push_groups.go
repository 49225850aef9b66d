package sync

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// CreateGroup makes the group that Okta pushes, with its members, or adopts it
// where Omni has one of the name. A group that a reading of Okta has told of under
// this name, and that was never pushed, is this group.
func (p *Pushes) CreateGroup(ctx context.Context, cause string, g identity.PushedGroup) (identity.PushedGroup, error) {
	if identity.FoldName(g.DisplayName) == "" {
		return g, &fault.Error{Kind: fault.Refused, Op: "displayName", Detail: "is missing", Hint: "give the group a name"}
	}
	done, err := p.engine.turns.take(ctx, groupNameSubject(g.DisplayName))
	if err != nil {
		return g, p.late(err, groupNameSubject(g.DisplayName))
	}
	defer done()
	key, who, known := find(p.book, &p.book.groups, toMake[identity.GroupID](identity.FoldName(g.DisplayName)))
	switch {
	case known && who.visible() && who.pushed:
		return g, &fault.Error{Kind: fault.Conflict, Op: g.DisplayName, Detail: "a group of this name is there already, with id " + who.id}
	case !known:
		key = identity.GroupID(newOwnKey())
	}
	turn, err := p.engine.turns.takeMore(ctx, groupSubject(key))
	if err != nil {
		return g, p.late(err, groupSubject(key))
	}
	defer turn()
	was, err := p.acceptedGroup(ctx, key)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return g, err
	}
	g.ID, g.Created = was.ID, was.Created
	ids := make([]string, 0, len(g.Members))
	for _, m := range g.Members {
		ids = append(ids, m.ID)
	}
	w := grouping{cause: cause, key: key, was: was, want: g, creates: true}
	if len(ids) > 0 { // none are told of a group that a reading made: Okta sends them next
		w.steps = []identity.MemberEdit{{IDs: ids}}
	}
	return p.crowd(ctx, w)
}

func groupNameSubject(name string) string { return "group name:" + identity.FoldName(name) }

// EditGroup applies the edit to what was accepted of the group with this SCIM id.
func (p *Pushes) EditGroup(ctx context.Context, cause, id string, edit identity.GroupEdit) (identity.PushedGroup, error) {
	for range tries {
		found, err := p.groupResource(ctx, id)
		if err != nil {
			return identity.PushedGroup{}, err
		}
		key, was, team := found.key, found.group, found.team
		if key == "" {
			key = identity.GroupID(newOwnKey())
		}
		subjects := []string{groupSubject(key)}
		if edit.DisplayName != nil {
			subjects = append(subjects, groupNameSubject(*edit.DisplayName))
		}
		done, err := p.engine.turns.take(ctx, subjects...)
		if err != nil {
			return was.PushedGroup, p.late(err, groupSubject(key))
		}
		if now, err := p.acceptedGroup(ctx, key); err == nil {
			was, team = now, nil
		} else if team == nil {
			done()
			continue
		}
		got, err := p.regroup(ctx, grouping{cause: cause, key: key, was: was, want: was.PushedGroup, team: team, steps: edit.Members}, edit)
		done()
		return got, err
	}
	return identity.PushedGroup{}, &fault.Error{Kind: fault.Unavailable, Op: id, Detail: "it is being changed all the time", After: time.Second}
}

// regroup does what an edit asks. The turn is the caller's.
func (p *Pushes) regroup(ctx context.Context, w grouping, edit identity.GroupEdit) (identity.PushedGroup, error) {
	var clash error // members go on under the old name
	if edit.DisplayName != nil && *edit.DisplayName != w.want.DisplayName {
		holder, who, known := find(p.book, &p.book.groups, withName[identity.GroupID](identity.FoldName(*edit.DisplayName)))
		if known && holder != w.key && who.visible() {
			clash = &fault.Error{Kind: fault.Conflict, Op: *edit.DisplayName, Detail: "another group has this name, with id " + who.id + "; members go on under the old one"}
		} else {
			w.want.DisplayName = *edit.DisplayName
		}
	}
	if edit.External != nil {
		w.want.External = *edit.External
	}
	got, err := p.crowd(ctx, w)
	if err == nil {
		err = clash
	}
	return got, err
}

// DeleteGroup lets go of the group, or deletes it in Omni, as groups.on_unpush says.
func (p *Pushes) DeleteGroup(ctx context.Context, cause, id string) error {
	key, _, known := find(p.book, &p.book.groups, withID[identity.GroupID](id))
	if !known {
		return p.notFound("group", id)
	}
	done, err := p.engine.turns.take(ctx, groupSubject(key))
	if err != nil {
		return p.late(err, groupSubject(key))
	}
	defer done()
	was, err := p.acceptedGroup(ctx, key)
	if err != nil {
		return err
	}
	return p.letGo(ctx, cause, key, was)
}

// letGo ends our care for a group. The turn is the caller's. What Omni can't be
// told now, or waits for approval, is accepted and done later.
func (p *Pushes) letGo(ctx context.Context, cause string, key identity.GroupID, was state.PushedGroup) error {
	x, end := p.begin(cause, groupSubject(key), groupSubject(key), groupNameSubject(was.DisplayName))
	defer end()
	if err := x.ledger.fetchCrowd(ctx, p.engine.o.Store, key); err != nil {
		return err
	}
	gone := state.PushedGroup{PushedGroup: was.PushedGroup, Gone: true}
	x.accept = func(done []Change, n Notes) {
		gone.Open = len(done) == 0 && x.ledger.Groups[key].Omni != ""
		n.PushedGroups[key] = &gone
	}
	_, err := x.do(ctx, Desired{Groups: map[identity.GroupID]Crowd{key: {Name: was.DisplayName, Gone: true}}})
	if err == nil || !temporary(err) || was.Gone {
		return err
	}
	n := newNotes()
	gone.Open = true
	n.PushedGroups[key] = &gone
	err = p.engine.commit(context.WithoutCancel(ctx), x.ledger, n)
	x.woken = true
	return err
}

// grouping is one group to be brought to what Okta wants. The turn is the caller's.
type grouping struct {
	cause   string
	key     identity.GroupID
	was     state.PushedGroup
	want    identity.PushedGroup
	team    *identity.Team // Omni's, where it isn't linked yet
	steps   []identity.MemberEdit
	creates bool
	quiet   bool              // accepted before: nothing new is
	all     bool              // everybody is looked at
	look    []identity.OktaID // members to look at, beside those whom the steps name
}

// object is what the gate knows the group by.
func (w grouping) object() string {
	if w.creates || w.team != nil { // whose key may be another one at the next try
		return groupNameSubject(w.want.DisplayName)
	}
	return groupSubject(w.key)
}

// crowd brings a group's name and members to what Okta wants. What is already so
// costs nothing; members whom nobody knows yet join when they arrive.
func (p *Pushes) crowd(ctx context.Context, w grouping) (identity.PushedGroup, error) {
	e := p.engine
	x, end := p.begin(w.cause, w.object(), groupSubject(w.key), groupNameSubject(w.want.DisplayName), groupNameSubject(w.was.DisplayName))
	defer end()
	l := x.ledger
	if err := x.lookAtGroup(ctx, w.key); err != nil {
		return w.want, x.temporary(err)
	}
	x.known(w)
	moves, turn, err := x.movesInTurn(ctx, w)
	if err != nil {
		return w.want, err
	}
	defer turn()
	people := moves.people()
	if err := l.fetch(ctx, e.o.Store, people); err != nil {
		return w.want, err
	}
	d := moves.desired(w, l)
	e.ledgers.Lock()
	about := memberHolds(p.book.base.Holds, w.key, people)
	maps.Copy(l.Holds, about)
	l.mayForget(about)
	e.ledgers.Unlock()
	x.accept = func(done []Change, n Notes) {
		for _, c := range x.rest {
			moves.open = moves.open || c.State == state.Held || c.Halted
			n.stay(l, c)
			if c.Kind == Rename && c.State == state.Failed {
				w.want.DisplayName = w.was.DisplayName
			}
		}
		p.acceptGroup(w, l.Groups[w.key], moves, done, n)
	}
	changes, err := x.do(ctx, d)
	if err != nil && temporary(err) && !w.quiet && moves.onlyLeave() && w.want.DisplayName == w.was.DisplayName && w.was.ID != "" {
		err = p.leaveLater(ctx, x, w, moves)
	}
	if err != nil {
		return w.want, err
	}
	if len(moves.waiting) > 0 {
		x.woken = true
	}
	p.regrouped(people)
	got, err := p.acceptedGroup(context.WithoutCancel(ctx), w.key)
	if err == nil {
		err = spared(changes, moves.strangers)
	}
	return got.PushedGroup, err
}

// known lets the plan find the group in Omni that is to be linked: under its own name,
// and, where it isn't renamed, under the one that it is to have.
func (x *errand) known(w grouping) {
	if w.team == nil {
		return
	}
	l := x.ledger
	l.StrangerTeams = map[string]identity.Team{identity.FoldName(w.team.DisplayName): *w.team}
	if w.want.DisplayName == w.was.DisplayName {
		title, _ := x.pushes.engine.titleOf(w.key, Crowd{Name: w.want.DisplayName, Type: l.Groups[w.key].Type})
		l.StrangerTeams[identity.FoldName(title)] = *w.team
	}
}

// regrouped has those mapped anew who were moved by a push, where the mapping reads
// which groups users are in.
func (p *Pushes) regrouped(people map[identity.OktaID]bool) {
	e := p.engine
	switch {
	case !e.groupwise || len(people) == 0:
	case p.o.Pull:
		e.lookAt(userSubjects(people))
	default:
		e.watch.askFor(Request{Kind: Full, Cause: causePush + ": users.* read which groups users are in"})
	}
}

// stay notes that Okta has the members still whom a change that is kept would have taken
// out: the push is told so. What a pause halts is accepted.
func (n Notes) stay(l *Ledger, c Change) {
	if c.State != state.Kept || c.Halted {
		return
	}
	for _, id := range c.Drop {
		m := l.Members[c.Group][id]
		m.Okta = true
		n.member(c.Group, id, m)
	}
}

// spared tells what of an edit was refused, after the rest was done: a name, or the
// removal of somebody who is protected, or isn't ours.
func spared(changes []Change, strangers []string) error {
	if len(strangers) > 0 {
		return &fault.Error{Kind: fault.Declined, Detail: "members whom Omnisync doesn't manage stay: " + some(strangers, "user", "users"),
			Hint: "assign them to the app, then push the group again"}
	}
	for _, c := range changes {
		if c.Kind == Rename && c.State == state.Failed {
			return &fault.Error{Kind: fault.Refused, Op: c.Name, Detail: c.Reason + "; members go on under the old name"}
		}
		if c.State == state.Kept && len(c.Drop) > 0 && c.Guard == "" && !c.Halted {
			return &fault.Error{Kind: fault.Declined, Op: c.Name, Detail: c.Reason + "; everybody else was done"}
		}
	}
	return nil
}

// temporary reports whether a push that failed would do later.
func temporary(err error) bool {
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Conflict, fault.Refused, fault.Declined:
		return false
	case fault.Other, fault.Unavailable, fault.Limited, fault.Unauthorized, fault.Doubt, fault.Fenced:
	}
	return true
}

// leaveLater accepts removals of members that Omni can't be told of now.
func (p *Pushes) leaveLater(ctx context.Context, x *errand, w grouping, m moves) error {
	n := x.seen.clone()
	m.open = true
	p.acceptGroup(w, x.ledger.Groups[w.key], m, nil, n)
	err := p.engine.commit(context.WithoutCancel(ctx), x.ledger, n) // Omni took all the time that there was
	x.woken = true
	return err
}

// acceptGroup notes what was accepted, with what was done.
func (p *Pushes) acceptGroup(w grouping, rec state.Group, m moves, done []Change, n Notes) {
	accepted := state.PushedGroup{PushedGroup: w.want, Waiting: m.waiting}
	accepted.Members = nil
	accepted.ID = firstOf(w.was.ID, string(rec.Omni))
	for _, c := range done {
		accepted.ID = firstOf(accepted.ID, c.Omni)
	}
	accepted.Open = m.open
	if w.quiet && !p.pushedGroup(w.key) {
		return
	}
	if !w.quiet {
		accepted.Changed = time.Now().UTC()
	}
	if accepted.Created.IsZero() {
		accepted.Created = accepted.Changed
	}
	n.PushedGroups[w.key] = &accepted
}

// pushedGroup reports whether the group was ever pushed.
func (p *Pushes) pushedGroup(key identity.GroupID) bool {
	_, e, _ := find(p.book, &p.book.groups, withKey(key))
	return e.pushed
}

// memberHolds gives what is held about the members of the group.
func memberHolds(all map[string]state.Hold, group identity.GroupID, people map[identity.OktaID]bool) map[string]state.Hold {
	out := map[string]state.Hold{}
	for key, h := range all {
		if g, u, ok := memberOf(key); ok && g == group && people[u] {
			out[key] = h
		}
	}
	return out
}

func userSubjects(people map[identity.OktaID]bool) []string {
	list := make([]string, 0, len(people))
	for id := range people {
		list = append(list, userSubject(id))
	}
	slices.Sort(list)
	return list
}
