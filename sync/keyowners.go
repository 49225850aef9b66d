package sync

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// An API key acts as whoever made it. When that user leaves in Okta, a person is told,
// daily, until the key is another's or the user is assigned again: after the membership
// has ended the key may do less, or nothing. Omni is asked whose each key is, at the
// start and once a day; what it doesn't tell, the configuration may. The ledger keeps
// who it was, so that somebody who is forgotten with a deletion is known all the same.
//
//	hear -> find -> see -> tell

// metaKeys is the key of state.Keys in the ledger.
const metaKeys = "keys"

const (
	// keysWatched bounds how many keys are asked about.
	keysWatched = 20
	// ownerWithin is how long an answer is waited for: a run doesn't depend on it.
	ownerWithin = 15 * time.Second
	// daily is a day, less what a run may begin earlier than on the day before.
	daily = 23 * time.Hour
)

// watchKeys tells of keys whose owner leaves. Its error is one of the store.
func (e *Engine) watchKeys(ctx context.Context, run *run) error {
	if run.request.DryRun || e.o.Fence == "" {
		return nil
	}
	kept, _, err := state.Read[state.Keys](ctx, e.o.Store, state.Meta, metaKeys)
	if err != nil {
		return err
	}
	owners := slices.Clone(kept.Owners)
	if run.request.Kind == Full || run.request.Kind == Reconcile {
		owners = e.hearOwners(ctx, run, kept.Owners)
		if err := e.findOwners(ctx, run.ledger, owners); err != nil {
			return err
		}
	}
	seeOwners(owners, run.desired, run.ledger, run.started.UTC().Round(0))
	run.tellKeys(owners)
	if slices.Equal(owners, kept.Owners) {
		return nil
	}
	var b state.Batch
	state.Put(&b, state.Meta, metaKeys, state.Keys{Owners: owners})
	return e.put(ctx, b)
}

// hearOwners tells whose each key is. One that is as before keeps what is known of it.
func (e *Engine) hearOwners(ctx context.Context, run *run, kept []state.KeyOwner) []state.KeyOwner {
	var list []state.KeyOwner
	away := e.o.Omni.Away(ctx, false) > 0
	for key := 1; key <= min(e.o.Omni.Keys(), keysWatched); key++ {
		was := state.KeyOwner{Key: key}
		if i := slices.IndexFunc(kept, func(o state.KeyOwner) bool { return o.Key == key }); i >= 0 {
			was = kept[i]
		}
		now := state.KeyOwner{Key: key, Omni: was.Omni}
		if !away && run.started.Sub(e.ownersAsked[key]) >= daily {
			now.Omni, away = e.askOwner(ctx, run, was)
		}
		if now.Omni == "" && key <= len(e.o.KeyOwners) {
			now.Named = identity.FoldUserName(e.o.KeyOwners[key-1])
		}
		if now.Omni == was.Omni && now.Named == was.Named {
			now = was
		}
		if now.Omni != "" || now.Named != "" {
			list = append(list, now)
		}
	}
	return list
}

// askOwner asks Omni, and goes by what is known where it can't be asked: that tells
// nothing about the owner. Whatever comes, this key isn't asked about again that day; with
// an Omni that is busy or away, no other key is in this run.
func (e *Engine) askOwner(ctx context.Context, run *run, was state.KeyOwner) (owner identity.OmniID, away bool) {
	ctx, cancel := context.WithTimeout(identity.WithLane(ctx, identity.LaneName), ownerWithin)
	defer cancel()
	who, err := e.o.Omni.KeyOwner(ctx, was.Key)
	e.ownersAsked[was.Key] = run.started
	away = fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Limited)
	if err != nil && !fault.Is(err, fault.NotFound) { // which says that this Omni tells of nobody
		run.logger.Debug("whose an API key is can't be asked", zap.String("key", keyAt(was.Key)), zap.Error(err))
		return was.Omni, away
	}
	return who.Owner, away
}

