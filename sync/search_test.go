package sync_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/sync"
)

// People and groups are found by the beginning of any word of their names, and told as they
// stand now.
func TestSearch(t *testing.T) {
	p := defaults()
	p.Grace = time.Hour
	simulated(t, p, func(c *company) {
		t := c.t
		ids := c.join("Ann@acme.co", "anton@acme.co", "bob@acme.co")
		c.okta.UpdateProfile(ids[2], map[string]any{"displayName": "Bob van Antwerp"})
		c.push("Sales EMEA", ids[1], ids[2])
		c.push("Analysts")
		c.run(sync.Full)
		c.okta.Unassign(ids[0])
		known := sync.NewKnown(c.store)
		people := func(prefix string, limit int) (got []string) {
			list, more, err := known.People(t.Context(), sync.Search{Prefix: prefix, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range list {
				if f.OmniID == "" || !slices.Contains(ids, f.OktaID) {
					t.Errorf("ids of %+v", f)
				}
				got = append(got, f.UserName+" "+f.Account)
			}
			if more {
				got = append(got, "more")
			}
			return got
		}
		want := func(got []string, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
		want(people("AN", 0), "Ann@acme.co active", "anton@acme.co active", "bob@acme.co active")
		want(people("an", 2), "Ann@acme.co active", "anton@acme.co active", "more")
		want(people("van ant", 1), "bob@acme.co active")
		want(people("twerp", 0))
		c.run(sync.Full)
		want(people("ann", 0), "Ann@acme.co leaving")
		<-time.After(2 * time.Hour)
		c.run(sync.Full)
		want(people("ann", 0), "Ann@acme.co inactive")

		groups, more, err := known.Groups(t.Context(), sync.Search{Prefix: "em", Limit: 1})
		if err != nil || more || len(groups) != 1 || groups[0].Name != "Sales EMEA" || groups[0].Members != 2 || groups[0].Synced != "yes" {
			t.Errorf("%+v, %v, %v", groups, more, err)
		}
		if groups, _, _ := known.Groups(t.Context(), sync.Search{}); len(groups) != 2 {
			t.Errorf("all groups: %+v", groups)
		}
	})
}
