package omniclient

import (
	"context"
	"net/http"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// whoAmI is what Omni tells about the key that asks. An organization key acts as
// whoever made it.
type whoAmI struct {
	Scope        string `json:"keyScope"`
	Organization string `json:"organizationId"`
	User         struct {
		Membership identity.OmniID `json:"membershipId"`
	} `json:"user"`
}

func askWhoAmI() request {
	return request{op: "ask Omni whose the key is", method: http.MethodGet, path: v1 + "whoami", apart: true}
}

// Keys is how many API keys there are.
func (c *Client) Keys() int { return len(c.keys.read) }

// KeyOwner tells whose an API key is, counted from 1: when that membership ends, the
// key stays, but what needs its user may fail. An Omni that is older than the
// question answers fault.NotFound, and one that doesn't tell the user leaves Owner
// empty. fault.Unauthorized concerns this key alone.
// Source: docs.omni.co/api/who-am-i.
func (c *Client) KeyOwner(ctx context.Context, key int) (identity.KeyOwner, error) {
	r := askWhoAmI()
	r.key = key
	var who whoAmI
	if _, err := c.ask(ctx, r, &who); err != nil {
		return identity.KeyOwner{}, err
	}
	if who.Scope == "" {
		return identity.KeyOwner{}, &fault.Error{Kind: fault.Doubt, Op: r.op, Detail: "the answer names no scope"}
	}
	return identity.KeyOwner{Key: key, Scope: who.Scope, Organization: who.Organization, Owner: who.User.Membership}, nil
}
