package okta

// Import is an import of people from another app, such as an HR system, while it goes on.
type Import struct {
	org    *Org
	source Target
	job    string
}

// Import begins an import from an app. All that it does is one job's.
func (o *Org) Import(from string) *Import {
	defer o.lock()()
	i := &Import{o, Target{"AppInstance", o.newID("0oa"), from, from}, o.newID("imp")}
	i.happens("system.import.start", i.source)
	return i
}

// Update sets attributes as UpdateProfile does.
func (i *Import) Update(id string, attributes map[string]any) bool {
	defer i.org.lock()()
	u := i.org.mustUser(id)
	if !i.org.setProfile(u, attributes) {
		return false
	}
	i.happens("user.account.update_profile", u.target())
	i.org.rule(u)
	return true
}

// Deactivate ends an Okta account whose person the other app doesn't have any more, and tells whether it was there.
func (i *Import) Deactivate(id string) bool {
	defer i.org.lock()()
	u := i.org.mustUser(id)
	if u.status == "DEPROVISIONED" {
		return false
	}
	i.org.becomes(u, "DEPROVISIONED")
	i.happens("user.lifecycle.deactivate", u.target())
	if a := i.org.assigned[id]; a != nil {
		i.org.unassign(a, Event{Job: true, Transaction: i.job})
	}
	return true
}

// End ends it.
func (i *Import) End() {
	defer i.org.lock()()
	i.happens("system.import.complete", i.source)
}

func (i *Import) happens(kind string, about Target) {
	i.org.happens(Event{Type: kind, Targets: []Target{about}, Job: true, Transaction: i.job})
}
