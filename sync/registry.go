package sync

import "slices"

// registry finds the objects of one kind. K is the kind of key.
type registry[K ~string] struct {
	entries  map[K]entry
	ids      map[string]K
	omnis    map[string]K
	names    map[string][]K // everyone's, the visible and the others
	external map[string]K
	former   func(name string) []K // whose it was before their names were forgotten; may be nil
	order    []string              // ids in the order of their coming; one that is gone keeps its place
}

func newRegistry[K ~string]() registry[K] {
	return registry[K]{entries: map[K]entry{}, ids: map[string]K{}, omnis: map[string]K{}, names: map[string][]K{}, external: map[string]K{}}
}

func (r *registry[K]) set(key K, e entry) {
	was := r.entries[key]
	if was.name != e.name && was.name != "" {
		r.names[was.name] = slices.DeleteFunc(r.names[was.name], func(k K) bool { return k == key })
		if len(r.names[was.name]) == 0 {
			delete(r.names, was.name)
		}
	}
	if was.name != e.name && e.name != "" {
		r.names[e.name] = append(r.names[e.name], key)
	}
	if was.id != e.id {
		if r.ids[was.id] == key {
			delete(r.ids, was.id)
		}
		if e.id != "" {
			if _, known := r.ids[e.id]; !known {
				r.order = append(r.order, e.id)
			}
			r.ids[e.id] = key
		}
	}
	if was.omni != e.omni {
		if r.omnis[was.omni] == key {
			delete(r.omnis, was.omni)
		}
		if e.omni != "" {
			r.omnis[e.omni] = key
		}
	}
	if was.external != e.external {
		if r.external[was.external] == key {
			delete(r.external, was.external)
		}
		if e.external != "" {
			r.external[e.external] = key
		}
	}
	if e.id == "" && e.omni == "" && e.name == "" {
		delete(r.entries, key)
		return
	}
	r.entries[key] = e
}

// sort gives a registry that was just read an order that is the same each time.
func (r *registry[K]) sort() { slices.Sort(r.order) }

// named gives the object of the name: the one that is a resource, if one is.
func (r *registry[K]) named(name string) (K, bool) {
	list := r.of(name)
	for _, key := range list {
		if e := r.entries[key]; e.visible() && !e.off() {
			return key, true
		}
	}
	for _, key := range list {
		if r.entries[key].visible() {
			return key, true
		}
	}
	if len(list) > 0 {
		return list[0], true
	}
	return "", false
}

// of gives everyone of the name.
func (r *registry[K]) of(name string) []K {
	list := r.names[name]
	if r.former != nil {
		list = slices.Concat(list, r.former(name))
	}
	return list
}

// page gives the keys of those who have the places from start on, counted from 1.
func (r *registry[K]) page(start, count int) []K {
	from := min(max(start-1, 0), len(r.order))
	var keys []K
	for _, id := range r.order[from:min(len(r.order), from+max(count, 0))] {
		if key, known := r.ids[id]; known && r.entries[key].visible() {
			keys = append(keys, key)
		}
	}
	return keys
}
