package omniclient

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

const (
	opDefinitions   = "list Omni's user attributes"
	hintDefinitions = "Reading the definitions of user attributes is for Org Admins and who may manage user attributes: make the key as one of these, in Omni under Settings > API access."
)

// definitionList is the answer to the question for the definitions. It has no
// pages; should a newer Omni cut it, that is told as in its other v1 lists.
// Source: docs.omni.co/api (user attributes).
type definitionList struct {
	Records *[]struct {
		Name     string          `json:"name"`
		Type     string          `json:"type"`
		Multiple bool            `json:"multiple_values"`
		System   bool            `json:"system"`
		Default  json.RawMessage `json:"default_value"`
	} `json:"records"`
	Page struct {
		More bool `json:"hasNextPage"`
	} `json:"pageInfo"`
}

func askDefinitions() request {
	return request{op: opDefinitions, method: http.MethodGet, path: "../../v1/user-attributes", apart: true}
}

// definitions converts the list. Omni's own attributes are always in it, so that an
// empty list, like one that is cut, would make attributes look undefined.
func (l definitionList) definitions() ([]identity.Definition, error) {
	switch {
	case l.Records == nil:
		return nil, &fault.Error{Kind: fault.Doubt, Op: opDefinitions, Detail: "the answer is no list"}
	case l.Page.More || len(*l.Records) == 0:
		return nil, &fault.Error{Kind: fault.Doubt, Op: opDefinitions, Detail: "the list is empty or cut"}
	}
	list := make([]identity.Definition, len(*l.Records))
	for i, r := range *l.Records {
		if r.Name == "" {
			return nil, &fault.Error{Kind: fault.Doubt, Op: opDefinitions, Detail: "the list holds an attribute without a name"}
		}
		list[i] = identity.Definition{Name: r.Name, Number: strings.EqualFold(r.Type, "Number"), Multiple: r.Multiple, System: r.System, Default: decodeValue(r.Default)}
	}
	return list, nil
}

// Definitions lists how Omni defines user attributes, its own included, in one
// request. From then on what Omni shows after a write is compared by them: a
// cleared attribute may show its default. A key that may not ask this may do
// everything else all the same.
func (c *Client) Definitions(ctx context.Context) ([]identity.Definition, error) {
	var l definitionList
	if _, err := c.ask(ctx, askDefinitions(), &l); err != nil {
		return nil, explained(err)
	}
	list, err := l.definitions()
	if err != nil {
		return nil, err
	}
	all := identity.DefinitionsOf(list)
	c.defined.Store(&all)
	return list, nil
}

// explained gives a refusal the hint that goes with this question.
func explained(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Unauthorized {
		return err
	}
	told := *f
	told.Hint = hintDefinitions
	return &told
}

// definitions are the newest that were read; nil for none.
func (c *Client) definitions() identity.Definitions {
	if all := c.defined.Load(); all != nil {
		return *all
	}
	return nil
}
