package okta

import "strconv"

// As has what do does to the org done by somebody other than Ada Admin: a person (type User), or an app with a token of
// its own (type PublicClientApp). What others do at the same time would be theirs too.
func (o *Org) As(who Target, do func()) {
	o.actBy(who)
	defer o.actBy(Target{})
	do()
}

func (o *Org) actBy(who Target) {
	defer o.lock()()
	o.acting = who
}

func (o *Org) happened(by actor, kind string, targets ...Target) {
	o.happens(Event{Type: kind, Targets: targets, Job: by == byJob})
}

// happens writes an event of the act under way. What an admin does with one request has one transaction, and so has what
// Okta's job does because of it; that one is another.
func (o *Org) happens(e Event) {
	if o.Knobs.Quiet {
		return
	}
	if e.Actor == (Target{}) && !e.Job {
		e.Actor = o.acting
	}
	switch {
	case e.Transaction != "":
	case e.Job:
		e.Transaction = "job1sim" + padded(o.acts, 13)
	default:
		e.Transaction = "web1sim" + padded(o.acts, 13)
	}
	o.emit(e)
}

// transactionID is the one of the event's act, or one of its own.
func (e event) transactionID() string {
	if e.Transaction == "" {
		return "tx" + strconv.FormatUint(e.number, 10)
	}
	return e.Transaction
}

// assignmentID is the id of the group's assignment to the app: Okta's jobs that follow from it have it as their transaction.
func (a *appGroup) assignmentID() string { return "gam" + a.group.id[3:] }
