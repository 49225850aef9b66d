package omnisync_test

import (
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const messagesPage = "docs/troubleshooting.md"

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
