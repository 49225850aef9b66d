package omniclient_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
)

// library is a drawn organization in which the first of its people leaves.
type library struct {
	org    *simomni.Org
	faults *sim.Faults
	people []string
	c      *omniclient.Client // within
}

func drawLibrary(t *rapid.T) library {
	knobs := simomni.Knobs{RealLimit: -1, PlainRecipients: rapid.Bool().Draw(t, "plain"), EntityIDs: rapid.Bool().Draw(t, "entities"), NoPermitStatus: rapid.SampledFrom([]int{400, 403}).Draw(t, "no permit")}
	l := library{org: &simomni.Org{Knobs: knobs}, faults: &sim.Faults{}}
	for i := range rapid.IntRange(2, 4).Draw(t, "people") {
		l.people = append(l.people, l.org.AddUser(fmt.Sprintf("u%d@acme.test", i), "U"))
	}
	for i := range rapid.IntRange(0, 12).Draw(t, "documents") {
		id := l.org.AddDocument(rapid.SampledFrom(l.people).Draw(t, "creator"), fmt.Sprint("D", i%5))
		viewers := rapid.SliceOfDistinct(rapid.SampledFrom(l.people), rapid.ID).Draw(t, "viewers")
		if rapid.Bool().Draw(t, "restricted") {
			l.org.EditDocument(id, func(d *simomni.Document) { d.Viewers = append([]string{}, viewers...) })
		}
	}
	few := rapid.IntRange(0, 6)
	if rapid.IntRange(0, 4).Draw(t, "many") == 0 {
		few = rapid.IntRange(95, 205)
	}
	for i := range few.Draw(t, "schedules") {
		l.addSchedule(t, i)
	}
	for range rapid.IntRange(0, 3).Draw(t, "faults") {
		l.faults.Add(sim.Fault{
			Method: rapid.SampledFrom([]string{"", http.MethodGet, http.MethodPut, http.MethodPost}).Draw(t, "method"),
			Skip:   rapid.IntRange(0, 30).Draw(t, "skip"), Times: rapid.IntRange(1, 6).Draw(t, "times"),
			Do: rapid.SampledFrom([]sim.Effect{sim.CutBefore(), sim.CutAfter(), sim.Status(500, `{}`, nil), sim.Status(429, `{}`, nil), sim.Truncate(9)}).Draw(t, "effect"),
		})
	}
	return l
}

// within does the work in simulated time. What is wrong is told outside, where rapid
// takes it.
func (l library) within(t *testing.T, rt *rapid.T, work func(context.Context, library) error) {
	var wrong error
	synctest.Test(t, func(t *testing.T) {
		l.c = client(t, omniclient.Options{Transport: sim.Transport(http.StripPrefix(prefix, l.faults.Wrap(l.org)))})
		wrong = work(t.Context(), l)
	})
	if wrong != nil {
		rt.Fatal(wrong)
	}
}

func (l library) addSchedule(t *rapid.T, i int) {
	s := simomni.Schedule{Owner: rapid.SampledFrom(l.people[:2]).Draw(t, "owner"), Name: fmt.Sprint("S", i), Recipients: []string{"x@acme.test"}, Paused: rapid.Bool().Draw(t, "paused")}
	if list := l.org.Documents(); len(list) > 0 && rapid.Bool().Draw(t, "on a document") {
		s.Dashboard = rapid.SampledFrom(list).Draw(t, "dashboard").ID
	}
	if rapid.Bool().Draw(t, "alert") {
		s.Condition, s.Query = "RESULTS_CHANGED", "q"
	}
	l.org.PlaceSchedule(s)
}

// insist calls, once a minute, until Omni has had its way: faults end.
func (l library) insist(do func() error) error {
	for try := 0; ; try++ {
		<-time.After(time.Duration(min(try, 1)) * time.Minute)
		err := do()
		if k := fault.KindOf(err); try > 20 || k != fault.Unavailable && k != fault.Limited && k != fault.Doubt {
			return err
		}
	}
}

