package omniclient

import (
	"iter"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// within is how many turns a lane that waits gets one in, at least.
const within = 20

// waiter is a request that waits for its turn.
type waiter struct {
	lane   identity.Lane
	keys   []int
	since  time.Time
	firm   bool       // it goes because its lane has waited long enough
	missed int        // turns that its lane had missed when it went
	turn   chan int   // capacity 1: the key that it got
	failed chan error // capacity 1: it waits in vain
}

func newWaiter(lane identity.Lane, keys []int) *waiter {
	return &waiter{lane: lane, keys: keys, since: time.Now(), turn: make(chan int, 1), failed: make(chan error, 1)}
}

// lanes are those who wait. The zero value is ready; it knows no lock.
type lanes struct {
	waiting [identity.Lanes + 1][]*waiter // by lane, in order of arrival
	missed  [identity.Lanes + 1]int       // turns that others got while the lane waited
}

// Lane is one lane as it stands now.
type Lane struct {
	Name    string  `json:"name"`
	Waiting int     `json:"waiting"` // requests
	Seconds float64 `json:"seconds"` // that the first of them has waited
}

func (l *lanes) add(w *waiter) { l.waiting[w.lane] = append(l.waiting[w.lane], w) }

// back is for who went and lets others go first after all.
func (l *lanes) back(w *waiter) {
	l.waiting[w.lane] = slices.Insert(l.waiting[w.lane], 0, w)
	l.missed[w.lane] += w.missed
}

// remove reports whether w was waiting.
func (l *lanes) remove(w *waiter) bool {
	i := slices.Index(l.waiting[w.lane], w)
	if i < 0 {
		return false
	}
	l.waiting[w.lane] = slices.Delete(l.waiting[w.lane], i, i+1)
	if len(l.waiting[w.lane]) == 0 {
		l.missed[w.lane] = 0
	}
	return true
}

// hurry has w wait in another lane, and reports whether it was waiting.
func (l *lanes) hurry(w *waiter, lane identity.Lane) bool {
	if !l.remove(w) {
		return false
	}
	w.lane = lane
	l.add(w)
	return true
}

// all gives those who wait, the best lane first.
func (l *lanes) all() iter.Seq[*waiter] {
	return func(yield func(*waiter) bool) {
		for _, line := range l.waiting {
			for _, w := range line {
				if !yield(w) {
					return
				}
			}
		}
	}
}

// take removes who gets the turn, of those who can use it, and counts it against
// the other lanes; nil when there is nobody.
func (l *lanes) take(able func(*waiter) bool) *waiter {
	first := map[identity.Lane]*waiter{}
	for lane, line := range l.waiting {
		if i := slices.IndexFunc(line, able); i >= 0 {
			first[identity.Lane(lane)] = line[i]
		}
	}
	lane, firm := next(first, l.missed)
	w := first[lane]
	if w == nil {
		return nil
	}
	w.firm, w.missed = firm, l.missed[lane]
	for other := range l.missed {
		if identity.Lane(other) != lane && len(l.waiting[other]) > 0 {
			l.missed[other]++
		}
	}
	l.missed[lane] = 0
	l.remove(w)
	return w
}

// next says which lane of those that wait goes: the best one, unless others have missed
// so many turns that, one of them going at every second turn, one would otherwise get
// less than one turn in twenty. So the best lane waits for one other at most.
func next(waits map[identity.Lane]*waiter, missed [identity.Lanes + 1]int) (lane identity.Lane, firm bool) {
	var others []identity.Lane
	for l := identity.LaneRemoval; l <= identity.LaneName; l++ {
		switch {
		case waits[l] == nil:
		case lane == 0:
			lane = l
		default:
			others = append(others, l)
		}
	}
	slices.SortStableFunc(others, func(a, b identity.Lane) int { return missed[b] - missed[a] })
	for i, l := range others {
		if left := within - missed[l]; left < 2+2*i {
			return others[0], true
		}
	}
	return lane, false
}

// state tells how many wait in each lane, and how long.
func (l *lanes) state(now time.Time) []Lane {
	list := make([]Lane, 0, identity.Lanes)
	for lane := identity.LaneRemoval; lane <= identity.LaneName; lane++ {
		one := Lane{Name: lane.String(), Waiting: len(l.waiting[lane])}
		for _, w := range l.waiting[lane] {
			one.Seconds = max(one.Seconds, now.Sub(w.since).Seconds())
		}
		list = append(list, one)
	}
	return list
}
