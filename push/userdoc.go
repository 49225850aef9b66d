package push

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/elimity-com/scim/schema"
	"github.com/omnisync/omnisync/identity"
)

// userDoc is a user as it travels (RFC 7643, section 4.1, and the extensions).
type userDoc struct {
	Schemas     []string                  `json:"schemas,omitempty"`
	ID          string                    `json:"id,omitempty"`
	External    string                    `json:"externalId,omitempty"`
	UserName    string                    `json:"userName"`
	Name        identity.Name             `json:"name,omitzero"`
	DisplayName string                    `json:"displayName,omitempty"`
	NickName    string                    `json:"nickName,omitempty"`
	ProfileURL  string                    `json:"profileUrl,omitempty"`
	Title       string                    `json:"title,omitempty"`
	UserType    string                    `json:"userType,omitempty"`
	Language    string                    `json:"preferredLanguage,omitempty"`
	Locale      string                    `json:"locale,omitempty"`
	Timezone    string                    `json:"timezone,omitempty"`
	Active      *bool                     `json:"active,omitempty"`
	Emails      []identity.Contact        `json:"emails,omitempty"`
	Phones      []identity.Contact        `json:"phoneNumbers,omitempty"`
	Addresses   []identity.Address        `json:"addresses,omitempty"`
	Groups      []identity.Ref            `json:"groups,omitempty"`
	Enterprise  enterpriseDoc             `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,omitzero"`
	Omni        map[string]identity.Value `json:"urn:omni:params:1.0:UserAttribute,omitempty"`
	Meta        metaDoc                   `json:"meta,omitzero"`
}

type enterpriseDoc struct {
	EmployeeNumber string     `json:"employeeNumber,omitempty"`
	CostCenter     string     `json:"costCenter,omitempty"`
	Organization   string     `json:"organization,omitempty"`
	Division       string     `json:"division,omitempty"`
	Department     string     `json:"department,omitempty"`
	Manager        managerDoc `json:"manager,omitzero"`
}

