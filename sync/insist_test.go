package sync_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// A run that insists on some tries those alone before their time, by any of their names;
// one that insists on nobody's name tries all. Whom nobody knows as failing is told, and
// then nothing is done, nor recorded.
func TestRetryOfSome(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		t, names := c.t, staff(4)
		ids := c.join(names...)
		group, _ := c.push("Sales", ids[0])
		c.want(c.run(sync.Full), sync.Done)
		planted := map[string]*sim.Planted{}
		for _, name := range names[:3] {
			planted[name] = c.spoil(name, refused)
		}
		planted["Sales"] = c.omniFaults.Add(sim.Fault{Method: "PATCH", Path: "/api/scim/v2/Groups/" + team(c, "Sales").ID, Do: refused})
		for _, id := range ids[:3] {
			c.okta.UpdateProfile(id, map[string]any{"department": "Legal"})
		}
		c.okta.AddMember(group, ids[3])
		c.want(c.run(sync.Full), sync.Failing)
		for _, row := range []struct {
			only  []string
			tried []string
		}{
			{[]string{"PERSON001@acme.co"}, names[1:2]},
			{[]string{ids[0], "sales"}, []string{"Sales", names[0]}},
			{[]string{omniUser(c, names[2]).ID, names[2]}, names[2:3]},
			{nil, []string{"Sales", names[0], names[1], names[2]}},
		} {
			before := map[string]int{}
			for name, p := range planted {
				before[name] = p.Fired()
			}
			report := c.pass(sync.Request{Kind: sync.Full, Insist: true, Only: row.only, Cause: "command"})
			var tried []string
			for name, p := range planted {
				if p.Fired() > before[name] {
					tried = append(tried, name)
				}
			}
			if slices.Sort(tried); !slices.Equal(tried, row.tried) || report.Counts["failed"] != 4 {
				t.Errorf("insisting on %q tries %q, want %q; %v", row.only, tried, row.tried, report.Counts)
			}
		}
		last := c.status().Last.Run
		for _, only := range [][]string{{names[3]}, {names[0], "nobody@acme.co"}, {""}} {
			report, err := c.engine.Pass(t.Context(), sync.Request{Kind: sync.Full, Insist: true, Only: only})
			if !fault.Is(err, fault.NotFound) || fault.HintOf(err) == "" || report.Run != "" || !strings.Contains(err.Error(), fmt.Sprintf("%q", only[len(only)-1])) {
				t.Errorf("insisting on %q answers %v, %v", only, report.Run, err)
			}
		}
		if now := c.status().Last.Run; now != last {
			t.Errorf("a retry that was refused is recorded as run %s", now)
		}
		c.omniFaults.Clear()
		c.want(c.pass(sync.Request{Kind: sync.Full, Insist: true, Only: names[:2], Cause: "command"}), sync.Failing)
		c.want(c.pass(sync.Request{Kind: sync.Full, Insist: true, Cause: "command"}), sync.Done)
		_, err := c.engine.Pass(t.Context(), sync.Request{Kind: sync.Full, Insist: true, Only: names[:1]})
		if hint := fault.HintOf(err); !strings.Contains(hint, "nothing fails and waits") {
			t.Errorf("where nothing fails the advice is %q", hint)
		}
		c.inStep()
	})
}

// Hundreds that fail alike are one trouble in the report, and few lines in the log; so is
// what couldn't even be tried, which the status remembers until the next run.
func TestManyFailAlike(t *testing.T) {
	c := newCompany(t, lenient())
	core, logged := observer.New(zap.WarnLevel)
	c.logs = zap.New(core)
	c.perMinute = 6000
	c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
	c.connect()
	simulatedOn(t, c, func(c *company) {
		t := c.t
		c.join(staff(300)...)
		c.join("ann", "bob", "cat", "dan", "eve")
		c.omniFaults.Add(sim.Fault{Method: "POST", Do: sim.Status(http.StatusBadRequest, `{"message":"no such domain"}`, nil)})
		report := c.run(sync.Full)
		c.want(report, sync.Failing)
		if n := len(report.Troubles); n != 2 || report.Troubles[0].Count != 300 || report.Troubles[0].Cause != "address" || len(report.Troubles[0].Names) != 3 ||
			report.Troubles[1].Count != 5 || report.Troubles[1].Cause != "username" {
			t.Errorf("the report's troubles are %+v", report.Troubles)
		}
		if n := logged.FilterMessage("change").Len(); n != 20 {
			t.Errorf("%d warnings about single changes, want the first 20", n)
		}
		if sums := logged.FilterMessage("changes that fail alike").All(); len(sums) != 1 || sums[0].ContextMap()["count"] != int64(300) {
			t.Errorf("the sum in the log: %+v", sums)
		}
		if s := c.status(); len(s.Failing) != 300 || len(s.Refused) != 1 || s.Refused[0].Count != 5 || s.Refused[0].Advice == "" {
			t.Errorf("the status counts %d failing, and refused %+v", len(s.Failing), s.Refused)
		}
		c.omniFaults.Clear()
		<-time.After(time.Hour)
		c.run(sync.Full)
		if s := c.status(); len(s.Failing) != 0 || len(s.Refused) != 1 {
			t.Errorf("once it is over the status has %d failing, and refused %+v", len(s.Failing), s.Refused)
		}
	})
}
