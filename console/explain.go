package console

import (
	"context"
	"net/http"
	"net/url"

	"github.com/omnisync/omnisync/sync"
)

// explain answers about the person or the group that the query names.
func (a *api) explain(w http.ResponseWriter, r *http.Request) {
	subject := r.URL.Query().Get("subject")
	if subject == "" {
		writeError(w, refusal("explain", "no subject is given", "ask for /api/v1/explain?subject=EMAIL, or a group's name"))
		return
	}
	x, err := a.Engine.Explain(r.Context(), subject)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, x)
}

// Explain asks why somebody has access, or hasn't, or why a group is as it is. The daemon
// asks Okta and Omni, so it takes as long as a run about one person.
func (c Client) Explain(ctx context.Context, subject string) (sync.Explanation, error) {
	var x sync.Explanation
	err := c.once(ctx, http.MethodGet, "/api/v1/explain?"+url.Values{"subject": {subject}}.Encode(), nil, &x)
	return x, err
}
