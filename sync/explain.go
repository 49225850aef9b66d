package sync

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"go.uber.org/zap"
)

// Explanation is the answer to why somebody has access, or hasn't, or why a group is as
// it is: facts for programs, and sentences that may be sent on.
type Explanation struct {
	Subject string `json:"subject"` // as it was asked for
	Kind    string `json:"kind"`    // person, group
	Name    string `json:"name"`    // the username, or Okta's name of the group
	OktaID  string `json:"oktaId,omitempty"`
	OmniID  string `json:"omniId,omitempty"`
	Access  string `json:"access,omitempty"` // of a person: yes, no, unknown

	Answer    string `json:"answer"`    // in one sentence
	Cause     string `json:"cause"`     // the part of it that tells why
	Sentences []Step `json:"sentences"` // what the answer rests on, in order
	Next      string `json:"next"`      // what to do

	Person  *PersonFacts    `json:"person,omitempty"`
	Leaver  *Leaver         `json:"leaver,omitempty"` // where they are on the way out
	Group   *GroupFacts     `json:"group,omitempty"`
	Planned []state.Change  `json:"planned"` // what a run would do about them now, or leave undone and why
	Held    []state.Hold    `json:"held"`    // what waits for a person, and what a person said
	Failing []state.Failure `json:"failing"`
	Changes []state.Change  `json:"changes"` // the last, the newest first
	Unread  []string        `json:"unread"`  // what couldn't be asked, and why
}

// PersonFacts is what the sides say of a person.
type PersonFacts struct {
	Found      string             `json:"found"`    // by what the subject names them
	Assigned   bool               `json:"assigned"` // to the app
	Scope      string             `json:"scope"`    // USER, GROUP
	Through    []string           `json:"through"`  // groups of theirs that are assigned to the app
	Status     string             `json:"status"`   // of the app user
	Account    string             `json:"account"`  // of the Okta user
	InScope    *bool              `json:"inScope"`  // null where it isn't known
	Managed    bool               `json:"managed"`  // an account in Omni is linked to them
	Active     *bool              `json:"active"`   // of the account in Omni; null where there is none, or it isn't known
	Wanted     *identity.User     `json:"wanted"`   // what Omni is to have; null where that is nothing, or isn't known
	Omni       *identity.User     `json:"omni"`     // what it has
	Attributes []AttributeOnSides `json:"attributes"`
	Groups     []Place            `json:"groups"`
}

// AttributeOnSides is one value as Omni has it, and as Okta's profile and the mapping
// give it. Null is no value.
type AttributeOnSides struct {
	Name   string          `json:"name"`
	Omni   *identity.Value `json:"omni"`
	Wanted *identity.Value `json:"wanted"`
	Same   bool            `json:"same"`
	Kept   bool            `json:"kept"` // left alone since the account was adopted
}

// oktaUser begins the id of a user in Okta.
const oktaUser = "00u"

// lastChanges is how many changes an explanation tells.
const lastChanges = 5

// Explain answers about a person, or a group, from Okta, Omni and the ledger. It writes
// nothing anywhere. A side that can't be asked is told, and the rest is answered;
// fault.NotFound where all of them answered and nobody knows the subject.
func (e *Engine) Explain(ctx context.Context, subject string) (Explanation, error) {
	subject, ctx = strings.TrimSpace(subject), identity.WithLane(ctx, identity.LanePush) // somebody waits
	person := func() (Explanation, error) { return e.explainPerson(ctx, subject) }
	group := func() (Explanation, error) { return e.explainGroup(ctx, subject) }
	ways := []func() (Explanation, error){group, person}
	if strings.Contains(subject, "@") || strings.HasPrefix(subject, oktaUser) {
		slices.Reverse(ways)
	}
	x, err := ways[0]()
	if !fault.Is(err, fault.NotFound) {
		return x, err
	}
	x, second := ways[1]()
	if fault.Is(second, fault.NotFound) {
		return Explanation{}, unknown(subject)
	}
	return x, second
}

