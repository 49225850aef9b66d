package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	checks "github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
)

// checkedWorld is a sound setup: four people, of whom two are in a pushed group,
// and a configuration that maps two attributes. A test spoils one thing of it.
type checkedWorld struct {
	t       *testing.T
	dir     string
	okta    *simokta.Org
	omni    *simomni.Org
	faults  sim.Faults // in front of Omni
	people  []string
	sales   string
	mapping string
	admin   string            // the id of Omni's first user
	config  map[string]string // blocks of the configuration, in YAML's flow form
	environ []string
	oktaURL string
	omniURL string
}

const (
	checkClient = "0oa2hm6qw3cSYrTlX0g4"
	nowhere     = "http://127.0.0.1:1"
)

func newCheckedWorld(t *testing.T) *checkedWorld {
	w := &checkedWorld{
		t: t, dir: t.TempDir(),
		okta: &simokta.Org{Token: "okta-token"},
		omni: &simomni.Org{Knobs: simomni.Knobs{Keys: []string{"key-1", "key-2", "key-3"}}},
		environ: []string{"OKTA_API_TOKEN=okta-token", "OMNI_KEY_1=key-1", "OMNI_KEY_2=key-2", "OMNI_KEY_3=key-3", "OMNI_KEY_X=key-x",
			"OMNI_KEY_P=key-p", "OMNI_KEY_F=key-f"},
	}
	for i, name := range []string{"ann", "bob", "cat", "dan"} {
		id := w.okta.AddUser(simokta.User{Login: name + "@example.com", FirstName: name, LastName: "Example",
			Profile: map[string]any{"department": "Sales", "cost": 10 + i, "teams": []string{"a", "b"}}})
		w.okta.Assign(id, simokta.AssignOptions{})
		w.people = append(w.people, id)
	}
	w.sales = w.okta.AddGroup("Sales", "")
	w.okta.AddMembers(w.sales, w.people[:2]...)
	w.mapping = w.okta.Push(w.sales)
	w.admin = w.omni.AddUser("admin@example.com", "Admin")
	w.omni.DefineAttribute(simomni.Definition{Reference: "department"})
	w.omni.DefineAttribute(simomni.Definition{Reference: "cost", Number: true})
	okta, omni := httptest.NewServer(w.okta), httptest.NewServer(w.faults.Wrap(w.omni))
	t.Cleanup(okta.Close)
	t.Cleanup(omni.Close)
	w.oktaURL, w.omniURL = okta.URL, omni.URL
	w.config = map[string]string{
		"okta":   fmt.Sprintf(`{org_url: "%s", app_id: %s, auth: {api_token: "${env:OKTA_API_TOKEN}"}}`, okta.URL, simokta.DefaultAppID),
		"omni":   fmt.Sprintf(`{base_url: "%s", api_keys: ["${env:OMNI_KEY_1}"]}`, omni.URL),
		"users":  `{attributes: {department: user.department, cost: user.cost}}`,
		"groups": `{from: auto}`,
		"state":  fmt.Sprintf(`{url: "bolt://%s"}`, filepath.Join(w.dir, "syncd.db")),
	}
	return w
}

// replace changes a part of one block.
func (w *checkedWorld) replace(block, old, with string) {
	w.t.Helper()
	text := strings.Replace(w.config[block], old, with, 1)
	if text == w.config[block] {
		w.t.Fatalf("%s has no %q: %s", block, old, text)
	}
	w.config[block] = text
}

func (w *checkedWorld) keys(names ...string) {
	w.replace("omni", `"${env:OMNI_KEY_1}"`, `"${env:`+strings.Join(names, `}", "${env:`)+`}"`)
}

// deny takes a permission away on one path.
func (w *checkedWorld) deny(how simokta.Denied, path string) {
	w.okta.SetKnobs(func(k *simokta.Knobs) { k.Denied, k.DeniedPath = how, path })
}

// signInAsApp puts an API Services app in the place of the token, with a key of
// its own, which Okta knows as kid.
func (w *checkedWorld) signInAsApp(kid string) {
	w.t.Helper()
	key := newKey(w.t)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write("okta.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
	w.okta.Token, w.okta.ClientID = "", checkClient
	w.okta.AddKey(kid, key.Public())
	w.replace("okta", `api_token: "${env:OKTA_API_TOKEN}"`,
		fmt.Sprintf(`oauth: {client_id: %s, key_id: %s, private_key: "${file:%s}"}`, checkClient, kid, filepath.Join(w.dir, "okta.pem")))
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (w *checkedWorld) write(name string, content []byte, mode os.FileMode) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, content, mode); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		w.t.Fatal(err)
	}
}

// check runs syncd check, and gives its exit status and what it printed.
func (w *checkedWorld) check(flags ...string) (status int, out, errs string) {
	w.t.Helper()
	text := "name: acme\n"
	for _, block := range slices.Sorted(maps.Keys(w.config)) {
		text += block + ": " + w.config[block] + "\n"
	}
	w.write("acme.yaml", []byte(text), 0o600)
	var stdout, stderr bytes.Buffer
	status = execute(w.t.Context(), shell{
		Args: append([]string{"check", "--config", filepath.Join(w.dir, "acme.yaml")}, flags...),
		Out:  &stdout, Err: &stderr, Environ: w.environ,
	})
	return status, stdout.String(), stderr.String()
}

// report runs syncd check --json.
func (w *checkedWorld) report() (int, checks.Report) {
	w.t.Helper()
	status, out, errs := w.check("--json")
	var r checks.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.Outcome == "" {
		w.t.Fatalf("status %d, %v\n%s\n%s", status, err, out, errs)
	}
	return status, r
}

// makeLedger writes the ledger of a connection, as its first run does.
func (w *checkedWorld) makeLedger(path, app string) {
	w.t.Helper()
	s, err := bolt.Open(path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.Close()
	fence, err := s.Acquire(w.t.Context(), "test", time.Minute)
	if err != nil {
		w.t.Fatal(err)
	}
	var b state.Batch
	state.Put(&b, state.Meta, "connection", state.Connection{Org: w.oktaURL, App: app, Omni: w.omniURL})
	if err := s.Apply(w.t.Context(), fence, b); err != nil {
		w.t.Fatal(err)
	}
}
