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
	"go.uber.org/zap"
)

// turnWithin is how long a person's word about a link waits for others who are at work on
// the same person.
const turnWithin = 30 * time.Second

// linking is a link by hand while it lasts.
type linking struct {
	engine  *Engine
	order   LinkOrder
	id      identity.OktaID
	person  Person
	account identity.Account
	owns    identity.Belongings
	notes   []string
}

// Link links somebody whom Okta assigns to an account of Omni's that nobody is linked to.
// Nothing is written to Omni: the ledger gets what Omni has, and the next run brings that
// in line within the guards. The account that they were linked to stays as it is. It
// answers fault.NotFound where Omni has no such account or nobody knows the person,
// fault.Conflict where they are linked to it already, and fault.Refused where it can't be.
func (e *Engine) Link(ctx context.Context, o LinkOrder) (LinkAnswer, error) {
	k := &linking{engine: e, order: o}
	if err := k.find(ctx); err != nil {
		return LinkAnswer{}, err
	}
	if err := k.look(ctx); err != nil {
		return LinkAnswer{}, err
	}
	if !o.DryRun { // who only looks waits for nobody
		done, err := e.turnOn(ctx, userSubject(k.id), nameSubject(k.account.UserName)) // by which a run may adopt it
		if err != nil {
			return LinkAnswer{}, err
		}
		defer done()
		if err := k.look(ctx); err != nil {
			return LinkAnswer{}, err
		}
	}
	answer, n, err := k.write(ctx)
	if err != nil {
		return LinkAnswer{}, err
	}
	if o.DryRun {
		answer.Changes, err = e.foresee(ctx, o.Subject, n)
		return answer, err
	}
	e.said(ctx, state.ArchivedTie{Okta: k.id, Omni: k.account.ID, By: o.By, At: n.Users[k.id].Linked})
	e.lookNow(k.id)
	return answer, nil
}

// said keeps in the archive what a person said about a link, and remembers how far the ledger
// is with it: an older copy of it is noticed.
func (e *Engine) said(ctx context.Context, tie state.ArchivedTie) {
	e.archive(ctx, archived(state.ArchivedLink, []state.ArchivedTie{tie})...)
	if err := e.place(ctx); err != nil {
		e.o.Log.Warn("how far the ledger is isn't remembered before the next run", zap.Error(err))
	}
}

// turnOn waits until nobody else is at work on the person.
func (e *Engine) turnOn(ctx context.Context, subjects ...string) (done func(), err error) {
	waiting, cancel := context.WithTimeout(ctx, turnWithin)
	defer cancel()
	if done, err = e.turns.take(waiting, subjects...); err != nil {
		err = &fault.Error{Kind: fault.Unavailable, Op: "wait for the run that is at work on this user", Err: err, Hint: "nothing was done; try again in a minute"}
	}
	return done, err
}

// find finds whom the order is about, and what Okta says of them.
func (k *linking) find(ctx context.Context) error {
	e := k.engine
	d, err := e.findTied(ctx, k.order.Subject)
	if err != nil {
		return err
	}
	switch {
	case d.id == "":
		return k.refuse(fmt.Sprintf("no app user of Okta is known as %q, only an account in Omni", d.subject), "name the person by the app username, or the Okta id")
	case d.oktaErr != nil:
		return d.oktaErr
	case d.assigned == nil:
		return k.refuse("Okta doesn't assign them to the app", "assign them in Okta first")
	}
	k.id, k.person = d.id, e.person(d.assigned.Sighting(), e.askGroups(ctx, d.id))
	switch p := k.person; {
	case p.Fault != "":
		return k.refuse(p.Fault, "mend that first, in Okta or in users.* of the configuration")
	case p.leaves():
		return k.refuse("Okta doesn't assign them to the app, or users.scope leaves them out", "assign them in Okta first; syncd explain "+argument(k.order.Subject)+" tells more")
	}
	return nil
}

// findTied finds a person whose link is to be changed, in a ledger that can be gone by.
func (e *Engine) findTied(ctx context.Context, subject string) (*dossier, error) {
	d := &dossier{subject: strings.TrimSpace(subject), policy: e.policy}
	c, err := e.connection(ctx)
	switch {
	case err != nil:
	case d.subject == "":
		err = &fault.Error{Kind: fault.Refused, Op: "find a person", Detail: "no name is given", Hint: "name an email address, an Okta id or an Omni id"}
	case c.Org == "":
		err = &fault.Error{Kind: fault.Refused, Op: "the ledger is empty", Hint: "run: syncd reconcile"}
	default:
		err = firstError(e.owns(c), e.unlost(ctx, c))
	}
	if err == nil {
		err = e.find(ctx, d)
	}
	return d, err
}

func (k *linking) refuse(detail, hint string) error {
	return &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("link %s to Omni's account %s", k.order.Subject, k.order.OmniID), Detail: detail, Hint: "nothing was done; " + hint}
}

