package omniclient_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
)

// The definitions are read in one request, as the description says.
func TestDefinitions(t *testing.T) {
	const region = `{"id":"1","name":"region","label":"Region","type":"String","multiple_values":false,"system":false,"description":null,"default_value":"all"}`
	const levels = `{"id":"2","name":"levels","label":"Levels","type":"Number","multiple_values":true,"system":false,"description":"x","default_value":["2",1]}`
	const mine = `{"id":"","name":"omni_user_id","label":"Id","type":"String","multiple_values":false,"system":true,"description":null,"default_value":null}`
	c := play(t, step{ask: "GET /org/acme/api/v1/user-attributes", status: 200, answer: `{"records":[` + region + `,` + levels + `,` + mine + `]}`})
	got, err := c.Definitions(t.Context())
	want := []identity.Definition{{Name: "region", Default: `"all"`}, {Name: "levels", Number: true, Multiple: true, Default: `["2",1]`}, {Name: "omni_user_id", System: true}}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
}

// A list that can't be believed is none; a key that may not ask this is no refused key.
func TestDefinitionsThatAreNone(t *testing.T) {
	for _, row := range []struct {
		status int
		answer string
		kind   fault.Kind
	}{
		{200, `{}`, fault.Doubt}, {200, `{"records":null}`, fault.Doubt}, {200, `{"records":[]}`, fault.Doubt}, {200, `{"records":[{"type":"String"}]}`, fault.Doubt},
		{200, `{"records":7}`, fault.Doubt}, {200, ``, fault.Doubt},
		{200, `{"records":[{"name":"a"}],"pageInfo":{"hasNextPage":true}}`, fault.Doubt},
		{403, `{"detail":"Insufficient permissions"}`, fault.Unauthorized}, {401, `{}`, fault.Unauthorized}, {404, `{}`, fault.NotFound},
	} {
		c := play(t, step{ask: "GET /org/acme/api/v1/user-attributes", status: row.status, answer: row.answer})
		_, err := c.Definitions(t.Context())
		if !fault.Is(err, row.kind) {
			t.Errorf("%d %s: %v", row.status, row.answer, err)
		}
		if row.kind == fault.Unauthorized && !strings.Contains(fault.HintOf(err), "manage user attributes") {
			t.Errorf("the hint is %q", fault.HintOf(err))
		}
		if refused := c.Limits().RefusedKeys; len(refused) > 0 {
			t.Errorf("%d sets keys %v aside", row.status, refused)
		}
	}
}

// shapes are the four shapes of an attribute, each with a value of its own.
func shapes(standard []string) map[string]struct {
	def   simomni.Definition
	value identity.Value
} {
	type shape = struct {
		def   simomni.Definition
		value identity.Value
	}
	out := map[string]shape{}
	for _, many := range []bool{false, true} {
		for name, v := range map[string]string{"text": `"a"`, "number": `5`, "boolean": `"true"`, "large": `9007199254740993`} {
			d := simomni.Definition{Reference: name, Number: name == "number" || name == "large", Multiple: many}
			if standard != nil {
				d.Default = standard
			}
			if many {
				v = "[" + v + "]"
				d.Reference += "s"
			}
			out[d.Reference] = shape{d, identity.Value(v)}
		}
	}
	return out
}

// Every type and cardinality is set, read back and cleared in one request each, against
// each way in which Omni may answer; each request is held to Omni's description.
func TestEveryShapeOfAttribute(t *testing.T) {
	for _, standard := range [][]string{nil, {"7"}} {
		for name, knobs := range map[string]simomni.Knobs{
			"as documented": {}, "defaults shown": {DefaultsShown: true}, "booleans kept": {BooleansKept: true}, "bare": {BareWrites: true, DefaultsShown: true},
		} {
			t.Run(fmt.Sprint(name, standard), func(t *testing.T) {
				knobs.RealLimit = -1
				org := &simomni.Org{Knobs: knobs}
				all := shapes(standard)
				values := map[string]identity.Value{}
				for ref, s := range all {
					org.DefineAttribute(s.def)
					values[ref] = s.value
				}
				everyShape(t, org, values)
			})
		}
	}
}

func everyShape(t *testing.T, org *simomni.Org, values map[string]identity.Value) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		checkContract(t, r, body)
		r.URL.Path = strings.TrimPrefix(r.URL.Path, prefix)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		org.ServeHTTP(w, r)
	}))
	defer server.Close()
	c := client(t, omniclient.Options{BaseURL: server.URL + prefix})
	list, err := c.Definitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := identity.DefinitionsOf(list)
	made, err := c.CreateUser(t.Context(), identity.User{UserName: "ann@acme.test", DisplayName: "Ann", Attributes: values})
	if err != nil {
		t.Fatal(err)
	}
	cleared, set := map[string]*identity.Value{}, map[string]*identity.Value{}
	for ref, v := range values {
		cleared[ref], set[ref] = nil, &v
		if !all.Same(ref, v, made.Attributes[ref]) {
			t.Errorf("created with %s %s, it has %s", ref, v, made.Attributes[ref])
		}
	}
	for round, patch := range []map[string]*identity.Value{cleared, set, cleared} {
		org.ResetLog()
		a, err := c.UpdateUser(t.Context(), made.ID, identity.UserPatch{Attributes: patch})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if n := org.Writes(); n != 1 {
			t.Errorf("round %d took %d writes", round, n)
		}
		for ref, v := range patch {
			var want identity.Value
			if v != nil {
				want = *v
			}
			if !all.Same(ref, want, a.Attributes[ref]) {
				t.Errorf("round %d: %s is %s, want %q", round, ref, a.Attributes[ref], want)
			}
		}
	}
	if n := org.Count(simomni.ReplaceUser); n != 0 {
		t.Errorf("%d PUTs", n)
	}
}

// Without the definitions a default that is shown in place of a cleared value isn't
// taken for the clearing.
func TestDefaultsUnknown(t *testing.T) {
	org := &simomni.Org{Knobs: simomni.Knobs{RealLimit: -1, DefaultsShown: true}}
	org.DefineAttribute(simomni.Definition{Reference: "region", Default: []string{"all"}})
	server := httptest.NewServer(org)
	defer server.Close()
	c := client(t, omniclient.Options{BaseURL: server.URL})
	a, err := c.CreateUser(t.Context(), identity.User{UserName: "a@acme.test", DisplayName: "A", Attributes: map[string]identity.Value{"region": `"emea"`}})
	if err != nil {
		t.Fatal(err)
	}
	patch := identity.UserPatch{Attributes: map[string]*identity.Value{"region": nil}}
	if _, err := c.UpdateUser(t.Context(), a.ID, patch); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), `it is "all"`) {
		t.Errorf("without the definitions: %v", err)
	}
	if _, err := c.Definitions(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.UpdateUser(t.Context(), a.ID, patch); err != nil {
		t.Errorf("with them: %v", err)
	}
}
