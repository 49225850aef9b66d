package console

import (
	"context"
	"net/http"

	"github.com/omnisync/omnisync/sync"
)

// Forgetter has somebody forgotten who left.
type Forgetter interface {
	Forget(ctx context.Context, f sync.Forgetting) (sync.Forgotten, error)
}

// forgetBody asks for somebody to be forgotten. The name is in the body, not in the path:
// paths are logged.
type forgetBody struct {
	Subject string `json:"subject"`
	By      string `json:"by"` // who asks, in the client's words
	DryRun  bool   `json:"dry_run"`
}

// forget has somebody forgotten. What was begun doesn't end with the request.
func (a *api) forget(w http.ResponseWriter, r *http.Request, who Visitor) {
	var asked forgetBody
	if err := readBody(w, r, &asked); err != nil {
		writeError(w, err)
		return
	}
	if asked.Subject == "" {
		writeError(w, refusal("forget", "no subject is given", `send {"subject": "EMAIL"}, or an Okta id`))
		return
	}
	l := newLines(w) // it may have to wait for a run
	request := sync.Forgetting{Subject: asked.Subject, By: who.by(asked.By), DryRun: asked.DryRun}
	told, err := a.Forgetter.Forget(a.lives, request)
	if err != nil {
		l.write(Line{Error: FailureOf(err)})
		return
	}
	l.write(Line{Forgotten: &told})
}

// Forget has somebody forgotten who left. The daemon waits for a run that is under way. When
// ctx ends, the daemon goes on.
func (c Client) Forget(ctx context.Context, f sync.Forgetting) (sync.Forgotten, error) {
	var answer Line
	err := c.once(ctx, http.MethodPost, "/api/v1/forget", forgetBody{Subject: f.Subject, By: f.By, DryRun: f.DryRun}, &answer)
	switch {
	case err != nil:
		return sync.Forgotten{}, err
	case answer.Error != nil:
		return sync.Forgotten{}, answer.Error.Fault()
	case answer.Forgotten == nil:
		return sync.Forgotten{}, c.foreign("the answer tells of nobody")
	}
	return *answer.Forgotten, nil
}
