package sync

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Each known cause is recognised by what is said of it, and has advice.
func TestCausesAreRecognised(t *testing.T) {
	seen := map[string]bool{causeAlone: true} // by what other changes were answered
	for _, row := range []struct {
		kind  fault.Kind
		group bool
		words string
		want  string
	}{
		{fault.Unauthorized, false, "create user: 401 Unauthorized", "credential"},
		{fault.Unavailable, true, "update group: no complete answer from Omni", "down"},
		{fault.Limited, false, "create user: 429", "busy"},
		{fault.Refused, false, "create ann@x.co: " + wordsHidden, "hidden"},
		{fault.Refused, false, identity.CheckUserName("ann").Error(), "username"},
		{fault.Refused, false, "two assigned Okta users have this username; give one of them another in the app's assignment", "twice"},
		{fault.Refused, false, "Okta's status of this user (X) is unknown to us, so nothing is decided", "unclear"},
		{fault.Refused, false, `users.attributes: Omni has no user attribute "x" (it has none)`, "undefined"},
		{fault.Refused, false, "update user: 400 Unknown attribute regio", "undefined"},
		{fault.Refused, false, "attribute cost: \"much\" is no number", "value"},
		{fault.Refused, false, "update user: Omni ignored attribute region (it has no value)", "value"},
		{fault.Refused, false, "users.display_name: the expression failed: no such key", "mapping"},
		{fault.Refused, true, "the group's name has 70 characters, Omni takes 64: shorten it in Okta", "length"},
		{fault.Refused, false, "create user: 400 displayName: too long", "length"},
		{fault.Refused, true, `update group: 400 Member "u1" not found`, "member"},
		{fault.Conflict, true, "create group: 409 Group with this name already exists", "name"},
		{fault.Refused, true, "Omni has another group of the new name; members go on under the old one", "name"},
		{fault.Refused, false, "deactivate ann@x.co: Omni answered, but the user is still active", "active"},
		{fault.Refused, false, "create user: 400 Email domain not allowed", "address"},
		{fault.Refused, true, "update group: 400 no", "refused"},
		{fault.NotFound, false, "update user: 404", "refused"},
		{fault.Refused, false, `hand over 1 item (schedule "Weekly"): bob@x.co: may not see it`, "handover"},
		{fault.Other, false, "what", "other"},
	} {
		got := causeOf(row.kind, row.group, row.words)
		seen[got] = true
		if got != row.want {
			t.Errorf("%q is taken for %s, want %s", row.words, got, row.want)
		}
	}
	for _, c := range causes {
		if c.advice == "" || !seen[c.name] {
			t.Errorf("cause %s has the advice %q, and a row here: %t", c.name, c.advice, seen[c.name])
		}
	}
}

// What a failure itself advises comes first.
func TestAdvice(t *testing.T) {
	for _, row := range []struct{ cause, hint, want string }{
		{"refused", "", "compare what Omni says"},
		{"refused", "do this", "do this"},
		{"credential", "Make a key.", "Make a key; syncd check tests each key"},
		{"unheard of", "do this", "do this"},
	} {
		if got := adviceOn(row.cause, row.hint); !strings.HasPrefix(got, row.want) {
			t.Errorf("on %s with %q: %q", row.cause, row.hint, got)
		}
	}
}

// What fails alike but for its name is one trouble, the largest first; what fails
// otherwise, or of another cause, is another.
func TestTroubles(t *testing.T) {
	var failed []state.Change
	add := func(name, words, cause string) {
		failed = append(failed, state.Change{UserName: name, OmniID: "o-" + name, State: state.Failed, Error: words, Problem: &state.Problem{Cause: cause, Advice: "mend " + cause}})
	}
	add("zoe", "create zoe: 400 no", "refused")
	for i := range 5 {
		name := fmt.Sprintf("u%d", i)
		add(name, "update "+name+" (o-"+name+"): 400 boom", "value")
		add("k"+name, fmt.Sprintf("request %d: 401 no such key", i), "credential")
	}
	add("x", "update x (o-x): 400 boom", "refused")
	var got []string
	for _, tr := range Troubles(failed) {
		got = append(got, fmt.Sprint(tr.Count, " ", tr.Cause, " ", tr.Words, " ", tr.Advice, " ", tr.Names))
	}
	sameLines(t, "troubles", strings.Join(got, "\n"), `5 value update u0 (o-u0): 400 boom mend value [u0 u1 u2]
		5 credential request 0: 401 no such key mend credential [ku0 ku1 ku2]
		1 refused create zoe: 400 no mend refused [zoe]
		1 refused update x (o-x): 400 boom mend refused [x]`)
}

// What is known of a failure: tried just now, waiting, written by an older program, or
// never tried.
func TestProblemOfAChange(t *testing.T) {
	f := state.Failure{Attempts: 3, Since: noon, Next: noon.Add(time.Hour), Cause: "value", Change: state.Change{Reason: "mend it"}}
	old := f
	old.Cause, old.Change.Reason = "", ""
	for name, row := range map[string]struct {
		c    state.Change
		why  string
		f    state.Failure
		want string
	}{
		"just now":  {state.Change{Error: "e", Reason: "do"}, "refused", f, "refused|do|3"},
		"waiting":   {state.Change{Error: "e", Reason: "failed 3 times"}, "", f, "value|mend it|3"},
		"older":     {state.Change{Error: "create: 400 Email"}, "", old, "address|" + adviceOn("address", "") + "|3"},
		"untried":   {state.Change{Reason: "the app username \"x\" is not an email address"}, "", state.Failure{}, "username|" + adviceOn("username", "") + "|0"},
		"a group's": {state.Change{Group: "g", Reason: "Omni has a group of this name"}, "", state.Failure{}, "name|" + adviceOn("name", "") + "|0"},
	} {
		p := problem(row.c, row.why, row.f)
		if got := fmt.Sprintf("%s|%s|%d", p.Cause, p.Advice, p.Attempts); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}
