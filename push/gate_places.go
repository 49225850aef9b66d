package push

import (
	"slices"
	"time"
)

const (
	lapsed    = time.Minute     // a spot is kept so long after its time
	early     = time.Second     // and may be used so long before
	sweeping  = 5 * time.Second // places that lapsed are looked for so often
	maxPlaces = 50_000          // who comes when there are more is told a time for which no spot is kept
	maxOfOne  = 100             // so does a request for an object that has so many
	calendar  = time.Hour       // firm places are spread evenly so far ahead
	tolerance = 2 * time.Second // so much of them may come at once
)

// spot is when a request that was sent away should be back.
type spot struct {
	at   time.Time
	firm bool // it was sent away from a spot before
}

// places are the queue. Several requests for one object have a place each.
type places struct {
	of      map[string][]spot // sorted by time
	waiting int
	booked  map[int64]int // the firm ones in each second
	latest  time.Time     // of the firm ones
	swept   time.Time
}

func newPlaces() places { return places{of: map[string][]spot{}, booked: map[int64]int{}} }

// free gives the first time, whole seconds from now, that is due or later and from
// which on one more firm place lets no crowd arise, when perSecond get through.
func (p *places) free(now time.Time, due time.Duration, perSecond float64) time.Duration {
	wait, most := wholeSeconds(due), max(1, perSecond*tolerance.Seconds())
	crowd := max(0, due.Seconds()) * perSecond
	with := crowd
	for after := time.Second; after < calendar && !now.Add(after).After(p.latest); after += time.Second {
		if after == wait {
			with = crowd + 1
		}
		come := float64(p.booked[now.Add(after).Unix()])
		crowd, with = max(0, crowd+come-perSecond), max(0, with+come-perSecond)
		if after < wait {
			continue
		}
		if with == crowd { // there was room for one
			break
		}
		if with > most {
			wait = after + time.Second
		}
	}
	return wait
}

// wholeSeconds is what Retry-After can say: one second at least.
func wholeSeconds(d time.Duration) time.Duration {
	return max(time.Second, (d + time.Second - 1).Truncate(time.Second))
}

// put adds a place.
func (p *places) put(key string, at spot) {
	list := p.of[key]
	if p.waiting >= maxPlaces || len(list) >= maxOfOne {
		return
	}
	i, _ := slices.BinarySearchFunc(list, at, func(a, b spot) int { return a.at.Compare(b.at) })
	p.of[key] = slices.Insert(list, i, at)
	p.count(at, 1)
}

// take takes the object's earliest place, if its time has come.
func (p *places) take(key string, now time.Time) (spot, bool) {
	list := p.of[key]
	if len(list) == 0 || list[0].at.After(now.Add(early)) {
		return spot{}, false
	}
	first := list[0]
	p.keep(key, list[1:])
	p.count(first, -1)
	if first.at.Add(lapsed).Before(now) {
		return spot{}, false
	}
	return first, true
}

// lapse drops the places that nobody came back to.
func (p *places) lapse(now time.Time) {
	if now.Sub(p.swept) < sweeping {
		return
	}
	p.swept = now
	for key, list := range p.of {
		n := 0
		for n < len(list) && list[n].at.Add(lapsed).Before(now) {
			p.count(list[n], -1)
			n++
		}
		p.keep(key, list[n:])
	}
}

func (p *places) keep(key string, list []spot) {
	if len(list) == 0 {
		delete(p.of, key)
		return
	}
	p.of[key] = list
}

func (p *places) count(at spot, n int) {
	p.waiting += n
	if !at.firm {
		return
	}
	if at.at.After(p.latest) {
		p.latest = at.at
	}
	second := at.at.Unix()
	if p.booked[second] += n; p.booked[second] == 0 {
		delete(p.booked, second)
	}
}
