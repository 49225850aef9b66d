package okta

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
)

// maxHookTypes is how many types of events one hook may want.
const maxHookTypes = 300

// hookTypes are the types that Okta's catalog calls event-hook-eligible, of those that can matter to an app.
func hookTypes() []string {
	return []string{
		"application.lifecycle.activate", "application.lifecycle.create", "application.lifecycle.deactivate",
		"application.lifecycle.delete", "application.lifecycle.update",
		"application.provision.group_push.mapping.update.or.delete.failed.with.error",
		"application.provision.user.import_profile", "application.provision.user.push", "application.provision.user.push_profile",
		"application.provision.user.reactivate", "application.provision.user.sync",
		"application.user_membership.add", "application.user_membership.change_password",
		"application.user_membership.remove", "application.user_membership.update",
		"group.application_assignment.add", "group.application_assignment.remove", "group.application_assignment.update",
		"group.lifecycle.create", "group.lifecycle.delete", "group.profile.update",
		"group.user_membership.add", "group.user_membership.remove",
		"system.api_token.create", "system.api_token.revoke",
		"user.account.lock", "user.account.reset_password", "user.account.unlock", "user.account.unlock_by_admin",
		"user.account.update_password", "user.account.update_profile", "user.authentication.sso",
		"user.lifecycle.activate", "user.lifecycle.create", "user.lifecycle.deactivate", "user.lifecycle.delete.initiated",
		"user.lifecycle.reactivate", "user.lifecycle.suspend", "user.lifecycle.unsuspend",
		"user.session.end", "user.session.start",
	}
}

// readHook reads and checks what a request says of a hook.
func readHook(r *http.Request) (wanted hookWanted, f *failure) {
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		return wanted, &failure{http.StatusBadRequest, "E0000003", "The request body was not well-formed.", []string{err.Error()}}
	}
	if wanted.Events.Filter != nil && string(wanted.Events.Filter) != "null" {
		return wanted, unsupported("filter of an event hook")
	}
	for _, check := range []struct {
		field string
		err   error
	}{
		{"name", filled(wanted.Name)},
		{"events", wanted.checkEvents()},
		{"channel", wanted.Channel.check()},
		{"channel.config.uri", checkHookURI(wanted.Channel.Config.URI)},
	} {
		if check.err != nil {
			return wanted, invalid(check.field, check.err)
		}
	}
	return wanted, nil
}

func filled(text string) error {
	if text == "" {
		return errors.New("the field cannot be left blank")
	}
	return nil
}

func (w hookWanted) checkEvents() error {
	items := w.Events.Items
	switch {
	case w.Events.Type != "EVENT_TYPE":
		return fmt.Errorf("type %q isn't EVENT_TYPE", w.Events.Type)
	case len(items) == 0 || len(items) > maxHookTypes:
		return fmt.Errorf("%d items: a hook has 1 to %d", len(items), maxHookTypes)
	}
	eligible := hookTypes()
	for _, kind := range items {
		if !slices.Contains(eligible, kind) {
			return fmt.Errorf("%q is no type of event that hooks may have", kind)
		}
	}
	return nil
}

func (c hookChannel) check() error {
	switch auth := c.Config.Auth; {
	case c.Type != "HTTP" || c.Version != "1.0.0":
		return fmt.Errorf("type %q and version %q aren't HTTP and 1.0.0", c.Type, c.Version)
	case auth != nil && (auth.Type != "HEADER" || auth.Key == ""):
		return fmt.Errorf("authScheme of type %q with the key %q: it is a HEADER with a key", auth.Type, auth.Key)
	}
	return nil
}

// checkHookURI takes https as Okta does, and on this machine http, because tests have no certificate there.
func checkHookURI(text string) error {
	uri, err := url.Parse(text)
	switch {
	case err != nil:
		return err
	case uri.Host == "":
		return fmt.Errorf("%q isn't the URL of a service", text)
	case uri.Scheme == "https":
		return nil
	case uri.Scheme == "http" && (uri.Hostname() == "localhost" || net.ParseIP(uri.Hostname()).IsLoopback()):
		return nil
	}
	return fmt.Errorf("%q isn't https", text)
}
