package sync

import (
	"context"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// partial is an Omni that clears the attribute, and leaves the displayName as it is.
type partial struct{ Omni }

func (partial) UpdateUser(context.Context, identity.OmniID, identity.UserPatch) (identity.Account, error) {
	return identity.Account{ID: "u1", Active: true, User: identity.User{UserName: "ada@acme.co", DisplayName: "Old", Attributes: map[string]identity.Value{}}},
		&fault.Error{Kind: fault.Refused, Op: "update Omni user", Detail: "Omni ignored displayName"}
}

// A loss that Omni did although it refused the rest counts for the window.
func TestPartialLossCounts(t *testing.T) {
	l := newLedger()
	v := identity.Value(`"Sales"`)
	l.Users["ada"] = state.User{Omni: "u1", Active: true, User: identity.User{UserName: "ada@acme.co", DisplayName: "Old", Attributes: map[string]identity.Value{"department": v}}}
	a := applying(l)
	a.engine.o.Omni = partial{}
	name := "New"
	c := Change{Kind: Update, User: "ada", Omni: "u1", Name: "ada@acme.co", State: state.Planned,
		Patch: identity.UserPatch{DisplayName: &name, Attributes: map[string]*identity.Value{"department": nil}}}
	c, notes := a.update(t.Context(), c)
	t.Log(c.State, c.Error, notes.Users["ada"].Attributes, notes.Spent)
	if _, has := notes.Users["ada"].Attributes["department"]; !has && notes.Spent[ofAttribute("department")] != 1 {
		t.Errorf("the ledger says that the value is gone, and the window counts %v", notes.Spent)
	}
}

// What a run beside is about to remove counts for a group that would be empty.
func TestGuardEmptiedByTwo(t *testing.T) {
	l := newLedger()
	p := testPolicy()
	p.Guard = Guard{Window: 24 * time.Hour, MemberRemovals: Limit{Count: 200, Percent: 50}, PerGroup: 50}
	l.Groups["sales"] = state.Group{Omni: "t1", Present: 10, Name: "Sales"}
	l.Groups["all"] = state.Group{Omni: "t2", Present: 1000, Name: "All"}
	members := func(ids ...identity.OktaID) Change {
		return Change{Kind: Members, Group: "sales", Omni: "t1", Name: "Sales", Drop: ids, State: state.Planned, Before: &state.Facts{}, After: &state.Facts{}}
	}
	l.others = map[string]int{guardMemberRemovals: 9, ofGroup("sales"): 9} // a full run beside is about to remove nine
	for _, c := range judge([]Change{members("tenth")}, Desired{}, l, p, time.Now()).Changes {
		if c.State != state.Held {
			t.Errorf("with nine of ten on their way out the tenth is %s", c.State)
		}
	}
}
