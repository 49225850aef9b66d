package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/state"
)

const leastConfig = `name: acme
okta: {org_url: https://acme.okta.com, app_id: 0oa1, auth: {api_token: "${env:OKTA}"}}
omni: {base_url: https://acme.omniapp.co, api_keys: ["${env:OMNI}"]}
`

func configured(t *testing.T, text string, environ ...string) *configs.Config {
	t.Helper()
	c, _, err := configs.Parse([]byte(leastConfig+text), "syncd.yaml", environ)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCandidatesAreChecked: who takes over is judged with the configuration, and told
// with its place.
func TestCandidatesAreChecked(t *testing.T) {
	const begin = leastConfig + "deprovision:\n  handover:\n    to:\n      - data@acme.co\n      - "
	for entry, want := range map[string]string{
		"user.managerEmail": "",
		"usr.manager":       "syncd.yaml:8:9: deprovision.handover.to[1]: line 1, column 1 of the expression: ",
		"ada@":              "syncd.yaml:8:9: deprovision.handover.to[1]: \"ada@\" is not an email address",
		"assignment.scope":  "syncd.yaml:8:9: deprovision.handover.to[1]: ",
	} {
		_, _, err := configs.Parse([]byte(begin+entry+"\n"), "syncd.yaml", nil, expressions)
		if told := wordsOf(err); (told == "") != (want == "") || !strings.HasPrefix(told, want) {
			t.Errorf("%s: %q, want %q", entry, told, want)
		}
	}
}

func wordsOf(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestPolicyOfLeavers(t *testing.T) {
	c := configured(t, `users: {attributes: {region: user.region}}
deprovision: {keep: 1h, handover: {schedules: transfer, documents: save, to: [user.managerEmail], within: 2h, same_attributes: [region]}}`)
	p := policy(c)
	want := state.Handover{Schedules: state.Transfer, Documents: state.Save, Within: 2 * time.Hour, Same: []string{"region"}}
	if diff := cmp.Diff(want, p.Handover); diff != "" || p.Keep != time.Hour {
		t.Errorf("kept for %s (-want +got)\n%s", p.Keep, diff)
	}
	if diff := cmp.Diff([]string{"user.managerEmail"}, rules(c).Candidates); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	p = policy(configured(t, ""))
	if p.Handover.Schedules != state.Save || p.Handover.Documents != state.LeaveAlone || p.Handover.Within != 7*24*time.Hour || p.Keep != 90*24*time.Hour {
		t.Errorf("without a word: %+v, kept for %s", p.Handover, p.Keep)
	}
}

// TestKeyOfWhatIsSaved: where the key lies, and that a new one counts from then on.
func TestKeyOfWhatIsSaved(t *testing.T) {
	dir := t.TempDir()
	ledger, archive, key := filepath.Join(dir, "syncd.db"), filepath.Join(dir, "archive"), filepath.Join(dir, "key")
	for _, tt := range []struct{ text, want string }{
		{"state: {url: bolt://" + ledger + ", archive: " + archive + "}", filepath.Join(archive, "acme.key")},
		{"state: {url: bolt://" + ledger + ", archive: ''}", ledger + ".key"},
		{"state: {url: redis://h, archive: " + archive + "}", filepath.Join(archive, "acme.key")},
		{"state: {url: redis://h, archive: '', key: \"${env:K}\"}", ""},
	} {
		if got := keyFile(configured(t, tt.text)); got != tt.want {
			t.Errorf("%s: the key is made in %q, want %q", tt.text, got, tt.want)
		}
	}
	write := func(text string) {
		if err := os.WriteFile(key, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	v := vaultOf(configured(t, "state: {url: redis://h, archive: '', key: \"${file:"+key+"}\"}"))
	write(strings.Repeat("a", 32))
	sealed, err := v.Seal("s1", []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	write(strings.Repeat("b", 32))
	if _, err := v.Open("s1", sealed); err == nil {
		t.Error("it opens without its key")
	}
	write(strings.Repeat("b", 32) + "\n" + strings.Repeat("a", 32) + "\n")
	if plain, err := v.Open("s1", sealed); err != nil || string(plain) != "text" {
		t.Errorf("with both keys: %q, %v", plain, err)
	}
	write("short")
	if _, err := v.Seal("s2", nil); err == nil || !strings.Contains(err.Error(), "less than 32 characters") || strings.Contains(err.Error(), "short;") {
		t.Errorf("with a short key: %v", err)
	}
}
