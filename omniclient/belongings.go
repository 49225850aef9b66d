package omniclient

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// v1 leads from SCIM's path to that of Omni's own API.
const v1 = "../../v1/"

// Belongings tells what hangs on an account: how many schedules and documents it
// owns, and the model roles that it holds itself. fault.NotFound when Omni knows
// no such account any more; fault.Doubt when an answer can't be about it.
func (c *Client) Belongings(ctx context.Context, id identity.OmniID) (identity.Belongings, error) {
	var b identity.Belongings
	var err error
	if b.ModelRoles, err = c.modelRoles(ctx, id); err != nil {
		return b, err
	}
	if b.Schedules, err = c.owned(ctx, "schedules", "ownerId", id); err != nil {
		return b, err
	}
	b.Documents, err = c.owned(ctx, "documents", "creatorId", id)
	return b, err
}

// modelRoles lists the roles that were given to the user. Those of the
// organization, of a connection and of a group (ORG, BASE, GROUP) aren't the
// user's own; live services spell these words out, and a word that nobody knows
// counts as the user's own.
func (c *Client) modelRoles(ctx context.Context, id identity.OmniID) ([]string, error) {
	var list roleList
	request := request{op: readRoles, method: http.MethodGet, path: v1 + "users/" + url.PathEscape(string(id)) + "/model-roles", apart: true}
	if _, err := c.ask(ctx, request, &list); err != nil {
		return nil, err
	}
	if list.Results == nil || list.Member != id {
		return nil, &fault.Error{Kind: fault.Doubt, Op: readRoles, Detail: "Omni answered with another user's roles, or with none"}
	}
	return list.from("ORG", "BASE", "GROUP"), nil
}

const readRoles = "read Omni model roles"

// roleList is Omni's answer about a user's roles, or a group's.
type roleList struct {
	Member  identity.OmniID      `json:"membershipId"`
	Group   identity.OmniGroupID `json:"userGroupId"`
	Results *[]struct {
		Name string `json:"roleName"`
		From struct {
			Type string `json:"type"`
		} `json:"from"`
	} `json:"results"`
}

// from names the roles that come from elsewhere than the others.
func (l roleList) from(others ...string) []string {
	var names []string
	for _, r := range *l.Results {
		word := strings.TrimPrefix(strings.TrimSuffix(strings.ToUpper(r.From.Type), " ROLE"), "CONNECTION ")
		if !slices.Contains(others, word) {
			names = append(names, r.Name)
		}
	}
	return names
}

// TeamRoles names the model roles that were given to a group, each once and sorted:
// its members have them. fault.NotFound when Omni knows no such group any more;
// fault.Doubt when the answer can't be about it.
func (c *Client) TeamRoles(ctx context.Context, id identity.OmniGroupID) ([]string, error) {
	var list roleList
	request := request{op: readRoles, method: http.MethodGet, path: v1 + "user-groups/" + url.PathEscape(string(id)) + "/model-roles", apart: true}
	if _, err := c.ask(ctx, request, &list); err != nil {
		return nil, err
	}
	if list.Results == nil || list.Group != id {
		return nil, &fault.Error{Kind: fault.Doubt, Op: readRoles, Detail: "Omni answered with another group's roles, or with none"}
	}
	return slices.Compact(slices.Sorted(slices.Values(list.from("ORG", "BASE")))), nil
}

// owned counts what the user owns, by Omni's own count. An answer whose first
// entry is somebody else's is no answer to the question.
func (c *Client) owned(ctx context.Context, what, by string, id identity.OmniID) (int, error) {
	op := "count Omni " + what
	var list struct {
		Info struct {
			Total *int `json:"totalRecords"`
		} `json:"pageInfo"`
		Records []struct {
			OwnerID identity.OmniID `json:"ownerId"`
		} `json:"records"`
	}
	query := url.Values{by: {string(id)}, "pageSize": {"1"}}
	if _, err := c.ask(ctx, request{op: op, method: http.MethodGet, path: v1 + what, query: query, apart: true}, &list); err != nil {
		return 0, err
	}
	if list.Info.Total == nil || *list.Info.Total < len(list.Records) {
		return 0, &fault.Error{Kind: fault.Doubt, Op: op, Detail: "the answer is no list"}
	}
	for _, r := range list.Records {
		if r.OwnerID != "" && r.OwnerID != id {
			return 0, &fault.Error{Kind: fault.Doubt, Op: op, Detail: "Omni answered with somebody else's " + what}
		}
	}
	return *list.Info.Total, nil
}
