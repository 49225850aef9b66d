package sync

import (
	"slices"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// load is what the changes of a plan cost in requests to Omni, in the order of
// their doing.
type load struct {
	cost []int
	// What makes a group worth writing ahead of its turn: for each change, the
	// groups that wait for it; and the groups that have members to write already.
	starts []int32 // waiting[starts[i]:starts[i+1]] wait for change i
	waits  []int32
	ready  []bool
}

func newLoad(changes []Change) load {
	l := load{cost: make([]int, len(changes)), ready: make([]bool, len(changes)), starts: make([]int32, len(changes)+1)}
	at := make(map[identity.OktaID]int, len(changes))
	for i, c := range changes {
		if c.State != state.Planned {
			continue
		}
		l.cost[i] = cost(c)
		if c.Group == "" {
			at[c.User] = i
		}
	}
	each := func(do func(group, joiner int)) {
		for i, c := range changes {
			if l.cost[i] == 0 || len(c.Needs) == 0 {
				continue
			}
			for _, id := range c.Add {
				if j, comes := at[id]; comes && j < i {
					do(i, j)
				} else {
					l.ready[i] = true
				}
			}
		}
	}
	each(func(_, joiner int) { l.starts[joiner+1]++ })
	for i := range changes {
		l.starts[i+1] += l.starts[i]
	}
	l.waits = make([]int32, l.starts[len(changes)])
	next := slices.Clone(l.starts)
	each(func(group, joiner int) {
		l.waits[next[joiner]] = int32(group)
		next[joiner]++
	})
	return l
}

// cost is how many requests to Omni a change takes when nothing unexpected
// happens. What costs more shows in the time that the first ones take.
func cost(c Change) int {
	switch {
	case c.Kind == Release:
		return 0
	case c.ends() && c.Omni == "": // looked up first: it may never have been made
		return 2
	default:
		return 1
	}
}

// interim counts the requests for groups that are written ahead of their turn
// while the changes from cursor on are done. The last time was before change
// from; the next one is when so many more requests were sent, then after every
// so many.
func (l load) interim(from, cursor int, next, every float64) int {
	dirty, count, extra, sent := make([]bool, len(l.cost)), 0, 0, 0.0
	touch := func(i int, is bool) {
		if dirty[i] != is {
			dirty[i] = is
			if is {
				count++
			} else {
				count--
			}
		}
	}
	if from == 0 {
		for i, ready := range l.ready {
			touch(i, ready)
		}
	}
	for i := from; i < len(l.cost); i++ {
		touch(i, false)
		if i >= cursor && sent >= next {
			extra += count
			next = sent + max(1, every-float64(count))
			clear(dirty)
			count = 0
		}
		for _, group := range l.waits[l.starts[i]:l.starts[i+1]] {
			touch(int(group), true)
		}
		if i >= cursor {
			sent += float64(l.cost[i])
		}
	}
	return extra
}
