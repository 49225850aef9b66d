package omnisync_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const maxLines = 400

// rules are what each file keeps, alone. Each answers with what is wrong and how to mend it.
var rules = map[string]func(source) []string{
	"arrows":  checkArrows,
	"support": checkSupport,
	"length":  checkLength,
	"sync":    checkSync,
	"tests":   checkTests,
}

// checkArrows keeps the direction of imports. External test packages are exempt.
func checkArrows(s source) []string {
	if s.external() {
		return nil
	}
	allowed, listed := arrows[s.dir()]
	if !listed {
		return []string{fmt.Sprintf("package %s has no row in arrows (arch_test.go): add one with the least that it needs, and a row in docs/architecture.md", s.dir())}
	}
	var wrong []string
	for _, imported := range s.ours() {
		if slices.Contains(allowed, anything) || slices.Contains(allowed, imported) || s.test() && beneath(imported, "internal/sim") {
			continue
		}
		wrong = append(wrong, fmt.Sprintf("%s must not import %s, only %v: declare the interface that you need beside its use, and let cmd/syncd join the two; in a test, make it an external _test package",
			s.dir(), imported, allowed))
	}
	return wrong
}

// checkSupport keeps stand-ins and suites out of the product.
func checkSupport(s source) []string {
	var wrong []string
	for _, imported := range s.ours() {
		for _, owner := range slices.Sorted(maps.Keys(support)) {
			users := support[owner]
			if !beneath(imported, owner) || s.test() || beneath(s.dir(), owner) || slices.Contains(users, s.dir()) {
				continue
			}
			wrong = append(wrong, fmt.Sprintf("imports %s, which is for tests and %v alone: move what both need into the package that owns it", imported, users))
		}
	}
	return wrong
}

func beneath(p, owner string) bool { return p == owner || strings.HasPrefix(p, owner+"/") }

var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

func checkLength(s source) []string {
	lines := bytes.Count(s.text, []byte("\n"))
	if lines <= maxLines || generated.Match(s.text) {
		return nil
	}
	return []string{fmt.Sprintf("%d lines, at most %d: split it by concept, one step of the drawing or one noun a file", lines, maxLines)}
}

// checkSync keeps our package sync and the standard library's apart.
func checkSync(s source) []string {
	var wrong []string
	names := map[string]bool{}
	for _, i := range s.syntax.Imports {
		p := importPath(i)
		names[p] = true
		if p == "sync" && s.dir() == "sync" && i.Name != nil {
			wrong = append(wrong, "gives the standard library's sync another name: inside package sync it keeps its own")
		}
	}
	if names["sync"] && names[module+"/sync"] {
		wrong = append(wrong, "imports both the standard library's sync and ours: move what needs the lock into a file of its own")
	}
	return wrong
}

// checkTests refuses what makes a test slow, or silently not a test.
func checkTests(s source) []string {
	if !s.test() && !slices.ContainsFunc(s.syntax.Imports, func(i *ast.ImportSpec) bool { return importPath(i) == "testing" }) {
		return nil
	}
	var wrong []string
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		f, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		on, _ := f.X.(*ast.Ident)
		switch {
		case on != nil && on.Name == "time" && f.Sel.Name == "Sleep":
			wrong = append(wrong, s.line(n)+"calls time.Sleep: poll for the condition until a deadline, or use testing/synctest and wait for <-time.After(d), which a bubble's clock skips over")
		case on != nil && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, f.Sel.Name) && !mentions(s, call, "OMNISYNC_SPECS"):
			wrong = append(wrong, s.line(n)+"skips: a missing tool is a failure (t.Fatal, and scripts/test installs it); only a contract test may skip, naming OMNISYNC_SPECS in its message")
		}
		return true
	})
	return wrong
}

