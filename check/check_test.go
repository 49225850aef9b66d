package check_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

func TestASoundSetupIsReady(t *testing.T) {
	s := sound()
	s.reads("users.attributes.region", "region")
	r := s.run(t)
	for _, f := range r.Checks {
		if f.State != check.OK || f.Problem != "" || f.Remedy != "" || f.Found == "" || f.Name == "" {
			t.Errorf("%+v", f)
		}
	}
	if r.Outcome != check.OK || r.Summary.OK != len(r.Checks) {
		t.Errorf("%s, %+v", r.Outcome, r.Summary)
	}
	groups := []string{}
	ids := map[string]bool{}
	for _, f := range r.Checks {
		if ids[f.ID] {
			t.Errorf("%s is there twice", f.ID)
		}
		ids[f.ID] = true
		if len(groups) == 0 || groups[len(groups)-1] != f.Group {
			groups = append(groups, f.Group)
		}
	}
	if want := []string{"Okta", "Omni", "State", "Configuration"}; !slices.Equal(groups, want) {
		t.Errorf("groups %v, want %v", groups, want)
	}
}

// Each step that depends on another is skipped when that fails, and on nothing else.
func TestOnlyWhatDependsIsSkipped(t *testing.T) {
	no := &fault.Error{Kind: fault.Unauthorized, Op: "x", Detail: "403 Forbidden (E0000006: no)"}
	for _, tt := range []struct {
		question, failed string
		skipped          string
	}{
		{"sign in", "okta.address", "okta.credential okta.clock okta.owner okta.role okta.log okta.app okta.app.status okta.app.address okta.provisioning " +
			"okta.users okta.usernames okta.user okta.account okta.groups okta.limits users.attributes.region"},
		{"app", "okta.app", "okta.app.status okta.app.address okta.provisioning okta.users okta.usernames okta.user okta.account okta.groups users.attributes.region"},
		{"assigned", "okta.users", "okta.usernames okta.user okta.account users.attributes.region"},
		{"mappings", "okta.groups", ""},
		{"group", "okta.group", ""},
		{"size", "okta.group.size", ""},
		{"members", "okta.group.members", "okta.user.groups"},
		{"groups of", "okta.user.groups", ""},
		{"log", "okta.log", ""},
		{"account", "okta.account", ""},
		{"assignment", "okta.user", ""},
		{"roles", "", "okta.role"}, // which is usual
		{"evidence", "", ""},
	} {
		t.Run(tt.question, func(t *testing.T) {
			s := sound()
			s.reads("users.attributes.region", "region")
			s.okta.fails[tt.question] = no
			var failed, skipped []string
			for _, f := range s.run(t).Checks {
				switch f.State {
				case check.Failed:
					failed = append(failed, f.ID)
					if f.Remedy == "" {
						t.Errorf("%s has no remedy", f.ID)
					}
				case check.Skipped:
					skipped = append(skipped, f.ID)
					if f.Problem == "" {
						t.Errorf("%s doesn't tell why", f.ID)
					}
				case check.OK:
				case check.Warning:
					t.Errorf("%+v", f)
				}
			}
			if strings.Join(failed, " ") != tt.failed || strings.Join(skipped, " ") != tt.skipped {
				t.Errorf("failed %v\nskipped %v", failed, skipped)
			}
		})
	}
}

// A limit that is used up tells nothing about permissions.
func TestALimitIsNoFailure(t *testing.T) {
	s := sound()
	limited := &fault.Error{Kind: fault.Limited, Op: "list", Detail: "429"}
	for _, q := range []string{"assigned", "mappings", "log", "account"} {
		s.okta.fails[q] = limited
	}
	s.omni.keys = []error{limited}
	if r := s.run(t); r.Outcome != check.Warning {
		t.Errorf("%s: %+v", r.Outcome, r.Checks)
	}
	s = sound()
	s.omni.limited = 2
	if f := find(t, s.run(t), "omni.limits"); f.State != check.Warning || !strings.Contains(f.Problem, "2 times") {
		t.Errorf("%+v", f)
	}
}

