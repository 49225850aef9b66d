package sync

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"reflect"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// knownNow gives the key that the user is to have: Okta's id, where the push tells it
// of somebody who goes under a key of our own, and nobody has it yet.
func (p *Pushes) knownNow(key identity.OktaID, want identity.PushedUser) identity.OktaID {
	okta, told := identity.OktaIDOf(want.External)
	if !told || !isOwn(key) || !p.unlinked(okta) {
		return key
	}
	return okta
}

// recycles reports whether Okta found the resource of somebody whose membership is
// over, by its userName, and takes it for another Okta user's.
func (p *Pushes) recycles(key identity.OktaID, want identity.PushedUser) bool {
	okta, told := identity.OktaIDOf(want.External)
	_, e, known := find(p.book, &p.book.users, withKey(key))
	return known && told && want.Active && okta != key && !isOwn(key) && e.over() && p.book.isNamed(key, want.UserName)
}

func (p *Pushes) unlinked(key identity.OktaID) bool {
	_, e, _ := find(p.book, &p.book.users, withKey(key))
	return e.omni == "" && e.id == ""
}

// holder gives the user of a SCIM id. The lock is held.
func (b *book) holder(scim string) (identity.OktaID, bool) {
	key, known := b.users.ids[scim]
	if !known {
		key, known = b.users.omnis[scim]
	}
	return key, known
}

// rekey brings what is known of a user under another key. The turn on both is the
// caller's.
func (p *Pushes) rekey(ctx context.Context, from, to identity.OktaID) error {
	e := p.engine
	if from == to || !p.unlinked(to) || p.unlinked(from) {
		return nil
	}
	x, end := p.begin("", userSubject(to), userSubject(to), userSubject(from))
	defer end()
	if err := x.fetch(ctx, to, []identity.OktaID{from}); err != nil {
		return err
	}
	n := newNotes()
	if err := e.meetUser(ctx, n, x.ledger, from, to); err != nil {
		return err
	}
	return e.commit(ctx, x.ledger, n)
}

// ownUserKey makes the key of somebody who is to be created and whom Okta gives no
// id: the same at each try, so that what is held or intended is found again.
func (p *Pushes) ownUserKey(userName string) identity.OktaID {
	sum := sha256.Sum256([]byte(identity.FoldUserName(userName)))
	key := identity.OktaID(ownKey + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:16])))
	_, e, known := find(p.book, &p.book.users, withKey(key))
	if known && e.name != identity.FoldUserName(userName) { // who had the name has another one
		return identity.OktaID(newOwnKey())
	}
	return key
}

// heard notes a creation that was done when nobody waited for the answer any more:
// the same once more is then no second one.
func (p *Pushes) heard(ctx context.Context, key identity.OktaID, u identity.PushedUser, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.unheard, key)
	if err == nil && ctx.Err() != nil {
		p.unheard[key] = unheard{at: time.Now(), user: u}
	}
}

// answered reports whether the user was made by the same request lately, whose
// answer nobody heard.
func (p *Pushes) answered(key identity.OktaID, u identity.PushedUser) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	last, there := p.unheard[key]
	if there && time.Since(last.at) > unheardFor {
		delete(p.unheard, key)
		return false
	}
	u.Active = true
	return there && reflect.DeepEqual(last.user, u)
}

// late is the answer to who waited for their turn in vain.
func (p *Pushes) late(err error, object string) error {
	return &fault.Error{Kind: fault.Unavailable, Op: "wait for the turn", Err: err, After: p.o.Gate.Again(object)}
}
