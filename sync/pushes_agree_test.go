package sync_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/sync"
	"pgregory.net/rapid"
)

// Promise 6, push and pull agree: whatever Okta does and pushes while runs read and
// apply, and however far its lists lag behind, no run undoes what a push applied, in
// the end Omni is as Okta says, and then nothing is written any more.
func TestPromise6PushAndPullAgree(t *testing.T) {
	checks(t, drawnTogether)
	rapid.Check(t, func(rt *rapid.T) {
		h := drawTogether(rt)
		if err := together(t, h); err != nil {
			rt.Fatal(err)
		}
	})
}

// joint is one drawn life of a small company that pushes and is read: plain data, so
// that a failing one is made smaller and printed.
type joint struct {
	People, Assigned int // so many of the people are assigned from the beginning
	Accounts         int // so many have an account in Omni before
	Groups, Pushed   int
	Loaded           bool // a run has loaded everybody before Okta pushes
	Delta            bool // the System Log is followed: delta runs go on beside all the others
	Style            string
	OnUnpush         string
	Grace            time.Duration
	OktaLatency      time.Duration
	OmniLatency      time.Duration
	ListLag          time.Duration // of Okta's lists of app users and of members
	LogLag           time.Duration // of its System Log
	Acts             []jointAct

	// RenamesLate renames a group only after push and pull have found it to be one, and
	// nobody whose account in Omni isn't linked yet. A name that one of them knows and
	// the other doesn't makes two in Omni.
	RenamesLate bool
}

// jointAct is one thing that happens, so long after the one before. A and B choose
// who it happens to.
type jointAct struct {
	After time.Duration
	Do    string
	A, B  int
}

// runActs begin a run, which goes on while other things happen.
var runActs = []string{"full", "reconcile"}

// pushActs happen in Okta, which pushes them.
var pushActs = []string{"assign", "unassign", "reassign", "rename", "profile", "deactivate", "join", "leave", "rename group", "push", "unpush"}

func drawTogether(t *rapid.T) joint {
	seconds := func(label string, from ...int) time.Duration {
		return time.Duration(rapid.SampledFrom(from).Draw(t, label)) * time.Second
	}
	h := joint{
		RenamesLate: true, People: rapid.IntRange(1, 5).Draw(t, "people"), Groups: rapid.IntRange(0, 2).Draw(t, "groups"),
		Loaded: rapid.Bool().Draw(t, "loaded"), Style: rapid.SampledFrom([]string{"classic", "catalogue", "entra"}).Draw(t, "style"),
		OnUnpush: rapid.SampledFrom([]string{"keep", "delete"}).Draw(t, "on unpush"),
		Grace:    seconds("grace", 0, 3600), OktaLatency: seconds("Okta's latency", 0, 1, 3, 9), OmniLatency: seconds("Omni's latency", 0, 1, 4),
		ListLag: seconds("lag of lists", 0, 0, 10, 240), Delta: rapid.Bool().Draw(t, "delta"), LogLag: seconds("lag of the log", 0, 0, 20),
	}
	h.Assigned = rapid.IntRange(0, h.People).Draw(t, "assigned")
	h.Accounts = rapid.IntRange(0, min(1, h.People)).Draw(t, "accounts")
	h.Pushed = rapid.IntRange(0, h.Groups).Draw(t, "pushed")
	h.Acts = rapid.SliceOfN(rapid.Custom(drawJointAct), 2, 14).Draw(t, "acts")
	return h
}

func drawJointAct(t *rapid.T) jointAct {
	a := jointAct{After: time.Duration(rapid.SampledFrom([]int{0, 500, 1_000, 3_000, 8_000, 30_000, 200_000, 400_000}).Draw(t, "after")) * time.Millisecond}
	if rapid.IntRange(0, 3).Draw(t, "what") == 0 {
		a.Do = rapid.SampledFrom(runActs).Draw(t, "run")
		return a
	}
	a.Do, a.A, a.B = rapid.SampledFrom(pushActs).Draw(t, "do"), rapid.IntRange(0, 9).Draw(t, "a"), rapid.IntRange(0, 3).Draw(t, "b")
	return a
}

// String tells the life in lines.
func (h joint) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d people, %d assigned, %d with accounts; %d groups, %d pushed; loaded %t, delta %t, %s, unpush %s, grace %s, latency %s and %s, lag %s and %s\n",
		h.People, h.Assigned, h.Accounts, h.Groups, h.Pushed, h.Loaded, h.Delta, h.Style, h.OnUnpush, h.Grace, h.OktaLatency, h.OmniLatency, h.ListLag, h.LogLag)
	for _, a := range h.Acts {
		fmt.Fprintf(&b, "  %s later: %s %d %d\n", a.After, a.Do, a.A, a.B)
	}
	return b.String()
}

