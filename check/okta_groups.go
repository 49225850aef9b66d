package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// The sources of groups, as groups.from names them.
const (
	fromAuto     = "auto"
	fromMappings = "push_mappings"
	fromApp      = "app_groups"
	fromMatch    = "match"
)

// groupPush is the feature that lets an app push groups.
const groupPush = "GROUP_PUSH"

// runGroups asks for what the source of groups needs, and no more.
func (o *oktaSide) runGroups(ctx context.Context) {
	o.source = o.config.From
	if o.source == fromAuto && o.passed(idApp) {
		o.source = fromMatch
		if o.app.Has(groupPush) {
			o.source = fromMappings
		}
	}
	switch o.source {
	case fromMappings:
		o.take(ctx, step{idGroups, "pushed groups", []string{idApp}, o.checkMappings})
	case fromApp:
		o.take(ctx, step{idGroups, "groups of the app", []string{idApp}, o.checkAppGroups})
	case fromMatch:
		o.take(ctx, step{idGroups, "groups", []string{idCredential}, o.checkAll})
	default: // auto, while the app isn't known
		o.take(ctx, step{idGroups, "groups", []string{idApp}, o.checkAll})
	}
	if len(o.groups) == 0 {
		return
	}
	o.take(ctx,
		step{"okta.group", "one group", []string{idGroups}, o.checkGroup},
		step{"okta.group.size", "group's size", []string{idGroups}, o.checkSize},
		step{idMembers, "group's members", []string{idGroups}, o.checkMembers},
		step{"okta.user.groups", "user's groups", []string{idMembers}, o.checkGroupsOf},
	)
}

func (o *oktaSide) checkMappings(ctx context.Context) Finding {
	if !o.app.Has(groupPush) {
		return good("the app pushes no groups").fail("groups.from is push_mappings, and the app lacks the feature GROUP_PUSH",
			fmt.Sprintf("in the Okta admin console, Applications > Applications > %s > Provisioning: enable the API integration, then choose groups under Push Groups. Or set groups.from to match, and name the groups in groups.match", o.app.Label))
	}
	mappings, more, err := o.Mappings(ctx)
	if err != nil {
		return o.refused(err, scopeApps+" and "+scopeGroups)
	}
	if len(mappings) == 0 {
		return o.noGroups(ctx, absence{
			events:  []string{"application.provision.group_push.pushed", "application.provision.group_push.removed"},
			problem: "no group is pushed",
			remedy:  fmt.Sprintf("choose groups in the Okta admin console, Applications > Applications > %s > Push Groups, or set groups.from", o.app.Label),
		})
	}
	var paused, wrong []identity.Mapping
	for _, m := range mappings {
		switch m.Status {
		case "INACTIVE":
			paused = append(paused, m)
		case "ERROR":
			wrong = append(wrong, m)
		}
		o.groups = append(o.groups, identity.Group{ID: m.Source})
	}
	f := good("%s", atLeast(len(mappings), "pushed group", more))
	if len(paused) > 0 {
		f.Found += fmt.Sprintf(", %d paused", len(paused))
	}
	if len(wrong) > 0 {
		f.Found += fmt.Sprintf(", %d in error", len(wrong))
		return f.warn(fmt.Sprintf("Okta can't push them itself (the first one: %q). They are synced all the same", wrong[0].Error),
			fmt.Sprintf("see the error in the Okta admin console, Applications > Applications > %s > Push Groups", o.app.Label))
	}
	return f
}

func (o *oktaSide) checkAppGroups(ctx context.Context) Finding {
	groups, more, err := o.AppGroups(ctx)
	if err != nil {
		return o.refused(err, scopeApps)
	}
	if len(groups) == 0 {
		return o.noGroups(ctx, absence{
			events:  []string{"group.application_assignment.add", "group.application_assignment.remove"},
			problem: "no group is assigned to the app",
			remedy:  fmt.Sprintf("assign groups in the Okta admin console, Applications > Applications > %s > Assignments > Assign to Groups, or set groups.from", o.app.Label),
		})
	}
	o.groups = groups
	return good("%s", atLeast(len(groups), "group", more)+" assigned to the app")
}

