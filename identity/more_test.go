package identity_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/identity"
	"pgregory.net/rapid"
)

// Group names are one for all letter cases, of any alphabet; what surrounds them
// doesn't count, what is inside does.
func TestFoldName(t *testing.T) {
	for _, row := range []struct {
		a, b string
		same bool
	}{
		{"Sales", "SALES", true}, {" Sales ", "sales", true}, {"Ökonomie", "ÖKONOMIE", true}, {"Sales  EMEA", "Sales EMEA", false}, {"Sales", "Sale", false}, {"", " ", true},
	} {
		if got := identity.FoldName(row.a) == identity.FoldName(row.b); got != row.same {
			t.Errorf("%q and %q: one name %t, want %t", row.a, row.b, got, row.same)
		}
	}
}

// Folding what is folded changes nothing more, of names and userNames.
func TestFoldingIsDoneOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "name")
		if once := identity.FoldUserName(s); identity.FoldUserName(once) != once {
			t.Fatalf("%q folds to %q and then to %q", s, once, identity.FoldUserName(once))
		}
		if once := identity.FoldName(s); identity.FoldName(once) != once {
			t.Fatalf("%q folds to %q and then to %q", s, once, identity.FoldName(once))
		}
	})
}

// Sameness holds both ways, and between a value and itself.
func TestSameIsMutual(t *testing.T) {
	values := rapid.SampledFrom([]identity.Value{`"x"`, `"3"`, `3`, `3.0`, `"007"`, `7`, `["a"]`, `"a"`, `["a","b"]`, `["b","a"]`, `"true"`, `true`, `""`, `[]`, `"1e3"`, `1000`})
	rapid.Check(t, func(t *rapid.T) {
		a, b := values.Draw(t, "a"), values.Draw(t, "b")
		if !a.Same(a) || a.Same(b) != b.Same(a) {
			t.Fatalf("%s and %s: %t one way, %t the other", a, b, a.Same(b), b.Same(a))
		}
	})
}

// Each part of a user makes a difference, but for the letter case of the name.
func TestUserEqual(t *testing.T) {
	base := func() identity.User {
		return identity.User{UserName: "a@x.co", DisplayName: "A", Attributes: map[string]identity.Value{"region": `"x"`}}
	}
	for name, row := range map[string]struct {
		change func(*identity.User)
		equal  bool
	}{
		"nothing":                  {func(*identity.User) {}, true},
		"letter case":              {func(u *identity.User) { u.UserName = "A@X.CO" }, true},
		"another name":             {func(u *identity.User) { u.UserName = "b@x.co" }, false},
		"another display name":     {func(u *identity.User) { u.DisplayName = "a" }, false},
		"another value":            {func(u *identity.User) { u.Attributes["region"] = `"y"` }, false},
		"the same value as a list": {func(u *identity.User) { u.Attributes["region"] = `["x"]` }, true},
		"a value less":             {func(u *identity.User) { u.Attributes = nil }, false},
		"a value more":             {func(u *identity.User) { u.Attributes["team"] = `"x"` }, false},
	} {
		v := base()
		row.change(&v)
		if got, back := base().Equal(v), v.Equal(base()); got != row.equal || back != row.equal {
			t.Errorf("%s: equal %t, the other way %t, want %t", name, got, back, row.equal)
		}
	}
}

// A fingerprint follows what it is of, whatever the order of a map.
func TestFingerprints(t *testing.T) {
	a := identity.FingerprintOf(map[string]any{"x": 1, "y": []string{"b"}})
	if a != identity.FingerprintOf(map[string]any{"y": []string{"b"}, "x": 1}) || a == identity.FingerprintOf(map[string]any{"x": 1, "y": []string{"c"}}) {
		t.Error("a fingerprint doesn't follow its value")
	}
	if len(a) != 22 || strings.ContainsAny(string(a), "+/=") {
		t.Errorf("%q can't stand in a file's name", a)
	}
}

// What the app announces is compared as it is spelt.
func TestFeatures(t *testing.T) {
	app := identity.App{Features: []string{"PUSH_NEW_USERS", "GROUP_PUSH"}}
	if !app.Has("GROUP_PUSH") || app.Has("group_push") || app.Has("") || (identity.App{}).Has("GROUP_PUSH") {
		t.Errorf("the features %v are told wrong", app.Features)
	}
}

// An assignment that was read whole is a sighting of itself.
func TestSightingOfAnAssignment(t *testing.T) {
	a := identity.Assignment{ID: "00u1", Status: "ACTIVE", Account: "ACTIVE", UserName: "a@x.co", Profile: map[string]any{"x": 1}}
	s := a.Sighting()
	back, err := s.Whole()
	if err != nil || back.ID != "00u1" || back.Profile["x"] != 1 || s.Standing() != identity.Assigned || s.Print != (identity.Print{}) {
		t.Errorf("it became %+v, %+v, %v", s, back, err)
	}
}

// The error of a bad userName says where in Okta it is mended.
func TestBadUserNameSaysWhatToDo(t *testing.T) {
	err := identity.CheckUserName("ada")
	if err == nil || !strings.Contains(err.Error(), `"ada"`) || !strings.Contains(err.Error(), "Application username format") || errors.Unwrap(err) != nil {
		t.Errorf("it says %v", err)
	}
}
