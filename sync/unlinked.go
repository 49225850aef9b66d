package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Whom a person has unlinked from an account is the one from whom nothing follows by
// itself: by name they would be linked to the same account again. The plan shows their
// account as held, until somebody approves it, links them, or Okta assigns them no more.

// unlinked finds what a person said about somebody's link, and under which key: their own,
// or one of before Okta told their id.
func (l *Ledger) unlinked(id identity.OktaID, userName string) (state.Unlinked, identity.OktaID, bool) {
	if mark, known := l.Unlinked[id]; known {
		return mark, id, true
	}
	for key, mark := range l.Unlinked {
		if isOwn(key) && identity.FoldUserName(mark.UserName) == identity.FoldUserName(userName) {
			return mark, key, true
		}
	}
	return state.Unlinked{}, "", false
}

// withoutLink holds the account of somebody who was unlinked; it reports false for
// everybody else.
func (pl *planner) withoutLink(c Change, p Person) (Change, bool) {
	mark, _, waits := pl.ledger.unlinked(c.User, p.UserName)
	if !waits {
		return c, false
	}
	c.State, c.Guard = state.Held, guardUnlinked
	c.Reason = fmt.Sprintf("unlinked from Omni's account %s by %s on %s; once approved, this user gets an account as anybody does, and that one where it has their name; syncd link names another",
		mark.Omni, mark.By, mark.At.UTC().Format(time.DateOnly))
	if h := pl.ledger.Holds[c.key()]; h.Decision == state.Rejected {
		c.State, c.Guard, c.Reason = state.Kept, "", ruled(h)+"; syncd link names an account"
	}
	return c, true
}

// letGo ends what was said about somebody's link, as a person approves an account for them.
func (n Notes) letGo(marks map[identity.OktaID]state.Unlinked, c state.Change) {
	l := &Ledger{Unlinked: marks}
	if _, key, known := l.unlinked(identity.OktaID(c.OktaID), c.UserName); known {
		n.Unlinked[key] = nil
	}
}

// endUnlinks forgets what was said about the links of those whom Okta assigns no more.
// Who is only missing from a list is asked about by id.
func (e *Engine) endUnlinks(ctx context.Context, run *run) error {
	n := newNotes()
	for _, id := range slices.Sorted(maps.Keys(run.ledger.Unlinked)) {
		p, told := run.desired.person(id)
		if !told || !p.leaves() {
			continue
		}
		if _, named := run.desired.Users[id]; !named {
			a, err := e.oktaOf(id).Assignment(ctx, id)
			if ctx.Err() != nil || fault.Is(err, fault.Unauthorized) {
				return err
			}
			if err != nil && !fault.Is(err, fault.NotFound) || err == nil && a.Standing() != identity.Unassigned {
				continue
			}
		}
		n.Unlinked[id] = nil
	}
	if len(n.Unlinked) == 0 {
		return nil
	}
	return e.note(ctx, run, n)
}

// relinked reports whether the user is linked to another account, or to none, since the
// change was planned; or somebody else to the account that it adopts.
func (l *Ledger) relinked(c Change) bool {
	omni := string(l.Users[c.User].Omni)
	if c.Kind == Create || c.Kind == Adopt {
		return omni != "" || c.Kind == Adopt && l.taken(c)
	}
	return omni != c.Omni
}

// taken reports whether others have linked somebody to the account meanwhile.
func (l *Ledger) taken(c Change) bool {
	for subject := range l.moved {
		id := identity.OktaID(strings.TrimPrefix(subject, userSubject("")))
		if id != c.Former && string(l.Users[id].Omni) == c.Omni {
			return true
		}
	}
	return false
}

// linker tells on whose word the run links, for the records.
func (r *run) linker() string {
	if r.request.Kind == Push {
		return state.ByPush
	}
	return ""
}

