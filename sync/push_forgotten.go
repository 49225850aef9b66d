package sync

import (
	"context"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// What Okta pushes of somebody who was forgotten: it may still have the resource.

// pseudonymous reports whether the name is the pseudonym of the user with this key.
func (b *book) pseudonymous(key identity.OktaID, userName string) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	f, known := b.forgotten[key]
	return known && identity.FoldUserName(userName) == identity.FoldUserName(f.Address())
}

// isNamed reports whether the user goes under the name, or did until it was forgotten.
func (b *book) isNamed(key identity.OktaID, userName string) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Contains(b.users.of(identity.FoldUserName(userName)), key)
}

// nameAgain gives somebody back the name that Omni has, where Okta makes them active again
// without telling it.
func (p *Pushes) nameAgain(ctx context.Context, w *putting) error {
	if !w.want.Active || !p.book.pseudonymous(w.key, w.want.UserName) {
		return nil
	}
	_, e, _ := find(p.book, &p.book.users, withKey(w.key))
	account, err := p.engine.o.Omni.User(ctx, identity.OmniID(e.omni))
	if e.omni == "" || fault.Is(err, fault.NotFound) {
		return p.notFound("user", w.want.ID) // Okta then makes them anew, with all that it knows
	}
	if err != nil {
		return p.away(err, userSubject(w.key))
	}
	w.want.UserName = account.UserName
	if w.want.DisplayName == w.was.DisplayName {
		w.want.DisplayName = account.DisplayName
	}
	return nil
}

// keptOf is what is kept of a user who leaves: of one who is forgotten no more than was.
func (p *Pushes) keptOf(w putting) identity.PushedUser {
	if !p.book.pseudonymous(w.key, w.was.UserName) {
		return w.want
	}
	kept := w.was.PushedUser
	kept.Active = w.want.Active
	return kept
}
