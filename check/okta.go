package check

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// oktaSide is what Okta shows, as far as it was asked.
type oktaSide struct {
	Okta
	sheet
	config Config
	push   Endpoint // nil: push mode is off

	signIn  error
	owner   identity.OktaID // of the API token; "" for an app, and where it isn't told
	profile map[string]any  // the owner's
	app     App
	people  []identity.Sighting
	more    bool // there are further people
	source  string
	groups  []identity.Group // of the source; only the ids are sure to be known
	all     []identity.Group // the first page of all groups, with source match
	allMore bool
	member  struct { // of one group, as its list has it
		group identity.GroupID
		user  identity.OktaID
	}
}

// The ids that other checks depend on.
const (
	idAddress    = "okta.address"
	idCredential = "okta.credential"
	idApp        = "okta.app"
	idLog        = "okta.log"
	idUsers      = "okta.users"
	idGroups     = "okta.groups"
	idMembers    = "okta.group.members"
)

func (o *oktaSide) run(ctx context.Context) {
	o.group = "Okta"
	if o.Okta == nil {
		o.take(ctx, step{idCredential, "credential", nil, func(context.Context) Finding {
			return skipped("there is no okta.auth: what Okta pushes is all that is known of it")
		}})
		if o.config.CanaryUser != "" || o.config.CanaryGroup != "" {
			o.take(ctx, step{"okta.canary", "canary", nil, func(context.Context) Finding {
				return skipped("okta.canary isn't used without okta.auth: nothing is read that could lack anybody")
			}})
		}
		return
	}
	o.take(ctx,
		step{idAddress, "address", nil, o.checkAddress},
		step{idCredential, "credential", nil, o.checkCredential},
		step{"okta.clock", "clock", []string{idAddress}, o.checkClock},
	)
	if o.config.Client == "" {
		o.take(ctx,
			step{"okta.owner", "token's owner", []string{idCredential}, o.checkOwner},
			step{"okta.role", "owner's role", []string{idCredential}, o.checkRole},
		)
	}
	o.take(ctx,
		step{idLog, "System Log", []string{idCredential}, o.checkLog},
		step{idApp, "app", []string{idCredential}, o.checkApp},
		step{"okta.app.status", "app's state", []string{idApp}, o.checkStatus},
		step{"okta.app.address", "app's address", []string{idApp}, o.checkHome},
		step{"okta.provisioning", "direct provisioning", []string{idApp}, o.checkProvisioning},
		step{idUsers, "assigned users", []string{idApp}, o.checkUsers},
	)
	if len(o.people) > 0 || !o.passed(idUsers) {
		o.take(ctx,
			step{"okta.usernames", "usernames", []string{idUsers}, o.checkUserNames},
			step{"okta.user", "one app user", []string{idUsers}, o.checkAssignment},
			step{"okta.account", "Okta accounts", []string{idUsers}, o.checkAccounts},
		)
	}
	o.runGroups(ctx)
	o.runProof(ctx)
	o.take(ctx, step{"okta.limits", "rate limits", []string{idCredential}, o.checkLimits})
}

func (o *oktaSide) checkAddress(ctx context.Context) Finding {
	o.owner, o.profile, o.signIn = o.SignIn(ctx)
	f := good("%s is Okta", o.config.OrgURL)
	switch {
	case o.Reached(), o.signIn == nil:
		return f
	case o.Sent() == 0:
		return skipped("nothing could be sent with this credential")
	case fault.HintOf(o.signIn) == "":
		return Finding{}.fail(o.signIn.Error(), "check okta.org_url: it is the address that Okta's own pages have, such as https://acme.okta.com, without -admin")
	default:
		return Finding{}.fail(o.signIn.Error(), fault.HintOf(o.signIn)+". okta.org_url is the address that Okta's own pages have, such as https://acme.okta.com, without -admin")
	}
}

// checkCredential needs the address, unless the credential is why nothing was sent.
func (o *oktaSide) checkCredential(context.Context) Finding {
	switch {
	case o.signIn != nil && o.Sent() > 0 && !o.passed(idAddress):
		return skipped("not known without address")
	case o.signIn != nil:
		return broken(o.signIn, "compare okta.auth with what Okta shows")
	case o.config.Client != "":
		return good("app %s gets access tokens", o.config.Client)
	default:
		return good("the API token is taken")
	}
}

// maxSkew is the difference of clocks beyond which waiting times stand still.
const maxSkew = 2 * time.Minute

func (o *oktaSide) checkClock(context.Context) Finding {
	skew := o.Skew().Round(time.Second)
	f := good("this machine's and Okta's differ by less than %s", maxSkew)
	switch {
	case skew > maxSkew:
		f.Found = fmt.Sprintf("this machine's is %s ahead of Okta's", skew)
	case skew < -maxSkew:
		f.Found = fmt.Sprintf("this machine's is %s behind Okta's", -skew)
	default:
		return f
	}
	return f.fail("waiting times can't be measured, so nobody's access would end", "set this machine's clock by NTP, such as with timedatectl set-ntp true")
}

