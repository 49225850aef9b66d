package omnisync_test

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	messagesPage = "docs/troubleshooting.md"
	pushPage     = "docs/push.md"
)

// TestMessagesStillExist: each message that the page quotes, an indented line of
// it, still stands in the program. Between its <placeholders> are the fixed
// parts, and one package's texts hold them all.
func TestMessagesStillExist(t *testing.T) {
	page, err := os.ReadFile(messagesPage)
	if err != nil {
		t.Fatal(err)
	}
	texts := textsOf(t)
	count := 0
	for i, line := range strings.Split(string(page), "\n") {
		message, quoted := strings.CutPrefix(line, "    ")
		if !quoted {
			continue
		}
		count++
		parts := fixedParts(message)
		if len(strings.Join(parts, "")) < 10 {
			t.Errorf("%s:%d: too little of %q is fixed: quote more of it", messagesPage, i+1, message)
		}
		if !anyHolds(texts, parts) {
			t.Errorf("%s:%d: no package of the program says %q any more: quote what it says now, or remove the entry", messagesPage, i+1, message)
		}
	}
	if count < 100 {
		t.Errorf("%s quotes %d messages: is a message still an indented line?", messagesPage, count)
	}
}

// placeholder is what differs, with the quotes that %q puts around it.
var placeholder = regexp.MustCompile(`"?<[^<>]+>"?`)

func fixedParts(message string) []string {
	var parts []string
	for _, part := range placeholder.Split(message, -1) {
		if part = strings.Trim(part, " :"); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// textsOf gives the texts of each package, tests and stand-ins aside, joined
// where the source joins them.
func textsOf(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, s := range sources(t) {
		if s.test() || strings.HasPrefix(s.name, "internal/") {
			continue
		}
		var all strings.Builder
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if joined, ok := n.(*ast.BinaryExpr); ok && joined.Op == token.ADD {
				all.WriteString(textOf(joined) + "\n")
			}
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				all.WriteString(textOf(text) + "\n")
			}
			return true
		})
		texts[s.dir()] += all.String()
	}
	return texts
}

// textOf gives a text that the source spells, in one piece or joined by +; what
// isn't spelt there is left out.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return textOf(e.X) + textOf(e.Y)
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text
		}
	}
	return ""
}

func anyHolds(texts map[string]string, parts []string) bool {
	for _, text := range texts {
		if holds(text, parts) {
			return true
		}
	}
	return false
}

func holds(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) && !holdsHalves(text, part) {
			return false
		}
	}
	return true
}

// holdsHalves lets a part be put together from two texts, at one of its spaces.
func holdsHalves(text, part string) bool {
	const least = 5
	for i := range part {
		if part[i] == ' ' && i >= least && len(part)-i > least && strings.Contains(text, part[:i]) && strings.Contains(text, part[i+1:]) {
			return true
		}
	}
	return false
}

// answered is a row of the table of what Okta shows.
var answered = regexp.MustCompile("^\\| `([^`]+)`[^|]*\\| .+ \\| .+ \\|$")

// TestAnswersStillExist: each text that docs/push.md has Okta show from us still
// stands in the program.
func TestAnswersStillExist(t *testing.T) {
	_, rest, _ := strings.Cut(read(t, pushPage), "| our text |")
	table, _, _ := strings.Cut(rest, "\n\n")
	texts, count := textsOf(t), 0
	for line := range strings.SplitSeq(table, "\n") {
		row := answered.FindStringSubmatch(line)
		if row == nil {
			continue
		}
		count++
		if parts := fixedParts(row[1]); len(strings.Join(parts, "")) < 10 || !anyHolds(texts, parts) {
			t.Errorf("%s: no package of the program says %q any more", pushPage, row[1])
		}
	}
	if count < 25 {
		t.Errorf("%s has %d texts: does their table still have three columns, and the text in the first?", pushPage, count)
	}
}

// sectionKey is a key of the configuration with its section, as pages write it.
var sectionKey = regexp.MustCompile("`((?:scim|hooks|users|groups|deprovision|guard|schedule|state|console|log)(?:\\.[a-z_]+)+|omni\\.[a-z]+_[a-z_]+|okta\\.(?:org_url|app_id|auth|rate_share)[a-z_.]*)[:`]")

// TestKeysExist: the configuration has each key that a page names.
func TestKeysExist(t *testing.T) {
	known := read(t, "docs/configuration.md")
	count := 0
	for _, name := range pages(t) {
		for _, m := range sectionKey.FindAllStringSubmatch(read(t, name), -1) {
			count++
			key := m[1]
			if strings.HasPrefix(key, "users.attributes.") { // whose keys are Omni's
				key = "users.attributes"
			}
			if !strings.Contains(known, "`"+key+"`") {
				t.Errorf("%s names %s, which isn't a key of the configuration", name, m[1])
			}
		}
	}
	if count < 100 {
		t.Errorf("the pages name %d keys: does the expression still find them?", count)
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	unslug  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinksResolve: what a page links to in this repository is there, and so is the heading.
func TestLinksResolve(t *testing.T) {
	count := 0
	for _, name := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, name), -1) {
			target, anchor, anchored := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			count++
			file := name
			if target != "" {
				file = filepath.Join(filepath.Dir(name), target)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s, which isn't there", name, m[1])
			} else if anchored && !slices.Contains(anchors(read(t, file)), anchor) {
				t.Errorf("%s links to %s, and %s has no such heading", name, m[1], file)
			}
		}
	}
	if count < 25 {
		t.Errorf("the pages have %d links: does the expression still find them?", count)
	}
}

// anchors gives what the headings of a page are linked by.
func anchors(page string) []string {
	var list []string
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		list = append(list, strings.ReplaceAll(unslug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return list
}

// pages are those that people read.
func pages(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, glob := range []string{"*.md", "docs/*.md", "docs/decisions/*.md"} {
		found, err := filepath.Glob(glob)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, found...)
	}
	return list
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
