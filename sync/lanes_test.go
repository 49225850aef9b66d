package sync

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// The lane of each kind of change, alone and beside others.
func TestLanesOfChanges(t *testing.T) {
	name := "New"
	patch := func(attributes bool) identity.UserPatch {
		p := identity.UserPatch{DisplayName: &name}
		if attributes {
			p.Attributes = map[string]*identity.Value{"region": nil}
		}
		return p
	}
	ids := func(list ...identity.OktaID) []identity.OktaID { return list }
	for _, tt := range []struct {
		what   string
		c      Change
		beside []Change
		waited bool
		want   identity.Lane
	}{
		{what: "an end", c: Change{Kind: Deactivate, User: "u"}, want: identity.LaneRemoval},
		{what: "an end that Okta waits for", c: Change{Kind: Delete, User: "u"}, waited: true, want: identity.LaneRemoval},
		{what: "a group's end", c: Change{Kind: Delete, Group: "g"}, want: identity.LaneRemoval},
		{what: "members who go", c: Change{Kind: Members, Group: "g", Drop: ids("u")}, want: identity.LaneRemoval},
		{what: "members who go and come", c: Change{Kind: Members, Group: "g", Drop: ids("u"), Add: ids("v")}, want: identity.LaneRemoval},
		{what: "attributes", c: Change{Kind: Update, User: "u", Patch: patch(true)}, want: identity.LaneRemoval},
		{what: "names", c: Change{Kind: Update, User: "u", Patch: patch(false)}, want: identity.LaneName},
		{what: "names that Okta waits for", c: Change{Kind: Update, User: "u", Patch: patch(false)}, waited: true, want: identity.LanePush},
		{what: "a newcomer", c: Change{Kind: Create, User: "u"}, want: identity.LaneJoiner},
		{what: "a newcomer that Okta waits for", c: Change{Kind: Create, User: "u"}, waited: true, want: identity.LanePush},
		{what: "who is adopted", c: Change{Kind: Adopt, User: "u"}, want: identity.LaneJoiner},
		{what: "who comes back", c: Change{Kind: Reactivate, User: "u"}, want: identity.LaneOther},
		{what: "a group's name", c: Change{Kind: Rename, Group: "g"}, want: identity.LaneName},
		{what: "members who come", c: Change{Kind: Members, Group: "g", Add: ids("u")}, want: identity.LaneOther},
		{what: "who comes from another group", c: Change{Kind: Members, Group: "g", Add: ids("u")},
			beside: []Change{{Kind: Members, Group: "h", Drop: ids("u")}}, want: identity.LaneMove},
		{what: "who comes with new attributes", c: Change{Kind: Members, Group: "g", Add: ids("u")},
			beside: []Change{{Kind: Update, User: "u", Patch: patch(true)}}, want: identity.LaneMove},
		{what: "newcomers who come", c: Change{Kind: Members, Group: "g", Add: ids("u")}, beside: []Change{{Kind: Create, User: "u"}}, want: identity.LaneOther},
	} {
		changes := append(tt.beside, tt.c)
		for i := range changes {
			changes[i].State = state.Planned
		}
		list := lanesOf(changes, tt.waited)
		if got := list[len(list)-1]; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, got, tt.want)
		}
	}
}

// What a user's change waits for goes in its lane, and what that waits for; the joiners
// whom a group waits for keep theirs.
func TestLanesOfWhatIsWaitedFor(t *testing.T) {
	list := lanesOf([]Change{
		{Kind: Update, User: "c", State: state.Planned},
		{Kind: Update, User: "b", State: state.Planned, Needs: []string{userSubject("c")}},
		{Kind: Update, User: "a", State: state.Planned, Needs: []string{userSubject("b")}, Patch: identity.UserPatch{Attributes: map[string]*identity.Value{"region": nil}}},
		{Kind: Create, User: "j", State: state.Planned},
		{Kind: Members, Group: "g", State: state.Planned, Add: []identity.OktaID{"j"}, Needs: []string{userSubject("j")}},
	}, false)
	for i, want := range []identity.Lane{identity.LaneRemoval, identity.LaneRemoval, identity.LaneRemoval, identity.LaneJoiner, identity.LaneOther} {
		if list[i] != want {
			t.Errorf("change %d: %s, want %s", i, list[i], want)
		}
	}
}

// Whoever holds what a removal needs goes in its lane, and so does whom that one waits for.
func TestTurnsHurry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turns turns
		lane := func(l identity.Lane) context.Context { return identity.WithLane(t.Context(), l) }
		name, joiner, removal := lane(identity.LaneName), lane(identity.LaneJoiner), lane(identity.LaneRemoval)
		first, err := turns.take(name, "user:a")
		if err != nil {
			t.Fatal(err)
		}
		took := func(ctx context.Context, subjects ...string) {
			done, err := turns.take(ctx, subjects...)
			if err != nil {
				t.Error(err)
				return
			}
			done()
		}
		go took(joiner, "user:a", "user:b")
		synctest.Wait()
		if identity.LaneOf(name) != identity.LaneJoiner {
			t.Errorf("behind it waits a joiner, and it goes as %s", identity.LaneOf(name))
		}
		go took(removal, "user:b")
		synctest.Wait()
		if identity.LaneOf(name) != identity.LaneRemoval || identity.LaneOf(joiner) != identity.LaneRemoval {
			t.Errorf("a removal waits for %s, and that for %s", identity.LaneOf(joiner), identity.LaneOf(name))
		}
		first()
		<-time.After(time.Second)
	})
}
