package sync

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// heirsFor is how long it counts who may take over: managers change.
const heirsFor = time.Hour

// findHeirs resolves deprovision.handover.to for the leaver, whose Okta user is read
// by id.
func (r *road) findHeirs(ctx context.Context) error {
	a := identity.Assignment{ID: r.change.User}
	user, err := r.engine.o.Okta.OktaUser(ctx, string(r.change.User))
	switch {
	case err == nil:
		a.Profile, a.Login = user.Profile, user.Login
	case !fault.Is(err, fault.NotFound): // of one that is deleted nothing can be read: who is named by address remains
		return err
	}
	var list []state.Candidate
	for _, named := range r.engine.o.Mapper.Candidates(a) {
		heir, err := r.heir(ctx, named)
		if err != nil {
			return err
		}
		list = append(list, heir)
	}
	r.record.To, r.record.Asked, r.stale = list, time.Now().UTC(), false
	r.dirty++
	return nil
}

// heir looks at one candidate. Why it can't be this one is told in it; an error says
// that it isn't known. The rows, first match first:
//
//	the entry                                     why not
//	can't be evaluated, or names nobody           that
//	nobody in Omni has the address                no member
//	the account is inactive                       not active
//	the leaver                                    leaves
//	unassigned in Okta                            leaves too
//	an attribute of same_attributes differs       that
func (r *road) heir(ctx context.Context, named identity.Candidate) (state.Candidate, error) {
	h := state.Candidate{Entry: named.Entry, Email: named.Email}
	if named.Email == "" {
		h.Why = named.Entry + " names nobody for this user"
		if named.Err != nil {
			h.Why = fmt.Sprintf("%s: %v", named.Entry, named.Err)
		}
		return h, nil
	}
	account, err := r.engine.o.Omni.FindUser(ctx, named.Email)
	switch {
	case fault.Is(err, fault.NotFound):
		h.Why = named.Email + " is no member in Omni"
		return h, nil
	case err != nil:
		return h, err
	}
	leaves, err := r.leaving(ctx, account.ID)
	if err != nil {
		return h, err
	}
	h.Email = cmp.Or(account.UserName, named.Email)
	h.Differs = r.differing(account)
	same := slices.DeleteFunc(slices.Clone(h.Differs), func(name string) bool { return !slices.Contains(r.record.Policy.Same, name) })
	switch {
	case account.ID == r.user.Omni:
		h.Why = named.Email + " is the user who leaves"
	case !account.Active:
		h.Why = named.Email + " isn't active in Omni"
	case leaves:
		h.Why = named.Email + " isn't assigned any more either"
	case len(same) > 0:
		h.Why = fmt.Sprintf("%s has another %s, which deprovision.handover.same_attributes rules out", named.Email, strings.Join(same, ", "))
	default:
		h.Omni = account.ID
	}
	return h, nil
}

// leaving reports whether an account is that of somebody on the way out.
func (r *road) leaving(ctx context.Context, id identity.OmniID) (bool, error) {
	r.lock()
	defer r.unlock()
	owners, err := r.ledger.owners(ctx, r.engine.o.Store, id)
	if err != nil || owners[id] == "" {
		return false, err
	}
	if err := r.ledger.fetch(ctx, r.engine.o.Store, map[identity.OktaID]bool{owners[id]: true}); err != nil {
		return false, err
	}
	return r.ledger.Users[owners[id]].Unassigned != nil, nil
}

// differing names the managed attributes of an account whose values aren't the leaver's.
func (r *road) differing(account identity.Account) []string {
	var names []string
	for _, name := range slices.Sorted(slices.Values(append(slices.Clone(r.engine.policy.Mapped), r.record.Policy.Same...))) {
		theirs, has := account.Attributes[name]
		mine, had := r.user.Attributes[name]
		if has != had || has && !theirs.Same(mine) {
			names = append(names, name)
		}
	}
	return slices.Compact(names)
}

// nextHeir is the first candidate who wasn't tried for an item; one without an id where
// there is none left.
func (r *road) nextHeir(it state.Item) state.Candidate {
	for _, h := range r.record.To {
		tried := slices.ContainsFunc(it.Tried, func(t state.Tried) bool { return t.To == h.Email })
		if h.Why == "" && !tried {
			return h
		}
	}
	return state.Candidate{}
}
