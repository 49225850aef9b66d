package omni

import (
	"strconv"
	"time"
)

// stamp is how Omni writes a time.
const stamp = "2006-01-02T15:04:05.000Z"

type metaJSON struct {
	Created      string `json:"created"`
	LastModified string `json:"lastModified"`
	ResourceType string `json:"resourceType"`
}

// reference points to a group of a user, or to a member of a group.
type reference struct {
	Display string `json:"display"`
	Value   string `json:"value"`
}

type emailJSON struct {
	Primary bool   `json:"primary"`
	Value   string `json:"value"`
}

type userJSON struct {
	Active      bool           `json:"active"`
	DisplayName string         `json:"displayName"`
	Emails      []emailJSON    `json:"emails"`
	Groups      []reference    `json:"groups"`
	ID          string         `json:"id"`
	Meta        metaJSON       `json:"meta"`
	Schemas     []string       `json:"schemas"`
	UserName    string         `json:"userName"`
	Attributes  map[string]any `json:"urn:omni:params:1.0:UserAttribute,omitzero"`
	Extension   *extensionJSON `json:"urn:omni:params:scim:schemas:extension:user:2.0,omitempty"`
}

type extensionJSON struct {
	LastLogin *string `json:"lastLogin"`
}

// writtenUser is u as the answer to a write shows it.
func (o *Org) writtenUser(u *user) userJSON {
	j := o.userJSON(u)
	if o.Knobs.BareWrites {
		j.Attributes, j.Extension, j.Schemas = nil, nil, []string{coreUser}
	}
	return j
}

func (o *Org) userJSON(u *user) userJSON {
	j := userJSON{
		Active:      u.active,
		DisplayName: u.displayName,
		Emails:      []emailJSON{{Primary: true, Value: u.userName}},
		Groups:      []reference{},
		ID:          u.id,
		Meta:        meta(u.created, u.modified, "User"),
		Schemas:     []string{coreUser, attributesURN, extensionURN},
		UserName:    u.userName,
		Attributes:  o.shownAttributes(u),
		Extension:   &extensionJSON{},
	}
	for _, t := range u.teams.list() {
		j.Groups = append(j.Groups, reference{Display: t.displayName, Value: t.id})
	}
	if !u.lastLogin.IsZero() {
		j.Extension.LastLogin = new(u.lastLogin.UTC().Format(stamp))
	}
	return j
}

func meta(created, modified time.Time, kind string) metaJSON {
	return metaJSON{Created: created.Format(stamp), LastModified: modified.Format(stamp), ResourceType: kind}
}

// shownAttributes gives values, defaults and system keys as the knobs say.
func (o *Org) shownAttributes(u *user) map[string]any {
	shown := map[string]any{}
	for _, d := range o.definitions {
		v := u.attributes[d.Reference]
		if v == nil && o.Knobs.DefaultsShown {
			v = d.Default
		}
		if v != nil {
			shown[d.Reference] = o.shownValue(d, v)
		}
	}
	switch o.Knobs.SystemKeys {
	case SystemBooleans:
		shown[orgAdmin] = u.orgAdmin
	case SystemWords:
		shown[orgAdmin] = strconv.FormatBool(u.orgAdmin)
	case SystemHidden:
	}
	return shown
}

// shownValue gives numbers as text, for that is how Omni keeps them.
func (o *Org) shownValue(d Definition, v value) any {
	if d.Multiple {
		return []string(v)
	}
	if o.Knobs.BooleansKept && !d.Number && (v[0] == "true" || v[0] == "false") {
		return v[0] == "true"
	}
	return v[0]
}
