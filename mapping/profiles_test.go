package mapping_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/mapping"
)

// wide is a profile of 200 fields and everything odd that JSON can say. Whole
// numbers are int64 and others float64, as package okta reads them.
func wide() map[string]any {
	p := map[string]any{
		"nil": nil, "empty": "", "none": []any{}, "nulls": []any{nil, "a", nil}, "allNull": []any{nil}, "mixed": []any{"x", int64(1), true, nil, 0.5},
		"object": map[string]any{"x": nil, "y": map[string]any{"z": []any{map[string]any{"deep": "found"}, nil}}}, "emptyObject": map[string]any{},
		"max": int64(math.MaxInt64), "min": int64(math.MinInt64), "odd": int64(1<<53 + 1), "huge": 1e300, "tiny": 5e-324, "half": 0.5, "seven": int64(7), "zero": int64(0),
		"yes": true, "no": false,
		"astral": "😀𝒜", "rtl": "שלום", "combining": "e\u0301", "precomposed": "é", "nul": "a\x00b", "turkish": "İI", "separator": "a\u2028b", "lone": "\uFFFD",
		"ключ": "cyrillic", "a key": "spaced", "": "nameless",
	}
	for i := len(p); i < 200; i++ {
		p[fmt.Sprintf("field%03d", i)] = fmt.Sprintf("value %d", i)
	}
	return p
}

// TestProfiles reads what is there, what isn't, and what is odd.
func TestProfiles(t *testing.T) {
	const doubtful = "doubt"
	tests := map[string]identity.Value{
		// nothing, at any depth
		`user.nil`: "", `user.missing`: "", `user.missing.x.y.z`: "", `user.nil.x`: "", `user.object.x`: "", `user.object.x.more`: "",
		`user.object.y.missing.x`: "", `user.object.y.z[1]`: "", `user.object.y.z[1].deep`: "", `user.object.y.z[0].deep`: `"found"`,
		`user["missing"]["x"]`: "", `user.missing[0]`: "", `user.missing[0][1].x`: "", `user.empty`: `""`,
		// has, in, size, or
		`has(user.nil)`: `"false"`, `has(user.missing)`: `"false"`, `has(user.missing.x.y)`: `"false"`, `has(user.object.x)`: `"false"`,
		`has(user.object.y.z)`: `"true"`, `has(user.empty)`: `"true"`, `has(user.none)`: `"true"`, `has(user.no)`: `"true"`, `has(user.zero)`: `"true"`,
		`"nil" in user`: `"false"`, `"missing" in user`: `"false"`, `"empty" in user`: `"true"`, `"x" in user.object`: `"false"`,
		`null in user.nulls`: `"true"`, `"a" in user.nulls`: `"true"`, `"a" in user.none`: `"false"`, `"a" in user.missing`: doubtful, `"a" in or(user.missing, [])`: `"false"`,
		`size(user)`: "199", `size(user.nulls)`: "3", `size(user.none)`: "0", `size(user.emptyObject)`: "0", `size(user.missing)`: doubtful,
		`size(or(user.missing, []))`: "0", `size(user.object)`: "1",
		// nothing in sums and comparisons
		`user.missing + "x"`: doubtful, `"x" + user.nil`: doubtful, `or(user.missing, "") + "x"`: `"x"`, `user.missing > 3`: doubtful, `or(user.missing, 0) > 3`: `"false"`,
		`user.missing == null`: `"true"`, `user.missing == "x"`: `"false"`, `user.missing != user.nil`: `"false"`, `user.missing.startsWith("x")`: doubtful,
		`user.yes && user.missing`: doubtful, `user.no && user.missing`: `"false"`, `user.yes ? null : "x"`: "", `user.no ? null : "x"`: `"x"`, `string(user.missing)`: doubtful,
		`cut(user.missing, 3)`: "", `user.seven.x`: doubtful, `user.empty.x`: doubtful,
		// lists
		`user.none`: "", `user.nulls`: `["a"]`, `user.allNull`: "", `user.mixed`: `["true","x",0.5,1]`, `user.nulls.filter(x, x != null)`: `["a"]`,
		`user.nulls.map(x, or(x, "b"))`: `["a","b"]`, `user.missing.map(x, x)`: doubtful, `or(user.missing, []).map(x, x)`: "", `user.nulls.exists(x, x == "a")`: `"true"`,
		`user.mixed[9]`: doubtful, `user.object`: doubtful, `user.emptyObject`: doubtful, `[user.object]`: doubtful, `[user.none]`: doubtful,
		// numbers
		`user.max`: "9223372036854775807", `user.min`: "-9223372036854775808", `user.odd`: "9007199254740993", `user.odd == 9007199254740992`: `"false"`,
		`user.huge`: "1e+300", `user.tiny`: "5e-324", `user.half`: "0.5", `user.max + 1`: doubtful, `user.seven / user.zero`: doubtful, `user.half / 0.0`: doubtful,
		`user.seven in [5, 7]`: `"true"`, `user.seven in [7.0, "x"]`: `"true"`, `user.seven == 7.0`: `"true"`, `user.seven > 6.5`: `"true"`, `user.half in [1, 2]`: `"false"`,
		`string(user.odd)`: `"9007199254740993"`, `int("7") == user.seven`: `"true"`, `int(user.astral)`: doubtful, `int(user.huge)`: doubtful,
		// text
		`user.astral`: `"😀𝒜"`, `size(user.astral)`: "2", `cut(user.astral, 1)`: `"😀"`, `cut(user.astral, 0)`: `""`, `user.astral.substring(1)`: `"𝒜"`, `user.rtl`: `"שלום"`,
		`size(user.combining)`: "2", `user.combining == user.precomposed`: `"false"`, `user.nul`: `"a\u0000b"`, `size(user.nul)`: "3", `user.nul == "a"`: `"false"`,
		`user.turkish.lowerAscii()`: `"İi"`, `user.separator`: `"a\u2028b"`, `user.lone`: `"�"`, `user["ключ"]`: `"cyrillic"`, `user["a key"]`: `"spaced"`, `user[""]`: `"nameless"`,
		`user.rtl.matches("^ש")`: `"true"`, `user.astral.matches("^.{2}$")`: `"true"`, `user.missing.matches("x")`: doubtful,
	}
	a := ada()
	a.App, a.Profile = nil, wide()
	for _, expression := range slices.Sorted(maps.Keys(tests)) {
		want := tests[expression]
		t.Run(expression, func(t *testing.T) {
			m := compile(t, mapping.Rules{Attributes: map[string]string{"a": expression}})
			u, _, err := m.Map(a)
			switch {
			case want == doubtful && !fault.Is(err, fault.Doubt):
				t.Errorf("gives %q, %v; want doubt", u.Attributes["a"], err)
			case want != doubtful && (err != nil || u.Attributes["a"] != want):
				t.Errorf("gives %q, %v; want %q", u.Attributes["a"], err, want)
			}
		})
	}
}

