package check

import (
	"context"
	"fmt"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// omniSide is what Omni shows, as far as it was asked.
type omniSide struct {
	Omni
	sheet
	config Config

	keys       []key
	users      int
	attributes []identity.Definition
}

// The ids that other checks depend on.
const (
	idOmni       = "omni.address"
	idAttributes = "omni.attributes"
)

// usersShown is how many users are asked for: a few, since only their number counts.
const usersShown = 1

func (o *omniSide) run(ctx context.Context) {
	o.group = "Omni"
	o.keys = make([]key, o.Keys())
	o.take(ctx, step{idOmni, "address", nil, o.checkAddress})
	for i := range o.keys {
		o.take(ctx, step{keyID(i + 1), o.keyName(i + 1), []string{idOmni},
			func(ctx context.Context) Finding { return o.checkKey(ctx, i+1) }})
	}
	if len(o.keys) > 1 {
		o.take(ctx, step{"omni.keys", "keys together", []string{idOmni}, o.checkKeys})
	}
	needs := []string{idOmni}
	o.take(ctx,
		step{"omni.users", "users", needs, o.withKey(o.checkUsers)},
		step{"omni.groups", "groups", needs, o.withKey(o.checkGroups)},
		step{idAttributes, "user attributes", needs, o.withKey(o.checkAttributes)},
		step{"omni.limits", "allowance", needs, o.checkLimits},
	)
}

// withKey leaves out what can't be asked while no key works: the keys' own
// findings tell why.
func (o *omniSide) withKey(do func(context.Context) Finding) func(context.Context) Finding {
	return func(ctx context.Context) Finding {
		if o.working() == 0 {
			return skipped("not known without an API key that works")
		}
		return do(ctx)
	}
}

// checkAddress asks with the first key: whatever becomes of the key, only Omni
// answers as Omni does.
func (o *omniSide) checkAddress(ctx context.Context) Finding {
	o.ask(ctx, 1)
	err := o.keys[0].err
	switch {
	case fault.Is(err, fault.Unavailable), fault.Is(err, fault.Doubt):
		return broken(err, "check omni.base_url: it is the login URL, such as https://acme.omniapp.co, without /api; and the network, and the proxy variables of the environment")
	case fault.Is(err, fault.NotFound):
		return broken(err, "check omni.base_url: nothing like Omni's API is there. It is the login URL, such as https://acme.omniapp.co")
	}
	return good("%s is Omni", o.config.OmniURL)
}

func (o *omniSide) checkUsers(context.Context) Finding {
	f := good("%s", counted(o.users, "user"))
	if o.users > 0 {
		return f
	}
	return f.fail("an organization has at least the admin who made the key: the list can't be right", "see in Omni under Settings > API access that the key is an organization key, and tell Omni's support if it is")
}

func (o *omniSide) checkGroups(ctx context.Context) Finding {
	n, err := o.Groups(ctx, o.working())
	if err != nil {
		return broken(err, "see in Omni under Settings > API access that the key is an organization key")
	}
	return good("%s", counted(n, "group"))
}

// checkAttributes reads the definitions. Attributes can be written without them,
// only not checked before: that isn't a failure.
func (o *omniSide) checkAttributes(ctx context.Context) Finding {
	var err error
	if o.attributes, err = o.Definitions(ctx, o.working()); err != nil {
		if !o.config.mapsAttributes() {
			return skipped("Omni doesn't show them, and users.attributes names none")
		}
		f := broken(err, "")
		return f.warn("Omni doesn't show which attributes are defined ("+f.Problem+"): whether those of users.attributes are isn't known",
			"compare users.attributes with Omni's Settings > Attributes; one that isn't defined there is ignored by Omni")
	}
	own := 0
	for _, a := range o.attributes {
		if !a.System {
			own++
		}
	}
	return good("%d of the organization's own, %d of Omni's", own, len(o.attributes)-own)
}

// usual is what Omni allows a key a minute, and raised what its support can raise
// that to for an organization (docs.omni.co/api/rate-limits).
const (
	usual  = 60
	raised = 500
)

func (o *omniSide) checkLimits(context.Context) Finding {
	each := o.config.KeysPerMinute
	f := good("%s x %d = %d requests a minute", counted(len(o.keys), "key"), each, len(o.keys)*each)
	switch {
	case each > raised:
		return f.warn(fmt.Sprintf("Omni allows %d a minute and key, and at most %d where its support raised that", usual, raised),
			fmt.Sprintf("set omni.requests_per_minute to %d, or to what Omni's support agreed to; more keys add up", usual))
	case o.Limited() > 0:
		return f.warn(fmt.Sprintf("Omni asked %s to slow down: something else uses these keys, such as a running daemon", counted(o.Limited(), "time")),
			"give syncd keys of its own in Omni under Settings > API access, unless this is its own daemon at work")
	case each > usual:
		f.Found += fmt.Sprintf(" (more than Omni's usual %d a key: its support must have raised that)", usual)
	}
	return f
}

func (c Config) mapsAttributes() bool {
	for _, e := range c.Expressions {
		if strings.HasPrefix(e.Path, attributePath) {
			return true
		}
	}
	return false
}
