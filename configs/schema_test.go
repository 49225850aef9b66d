package configs_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/configs"
)

var update = flag.Bool("update", false, "write schema.json anew")

// TestSchemaIsCurrent fails when the types changed and schema.json didn't; mend
// it with go generate.
func TestSchemaIsCurrent(t *testing.T) {
	got, err := configs.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("schema.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("schema.json")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("schema.json is not current (%v); run go generate ./configs\n%s", err, cmp.Diff(string(want), string(got)))
	}
}

// node is the part of a schema that the tests look at.
type node struct {
	Type, Description string
	Default           any
	Enum, Required    []any
	Properties        map[string]node
	Additional        any `json:"additionalProperties"`
}

func readSchema(t testing.TB) node {
	t.Helper()
	b, err := configs.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var n node
	if err := json.Unmarshal(b, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// leaves gives every key that holds no section, by path.
func leaves(path string, n node) map[string]node {
	found := map[string]node{}
	for name, p := range n.Properties {
		full := name
		if path != "" {
			full = path + "." + name
		}
		if len(p.Properties) == 0 {
			found[full] = p
		}
		maps.Copy(found, leaves(full, p))
	}
	return found
}

// variables lists the paths of all keys.
func variables(t testing.TB) []string {
	return slices.Sorted(maps.Keys(leaves("", readSchema(t))))
}

func TestSchemaTellsEverything(t *testing.T) {
	root := readSchema(t)
	required := map[string]bool{"name": true, "okta.org_url": true, "okta.app_id": true, "okta.auth.api_token": true,
		"okta.auth.oauth.client_id": true, "okta.auth.oauth.private_key": true, "omni.base_url": true, "omni.api_keys": true,
		"state.key": true, "alerts.webhook.url": true, "alerts.webhook.bearer_token": true} // these may be left out, and have no default either
	all := leaves("", root)
	if len(all) != 94 {
		t.Errorf("the schema knows %d keys, want 94", len(all))
	}
	for path, n := range all {
		if n.Description == "" || n.Type == "" {
			t.Errorf("%s has no description or no type", path)
		}
		if (n.Default == nil) != required[path] {
			t.Errorf("%s has the default %v, required: %v", path, n.Default, required[path])
		}
	}
	if want := []any{"name", "okta", "omni"}; !slices.Equal(root.Required, want) {
		t.Errorf("required at the top: %v, want %v", root.Required, want)
	}
	if root.Additional != false {
		t.Errorf("unknown keys are %v, want refused", root.Additional)
	}
	if want := []any{"ask", "auto", "never"}; !slices.Equal(all["groups.adopt"].Enum, want) {
		t.Errorf("groups.adopt is one of %v, want %v", all["groups.adopt"].Enum, want)
	}
}