type managerDoc struct {
	Value       string `json:"value,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
}

type metaDoc struct {
	ResourceType string    `json:"resourceType"`
	Created      time.Time `json:"created,omitzero"`
	Changed      time.Time `json:"lastModified,omitzero"`
	Location     string    `json:"location"`
}

// writable is the part of the document that the caller may write, as stored.
func writable(u identity.PushedUser) userDoc {
	e := u.Enterprise
	return userDoc{
		External: u.External, UserName: u.UserName, Active: &u.Active, Name: u.Name, DisplayName: u.DisplayName, NickName: u.NickName,
		ProfileURL: u.ProfileURL, Title: u.Title, UserType: u.UserType, Language: u.Language, Locale: u.Locale, Timezone: u.Timezone,
		Emails: u.Emails, Phones: u.Phones, Addresses: u.Addresses, Omni: u.Omni,
		Enterprise: enterpriseDoc{EmployeeNumber: e.EmployeeNumber, CostCenter: e.CostCenter, Organization: e.Organization,
			Division: e.Division, Department: e.Department, Manager: managerDoc{Value: e.ManagerID, DisplayName: e.Manager}},
	}
}

// shown is the document of an answer. Okta wants name parts and an email address of
// everyone; where none were pushed, as for people whom Omni had before, they are
// made of the display name and the userName, for the answer alone.
func shown(u identity.PushedUser, location string) userDoc {
	d := writable(u)
	d.Name, d.Emails = shownName(u), shownEmails(u)
	d.ID, d.Groups = u.ID, u.Groups
	d.Meta = metaDoc{ResourceType: "User", Created: u.Created.UTC(), Changed: u.Changed.UTC(), Location: location}
	d.Schemas = []string{schema.UserSchema}
	if d.Enterprise != (enterpriseDoc{}) {
		d.Schemas = append(d.Schemas, enterpriseURN)
	}
	if len(d.Omni) > 0 {
		d.Schemas = append(d.Schemas, omniURN)
	}
	return d
}

func shownEmails(u identity.PushedUser) []identity.Contact {
	if len(u.Emails) > 0 {
		return u.Emails
	}
	return []identity.Contact{{Value: u.UserName, Type: "work", Primary: true}}
}

func shownName(u identity.PushedUser) identity.Name {
	n := u.Name
	given, family := nameParts(u)
	if n.Given == "" {
		n.Given = given
	}
	if n.Family == "" {
		n.Family = family
	}
	if n.Formatted == "" {
		parts := strings.Fields(strings.Join([]string{n.Prefix, n.Given, n.Middle, n.Family, n.Suffix}, " "))
		if n.Given == n.Family {
			parts = []string{n.Given}
		}
		n.Formatted = strings.Join(parts, " ")
	}
	return n
}

// nameParts makes two parts of what name there is; neither is empty.
func nameParts(u identity.PushedUser) (given, family string) {
	full := strings.TrimSpace(u.DisplayName)
	if full == "" {
		full, _, _ = strings.Cut(u.UserName, "@")
	}
	if full == "" {
		full = u.UserName
	}
	if cut := strings.LastIndexByte(full, ' '); cut > 0 {
		return strings.TrimSpace(full[:cut]), full[cut+1:]
	}
	return full, full
}

// replacing is accepted for a PUT, which may leave out the link to Okta: it must not
// end by silence.
func (d userDoc) replacing(old identity.PushedUser) (identity.PushedUser, error) {
	if d.External == "" {
		d.External = old.External
	}
	return d.accepted(old)
}

// accepted makes a user of what the caller wrote, over what was there: what only
// we write stays, and so does whether the user is active where nothing is said.
func (d userDoc) accepted(old identity.PushedUser) (identity.PushedUser, error) {
	if strings.TrimSpace(d.UserName) == "" {
		return identity.PushedUser{}, invalid("userName is missing or empty: map it in Okta's profile editor")
	}
	u := identity.PushedUser{ID: old.ID, External: d.External, UserName: d.UserName, Active: old.Active, Created: old.Created,
		Changed: old.Changed, Groups: old.Groups}
	if d.Active != nil {
		u.Active = *d.Active
	}
	u.Profile = identity.Profile{
		Name: d.Name, DisplayName: d.DisplayName, NickName: d.NickName, ProfileURL: d.ProfileURL, Title: d.Title, UserType: d.UserType,
		Language: d.Language, Locale: d.Locale, Timezone: d.Timezone, Emails: contacts(d.Emails), Phones: contacts(d.Phones),
		Addresses: addresses(d.Addresses), Omni: maps.Clone(d.Omni),
		Enterprise: identity.Enterprise{EmployeeNumber: d.Enterprise.EmployeeNumber, CostCenter: d.Enterprise.CostCenter,
			Organization: d.Enterprise.Organization, Division: d.Enterprise.Division, Department: d.Enterprise.Department,
			ManagerID: d.Enterprise.Manager.Value, Manager: d.Enterprise.Manager.DisplayName},
	}
	u.Name.Formatted = fresh(old, u)
	if len(old.Emails) == 0 && old.UserName != u.UserName && len(u.Emails) == 1 && u.Emails[0] == shownEmails(old)[0] {
		u.Emails = nil // ours, made of the old userName, coming back
	}
	return u, nil
}

// fresh is the formatted name, unless it is the one that we told and the parts have
// changed since: Okta sends back what it read, merged with what it changed.
func fresh(old, now identity.PushedUser) string {
	before, after := old.Name, now.Name
	before.Formatted, after.Formatted = "", ""
	formatted := now.Name.Formatted
	if formatted == shownName(old).Formatted && (old.Name.Formatted == "" || before != after) {
		return ""
	}
	return formatted
}

// contacts leaves out entries without a value.
func contacts(list []identity.Contact) []identity.Contact {
	var kept []identity.Contact
	for _, c := range list {
		if c.Value != "" {
			kept = append(kept, c)
		}
	}
	return kept
}

func addresses(list []identity.Address) []identity.Address {
	var kept []identity.Address
	for _, a := range list {
		if a != (identity.Address{}) {
			kept = append(kept, a)
		}
	}
	return kept
}

// userOf reads a document that coerce has seen, or that operations were applied to.
func userOf(doc map[string]any) (userDoc, error) {
	var d userDoc
	text, err := json.Marshal(doc)
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		return userDoc{}, invalid("the user can't be read: %s", err)
	}
	return d, nil
}

// document is the opposite: a user as operations are applied to it.
func document(d any) (map[string]any, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	j := json.NewDecoder(bytes.NewReader(text))
	j.UseNumber()
	var doc map[string]any
	err = j.Decode(&doc)
	return doc, err
}
