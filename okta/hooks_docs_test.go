package okta_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/okta"
)

// TestHookEventsAreInTheGuide: who sets the hook up by clicks takes the same events.
func TestHookEventsAreInTheGuide(t *testing.T) {
	page, err := os.ReadFile("../docs/hooks.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `((?:application|group|user)\\.[a-z_.]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, m[1])
	}
	slices.Sort(listed)
	if diff := cmp.Diff(okta.HookEvents(), listed); diff != "" {
		t.Errorf("docs/hooks.md differs from what is registered (-want +got)\n%s", diff)
	}
}
