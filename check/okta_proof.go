package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// runProof looks at what a reading will be proven by: the scopes of the token, and the
// canary.
func (o *oktaSide) runProof(ctx context.Context) {
	if o.config.Client != "" {
		o.take(ctx, step{"okta.scopes", "scopes", []string{idCredential}, o.checkScopes})
	}
	if o.config.CanaryUser == "" && o.config.CanaryGroup == "" {
		o.take(ctx, step{"okta.canary", "canary", nil, func(context.Context) Finding {
			return good("none is named; with okta.canary, what a role hides isn't taken for gone")
		}})
	}
	if o.config.CanaryUser != "" {
		o.take(ctx, step{"okta.canary.user", "canary user", []string{idUsers}, o.checkCanaryUser})
	}
	if o.config.CanaryGroup != "" {
		o.take(ctx, step{"okta.canary.group", "canary group", []string{idGroups}, o.checkCanaryGroup})
	}
}

// checkScopes compares what the token grants with what the configuration needs.
func (o *oktaSide) checkScopes(context.Context) Finding {
	granted, told := o.Scopes()
	if !told {
		return skipped("Okta doesn't tell which scopes the token has")
	}
	needed := []string{scopeApps, scopeUsers, "okta.logs.read"}
	if o.source != fromMatch || len(o.config.Match) > 0 {
		needed = append(needed, scopeGroups)
	}
	f := good("%s", strings.Join(granted, ", "))
	missing := slices.DeleteFunc(needed, func(s string) bool { return slices.Contains(granted, s) })
	if len(missing) == 0 {
		return f
	}
	return f.fail(fmt.Sprintf("the token lacks %s: what is read may not be all, so nothing is taken away because of it", strings.Join(missing, ", ")),
		o.allow(strings.Join(missing, " and ")))
}

func (o *oktaSide) checkCanaryUser(ctx context.Context) Finding {
	id := o.config.CanaryUser
	a, err := o.Assignment(ctx, id)
	listed := slices.ContainsFunc(o.people, func(p identity.Sighting) bool { return p.ID == id })
	switch {
	case fault.Is(err, fault.NotFound):
		return Finding{}.fail(fmt.Sprintf("Okta doesn't show %s as assigned to the app: no reading would take anything away", id),
			"see that okta.canary.user is the id of somebody who is assigned to the app. If it is: "+o.allow(scopeApps+" and "+scopeUsers))
	case err != nil:
		return o.refused(err, scopeApps+" and "+scopeUsers)
	case !listed && !o.more:
		return Finding{}.fail(fmt.Sprintf("%s is assigned, and missing from the list of assigned users: no reading would take anything away", id), o.allow(scopeApps+" and "+scopeUsers))
	case a.Standing() != identity.Assigned:
		return good("%s is shown", id).warn(fmt.Sprintf("the canary may soon be gone: app user %s, Okta account %s", a.Status, a.Account),
			"name somebody in okta.canary.user who stays")
	}
	return good("%s is shown", id)
}

func (o *oktaSide) checkCanaryGroup(ctx context.Context) Finding {
	id := o.config.CanaryGroup
	g, err := o.Group(ctx, id)
	listed := slices.ContainsFunc(o.all, func(g identity.Group) bool { return g.ID == id })
	switch {
	case fault.Is(err, fault.NotFound):
		return Finding{}.fail(fmt.Sprintf("Okta doesn't show %s: no reading would take anything away", id),
			"see that okta.canary.group is the id of a group of this org. If it is: "+o.allow(scopeGroups))
	case err != nil:
		return o.refused(err, scopeGroups)
	case len(o.all) > 0 && !listed && !o.allMore:
		return Finding{}.fail(fmt.Sprintf("%s can be read, and is missing from the list of all groups: no reading would take anything away", id), o.allow(scopeGroups))
	}
	return good("%s is shown", g.Name)
}
