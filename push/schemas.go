package push

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/elimity-com/scim"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"
)

// The schemas that resources are made of, and the messages'.
const (
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	omniURN       = "urn:omni:params:1.0:UserAttribute"
	listURN       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	patchURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

const externalID = "externalId"

// maxResults is the most that one page holds, and usualResults what it holds when
// the caller doesn't say, as Okta's pages do.
const (
	maxResults   = 1000
	usualResults = 100
)

// manual is where people read on.
const manual = "https://github.com/omnisync/omnisync/blob/main/docs/push.md"

// kind is one of the two kinds of resources.
type kind struct {
	name     string
	endpoint string
	core     schema.Schema
	ext      schema.Schema // with declared attributes; without an ID for none
	free     string        // the schema whose keys are anybody's; "" for none
	external schema.CoreAttribute
	silent   map[string]bool   // in lower case: the server's own attributes, and those of the RFC that aren't kept
	keys     map[string]string // what can be filtered by, in lower case: the engine's key
	names    string            // the same for people
}

// byID is the filter on the id, which the engine has an own question for.
const byID = "id"

func userKind() kind {
	unkept := []string{"password", "ims", "photos", "entitlements", "roles", "x509Certificates"}
	core := schema.CoreUserSchema()
	core.Attributes = slices.DeleteFunc(core.Attributes, func(a schema.CoreAttribute) bool { return slices.Contains(unkept, a.Name()) })
	k := newKind("User", core, unkept)
	k.ext, k.free = schema.ExtensionEnterpriseUser(), omniURN
	k.keys["username"] = ByName
	k.names = `userName eq "...", externalId eq "..." and id eq "..."`
	return k
}

func groupKind() kind {
	k := newKind("Group", schema.CoreGroupSchema(), nil)
	k.keys["displayname"] = ByName
	k.names = `displayName eq "...", externalId eq "..." and id eq "..."`
	return k
}

// newKind takes for silent what is the server's own, what isn't kept, and what is
// read only: Okta sends what it read back, and passwords unasked.
func newKind(name string, core schema.Schema, unkept []string) kind {
	k := kind{name: name, endpoint: "/" + name + "s", core: core, silent: map[string]bool{"schemas": true, "id": true, "meta": true},
		external: schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: externalID, CaseExact: true})),
		keys:     map[string]string{"externalid": ByExternal, "id": byID}}
	for _, a := range unkept {
		k.silent[strings.ToLower(a)] = true
	}
	for _, a := range core.Attributes {
		if a.Mutability() == "readOnly" {
			k.silent[strings.ToLower(a.Name())] = true
		}
	}
	return k
}

// attribute finds a core attribute in any letter case.
func (k kind) attribute(name string) (schema.CoreAttribute, bool) {
	if strings.EqualFold(name, externalID) {
		return k.external, true
	}
	return k.core.Attributes.ContainsAttribute(name)
}

// ignored reports whether an attribute is taken and dropped without a word.
func (k kind) ignored(name string) bool { return k.silent[strings.ToLower(name)] }

func (k kind) resourceType() scim.ResourceType {
	t := scim.ResourceType{ID: optional.NewString(k.name), Name: k.name, Endpoint: k.endpoint, Schema: k.core,
		Description: k.core.Description}
	if k.ext.ID != "" {
		t.SchemaExtensions = append(t.SchemaExtensions, scim.SchemaExtension{Schema: k.ext})
	}
	if k.free != "" {
		t.SchemaExtensions = append(t.SchemaExtensions, scim.SchemaExtension{Schema: schema.Schema{
			ID: k.free, Name: optional.NewString("Omni user attributes"),
			Description: optional.NewString("Omni's user attributes, each under its reference in Omni's settings"),
		}})
	}
	return t
}

// discovery is the library's server for what describes the endpoint. It never
// sees a path of users or groups.
func discovery() http.Handler {
	server, err := scim.NewServer(&scim.ServerArgs{
		ServiceProviderConfig: &scim.ServiceProviderConfig{
			DocumentationURI: optional.NewString(manual), MaxResults: maxResults, SupportFiltering: true, SupportPatch: true,
			AuthenticationSchemes: []scim.AuthenticationScheme{{
				Type: scim.AuthenticationTypeOauthBearerToken, Name: "Bearer token", Primary: true,
				Description: "The token of the configuration, as Authorization: Bearer TOKEN",
				SpecURI:     optional.NewString("https://www.rfc-editor.org/info/rfc6750"), DocumentationURI: optional.NewString(manual),
			}},
		},
		ResourceTypes: []scim.ResourceType{userKind().resourceType(), groupKind().resourceType()},
	})
	if err != nil {
		panic("the library's server wants more than a configuration and resource types: " + err.Error())
	}
	return server
}

// The library counts what was asked for as what is on the page; so it is asked for
// what it has: the three schemas of the protocol and ours, and two types.
const (
	schemaCount = 7
	typeCount   = 2
)

// discovers reports whether the parts of a path name a description.
func discovers(parts []string) bool {
	switch parts[0] {
	case "ServiceProviderConfig":
		return len(parts) == 1
	case "Schemas", "ResourceTypes":
		return len(parts) <= 2
	}
	return false
}

// discover answers with a description. Filters are left out: the library's own
// evaluation panics on some.
func (e *endpoint) discover(w http.ResponseWriter, r *http.Request, parts []string) {
	count := schemaCount
	if parts[0] == "ResourceTypes" {
		count = typeCount
	}
	name, _ := url.PathUnescape("/" + strings.Join(parts, "/")) // which is well escaped, or EscapedPath wouldn't give it
	asked := r.Clone(r.Context())
	asked.URL = &url.URL{Path: name, RawQuery: "count=" + strconv.Itoa(count)}
	e.discovery.ServeHTTP(w, asked)
}
