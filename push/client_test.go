package push_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-github/v92/github"
	"github.com/omnisync/omnisync/push"
)

// TestIndependentClient works the endpoint with a SCIM client that shares nothing with
// it: go-github's, for GitHub's Enterprise SCIM API. It covers users and groups with
// create, list, filter, get, PUT, PATCH and delete, and what it makes of errors.
func TestIndependentClient(t *testing.T) {
	const company = "acme"
	server := httptest.NewServer(push.Handler(push.Options{Engine: newFake(), BasePath: "/scim/v2/enterprises/" + company}))
	t.Cleanup(server.Close)
	at := server.URL + "/"
	c, err := github.NewClient(github.WithHTTPClient(server.Client()), github.WithURLs(&at, &at))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	check := func(what string, ok bool, err error) {
		t.Helper()
		if err != nil || !ok {
			t.Fatalf("%s: %t, %v", what, ok, err)
		}
	}
	refused := func(what string, status int, err error) {
		t.Helper()
		if e, ok := errors.AsType[*github.ErrorResponse](err); !ok || e.Response.StatusCode != status {
			t.Errorf("%s: %v, want %d", what, err, status)
		}
	}
	person := github.SCIMEnterpriseUserAttributes{
		Schemas: []string{github.SCIMSchemasURINamespacesUser}, UserName: "ada@acme.co", DisplayName: "Ada Lovelace", ExternalID: "00u1gjh63g214q0Hq0g4", Active: true,
		Name:   &github.SCIMEnterpriseUserName{GivenName: "Ada", FamilyName: "Lovelace"},
		Emails: []*github.SCIMEnterpriseUserEmail{{Value: "ada@acme.co", Primary: true, Type: "work"}},
		Roles:  []*github.SCIMEnterpriseUserRole{{Value: "user"}},
	}
	u, _, err := c.Enterprise.ProvisionSCIMUser(ctx, company, person)
	check("create", u != nil && u.ID != nil && u.UserName == "ada@acme.co" && u.Emails[0].Primary && u.Name.FamilyName == "Lovelace" && u.Meta.Created != nil, err)
	_, _, err = c.Enterprise.ProvisionSCIMUser(ctx, company, person)
	refused("create again", http.StatusConflict, err)
	users, _, err := c.Enterprise.ListProvisionedSCIMUsers(ctx, company, &github.ListProvisionedSCIMUsersEnterpriseOptions{Filter: ptr(`userName eq "ada@acme.co"`), StartIndex: new(1), Count: new(10)})
	check("filter", err == nil && *users.TotalResults == 1 && *users.ItemsPerPage == 1 && *users.Resources[0].ID == *u.ID, err)
	users, _, err = c.Enterprise.ListProvisionedSCIMUsers(ctx, company, nil)
	check("list", err == nil && *users.TotalResults == 1 && len(users.Resources) == 1, err)
	_, _, err = c.Enterprise.ListProvisionedSCIMUsers(ctx, company, &github.ListProvisionedSCIMUsersEnterpriseOptions{Filter: ptr(`userName co "ada"`)})
	refused("another filter", http.StatusBadRequest, err)
	got, _, err := c.Enterprise.GetProvisionedSCIMUser(ctx, company, *u.ID)
	check("get", got != nil && *got.Meta.Location == server.URL+"/scim/v2/enterprises/"+company+"/Users/"+*u.ID, err)
	got.DisplayName = "Ada King"
	got, _, err = c.Enterprise.SetProvisionedSCIMUser(ctx, company, *u.ID, *got)
	check("put", got != nil && got.DisplayName == "Ada King" && got.ExternalID == person.ExternalID, err)
	got, _, err = c.Enterprise.UpdateSCIMUserAttribute(ctx, company, *u.ID, github.SCIMEnterpriseAttribute{Schemas: []string{github.SCIMSchemasURINamespacesPatchOp},
		Operations: []*github.SCIMEnterpriseAttributeOperation{{Op: "replace", Path: ptr("active"), Value: false}, {Op: "replace", Path: ptr("name.givenName"), Value: "Augusta"}}})
	check("patch", got != nil && !got.Active && got.Name.GivenName == "Augusta", err)

	g, _, err := c.Enterprise.ProvisionSCIMGroup(ctx, company, github.SCIMEnterpriseGroupAttributes{Schemas: []string{github.SCIMSchemasURINamespacesGroups},
		DisplayName: ptr("Sales"), ExternalID: ptr("g1"), Members: []*github.SCIMEnterpriseDisplayReference{{Value: *u.ID}}})
	check("create group", g != nil && *g.DisplayName == "Sales", err)
	groups, _, err := c.Enterprise.ListProvisionedSCIMGroups(ctx, company, &github.ListProvisionedSCIMGroupsEnterpriseOptions{Filter: ptr(`externalId eq "g1"`), ExcludedAttributes: ptr("members")})
	check("filter groups", err == nil && *groups.TotalResults == 1 && groups.Resources[0].Members == nil, err)
	full, _, err := c.Enterprise.GetProvisionedSCIMGroup(ctx, company, *g.ID, nil)
	check("get group", full != nil && len(full.Members) == 1 && full.Members[0].Value == *u.ID, err)
	got, _, err = c.Enterprise.GetProvisionedSCIMUser(ctx, company, *u.ID)
	check("get the member", got != nil && len(got.Groups) == 1 && got.Groups[0].Value == *g.ID, err)
	full.DisplayName = ptr("West")
	_, _, err = c.Enterprise.SetProvisionedSCIMGroup(ctx, company, *g.ID, *full)
	check("put group", true, err)
	_, _, err = c.Enterprise.UpdateSCIMGroupAttribute(ctx, company, *g.ID, github.SCIMEnterpriseAttribute{Schemas: []string{github.SCIMSchemasURINamespacesPatchOp},
		Operations: []*github.SCIMEnterpriseAttributeOperation{{Op: "add", Path: ptr("members"), Value: []map[string]string{{"value": "u2"}}}, {Op: "remove", Path: ptr(`members[value eq "` + *u.ID + `"]`)}}})
	check("patch group", true, err)
	full, _, err = c.Enterprise.GetProvisionedSCIMGroup(ctx, company, *g.ID, nil)
	check("get group again", full != nil && *full.DisplayName == "West" && len(full.Members) == 1 && full.Members[0].Value == "u2", err)
	_, err = c.Enterprise.DeleteSCIMGroup(ctx, company, *g.ID)
	check("delete group", true, err)
	_, err = c.Enterprise.DeleteSCIMUser(ctx, company, *u.ID)
	check("delete", true, err)
	_, _, err = c.Enterprise.GetProvisionedSCIMUser(ctx, company, *u.ID)
	refused("get what is gone", http.StatusNotFound, err)
}
