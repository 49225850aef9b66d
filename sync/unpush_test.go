package sync_test

import (
	"strings"
	"testing"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/sync"
)

// leave is a way for a group to leave the selection of a source.
type leave struct {
	name   string
	groups sync.Selection
	do     func(c *company, id string)
}

var leaves = []leave{
	{"un-pushed", sync.Selection{From: "push_mappings"}, unpush},
	{"pushed and deleted", sync.Selection{From: "push_mappings"}, func(c *company, id string) { c.okta.DeleteGroup(id) }},
	{"unassigned", sync.Selection{From: "app_groups"}, func(c *company, id string) { c.okta.UnassignGroup(id) }},
	{"assigned and deleted", sync.Selection{From: "app_groups"}, func(c *company, id string) { c.okta.DeleteGroup(id) }},
	{"renamed, by name", sync.Selection{From: "match", Match: []string{"Sales", "omni/data"}}, rename},
	{"renamed, by glob", sync.Selection{From: "match", Match: []string{"S*", "omni/*"}}, rename},
	{"deleted, by name", sync.Selection{From: "match", Match: []string{"Sales", "omni/data"}}, func(c *company, id string) { c.okta.DeleteGroup(id) }},
	{"deleted, by glob", sync.Selection{From: "match", Match: []string{"S*", "omni/*"}}, func(c *company, id string) { c.okta.DeleteGroup(id) }},
}

func unpush(c *company, id string) {
	for _, m := range c.mappings() {
		if m[1] == id {
			c.okta.Unpush(m[0])
		}
	}
}

func rename(c *company, id string) { c.okta.RenameGroup(id, "Former") }

// mappings gives id and source of every mapping, as Okta lists them.
func (c *company) mappings() [][2]string {
	c.t.Helper()
	var list [][2]string
	for m, err := range c.source.Mappings(c.t.Context()) {
		if err != nil {
			c.t.Fatal(err)
		}
		list = append(list, [2]string{m.ID, string(m.Source)})
	}
	return list
}

// A group that certainly left the selection is let go: it stays in Omni, and
// nobody touches it any more.
func TestGroupsThatLeaveTheSelectionAreReleased(t *testing.T) {
	for _, way := range leaves {
		t.Run(way.name, func(t *testing.T) {
			p := lenient()
			p.Groups = way.groups
			simulated(t, p, func(c *company) {
				ids := groupsOfEveryKind(c)
				c.want(c.run(sync.Full), sync.Done)
				c.wantNames("the managed groups", within(managed(c), "Sales", "omni/data"), "Sales", "omni/data")
				way.do(c, ids["Sales"])
				c.omni.ResetLog()
				c.want(c.run(sync.Full), sync.Done)
				c.wantNames("the managed groups", within(managed(c), "Sales", "Former", "omni/data"), "omni/data")
				c.wantNames("Omni's groups", within(teams(c), "Sales", "Former"), "Sales")
				c.wantNames("the members", c.teamOf("Sales"), staff(2)...)
				if n := c.omni.Writes(); n != 0 {
					t.Errorf("%d writes about a group that is only let go", n)
				}
				c.silent()
			})
		})
	}
}

// A list that fails lets nothing go, also not what did leave the selection: who
// can't be listed isn't asked for.
func TestPromise2ListThatFailsLetsNothingGo(t *testing.T) {
	for source, list := range sourceLists {
		for _, way := range leaves {
			if way.groups.From != list.groups.From {
				continue
			}
			t.Run(source+"/"+way.name, func(t *testing.T) {
				p := lenient()
				p.Groups, p.OnUnpush = sync.Selection{From: list.groups.From}, "delete"
				if p.Groups.From == "match" {
					p.Groups.Match = []string{"S[a]les"}
				}
				simulated(t, p, func(c *company) {
					ids := c.join(staff(2)...)
					sales, _ := c.push("Sales", ids...)
					c.okta.AssignGroup(sales)
					c.want(c.run(sync.Full), sync.Done)
					way.do(c, sales)
					c.oktaFaults.Add(sim.Fault{Path: list.path, Do: sim.Status(500, "{}", nil)})
					c.want(c.run(sync.Full), sync.Doubtful)
					c.wantNames("the managed groups", managed(c), "Sales")
				})
			})
		}
	}
}

// within keeps the names that are asked for.
func within(names []string, of ...string) []string {
	kept := []string{}
	for _, name := range names {
		if strings.Contains(" "+strings.Join(of, " ")+" ", " "+name+" ") {
			kept = append(kept, name)
		}
	}
	return kept
}

// With on_unpush: delete one group is deleted unasked, and several wait, whatever
// the source.
func TestDeletionsOfGroupsAreGuardedUnderEachSource(t *testing.T) {
	for _, way := range leaves {
		for _, many := range []bool{false, true} {
			t.Run(way.name, func(t *testing.T) {
				p := defaults()
				p.Groups, p.OnUnpush = way.groups, "delete"
				simulated(t, p, func(c *company) {
					ids := groupsOfEveryKind(c)
					c.run(sync.Full)
					way.do(c, ids["Sales"])
					want, left := sync.Done, []string{"omni/data"}
					if many {
						way.do(c, ids["omni/data"])
						want, left = sync.Holding, []string{"Sales", "omni/data"}
					}
					c.want(c.run(sync.Full), want)
					c.wantNames("Omni's groups", within(teams(c), "Sales", "omni/data"), left...)
				})
			})
		}
	}
}

// What is answered when a missing group is asked for by id decides: only the
// certain no lets it go (promise 2).
func TestPromise2GroupsGoOnlyOnACertainNo(t *testing.T) {
	const mapping, assigned, group = "/api/v1/apps/*/group-push/mappings/*", "/api/v1/apps/*/groups/*", "/api/v1/groups/*"
	byID := map[string]string{"push_mappings": mapping, "app_groups": assigned, "match by globs": group}
	for source, list := range sourceLists {
		for name, answer := range map[string]sim.Effect{
			"forbidden":       sim.Status(403, forbidden, nil),
			"a proxy's 404":   sim.Body(404, "text/html", "<html>not found</html>"),
			"another 404":     sim.Status(404, `{"errorCode":"E0000008","errorSummary":"no such path"}`, nil),
			"down":            sim.Status(503, "{}", nil),
			"somebody else's": sim.Status(200, `{"id":"00gOther"}`, nil),
			"empty":           sim.Status(200, "{}", nil),
			"null":            sim.Status(200, "null", nil),
		} {
			t.Run(source+"/"+name, func(t *testing.T) {
				p := lenient()
				p.Groups, p.OnUnpush = list.groups, "delete"
				simulated(t, p, func(c *company) {
					ids := groupsOfEveryKind(c)
					c.run(sync.Full)
					was := managed(c)
					left := leaves[map[string]int{"push_mappings": 0, "app_groups": 2, "match by globs": 5}[source]]
					left.do(c, ids["Sales"])
					c.oktaFaults.Add(sim.Fault{Path: byID[source], Do: answer})
					c.want(c.run(sync.Full), sync.Doubtful)
					c.wantNames("the managed groups", managed(c), was...)
					c.oktaFaults.Clear()
					c.want(c.run(sync.Full), sync.Done)
					c.wantNames("the managed groups", within(managed(c), "Sales", "Former"))
				})
			})
		}
	}
}
