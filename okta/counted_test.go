package okta_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/omnisync/omnisync/identity"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
)

// TestCountedGroups: each group comes with Okta's own count, few and many, for as many
// requests as without; one that lists don't show comes without, and one that is gone is gone.
func TestCountedGroups(t *testing.T) {
	for _, n := range []int{1, 3, 21, 230} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			c := newCompany(t, simokta.Knobs{Limits: map[simokta.Bucket]int{simokta.BucketGroups: -1, simokta.BucketGroup: -1}})
			synctest.Test(t, func(t *testing.T) {
				who := c.AddUser(simokta.User{Login: "ann@acme.test"})
				var ids []identity.GroupID
				for i := range n {
					g := c.AddGroup(fmt.Sprint("G", i), "")
					ids = append(ids, identity.GroupID(g))
					if i%2 == 0 {
						c.AddMember(g, who)
					}
				}
				counted, err := c.reader.CountedGroups(t.Context(), ids)
				asked := len(c.Requests.All())
				plain, plainErr := c.reader.Groups(t.Context(), ids)
				if err != nil || plainErr != nil || asked != len(c.Requests.All())-asked {
					t.Errorf("%v, %v; %d requests, and %d without counting", err, plainErr, asked, len(c.Requests.All())-asked)
				}
				for i, id := range ids {
					g := counted[id]
					if g.Users == nil || *g.Users != 1-i%2 || plain[id].Users != nil {
						t.Fatalf("group %d is %+v, and without counting %+v", i, g, plain[id])
					}
					if g.Users, g.Origin = nil, plain[id].Origin; g != plain[id] {
						t.Errorf("group %d is %+v, and without counting %+v", i, g, plain[id])
					}
				}
				c.SetKnobs(func(k *simokta.Knobs) { k.Hidden, k.HiddenPaths = []string{string(ids[0])}, []string{"/api/v1/groups"} })
				c.DeleteGroup(string(ids[n-1]))
				counted, err = c.reader.CountedGroups(t.Context(), ids)
				if last := counted[ids[n-1]]; err != nil || !last.Gone() || n > 1 && (counted[ids[0]].Users != nil || counted[ids[0]].Name != "G0") {
					t.Errorf("%v; the hidden one is %+v, the deleted one %+v", err, counted[ids[0]], last)
				}
			})
		})
	}
}

// TestCountedGroupsRefuses: what isn't an id goes into no filter.
func TestCountedGroupsRefuses(t *testing.T) {
	c := newCompany(t, simokta.Knobs{})
	_, err := c.reader.CountedGroups(t.Context(), []identity.GroupID{`00g1" or id pr`})
	if err == nil || !strings.Contains(err.Error(), "not the form of an Okta id") || len(c.Requests.All()) > 0 {
		t.Errorf("%v, and %v", err, c.Requests.All())
	}
}
