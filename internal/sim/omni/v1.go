package omni

import (
	"net/http"
	"slices"
	"strconv"
)

// What the v1 answers name and tests have no use for choosing.
const (
	organizationID = "00000000-0000-4000-8000-0000000000a1"
	foreignID      = "00000000-0000-4000-8000-0000000000f1"
	connectionID   = "00000000-0000-4000-8000-0000000000c1"
	modelID        = "00000000-0000-4000-8000-0000000000d1"
)

func (o *Org) whoAmI(c *call) (reply, *failure) {
	j := whoAmIJSON{KeyScope: c.scope, OrganizationID: organizationID}
	if slices.Contains(o.Knobs.ForeignKeys, c.key) {
		j.OrganizationID = foreignID
	}
	if owner := o.Knobs.KeyOwners[c.key]; owner != "" {
		j.OrgRole, j.User = "ORG_ADMIN", &actorJSON{ID: derivedUUID("account of " + owner), MembershipID: owner}
	}
	return reply{status: http.StatusOK, body: j}, nil
}

func (o *Org) listAttributes(*call) (reply, *failure) {
	var j struct {
		Records []attributeJSON `json:"records"`
	}
	for i, d := range o.definitions {
		a := attributeJSON{Label: d.Reference, MultipleValues: d.Multiple, Name: d.Reference, System: d.System, Type: "String"}
		if !d.System {
			a.ID = "attribute-" + strconv.Itoa(i+1) // Omni's own have none
		}
		if d.Number {
			a.Type = "Number"
		}
		if d.Default != nil {
			a.DefaultValue = o.shownValue(Definition{Multiple: d.Multiple, Number: true}, d.Default)
		}
		j.Records = append(j.Records, a)
	}
	return reply{status: http.StatusOK, body: j}, nil
}

func (o *Org) listModelRoles(c *call) (reply, *failure) {
	u, fail := o.people.find(c.PathValue("id"))
	if fail != nil {
		return reply{}, fail
	}
	origin := originJSON{Type: "USER"}
	if o.Knobs.RolesSpelledOut {
		origin.Type = "User Role"
	}
	j := rolesJSON{MembershipID: u.id, Results: o.rolesOf(u.id, origin)}
	for i := range j.Results {
		first := i == 0
		j.Results[i].Resolved = &first
	}
	return reply{status: http.StatusOK, body: j}, nil
}

func (o *Org) rolesOf(id string, origin originJSON) []roleJSON {
	list := []roleJSON{}
	for i, role := range o.roles[id] {
		list = append(list, roleJSON{BaseRole: role, ConnectionID: connectionID, From: origin, ModelID: modelID,
			Priority: len(o.roles[id]) - i, RoleName: role})
	}
	return list
}

func (o *Org) listGroupRoles(c *call) (reply, *failure) {
	t, fail := o.findTeam(c.PathValue("id"))
	if fail != nil {
		return reply{}, fail
	}
	direct := 0
	origin := originJSON{Depth: &direct, MiniUUID: t.id, Name: t.displayName, Type: "GROUP"}
	if o.Knobs.RolesSpelledOut {
		origin.Type = "Group Role"
	}
	return reply{status: http.StatusOK, body: groupRolesJSON{UserGroupID: t.id, Results: o.rolesOf(t.id, origin)}}, nil
}