// look reads the account, and refuses one that can't be theirs.
func (k *linking) look(ctx context.Context) (err error) {
	e := k.engine
	k.notes = nil
	k.account, err = e.o.Omni.User(ctx, identity.OmniID(k.order.OmniID))
	switch {
	case fault.Is(err, fault.NotFound):
		return &fault.Error{Kind: fault.NotFound, Op: fmt.Sprintf("Omni has no account %q", k.order.OmniID), Detail: "embed and email-only users aren't accounts that anybody can be linked to",
			Hint: "nothing was done; an account's id is told by syncd explain, and by Omni's list of users"}
	case err != nil:
		return err
	}
	if renames := identity.FoldUserName(k.account.UserName) != identity.FoldUserName(k.person.UserName); renames {
		if glob := (&planner{policy: e.policy}).protected(k.account.UserName, k.person.UserName); glob != "" {
			return k.refuse(fmt.Sprintf("the account's userName is %s, not %s, and users.protected %q keeps it from being changed", k.account.UserName, k.person.UserName, glob),
				"take the name out of users.protected, or rename the account in Omni")
		}
	}
	if k.owns, err = e.o.Omni.Belongings(ctx, k.account.ID); err != nil {
		if fault.Is(err, fault.Unauthorized) || ctx.Err() != nil {
			return err
		}
		k.notes = append(k.notes, "what the account owns, and which roles it holds, could not be read: "+err.Error())
	}
	return nil
}

// write works the link out of the ledger as it stands, and writes it unless the order is
// dry. It gives the notes that it consists of.
func (k *linking) write(ctx context.Context) (LinkAnswer, Notes, error) {
	e := k.engine
	e.deciding.Lock()
	defer e.deciding.Unlock()
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	l, err := e.tied(ctx, k.id)
	if err != nil {
		return LinkAnswer{}, Notes{}, err
	}
	was := l.Users[k.id]
	owners, err := l.owners(ctx, e.o.Store, k.account.ID)
	if owner := owners[k.account.ID]; err == nil {
		if err = l.fetch(ctx, e.o.Store, map[identity.OktaID]bool{owner: true}); err == nil {
			err = k.free(l, was, owner)
		}
	}
	if err != nil {
		return LinkAnswer{}, Notes{}, err
	}
	n := k.newLink(l, was)
	answer := LinkAnswer{UserName: k.person.UserName, OktaID: string(k.id), DryRun: k.order.DryRun, Account: accountOf(k.account), Was: wasAccount(was)}
	answer.Account.ModelRoles = k.owns.ModelRoles
	answer.Notes = k.warnings(was)
	told := Change{Kind: Relink, User: k.id, Omni: string(k.account.ID), Name: k.person.UserName, State: state.Applied,
		Before: activeFacts(was), After: &state.Facts{UserName: k.account.UserName, Active: &k.account.Active}, Reason: k.reason(was)}.tell()
	told.Cause, told.Time = CauseCommand, n.Users[k.id].Linked
	n.Log = append(n.Log, told)
	if k.order.DryRun {
		return answer, n, nil
	}
	return answer, n, e.committed(ctx, l, n)
}

// tied reads of the ledger what a link of one person needs. The lock is held.
func (e *Engine) tied(ctx context.Context, id identity.OktaID) (*Ledger, error) {
	l, one := newLedger(), map[identity.OktaID]bool{id: true}
	l.book = e.book
	err := l.recall(ctx, e.o.Store, false)
	if err == nil && l.book == nil {
		err = l.fetchMarks(ctx, e.o.Store)
	}
	if err == nil {
		err = l.fetch(ctx, e.o.Store, one)
	}
	if err == nil {
		err = l.fetchRows(ctx, e.o.Store, one)
	}
	return l, err
}

// free refuses what somebody is linked to, or may be about to be.
func (k *linking) free(l *Ledger, was state.User, owner identity.OktaID) error {
	switch {
	case owner == k.id:
		return &fault.Error{Kind: fault.Conflict, Op: fmt.Sprintf("%s is linked to Omni's account %s already", k.order.Subject, k.order.OmniID), Hint: "nothing was done"}
	case owner != "":
		return k.refuse(fmt.Sprintf("Okta user %s (%s) is linked to it", owner, l.Users[owner].UserName), "where that is wrong, run: syncd unlink "+argument(string(owner)))
	}
	return undecided(was, k.refuse)
}

// undecided refuses while Omni was asked something about the person, and its answer isn't
// known.
func undecided(u state.User, refuse func(detail, hint string) error) error {
	if u.Sent != nil || u.Omni == "" && u.Intent != "" {
		return refuse("what Omni made of the last change of this user isn't known yet", "run syncd reconcile first")
	}
	return nil
}

// newLink notes the link, and what the ledger then knows of the person in Omni.
func (k *linking) newLink(l *Ledger, was state.User) Notes {
	e, n := k.engine, newNotes()
	u := state.User{Omni: k.account.ID, Link: state.LinkedByHand, Linked: time.Now().UTC(), LinkedBy: k.order.By,
		Account: firstOf(k.person.Account, was.Account), Extra: was.Extra, Pushed: was.Pushed}
	pl := &planner{policy: e.defining(e.policy)}
	_, u.Kept = pl.adoption(state.User{Omni: k.account.ID, User: k.account.User, Active: k.account.Active}, k.person.User)
	n.user(k.id, corrected(u, k.account, e.policy.Attributes))
	n.let(l, k.id)
	for g, group := range l.Groups {
		m := l.Members[g][k.id]
		if now := k.placeIn(group, m); now != m {
			n.member(g, k.id, now)
		}
	}
	if _, key, marked := l.unlinked(k.id, k.person.UserName); marked {
		n.Unlinked[key] = nil
	}
	return n
}