func (o *oktaSide) checkAll(ctx context.Context) Finding {
	if len(o.config.Match) == 0 {
		return good("no group is synced: groups.match names none")
	}
	var err error
	if o.all, o.allMore, err = o.Groups(ctx); err != nil {
		return o.refused(err, scopeGroups)
	}
	if len(o.all) == 0 {
		return good("none").fail("every org has groups: Okta gives an empty list to who may not see it", o.allow(scopeGroups))
	}
	for _, g := range o.all {
		if slices.ContainsFunc(o.config.Match, func(pattern string) bool { return o.config.Matches(pattern, g) }) {
			o.groups = append(o.groups, g)
		}
	}
	return good("%s in the org, %d of them match", atLeast(len(o.all), "group", o.allMore), len(o.groups))
}

// absence is a list of groups that is empty.
type absence struct {
	events          []string // in the log, of coming and of going
	problem, remedy string
}

func (o *oktaSide) noGroups(ctx context.Context, a absence) Finding {
	f := good("none")
	kind, at, err := o.evidence(ctx, a.events...)
	if err == nil && kind == a.events[0] {
		return f.fail(fmt.Sprintf("the System Log shows one of %s: Okta gives an empty list to who may not see it", day(at)), o.allow(scopeApps+" and "+scopeGroups))
	}
	return f.warn(a.problem+", or the permission is missing: Okta gives an empty list to who may not see it",
		a.remedy+". If the list stays empty: "+o.allow(scopeApps+" and "+scopeGroups))
}

func (o *oktaSide) checkGroup(ctx context.Context) Finding {
	g, err := o.Group(ctx, o.groups[0].ID)
	switch {
	case fault.Is(err, fault.NotFound):
		return Finding{}.fail(err.Error()+": the app names a group that this credential doesn't see", o.allow(scopeGroups))
	case err != nil:
		return o.refused(err, scopeGroups)
	}
	return good("%s can be read", g.Name)
}

// withoutProof is what follows where Okta's second word on members is missing.
const withoutProof = ". Without it nobody can prove that a group is empty, so the last members of one would stay in Omni"

func (o *oktaSide) checkSize(ctx context.Context) Finding {
	n, err := o.GroupSize(ctx, o.groups[0].ID)
	switch {
	case fault.Is(err, fault.Doubt) && strings.Contains(err.Error(), "usersCount"):
		return Finding{}.warn("Okta doesn't tell how many members a group has"+withoutProof,
			"ask Okta's support why GET /api/v1/groups?expand=stats has no usersCount; members of a group that isn't empty are synced all the same")
	case fault.Is(err, fault.Doubt):
		return Finding{}.fail("Okta's list of groups lacks one that exists: the permission is missing"+withoutProof, o.allow(scopeGroups))
	case err != nil:
		f := o.refused(err, scopeGroups)
		f.Problem += withoutProof
		return f
	}
	return good("%s, counted by Okta", counted(n, "member"))
}

// maxSamples is how many groups are looked into for one that has members.
const maxSamples = 3

func (o *oktaSide) checkMembers(ctx context.Context) Finding {
	for _, g := range o.groups[:min(len(o.groups), maxSamples)] {
		members, more, err := o.Members(ctx, g.ID)
		if err != nil {
			return o.refused(err, scopeGroups)
		}
		if len(members) > 0 {
			o.member.group, o.member.user = g.ID, members[0]
			return good("%s of one group", atLeast(len(members), "member", more))
		}
		if size, err := o.GroupSize(ctx, g.ID); err == nil && size > 0 {
			return good("none").fail(fmt.Sprintf("Okta counts %s in that group: it gives an empty list to who may not see it", counted(size, "member")), o.allow(scopeGroups+" and "+scopeUsers))
		}
	}
	return good("the groups that were looked into are empty")
}

// checkGroupsOf asks for one member whether Okta says the same the other way round.
func (o *oktaSide) checkGroupsOf(ctx context.Context) Finding {
	if o.member.user == "" {
		return skipped("there is no member to ask about")
	}
	groups, err := o.GroupsOf(ctx, o.member.user)
	switch {
	case err != nil:
		f := o.refused(err, scopeUsers+" and "+scopeGroups)
		f.Problem += withoutProof
		return f
	case !slices.Contains(groups, o.member.group):
		return good("%s", counted(len(groups), "group")).fail("the list lacks a group that this user is a member of: Okta leaves out what the credential may not see"+withoutProof,
			o.allow(scopeUsers+" and "+scopeGroups))
	}
	return good("%s of one member", counted(len(groups), "group"))
}
