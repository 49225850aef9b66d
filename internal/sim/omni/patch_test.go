package omni_test

import (
	"testing"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

func TestUserPatchForms(t *testing.T) {
	for _, tt := range []struct {
		name, operations string
		want             simomni.User // beside the id
	}{
		{"path-less", `{"op":"replace","value":{"displayName":"B","active":false,"userName":"b@b.co"}}`,
			simomni.User{UserName: "b@b.co", DisplayName: "B", Attributes: map[string][]string{"region": {"x"}}}},
		{"path-less attributes merge and null clears", `{"op":"replace","value":{"` + attributes + `":{"team":"y","region":null}}}`,
			simomni.User{UserName: "a@b.co", DisplayName: "A", Active: true, Attributes: map[string][]string{"team": {"y"}}}},
		{"attributes that aren't named stay", `{"op":"add","value":{"` + attributes + `":{"levels":[2,1]}}}`,
			simomni.User{UserName: "a@b.co", DisplayName: "A", Active: true, Attributes: map[string][]string{"region": {"x"}, "levels": {"2", "1"}}}},
		{"attribute path", `{"op":"replace","path":"` + attributes + `:region","value":"z"}`,
			simomni.User{UserName: "a@b.co", DisplayName: "A", Active: true, Attributes: map[string][]string{"region": {"z"}}}},
		{"attribute path with null", `{"op":"replace","path":"` + attributes + `:region","value":null}`,
			simomni.User{UserName: "a@b.co", DisplayName: "A", Active: true, Attributes: map[string][]string{}}},
		{"attribute path removed", `{"op":"remove","path":"` + attributes + `:region","value":null}`,
			simomni.User{UserName: "a@b.co", DisplayName: "A", Active: true, Attributes: map[string][]string{}}},
		{"field paths, any case of op", `{"op":"Replace","path":"displayName","value":"C"},{"op":"ADD","path":"userName","value":"c@b.co"}`,
			simomni.User{UserName: "c@b.co", DisplayName: "C", Active: true, Attributes: map[string][]string{"region": {"x"}}}},
		{"active by path", `{"op":"replace","path":"active","value":false}`,
			simomni.User{UserName: "a@b.co", DisplayName: "A", Attributes: map[string][]string{"region": {"x"}}}},
		{"other keys are tolerated", `{"op":"replace","value":{"id":"x","emails":[],"displayName":"D"}}`,
			simomni.User{UserName: "a@b.co", DisplayName: "D", Active: true, Attributes: map[string][]string{"region": {"x"}}}},
		{"the later wins", `{"op":"replace","path":"displayName","value":"E"},{"op":"replace","value":{"displayName":"F"}}`,
			simomni.User{UserName: "a@b.co", DisplayName: "F", Active: true, Attributes: map[string][]string{"region": {"x"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &simomni.Org{}
			c, id := patchable(t, o)
			c.want(200, "PATCH", users+"/"+id, patch(tt.operations))
			tt.want.ID = id
			equal(t, "user", o.Users(), []simomni.User{tt.want})
			equal(t, "changed", o.Requests()[0].Changed, true)
			c.want(200, "PATCH", users+"/"+id, patch(tt.operations))
			equal(t, "changed by the same again", o.Requests()[1].Changed, false)
		})
	}
}

// patchable serves one user with one attribute.
func patchable(t *testing.T, o *simomni.Org) (client, string) {
	t.Helper()
	o.DefineAttribute(simomni.Definition{Reference: "region"})
	o.DefineAttribute(simomni.Definition{Reference: "team"})
	o.DefineAttribute(simomni.Definition{Reference: "levels", Number: true, Multiple: true})
	id := o.AddUser("a@b.co", "A")
	o.EditUser(id, func(u *simomni.User) { u.Attributes["region"] = []string{"x"} })
	return start(t, o), id
}

func TestUserPatchFormsThatAreRefused(t *testing.T) {
	o := &simomni.Org{}
	c, id := patchable(t, o)
	before := o.Users()
	for _, text := range []string{
		``, `null`, `{}`, patch(),
		`{"Operations":[{"op":"replace","path":"active","value":false}]}`,
		patch(`{"op":"move","path":"active","value":false}`),
		patch(`{"op":"replace","path":"active"}`),
		patch(`{"op":"remove","path":"` + attributes + `:region"}`),
		patch(`{"op":"replace","path":"active","value":"false"}`),
		patch(`{"op":"replace","path":"active","value":null}`),
		patch(`{"op":"replace","path":"displayName","value":null}`),
		patch(`{"op":"replace","path":"userName","value":"nobody"}`),
		patch(`{"op":"replace","path":"` + attributes + `.region","value":"y"}`),
		patch(`{"op":"replace","path":"` + attributes + `","value":{"region":"y"}}`),
		patch(`{"op":"replace","path":"emails[type eq \"work\"].value","value":"y@b.co"}`),
		patch(`{"op":"remove","path":"displayName","value":null}`),
		patch(`{"op":"remove","value":{"displayName":"x"}}`),
		patch(`{"op":"replace","value":"x"}`),
		patch(`{"op":"replace","value":null}`),
		patch(`{"op":"replace","value":{"active":"no"}}`),
		patch(`{"op":"replace","value":{"displayName":1}}`),
		patch(`{"op":"replace","value":{"userName":"nobody"}}`),
		patch(`{"op":"replace","value":{"` + attributes + `":"x"}}`),
		patch(`{"op":"replace","path":"displayName","value":"good"}`, `{"op":"replace","path":"nothing","value":"bad"}`),
	} {
		c.want(400, "PATCH", users+"/"+id, text)
	}
	equal(t, "users", o.Users(), before)
	equal(t, "writes", o.Writes(), 0)
}

func TestAttributeValuesAreKeptAsText(t *testing.T) {
	o := &simomni.Org{}
	c, id := patchable(t, o)
	o.DefineAttribute(simomni.Definition{Reference: "level", Number: true})
	for _, tt := range []struct{ reference, sent, kept, shown string }{
		{"level", `3`, "[3]", "3"},
		{"level", `"9007199254740993"`, "[9007199254740993]", "9007199254740993"},
		{"level", `1.5`, "[1.5]", "1.5"},
		{"levels", `[1,"2"]`, "[1 2]", "[1 2]"},
		{"levels", `7`, "[7]", "[7]"},
		{"region", `5`, "[5]", "5"},
		{"region", `true`, "[true]", "true"},
		{"region", `""`, "[]", ""},
	} {
		b := c.want(200, "PATCH", users+"/"+id, patch(`{"op":"replace","value":{"`+attributes+`":{"`+tt.reference+`":`+tt.sent+`}}}`))
		equal(t, tt.sent+" kept", o.Users()[0].Attributes[tt.reference], tt.kept)
		equal(t, tt.sent+" shown", b.object(attributes)[tt.reference], tt.shown)
	}
	b := c.want(200, "PATCH", users+"/"+id, patch(`{"op":"replace","value":{"`+attributes+`":{"levels":[],"region":false}}}`))
	_, there := b.object(attributes)["levels"]
	equal(t, "an empty list is shown", there, false)
	if shown, ok := b.object(attributes)["region"].(string); !ok || shown != "false" {
		t.Errorf("a boolean comes back as %#v, want the word", b.object(attributes)["region"])
	}
	o.SetKnobs(simomni.Knobs{RealLimit: -1, BooleansKept: true})
	if shown, ok := c.want(200, "GET", users+"/"+id, "").object(attributes)["region"].(bool); !ok || shown {
		t.Error("BooleansKept gives no boolean back")
	}
}

func TestAttributesThatAreDeclined(t *testing.T) {
	for _, tt := range []struct {
		name, attribute string
		refused         bool // by default
		other           simomni.Knobs
	}{
		{"unknown", `"nothing":"x"`, false, simomni.Knobs{UnknownAttributesRefused: true}},
		{"system", `"omni_user_timezone":"UTC"`, true, simomni.Knobs{SystemAttributesIgnored: true}},
		{"unknown of Omni's", `"omni_new":"x"`, true, simomni.Knobs{SystemAttributesIgnored: true}},
		{"text for numbers", `"levels":["high"]`, true, simomni.Knobs{WrongTypesIgnored: true}},
		{"boolean for numbers", `"levels":true`, true, simomni.Knobs{WrongTypesIgnored: true}},
		{"list for one", `"team":["x"]`, true, simomni.Knobs{WrongTypesIgnored: true}},
		{"object", `"team":{"x":1}`, true, simomni.Knobs{WrongTypesIgnored: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &simomni.Org{}
			c, id := patchable(t, o)
			for _, refused := range []bool{tt.refused, !tt.refused} {
				status, region := 200, "[new]"
				if refused {
					status, region = 400, "[x]"
				}
				o.EditUser(id, func(u *simomni.User) { u.Attributes["region"] = []string{"x"} })
				text := `{"` + attributes + `":{"region":"new",` + tt.attribute + `}}`
				c.want(status, "PATCH", users+"/"+id, patch(`{"op":"replace","value":`+text+`}`))
				equal(t, "region", o.Users()[0].Attributes["region"], region)
				equal(t, "attributes", len(o.Users()[0].Attributes), 1)
				tt.other.RealLimit = -1
				o.SetKnobs(tt.other)
			}
		})
	}
}

func TestSystemKeysAndDefaultsByKnob(t *testing.T) {
	for _, tt := range []struct {
		name  string
		knobs simomni.Knobs
		want  body
	}{
		{"boolean", simomni.Knobs{}, body{"omni_is_org_admin": true}},
		{"word", simomni.Knobs{SystemKeys: simomni.SystemWords}, body{"omni_is_org_admin": "true"}},
		{"hidden", simomni.Knobs{SystemKeys: simomni.SystemHidden}, body{}},
		{"defaults", simomni.Knobs{SystemKeys: simomni.SystemHidden, DefaultsShown: true}, body{"region": "all"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &simomni.Org{Knobs: tt.knobs}
			o.DefineAttribute(simomni.Definition{Reference: "region", Default: []string{"all"}})
			id := o.AddUser("a@b.co", "A")
			o.EditUser(id, func(u *simomni.User) { u.OrgAdmin = true })
			got := start(t, o).want(200, "GET", users+"/"+id, "").object(attributes)
			if !sameJSON(t, got, tt.want) {
				t.Errorf("attributes %v, want %v", got, tt.want)
			}
		})
	}
}