// serviceWords mark the account of a program, in its login or in its name.
var serviceWords = []string{"svc", "service", "serviceaccount", "sa", "api", "bot", "robot", "daemon", "integration", "automation", "system",
	"machine", "sync", "syncd", "omnisync", "omni", "scim", "provisioning", "token", "technical", "noreply"}

func (o *oktaSide) checkOwner(context.Context) Finding {
	if o.owner == "" {
		return skipped("Okta doesn't show it to this token")
	}
	f := good("%s", o.ownerName())
	for _, key := range []string{"login", "firstName", "lastName", "displayName", "userType"} {
		text, _ := o.profile[key].(string)
		if key == "login" {
			text, _, _ = strings.Cut(text, "@")
		}
		words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < '0' || r > '9' && r < 'a' || r > 'z' })
		if slices.ContainsFunc(words, func(w string) bool { return slices.Contains(serviceWords, w) }) {
			return f
		}
	}
	return f.warn("this looks like a person's account: the token ends with it, on the day that the person leaves",
		"better sign in as an app: in the Okta admin console, Applications > Applications > Create App Integration > API Services, then okta.auth.oauth. "+
			"Or create the token while signed in as an account that no person has, with a word such as svc or service in its login")
}

func (o *oktaSide) ownerName() string {
	if login, _ := o.profile["login"].(string); login != "" {
		return login
	}
	return "the token's owner"
}

// writerRoles are Okta's standard roles that may change users, groups or apps.
var writerRoles = []string{"SUPER_ADMIN", "ORG_ADMIN", "APP_ADMIN", "USER_ADMIN", "GROUP_MEMBERSHIP_ADMIN", "API_ACCESS_MANAGEMENT_ADMIN",
	"HELP_DESK_ADMIN", "MOBILE_ADMIN", "API_ADMIN", "ACCESS_CERTIFICATIONS_ADMIN", "ACCESS_REQUESTS_ADMIN", "WORKFLOWS_ADMIN"}

func (o *oktaSide) checkRole(ctx context.Context) Finding {
	if o.owner == "" {
		return skipped("not known without the token's owner")
	}
	roles, err := o.Roles(ctx, o.owner)
	if err != nil {
		return skipped("Okta doesn't show roles to this token, which is usual")
	}
	if len(roles) == 0 { // from a group, or not shown
		return good("none of its own is shown")
	}
	f := good("%s", strings.Join(roles, ", "))
	more := slices.DeleteFunc(slices.Clone(roles), func(r string) bool { return !slices.Contains(writerRoles, r) })
	if len(more) == 0 {
		return f
	}
	return f.warn("the token may do more than read: whoever gets hold of it has "+strings.Join(more, ", "),
		"in the Okta admin console, Security > Administrators, give "+o.ownerName()+" the role Read-only Administrator alone")
}

// lookBack is how far back the System Log reaches.
const lookBack = 90 * 24 * time.Hour

func (o *oktaSide) checkLog(ctx context.Context) Finding {
	kind, at, err := o.LastEvent(ctx, lookBack)
	switch {
	case err != nil:
		return o.refused(err, "okta.logs.read")
	case kind == "":
		return good("no event in 90 days").fail("Okta always logs something, such as this sign-in: the permission is missing. Without the log no delta finds anything, and nobody's departure can be confirmed",
			o.allow("okta.logs.read"))
	}
	return good("readable; the newest event is of %s", day(at))
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

func (o *oktaSide) checkLimits(context.Context) Finding {
	bucket, left, limit := o.Left()
	if bucket == "" {
		return skipped("Okta announced none")
	}
	f := good("%d of %d requests a minute are left (%s)", left, limit, bucket)
	if left*10 >= limit {
		return f
	}
	return f.warn("something else uses Okta's limits up, and syncd waits while less than a tenth is left",
		"in the Okta admin console, Reports > Rate Limits shows who asks that much")
}

// allow tells how the credential gets a permission.
func (o *oktaSide) allow(scope string) string {
	if o.config.Client != "" {
		return fmt.Sprintf("in the Okta admin console, Applications > Applications > the API Services app %s: grant %s under Okta API Scopes, and under Admin roles assign "+
			"Read-only Administrator, or a custom role whose resources include what is read here", o.config.Client, scope)
	}
	return fmt.Sprintf("in the Okta admin console, Security > Administrators: give %s the role Read-only Administrator, or a custom role with the permission for %s "+
		"whose resources include what is read here", o.ownerName(), scope)
}

// refused is a question that Okta didn't answer, as it is said of a permission.
// E0000006 is Okta's code for a permission that is missing.
func (o *oktaSide) refused(err error, scope string) Finding {
	if fault.Is(err, fault.Unauthorized) && strings.Contains(err.Error(), "E0000006") && o.config.Client == "" {
		return Finding{}.fail(err.Error(), o.allow(scope))
	}
	return broken(err, o.allow(scope))
}
