package console

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/sync"
)

// Linker tells who is linked to whom, and notes what a person says about it.
type Linker interface {
	// Links gives each link; fault.NotFound where the subject is nobody's.
	Links(ctx context.Context, subject string, each func(sync.Linked) error) error
	// Relink links somebody by hand or, without an account, unlinks them.
	Relink(ctx context.Context, o sync.LinkOrder) (sync.LinkAnswer, error)
}

// LinksAnswer is the answer to who is linked to whom. It is written link by link; where the
// ledger can't be read on, it ends with the error.
type LinksAnswer struct {
	Links []sync.Linked `json:"links"`
	Error *Failure      `json:"error,omitempty"`
}

// linkBody asks for a link by hand, unlinkBody for the end of one.
type (
	linkBody struct {
		Subject string `json:"subject"`
		OmniID  string `json:"omni_id"` // of the account
		By      string `json:"by"`      // who asks, in the client's words
		DryRun  bool   `json:"dry_run,omitempty"`
	}
	unlinkBody struct {
		Subject string `json:"subject"`
		By      string `json:"by"` // as in linkBody
		DryRun  bool   `json:"dry_run,omitempty"`
	}
)

// links writes the links as they are read: there may be more than fit into memory twice.
func (a *api) links(w http.ResponseWriter, r *http.Request) {
	out := bufio.NewWriter(w)
	first := true
	err := a.Linker.Links(r.Context(), r.URL.Query().Get("subject"), func(l sync.Linked) error {
		text, err := json.Marshal(l)
		if err != nil {
			return err
		}
		before := ","
		if first {
			head(w, "application/json")
			before, first = `{"links":[`, false
		}
		_, _ = out.WriteString(before) // a client that left needs no answer
		_, err = out.Write(text)
		return err
	})
	switch {
	case err != nil && first:
		writeError(w, err)
		return
	case first:
		writeJSON(w, http.StatusOK, LinksAnswer{Links: []sync.Linked{}})
		return
	case err != nil:
		text, _ := json.Marshal(FailureOf(err)) // texts alone
		_, _ = out.WriteString(`],"error":` + string(text) + "}")
	default:
		_, _ = out.WriteString("]}")
	}
	_ = out.Flush()
}

func (a *api) link(w http.ResponseWriter, r *http.Request, who Visitor) {
	var asked linkBody
	err := readBody(w, r, &asked)
	if err == nil && asked.OmniID == "" {
		err = refusal("link", "no account is given", `send {"subject": "EMAIL", "omni_id": "ID"}; /api/v1/unlink ends a link`)
	}
	a.relink(w, sync.LinkOrder{Subject: asked.Subject, OmniID: asked.OmniID, By: who.by(asked.By), DryRun: asked.DryRun}, err)
}

func (a *api) unlink(w http.ResponseWriter, r *http.Request, who Visitor) {
	var asked unlinkBody
	err := readBody(w, r, &asked)
	a.relink(w, sync.LinkOrder{Subject: asked.Subject, By: who.by(asked.By), DryRun: asked.DryRun}, err)
}

// relink hands on what is asked, unless it can't be read. Like a decision, it doesn't end with
// the request.
func (a *api) relink(w http.ResponseWriter, o sync.LinkOrder, err error) {
	var answer sync.LinkAnswer
	if err == nil {
		answer, err = a.Linker.Relink(a.lives, o)
	}
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, Line{Linked: &answer})
}

// Links asks who is linked to whom, and gives each link as it comes.
func (c Client) Links(ctx context.Context, subject string, each func(sync.Linked) error) error {
	response, err := c.ask(ctx, http.MethodGet, "/api/v1/links?"+url.Values{"subject": {subject}}.Encode(), nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	d := json.NewDecoder(bufio.NewReader(response.Body))
	if !tokens(d, json.Delim('{'), "links", json.Delim('[')) {
		return c.foreign("the answer holds no links")
	}
	for d.More() {
		var l sync.Linked
		if err := d.Decode(&l); err != nil {
			return c.cut(err)
		}
		if err := each(l); err != nil {
			return err
		}
	}
	if !tokens(d, json.Delim(']')) {
		return c.cut(nil)
	}
	if d.More() {
		var failed Failure
		if !tokens(d, "error") || d.Decode(&failed) != nil {
			return c.cut(nil)
		}
		return failed.Fault()
	}
	if !tokens(d, json.Delim('}')) {
		return c.cut(nil)
	}
	return nil
}

// tokens reports whether these come next.
func tokens(d *json.Decoder, want ...json.Token) bool {
	for _, w := range want {
		if got, err := d.Token(); err != nil || got != w {
			return false
		}
	}
	return true
}

func (c Client) cut(err error) error {
	return &fault.Error{Kind: fault.Unavailable, Op: "the daemon's answer ended early", Err: err, Hint: "the daemon may have been stopped; see its log"}
}

// Relink links somebody by hand, or unlinks them.
func (c Client) Relink(ctx context.Context, o sync.LinkOrder) (sync.LinkAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, decision)
	defer cancel()
	path, body := "/api/v1/link", any(linkBody{Subject: o.Subject, OmniID: o.OmniID, By: o.By, DryRun: o.DryRun})
	if o.OmniID == "" {
		path, body = "/api/v1/unlink", unlinkBody{Subject: o.Subject, By: o.By, DryRun: o.DryRun}
	}
	var answer Line
	err := c.once(ctx, http.MethodPost, path, body, &answer)
	if err == nil && answer.Linked == nil {
		err = c.foreign("the answer tells of no link")
	}
	if err != nil {
		return sync.LinkAnswer{}, err
	}
	return *answer.Linked, nil
}
