package mapping_test

import (
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/omnisync/omnisync/mapping"
)

// TestExamplesOfThePage compiles each expression that docs/mapping.md shows.
func TestExamplesOfThePage(t *testing.T) {
	page, err := os.ReadFile("../docs/mapping.md")
	if err != nil {
		t.Fatal(err)
	}
	count, inside, leavers := 0, false, false
	for i, line := range strings.Split(string(page), "\n") {
		if strings.HasPrefix(line, "```") {
			inside, leavers = line == "```yaml", false
			continue
		}
		if leavers = leavers || line == "deprovision:"; inside && leavers {
			count += candidates(t, line)
			continue
		}
		key, _, pair := strings.Cut(strings.TrimSpace(line), ":")
		if !inside || !pair {
			continue
		}
		var values map[string]string
		if err := yaml.Unmarshal([]byte(strings.TrimSpace(line)), &values); err != nil {
			t.Errorf("line %d: %v", i+1, err)
		}
		rules := mapping.Rules{Scope: "true"}
		switch expression := values[key]; {
		case expression == "":
			continue // the head of a section
		case key == "scope":
			rules.Scope = expression
		case key == "display_name":
			rules.DisplayName = expression
		case key == "name":
			rules.GroupName = expression
		default:
			rules.Attributes = map[string]string{key: expression}
		}
		count++
		if _, problems := mapping.Compile(rules); len(problems) > 0 {
			t.Errorf("line %d: %v", i+1, problems)
		}
	}
	if count < 15 {
		t.Errorf("the page shows %d expressions: are they still in blocks of YAML?", count)
	}
}

// candidates compiles the line where it is one of those who may take over, and counts it.
func candidates(t *testing.T, line string) int {
	t.Helper()
	if !strings.HasPrefix(strings.TrimSpace(line), "- ") {
		return 0
	}
	var entries []string
	if err := yaml.Unmarshal([]byte(strings.TrimSpace(line)), &entries); err != nil {
		t.Errorf("%s: %v", line, err)
	}
	if _, problems := mapping.Compile(mapping.Rules{Scope: "true", Candidates: entries}); len(problems) > 0 {
		t.Errorf("%s: %v", line, problems)
	}
	return len(entries)
}
