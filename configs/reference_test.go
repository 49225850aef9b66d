package configs_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"

	"github.com/omnisync/omnisync/configs"
)

// section is a top key of the configuration, as docs/configuration.md shows it.
type section struct {
	Path, Description string
	Keys              []row
}

// row is one key.
type row struct{ Path, Takes, Default, Variable, Description string }

// TestReferenceIsCurrent fails when the types or the template changed and
// docs/configuration.md didn't; mend it with go generate.
func TestReferenceIsCurrent(t *testing.T) {
	page := filepath.Join("..", "docs", "configuration.md")
	got := reference(t)
	if *update {
		if err := os.WriteFile(page, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not current (%v); run go generate ./configs\n%s", page, err, cmp.Diff(string(want), string(got)))
	}
}

func reference(t *testing.T) []byte {
	t.Helper()
	tmpl, err := template.ParseFiles(filepath.Join("testdata", "configuration.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := tmpl.Execute(&page, sections(t)); err != nil {
		t.Fatal(err)
	}
	return append(bytes.TrimRight(page.Bytes(), "\n"), '\n')
}

// sections reads the schema, which has the order of the types.
func sections(t *testing.T) []section {
	t.Helper()
	b, err := configs.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var root jsonschema.Schema
	if err := json.Unmarshal(b, &root); err != nil {
		t.Fatal(err)
	}
	var found []section
	for p := root.Properties.Oldest(); p != nil; p = p.Next() {
		s := section{Path: p.Key, Keys: rows(p.Key, p.Value, must(&root, p.Key))}
		if p.Value.Properties.Len() > 0 {
			s.Description, s.Keys = p.Value.Description, s.Keys[1:]
		}
		found = append(found, s)
	}
	return found
}

// rows lists the key at path, and what it holds where it is a section.
func rows(path string, s *jsonschema.Schema, need string) []row {
	list := []row{{path, takes(s), shown(s, need), "SYNCD_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_")), s.Description}}
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		list = append(list, rows(path+"."+p.Key, p.Value, must(s, p.Key))...)
	}
	return list
}

// must says whether a section needs the key; "" where it doesn't.
func must(s *jsonschema.Schema, key string) string {
	for _, one := range s.OneOf {
		if slices.Contains(one.Required, key) {
			return "one of the two"
		}
	}
	switch {
	case key == "auth":
		return "required, but for push alone"
	case !slices.Contains(s.Required, key):
		return ""
	case key == "client_id" || key == "private_key":
		return "required in oauth"
	}
	return "required"
}

// takes says what a key may be.
func takes(s *jsonschema.Schema) string {
	switch {
	case len(s.Enum) > 0:
		var words []string
		for _, e := range s.Enum {
			words = append(words, "`"+e.(string)+"`")
		}
		return strings.Join(words, ", ")
	case s.Format == "secret-reference":
		return "secret"
	case s.Format == "go-duration":
		return "duration"
	case s.Properties.Len() > 0:
		return "section"
	case s.Type == "boolean":
		return "`true`, `false`"
	case s.Type == "array":
		return "list of " + takes(s.Items)
	case s.Type == "object":
		return "map: name to " + takes(s.AdditionalProperties)
	case s.Type == "integer", s.Type == "number":
		kind := map[string]string{"integer": "whole number", "number": "number"}[s.Type]
		if s.Maximum == "" {
			return kind + " from " + s.Minimum.String()
		}
		return kind + ", " + s.Minimum.String() + " to " + s.Maximum.String()
	}
	return "text"
}

// shown writes the default as it stands in the file.
func shown(s *jsonschema.Schema, need string) string {
	switch v := s.Default.(type) {
	case nil:
		return need
	case string:
		if v == "" || strings.ContainsAny(v, " *") || v == "true" {
			return "`\"" + v + "\"`"
		}
		return "`" + v + "`"
	default:
		b, _ := json.Marshal(v) // came from JSON
		return "`" + string(b) + "`"
	}
}

// TestReferenceHoldsEveryKey looks at the page as a reader does: a row for each
// key of the schema, with its variable, default and every word that it takes.
func TestReferenceHoldsEveryKey(t *testing.T) {
	page := string(reference(t))
	all := leaves("", readSchema(t))
	for path, n := range all {
		i := strings.Index(page, "| `"+path+"` |")
		if i < 0 {
			t.Errorf("the page has no row for %s", path)
			continue
		}
		line, _, _ := strings.Cut(page[i:], "\n")
		if strings.Count(line, " | ") != 4 {
			t.Errorf("%s: not five cells: %s", path, line)
		}
		for _, word := range n.Enum {
			if !strings.Contains(line, "`"+word.(string)+"`") {
				t.Errorf("%s lacks the word %s: %s", path, word, line)
			}
		}
	}
	if got := strings.Count(page, "\n| `") - strings.Count(page, "| section |"); got != len(all) {
		t.Errorf("the page has %d rows for %d keys", got, len(all))
	}
}

// TestReferenceTellsTheDefaults writes what the page says into the file.
func TestReferenceTellsTheDefaults(t *testing.T) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(minimal), &doc); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, s := range sections(t) {
		for _, r := range s.Keys {
			text, is := strings.CutPrefix(r.Default, "`")
			if !is || strings.HasPrefix(r.Path, "okta.auth.oauth.") {
				continue
			}
			var value yaml.Node
			if err := yaml.Unmarshal([]byte(strings.TrimSuffix(text, "`")), &value); err != nil {
				t.Fatalf("%s: %s: %v", r.Path, r.Default, err)
			}
			set(doc.Content[0], strings.Split(r.Path, "."), value.Content[0])
			count++
		}
	}
	text, err := yaml.Marshal(&doc)
	if err != nil || count < 30 {
		t.Fatalf("%d defaults, %v", count, err)
	}
	if diff := cmp.Diff(parse(t, minimal), parse(t, string(text))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestReferenceExamplesLoad loads each YAML example of the page.
func TestReferenceExamplesLoad(t *testing.T) {
	_, rest, found := strings.Cut(string(reference(t)), "```yaml\n")
	if !found {
		t.Fatal("the page has no example")
	}
	text, _, _ := strings.Cut(rest, "```")
	if diff := cmp.Diff(parse(t, minimal), parse(t, text)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
