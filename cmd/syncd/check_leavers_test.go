package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	checks "github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
)

func wrongLeavers() []seeded {
	to := func(list string) func(*checkedWorld) {
		return func(w *checkedWorld) {
			w.config["deprovision"] = "{handover: {documents: transfer, to: " + list + "}}"
		}
	}
	return []seeded{
		{"nobody takes over", to("[gone@example.com]"), "deprovision.handover.to", checks.Failed, "userName of an active member", ""},
		{"one of them isn't there", to("[gone@example.com, admin@example.com]"), "deprovision.handover.to", checks.Warning, "userName of an active member", ""},
		{"an expression that names nobody", to("[admin@example.com, user.managerEmail]"), "deprovision.handover.to[1]", checks.Warning, "compare deprovision.handover.to[1]", ""},
		{"a key's file without a key", func(w *checkedWorld) {
			w.write("syncd.db.key", []byte("\n"), 0o600)
			w.config["state"] = fmt.Sprintf(`{url: "bolt://%s", archive: ""}`, filepath.Join(w.dir, "syncd.db"))
		}, "state.saved", checks.Failed, "put it back from a backup", ""},
		{"a key that everyone can read", func(w *checkedWorld) {
			w.write("key", []byte(strings.Repeat("k", 32)), 0o644)
			w.replace("state", "{", `{key: "${file:`+filepath.Join(w.dir, "key")+`}", `)
		}, "secrets", checks.Warning, "chmod", ""},
	}
}

// TestCheckOfWhatIsSaved: the check names the key by its ID and where things lie, and a
// Redis that confirms nothing isn't enough by itself.
func TestCheckOfWhatIsSaved(t *testing.T) {
	redis.Quiet()
	url, stop, err := statetest.StartRedis(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, tt := range []struct {
		state, deprovision string
		want               checks.State // "": no such finding
		text               string
	}{
		{`{url: "` + url + `", archive: "", key: "${env:K}"}`, "{}", checks.Failed, "write state.archive: archive"},
		{`{url: "` + url + `", key: "${env:K}"}`, "{}", checks.OK, "of state.key; kept in the archive, archive"},
		{`{url: "` + url + `"}`, "{}", checks.OK, "a key is made with the first, in " + filepath.Join("archive", "acme.key")},
		{`{url: "` + url + `", archive: ""}`, "{handover: {schedules: none}}", "", ""},
	} {
		w := newCheckedWorld(t)
		w.config["state"], w.config["deprovision"] = tt.state, tt.deprovision
		const key = "a-key-of-thirty-two-characters-01"
		w.environ = append(w.environ, "K="+key)
		_, r := w.report()
		var found checks.Finding
		for _, f := range r.Checks {
			if f.ID == "state.saved" {
				found = f
			}
		}
		if told := found.Found + found.Problem + found.Remedy; found.State != tt.want || !strings.Contains(told, tt.text) || strings.Contains(told, key) {
			t.Errorf("%s: %+v, want %s: %s", tt.state, found, tt.want, tt.text)
		}
	}
}
