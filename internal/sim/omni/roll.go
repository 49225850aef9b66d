package omni

import "iter"

// roll is a set that remembers in which order its elements came. Adding and
// removing take constant time: what leaves makes a hole, and holes are closed
// when they are many or when a page is cut.
type roll[T any] struct {
	items []*T
	at    map[*T]int
}

// add reports whether x is new.
func (r *roll[T]) add(x *T) bool {
	if r.has(x) {
		return false
	}
	if r.at == nil {
		r.at = map[*T]int{}
	}
	r.at[x] = len(r.items)
	r.items = append(r.items, x)
	return true
}

// remove reports whether x was there.
func (r *roll[T]) remove(x *T) bool {
	i, ok := r.at[x]
	if !ok {
		return false
	}
	delete(r.at, x)
	r.items[i] = nil
	if len(r.items) > 16 && len(r.items) > 2*len(r.at) {
		r.close()
	}
	return true
}

func (r *roll[T]) has(x *T) bool {
	_, ok := r.at[x]
	return ok
}

func (r *roll[T]) len() int { return len(r.at) }

// all goes through a copy, so that the loop's body may add and remove.
func (r *roll[T]) all() iter.Seq[*T] {
	list := append([]*T(nil), r.list()...)
	return func(yield func(*T) bool) {
		for _, x := range list {
			if !yield(x) {
				return
			}
		}
	}
}

// list gives the elements in order. It is good until the next change.
func (r *roll[T]) list() []*T {
	if len(r.items) != len(r.at) {
		r.close()
	}
	return r.items
}

func (r *roll[T]) close() {
	kept := r.items[:0]
	for _, x := range r.items {
		if x != nil {
			r.at[x] = len(kept)
			kept = append(kept, x)
		}
	}
	clear(r.items[len(kept):])
	r.items = kept
}
