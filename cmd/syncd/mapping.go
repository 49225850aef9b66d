package main

import (
	"context"
	"slices"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/mapping"
	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) mappingCommand() *cobra.Command {
	parent := &cobra.Command{Use: "mapping", Short: "Try the expressions of the configuration"}
	parent.AddCommand(&cobra.Command{
		Use:   "test EMAIL",
		Short: "Show, for a real user, what each expression reads and gives; writes nothing",
		Long: "Reads one user from Okta, by their app username or their login, and shows each expression of the configuration that is\n" +
			"about users, what it reads and what it gives, and the user that Omni would receive. It writes nothing, and may be called\n" +
			"while a daemon runs, whose configuration may be another one.\n\n" +
			"Exits with 1 when nobody of that name is assigned to the app, with 3 when an expression fails.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completes(sync.NamesOfUsers, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.mappingTest(cmd.Context(), args[0]) },
	})
	parent.Args = cobra.NoArgs // a wrong word is wrong usage, not a call for help
	parent.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return parent
}

// mapped is the JSON document of mapping test.
type mapped struct {
	Name        string          `json:"userName"`
	ID          identity.OktaID `json:"oktaId"`
	Status      string          `json:"status"`   // of the app user
	Account     string          `json:"account"`  // of the Okta user
	Standing    string          `json:"standing"` // what the two together mean
	Groups      *mappedGroups   `json:"groups"`   // null where no expression reads them
	Expressions []mappedBy      `json:"expressions"`
	InScope     *bool           `json:"inScope"` // null where that isn't known
	User        *identity.User  `json:"user"`    // what Omni would receive; null where that is nothing
	Problem     *mappedProblem  `json:"problem"` // why Omni would receive nothing although the user is in scope
}

// mappedGroups is what the variable groups holds.
type mappedGroups struct {
	Names  []string `json:"names"`
	Synced bool     `json:"synced"` // only those that the ledger knows as synced
	Note   string   `json:"note"`   // why they are all that the user is in
}

// mappedBy is one expression with what it reads and gives.
type mappedBy struct {
	Key     string         `json:"key"`
	Text    string         `json:"text"`
	Inputs  []mappedInput  `json:"inputs"`
	Result  any            `json:"result"`
	Problem *mappedProblem `json:"problem"`
}

type mappedInput struct {
	Path    string `json:"path"`
	Value   any    `json:"value"`
	Present bool   `json:"present"`
	Whole   bool   `json:"whole"` // a variable of which the expression chooses the field; its value isn't told
}

type mappedProblem struct {
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

func problemOf(err error) *mappedProblem {
	if err == nil {
		return nil
	}
	return &mappedProblem{err.Error(), fault.HintOf(err)}
}

func (a *app) mappingTest(ctx context.Context, name string) error {
	c, err := a.load(configs.Secrets, expressions)
	if err != nil {
		return err
	}
	if !c.Okta.Auth.IsSet() {
		return &fault.Error{Op: "mapping test", Detail: "there is no credential to read Okta with",
			Hint: "set okta.auth; without it, expressions see what Okta pushes alone"}
	}
	m, problems := mapping.Compile(rules(c))
	if len(problems) > 0 {
		return &configs.Invalid{Faults: faultsOf(problems)}
	}
	reader, err := okta.New(oktaOptions(c.Okta))
	if err != nil {
		return err
	}
	doc, err := tryMapping(ctx, m, parts{config: c, okta: reader}, name)
	if err != nil {
		return err
	}
	if a.json {
		err = a.document(doc)
	} else {
		err = a.print(func(p *printer) { p.mapped(doc) })
	}
	if err != nil {
		return err
	}
	return exit(doc.status())
}

// tryMapping reads the user, and the groups where an expression reads them.
func tryMapping(ctx context.Context, m *mapping.Mapper, p parts, name string) (mapped, error) {
	user, err := p.okta.FindAssignment(ctx, name)
	if err != nil {
		return mapped{}, err
	}
	doc := mapped{Name: user.UserName, ID: user.ID, Status: user.Status, Account: user.Account, Standing: user.Standing().String()}
	if m.UsesGroups() {
		groups, err := p.groupsOf(ctx, user.ID)
		if err != nil {
			return mapped{}, err
		}
		doc.Groups, user.Groups = &groups, groups.Names
	}
	list, err := m.Explain(user)
	if err != nil {
		return mapped{}, err
	}
	for _, e := range list {
		by := mappedBy{Key: e.Key, Text: e.Text, Inputs: []mappedInput{}, Result: e.Result, Problem: problemOf(e.Err)}
		for _, i := range e.Inputs {
			by.Inputs = append(by.Inputs, mappedInput(i))
		}
		doc.Expressions = append(doc.Expressions, by)
	}
	if inScope, known := list[0].Result.(bool); known {
		doc.InScope = &inScope
	}
	u, in, err := m.Map(user)
	if err == nil && in {
		err = identity.CheckUserName(u.UserName)
	}
	doc.Problem = problemOf(err)
	if err == nil && in {
		doc.User = &u
	}
	return doc, nil
}

// status is that of a run with this user alone.
func (d mapped) status() int {
	failed := slices.ContainsFunc(d.Expressions, func(e mappedBy) bool { return e.Problem != nil })
	if failed || d.Problem != nil {
		return exitChanges
	}
	return exitDone
}
