package console

import (
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// useSlot is how long a part of the day is of which the busiest minute is remembered.
	useSlot = 10 * time.Minute
	// usesKept is how far back they are remembered.
	usesKept = 24 * time.Hour
)

// Use is how much of what the two sides allow was used, by this process, in the busiest
// minute of ten.
type Use struct {
	From time.Time `json:"from"`
	Okta *float64  `json:"okta"` // percent, of the limit that was used most; null while none is known
	Omni *float64  `json:"omni"` // percent
}

// limited is one of the limits: all requests to Omni have one.
type limited struct {
	side   Side
	bucket string
}

// uses counts requests by minute.
type uses struct {
	mu     sync.Mutex
	minute time.Time
	counts map[limited]int               // of this minute
	slots  map[time.Time]map[limited]int // of the busiest minutes
}

// add counts a request.
func (u *uses) add(side Side, bucket string) {
	if side == OmniSide {
		bucket = ""
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	minute := time.Now().UTC().Truncate(time.Minute)
	if minute != u.minute {
		u.minute, u.counts = minute, map[limited]int{}
	}
	at := limited{side, bucket}
	u.counts[at]++
	slot := minute.Truncate(useSlot)
	if u.slots[slot] == nil {
		if u.slots == nil {
			u.slots = map[time.Time]map[limited]int{}
		}
		u.slots[slot] = map[limited]int{}
		maps.DeleteFunc(u.slots, func(from time.Time, _ map[limited]int) bool { return slot.Sub(from) >= usesKept })
	}
	u.slots[slot][at] = max(u.slots[slot][at], u.counts[at])
}

// Uses gives what was used in the last day since the process began, the oldest first, of the
// limits as they are now.
func (m *Meters) Uses(now Now) []Use {
	m.uses.mu.Lock()
	defer m.uses.mu.Unlock()
	list := []Use{}
	begun := slices.Sorted(func(yield func(int64) bool) {
		for from := range m.uses.slots {
			if !yield(from.Unix()) {
				return
			}
		}
	})
	if len(begun) == 0 {
		return list
	}
	end := time.Now().UTC().Truncate(useSlot)
	from := time.Unix(begun[0], 0).UTC()
	if earliest := end.Add(useSlot - usesKept); from.Before(earliest) {
		from = earliest
	}
	for ; !from.After(end); from = from.Add(useSlot) {
		list = append(list, useOf(from, m.uses.slots[from], now))
	}
	return list
}

// useOf gives a part of the day, in which nothing may have been asked.
func useOf(from time.Time, busiest map[limited]int, now Now) Use {
	use := Use{From: from}
	if n := now.Omni.PerMinute; n > 0 {
		use.Omni = new(100 * float64(busiest[limited{OmniSide, ""}]) / float64(n))
	}
	for name, b := range now.Okta {
		if b.Limit > 0 {
			share := 100 * float64(busiest[limited{OktaSide, name}]) / float64(b.Limit)
			if use.Okta == nil || share > *use.Okta {
				use.Okta = &share
			}
		}
	}
	return use
}
