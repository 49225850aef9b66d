package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
)

// TestAPartOfALedgerIsActedUponByNobody has a ledger whose import broke off.
func TestAPartOfALedgerIsActedUponByNobody(t *testing.T) {
	t.Chdir(t.TempDir())
	path := filepath.Join(t.TempDir(), "l.db")
	store, err := bolt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	fence, err := store.Acquire(t.Context(), "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var b state.Batch
	state.Put(&b, state.Meta, "connection", state.Connection{Org: "https://acme.okta.com", App: "0oa1", Omni: "https://acme.omniapp.co",
		Importing: &state.Importing{SHA256: "x"}})
	if err := store.Apply(t.Context(), fence, b); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	environ := []string{"SYNCD_NAME=acme", "SYNCD_OKTA_ORG_URL=https://acme.okta.com", "SYNCD_OKTA_APP_ID=0oa1", "SYNCD_OKTA_AUTH_API_TOKEN=t",
		"SYNCD_OMNI_BASE_URL=https://acme.omniapp.co", `SYNCD_OMNI_API_KEYS=["${env:KEY}"]`, "KEY=k", "SYNCD_STATE_URL=bolt://" + path, "SYNCD_CONSOLE_LISTEN=127.0.0.1:1"}
	for _, line := range []string{"plan", "reconcile", "reconcile --dry-run", "state export", "state import absent"} {
		var out bytes.Buffer
		status := execute(t.Context(), shell{Args: strings.Fields(line), Out: &out, Err: &out, Environ: environ})
		says := "an import into it is under way, or broke off"
		if strings.HasSuffix(line, "absent") {
			says = "no such file"
		}
		if status != exitFailed || !strings.Contains(out.String(), says) {
			t.Errorf("syncd %s exits with %d and says %s", line, status, out.String())
		}
	}
}
