package state

import (
	"time"

	"github.com/omnisync/omnisync/identity"
)

// Reason is the kind of what led to a removal.
type Reason string

// The reasons. ReasonUnknown is told in words by Because.Unknown.
const (
	ReasonUnknown      Reason = ""
	ReasonUnassigned   Reason = "unassigned"    // somebody took the app from the user
	ReasonLeft         Reason = "left_group"    // the user left Group
	ReasonLetGo        Reason = "group_let_go"  // Group lost the app
	ReasonGroupDeleted Reason = "group_deleted" // Group is no more
	ReasonRenamed      Reason = "group_renamed"
	ReasonUnpushed     Reason = "unpushed"      // Group is no longer pushed
	ReasonAccount      Reason = "account_ended" // the Okta account was deactivated or deleted
	ReasonSuspended    Reason = "suspended"
	ReasonScope        Reason = "out_of_scope"    // users.scope leaves the profile out
	ReasonProfile      Reason = "profile_changed" // the profile lost the value
	ReasonApp          Reason = "app_stopped"     // the app was deactivated or deleted
	ReasonPolicy       Reason = "configuration"   // what the configuration says became different
	ReasonAdopted      Reason = "adopted"         // Omni had it so when the group was adopted
)

// Because is what led to one held removal: what Okta did, and what set that off.
type Because struct {
	Reason  Reason         `json:"reason,omitempty"`
	Unknown string         `json:"unknown,omitempty"` // why the cause isn't known
	Group   identity.Named `json:"group,omitzero"`
	Rule    identity.Named `json:"rule,omitzero"`   // the group rule that did it
	Import  identity.Named `json:"import,omitzero"` // the app that was imported from
	Actor   identity.Named `json:"actor,omitzero"`  // who did it, or set it off
	Set     SetOff         `json:"set,omitempty"`   // by what Actor or Import set it off, where they didn't do it themselves
	Near    bool           `json:"near,omitempty"`  // of Import and Group: only the time speaks for it
	At      time.Time      `json:"at,omitzero"`     // when it took the person away, by Okta's clock

	Events []identity.Origin `json:"events,omitempty"` // of the System Log: what took away, then what led to it
	Asked  int               `json:"asked,omitempty"`  // how often the System Log was looked into
}

// SetOff is the way in which somebody set a cascade off.
type SetOff string

// The ways.
const (
	SetByProfile SetOff = "profile" // by changing profiles
	SetByRule    SetOff = "rule"    // by changing the rule
)

// Known reports whether anything is known of what led to it.
func (b *Because) Known() bool { return b != nil && b.Reason != ReasonUnknown }
