package okta_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/okta"
)

// company is a stand-in with 1234 people: assigned, in one group, which is pushed.
type company struct {
	*simokta.Org
	faults         sim.Faults
	group, mapping string
	reader         *okta.Reader
}

func newCompany(t *testing.T, knobs simokta.Knobs) *company {
	t.Helper()
	c := &company{Org: &simokta.Org{Token: "s3cret", Knobs: knobs}}
	r, err := okta.New(okta.Options{OrgURL: "https://acme.okta.com", AppID: simokta.DefaultAppID, Token: token, RateShare: 0.25, Transport: sim.Transport(c.faults.Wrap(c.Org))})
	if err != nil {
		t.Fatal(err)
	}
	c.reader = r
	return c
}

// fill is called in the bubble, so that all happens in one time.
func (c *company) fill() {
	c.group = c.AddGroup("Sales", "")
	for i := range 1234 {
		email := fmt.Sprintf("person%d@acme.test", i)
		id := c.AddUser(simokta.User{Login: email})
		c.Assign(id, simokta.AssignOptions{UserName: email})
		c.AddMember(c.group, id)
	}
	c.mapping = c.Push(c.group)
}

// newest is where the newest answer comes from.
func (c *company) newest(kind string) identity.Origin {
	all := c.Requests.All()
	return identity.Origin(fmt.Sprintf("okta request %s (%s)", all[len(all)-1].ID, kind))
}

// TestStandIn reads everything of a stand-in that is held to Okta's description.
func TestStandIn(t *testing.T) {
	c := newCompany(t, simokta.Knobs{Skew: time.Hour})
	r := c.reader
	synctest.Test(t, func(t *testing.T) {
		c.fill()
		app, err := r.App(t.Context())
		if err != nil || app.Status != "ACTIVE" || !app.Has("GROUP_PUSH") {
			t.Errorf("app: %+v, %v", app, err)
		}
		if skew := r.Skew(); skew < -time.Hour || skew > 2*time.Second-time.Hour {
			t.Errorf("skew: %v", skew)
		}
		assigned, err := assignments(r.Assignments(t.Context()))
		got := map[string]string{}
		for _, a := range assigned {
			got[string(a.ID)] = a.UserName
			if a.Standing() != identity.Assigned || a.Login != a.UserName {
				t.Fatalf("app user: %+v", a)
			}
		}
		if diff := cmp.Diff(c.Assigned(), got); err != nil || diff != "" {
			t.Errorf("app users: %v\n%s", err, diff)
		}
		mappings, err := collect(r.Mappings(t.Context()))
		if want := []identity.Mapping{{ID: c.mapping, Source: identity.GroupID(c.group), Status: "ACTIVE", Origin: c.newest("mappings")}}; err != nil || !slices.Equal(mappings, want) {
			t.Errorf("mappings: %+v, %v", mappings, err)
		}
		members, err := collect(r.Members(t.Context(), identity.GroupID(c.group)))
		if err != nil || len(members) != 1234 {
			t.Errorf("%d members, %v", len(members), err)
		}
		size, err := r.GroupSize(t.Context(), identity.GroupID(c.group))
		if err != nil || size != 1234 {
			t.Errorf("size %d, %v", size, err)
		}
		groups, err := r.Groups(t.Context(), []identity.GroupID{identity.GroupID(c.group), "00gnobody"})
		if err != nil || len(groups) != 2 || groups[identity.GroupID(c.group)].Name != "Sales" || groups["00gnobody"] != (identity.Group{Origin: c.newest("group")}) {
			t.Errorf("groups: %+v, %v", groups, err)
		}
	})
}

// TestStandInLeavers asks about people who left, in each of the ways.
func TestStandInLeavers(t *testing.T) {
	c := newCompany(t, simokta.Knobs{})
	r := c.reader
	synctest.Test(t, func(t *testing.T) {
		c.fill()
		ids := slices.Sorted(maps.Keys(c.Assigned()))
		unassigned, deactivated, deleted, here := ids[0], ids[1], ids[2], ids[3]
		<-time.After(time.Minute)
		c.Unassign(unassigned)
		c.SetStatus(deactivated, "DEPROVISIONED")
		c.SetStatus(deleted, "DEPROVISIONED")
		c.Delete(deleted)
		<-time.After(time.Minute)
		for id, want := range map[string]struct {
			departed, gone bool
			account        string
		}{unassigned: {true, false, "ACTIVE"}, deactivated: {true, true, "DEPROVISIONED"}, deleted: {true, true, ""}, here: {false, false, "ACTIVE"}} {
			id := identity.OktaID(id)
			if event, gone, err := r.Departed(t.Context(), id); err != nil || (event != "") != want.departed || gone != want.gone {
				t.Errorf("departed: %q, gone %t, %v, want %+v", event, gone, err, want)
			}
			account, err := r.Account(t.Context(), id)
			if account != want.account || want.account == "" && !fault.Is(err, fault.NotFound) {
				t.Errorf("account %q, %v, want %+v", account, err, want)
			}
			if _, err := r.Assignment(t.Context(), id); fault.Is(err, fault.NotFound) != want.departed {
				t.Errorf("assignment: %v, want %+v", err, want)
			}
		}
		groups, _, err := r.GroupsOf(t.Context(), identity.OktaID(here))
		if err != nil || !slices.Contains(groups, identity.GroupID(c.group)) {
			t.Errorf("groups of a user: %v, %v", groups, err)
		}
	})
}