// TestNothingInASumSaysWhatToDo: the commonest slip names its remedy.
func TestNothingInASumSaysWhatToDo(t *testing.T) {
	for _, expression := range []string{`user.missing + "x"`, `user.missing > 3`, `size(user.missing)`, `user.missing.lowerAscii()`} {
		_, _, err := compile(t, mapping.Rules{Attributes: map[string]string{"a": expression}}).Map(ada())
		if err == nil || !strings.Contains(err.Error(), "null") || !strings.Contains(fault.HintOf(err), "or(user.field") {
			t.Errorf("%s: %v (%s)", expression, err, fault.HintOf(err))
		}
	}
}

// TestWideProfileTwice: 200 fields give the same every time, in whatever order Go
// walks through its maps.
func TestWideProfileTwice(t *testing.T) {
	m := compile(t, mapping.Rules{Attributes: map[string]string{
		"keys": `user.map(k, k)`, "first": `user.map(k, k)[0]`, "texts": `user.filter(k, k.startsWith("field")).map(k, user[k])`}})
	a := ada()
	a.Profile = wide()
	first, _, err := m.Map(a)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		a.Profile = wide()
		if u, _, err := m.Map(a); err != nil || !u.Equal(first) || u.Attributes["first"] != first.Attributes["first"] {
			t.Fatalf("another time: %v, %v", u, err)
		}
	}
	if got := len(first.Attributes["texts"]); got < 100*len(`"value 100"`) {
		t.Errorf("the texts are %d bytes: some are missing", got)
	}
}
