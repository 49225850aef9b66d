package okta

import "strconv"

// Owner is the admin whose API token a request carries. The zero value is a service account with the role
// READ_ONLY_ADMIN.
type Owner struct {
	Login, FirstName, LastName string
	Roles                      []string // standard ones by their type, others are custom and shown by their label
}

// ownerID is the id of whoever owns the token. No other method knows it.
const ownerID = "00u1simowner00000001"

func (k *Knobs) owner() Owner {
	owner := k.Owner
	if owner.Login == "" {
		owner.Login, owner.FirstName, owner.LastName = "svc-omnisync@example.com", "Omnisync", "Service"
	}
	if owner.Roles == nil {
		owner.Roles = []string{"READ_ONLY_ADMIN"}
	}
	return owner
}

func (o *Org) getMe(c call) (reply, *failure) {
	owner := o.Knobs.owner()
	u := &user{id: ownerID, status: "ACTIVE", created: o.born, activated: o.born, statusChanged: o.born, updated: o.born}
	u.profile = map[string]any{"login": owner.Login, "email": owner.Login, "firstName": owner.FirstName, "lastName": owner.LastName,
		"secondEmail": nil, "mobilePhone": nil}
	u.render()
	return reply{body: u.json(c.base)}, nil
}

type roleJSON struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Label  string `json:"label"`
	Status string `json:"status"`
}

// listRoles shows those of the owner alone: no other user of the org has any.
func (o *Org) listRoles(c call) (reply, *failure) {
	roles := []roleJSON{}
	if c.PathValue("user") != ownerID {
		if _, f := o.findUser(c.PathValue("user")); f != nil {
			return reply{list: true}, f
		}
		return reply{body: roles, list: true}, nil
	}
	for i, role := range o.Knobs.owner().Roles {
		j := roleJSON{ID: "ra1sim" + strconv.Itoa(i), Type: role, Label: role, Status: "ACTIVE"}
		if !standardRole(role) {
			j.Type = "CUSTOM"
		}
		roles = append(roles, j)
	}
	return reply{body: roles, list: true}, nil
}

// standardRole tells Okta's own types from labels: they are in capitals.
func standardRole(role string) bool {
	for _, r := range role {
		if r != '_' && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return true
}
