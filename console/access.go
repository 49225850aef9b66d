package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/omnisync/omnisync/sync"
)

// accessWithin bounds what a client waits for: the whole log is read, and perhaps the archive.
const accessWithin = time.Minute

func (a *api) access(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	at, err := time.Parse(time.RFC3339Nano, q.Get("at"))
	if err != nil {
		writeError(w, refusal("tell who had access", fmt.Sprintf("at %q is no time", q.Get("at")), "write it as 2026-01-02T03:04:05Z"))
		return
	}
	answer, err := a.Engine.Access(r.Context(), sync.AccessQuery{At: at, Subject: q.Get("subject")})
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// Access asks who had access at a moment.
func (c Client) Access(ctx context.Context, q sync.AccessQuery) (sync.AccessAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, accessWithin)
	defer cancel()
	query := url.Values{"at": {q.At.Format(time.RFC3339Nano)}, "subject": {q.Subject}}
	var answer sync.AccessAnswer
	err := c.once(ctx, http.MethodGet, "/api/v1/access?"+query.Encode(), nil, &answer)
	return answer, err
}
