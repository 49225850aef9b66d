package okta

import "slices"

// roll is a list in order of addition from which anything can go: what is left keeps its number, so that a cursor
// (the number of the last one seen) survives removals between pages. The zero value is ready.
type roll[T any] struct {
	entries []entry[T]
	last    uint64 // the newest number; the first is 1
	dead    int    // entries without a value
}

type entry[T any] struct {
	number uint64
	value  *T
}

// add appends and returns the number.
func (r *roll[T]) add(v *T) uint64 {
	r.last++
	r.entries = append(r.entries, entry[T]{r.last, v})
	return r.last
}

func (r *roll[T]) remove(number uint64) {
	i := r.find(number)
	if i == len(r.entries) || r.entries[i].number != number || r.entries[i].value == nil {
		return
	}
	r.entries[i].value = nil
	r.dead++
	if r.dead > 64 && r.dead > len(r.entries)/2 {
		r.entries = slices.DeleteFunc(r.entries, func(e entry[T]) bool { return e.value == nil })
		r.dead = 0
	}
}

// after gives what was added after the number, in order, until yield returns false.
func (r *roll[T]) after(number uint64, yield func(uint64, *T) bool) {
	for _, e := range r.entries[r.find(number+1):] {
		if e.value != nil && !yield(e.number, e.value) {
			return
		}
	}
}

// find is the index of the first entry whose number isn't smaller.
func (r *roll[T]) find(number uint64) int {
	i, _ := slices.BinarySearchFunc(r.entries, number, func(e entry[T], n uint64) int {
		switch {
		case e.number < n:
			return -1
		case e.number > n:
			return 1
		}
		return 0
	})
	return i
}

// page takes up to limit values after the number that keep accepts. next is where the next page begins; 0: there is none.
func (r *roll[T]) page(number uint64, limit int, keep func(*T) bool) (values []*T, next uint64) {
	last := uint64(0)
	r.after(number, func(n uint64, v *T) bool {
		if !keep(v) {
			return true
		}
		if len(values) == limit {
			next = last
			return false
		}
		values, last = append(values, v), n
		return true
	})
	return values, next
}
