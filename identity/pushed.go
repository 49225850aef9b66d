package identity

import (
	"strings"
	"time"
)

// PushedUser is a user as Okta's push tells it and is told it: the resource of
// RFC 7643, section 4.1, as far as it is kept. What isn't here, passwords above
// all, is never stored.
type PushedUser struct {
	ID       string `json:"id"`                   // the Omni id that the user first had; stays the same
	External string `json:"externalId,omitempty"` // Okta's id of the user, where Okta told it
	UserName string `json:"userName"`             // in Okta's spelling
	Active   bool   `json:"active"`
	Profile
	Groups  []Ref     `json:"-"` // read only; by the group's id, under Okta's name
	Created time.Time `json:"created,omitzero"`
	Changed time.Time `json:"changed,omitzero"` // when it was last accepted
}

// Profile is what a pushed user's profile is kept of.
type Profile struct {
	Name        Name             `json:"name,omitzero"`
	DisplayName string           `json:"displayName,omitempty"`
	NickName    string           `json:"nickName,omitempty"`
	ProfileURL  string           `json:"profileUrl,omitempty"`
	Title       string           `json:"title,omitempty"`
	UserType    string           `json:"userType,omitempty"`
	Language    string           `json:"preferredLanguage,omitempty"`
	Locale      string           `json:"locale,omitempty"`
	Timezone    string           `json:"timezone,omitempty"`
	Emails      []Contact        `json:"emails,omitempty"`
	Phones      []Contact        `json:"phoneNumbers,omitempty"`
	Addresses   []Address        `json:"addresses,omitempty"`
	Enterprise  Enterprise       `json:"enterprise,omitzero"` // urn:ietf:params:scim:schemas:extension:enterprise:2.0:User
	Omni        map[string]Value `json:"omni,omitempty"`      // urn:omni:params:1.0:UserAttribute, by reference
}

// Name is the parts of a person's name.
type Name struct {
	Formatted string `json:"formatted,omitempty"`
	Family    string `json:"familyName,omitempty"`
	Given     string `json:"givenName,omitempty"`
	Middle    string `json:"middleName,omitempty"`
	Prefix    string `json:"honorificPrefix,omitempty"`
	Suffix    string `json:"honorificSuffix,omitempty"`
}

// Contact is one email address or telephone number.
type Contact struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"` // work, home, mobile ...
	Primary bool   `json:"primary,omitempty"`
}

// Address is one postal address.
type Address struct {
	Formatted string `json:"formatted,omitempty"`
	Street    string `json:"streetAddress,omitempty"`
	Locality  string `json:"locality,omitempty"`
	Region    string `json:"region,omitempty"`
	Postal    string `json:"postalCode,omitempty"`
	Country   string `json:"country,omitempty"`
	Type      string `json:"type,omitempty"`
	Primary   bool   `json:"primary,omitempty"`
}

// Enterprise is the extension of the same name (RFC 7643, section 4.3).
type Enterprise struct {
	EmployeeNumber string `json:"employeeNumber,omitempty"`
	CostCenter     string `json:"costCenter,omitempty"`
	Organization   string `json:"organization,omitempty"`
	Division       string `json:"division,omitempty"`
	Department     string `json:"department,omitempty"`
	ManagerID      string `json:"managerId,omitempty"`   // manager.value
	Manager        string `json:"managerName,omitempty"` // manager.displayName
}

// Ref names another resource.
type Ref struct {
	ID      string `json:"value"`
	Display string `json:"display,omitempty"`
}

// PushedGroup is a group as Okta's push tells it and is told it (RFC 7643,
// section 4.2).
type PushedGroup struct {
	ID          string    `json:"id"` // the Omni id that the group first had; stays the same
	External    string    `json:"externalId,omitempty"`
	DisplayName string    `json:"displayName"` // Okta's name
	Members     []Ref     `json:"-"`           // nil where they weren't asked for
	Created     time.Time `json:"created,omitzero"`
	Changed     time.Time `json:"changed,omitzero"`
}

// GroupEdit changes a group: its name first, then its members, step by step.
type GroupEdit struct {
	DisplayName *string // nil: stays
	External    *string
	Members     []MemberEdit
}

// MemberEdit is one step: All says that the members are IDs from here on;
// otherwise IDs come, or go.
type MemberEdit struct {
	All    bool
	Remove bool
	IDs    []string // SCIM ids
}

// OktaIDOf gives s as the id of an Okta user where it has the form of one: 00u
// and 17 letters and digits.
func OktaIDOf(s string) (OktaID, bool) {
	if len(s) != 20 || !strings.HasPrefix(s, "00u") {
		return "", false
	}
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return "", false
		}
	}
	return OktaID(s), true
}

// Assignment gives the user the form of an assignment, for the mapping. The
// expressions' user is filled by the table in docs/push.md, under the names of
// Okta's base profile.
func (u PushedUser) Assignment(id OktaID) Assignment {
	return Assignment{ID: id, Status: "ACTIVE", Account: "ACTIVE", Scope: "USER", UserName: u.UserName, ExternalID: u.ID,
		Login: u.UserName, Profile: u.fields()}
}

func (u PushedUser) fields() map[string]any {
	home := address(u.Addresses)
	table := map[string]string{
		"login": u.UserName, "email": Primary(u.Emails), "secondEmail": secondary(u.Emails),
		"firstName": u.Name.Given, "lastName": u.Name.Family, "middleName": u.Name.Middle,
		"honorificPrefix": u.Name.Prefix, "honorificSuffix": u.Name.Suffix,
		"displayName": u.DisplayName, "nickName": u.NickName, "profileUrl": u.ProfileURL, "title": u.Title, "userType": u.UserType,
		"preferredLanguage": u.Language, "locale": u.Locale, "timezone": u.Timezone,
		"primaryPhone": Primary(u.Phones), "mobilePhone": ofType(u.Phones, "mobile"),
		"streetAddress": home.Street, "city": home.Locality, "state": home.Region, "zipCode": home.Postal,
		"countryCode": home.Country, "postalAddress": home.Formatted,
		"employeeNumber": u.Enterprise.EmployeeNumber, "costCenter": u.Enterprise.CostCenter, "organization": u.Enterprise.Organization,
		"division": u.Enterprise.Division, "department": u.Enterprise.Department,
		"managerId": u.Enterprise.ManagerID, "manager": u.Enterprise.Manager,
	}
	fields := make(map[string]any, len(table))
	for name, value := range table {
		if value != "" {
			fields[name] = value
		}
	}
	return fields
}

// Primary is the value of the primary contact, else of the first, "" for none.
func Primary(list []Contact) string {
	for _, c := range list {
		if c.Primary {
			return c.Value
		}
	}
	if len(list) > 0 {
		return list[0].Value
	}
	return ""
}

func secondary(list []Contact) string {
	first := Primary(list)
	for _, c := range list {
		if c.Value != first {
			return c.Value
		}
	}
	return ""
}

func ofType(list []Contact, kind string) string {
	for _, c := range list {
		if strings.EqualFold(c.Type, kind) {
			return c.Value
		}
	}
	return ""
}

func address(list []Address) Address {
	for _, a := range list {
		if a.Primary {
			return a
		}
	}
	if len(list) > 0 {
		return list[0]
	}
	return Address{}
}