// findOwners looks for the owners in the ledger, by its index. Of several of one name it
// takes who is active.
func (e *Engine) findOwners(ctx context.Context, l *Ledger, owners []state.KeyOwner) error {
	for i := range owners {
		o := &owners[i]
		if o.Okta != "" && mayOwn(l.Marks[o.Okta], *o) {
			continue
		}
		active := false
		for _, id := range likely(l.Marks, *o) {
			u, there, err := state.Read[state.User](ctx, e.o.Store, state.Users, string(id))
			if err != nil {
				return err
			}
			if there && owns(u, *o) && !active {
				o.Okta, o.UserName, o.Left, o.Alerted = id, u.UserName, time.Time{}, time.Time{}
				active = u.Active
			}
		}
	}
	return nil
}

// likely gives those who may be the owner, in order.
func likely(marks map[identity.OktaID]state.Mark, o state.KeyOwner) []identity.OktaID {
	var ids []identity.OktaID
	for id, m := range marks {
		if mayOwn(m, o) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// mayOwn goes by the index, which narrows a search and decides nothing.
func mayOwn(m state.Mark, o state.KeyOwner) bool {
	if o.Omni != "" {
		return m.Omni == state.IDSum(o.Omni)
	}
	return m.Name == state.NameSum(o.Named)
}

func owns(u state.User, o state.KeyOwner) bool {
	if o.Omni != "" {
		return u.Omni == o.Omni
	}
	return identity.FoldUserName(u.UserName) == o.Named
}

// seeOwners notes who of them leaves in Okta, and who is assigned again. What is in
// doubt changes nothing. Pure but for owners.
func seeOwners(owners []state.KeyOwner, d Desired, l *Ledger, now time.Time) {
	for i := range owners {
		o := &owners[i]
		if u, known := l.Users[o.Okta]; known {
			o.UserName = u.UserName
		}
		p, told := d.person(o.Okta)
		switch {
		case o.Okta == "" || !told || p.Fault != "" || p.Standing == identity.Doubtful:
		case !p.leaves():
			o.Left, o.Alerted = time.Time{}, time.Time{}
		case o.Left.IsZero() && len(d.Doubts) == 0:
			o.Left = now
		}
	}
}

// tellKeys tells a person of each key whose owner leaves, once a day.
func (r *run) tellKeys(owners []state.KeyOwner) {
	for i := range owners {
		o := &owners[i]
		if o.Left.IsZero() || r.started.Sub(o.Alerted) < daily {
			continue
		}
		o.Alerted = r.started.UTC().Round(0)
		k := leftKey(*o)
		r.desired.Notes = append(r.desired.Notes, k.String()+"; "+k.Hint)
		r.logger.Warn("the owner of an API key leaves", zap.String("key", k.Key), zap.String("owner", k.Owner), zap.Time("since", k.Since), zap.String("hint", k.Hint))
	}
}

// LeftKey is an API key whose owner leaves, or has left.
type LeftKey struct {
	Key   string    `json:"key"`   // its place, such as omni.api_keys[0]
	Owner string    `json:"owner"` // userName
	Since time.Time `json:"since"` // when a run first saw it
	Hint  string    `json:"hint"`  // what to do
}

// String tells it in a sentence.
func (k LeftKey) String() string {
	return fmt.Sprintf("the API key at %s was made by %s, who is no longer assigned in Okta (seen %s)", k.Key, k.Owner, k.Since.UTC().Format(time.RFC3339))
}

func leftKey(o state.KeyOwner) LeftKey {
	place := keyAt(o.Key)
	return LeftKey{Key: place, Owner: o.UserName, Since: o.Left.UTC(),
		Hint: "when that membership ends, Omni may refuse what the key does: let an admin who stays make an organization key in Omni under Settings > API access, and put it under " + place}
}

// keyAt names a key that is counted from 1 by its place in the configuration.
func keyAt(key int) string { return fmt.Sprintf("omni.api_keys[%d]", key-1) }

// leftKeys lists the keys whose owner leaves.
func leftKeys(ctx context.Context, s state.Store) ([]LeftKey, error) {
	kept, _, err := state.Read[state.Keys](ctx, s, state.Meta, metaKeys)
	var list []LeftKey
	for _, o := range kept.Owners {
		if !o.Left.IsZero() {
			list = append(list, leftKey(o))
		}
	}
	return list, err
}
