package mapping_test

import (
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/mapping"
)

// TestCandidates: whoever an entry names, as it comes out for Ada.
func TestCandidates(t *testing.T) {
	tests := []struct{ entry, email, problem string }{
		{"data-team@acme.com", "data-team@acme.com", ""},
		{" O'Brien@acme.com ", "O'Brien@acme.com", ""},
		{"user.managerEmail", "grace@acme.com", ""},
		{"okta.profile.managerEmail", "grace@acme.com", ""},
		{"user.nobody", "", ""},
		{`" "`, "", ""},
		{`or(user.nobody, "it@acme.com")`, "it@acme.com", ""},
		{"or(user.nobody, 'it@acme.com')", "it@acme.com", ""},
		{"'it@acme.com'", "it@acme.com", ""},
		{`user.managerEmail.split("@")[0] + "@acme.co.uk"`, "grace@acme.co.uk", ""},
		{`has(user.nobody) ? user.nobody : "it@" + okta.login.split("@")[1]`, "it@acme.com", ""},
		{"user.firstName", "", `deprovision.handover.to[0]: gives "Ada", which is not an email address`},
		{"user.level", "", "deprovision.handover.to[0]: gives a number where an email address belongs"},
		{"user.nobody + '@acme.com'", "", "deprovision.handover.to[0]: no such overload"},
	}
	for _, tt := range tests {
		t.Run(tt.entry, func(t *testing.T) {
			a := ada()
			a.Login, a.Profile["managerEmail"], a.Profile["level"] = "ada@acme.com", " grace@acme.com", 3
			a.App = map[string]any{"managerEmail": "not-asked@acme.com"}
			list := compile(t, mapping.Rules{Candidates: []string{tt.entry}}).Candidates(a)
			if len(list) != 1 || list[0].Entry != tt.entry || list[0].Email != tt.email {
				t.Fatalf("gives %+v, want %q", list, tt.email)
			}
			if err := list[0].Err; (err == nil) != (tt.problem == "") || err != nil && (!strings.HasPrefix(err.Error(), tt.problem) || !fault.Is(err, fault.Doubt)) {
				t.Errorf("the error is %v, want %q", err, tt.problem)
			}
		})
	}
}

// TestCandidatesOfTheUnread: an address needs no profile, an expression can't do without.
func TestCandidatesOfTheUnread(t *testing.T) {
	a := ada()
	a.Profile = nil
	list := compile(t, mapping.Rules{Candidates: []string{"user.managerEmail", "it@acme.com"}}).Candidates(a)
	if len(list) != 2 || !fault.Is(list[0].Err, fault.Doubt) || list[0].Email != "" || list[1].Email != "it@acme.com" || list[1].Err != nil {
		t.Errorf("%+v", list)
	}
	if list := compile(t, mapping.Rules{}).Candidates(a); len(list) != 0 {
		t.Errorf("without entries: %+v", list)
	}
}

func TestCandidatesAreChecked(t *testing.T) {
	tests := []struct{ entry, want string }{
		{"", "is empty; write an expression that gives text"},
		{"data team@acme.com", `"data team@acme.com" is not an email address; write one such as data-team@acme.com, or an expression such as user.managerEmail`},
		{"@acme.com", "is not an email address"},
		{"ada@", "is not an email address"},
		{"user.", "Syntax error"},
		{"managerEmail", "undeclared reference to 'managerEmail'"},
		{"app.managerEmail", "the variable app is known in users.* only"},
		{"groups[0]", "the variable groups is known in users.* only"},
		{"assignment.userName", "the variable assignment is known in users.* only"},
		{"okta.mail", "okta has no field mail"},
		{"1 + 2", "gives a number where text belongs"},
	}
	for _, tt := range tests {
		_, problems := mapping.Compile(mapping.Rules{Scope: "true", Candidates: []string{"a@b.example", tt.entry}})
		if len(problems) == 0 || problems[0].Path != "deprovision.handover.to[1]" || !strings.Contains(problems[0].Message, tt.want) {
			t.Errorf("%q: %v, want %s", tt.entry, problems, tt.want)
		}
	}
}

// TestCandidatesAreNoPolicy: another candidate changes nobody's values.
func TestCandidatesAreNoPolicy(t *testing.T) {
	m := compile(t, mapping.Rules{Candidates: []string{"user.managerEmail"}})
	if m.Fingerprint() != compile(t, mapping.Rules{}).Fingerprint() {
		t.Error("the fingerprint goes by who takes over")
	}
	a := ada()
	a.App = map[string]any{"managerEmail": "not-asked@acme.com"}
	list, err := m.Explain(a)
	if err != nil {
		t.Fatal(err)
	}
	last := list[len(list)-1]
	if last.Key != "deprovision.handover.to[0]" || last.Result != nil || len(last.Inputs) != 1 || last.Inputs[0].Present {
		t.Errorf("explained as %+v", last)
	}
}