// placeIn is the place of the account in a group, as Omni tells it.
func (k *linking) placeIn(g state.Group, m state.Member) state.Member {
	now := state.Member{Okta: m.Okta}
	switch {
	case g.Omni == "" || !slices.Contains(k.account.Groups, g.Omni):
	case !k.account.Active:
		now.Omni = state.Ended
	case !m.Okta && g.Link == state.Adopted:
		now.Omni = state.Found
	default:
		now.Omni = state.Present
	}
	return now
}

// let forgets what waits, fails or goes on because of the account that the person was
// linked to.
func (n Notes) let(l *Ledger, id identity.OktaID) {
	for key := range l.Holds {
		if slices.Contains(subjectsOf(key), userSubject(id)) {
			n.Holds[key] = nil
		}
	}
	if _, failing := l.Failing[userSubject(id)]; failing {
		n.Failing[userSubject(id)] = nil
	}
	if _, leaves := l.Leavers[id]; leaves {
		n.Leavers[id] = nil
	}
	if _, kept := l.Undone.user(id); kept { // as the other account was
		n.Undone[userSubject(id)] = nil
	}
}

func (k *linking) reason(was state.User) string {
	words := fmt.Sprintf("linked by %s to Omni's account %s", k.order.By, k.account.ID)
	if was.Omni != "" {
		words += fmt.Sprintf(", and to %s no more, which stays as it is", was.Omni)
	}
	return words
}

// warnings tell what a person should know before such a link.
func (k *linking) warnings(was state.User) []string {
	notes := []string{}
	if k.account.OrgAdmin {
		notes = append(notes, "the account is an ORGANIZATION ADMIN's: this person becomes one")
	}
	if len(k.owns.ModelRoles) > 0 {
		notes = append(notes, "the account holds MODEL ROLES, which this person gets: "+strings.Join(k.owns.ModelRoles, ", "))
	}
	if n := k.owns.Schedules + k.owns.Documents; n > 0 {
		notes = append(notes, fmt.Sprintf("the account owns %s and %s, which this person gets", counted(k.owns.Schedules, "schedule"), counted(k.owns.Documents, "document")))
	}
	if k.account.Groups == nil {
		notes = append(notes, "Omni doesn't tell which groups the account is in; the next reconcile does")
	}
	if was.Omni != "" {
		notes = append(notes, staysBehind(was))
	}
	return append(notes, k.notes...)
}

// staysBehind tells what becomes of an account that nobody is linked to any more.
func staysBehind(was state.User) string {
	if !was.Active {
		return fmt.Sprintf("Omni's account %s (%s) stays as it is, inactive, and isn't managed any more", was.Omni, was.UserName)
	}
	return fmt.Sprintf("Omni's account %s (%s) stays as it is and isn't managed any more: it keeps its access and its groups until somebody decides in Omni", was.Omni, was.UserName)
}

func accountOf(a identity.Account) *LinkAccount {
	return &LinkAccount{OmniID: string(a.ID), UserName: a.UserName, DisplayName: a.DisplayName, Active: a.Active, OrgAdmin: a.OrgAdmin}
}

// wasAccount is the account of a record, nil for none.
func wasAccount(u state.User) *LinkAccount {
	if u.Omni == "" {
		return nil
	}
	return &LinkAccount{OmniID: string(u.Omni), UserName: u.UserName, DisplayName: u.DisplayName, Active: u.Active, OrgAdmin: u.OrgAdmin}
}

// activeFacts tells of the account of a record whether it is active, nil for none.
func activeFacts(u state.User) *state.Facts {
	if u.Omni == "" {
		return nil
	}
	return &state.Facts{UserName: u.UserName, Active: &u.Active}
}

// foresee tells what the next run would do about somebody if the notes were in the ledger.
func (e *Engine) foresee(ctx context.Context, subject string, n Notes) ([]state.Change, error) {
	run := e.begin(Request{Kind: User, Subject: subject, DryRun: true, Cause: CauseCommand})
	n.Log = nil
	run.assumed = &n
	rep, err := e.walk(ctx, run)
	return rep.Changes, err
}

// lookNow has the next delta look at somebody, and begin soon; a full run where there are
// no deltas.
func (e *Engine) lookNow(id identity.OktaID) {
	e.lookAtOnce(userSubject(id))
	e.watch.mu.Lock()
	ask, rearm := e.watch.ask, e.watch.rearm
	e.watch.mu.Unlock()
	switch {
	case rearm != nil:
		rearm()
	case ask != nil:
		ask(Request{Kind: Full, Cause: CauseCommand})
	}
	if e.decided != nil {
		e.decided()
	}
}
