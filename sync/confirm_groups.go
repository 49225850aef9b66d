package sync

import (
	"context"
	"fmt"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// confirmGroups asks once more about each group that is let go. It gives the
// contradiction, "" for none. The answer that makes it certain becomes the change's
// origin:
//
//	the group itself     404 E0000007, whatever the source
//	push_mappings        its mapping by id: 404 E0000007; for a group that never had one, a second
//	                     complete list of mappings, which isn't empty and lacks it
//	app_groups           its assignment to the app by id: 404 E0000007
//	match                the group by id, and its name is no longer selected
func (e *Engine) confirmGroups(ctx context.Context, app identity.App, gone []*Change, run *run) string {
	source := e.policy.Groups.source(app)
	if source == fromMappings && !app.Has(groupPush) && len(gone) > 0 {
		return "the app no longer announces GROUP_PUSH"
	}
	if len(gone) > 0 {
		if hidden := e.hidesGroups(ctx, provenFor); hidden != "" {
			return hidden
		}
	}
	p := &parting{engine: e, source: source}
	for _, c := range gone {
		run.follower.count(stepConfirm, 1)
		if doubt := p.doubt(ctx, c, run.ledger.Groups[c.Group].Mapping); doubt != "" {
			return doubt
		}
	}
	return ""
}

// parting asks about groups that are let go.
type parting struct {
	engine *Engine
	source string
	pushed map[identity.GroupID]bool // by the second list of mappings; nil until it is needed
	end    identity.Origin           // of that list
}

func (p *parting) doubt(ctx context.Context, c *Change, mapping string) string {
	okta, selection := p.engine.o.Okta, p.engine.policy.Groups
	objects, err := okta.Groups(ctx, []identity.GroupID{c.Group})
	if err != nil {
		return err.Error()
	}
	g := objects[c.Group]
	c.Origin = g.Origin
	switch {
	case g.Gone():
		return "" // the group is deleted
	case selection.strange(p.source, mapping):
		return fmt.Sprintf("group %q is missing only because the app's features changed", c.Name)
	case p.source == fromAssigned:
		c.Origin, err = okta.AppGroup(ctx, c.Group)
		return gone(err, c, "groups assigned to the app", "assigned")
	case p.source == fromMatch:
		return p.matched(g, c)
	case mapping == "":
		return p.neverPushed(ctx, c)
	}
	m, err := okta.Mapping(ctx, mapping)
	c.Origin = m.Origin
	return gone(err, c, "pushed groups", "pushed")
}

// gone turns the answer to a question by id into a contradiction, "" where the
// answer is that there is no such thing.
func gone(err error, c *Change, list, is string) string {
	switch {
	case err == nil:
		return fmt.Sprintf("group %q was missing from the list of %s, but is %s", c.Name, list, is)
	case fault.Is(err, fault.NotFound):
		return ""
	default:
		return err.Error()
	}
}

func (p *parting) matched(g identity.Group, c *Change) string {
	switch p.engine.policy.Groups.choose(g, p.engine.o.Identity.App) {
	case passed:
		return ""
	case chosen:
		return fmt.Sprintf("group %q was missing from the list of groups, but is there and selected by groups.match", c.Name)
	default:
		return fmt.Sprintf("group %q: Okta doesn't tell enough of it to say whether groups.match selects it", c.Name)
	}
}

// neverPushed reads the mappings once more: there is none to ask for by id.
func (p *parting) neverPushed(ctx context.Context, c *Change) string {
	if p.pushed == nil {
		pushed := map[identity.GroupID]bool{}
		for m, err := range p.engine.o.Okta.Mappings(ctx) {
			if err != nil {
				return fmt.Sprintf("the second reading of the pushed groups broke off: %v", err)
			}
			pushed[m.Source], p.end = true, m.Origin
		}
		p.pushed = pushed
	}
	c.Origin = p.end
	switch {
	case len(p.pushed) == 0:
		return "Okta lists no pushed group at all, which proves nothing: push a group in Okta, or check the credential's permissions (scopes okta.apps.read and okta.groups.read)"
	case p.pushed[c.Group]:
		return fmt.Sprintf("group %q was missing from the list of pushed groups, but is pushed", c.Name)
	}
	return ""
}