// Where Okta doesn't answer, the check ends all the same, with all that Omni told.
func TestItEndsWithinAMinute(t *testing.T) {
	for _, question := range []string{"sign in", "assigned", "members"} {
		s := sound()
		s.okta.blocks[question] = true
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			r := s.run(t)
			if took := time.Since(began); took != time.Minute {
				t.Errorf("%s: it took %s", question, took)
			}
			if f := find(t, r, "omni.groups"); f.State != check.OK || r.Outcome != check.Failed {
				t.Errorf("%s: %+v", question, r)
			}
			if f := find(t, r, "okta.limits"); f.State != check.Skipped || !strings.Contains(f.Problem, "time for the whole") && question != "sign in" {
				t.Errorf("%s: %+v", question, f)
			}
		})
	}
}

func TestOwnersOfTokens(t *testing.T) {
	for login, want := range map[string]check.State{
		"svc-omnisync@example.com": check.OK,
		"omni.sync@example.com":    check.OK,
		"okta_api@example.com":     check.OK,
		"ada@svc.example.com":      check.Warning, // the domain says nothing about the account
		"sylvia.bottega@x.com":     check.Warning,
		"ada.admin@example.com":    check.Warning,
	} {
		s := sound()
		s.okta.login = login
		if f := find(t, s.run(t), "okta.owner"); f.State != want || !strings.Contains(f.Found, login) {
			t.Errorf("%s: %+v", login, f)
		}
	}
}

// An app has no owner, and is helped in its own words.
func TestAnAppHasNoOwner(t *testing.T) {
	s := sound()
	s.config.Client = "0oaclient"
	s.okta.people = nil
	r := s.run(t)
	for _, f := range r.Checks {
		if f.ID == "okta.owner" || f.ID == "okta.role" {
			t.Errorf("%+v", f)
		}
	}
	if f := find(t, r, "okta.users"); f.State != check.Warning || !strings.Contains(f.Remedy, "app 0oaclient: grant okta.apps.read") {
		t.Errorf("%+v", f)
	}
}

// An empty list is judged by what the log shows last.
func TestAnEmptyListNeedsEvidence(t *testing.T) {
	for event, want := range map[string]check.State{
		"":                                   check.Warning,
		"application.user_membership.add":    check.Failed,
		"application.user_membership.remove": check.Warning,
	} {
		s := sound()
		s.okta.people, s.okta.event = nil, event
		if f := find(t, s.run(t), "okta.users"); f.State != want {
			t.Errorf("%q: %+v", event, f)
		}
	}
	for event, want := range map[string]check.State{
		"application.provision.group_push.pushed":  check.Failed,
		"application.provision.group_push.removed": check.Warning,
	} {
		s := sound()
		s.okta.groups, s.okta.event = nil, event
		if f := find(t, s.run(t), "okta.groups"); f.State != want {
			t.Errorf("%q: %+v", event, f)
		}
	}
	s := sound()
	s.okta.members, s.okta.sizes = nil, nil
	if r := s.run(t); r.Outcome != check.OK {
		t.Errorf("an empty group: %+v", r.Checks)
	}
}

// What isn't on the first page isn't taken for missing.
func TestFurtherPagesAreNotJudged(t *testing.T) {
	s := sound()
	s.okta.more = true
	s.config.From, s.config.Match = "match", []string{"Sales", "omni-*"}
	s.config.Expressions = []check.Expression{{Path: "users.scope", Eval: func(identity.Assignment) (identity.Value, bool, error) { return identity.NewValue(false) }}}
	r := s.run(t)
	for _, id := range []string{"users.scope", "groups.match"} {
		if f := find(t, r, id); f.State != check.Warning || !strings.Contains(f.Problem, "first") {
			t.Errorf("%+v", f)
		}
	}
	if f := find(t, r, "okta.users"); f.Found != "1 user or more" {
		t.Errorf("%+v", f)
	}
}

// An expression over groups isn't tried on people without them: its scope would
// be empty, and nobody left for the others.
func TestExpressionsOverGroupsAreLeftOut(t *testing.T) {
	s := sound()
	nobody := func(identity.Assignment) (identity.Value, bool, error) { return identity.NewValue(false) }
	s.config.Expressions = []check.Expression{{Path: "users.scope", Groups: true, Eval: nobody}, {Path: "users.display_name", Groups: true, Eval: nobody}}
	s.reads("users.attributes.region", "region")
	r := s.run(t)
	for _, id := range []string{"users.scope", "users.display_name"} {
		if f := find(t, r, id); f.State != check.Skipped || !strings.Contains(f.Problem, "syncd mapping test") {
			t.Errorf("%+v", f)
		}
	}
	if f := find(t, r, "users.attributes.region"); strings.Contains(f.Problem, "no user in scope") {
		t.Errorf("%+v", f)
	}
}

