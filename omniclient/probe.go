package omniclient

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// Probe asks single questions with one key at a time, to find out what each key
// may do. It shares neither allowance nor retries with a Client: a probe is one
// page, tried again only while Omni asks to slow down, as it does while a daemon
// uses the allowance to the full. Keys are counted from 1. It may be used by one
// goroutine at a time.
type Probe struct {
	client  *Client
	sent    int
	limited int
}

// NewProbe makes a Probe. It sends nothing.
func NewProbe(o Options) (*Probe, error) {
	c, err := New(o)
	if err != nil {
		return nil, err
	}
	return &Probe{client: c}, nil
}

// Keys is how many keys there are.
func (p *Probe) Keys() int { return len(p.client.keys.read) }

// Sent is how many requests went out.
func (p *Probe) Sent() int { return p.sent }

// Limited is how many requests Omni answered with 429.
func (p *Probe) Limited() int { return p.limited }

// WhoAmI tells whose the key is: the scope, "organization" or "user", and the
// organization's id. An Omni that is older than the question answers fault.NotFound.
// Source: docs.omni.co/api/who-am-i.
func (p *Probe) WhoAmI(ctx context.Context, key int) (scope, organization string, err error) {
	var who whoAmI
	err = p.ask(ctx, key, askWhoAmI(), &who)
	return who.Scope, who.Organization, err
}

// Users gives how many users there are, and the first page of them, at most most.
func (p *Probe) Users(ctx context.Context, key, most int) (int, []identity.Account, error) {
	records, total, err := probed(ctx, p, key, userListing(), url.Values{"count": {strconv.Itoa(most)}})
	var accounts []identity.Account
	for _, r := range records {
		a, e := r.account()
		if e != nil && err == nil {
			err = &fault.Error{Kind: fault.Doubt, Op: "list Omni users", Err: e}
		}
		accounts = append(accounts, a)
	}
	return total, accounts, err
}

// Find gives who has the userName, active or not. Omni's filter is documented to ignore
// letter case; one that doesn't is asked for the lower case too, and no list is read.
func (p *Probe) Find(ctx context.Context, key int, userName string) (identity.Account, error) {
	const op = "find Omni user"
	l := userListing()
	names := []string{userName}
	if lower := strings.ToLower(userName); lower != userName {
		names = append(names, lower)
	}
	for _, name := range names {
		records, _, err := probed(ctx, p, key, l, url.Values{"filter": {equals(l.field, name)}})
		if err != nil {
			return identity.Account{}, err
		}
		for _, r := range records {
			if identity.FoldUserName(r.UserName) == identity.FoldUserName(userName) {
				return accountOf(op, r)
			}
		}
	}
	return identity.Account{}, &fault.Error{Kind: fault.NotFound, Op: op, Detail: "no user has the userName " + clip(userName)}
}

// Groups gives how many groups there are.
func (p *Probe) Groups(ctx context.Context, key int) (int, error) {
	_, total, err := probed(ctx, p, key, groupListing(), url.Values{"count": {"1"}, "excludedAttributes": {"members"}})
	return total, err
}

// Definitions lists how Omni defines user attributes, its own included.
func (p *Probe) Definitions(ctx context.Context, key int) ([]identity.Definition, error) {
	var l definitionList
	if err := p.ask(ctx, key, askDefinitions(), &l); err != nil {
		return nil, err
	}
	return l.definitions()
}

// probed reads the first page of a list.
func probed[R any](ctx context.Context, p *Probe, key int, l listing[R], query url.Values) ([]R, int, error) {
	op := "list Omni " + l.what
	query.Set("startIndex", "1")
	var answer page
	if err := p.ask(ctx, key, request{op: op, path: l.path, query: query}, &answer); err != nil {
		return nil, 0, err
	}
	if answer.Total == nil || *answer.Total < 0 || answer.Resources == nil && *answer.Total > 0 {
		return nil, 0, &fault.Error{Kind: fault.Doubt, Op: op, Detail: "the answer is no list"}
	}
	if answer.Resources == nil {
		return nil, 0, nil
	}
	var records []R
	for _, raw := range *answer.Resources {
		var r R
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, 0, &fault.Error{Kind: fault.Doubt, Op: op, Err: err}
		}
		records = append(records, r)
	}
	return records, *answer.Total, nil
}

const (
	probeTries = 3 // of a question that Omni answers with 429, or that breaks on the way
	probeRest  = 3 * time.Second
	probeMost  = 20 * time.Second // that Omni may ask to wait
)

// ask sends one question with one key.
func (p *Probe) ask(ctx context.Context, key int, r request, out any) error {
	values, unreadable := p.client.keys.resolve()
	value := values[key-1]
	if value == "" {
		return &fault.Error{Kind: fault.Unauthorized, Op: r.op, Hint: hintKey, Err: unreadable}
	}
	r.method = http.MethodGet
	for try := 1; ; try++ {
		p.sent++
		a, err := p.client.exchange(ctx, r, value)
		if err == nil {
			return decodeAnswer(r.op, a, out)
		}
		rest := probeRest
		switch {
		case fault.Is(err, fault.Limited):
			p.limited++
			rest = max(rest, after(err))
		case !fault.Is(err, fault.Unavailable) || fault.HintOf(err) != "": // what has a hint won't end by itself
			return err
		}
		if try == probeTries || rest > probeMost || sleep(ctx, rest) != nil {
			return err
		}
	}
}

func decodeAnswer(op string, a answer, out any) error {
	if err := json.Unmarshal(a.body, out); err != nil {
		return &fault.Error{Kind: fault.Doubt, Op: op, Detail: "Omni's answer has another form than its description says"}
	}
	return nil
}
