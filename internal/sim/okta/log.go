package okta

import (
	"slices"
	"strings"
	"time"
)

// maxEvents bounds the System Log: the oldest go first, as they do in Okta after 90 days.
const maxEvents = 200_000

// Event is one event of the System Log.
type Event struct {
	Type      string // such as application.user_membership.add
	Targets   []Target
	Actor     Target    // who did it; zero is an admin, or Okta itself for a job
	Published time.Time // when it happened; zero is now. An old one is an event that came late
	Job       bool      // by Okta's own job, not by an admin's request
	Outcome   string    // "" is SUCCESS
	Reason    string    // of the outcome

	Transaction string // "" is one of its own
	Rule        string // id of the group rule that did it
	Assignment  string // id of the group's assignment to the app that it is about
}

// Target is what an event is about.
type Target struct {
	Type        string // User, AppUser, AppInstance, UserGroup, GroupPushMapping
	ID          string
	AlternateID string
	DisplayName string
}

type actor bool

const (
	byAdmin actor = false // somebody in the admin console: a WEB transaction
	byJob   actor = true  // Okta itself: a JOB transaction
)

// event is one as the log keeps it. Both are numbers of their own: an event that was persisted twice is still one.
type event struct {
	Event
	number    uint64    // tells events apart
	place     uint64    // tells apart what was persisted in one millisecond
	persisted time.Time // when readers see it
}

type eventLog struct {
	events []event // in order of persistence: of persisted, then of place
	number uint64  // the newest
	place  uint64  // the newest
	front  time.Time
	era    int // how often Okta forgot its cursors
}

// Emit writes an event that no other method makes, such as one that comes late or one of another app.
func (o *Org) Emit(e Event) {
	defer o.lock()()
	o.emit(e)
}

func (o *Org) emit(e Event) {
	now := o.now()
	if e.Published.IsZero() {
		e.Published = now
	}
	if e.Outcome == "" {
		e.Outcome = "SUCCESS"
	}
	if o.Knobs.LoneEvents {
		e.Transaction, e.Assignment = "", ""
	}
	log := &o.log
	log.number++
	one := event{Event: e, number: log.number}
	o.enqueue(one)
	if o.Knobs.Fate != nil {
		for _, delay := range o.Knobs.Fate(e) {
			log.persist(one, now.Add(max(0, delay)))
		}
		return
	}
	if seen := now.Add(o.Knobs.LogLag); seen.After(log.front) {
		log.front = seen
	}
	log.persist(one, log.front) // in order, also after the lag was shortened
}

// persist puts an event where its time has it.
func (l *eventLog) persist(e event, at time.Time) {
	if len(l.events) >= maxEvents {
		l.events = slices.Clone(l.events[maxEvents/2:])
	}
	l.place++
	e.place, e.persisted = l.place, at.Truncate(time.Millisecond)
	i := l.after(logCursor{e.persisted, e.place})
	l.events = slices.Insert(l.events, i, e)
}

// after is the index of the first event that was persisted behind the cursor.
func (l *eventLog) after(c logCursor) int {
	i, _ := slices.BinarySearchFunc(l.events, c, func(e event, c logCursor) int {
		if e.position().compare(c) <= 0 {
			return -1
		}
		return 1
	})
	return i
}

func (e event) position() logCursor { return logCursor{e.persisted, e.place} }

// ForgetCursors makes Okta refuse every cursor of the System Log that it gave out until now.
func (o *Org) ForgetCursors() {
	defer o.lock()()
	o.log.era++
}

func (u *user) target() Target { return Target{"User", u.id, u.text("login"), u.name()} }

func (g *group) target() Target { return Target{"UserGroup", g.id, "unknown", g.name} }

func (o *Org) appTarget() Target { return Target{"AppInstance", o.ID(), o.label(), o.label()} }

// appUserTargets are the three targets of an assignment. The id of the AppUser is one of its own.
func (o *Org) appUserTargets(a *appUser) []Target {
	return []Target{{"AppUser", a.targetID, a.userName, a.user.name()}, o.appTarget(), a.user.target()}
}

func (o *Org) mappingTargets(m *mapping) []Target {
	return []Target{{"GroupPushMapping", m.logID, "unknown", m.source.name}, o.appTarget(), m.source.target()}
}

// describe gives the words and the older name of an event that Okta shows with it.
func describe(kind string) (message, legacy string) {
	switch kind {
	case "application.user_membership.add":
		return "Add user to application membership", "app.generic.provision.assign_user_to_app"
	case "application.user_membership.remove":
		return "Remove user's application membership", "app.generic.provision.deactivate_user_from_app"
	case "application.user_membership.update":
		return "Update user's application property", "app.generic.config.app_user_updated"
	case "application.user_membership.change_username":
		return "Change user's application username", "app.generic.config.app_username_update"
	case "group.user_membership.add":
		return "Add user to group membership", "core.user_group_member.user_add"
	case "group.user_membership.remove":
		return "Remove user from group membership", "core.user_group_member.user_remove"
	case "user.lifecycle.create":
		return "Create Okta user", "core.user.config.user_creation.success"
	case "user.lifecycle.activate":
		return "Activate Okta user", "core.user.config.user_activated"
	case "user.lifecycle.deactivate":
		return "Deactivate Okta user", "core.user.config.user_deactivated"
	case "user.lifecycle.suspend":
		return "Suspend Okta user", "core.user.config.user_suspended"
	case "group.user_membership.rule.deactivated":
		return "Deactivate group rule", ""
	case "group.user_membership.rule.add_exclusion":
		return "User added to the exclusion list for group rule", ""
	case "system.import.start":
		return "Start import", ""
	case "system.import.complete":
		return "Complete import", ""
	case "user.account.update_profile":
		return "Update user profile for Okta", "core.user.config.profile_update.success"
	}
	return strings.NewReplacer(".", " ", "_", " ").Replace(kind), ""
}