func TestSourcesOfGroups(t *testing.T) {
	for _, tt := range []struct {
		from     string
		features []string
		match    []string
		question string // "" for none
	}{
		{"auto", []string{"GROUP_PUSH"}, nil, "mappings"},
		{"auto", []string{"GROUP_PUSH"}, []string{"Sales"}, "mappings"},
		{"auto", nil, []string{"Sales"}, "groups"},
		{"auto", nil, nil, ""},
		{"push_mappings", []string{"GROUP_PUSH"}, nil, "mappings"},
		{"app_groups", []string{"GROUP_PUSH"}, nil, "app groups"},
		{"match", []string{"GROUP_PUSH"}, []string{"Sales"}, "groups"},
		{"match", []string{"GROUP_PUSH"}, nil, ""},
	} {
		s := sound()
		s.config.From, s.config.Match, s.okta.app.Features = tt.from, tt.match, tt.features
		r := s.run(t)
		var asked []string
		for _, q := range s.okta.asked {
			if slices.Contains([]string{"mappings", "groups", "app groups"}, q) {
				asked = append(asked, q)
			}
		}
		if strings.Join(asked, ",") != tt.question || r.Outcome != check.OK {
			t.Errorf("%+v: asked %v, %s", tt, asked, r.Outcome)
		}
		if touched := slices.Contains(s.okta.asked, "members"); touched != (tt.question != "") {
			t.Errorf("%+v: members were asked for: %t", tt, touched)
		}
	}
}

func TestStores(t *testing.T) {
	c := sound().config
	ours := check.Ledger{Org: c.OrgURL, App: c.AppID, Omni: c.OmniURL}
	redis := func(version, policy string, unlimited bool) check.Ledger {
		return check.Ledger{Redis: true, Version: version, Policy: policy, Unlimited: unlimited}
	}
	for _, tt := range []struct {
		name   string
		ledger check.Ledger
		id     string
		want   check.State
	}{
		{"new", check.Ledger{Absent: true}, "state.ledger", check.OK},
		{"ours", ours, "state.ledger", check.OK},
		{"another org's", check.Ledger{Org: "https://other.okta.com", App: c.AppID, Omni: c.OmniURL}, "state.ledger", check.Failed},
		{"another Omni's", check.Ledger{Org: c.OrgURL, App: c.AppID, Omni: "https://other.omniapp.co"}, "state.ledger", check.Failed},
		{"the daemon's", check.Ledger{Owner: "pid 7 on host has it"}, "state.store", check.OK},
		{"the daemon's, unread", check.Ledger{Owner: "pid 7 on host has it"}, "state.ledger", check.Skipped},
		{"broken", check.Ledger{Err: errors.New("no")}, "state.store", check.Failed},
		{"broken, unread", check.Ledger{Err: errors.New("no"), Redis: true}, "state.eviction", check.Skipped},
		{"old Redis", redis("5.0.7", "noeviction", true), "state.store", check.Failed},
		{"old enough Redis", redis("6.2.0", "noeviction", true), "state.store", check.OK},
		{"nothing goes", redis("7.4.1", "noeviction", false), "state.eviction", check.OK},
		{"everything may go", redis("7.4.1", "allkeys-lru", false), "state.eviction", check.Failed},
		{"everything may go some day", redis("7.4.1", "allkeys-lru", true), "state.eviction", check.Warning},
		{"the lease may go", redis("7.4.1", "volatile-ttl", false), "state.eviction", check.Warning},
		{"not told", redis("", "", false), "state.eviction", check.Skipped},
	} {
		s := sound()
		s.ledger = tt.ledger
		if f := find(t, s.run(t), tt.id); f.State != tt.want {
			t.Errorf("%s: %+v", tt.name, f)
		}
	}
}

