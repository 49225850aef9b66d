package push_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// whatIsPushed has, as the value of each attribute, what docs/push.md calls it.
const whatIsPushed = `{
	"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	"userName": "userName", "displayName": "displayName", "nickName": "nickName", "profileUrl": "profileUrl", "title": "title",
	"userType": "userType", "preferredLanguage": "preferredLanguage", "locale": "locale", "timezone": "timezone",
	"name": {"givenName": "name.givenName", "familyName": "name.familyName", "middleName": "name.middleName",
		"honorificPrefix": "name.honorificPrefix", "honorificSuffix": "name.honorificSuffix"},
	"emails": [{"value": "emails: the first that isn't that"}, {"value": "emails: the primary, else the first", "primary": true}],
	"phoneNumbers": [{"value": "phoneNumbers: the primary, else the first"}, {"value": "phoneNumbers of type mobile", "type": "mobile"}],
	"addresses": [{"locality": "another"}, {"primary": true,
		"streetAddress": "addresses, the primary, else the first: streetAddress", "locality": "addresses, the primary, else the first: locality",
		"region": "addresses, the primary, else the first: region", "postalCode": "addresses, the primary, else the first: postalCode",
		"country": "addresses, the primary, else the first: country", "formatted": "addresses, the primary, else the first: formatted"}],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"employeeNumber": "enterprise employeeNumber",
		"costCenter": "enterprise costCenter", "organization": "enterprise organization", "division": "enterprise division",
		"department": "enterprise department", "manager": {"value": "enterprise manager.value", "displayName": "enterprise manager.displayName"}}
}`

// TestTableOfAttributes: each attribute arrives in the expressions under the name
// that docs/push.md gives it, and none arrives that isn't in its table.
func TestTableOfAttributes(t *testing.T) {
	page, err := os.ReadFile("../docs/push.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]any{}
	for _, row := range regexp.MustCompile("(?m)^\\| (.+) \\| `user\\.(\\w+)` \\|$").FindAllStringSubmatch(string(page), -1) {
		told[row[2]] = strings.ReplaceAll(row[1], "`", "")
	}
	w := newWorld(t)
	w.must(201, "POST", "/Users", whatIsPushed)
	got := w.engine.users[0].Assignment("00u1").Profile
	if diff := cmp.Diff(got, told); diff != "" {
		t.Errorf("what is pushed, and what docs/push.md says of it: %s", diff)
	}
}
