package okta

import (
	"strings"
	"time"
)

// maxEvents bounds the System Log: the oldest go first, as they do in Okta after 90 days.
const maxEvents = 200_000

// Event is one event of the System Log.
type Event struct {
	Type      string // such as application.user_membership.add
	Targets   []Target
	Published time.Time // when it happened; zero is now. An old one is an event that came late
	Job       bool      // by Okta's own job, not by an admin's request
	Outcome   string    // "" is SUCCESS
	Reason    string    // of the outcome
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

// event is one as the log keeps it. Its number tells the order in which events were persisted.
type event struct {
	Event
	number    uint64
	persisted time.Time // when readers see it
}

type eventLog struct {
	events []event // by number, so by persistence
	last   uint64
}

// Emit writes an event that no other method makes, such as one that comes late or one of another app.
func (o *Org) Emit(e Event) {
	defer o.lock()()
	o.emit(e)
}

func (o *Org) happened(by actor, kind string, targets ...Target) {
	if !o.Knobs.Quiet {
		o.emit(Event{Type: kind, Targets: targets, Job: by == byJob})
	}
}

func (o *Org) emit(e Event) {
	now := o.now()
	if e.Published.IsZero() {
		e.Published = now
	}
	if e.Outcome == "" {
		e.Outcome = "SUCCESS"
	}
	log := &o.log
	seen := now.Add(o.Knobs.LogLag)
	if n := len(log.events); n > 0 && seen.Before(log.events[n-1].persisted) {
		seen = log.events[n-1].persisted // persisted in order, also after the lag was shortened
	}
	if len(log.events) >= maxEvents {
		log.events = append([]event(nil), log.events[maxEvents/2:]...)
	}
	log.last++
	log.events = append(log.events, event{e, log.last, seen})
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
	case "user.account.update_profile":
		return "Update user profile for Okta", "core.user.config.profile_update.success"
	}
	return strings.NewReplacer(".", " ", "_", " ").Replace(kind), ""
}
