package sync

import (
	"context"
	"maps"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// forgotten are those of whom the ledger has only a pseudonym. A name that was one of theirs
// is recognised all the same.
type forgotten map[identity.OktaID]state.Forgotten

// who gives those who had the name at any time, sorted.
func (f forgotten) who(userName string) []identity.OktaID {
	return f.matching(userName, func(rec state.Forgotten, sum string) bool { return slices.Contains(rec.Names, sum) })
}

// last gives those who had the name when they were forgotten, sorted.
func (f forgotten) last(userName string) []identity.OktaID {
	return f.matching(userName, func(rec state.Forgotten, sum string) bool { return rec.Name == sum })
}

func (f forgotten) matching(userName string, matches func(rec state.Forgotten, sum string) bool) []identity.OktaID {
	sums := map[string]string{} // by secret: one for all, but where ledgers were merged by hand
	var ids []identity.OktaID
	for id, rec := range f {
		salt := string(rec.Salt)
		if sums[salt] == "" {
			sums[salt] = state.KeyedSum(rec.Salt, userName)
		}
		if matches(rec, sums[salt]) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// salt gives the secret of this ledger's names, a new one where there is none.
func (f forgotten) salt() []byte {
	for _, id := range slices.Sorted(maps.Keys(f)) {
		return f[id].Salt
	}
	return state.NewSalt()
}

// heldBy gives the one of those forgotten who is still linked to the account that Omni has
// under the name, "" for nobody.
func (l *Ledger) heldBy(userName string) identity.OktaID {
	for _, id := range l.Forgotten.last(userName) {
		if u := l.Users[id]; u.Omni != "" && u.Forgotten {
			return id
		}
	}
	return ""
}

// recollect asks Omni what those are called whom Okta assigns again, so that they are
// compared with what stands there and not with a pseudonym. Of whom Omni doesn't tell
// nothing is decided. Then it inspects the accounts that newcomers would get.
func (e *Engine) recollect(ctx context.Context, run *run) error {
	for _, id := range slices.Sorted(maps.Keys(run.desired.Users)) {
		p, u := run.desired.Users[id], run.ledger.Users[id]
		if !u.Forgotten || !p.wanted() {
			continue
		}
		err := e.recollectOne(ctx, run, id)
		switch {
		case ctx.Err() != nil || fault.Is(err, fault.Unauthorized) || fault.Is(err, fault.Fenced):
			return err
		case err != nil:
			p.Fault = "the account is under a pseudonym in the ledger, and Omni doesn't tell its name: " + err.Error()
			run.desired.Users[id] = p
		}
	}
	return e.inspect(ctx, run.ledger, run.desired, run.insistsOnAll())
}

// recollectOne notes what Omni tells of one who was forgotten.
func (e *Engine) recollectOne(ctx context.Context, run *run, id identity.OktaID) error {
	l, n := run.ledger, newNotes()
	u := l.Users[id]
	account, err := e.o.Omni.User(ctx, u.Omni)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil {
		if err := l.fetchRows(ctx, e.o.Store, map[identity.OktaID]bool{id: true}); err != nil {
			return err
		}
		n.forgetUser(l, id)
		return e.note(ctx, run, n)
	}
	u.Forgotten = false
	n.user(id, corrected(u, account, e.policy.Attributes))
	return e.note(ctx, run, n)
}