// mentions reports whether an argument of the call has the word, spelled out or
// as a constant of the same file.
func mentions(s source, call *ast.CallExpr, word string) bool {
	constants := map[string]bool{}
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 && spells(v.Values[0], word) {
			constants[v.Names[0].Name] = true
		}
		return true
	})
	found := false
	for _, arg := range call.Args {
		ast.Inspect(arg, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			found = found || ok && constants[id.Name] || spells(n, word)
			return true
		})
	}
	return found
}

func spells(n ast.Node, word string) bool {
	lit, ok := n.(*ast.BasicLit)
	return ok && strings.Contains(lit.Value, word)
}

// TestRulesCatch shows each rule a file that breaks it, and one that doesn't:
// a rule that never fires keeps nothing.
func TestRulesCatch(t *testing.T) {
	imports := func(pkg string, paths ...string) string {
		text := "package " + pkg + "\n"
		for _, p := range paths {
			text += "import " + p + "\n"
		}
		return text
	}
	ours := func(p string) string { return strconv.Quote(module + "/" + p) }
	long := "package identity\n" + strings.Repeat("\n", maxLines)
	calls := func(call string) string {
		return imports("okta_test", `"testing"`, `"time"`) + "func TestX(t *testing.T) { " + call + " }\n"
	}
	tests := []struct {
		name, rule, file, text string
		wrong                  int
	}{
		{"okta imports the engine", "arrows", "okta/list.go", imports("okta", ours("sync")), 1},
		{"so does its internal test", "arrows", "okta/list_test.go", imports("okta", ours("sync")), 1},
		{"an external test may", "arrows", "okta/list_test.go", imports("okta_test", ours("sync")), 0},
		{"configs is a leaf", "arrows", "configs/load.go", imports("configs", ours("fault")), 1},
		{"okta imports the record", "arrows", "okta/list.go", imports("okta", ours("identity")), 0},
		{"the command knows everything", "arrows", "cmd/syncd/wire.go", imports("main", ours("sync"), ours("state/bolt")), 0},
		{"a package that nobody drew", "arrows", "manager/manager.go", imports("manager"), 1},
		{"the engine imports a stand-in", "support", "sync/read.go", imports("sync", ours("internal/sim/okta")), 1},
		{"the demo does", "support", "cmd/syncd/demo.go", imports("main", ours("internal/sim/okta")), 0},
		{"a test does", "support", "sync/read_test.go", imports("sync_test", ours("internal/sim/okta")), 0},
		{"the suite in the product", "support", "state/bolt/bolt.go", imports("bolt", ours("state/statetest")), 1},
		{"too long", "length", "identity/user.go", long, 1},
		{"generated", "length", "identity/user.go", "// Code generated by x. DO NOT EDIT.\n" + long, 0},
		{"just short enough", "length", "identity/user.go", long[:len(long)-1], 0},
		{"both syncs", "sync", "console/api.go", imports("console", `"sync"`, ours("sync")), 1},
		{"a nickname", "sync", "sync/apply.go", imports("sync", `gosync "sync"`), 1},
		{"its own name", "sync", "sync/apply.go", imports("sync", `"sync"`), 0},
		{"sleeping", "tests", "okta/list_test.go", calls("time.Sleep(1)"), 1},
		{"skipping", "tests", "okta/list_test.go", calls(`t.Skip("no redis")`), 1},
		{"skipping a contract", "tests", "okta/list_test.go", calls(`t.Skip("OMNISYNC_SPECS is not set")`), 0},
		{"skipping a contract by a constant", "tests", "okta/list_test.go", calls(`t.Skip(specs + " is not set")`) + `const specs = "OMNISYNC_SPECS"`, 0},
		{"sleeping outside a test", "tests", "okta/list.go", "package okta\nfunc f() { time.Sleep(1) }\n", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parse(tt.file, []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := rules[tt.rule](s); len(got) != tt.wrong {
				t.Errorf("%d complaints, want %d: %q", len(got), tt.wrong, got)
			}
		})
	}
}
