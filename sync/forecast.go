package sync

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/omnisync/omnisync/state"
)

// Allowance tells how fast Omni lets requests through.
type Allowance interface {
	// Outlook tells how fast n requests will go from now on: how many a minute when
	// nothing slows them down, which is more than 0, and how much longer they take
	// because of refusals that came already.
	Outlook(n int) (perMinute float64, lost time.Duration)
	// Away tells how long an Omni that is down won't be asked, and 0 where it answers, as
	// far as is known. One that is down is asked for it now and then; atOnce where somebody
	// wants to know.
	Away(ctx context.Context, atOnce bool) time.Duration
	// Answers asks Omni for little, and reports whether it answers, whatever it says.
	Answers(ctx context.Context) bool
}

// recountEvery is how often it is counted anew what groups will cost that are
// written ahead of their turn.
const recountEvery = 30 * time.Second

// forecast tells how long the changes of a plan will still take: as long as the
// allowance foresees for the requests that they cost, times how much slower than
// foreseen it went until now, and with as many new refusals as lately; but not
// before what is settling may be done.
type forecast struct {
	allowance Allowance
	load      load
	settling  []settling // sorted by when it is due, the latest first
	ended     []bool     // by change
	changes   int        // to do, when it began
	rest      int        // requests that the changes which haven't ended cost
	sent      int        // requests of what has ended

	cursor  int       // the first change that isn't begun
	from    int       // the cursor when groups were last written ahead of their turn
	flushed time.Time // when that was
	aside   bool      // it is now
	before  int       // sent before it began
	early   float64   // seconds that one of them took, which go one by one, the last time
	extra   int       // requests that groups ahead of their turn will cost
	counted time.Time // when extra was

	slowness slowness
	refusals refusals
}

// settling is a removal that isn't done before it is due.
type settling struct {
	change int
	due    time.Time
}

// newForecast begins with changes that begin now. due tells when a change may be done.
func newForecast(allowance Allowance, changes []Change, due func(Change) time.Time, now time.Time) *forecast {
	f := &forecast{allowance: allowance, load: newLoad(changes), ended: make([]bool, len(changes)), flushed: now}
	for i, c := range changes {
		if c.State != state.Planned {
			f.ended[i] = true
			continue
		}
		f.changes++
		f.rest += f.load.cost[i]
		if at := due(c); at.After(now) {
			f.settling = append(f.settling, settling{i, at})
		}
	}
	slices.SortStableFunc(f.settling, func(a, b settling) int { return b.due.Compare(a.due) })
	_, lost := allowance.Outlook(math.MaxInt32)
	f.slowness = newSlowness(now, lost)
	f.recount(now)
	return f
}

// begun notes that change i is begun.
func (f *forecast) begun(i int) { f.cursor = max(f.cursor, i+1) }

// done notes that change i has ended, whatever came of it.
func (f *forecast) done(i int) {
	if !f.ended[i] {
		f.ended[i] = true
		f.rest -= f.load.cost[i]
		f.sent += f.load.cost[i]
	}
}

// flushing notes that groups are written ahead of their turn now, before change i.
func (f *forecast) flushing(now time.Time) {
	f.extra = f.load.interim(f.from, f.cursor, 0, f.interval())
	f.aside, f.before = true, f.sent
	f.flushed, f.from, f.counted = now, f.cursor, now.Add(recountEvery)
}

// over notes that they are written.
func (f *forecast) over(now time.Time) {
	f.aside = false
	if n := f.sent - f.before; n > 0 {
		f.early = now.Sub(f.flushed).Seconds() / float64(n)
	}
	f.recount(now)
}

// one notes that a group was written ahead of its turn.
func (f *forecast) one() {
	f.extra = max(0, f.extra-1)
	f.sent++
}

// ahead gives the seconds that each further request is likely to lose by refusals that
// are still to come.
func (f *forecast) ahead(each float64) float64 {
	if !f.refusals.recur(f.slowness.at) {
		return 0
	}
	return f.slowness.again(each)
}

// recount counts what groups ahead of their turn will cost.
func (f *forecast) recount(now time.Time) {
	every := f.interval()
	waited := now.Sub(f.flushed).Seconds() / flushAfter.Seconds()
	f.extra = f.load.interim(f.from, f.cursor, every*(1-waited), every)
	f.counted = now
}

// interval is about how many requests are sent between two times that groups are
// written ahead of their turn.
func (f *forecast) interval() float64 {
	perMinute, _ := f.allowance.Outlook(0)
	return max(1, flushAfter.Minutes()*perMinute/(f.slowness.factor()+f.ahead(60/perMinute)*perMinute/60))
}

// sample measures how it goes.
func (f *forecast) sample(now time.Time) {
	perMinute, lost := f.allowance.Outlook(math.MaxInt32)
	if worse := lost - f.slowness.lost; worse > 0 {
		f.refusals.note(now)
	}
	f.slowness.sample(now, lost, float64(f.sent)*60/perMinute, f.open(now) > 0 && !f.aside)
	if now.Sub(f.counted) >= recountEvery {
		f.recount(now)
	}
}

// open is how many requests need not wait for anything.
func (f *forecast) open(now time.Time) int {
	open := f.rest + f.extra
	for _, s := range f.settling {
		if !s.due.After(now) {
			break
		}
		open -= f.load.cost[s.change]
	}
	return open
}

// left tells the time that the rest will take, and its requests.
func (f *forecast) left(now time.Time) (time.Duration, int) {
	n := f.rest + f.extra
	perMinute, lost := f.allowance.Outlook(n)
	ahead := f.ahead(60 / perMinute)
	each := 60/perMinute*f.slowness.factor() + ahead
	// The pace won't be whole again where refusals recur, but be about as it was.
	left := float64(n)*(each-ahead) + max(lost.Seconds(), float64(n)*ahead)
	left += float64(f.extra) * max(0, f.early-each)
	late := 0
	for _, s := range f.settling {
		if f.ended[s.change] {
			continue
		}
		late += f.load.cost[s.change]
		left = max(left, s.due.Sub(now).Seconds()+float64(late)*each)
	}
	return time.Duration(left * float64(time.Second)), n
}
