package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// maxBody bounds what is read of a request, in bytes.
const maxBody = 64 << 10

// maxForm bounds what is read of a form, in bytes: one may name thousands of removals.
const maxForm = 4 << 20

// maxBy bounds the name of who decides, in bytes.
const maxBy = 200

// causeCommand is the cause of runs that a client asks for.
const causeCommand = sync.CauseCommand

// runBody asks for a run.
type runBody struct {
	Kind     sync.RunKind `json:"kind"`
	DryRun   bool         `json:"dry_run"`
	Subject  string       `json:"subject,omitempty"`  // of a user run: the person; of an undo: the run that is undone
	By       string       `json:"by,omitempty"`       // of an undo: who asks, in the client's words
	LetGo    bool         `json:"let_go,omitempty"`   // of an undo: what it undid is let go of instead
	Insist   bool         `json:"insist,omitempty"`   // tries what failed before its time; a reconciliation, and a run about one person, always do
	Only     []string     `json:"only,omitempty"`     // of insist: the names of those that it is for; none: all
	Attached bool         `json:"attached,omitempty"` // the run ends when the client leaves; else it goes on
}

// request gives the run that is meant.
func (b runBody) request() (sync.Request, error) {
	const op = "start a run"
	switch {
	case b.Kind != sync.Full && b.Kind != sync.Reconcile && b.Kind != sync.User && b.Kind != sync.Undo:
		return sync.Request{}, refusal(op, fmt.Sprintf("kind %q is none of %q, %q, %q and %q", b.Kind, sync.Full, sync.Reconcile, sync.User, sync.Undo), "")
	case (b.Kind == sync.User || b.Kind == sync.Undo) != (b.Subject != ""):
		return sync.Request{}, refusal(op, fmt.Sprintf("a run of kind %q or %q, and no other, is about a subject", sync.User, sync.Undo), "")
	case b.Kind != sync.Undo && b.LetGo:
		return sync.Request{}, refusal(op, fmt.Sprintf("only a run of kind %q lets go of anything", sync.Undo), "")
	case len(b.By) > maxBy:
		return sync.Request{}, refusal(op, fmt.Sprintf("by has %d bytes, at most %d are taken", len(b.By), maxBy), "")
	case len(b.Only) > 0 && (!b.Insist || b.Kind != sync.Full):
		return sync.Request{}, refusal(op, "only some are named, but the run doesn't insist on them alone", "send kind full and insist true with it")
	}
	return sync.Request{Kind: b.Kind, DryRun: b.DryRun, Subject: b.Subject, By: b.By, LetGo: b.LetGo, Insist: b.Insist || b.Kind != sync.Full, Only: b.Only, Attached: b.Attached, Cause: causeCommand}, nil
}

// decisionBody comes with an approval or a rejection.
type decisionBody struct {
	By     string   `json:"by"`               // who decides, in the client's words
	Only   []string `json:"only,omitempty"`   // as in sync.Verdict, likewise the others
	Except []string `json:"except,omitempty"` //
	Hash   string   `json:"hash,omitempty"`   //

	Attached bool `json:"attached,omitempty"` // of an approval: the run that follows ends when the client leaves
	Preview  bool `json:"preview,omitempty"`  // tells what would be decided, and decides nothing
}

func (b decisionBody) verdict(run string, d state.Decision) sync.Verdict {
	return sync.Verdict{Run: run, Decision: d, By: b.By, Only: b.Only, Except: b.Except, Hash: b.Hash, Preview: b.Preview}
}

// leaveBody ends somebody's grace.
type leaveBody struct {
	By       string `json:"by"`                 // who ends it, in the client's words
	Confirm  string `json:"confirm"`            // as in sync.AtOnce
	Attached bool   `json:"attached,omitempty"` // as in decisionBody
}

// Line is one answer, or one line of one. Exactly one member is set.
type Line struct {
	Decided  *sync.Decided       `json:"decided,omitempty"`
	Leaver   *sync.Leaver        `json:"leaver,omitempty"` // whose grace was ended
	Progress *sync.Progress      `json:"progress,omitempty"`
	Report   *sync.Report        `json:"report,omitempty"`
	Restored *sync.RestoreReport `json:"restored,omitempty"`
	Paused   *sync.PauseAnswer   `json:"paused,omitempty"`
	Linked   *sync.LinkAnswer    `json:"linked,omitempty"`
	Error    *Failure            `json:"error,omitempty"`

	Forgotten *sync.Forgotten `json:"forgotten,omitempty"`
}

// Failure is an error as it travels.
type Failure struct {
	Kind    string `json:"kind"` // one of fault's words
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// FailureOf gives err as it travels.
func FailureOf(err error) *Failure {
	return &Failure{Kind: fault.KindOf(err).String(), Message: err.Error(), Hint: fault.HintOf(err)}
}

// Fault gives the error back as it was classified on the other end.
func (f *Failure) Fault() error {
	kind := fault.Other
	for k := fault.Other; k <= fault.Fenced; k++ {
		if k.String() == f.Kind {
			kind = k
		}
	}
	return &fault.Error{Kind: kind, Op: f.Message, Hint: f.Hint}
}

// readBody reads one JSON object of known fields; an empty body is an empty object.
func readBody(w http.ResponseWriter, r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil && d.More() {
		err = errors.New("more than one JSON value")
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return &statusError{http.StatusRequestEntityTooLarge,
			refusal("read the request", fmt.Sprintf("the body is larger than %d bytes", maxBody), "")}
	}
	if err != nil {
		return refusal("read the request", "the body is not the JSON object expected: "+err.Error(), "")
	}
	return nil
}

func refusal(op, detail, hint string) error {
	return &fault.Error{Kind: fault.Refused, Op: op, Detail: detail, Hint: hint}
}
