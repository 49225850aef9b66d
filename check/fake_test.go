package check_test

import (
	"context"
	"errors"
	"path"
	"testing"
	"time"

	"github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// fakeOkta is sound until a test changes it.
type fakeOkta struct {
	login   string
	roles   []string
	app     check.App
	people  []identity.Sighting
	groups  []identity.Group
	more    bool // there are further pages
	members map[identity.GroupID][]identity.OktaID
	sizes   map[identity.GroupID]int
	event   string // the newest
	scopes  []string
	found   identity.Assignment // asked for by id
	fails   map[string]error
	blocks  map[string]bool // questions that are never answered
	asked   []string
}

// ask is what every question has in common.
func (o *fakeOkta) ask(ctx context.Context, question string) error {
	o.asked = append(o.asked, question)
	if o.blocks[question] {
		<-ctx.Done()
		return &fault.Error{Kind: fault.Unavailable, Op: question, Err: context.Cause(ctx)}
	}
	return o.fails[question]
}

func (o *fakeOkta) SignIn(ctx context.Context) (identity.OktaID, map[string]any, error) {
	return "00uowner", map[string]any{"login": o.login, "firstName": "A"}, o.ask(ctx, "sign in")
}

func (o *fakeOkta) Roles(ctx context.Context, _ identity.OktaID) ([]string, error) {
	return o.roles, o.ask(ctx, "roles")
}

func (o *fakeOkta) App(ctx context.Context) (check.App, error) { return o.app, o.ask(ctx, "app") }

func (o *fakeOkta) LastEvent(ctx context.Context, _ time.Duration, kinds ...string) (string, time.Time, error) {
	if len(kinds) > 0 {
		return o.event, time.Unix(0, 0), o.ask(ctx, "evidence")
	}
	return "user.session.start", time.Unix(0, 0), o.ask(ctx, "log")
}

func (o *fakeOkta) Assigned(ctx context.Context) ([]identity.Sighting, bool, error) {
	return o.people, o.more, o.ask(ctx, "assigned")
}

func (o *fakeOkta) Mappings(ctx context.Context) ([]identity.Mapping, bool, error) {
	var list []identity.Mapping
	for _, g := range o.groups {
		list = append(list, identity.Mapping{ID: "gPm" + string(g.ID), Source: g.ID, Status: "ACTIVE"})
	}
	return list, o.more, o.ask(ctx, "mappings")
}

func (o *fakeOkta) AppGroups(ctx context.Context) ([]identity.Group, bool, error) {
	return o.groups, o.more, o.ask(ctx, "app groups")
}

func (o *fakeOkta) Groups(ctx context.Context) ([]identity.Group, bool, error) {
	return o.groups, o.more, o.ask(ctx, "groups")
}

func (o *fakeOkta) Group(ctx context.Context, id identity.GroupID) (identity.Group, error) {
	return identity.Group{ID: id, Name: "G"}, o.ask(ctx, "group")
}

func (o *fakeOkta) GroupSize(ctx context.Context, id identity.GroupID) (int, error) {
	return o.sizes[id], o.ask(ctx, "size")
}

func (o *fakeOkta) Members(ctx context.Context, id identity.GroupID) ([]identity.OktaID, bool, error) {
	return o.members[id], false, o.ask(ctx, "members")
}

func (o *fakeOkta) Account(ctx context.Context, _ identity.OktaID) (string, error) {
	return "ACTIVE", o.ask(ctx, "account")
}

func (o *fakeOkta) Assignment(ctx context.Context, _ identity.OktaID) (identity.Assignment, error) {
	return o.found, o.ask(ctx, "assignment")
}

func (o *fakeOkta) GroupsOf(ctx context.Context, _ identity.OktaID) ([]identity.GroupID, error) {
	var ids []identity.GroupID
	for _, g := range o.groups {
		ids = append(ids, g.ID)
	}
	return ids, o.ask(ctx, "groups of")
}

func (o *fakeOkta) Scopes() ([]string, bool) { return o.scopes, o.scopes != nil }

func (o *fakeOkta) Reached() bool            { return o.fails["sign in"] == nil && !o.blocks["sign in"] }
func (o *fakeOkta) Sent() int                { return len(o.asked) }
func (o *fakeOkta) Skew() time.Duration      { return 0 }
func (o *fakeOkta) Left() (string, int, int) { return "apps/*", 90, 100 }

// fakeOmni has as many keys as errors.
type fakeOmni struct {
	keys       []error // what users are answered with
	scopes     []string
	attributes []identity.Definition
	limited    int
	active     map[string]bool // users by name
	looked     int             // for a user by name
}

func (o *fakeOmni) Find(_ context.Context, _ int, name string) (identity.Account, error) {
	o.looked++
	active, there := o.active[name]
	if !there {
		return identity.Account{}, &fault.Error{Kind: fault.NotFound}
	}
	return identity.Account{User: identity.User{UserName: name}, Active: active}, nil
}

func (o *fakeOmni) Keys() int { return len(o.keys) }

func (o *fakeOmni) WhoAmI(_ context.Context, key int) (string, string, error) {
	if key > len(o.scopes) {
		return "", "", &fault.Error{Kind: fault.NotFound}
	}
	return o.scopes[key-1], "org", nil
}

func (o *fakeOmni) Users(_ context.Context, key, _ int) (int, []identity.Account, error) {
	return 3, nil, o.keys[key-1]
}

func (o *fakeOmni) Groups(context.Context, int) (int, error) { return 1, nil }

func (o *fakeOmni) Definitions(context.Context, int) ([]identity.Definition, error) {
	return o.attributes, nil
}

func (o *fakeOmni) Sent() int    { return 3 }
func (o *fakeOmni) Limited() int { return o.limited }

// setup is a subject with its fakes.
type setup struct {
	okta   *fakeOkta
	omni   *fakeOmni
	ledger check.Ledger
	config check.Config
}

func sound() *setup {
	person := identity.Assignment{ID: "00u1", Status: "ACTIVE", Account: "ACTIVE", UserName: "ann@example.com", Profile: map[string]any{"region": "emea"}}
	return &setup{
		okta: &fakeOkta{
			login: "svc@example.com", roles: []string{"READ_ONLY_ADMIN"},
			app:     check.App{App: identity.App{ID: "0oa1", Label: "Omni", Status: "ACTIVE", Features: []string{"GROUP_PUSH"}}},
			people:  []identity.Sighting{person.Sighting()},
			groups:  []identity.Group{{ID: "00g1", Name: "Sales"}},
			members: map[identity.GroupID][]identity.OktaID{"00g1": {"00u1"}},
			sizes:   map[identity.GroupID]int{"00g1": 1}, fails: map[string]error{}, blocks: map[string]bool{},
		},
		ledger: check.Ledger{Place: "syncd.db"},
		omni:   &fakeOmni{keys: []error{nil}, scopes: []string{"organization"}, attributes: []identity.Definition{{Name: "region"}}},
		config: check.Config{OrgURL: "https://acme.okta.com", AppID: "0oa1", OmniURL: "https://acme.omniapp.co", From: "auto", KeysPerMinute: 60,
			Matches: func(pattern string, g identity.Group) bool {
				ok, err := path.Match(pattern, g.Name)
				return err == nil && ok
			}},
	}
}

func (s *setup) run(t *testing.T) check.Report {
	t.Helper()
	return check.Run(t.Context(), check.Subject{Okta: s.okta, Omni: s.omni, Config: s.config,
		Ledger: func(context.Context) check.Ledger { return s.ledger }})
}

// reads adds an expression that reads one field of the profile.
func (s *setup) reads(path, field string) {
	s.config.Expressions = append(s.config.Expressions, check.Expression{Path: path, Eval: func(a identity.Assignment) (identity.Value, bool, error) {
		if field == "" {
			return "", false, errors.New("it fails")
		}
		return identity.NewValue(a.Profile[field])
	}})
}

func find(t *testing.T, r check.Report, id string) check.Finding {
	t.Helper()
	for _, f := range r.Checks {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("no finding %s in %+v", id, r.Checks)
	return check.Finding{}
}
