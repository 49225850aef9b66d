package okta

import (
	"cmp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omnisync/omnisync/identity"
)

// deedRecord is an event with who did it, and what it belongs to.
type deedRecord struct {
	ID      string `json:"uuid"`
	Type    string `json:"eventType"`
	Outcome struct {
		Result string `json:"result"`
	} `json:"outcome"`
	Published time.Time      `json:"published"`
	Actor     targetRecord   `json:"actor"`
	Target    []targetRecord `json:"target"`

	Transaction struct {
		ID string `json:"id"`
	} `json:"transaction"`
	Debug struct {
		Data struct { // Okta promises nothing about these two: what is no text counts as absent
			Rule       jsontext.Value `json:"triggeredByGroupRuleId"`
			Assignment jsontext.Value `json:"groupAppAssignmentId"`
		} `json:"debugData"`
	} `json:"debugContext"`
}

type targetRecord struct {
	ID          string `json:"id"`
	Type        string `json:"type"`
	AlternateID string `json:"alternateId"`
	DisplayName string `json:"displayName"`
}

func (r deedRecord) id() string { return r.ID }

// deed says what an event did. Targets are looked up by type.
//
//	event                                               is
//	failed, skipped or denied                           nothing
//	application.user_membership.remove, deprovision,
//	revoke; of our app                                  DeedUnassigned
//	group.user_membership.remove                        DeedLeft
//	group.application_assignment.remove, of our app     DeedLetGo
//	group.lifecycle.delete                              DeedGroupEnded
//	group.profile.update                                DeedRenamed
//	application.provision.group_push.removed,
//	deactivate_mapping; of our app                      DeedUnpushed
//	user.lifecycle.deactivate, delete.initiated         DeedEnded
//	user.lifecycle.suspend                              DeedSuspended
//	user.account.update_profile                         DeedProfile
//	group.user_membership.rule.deactivated, invalidate  DeedRule; Okta wants a rule to be inactive
//	                                                    before it is changed or deleted
//	system.import.start, complete                       DeedImport, DeedImported
//	application.lifecycle.deactivate, delete; ours      DeedStopped
//	all others                                          nothing
func (r deedRecord) deed(app string) identity.Deed {
	d := identity.Deed{Kind: r.does(app), Published: r.Published, Actor: r.Actor.doer(),
		Event: identity.Origin("okta event " + clip(r.ID) + " " + clip(r.Type))}
	for _, t := range r.Target {
		switch {
		case t.Type == "User" && isID(t.ID):
			d.Users = append(d.Users, identity.OktaID(t.ID))
		case t.Type == "UserGroup" && isID(t.ID):
			d.Groups = append(d.Groups, t.named())
		case strings.Contains(t.Type, "Rule"):
			d.Rule = t.named()
		case t.Type == "AppInstance":
			d.App = t.named()
		}
	}
	if id := textOf(r.Debug.Data.Rule); id != "" {
		d.Rule.ID = id
	}
	for _, thread := range []string{r.Transaction.ID, textOf(r.Debug.Data.Assignment)} {
		if thread != "" && thread != "unknown" {
			d.Threads = append(d.Threads, clip(thread))
		}
	}
	return d
}

func (r deedRecord) does(app string) identity.DeedKind {
	switch r.Outcome.Result {
	case "FAILURE", "SKIPPED", "DENY":
		return identity.DeedNone
	}
	if r.elsewhere(app) {
		return identity.DeedNone
	}
	return map[string]identity.DeedKind{
		"application.user_membership.remove":                  identity.DeedUnassigned,
		"application.user_membership.deprovision":             identity.DeedUnassigned,
		"application.user_membership.revoke":                  identity.DeedUnassigned,
		"group.user_membership.remove":                        identity.DeedLeft,
		"group.application_assignment.remove":                 identity.DeedLetGo,
		"group.lifecycle.delete":                              identity.DeedGroupEnded,
		"group.profile.update":                                identity.DeedRenamed,
		"application.provision.group_push.removed":            identity.DeedUnpushed,
		"application.provision.group_push.deactivate_mapping": identity.DeedUnpushed,
		"user.lifecycle.deactivate":                           identity.DeedEnded,
		"user.lifecycle.delete.initiated":                     identity.DeedEnded,
		"user.lifecycle.suspend":                              identity.DeedSuspended,
		"user.account.update_profile":                         identity.DeedProfile,
		"group.user_membership.rule.deactivated":              identity.DeedRule,
		"group.user_membership.rule.invalidate":               identity.DeedRule,
		"system.import.start":                                 identity.DeedImport,
		"system.import.complete":                              identity.DeedImported,
		"application.lifecycle.deactivate":                    identity.DeedStopped,
		"application.lifecycle.delete":                        identity.DeedStopped,
	}[r.Type]
}

// elsewhere reports whether the event is about what happens in another app.
func (r deedRecord) elsewhere(app string) bool {
	if !strings.HasPrefix(r.Type, "application.") && !strings.HasPrefix(r.Type, "group.application_assignment.") {
		return false
	}
	for _, t := range r.Target {
		if t.ID == app {
			return false
		}
	}
	return true
}

func (t targetRecord) named() identity.Named {
	name := t.DisplayName
	if name == "" && t.AlternateID != "unknown" {
		name = t.AlternateID
	}
	return identity.Named{ID: t.ID, Name: clip(cmp.Or(name, t.ID))}
}

// doer is who acts; zero where Okta itself does, by a job or a rule.
func (t targetRecord) doer() identity.Named {
	if t.ID == "" || strings.HasPrefix(t.Type, "System") || t.AlternateID == "system@okta.com" {
		return identity.Named{}
	}
	n := t.named()
	if t.AlternateID != "" && t.AlternateID != "unknown" && t.AlternateID != n.Name {
		n.Name = clip(n.Name + " (" + t.AlternateID + ")")
	}
	return n
}

func textOf(v jsontext.Value) string {
	var s string
	if len(v) == 0 || json.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}