func TestKeys(t *testing.T) {
	no := &fault.Error{Kind: fault.Unauthorized, Detail: "401"}
	personal := &fault.Error{Kind: fault.Unauthorized, Detail: "403 User-scoped API keys are not allowed to access the SCIM API"}
	for _, tt := range []struct {
		name   string
		keys   []error
		scopes []string
		failed string
	}{
		{"two good ones", []error{nil, nil}, []string{"organization", "organization"}, ""},
		{"an older Omni", []error{nil, nil}, nil, ""},
		{"none works", []error{no, no}, nil, "omni.key.1 omni.key.2"},
		{"the second works", []error{no, nil}, nil, "omni.key.1"},
		{"personal, by its scope", []error{no}, []string{"user"}, "omni.key.1"},
		{"personal, by Omni's words", []error{personal}, nil, "omni.key.1"},
		{"out of reach", []error{&fault.Error{Kind: fault.Unavailable}}, nil, "omni.address"},
	} {
		s := sound()
		s.omni.keys, s.omni.scopes = tt.keys, tt.scopes
		var failed []string
		for _, f := range s.run(t).Checks {
			if f.State == check.Failed {
				failed = append(failed, f.ID)
				if strings.HasPrefix(tt.name, "personal") && !strings.Contains(f.Remedy, "in place of the personal token") {
					t.Errorf("%s: %+v", tt.name, f)
				}
			}
		}
		if strings.Join(failed, " ") != tt.failed {
			t.Errorf("%s: failed %v", tt.name, failed)
		}
	}
}

func TestValuesAndDefinitions(t *testing.T) {
	for _, tt := range []struct {
		def    identity.Definition
		value  any
		want   check.State
		remedy string
	}{
		{identity.Definition{Name: "x"}, "a", check.OK, ""},
		{identity.Definition{Name: "x"}, 3, check.OK, ""},
		{identity.Definition{Name: "x"}, []string{"a"}, check.Failed, "multiple values"},
		{identity.Definition{Name: "x", Multiple: true}, []string{"a", "b"}, check.OK, ""},
		{identity.Definition{Name: "x", Multiple: true}, "a", check.OK, ""},
		{identity.Definition{Name: "x", Number: true}, 3.5, check.OK, ""},
		{identity.Definition{Name: "x", Number: true}, "3.5", check.OK, ""},
		{identity.Definition{Name: "x", Number: true}, "many", check.Failed, "type String"},
		{identity.Definition{Name: "x", Number: true, Multiple: true}, []string{"1", "many"}, check.Failed, "type String"},
		{identity.Definition{Name: "x", System: true}, "a", check.Failed, "your own"},
		{identity.Definition{Name: "X"}, "a", check.Failed, "did you mean X?"}, // letter case counts
		{identity.Definition{Name: "region"}, "a", check.Failed, "create one with the Reference x"},
		{identity.Definition{Name: "x", Default: `"all"`}, "a", check.OK, ""},
		{identity.Definition{Name: "x"}, nil, check.Warning, "Directory > People"},
	} {
		s := sound()
		a := identity.Assignment{ID: "00u1", Status: "ACTIVE", Account: "ACTIVE", UserName: "a@b.co", Profile: map[string]any{"f": tt.value}}
		s.okta.people, s.omni.attributes = []identity.Sighting{a.Sighting()}, []identity.Definition{tt.def}
		s.reads("users.attributes.x", "f")
		if f := find(t, s.run(t), "users.attributes.x"); f.State != tt.want || !strings.Contains(f.Remedy, tt.remedy) {
			t.Errorf("%+v %v: %+v", tt.def, tt.value, f)
		}
	}
}

// Only those whom a run would map are looked at.
func TestWhoIsLookedAt(t *testing.T) {
	s := sound()
	s.okta.people = nil
	for i, status := range []string{"ACTIVE", "DEPROVISIONED", "SUSPENDED", "STAGED", "LOCKED_OUT"} {
		a := identity.Assignment{ID: identity.OktaID(fmt.Sprint("00u", i)), Status: "ACTIVE", Account: status, UserName: "a@b.co", Profile: map[string]any{"region": "x"}}
		s.okta.people = append(s.okta.people, a.Sighting())
	}
	s.reads("users.attributes.region", "region")
	if f := find(t, s.run(t), "users.attributes.region"); f.Found != "a value for 3 of 3 users" {
		t.Errorf("%+v", f)
	}
	unread := sound()
	unread.okta.people[0].Whole = func() (identity.Assignment, error) { return identity.Assignment{}, errors.New("no profile") }
	unread.reads("users.attributes.region", "region")
	if f := find(t, unread.run(t), "users.attributes.region"); f.State != check.Skipped || !strings.Contains(f.Problem, "profile") {
		t.Errorf("%+v", f)
	}
}