// A run that began to read before a push was applied decides nothing about its
// object, whichever of them ends first.
func TestPushDuringReading(t *testing.T) {
	base := joint{People: 4, Assigned: 3, Groups: 1, Pushed: 1, Loaded: true, Style: "catalogue", OnUnpush: "delete", OktaLatency: 8 * time.Second}
	run, during := func(kind string) jointAct { return jointAct{After: 10 * time.Minute, Do: kind} }, 3*time.Second
	for _, do := range []jointAct{
		{Do: "assign", A: 3}, {Do: "unassign"}, {Do: "reassign"}, {Do: "rename"}, {Do: "deactivate"}, {Do: "join", A: 1},
		{Do: "leave"}, {Do: "rename group"}, {Do: "unpush"},
	} {
		for _, kind := range runActs {
			for _, after := range []time.Duration{during, 12 * time.Second, 20 * time.Second, 28 * time.Second, 36 * time.Second, 44 * time.Second} {
				t.Run(fmt.Sprintf("%s, %s into a %s run", do.Do, after, kind), func(t *testing.T) {
					h := base
					do.After = after
					h.Acts = []jointAct{run(kind), do, run(string(sync.Full))}
					if err := together(t, h); err != nil {
						t.Fatal(err)
					}
				})
			}
		}
	}
}

// A push comes while a run, which has read what it says, applies: the run's changes
// of others go on, and of its object what was pushed last is there in the end.
func TestPushDuringApply(t *testing.T) {
	h := joint{People: 5, Assigned: 5, Groups: 2, Pushed: 2, Style: "classic", OnUnpush: "keep", OmniLatency: 5 * time.Second}
	for _, do := range pushActs {
		for _, after := range []time.Duration{3 * time.Second, 8 * time.Second, 13 * time.Second, 18 * time.Second} {
			t.Run(fmt.Sprintf("%s, %s into it", do, after), func(t *testing.T) {
				h.Acts = []jointAct{{Do: "full"}, {Do: do, A: 4, B: 1, After: after}}
				if err := together(t, h); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// Joiners are pushed while the first load makes accounts for everybody, for them
// too: each has one account, and all are in their group.
func TestPushOfJoinersDuringLoad(t *testing.T) {
	c := newCompanyOn(t, lenient(), newMemory(), 600)
	simulatedOn(t, c, func(c *company) {
		c.okta.SetKnobs(unlimitedOkta)
		p := c.withPush(true)
		defer p.stop()
		crew := people(60)
		ids := c.join(staff(60)...)
		c.push("Crew", ids...)
		loaded := make(chan sync.Report, 1)
		go func() { loaded <- c.run(sync.Full) }()
		<-time.After(2 * time.Second)
		for i := range crew[40:] { // whom the load has still to come to
			crew[40+i].OktaID = ids[40+i]
			p.client.Assign(crew[40+i])
		}
		late := c.join("late@acme.co")
		p.client.Assign(person("late@acme.co", late[0]))
		p.drain()
		c.want(<-loaded, sync.Done)
		<-time.After(10 * time.Minute)
		c.run(sync.Full)
		if n := len(c.omni.Users()); n != 61 {
			t.Errorf("Omni has %d accounts", n)
		}
		for _, x := range c.omni.Requests() {
			if x.Method == "POST" && x.Status == 409 {
				t.Errorf("%s %s was answered %d", x.Method, x.Path, x.Status)
			}
		}
		c.inStep()
	})
}

// The lag of Okta's lists is no reason to undo what it pushed: by itself, it is.
func TestPushIsNotUndoneByLaggingLists(t *testing.T) {
	c := newCompanyOn(t, lenient(), newMemory(), 600)
	simulatedOn(t, c, func(c *company) {
		c.okta.SetKnobs(unlimitedOkta)
		p := c.withPush(true)
		defer p.stop()
		ids := c.join(staff(3)...)
		c.push("Crew", ids[0])
		c.want(c.run(sync.Full), sync.Done)
		<-time.After(time.Hour)
		c.okta.SetKnobs(func(k *simokta.Knobs) { k.ListLag, k.MemberLag = 4*time.Minute, 4*time.Minute })
		late := c.join("late@acme.co")
		c.okta.UpdateProfile(late[0], map[string]any{"lastName": "Last"})
		p.client.Assign(person("late@acme.co", late[0]))
		p.drain()
		c.omni.ResetLog()
		for range 3 {
			<-time.After(time.Minute)
			if r := c.run(sync.Full); !omniUser(c, "late@acme.co").Active || c.omni.Writes() > 0 {
				t.Fatalf("a lagging list led to\n%s", printed(r))
			}
		}
	})
}