// leave hands everything of the first person to the first of the others who can have
// it, and gives what nobody could.
func (l library) leave(ctx context.Context) (kept []string, err error) {
	ann := identity.OmniID(l.people[0])
	var schedules []identity.Schedule
	var documents []identity.Document
	err = errors.Join(
		l.insist(func() (err error) { schedules, err = l.c.OwnedSchedules(ctx, ann); return err }),
		l.insist(func() (err error) { documents, err = l.c.OwnedDocuments(ctx, ann); return err }))
	hand := func(name string, to func(identity.OmniID) error) {
		for _, id := range l.people[1:] {
			e := l.insist(func() error { return to(identity.OmniID(id)) })
			if e == nil {
				return
			}
			if !fault.Is(e, fault.Refused) {
				err = errors.Join(err, e)
			}
		}
		kept = append(kept, name)
	}
	for _, s := range schedules {
		hand(s.Name, func(id identity.OmniID) error { return l.c.TransferSchedule(ctx, s.ID, id) })
	}
	for _, d := range documents {
		hand(string(d.ID), func(id identity.OmniID) error { return l.c.TransferDocument(ctx, d.ID, id) })
	}
	return kept, err
}

// of gives what belongs to somebody.
func (l library) of(owner string) (schedules []simomni.Schedule, names []string) {
	for _, s := range l.org.Schedules() {
		if s.Owner == owner {
			schedules, names = append(schedules, s), append(names, s.Name)
		}
	}
	for _, d := range l.org.Documents() {
		if d.Owner == owner {
			names = append(names, d.ID)
		}
	}
	slices.Sort(names)
	return schedules, names
}

// In any library, through any faults that end: what is read is what is there, and what
// was handed over outlives its owner.
func TestNothingOfALibraryIsLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		drawLibrary(rt).within(t, rt, func(ctx context.Context, l library) error {
			before := len(l.org.Schedules())
			kept, err := l.leave(ctx)
			schedules, left := l.of(l.people[0])
			slices.Sort(kept)
			if err != nil || !slices.Equal(left, kept) {
				return fmt.Errorf("the leaver still has %v, and nobody could have %v: %w", left, kept, err)
			}
			l.org.RemoveUser(l.people[0])
			if lost := len(l.org.Lost()); lost != len(schedules) || len(l.org.Schedules())+lost != before {
				return fmt.Errorf("%d of %d are lost, %d couldn't be handed over", lost, before, len(schedules))
			}
			return l.untouched()
		})
	})
}

// untouched tells of writes that there must never be.
func (l library) untouched() error {
	if l.org.Count(simomni.ReplaceSchedule) > 0 || l.org.Count(simomni.DeleteSchedule) > 0 {
		return fmt.Errorf("%d schedules were replaced, %d deleted", l.org.Count(simomni.ReplaceSchedule), l.org.Count(simomni.DeleteSchedule))
	}
	return nil
}

// What was saved of any library comes back for somebody who may have it, once, and
// equal.
func TestSavedLibrariesComeBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		drawLibrary(rt).within(t, rt, func(ctx context.Context, l library) error {
			saved, err := l.save(ctx)
			whole, _ := l.of(l.people[0])
			if err != nil || len(saved) != len(whole) {
				return fmt.Errorf("%d were read of %d: %w", len(saved), len(whole), err)
			}
			want := alike(whole)
			l.org.RemoveUser(l.people[0])
			others, _ := l.of(l.people[1])
			for _, s := range slices.Concat(saved, saved) {
				err := l.insist(func() error { _, err := l.c.CreateSchedule(ctx, identity.OmniID(l.people[1]), s); return err })
				if d := l.dashboard(string(s.Document)); fault.Is(err, fault.Refused) && d != nil && d.Viewers != nil && d.Owner != l.people[1] && !slices.Contains(d.Viewers, l.people[1]) {
					delete(want, s.Name)
				} else if err != nil {
					return err
				}
			}
			now, _ := l.of(l.people[1])
			got := alike(now)
			maps.DeleteFunc(got, func(name string, _ simomni.Schedule) bool { return want[name].Name == "" })
			if diff := cmp.Diff(want, got); diff != "" || len(now) != len(others)+len(want) {
				return fmt.Errorf("%d were to come back to %d, and there are %d:\n%s", len(want), len(others), len(now), diff)
			}
			return l.untouched()
		})
	})
}

func (l library) dashboard(id string) *simomni.Document {
	for _, d := range l.org.Documents() {
		if d.ID == id {
			return &d
		}
	}
	return nil
}

// save reads all that the first person has, with its definitions.
func (l library) save(ctx context.Context) (saved []identity.Schedule, err error) {
	err = l.insist(func() (err error) { saved, err = l.c.OwnedSchedules(ctx, identity.OmniID(l.people[0])); return err })
	for i, s := range saved {
		err = errors.Join(err, l.insist(func() (err error) { saved[i], err = l.c.Definition(ctx, s); return err }))
	}
	return saved, err
}
