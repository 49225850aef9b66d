package identity_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/identity"
)

// The four shapes of an attribute.
var (
	oneText     = identity.Definition{Name: "x"}
	manyTexts   = identity.Definition{Name: "x", Multiple: true}
	oneNumber   = identity.Definition{Name: "x", Number: true}
	manyNumbers = identity.Definition{Name: "x", Number: true, Multiple: true}
)

// The rows of Fit.
func TestFit(t *testing.T) {
	const list, text, empty, odd = "a list", "it is text", "empty text", "neither text"
	for _, row := range []struct {
		d       identity.Definition
		v       identity.Value
		fit     identity.Value
		refused string
	}{
		{oneText, `"a"`, `"a"`, ""}, {oneText, `5`, `"5"`, ""}, {oneText, `5.0`, `"5"`, ""}, {oneText, `"5.0"`, `"5.0"`, ""}, {oneText, `"true"`, `"true"`, ""},
		{oneText, `9007199254740993`, `"9007199254740993"`, ""}, {oneText, `"R&D"`, `"R&D"`, ""}, {oneText, `"007"`, `"007"`, ""},
		{oneText, `["a"]`, "", list}, {oneText, `["a","b"]`, "", list}, {oneText, `""`, "", empty}, {oneText, `{"a":1}`, "", odd}, {oneText, `true`, "", odd},
		{manyTexts, `"a"`, `["a"]`, ""}, {manyTexts, `["b","a","b"]`, `["a","b"]`, ""}, {manyTexts, `["a",1]`, `["1","a"]`, ""}, {manyTexts, `[1,"1"]`, `["1"]`, ""},
		{manyTexts, `["a",""]`, "", empty}, {manyTexts, `[["a"]]`, "", odd}, {manyTexts, `3`, `["3"]`, ""},
		{oneNumber, `5`, `5`, ""}, {oneNumber, `"5"`, `5`, ""}, {oneNumber, `5.0`, `5`, ""}, {oneNumber, `"5e0"`, `5`, ""}, {oneNumber, `-2.5`, `-2.5`, ""},
		{oneNumber, `"9007199254740993"`, `9007199254740993`, ""}, {oneNumber, `9007199254740993`, `9007199254740993`, ""},
		{oneNumber, `"five"`, "", text}, {oneNumber, `"007"`, "", text}, {oneNumber, `"true"`, "", text}, {oneNumber, `"NaN"`, "", text},
		{oneNumber, `" 5"`, "", text}, {oneNumber, `"5 "`, "", text}, {oneNumber, `"0x5"`, "", text}, {oneNumber, `"-"`, "", text},
		{oneNumber, `""`, "", empty}, {oneNumber, `[5]`, "", list}, {oneNumber, `{}`, "", odd},
		{manyNumbers, `5`, `[5]`, ""}, {manyNumbers, `["2",1,1.0]`, `[1,2]`, ""}, {manyNumbers, `[1,"many"]`, "", text},
	} {
		got, err := row.d.Fit(row.v)
		if row.refused == "" {
			if err != nil || got != row.fit {
				t.Errorf("%+v %s: %s, %v, want %s", row.d, row.v, got, err, row.fit)
			}
			if again, err := row.d.Fit(got); err != nil || again != got {
				t.Errorf("%+v %s: fitted again it is %s, %v", row.d, row.v, again, err)
			}
			if !row.d.Same(row.v, got) {
				t.Errorf("%+v: %s isn't %s", row.d, row.v, got)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), row.refused) {
			t.Errorf("%+v %s: %s, %v, want %q", row.d, row.v, got, err, row.refused)
		}
	}
}

// A refusal tells what kind of value it is, not the value.
func TestMisfitsTellNoValue(t *testing.T) {
	for _, v := range []identity.Value{`"jupiter"`, `["jupiter"]`, `{"jupiter":1}`} {
		if _, err := oneNumber.Fit(v); err == nil || strings.Contains(err.Error(), "jupiter") {
			t.Errorf("%s: %v", v, err)
		}
	}
}

// The rows of Same.
func TestSameByDefinition(t *testing.T) {
	with := func(d identity.Definition, v identity.Value) identity.Definition { d.Default = v; return d }
	for _, row := range []struct {
		d    identity.Definition
		v, w identity.Value
		same bool
	}{
		{oneText, "", "", true}, {oneText, "", `""`, true}, {oneText, "", `[]`, true}, {oneText, `"a"`, "", false},
		{oneText, `"a"`, `"a"`, true}, {oneText, `"a"`, `"A"`, false}, {oneText, `"a"`, `["a"]`, true},
		{oneText, `5`, `"5"`, true}, {oneText, `5.0`, `"5"`, true}, {oneText, `"5.0"`, `"5"`, false}, {oneText, `"1e3"`, `"1000"`, false},
		{oneText, `"true"`, `"true"`, true}, {oneText, `"true"`, `"True"`, false},
		{manyTexts, `["a","b"]`, `["b","a","a"]`, true}, {manyTexts, `["a","b"]`, `["a"]`, false}, {manyTexts, `"a"`, `["a"]`, true},
		{oneNumber, `5`, `"5.0"`, true}, {oneNumber, `5`, `"5"`, true}, {oneNumber, `5`, `6`, false}, {oneNumber, `"1e3"`, `1000`, true},
		{oneNumber, `9007199254740993`, `"9007199254740993"`, true}, {oneNumber, `9007199254740993`, `9007199254740992`, false},
		{manyNumbers, `[2,1]`, `["1","2.0"]`, true}, {manyNumbers, `[2,1]`, `["1"]`, false},
		{with(oneText, `"all"`), `"all"`, "", true}, {with(oneText, `"all"`), "", `"all"`, true}, {with(oneText, `"all"`), `"emea"`, "", false},
		{with(oneText, `"all"`), `"emea"`, `"all"`, false}, {with(oneNumber, `"1"`), `1.0`, "", true}, {with(manyTexts, `["b","a"]`), `["a","b"]`, "", true},
		{with(manyTexts, `["b","a"]`), `["a"]`, "", false}, {with(oneText, `"all"`), `""`, "", true},
	} {
		if got := row.d.Same(row.v, row.w); got != row.same {
			t.Errorf("%+v: %q and %q: %t", row.d, row.v, row.w, got)
		}
		if got := row.d.Same(row.w, row.v); got != row.same {
			t.Errorf("%+v: %q and %q: %t", row.d, row.w, row.v, got)
		}
	}
}

// Without a definition two values are compared, and nothing counts as none.
func TestSameWithoutDefinition(t *testing.T) {
	all := identity.DefinitionsOf([]identity.Definition{{Name: "region", Default: `"all"`}, {Name: "omni_user_id", System: true}, {Name: "level", Number: true}})
	for _, row := range []struct {
		name string
		v, w identity.Value
		same bool
	}{
		{"region", "", `"all"`, true}, {"other", "", `"all"`, false}, {"other", "", "", true}, {"other", `5`, `"5.0"`, true}, {"other", "", `""`, false},
	} {
		if got := all.Same(row.name, row.v, row.w); got != row.same {
			t.Errorf("%s: %q and %q: %t", row.name, row.v, row.w, got)
		}
	}
	if own := all.Own(); !slices.Equal(own, []string{"level", "region"}) {
		t.Errorf("its own are %q", own)
	}
}
