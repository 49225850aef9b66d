package identity_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/omnisync/omnisync/identity"
	"pgregory.net/rapid"
)

// Each row of "Who is assigned" in the semantics.
func TestStanding(t *testing.T) {
	good := []string{"ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"}
	all := append([]string{"STAGED", "SUSPENDED", "DEPROVISIONED", "", "ACTIVATING"}, good...)
	check := func(app, account string, want identity.Standing) {
		t.Helper()
		if got := (identity.Assignment{Status: app, Account: account}).Standing(); got != want {
			t.Errorf("app user %s, Okta user %q: %s, want %s", app, account, got, want)
		}
	}
	for _, app := range []string{"ACTIVE", "PROVISIONED", "PENDING", "APPROVED", "STAGED", "IMPLICIT"} {
		for _, account := range good {
			check(app, account, identity.Assigned)
		}
		check(app, "STAGED", identity.Staged)
		check(app, "SUSPENDED", identity.Suspended)
		check(app, "DEPROVISIONED", identity.Unassigned)
		check(app, "", identity.Doubtful)
		check(app, "ACTIVATING", identity.Doubtful)
	}
	check("SUSPENDED", "ACTIVE", identity.Suspended)
	check("SUSPENDED", "DEPROVISIONED", identity.Unassigned)
	check("SUSPENDED", "", identity.Doubtful)
	for _, account := range all {
		for _, app := range []string{"UNASSIGNED", "IMPORTED", "DEPROVISIONED", "REVOKED"} {
			check(app, account, identity.Unassigned)
		}
		for _, app := range []string{"INACTIVE", "MATCHED", "", "NEW_STATUS"} {
			check(app, account, identity.Doubtful)
		}
	}
}

func TestValueSame(t *testing.T) {
	for _, row := range []struct {
		a, b identity.Value
		same bool
	}{
		{`"x"`, `"x"`, true}, {`"x"`, `"X"`, false},
		{`3`, `"3"`, true}, {`3`, `3.0`, true}, {`3e0`, `3`, true}, {`"007"`, `7`, false}, {`"1.50"`, `1.5`, true},
		{`9007199254740993`, `9007199254740992`, false},
		{`["a","b"]`, `["b","a"]`, true}, {`["a"]`, `"a"`, true}, {`["a","b"]`, `["a"]`, false},
		{`"true"`, `"true"`, true}, {`"nan"`, `"NaN"`, false}, {`""`, `"x"`, false},
	} {
		if got := row.a.Same(row.b); got != row.same {
			t.Errorf("%s and %s: same %t, want %t", row.a, row.b, got, row.same)
		}
	}
}

func TestNewValue(t *testing.T) {
	for _, row := range []struct {
		in   any
		want identity.Value
		ok   bool
	}{
		{"R&D", `"R&D"`, true}, {true, `"true"`, true}, {int64(3), `3`, true}, {1.5, `1.5`, true}, {"", `""`, true},
		{[]any{"b", "a", "b", nil}, `["a","b"]`, true}, {[]any{}, "", false}, {nil, "", false}, {[]string{"x"}, `["x"]`, true},
	} {
		got, ok, err := identity.NewValue(row.in)
		if err != nil || ok != row.ok || ok && got != row.want {
			t.Errorf("%#v: %s, %t, %v; want %s, %t", row.in, got, ok, err, row.want, row.ok)
		}
	}
	if _, _, err := identity.NewValue(map[string]any{}); err == nil {
		t.Error("a map is no value, but is taken")
	}
}

// A value survives JSON, and stays itself.
func TestValueRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, ok, err := identity.NewValue(rapid.SliceOf(rapid.String()).Draw(t, "list"))
		if err != nil || !ok {
			return
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var back identity.Value
		if err := json.Unmarshal(b, &back); err != nil || !back.Same(v) {
			t.Fatalf("%s became %s, %v", v, back, err)
		}
	})
}

// A value that is null or empty in what is read doesn't spoil what is written.
// A text is one value, however its JSON is spelled.
func TestValueOfEachSpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]{0,8}`)).Draw(t, "text")
		want, _, err := identity.NewValue(text)
		if err != nil {
			t.Fatal(err)
		}
		escaped := make([]string, 0, len(text))
		for _, unit := range utf16.Encode([]rune(text)) {
			escaped = append(escaped, fmt.Sprintf(`\u%04x`, unit))
		}
		for _, spelled := range []string{string(want), `"` + strings.Join(escaped, "") + `"`} {
			var v identity.Value
			if err := json.Unmarshal([]byte(spelled), &v); err != nil || v != want {
				t.Fatalf("%s gives %s, %v; want %s", spelled, v, err, want)
			}
		}
	})
}

func TestValueWithoutAnything(t *testing.T) {
	for _, text := range []string{"null", "[]"} {
		var v identity.Value
		if err := json.Unmarshal([]byte(text), &v); err != nil || v != "" {
			t.Errorf("%s is read as %q, %v", text, v, err)
		}
	}
	if b, err := json.Marshal(map[string]identity.Value{"x": ""}); err != nil || string(b) != `{"x":null}` {
		t.Errorf("no value is written as %s, %v", b, err)
	}
}

func TestUserNames(t *testing.T) {
	if got := identity.FoldUserName(" Ada.ÄÖ@Acme.CO "); got != "ada.ÄÖ@acme.co" {
		t.Errorf("folded to %q: only ASCII letters fold", got)
	}
	for name, good := range map[string]bool{"a@b.co": true, " a@b.co ": true, "ada": false, "": false, "Ada <a@b.co>": false, "a@b@c": false} {
		if err := identity.CheckUserName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
	a := identity.User{UserName: "A@b.co", DisplayName: "A", Attributes: map[string]identity.Value{"n": `3`}}
	if b := (identity.User{UserName: "a@B.co", DisplayName: "A", Attributes: map[string]identity.Value{"n": `"3"`}}); !a.Equal(b) {
		t.Error("letter case of the name and the form of a number count as a difference")
	}
}
