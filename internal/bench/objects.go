package main

import "fmt"

// The objects as Okta's management API describes them, as long as they were
// seen to be: 1.5 kB for an app user with the user embedded, 1 kB for a user.

// book is a list of objects with a comma behind each, so that any stretch of
// it is a page.
type book struct {
	text   []byte
	starts []int // of each object, and the end
}

// write makes a book of n objects.
func write(n int, object func(b []byte, i int) []byte) book {
	k := book{starts: make([]int, 1, n+1)}
	for i := range n {
		k.text = append(object(k.text, i), ',')
		k.starts = append(k.starts, len(k.text))
	}
	return k
}

// objects gives those from a up to but not including b, with a comma behind.
func (k book) objects(a, b int) []byte { return k.text[k.starts[a]:k.starts[b]] }

func appendApp(b []byte) []byte {
	return fmt.Appendf(b, `{"id":%q,"orn":"orn:okta:idp:00o1gjh63g214q0Hq0g4:apps:saml:%s","name":"omni_analytics","label":"Omni Analytics",`+
		`"status":"ACTIVE","created":%q,"lastUpdated":%q,"accessibility":{"selfService":false,"errorRedirectUrl":null,"loginRedirectUrl":null},`+
		`"visibility":{"autoLaunch":false,"autoSubmitToolbar":false,"hide":{"iOS":false,"web":false},"appLinks":{"login":true}},`+
		`"features":["GROUP_PUSH","PUSH_NEW_USERS"],"signOnMode":"SAML_2_0","credentials":{"userNameTemplate":{"template":"${source.login}","type":"BUILT_IN"}},`+
		`"settings":{"app":{},"implicitAssignment":false,"notifications":{"vpn":{"network":{"connection":"DISABLED"},"message":null}}},`+
		`"_links":{"users":{"href":"%[5]s/api/v1/apps/%[1]s/users"},"groups":{"href":"%[5]s/api/v1/apps/%[1]s/groups"}}}`,
		appID, appID, stamp(0), stamp(1), orgURL)
}

func appendAssignment(b []byte, p person) []byte {
	b = fmt.Appendf(b, `{"id":%q,"externalId":null,"created":%q,"lastUpdated":%q,"scope":"GROUP","status":"ACTIVE","statusChanged":%q,`+
		`"passwordChanged":null,"syncState":"DISABLED","credentials":{"userName":%q},"profile":`, p.id, p.created, p.updated, p.created, p.login)
	b = appendProfile(b, p)
	b = fmt.Appendf(b, `,"_links":{"app":{"href":"%s/api/v1/apps/%s"},"user":{"href":"%s/api/v1/users/%s"}},"_embedded":{"user":`,
		orgURL, appID, orgURL, p.id)
	return append(appendUser(b, p), "}}"...)
}

func appendUser(b []byte, p person) []byte {
	b = fmt.Appendf(b, `{"id":%q,"status":"ACTIVE","created":%q,"activated":%q,"statusChanged":%q,"lastLogin":%q,"lastUpdated":%q,`+
		`"passwordChanged":%q,"realmId":"guo1bfiNtSnZYILxO0g4","type":{"id":"oty1gjh62xkTLpcMN0g4"},"profile":`,
		p.id, p.created, p.created, p.created, p.updated, p.updated, p.created)
	b = appendProfile(b, p)
	return fmt.Appendf(b, `,"credentials":{"password":{},"emails":[{"value":%q,"status":"VERIFIED","type":"PRIMARY"}],`+
		`"provider":{"type":"OKTA","name":"OKTA"}},"_links":{"self":{"href":"%s/api/v1/users/%s"}}}`, p.login, orgURL, p.id)
}

func appendProfile(b []byte, p person) []byte {
	return fmt.Appendf(b, `{"firstName":%q,"lastName":%q,"displayName":"%[1]s %[2]s","login":%[3]q,"email":%[3]q,"secondEmail":null,`+
		`"mobilePhone":null,"title":%[4]q,"department":%[5]q,"costCenter":"CC-%[6]d","employeeNumber":"%06[7]d","city":%[8]q,"countryCode":"DE"}`,
		p.first, p.last, p.login, p.title, p.department, 1000+p.number%37, p.number, p.city)
}

func appendGroup(b []byte, g int) []byte {
	return fmt.Appendf(b, `{"id":%q,"created":%q,"lastUpdated":%q,"lastMembershipUpdated":%q,"objectClass":["okta:user_group"],"type":"OKTA_GROUP",`+
		`"profile":{"name":%q,"description":"Everyone who works on the dashboards of team %d"},`+
		`"_links":{"logo":[{"name":"medium","href":"%[7]s/img/logos/groups/odyssey/okta-medium.png","type":"image/png"}],`+
		`"users":{"href":"%[7]s/api/v1/groups/%[1]s/users"},"apps":{"href":"%[7]s/api/v1/groups/%[1]s/apps"}}}`,
		groupID(g), stamp(g), stamp(g), stamp(g+9_000_000), groupName(g), g, orgURL)
}

func groupName(g int) string { return fmt.Sprintf("omni-team-%04d", g) }

func appendMapping(b []byte, g int) []byte {
	return fmt.Appendf(b, `{"id":%q,"sourceGroupId":%q,"targetGroupId":"00g%sLz0g4x","status":"ACTIVE","errorSummary":null,"created":%[4]q,`+
		`"lastUpdated":%[4]q,"lastPush":%[4]q,"_links":{"app":{"href":"%[5]s/api/v1/apps/%[6]s"},"sourceGroup":{"href":"%[5]s/api/v1/groups/%[2]s"}}}`,
		mappingID(g), groupID(g), scrambled(g, 4), stamp(g), orgURL, appID)
}
