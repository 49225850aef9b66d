package omniclient

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/omnisync/omnisync/identity"
)

const (
	schemaUser  = "urn:ietf:params:scim:schemas:core:2.0:User"
	schemaGroup = "urn:ietf:params:scim:schemas:core:2.0:Group"
	schemaPatch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	// attributeURN names the extension that holds user attributes; with ":" and a
	// reference it is the path of one of them.
	attributeURN = "urn:omni:params:1.0:UserAttribute"

	systemPrefix = "omni_"             // of attributes that Omni sets itself
	adminKey     = "omni_is_org_admin" // sometimes a boolean, sometimes text, sometimes absent
)

// userRecord is a user as Omni sends it. A nil field was not sent: answers to
// writes may lack the extension.
type userRecord struct {
	ID          identity.OmniID            `json:"id"`
	UserName    string                     `json:"userName"`
	DisplayName string                     `json:"displayName"`
	Active      json.RawMessage            `json:"active"`
	Groups      []reference                `json:"groups"`
	Attributes  map[string]json.RawMessage `json:"urn:omni:params:1.0:UserAttribute"`
}

// groupRecord is a group as Omni sends it. Members is nil where it wasn't sent.
type groupRecord struct {
	ID          identity.OmniGroupID `json:"id"`
	DisplayName string               `json:"displayName"`
	Members     []reference          `json:"members"`
}

// reference is a member of a group, or a group of a user.
type reference struct {
	Value string `json:"value"`
}

// newUser is the body that creates a user.
type newUser struct {
	Schemas     []string                   `json:"schemas"`
	UserName    string                     `json:"userName"`
	DisplayName string                     `json:"displayName"`
	Active      bool                       `json:"active"`
	Attributes  map[string]json.RawMessage `json:"urn:omni:params:1.0:UserAttribute,omitempty"`
}

// newGroup is the body that creates a group.
type newGroup struct {
	Schemas     []string    `json:"schemas"`
	DisplayName string      `json:"displayName"`
	Members     []reference `json:"members"`
}

// patch is the body of every change.
type patch struct {
	Schemas    []string    `json:"schemas"`
	Operations []operation `json:"Operations"`
}

// operation is one step of a patch. A nil Value isn't sent; JSON's null is, which
// Omni's description demands where a user's attribute is removed.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

// account converts a user. Only a user with id and userName is one.
func (r userRecord) account() (identity.Account, error) {
	if r.ID == "" || strings.TrimSpace(r.UserName) == "" {
		return identity.Account{}, fmt.Errorf("a user without id or userName (id %q, userName %q)", r.ID, r.UserName)
	}
	a := identity.Account{
		ID:       r.ID,
		User:     identity.User{UserName: r.UserName, DisplayName: r.DisplayName, Attributes: map[string]identity.Value{}},
		Active:   len(r.Active) == 0 || isNull(r.Active) || isTrue(r.Active), // who is listed without a word on it is active
		OrgAdmin: isTrue(r.Attributes[adminKey]),
	}
	for name, raw := range r.Attributes {
		if strings.HasPrefix(name, systemPrefix) {
			continue
		}
		if v := decodeValue(raw); v != "" {
			a.Attributes[name] = v
		}
	}
	if r.Groups != nil {
		a.Groups = make([]identity.OmniGroupID, 0, len(r.Groups))
	}
	for _, g := range r.Groups {
		a.Groups = append(a.Groups, identity.OmniGroupID(g.Value))
	}
	return a, nil
}

// team converts a group.
func (r groupRecord) team() (identity.Team, error) {
	if r.ID == "" || r.DisplayName == "" {
		return identity.Team{}, fmt.Errorf("a group without id or displayName (id %q, displayName %q)", r.ID, r.DisplayName)
	}
	t := identity.Team{ID: r.ID, DisplayName: r.DisplayName}
	for _, m := range r.Members {
		if m.Value == "" {
			return identity.Team{}, fmt.Errorf("the group %q has a member without id", r.ID)
		}
		t.Members = append(t.Members, identity.OmniID(m.Value))
	}
	return t, nil
}

// decodeValue gives the canonical form, "" for absent. A form that no attribute
// has, such as an object, is kept as it is: it equals nothing that is wanted.
func decodeValue(raw json.RawMessage) identity.Value {
	var v identity.Value
	if err := v.UnmarshalJSON(raw); err == nil {
		return v
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return ""
	}
	return identity.Value(b.String())
}

func isNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

// isTrue reads a boolean that may have come as text.
func isTrue(raw json.RawMessage) bool {
	return strings.EqualFold(strings.Trim(string(bytes.TrimSpace(raw)), `"`), "true")
}

// encodeValue gives the form that Omni takes: lists of texts or of numbers but
// not of both, and whole numbers beyond 2^53-1 as text, which Omni would round.
func encodeValue(v identity.Value) json.RawMessage {
	var items []json.RawMessage
	if json.Unmarshal([]byte(v), &items) != nil {
		if tooLarge(string(v)) {
			return json.RawMessage(strconv.Quote(string(v)))
		}
		return json.RawMessage(v)
	}
	isText := func(item json.RawMessage) bool { return item[0] == '"' || tooLarge(string(item)) }
	if slices.ContainsFunc(items, isText) {
		for i, item := range items {
			if item[0] != '"' {
				items[i] = json.RawMessage(strconv.Quote(string(item)))
			}
		}
	}
	b, err := json.Marshal(items)
	if err != nil {
		panic(fmt.Sprintf("value %s: %v", v, err)) // it was just read from JSON
	}
	return b
}

func tooLarge(s string) bool {
	const safe = 1<<53 - 1
	f, err := strconv.ParseFloat(s, 64)
	return err == nil && (f > safe || f < -safe)
}

// encodeAttributes gives the extension's object; a nil value becomes null, which clears.
func encodeAttributes(attributes map[string]*identity.Value) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(attributes))
	for name, v := range attributes {
		out[name] = encodeOptional(v)
	}
	return out
}

func encodeOptional(v *identity.Value) json.RawMessage {
	if v == nil {
		return json.RawMessage("null")
	}
	return encodeValue(*v)
}

func references[ID ~string](ids []ID) []reference {
	out := make([]reference, len(ids))
	for i, id := range ids {
		out[i] = reference{Value: string(id)}
	}
	return out
}
