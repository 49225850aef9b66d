package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// GroupFacts is what the sides say of a group.
type GroupFacts struct {
	Source   string        `json:"source"`   // where the groups to sync come from: push_mappings, app_groups, match
	Chosen   *bool         `json:"chosen"`   // it is one of them; null where it isn't known
	Why      string        `json:"why"`      // that is so
	Mapping  string        `json:"mapping"`  // the status of its push mapping
	Type     string        `json:"type"`     // in Okta
	Managed  bool          `json:"managed"`  // a group in Omni is linked to it
	OmniName string        `json:"omniName"` // what it is called there
	InOkta   *int          `json:"inOkta"`   // members, as Okta counts them now; null where it isn't known
	Listed   *int          `json:"listed"`   // members that Okta listed where it counted more of them when both were compared last; null where it didn't
	InOmni   *int          `json:"inOmni"`
	InBoth   int           `json:"inBoth"`
	Strange  int           `json:"strange"` // members in Omni whom nobody manages
	Apart    []MemberApart `json:"apart"`   // who is on one side alone
}

// MemberApart is a member on one side alone, and why.
type MemberApart struct {
	Name   string `json:"name"`
	OktaID string `json:"oktaId"`
	Okta   bool   `json:"okta"`
	Omni   bool   `json:"omni"`
	Why    string `json:"why"`
}

// asksAbout is about how many members without an account Okta is asked.
const asksAbout = 10

// groupFile is what is known of one group.
type groupFile struct {
	engine  *Engine
	subject string
	id      identity.GroupID
	ledger  *Ledger
	record  state.Group
	object  identity.Group // as Okta has it; Gone where it has it no more
	team    identity.Team  // without an ID where Omni has none
	facts   GroupFacts
	paused  bool
	oktaErr error
	omniErr error
}

// explainGroup answers about a group.
func (e *Engine) explainGroup(ctx context.Context, subject string) (Explanation, error) {
	f := &groupFile{engine: e, subject: subject, ledger: newLedger()}
	if err := f.ledger.recall(ctx, e.o.Store, false); err != nil {
		return Explanation{}, err
	}
	if err := f.ledger.fetchMarks(ctx, e.o.Store); err != nil {
		return Explanation{}, err
	}
	if err := f.find(ctx); err != nil {
		return Explanation{}, err
	}
	if f.id != "" && f.oktaErr == nil {
		f.selected(ctx)
	}
	f.lookInOmni(ctx)
	if err := f.compare(ctx); err != nil {
		return Explanation{}, err
	}
	return f.explanation(ctx)
}

// find looks for the group by an id or a name: in the ledger, in Okta, in Omni.
func (f *groupFile) find(ctx context.Context) error {
	if f.inLedger(); f.id != "" {
		objects, err := f.okta().Groups(ctx, []identity.GroupID{f.id})
		f.object, f.oktaErr = objects[f.id], err
		return unauthorized(err)
	}
	if f.isPerson(ctx) {
		return nobody(f.subject)
	}
	for g, err := range f.engine.o.Okta.AllGroups(ctx) {
		if err != nil {
			f.oktaErr = err
			break
		}
		if string(g.ID) == f.subject || identity.FoldName(g.Name) == identity.FoldName(f.subject) {
			f.id, f.object = g.ID, g
			break
		}
	}
	if f.id == "" {
		f.findTeam(ctx, f.subject)
	}
	switch {
	case f.id != "" || f.team.ID != "":
		return unauthorized(f.oktaErr)
	case f.oktaErr != nil:
		return f.oktaErr
	case f.omniErr != nil:
		return f.omniErr
	default:
		return nobody(f.subject)
	}
}

// inLedger looks the group up in the ledger: of several of one name, the linked one.
func (f *groupFile) inLedger() {
	same := func(name string) bool { return identity.FoldName(name) == identity.FoldName(f.subject) }
	for _, id := range slices.Sorted(maps.Keys(f.ledger.Groups)) {
		g := f.ledger.Groups[id]
		named := same(g.Name) || string(id) == f.subject || string(g.Omni) == f.subject
		if named && (f.id == "" || g.Omni != "") || f.id == "" && same(g.DisplayName) {
			f.id, f.record = id, g
		}
	}
}

func (f *groupFile) okta() Okta {
	if isOwn(f.id) {
		return Accepted{Store: f.engine.o.Store}
	}
	return f.engine.o.Okta
}