// Unlink has the ledger forget whose account one is. The account stays in Omni as it is, and
// isn't managed any more; whom it was linked to gets none before somebody decides. It
// answers fault.NotFound where nobody knows the person, and fault.Refused where they are
// linked to none.
func (e *Engine) Unlink(ctx context.Context, o LinkOrder) (LinkAnswer, error) {
	d, err := e.findTied(ctx, o.Subject)
	if err != nil {
		return LinkAnswer{}, err
	}
	if d.id == "" {
		return LinkAnswer{}, o.unlinkable("only Omni knows them, so that they are linked to nobody", "syncd links lists who is linked")
	}
	if !o.DryRun {
		done, err := e.turnOn(ctx, userSubject(d.id))
		if err != nil {
			return LinkAnswer{}, err
		}
		defer done()
	}
	was, err := e.unlink(ctx, d, o)
	if err != nil {
		return LinkAnswer{}, err
	}
	answer := LinkAnswer{UserName: firstOf(d.appName(), was.UserName), OktaID: string(d.id), DryRun: o.DryRun, Was: wasAccount(was), Notes: d.unlinkNotes(was)}
	if !o.DryRun {
		e.lookNow(d.id)
	}
	return answer, nil
}

func (o LinkOrder) unlinkable(detail, hint string) error {
	return &fault.Error{Kind: fault.Refused, Op: "unlink " + o.Subject, Detail: detail, Hint: "nothing was done; " + hint}
}

// unlink writes it, unless the order is dry. It gives the record that there was.
func (e *Engine) unlink(ctx context.Context, d *dossier, o LinkOrder) (state.User, error) {
	e.deciding.Lock()
	defer e.deciding.Unlock()
	e.ledgers.Lock()
	defer e.ledgers.Unlock()
	l, err := e.tied(ctx, d.id)
	if err != nil {
		return state.User{}, err
	}
	was := l.Users[d.id]
	if was.Omni == "" && was.Intent == "" {
		return was, o.unlinkable("they are linked to no account in Omni", "syncd links lists who is linked")
	}
	if err := undecided(was, o.unlinkable); err != nil || o.DryRun {
		return was, err
	}
	now, n := time.Now().UTC(), newNotes()
	n.forgetUser(l, d.id)
	n.let(l, d.id)
	if d.mayBeAssigned() {
		n.Unlinked[d.id] = &state.Unlinked{By: o.By, At: now, Omni: was.Omni, UserName: was.UserName}
	}
	told := Change{Kind: Unlink, User: d.id, Omni: string(was.Omni), Name: was.UserName, State: state.Applied, Before: activeFacts(was),
		Reason: fmt.Sprintf("unlinked by %s from Omni's account %s, which stays as it is and isn't managed any more", o.By, was.Omni)}.tell()
	told.Cause, told.Time = CauseCommand, now
	n.Log = append(n.Log, told)
	if err := e.committed(ctx, l, n); err != nil {
		return was, err
	}
	e.said(ctx, state.ArchivedTie{Okta: d.id, Omni: was.Omni, By: o.By, At: now, Unlinked: true})
	return was, nil
}

// mayBeAssigned reports whether Okta assigns the person, or doesn't tell.
func (d *dossier) mayBeAssigned() bool { return d.assigned != nil || d.oktaErr != nil }

// unlinkNotes tell what a person should know before an unlinking.
func (d *dossier) unlinkNotes(was state.User) []string {
	notes := []string{staysBehind(was)}
	if was.OrgAdmin {
		notes = append(notes, "the account is an ORGANIZATION ADMIN's")
	}
	if was.Active && was.Unassigned != nil {
		notes = append(notes, fmt.Sprintf("Okta assigns them no more since %s: the account would have been deactivated, and isn't now", moment(*was.Unassigned)))
	}
	if d.mayBeAssigned() {
		notes = append(notes, "no account is made or linked for them before somebody approves it (syncd status shows it as held), or syncd link names one")
	}
	return notes
}

// appName is the app username, "" where they aren't assigned.
func (d *dossier) appName() string {
	if d.assigned == nil {
		return ""
	}
	return d.assigned.UserName
}
