// Package omnisync_test keeps the shape of the house: who may import whom, and
// the few rules that no compiler and no linter knows. Each failure says how to
// mend it. docs/architecture.md draws what is kept here.
package omnisync_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module   = "github.com/omnisync/omnisync"
	anything = "..." // in place of an import: whatever is ours
	page     = "docs/architecture.md"
)

// arrows lists every package with those of ours that it may import, besides
// the packages beneath it. fault, a leaf, may be imported by all but the leaves.
var arrows = map[string][]string{
	"identity": {},
	"fault":    {},
	"configs":  {},

	"state":           {"identity", "fault"},
	"state/bolt":      {"state", "identity", "fault"},
	"state/redis":     {"state", "identity", "fault"},
	"state/archive":   {"state", "identity", "fault"},
	"state/outlet":    {"state", "identity", "fault"},
	"state/statetest": {"state", "identity", "fault"},

	"okta":       {"identity", "fault"},
	"mapping":    {"identity", "fault"},
	"omniclient": {"identity", "fault"},
	"push":       {"identity", "fault"},
	"check":      {"identity", "fault"},
	"vault":      {"fault"},
	"alerts":     {"fault"},

	"sync":    {"identity", "fault", "state"},
	"console": {"identity", "fault", "state", "sync"},

	// The stand-ins share nothing with what they test: a mistake in both would hide itself.
	"internal/sim":        {},
	"internal/sim/okta":   {"internal/sim"},
	"internal/sim/omni":   {"internal/sim"},
	"internal/sim/pusher": {"internal/sim"},
	"internal/bench":      {anything},

	"cmd/syncd": {anything},
}

// support names the packages that only tests, and the packages listed with
// them, import.
var support = map[string][]string{
	"internal/sim":    {"cmd/syncd", "internal/bench"},
	"state/statetest": {},
}

// source is one Go file of the project.
type source struct {
	name   string // slash-separated, from the top
	text   []byte
	syntax *ast.File
	files  *token.FileSet
}

func (s source) dir() string    { return path.Dir(s.name) }
func (s source) test() bool     { return strings.HasSuffix(s.name, "_test.go") }
func (s source) external() bool { return strings.HasSuffix(s.syntax.Name.Name, "_test") }

// line tells where in the file n is.
func (s source) line(n ast.Node) string {
	return fmt.Sprintf("line %d ", s.files.Position(n.Pos()).Line)
}

// ours gives the project's packages that the file imports, without the module's path.
func (s source) ours() []string {
	var list []string
	for _, i := range s.syntax.Imports {
		if rest, ok := strings.CutPrefix(importPath(i), module+"/"); ok {
			list = append(list, rest)
		}
	}
	return list
}

func importPath(i *ast.ImportSpec) string {
	p, err := strconv.Unquote(i.Path.Value)
	if err != nil {
		panic(i.Path.Value) // the parser accepted it
	}
	return p
}

func TestFilesKeepTheRules(t *testing.T) {
	for _, s := range sources(t) {
		for _, name := range slices.Sorted(maps.Keys(rules)) {
			for _, wrong := range rules[name](s) {
				t.Errorf("%s: %s (%s)", s.name, wrong, name)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		want := "Package " + s.syntax.Name.Name + " "
		if s.syntax.Name.Name == "main" {
			want = "Command " + path.Base(s.dir()) + " "
		}
		said[s.dir()] = said[s.dir()] || strings.HasPrefix(s.syntax.Doc.Text(), want)
	}
	for _, dir := range slices.Sorted(maps.Keys(said)) {
		if !said[dir] {
			t.Errorf("%s has no package comment: above the package clause of one file write what it is for, beginning with its name (Package ..., Command ...)", dir)
		}
	}
}

func TestEveryPackageIsInTheArchitecture(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources(t) {
		if !s.test() && !bytes.Contains(text, []byte("`"+s.dir()+"`")) {
			t.Errorf("%s has no row for `%s`: say in one line what it is and what it imports", page, s.dir())
		}
	}
}

var fileName = regexp.MustCompile("`([a-z_]+(?:/[a-z_]+)*/[a-z_]+\\.go)`")

func TestArchitectureNamesFilesThatExist(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	named := fileName.FindAllSubmatch(text, -1)
	if len(named) == 0 {
		t.Fatalf("%s names no file: the journey of a record is told file by file", page)
	}
	for _, m := range named {
		if _, err := os.Stat(string(m[1])); err != nil {
			t.Errorf("%s names %s, which isn't there: name the file that has its work now", page, m[1])
		}
	}
}

// sources reads every Go file of this module.
func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipDir(name, d.Name())
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		s, err := parse(filepath.ToSlash(name), text)
		list = append(list, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("no Go file found: run this test from the module's top")
	}
	return list
}

// skipDir leaves out what the go command leaves out: hidden folders, test data
// and modules of their own.
func skipDir(name, base string) error {
	if name == "." {
		return nil
	}
	_, err := os.Stat(filepath.Join(name, "go.mod"))
	if err == nil || base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	return nil
}

func parse(name string, text []byte) (source, error) {
	files := token.NewFileSet()
	syntax, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
	return source{name: name, text: text, syntax: syntax, files: files}, err
}
