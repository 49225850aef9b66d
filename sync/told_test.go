package sync_test

import (
	"net/http"
	"testing"

	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// tellsAll plays something with a company that is in step, and fails unless the log, replayed,
// gives what Omni has then.
func tellsAll(t *testing.T, play func(c *company, ids []string, sales string)) {
	t.Helper()
	simulated(t, lenient(), func(c *company) {
		c.omni.AddGroup("Taken")
		beginning := replicaOf(c.omni)
		ids := c.join(staff(3)...)
		sales, _ := c.push("Sales", ids[:2]...)
		c.want(c.run(sync.Full), sync.Done)
		play(c, ids, sales)
		if err := replayed(c, beginning, oldestFirst(t.Context(), c.store)); err != nil {
			t.Error(err)
		}
	})
}

// A user's new name is refused, and the rest is done: both are told, each as what became of it.
func TestRestOfARefusedRenameIsTold(t *testing.T) {
	tellsAll(t, func(c *company, ids []string, _ string) {
		c.omni.SetKnobs(simomni.Knobs{Renames: simomni.RenamesRefused})
		c.okta.SetUserName(ids[0], "renamed@acme.co")
		c.okta.UpdateProfile(ids[0], map[string]any{"department": "Legal"})
		log := c.log(c.run(sync.Full).Run)
		if held := log["update renamed@acme.co held"]; facts(held.After) != "renamed@acme.co" {
			t.Errorf("held is told as %+v, to %s", held, facts(held.After))
		}
		if done := log["update renamed@acme.co applied"]; facts(done.Before) != `department="Sales"` || facts(done.After) != `department="Legal"` {
			t.Errorf("done is told as %+v, to %s", done, facts(done.After))
		}
	})
}

// A group's new name is refused, and its members go on.
func TestMembersOfARefusedGroupNameAreTold(t *testing.T) {
	tellsAll(t, func(c *company, ids []string, sales string) {
		c.okta.RenameGroup(sales, "Taken")
		c.okta.AddMember(sales, ids[2])
		c.okta.RemoveMember(sales, ids[0])
		log := c.log(c.run(sync.Full).Run)
		if done := log["members Taken applied"]; facts(done.Before) != "person000@acme.co" || facts(done.After) != "person002@acme.co" {
			t.Errorf("the log tells %+v", log)
		}
	})
}

// A joiner whose account couldn't be made isn't told as come into the group.
func TestAbsentJoinerIsNotToldAsMember(t *testing.T) {
	tellsAll(t, func(c *company, ids []string, _ string) {
		late := c.join("late@acme.co", "later@acme.co")
		c.push("Crew", append(late, ids[0])...)
		c.omniFaults.Add(sim.Fault{Method: "POST", Path: "/api/scim/v2/Users", Times: 1, Do: sim.Status(http.StatusBadRequest, `{"detail":"no"}`, nil)})
		log := c.log(c.run(sync.Full).Run)
		made := log["create Crew applied"]
		if made.After == nil || len(made.After.Members) != 2 {
			t.Errorf("the group is told as %+v", made)
		}
	})
}

// An account is adopted by a run that is killed before it could tell: the next one tells all
// that it has from then on.
func TestAdoptionTellsAll(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		c.omni.AddUser("ada@acme.co", "Before")
		beginning := replicaOf(c.omni)
		c.join("ada@acme.co")
		c.omni.EditUser(omniUser(c, "ada@acme.co").ID, func(u *simomni.User) { u.DisplayName, u.Attributes["department"] = "First ada", []string{"Sales"} }) // as that run did
		c.want(c.run(sync.Full), sync.Done)
		lines := oldestFirst(t.Context(), c.store)
		if err := replayed(c, beginning, lines); err != nil {
			t.Error(err)
		}
		if len(lines) != 1 || facts(lines[0].Before) != facts(lines[0].After) || lines[0].State != state.Applied {
			t.Errorf("the log tells %+v", lines)
		}
	})
}