func unknown(subject string) error {
	err := &fault.Error{}
	if errors.As(nobody(subject), &err) {
		err.Detail += "; nor is there a group of this name"
	}
	return err
}

// explainPerson makes a dry user run, and tells it in sentences.
func (e *Engine) explainPerson(ctx context.Context, subject string) (Explanation, error) {
	run := e.begin(Request{Kind: User, DryRun: true, Insist: true, Subject: subject})
	run.logger = zap.NewNop() // nothing happens that a log is for
	d, err := e.open(ctx, run)
	d.explains = true
	switch {
	case fault.Is(err, fault.NotFound), ctx.Err() != nil, d.id == "" && err != nil:
		return Explanation{}, err
	case err != nil:
		d.passErr = err
	case d.id != "":
		_, d.passErr = e.pass(ctx, run)
	}
	d.learn(e)
	if d.passErr != nil {
		if err := e.recallFor(ctx, d); err != nil {
			return Explanation{}, err
		}
	}
	if err := e.leaverOf(ctx, d); err != nil {
		return Explanation{}, err
	}
	return e.explanation(ctx, d)
}

// recallFor reads the person's part of the ledger for an explanation without a run, and
// asks Omni all the same.
func (e *Engine) recallFor(ctx context.Context, d *dossier) error {
	l := newLedger()
	d.run.ledger, d.run.person = l, d
	err := l.recall(ctx, e.o.Store, false)
	if err == nil {
		err = l.fetchMarks(ctx, e.o.Store)
	}
	if err == nil {
		err = l.fetch(ctx, e.o.Store, map[identity.OktaID]bool{d.id: true})
	}
	if err == nil {
		err = e.correctPerson(ctx, d.run)
	}
	if d.omniErr != nil {
		err = nil // it is told
	}
	return err
}

// explanation puts together what is told of a person.
func (e *Engine) explanation(ctx context.Context, d *dossier) (Explanation, error) {
	v := d.verdict()
	x := Explanation{Subject: d.subject, Kind: "person", Name: d.userName(), OktaID: string(d.id), OmniID: firstOf(string(d.record().Omni), string(d.account.ID)),
		Access: v.access, Cause: v.cause, Next: v.next, Answer: d.answer(v), Person: d.facts(), Leaver: d.out,
		Planned: []state.Change{}, Held: []state.Hold{}, Failing: []state.Failure{}, Unread: d.unread()}
	for _, c := range d.run.results {
		x.Planned = append(x.Planned, d.run.told(c))
	}
	d.waiting(&x)
	changes, err := e.History(ctx, HistoryFilter{Subject: firstOf(string(d.id), d.userName()), Limit: lastChanges})
	if err != nil {
		return x, err
	}
	x.Changes = changes
	x.Sentences = d.sentences(x)
	return x, nil
}

// unread tells what couldn't be asked.
func (d *dossier) unread() []string {
	list := []string{}
	for _, side := range []struct {
		what string
		err  error
	}{{"Okta", d.oktaErr}, {"Okta's groups", d.groupErr}, {"Omni", d.omniErr}} {
		if side.err != nil {
			list = append(list, side.what+": "+side.err.Error())
		}
	}
	return list
}

// waiting adds what the ledger has of what waits and what fails.
func (d *dossier) waiting(x *Explanation) {
	l := d.run.ledger
	for key, h := range l.Holds {
		if slices.Contains(subjectsOf(key), userSubject(d.id)) && h.Run != d.run.id {
			x.Held = append(x.Held, h)
		}
	}
	slices.SortFunc(x.Held, func(a, b state.Hold) int {
		return strings.Compare(a.Change.Kind+a.Change.Group+a.Run, b.Change.Kind+b.Change.Group+b.Run)
	})
	if f, fails := l.Failing[userSubject(d.id)]; fails {
		x.Failing = append(x.Failing, f)
	}
}
