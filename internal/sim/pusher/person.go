package pusher

import (
	"maps"
	"slices"
	"strings"
)

// The names of schemas and messages, as Okta sends them.
const (
	userSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
	patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	listSchema  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	errorSchema = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// Resource is a JSON object of the endpoint, as it came.
type Resource map[string]any

func (r Resource) text(key string) string {
	s, _ := r[key].(string) // what is missing or no text reads as ""
	return s
}

// Person is who is assigned, with the values of the app's profile.
type Person struct {
	OktaID      string // 00u...; sent as externalId
	UserName    string
	GivenName   string
	FamilyName  string
	Email       string // "" is the userName
	DisplayName string // "" is not mapped
	Locale      string // "" is en-US
	// Attributes are further ones at the top, such as title, or by the URN of an extension an object with its
	// attributes. A nil or empty value is not sent.
	Attributes map[string]any
}

func (p Person) email() string {
	if p.Email == "" {
		return p.UserName
	}
	return p.Email
}

// values is what Okta sends of the person, besides active and what belongs to a creation alone.
func (p Person) values() Resource {
	body := Resource{
		"userName":   p.UserName,
		"externalId": p.OktaID,
		"name":       map[string]any{"givenName": p.GivenName, "familyName": p.FamilyName},
		"emails":     []any{map[string]any{"primary": true, "value": p.email(), "type": "work"}},
		"locale":     "en-US",
	}
	if p.Locale != "" {
		body["locale"] = p.Locale
	}
	if p.DisplayName != "" {
		body["displayName"] = p.DisplayName
	}
	for key, value := range p.Attributes {
		if !empty(value) {
			body[key] = value
		}
	}
	return body
}

func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case map[string]any:
		return len(v) == 0
	default:
		return false
	}
}

// creation is the body of a POST. The password is a random one, sent whether or not passwords are synced.
func (p Person) creation(password string) Resource {
	body := p.values()
	body["schemas"] = p.schemas(nil)
	body["active"] = true
	body["groups"] = []any{}
	body["password"] = password
	return body
}

// schemas are those that had stands for, and those of the person's extensions.
func (p Person) schemas(had []any) []any {
	list := slices.Clone(had)
	for _, urn := range append([]string{userSchema}, slices.Sorted(maps.Keys(p.values()))...) {
		if strings.HasPrefix(urn, "urn:") && !slices.Contains(list, any(urn)) {
			list = append(list, urn)
		}
	}
	return list
}

// merged is the body of a PUT: what the endpoint has, with the person's values on top. So meta, unknown attributes
// and a stale name.formatted go back to where they came from.
func merged(has Resource, p, before Person, clears Clearing) Resource {
	body := maps.Clone(has)
	had, _ := has["schemas"].([]any) // an answer without schemas gets Okta's
	body["schemas"] = p.schemas(had)
	values := p.values()
	for key := range before.values() {
		if _, still := values[key]; !still {
			clearValue(body, key, clears)
		}
	}
	for key, value := range values {
		body[key] = laid(body[key], value)
	}
	if body["groups"] == nil {
		body["groups"] = []any{}
	}
	return body
}

// laid is value on top of what was there: objects are merged, everything else is replaced.
func laid(was, value any) any {
	old, isObject := was.(map[string]any)
	fresh, too := value.(map[string]any)
	if !isObject || !too {
		return value
	}
	both := maps.Clone(old)
	for key, inner := range fresh {
		both[key] = laid(old[key], inner)
	}
	return both
}

func clearValue(body Resource, key string, clears Clearing) {
	switch clears {
	case ClearNull:
		body[key] = nil
	case ClearEmpty:
		body[key] = ""
	case ClearOmits:
		delete(body, key)
	}
}

// Group is an Okta group under Push Groups.
type Group struct {
	OktaID  string // 00g...
	Name    string
	Members []string // Okta ids. Who isn't assigned, or isn't provisioned yet, is not pushed.
	// Target is the SCIM id of an imported group to link; "" looks the name up, and creates the group where there is none.
	Target string
}

// member is an entry of members. Okta's have neither type nor $ref.
type member struct {
	id      string
	display string
}

func (m member) value(s Style) map[string]any {
	v := map[string]any{"value": m.id, "display": m.display}
	if s.NullDisplay {
		v["display"] = nil
	}
	return v
}

// list gives members in the order of their Okta ids.
func list(members map[string]member, s Style) []any {
	all := []any{}
	for _, id := range slices.Sorted(maps.Keys(members)) {
		all = append(all, members[id].value(s))
	}
	return all
}
