// Package identity holds the records that flow through Omnisync: what Okta
// says (assignments, groups), what Omni has (accounts, teams), and the
// canonical form in which both are compared. It imports nothing of ours.
package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strings"
)

// User is the part of a person that is written to Omni, in canonical form.
type User struct {
	UserName    string           `json:"userName"`
	DisplayName string           `json:"displayName"`
	Attributes  map[string]Value `json:"attributes,omitempty"` // by Omni reference; an absent value has no key
}

// Account is a user as Omni tells it. Answers to writes may leave the attributes
// out: then Attributes is nil, and OrgAdmin says nothing.
type Account struct {
	ID OmniID
	User
	Active   bool
	OrgAdmin bool          // omni_is_org_admin
	Groups   []OmniGroupID // nil where the answer doesn't tell
}

// Team is a group as Omni tells it.
type Team struct {
	ID          OmniGroupID
	DisplayName string
	Members     []OmniID
}

// UserPatch is a change of an Omni user; nil fields stay as they are.
type UserPatch struct {
	UserName    *string
	DisplayName *string
	Active      *bool
	Attributes  map[string]*Value // nil clears
}

// TeamPatch is a change of an Omni group, sent as one request.
type TeamPatch struct {
	DisplayName *string
	Add         []OmniID
	Remove      []OmniID
}

// FoldUserName gives the form in which userNames are compared: trimmed and in
// ASCII lower case, nothing else folded.
func FoldUserName(s string) string { return foldASCII(strings.TrimSpace(s)) }

// FoldName gives the form in which group names are compared.
func FoldName(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func foldASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}

// CheckUserName tells why s can't be an Omni userName, which is an email
// address; nil when it can.
func CheckUserName(s string) error {
	a, err := mail.ParseAddress(strings.TrimSpace(s))
	if err != nil || a.Address != strings.TrimSpace(s) {
		return fmt.Errorf("the app username %q is not an email address: in Okta, open the app's Sign On tab and set \"Application username format\" to Email", s)
	}
	return nil
}

// Equal reports whether u and v are one in Omni's eyes: letter case of the
// userName alone is no difference, values compare with Same.
func (u User) Equal(v User) bool {
	return FoldUserName(u.UserName) == FoldUserName(v.UserName) && u.DisplayName == v.DisplayName &&
		maps.EqualFunc(u.Attributes, v.Attributes, Value.Same)
}

// Fingerprint is a short digest for comparing records without keeping them.
type Fingerprint string

// FingerprintOf digests v, which must marshal to JSON deterministically (structs
// and maps do).
func FingerprintOf(v any) Fingerprint {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("fingerprint of %T: %v", v, err)) // only plain values are digested
	}
	sum := sha256.Sum256(b)
	return Fingerprint(base64.RawURLEncoding.EncodeToString(sum[:16]))
}

// Has reports whether the app announces feature.
func (a App) Has(feature string) bool { return slices.Contains(a.Features, feature) }
