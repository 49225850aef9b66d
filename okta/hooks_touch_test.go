package okta_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/okta"
)

// Each event that a hook is asked for makes the next delta look at something: what
// wakes for nothing costs a request. None of them is held back by the filter.
func TestHookEventsTouch(t *testing.T) {
	for _, kind := range okta.HookEvents() {
		named := []string{ours, "User 00u1", "UserGroup 00g1"}
		if strings.HasPrefix(kind, "user.") || strings.HasPrefix(kind, "group.") && !strings.HasPrefix(kind, "group.application_assignment.") {
			named = named[1:]
		}
		body, err := json.Marshal([]map[string]any{{"uuid": "e1", "eventType": kind, "outcome": map[string]string{"result": "SUCCESS"},
			"published": "2000-01-01T10:00:00.007Z", "target": targets(strings.Join(named, ", "))}})
		if err != nil {
			t.Fatal(err)
		}
		page, err := logOf(t, string(body)).Touches(t.Context(), beginning)
		if err != nil || len(page.Touches) == 0 {
			t.Errorf("%s touches nothing: %v", kind, err)
		}
	}
}
