package sync_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/sync"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

const (
	manyObjects = 2000
	failForEver = manyObjects / 100
)

// busyDay is a company of 2,000 users and groups with something to do for each: 1,480
// updates, 20 groups to fill, 400 joiners, 100 leavers. Omni answers within 200 ms.
type busyDay struct {
	*company
	spoilt map[string]*sim.Planted // by subject
}

func aBusyDay(c *company) *busyDay {
	d := &busyDay{company: c, spoilt: map[string]*sim.Planted{}}
	c.omni.SetKnobs(simomni.Knobs{RealLimit: -1, HiddenConflicts: true})
	c.omniFaults.Add(sim.Fault{Do: sim.Delay(200 * time.Millisecond)})
	ids := c.join(many(manyObjects - 420)...)
	for i := range 20 {
		c.push(fmt.Sprintf("Group %02d", i), ids[i])
	}
	c.want(c.run(sync.Full), sync.Done)
	for i, id := range ids {
		if i < 1480 {
			c.okta.UpdateProfile(id, map[string]any{"department": "Legal"})
		} else {
			c.okta.Unassign(id)
		}
	}
	for id, name := range c.okta.Groups() {
		var i int
		if n, _ := fmt.Sscanf(name, "Group %d", &i); n == 1 {
			c.okta.AddMember(id, ids[100+i])
		}
	}
	for i := range 400 {
		c.join(fmt.Sprintf("joiner%03d@acme.co", i))
	}
	return d
}

// spoilSome makes one object in a hundred fail for ever, each in one of the ways that
// there are.
func (d *busyDay) spoilSome() {
	never := sim.Status(http.StatusInternalServerError, `{"error":"Internal Server Error","message":"boom"}`, nil)
	attribute := sim.Status(http.StatusBadRequest, `{"error":"Bad Request","message":"attribute department: not one of its values"}`, nil)
	for i := range 6 { // nobody shows who has the address
		d.omni.AddEmbedUser(fmt.Sprintf("joiner%03d@acme.co", i*50), "Embedded")
	}
	names := many(manyObjects - 420)
	for i := range 4 {
		d.spoilt["attribute "+names[i*300]] = d.spoil(names[i*300], attribute)
		d.spoilt["boom "+names[i*300+150]] = d.spoil(names[i*300+150], never)
	}
	for i := range 4 { // who ought to lose access
		d.spoilt["removal "+names[1490+i*20]] = d.spoil(names[1490+i*20], []sim.Effect{never, refused}[i%2])
	}
	for i := range 2 {
		path := "/api/scim/v2/Groups/" + team(d.company, fmt.Sprintf("Group %02d", i*9)).ID
		d.spoilt["group "+path] = d.omniFaults.Add(sim.Fault{Method: "PATCH", Path: path, Do: refused})
	}
}

// One object in a hundred fails for ever, in several ways: the others converge in the same
// run, which takes at most 1.1 times as long as the same run without them. Nor do the runs
// of the next two days suffer: what fails is tried less and less, and hourly where
// somebody keeps access.
func TestOnePercentFailsForEver(t *testing.T) {
	errors, alarms := observer.New(zap.ErrorLevel)
	play := func(spoilt bool) (took time.Duration) {
		c := newCompanyOn(t, lenient(), newMemory(), 3000)
		c.logs = zap.New(errors)
		simulatedOn(t, c, func(c *company) {
			d := aBusyDay(c)
			if spoilt {
				d.spoilSome()
			}
			began := time.Now()
			report := c.run(sync.Full)
			took = time.Since(began)
			if !spoilt {
				c.want(report, sync.Done)
				return
			}
			if report.Counts["failed"] != failForEver || report.Counts["applied"] != manyObjects-failForEver || report.Counts["planned"] != 0 {
				t.Errorf("the run counts %v; %v", report.Counts, report.Notes)
			}
			d.twoDaysLater()
		})
		return took
	}
	usual, with := play(false), play(true)
	if n := alarms.FilterMessage("access that Okta took away still stands in Omni").Len(); n != alarms.Len() || n < 4*46 {
		t.Errorf("%d alarms about removals in two days, of %d: want one for each of the four in each hour but the first", n, alarms.Len())
	}
	t.Logf("%s as usual, %s with one in a hundred failing (%.3f)", usual, with, with.Seconds()/usual.Seconds())
	if with.Seconds() > 1.1*usual.Seconds() {
		t.Errorf("it takes %s, %s as usual", with, usual)
	}
}

// twoDaysLater has a full run made each hour of two days.
func (d *busyDay) twoDaysLater() {
	before := map[string]int{}
	for subject, p := range d.spoilt {
		before[subject] = p.Fired()
	}
	for hour := range 48 {
		<-time.After(time.Hour)
		joiner := d.join(fmt.Sprintf("late%02d@acme.co", hour))
		began := time.Now()
		report := d.run(sync.Full)
		if took := time.Since(began); took > 30*time.Second || report.Counts["failed"] != failForEver || report.Counts["planned"] != 0 {
			d.t.Errorf("hour %d: %s, %v", hour, took, report.Counts)
		}
		if u := omniUser(d.company, d.okta.Assigned()[joiner[0]]); !u.Active {
			d.t.Errorf("hour %d: the joiner has no access", hour)
		}
	}
	for subject, p := range d.spoilt {
		tries := p.Fired() - before[subject]
		if strings.Contains(subject, "removal") {
			if tries < 48 {
				d.t.Errorf("%s is tried %d times within two days, want once an hour at least", subject, tries)
			}
		} else if most := 11 * requestsOf(subject); tries > most || tries < 3 {
			d.t.Errorf("%s is asked for %d times within two days, want %d at most", subject, tries, most)
		}
	}
}

// requestsOf is what one try costs at most: what isn't answered is repeated, and what is
// refused is tried in another form, or without the members whom Omni doesn't know.
func requestsOf(subject string) int {
	if strings.HasPrefix(subject, "boom") {
		return 4
	}
	return 2
}
