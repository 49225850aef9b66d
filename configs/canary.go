package configs

import (
	"regexp"
	"strings"
)

// oktaIDs find an id of 20 characters by what it begins with, as in an address of Okta's
// admin console.
var oktaIDs = regexp.MustCompile(`\b(00[ug][A-Za-z0-9]{17})\b`)

// checkCanary takes ids alone: a name is given away and comes again, and an id is asked
// for with one request.
func checkCanary(c Canary) []Fault {
	var faults []Fault
	for _, one := range []struct{ key, id, begins, what, page string }{
		{"okta.canary.user", c.User, "00u", "user", "the person's page in Okta's admin console, after /user/view/"},
		{"okta.canary.group", c.Group, "00g", "group", "the group's page in Okta's admin console, after /group/"},
	} {
		form := "write the id of the Okta " + one.what + ", which stands in the address of " + one.page + ", such as " + one.begins + "1gjh63g214q0Hq0g4"
		found := oktaIDs.FindString(one.id)
		switch {
		case one.id == "":
			continue
		case strings.Contains(one.id, "/") && strings.HasPrefix(found, one.begins):
			faults = append(faults, Fault{Path: one.key, Message: "is an address", Mend: "write the id that it holds: " + found})
		case strings.Contains(one.id, "@"):
			faults = append(faults, Fault{Path: one.key, Message: quoted(one.id) + " is a name, which somebody else may have one day", Mend: form})
		case !strings.HasPrefix(one.id, one.begins) || !idPattern.MatchString(one.id):
			faults = append(faults, Fault{Path: one.key, Message: quoted(one.id) + " is not the id of an Okta " + one.what + ", which begins with " + one.begins, Mend: form})
		}
	}
	return faults
}
