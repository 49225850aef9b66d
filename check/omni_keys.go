package check

import (
	"context"
	"fmt"
	"strings"

	"github.com/omnisync/omnisync/fault"
)

// key is what is known about one API key.
type key struct {
	asked        bool
	err          error  // of reading users with it
	users        int    // that it sees
	scope        string // organization or user; "" where Omni doesn't tell
	organization string // id; "" where Omni doesn't tell
}

func keyID(n int) string { return fmt.Sprintf("omni.key.%d", n) }

func (o *omniSide) keyName(n int) string {
	if len(o.keys) == 1 {
		return "API key"
	}
	return fmt.Sprintf("API key %d", n)
}

// working gives the number of the first key that Omni takes, 0 where there is none.
func (o *omniSide) working() int {
	for i, k := range o.keys {
		if k.asked && k.err == nil {
			return i + 1
		}
	}
	return 0
}

// ask reads users with one key, once.
func (o *omniSide) ask(ctx context.Context, n int) {
	k := &o.keys[n-1]
	if k.asked {
		return
	}
	k.asked = true
	k.users, _, k.err = o.Users(ctx, n, usersShown)
}

// where an admin makes keys.
const apiAccess = "in Omni, as an Org Admin, Settings > API access"

// checkKey asks whose the key is and reads users with it. Older Omnis don't know
// the first question: then the second alone counts.
func (o *omniSide) checkKey(ctx context.Context, n int) Finding {
	k := &o.keys[n-1]
	o.ask(ctx, n)
	if scope, organization, err := o.WhoAmI(ctx, n); err == nil {
		k.scope, k.organization = scope, organization
	}
	place := fmt.Sprintf("omni.api_keys[%d]", n-1)
	if k.err == nil {
		o.users = max(o.users, k.users)
		if k.scope == "" {
			return good("taken; this Omni doesn't tell whose it is")
		}
		return good("%s key", k.scope)
	}
	others := ""
	if len(o.keys) > 1 {
		others = fmt.Sprintf(" (key %d of %d, %s)", n, len(o.keys), place)
	}
	switch {
	case k.scope == "user" || strings.Contains(k.err.Error(), "User-scoped"):
		return good("a personal token").fail(k.err.Error()+others, apiAccess+": create an organization key, and put it in place of the personal token under "+place)
	case fault.Is(k.err, fault.Unauthorized):
		return Finding{}.fail(k.err.Error()+others, apiAccess+": see that the key is there and enabled, or create an organization key, and put it under "+place)
	}
	return broken(k.err, apiAccess+": see that the key is an organization key")
}

func (o *omniSide) checkKeys(context.Context) Finding {
	first, taken := 0, 0
	for i, k := range o.keys {
		if k.err != nil {
			continue
		}
		taken++
		switch {
		case k.organization == "":
		case first == 0:
			first = i + 1
		case k.organization != o.keys[first-1].organization:
			return Finding{}.fail(fmt.Sprintf("key %d belongs to another organization than key %d: half of all changes would go to the wrong one", i+1, first),
				fmt.Sprintf("put a key of the organization at %s under omni.api_keys[%d] (%s)", o.config.OmniURL, i, apiAccess))
		}
	}
	switch {
	case taken < 2:
		return good("%d of %d works", taken, len(o.keys))
	case first == 0:
		return good("%d of %d work; whether they are of one organization, this Omni doesn't tell", taken, len(o.keys))
	}
	return good("%d of %d work, all of one organization", taken, len(o.keys))
}