// isPerson reports whether the subject is a person's id, who isn't looked for among groups.
func (f *groupFile) isPerson(ctx context.Context) bool {
	_, known := f.ledger.Marks[identity.OktaID(f.subject)]
	owners, err := f.ledger.owners(ctx, f.engine.o.Store, identity.OmniID(f.subject))
	return known || err == nil && len(owners) > 0 || strings.HasPrefix(f.subject, oktaUser) || strings.Count(f.subject, "-") == 4
}

func (f *groupFile) findTeam(ctx context.Context, name string) {
	f.team, f.omniErr = f.engine.o.Omni.FindTeam(ctx, name)
	if fault.Is(f.omniErr, fault.NotFound) {
		f.team, f.omniErr = identity.Team{}, nil
	}
}

// selected asks whether the group is one of those to sync, and how many are in it.
func (f *groupFile) selected(ctx context.Context) {
	if !f.object.Gone() {
		if n, err := f.okta().GroupSize(ctx, f.id); err == nil {
			f.facts.InOkta = &n
		} else {
			f.oktaErr = err
		}
	}
	app, err := f.engine.activeApp(ctx)
	if err != nil {
		f.oktaErr = err
		return
	}
	f.engine.watch.sawApp(app)
	f.facts.Type, f.facts.Source = f.object.Type, f.engine.policy.Groups.source(app)
	chosen, why, err := f.choice(ctx, app)
	if err != nil {
		f.oktaErr = err
		return
	}
	f.facts.Chosen, f.facts.Why = &chosen, why
}

// choice tells whether the group is one of those to sync, and why.
func (f *groupFile) choice(ctx context.Context, app identity.App) (bool, string, error) {
	switch {
	case f.object.Gone():
		return false, "the group is deleted in Okta", nil
	case f.facts.Source == fromMappings && !app.Has(groupPush):
		return false, "groups.from is push_mappings, but the app doesn't announce GROUP_PUSH", nil
	case f.facts.Source == fromMappings:
		return f.mapped(ctx)
	case f.facts.Source == fromAssigned:
		_, err := f.okta().AppGroup(ctx, f.id)
		if fault.Is(err, fault.NotFound) {
			return false, "it is not assigned to the app (groups.from: app_groups)", nil
		}
		return err == nil, "it is assigned to the app (groups.from: app_groups)", err
	default:
		return f.matched()
	}
}

// mapped looks for the group's push mapping.
func (f *groupFile) mapped(ctx context.Context) (bool, string, error) {
	for m, err := range f.okta().Mappings(ctx) {
		if err != nil {
			return false, "", err
		}
		if m.Source != f.id {
			continue
		}
		f.facts.Mapping = m.Status
		switch m.Status {
		case "INACTIVE":
			f.paused = true
			return true, "its push is paused in Okta (the mapping is INACTIVE)", nil
		case "ACTIVE":
			return true, "the app's Push Groups has it", nil
		default:
			return true, fmt.Sprintf("the app's Push Groups has it, in state %s: %s", m.Status, m.Error), nil
		}
	}
	return false, "the app's Push Groups doesn't have it", nil
}

// matched tells which entry of groups.match selects the group, or why none does.
func (f *groupFile) matched() (bool, string, error) {
	s, app := f.engine.policy.Groups, f.engine.o.Identity.App
	entry := slices.IndexFunc(s.Match, func(m string) bool { return Selects(m, f.object) })
	switch verdict := s.choose(f.object, app); {
	case verdict == chosen:
		return true, fmt.Sprintf("groups.match has %q", s.Match[entry]), nil
	case verdict == unclear:
		return false, "groups.match names it, but Okta doesn't tell which app brought it", nil
	case f.object.Source == app && entry >= 0:
		return false, "it was imported from the app itself, and such groups are never synced", nil
	case len(s.Match) == 0:
		return false, "groups.match names no group", nil
	default:
		return false, fmt.Sprintf("no entry of groups.match selects it (%s; capital letters count)", joined(s.Match, 5)), nil
	}
}

// lookInOmni reads the group there, by its id or its name.
func (f *groupFile) lookInOmni(ctx context.Context) {
	switch {
	case f.team.ID != "" || f.omniErr != nil:
	case f.record.Omni != "":
		f.team, f.omniErr = f.engine.o.Omni.Team(ctx, f.record.Omni)
		if fault.Is(f.omniErr, fault.NotFound) {
			f.team, f.omniErr = identity.Team{}, nil
		}
	default:
		f.findTeam(ctx, firstOf(f.object.Name, f.subject))
	}
	if f.team.ID != "" {
		n := len(f.team.Members)
		f.facts.InOmni, f.facts.OmniName = &n, f.team.DisplayName
	}
	f.facts.Managed = f.record.Omni != ""
	if s := f.record.Short; s != (state.Short{}) {
		f.facts.Listed = &s.Listed
	}
}
