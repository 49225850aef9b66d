package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// What is pushed and asked.
const (
	pushRename  = "a user is renamed"
	pushCreate  = "a new user"
	pushGroup   = "a new group"
	pushMember  = "one more member"
	pushMembers = "one more member, large group"
	askUser     = "GET of a user"
	askName     = "GET of a userName"
)

// How large the groups are, as parts of the company.
const (
	tenthOfAll = 10
	halfOfAll  = 2
)

const (
	scimUser  = "urn:ietf:params:scim:schemas:core:2.0:User"
	scimGroup = "urn:ietf:params:scim:schemas:core:2.0:Group"
	scimPatch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	attrsURN  = "urn:omni:params:1.0:UserAttribute"
	workURN   = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

// callers is how many requests are on their way at once where it is measured how
// many are answered in a second; blocks is into how many parts they are cut, so
// that both companies take turns.
const (
	callers = 8
	blocks  = 5
)

// caller pushes as Okta does, and beside it asks the same of Omni.
type caller struct {
	task
	client *http.Client
	ids    []string // SCIM ids, by the user's number
	few    []string // those of the small company
	result taken
}

func runCaller(ctx context.Context, t task) (taken, error) {
	c := &caller{task: t, client: &http.Client{Transport: newTransport(), Timeout: time.Minute},
		result: taken{Costs: map[string][]toll{}, Writes: map[string]int{}}}
	var err error
	if c.ids, err = idsOf(ctx, t.Record, t.Company.Users); err != nil {
		return taken{}, err
	}
	if c.few, err = idsOf(ctx, t.FewRecord, t.Few.Users); err != nil {
		return taken{}, err
	}
	for _, measure := range []func(context.Context) error{c.renames, c.creations, c.reads, c.members} {
		if err := measure(ctx); err != nil {
			return taken{}, err
		}
	}
	return c.result, nil
}

// idsOf finds the users' ids in the record of a first load.
func idsOf(ctx context.Context, record string, users int) ([]string, error) {
	recorded, err := loadMemory(record)
	if err != nil {
		return nil, err
	}
	ids := make([]string, users)
	for i := range ids {
		u, ok, err := state.Read[state.User](ctx, recorded, state.Users, userID(i))
		if err != nil || !ok {
			return nil, fmt.Errorf("user %d is not in %s: %w", i, record, err)
		}
		ids[i] = string(u.Omni)
	}
	return ids, nil
}

// ask sends one request, reads the whole answer, and tells how long that took.
func (c *caller) ask(ctx context.Context, method, at string, body any) (time.Duration, []byte, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return 0, nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+scimToken)
	req.Header.Set("Content-Type", "application/scim+json")
	began := time.Now()
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	took := time.Since(began)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s %.300s", method, at, resp.Status, got)
	}
	return took, got, err
}

func (c *caller) omni(path string) string { return c.At + "/api/scim/v2" + path }

// pair sends a push and the same to Omni, and keeps how long each took.
func (c *caller) pair(kind string, ours, bare func() (time.Duration, error)) error {
	took, err := ours()
	if err != nil {
		return err
	}
	alone, err := bare()
	c.result.Costs[kind] = append(c.result.Costs[kind], toll{took, alone})
	return err
}

// counted does the pairs of one kind, and notes how often the pushes wrote to Omni.
func (c *caller) counted(ctx context.Context, kind string, pairs int, do func(i int) error) error {
	before, err := tell(ctx, c.At, nil)
	if err != nil {
		return err
	}
	for i := range pairs {
		if err := do(i); err != nil {
			return err
		}
	}
	after, err := tell(ctx, c.At, nil)
	c.result.Writes[kind] += after[countWrites] - before[countWrites] - pairs
	return err
}

// renames gives users another name: every second one by PUT of the whole user, the
// others by PATCH. Omni alone is asked the PATCH that it is sent for that.
func (c *caller) renames(ctx context.Context) error {
	n := min(c.Pushes, c.Company.Users/2)
	name := func(i int) string { return fmt.Sprintf("Renamed %d %d", c.Turn, i) }
	for i := range n { // who was pushed before, as everybody was who is pushed
		if _, _, err := c.ask(ctx, http.MethodPut, c.Endpoint+scimPath+"/Users/"+c.ids[i], whole(i, "")); err != nil {
			return err
		}
	}
	return c.counted(ctx, pushRename, n, func(i int) error {
		return c.pair(pushRename, func() (took time.Duration, err error) {
			at := c.Endpoint + scimPath + "/Users/" + c.ids[i]
			if i%2 == 0 {
				took, _, err = c.ask(ctx, http.MethodPut, at, whole(i, name(i)))
			} else {
				took, _, err = c.ask(ctx, http.MethodPatch, at, replacing(map[string]any{"displayName": name(i)}))
			}
			return took, err
		}, func() (time.Duration, error) {
			took, _, err := c.ask(ctx, http.MethodPatch, c.omni("/Users/"+c.ids[len(c.ids)-1-i]), replacing(map[string]any{"displayName": name(i)}))
			return took, err
		})
	})
}

func replacing(value any) any {
	return map[string]any{"schemas": []string{scimPatch}, "Operations": []any{map[string]any{"op": "replace", "value": value}}}
}

// whole is a user as Okta pushes them. As in objects.go, everybody is in Germany.
func whole(i int, displayName string) map[string]any {
	p := newPerson(i)
	if displayName == "" {
		displayName = p.first + " " + p.last
	}
	return map[string]any{
		"schemas": []string{scimUser, workURN}, "userName": p.login, "externalId": p.id, "active": true, "displayName": displayName,
		"name":   map[string]any{"givenName": p.first, "familyName": p.last},
		"emails": []any{map[string]any{"value": p.login, "type": "work", "primary": true}},
		"title":  p.title, "addresses": []any{map[string]any{"type": "work", "country": "DE", "locality": p.city, "primary": true}},
		workURN: map[string]any{"department": p.department, "employeeNumber": fmt.Sprintf("%06d", i)},
	}
}

// creations push users whom nobody knows.
func (c *caller) creations(ctx context.Context) error {
	n := max(1, c.Pushes/4)
	return c.counted(ctx, pushCreate, n, func(i int) error {
		number := c.Company.Users + c.Turn*2*n + 2*i
		return c.pair(pushCreate, func() (time.Duration, error) {
			took, _, err := c.ask(ctx, http.MethodPost, c.Endpoint+scimPath+"/Users", whole(number, ""))
			return took, err
		}, func() (time.Duration, error) {
			p := newPerson(number + 1)
			took, _, err := c.ask(ctx, http.MethodPost, c.omni("/Users"), map[string]any{"schemas": []string{scimUser, attrsURN},
				"userName": p.login, "displayName": p.first + " " + p.last, "active": true,
				attrsURN: map[string]any{"department": p.department, "region": "DE", "employee": fmt.Sprintf("%06d", number+1)}})
			return took, err
		})
	})
}

// reads asks for users, callers at a time; of the large company and of the small
// one in turns. A toll is the time for each of a block's requests.
func (c *caller) reads(ctx context.Context) error {
	byID := func(at string, ids []string, i int) string { return at + scimPath + "/Users/" + ids[i*7919%len(ids)] }
	byName := func(at string, ids []string, i int) string {
		return at + scimPath + "/Users?startIndex=1&count=100&filter=" + url.QueryEscape(fmt.Sprintf("userName eq %q", newPerson(i*7919%len(ids)).login))
	}
	for kind, path := range map[string]func(string, []string, int) string{askUser: byID, askName: byName} {
		for block := range blocks {
			first := (c.Turn*blocks + block) * c.Pushes
			ours, err := c.block(ctx, first, func(i int) string { return path(c.Endpoint, c.ids, i) })
			if err != nil {
				return err
			}
			bare, err := c.block(ctx, first, func(i int) string { return path(c.Small, c.few, i) })
			if err != nil {
				return err
			}
			c.result.Costs[kind] = append(c.result.Costs[kind], toll{ours, bare})
		}
	}
	return nil
}

func (c *caller) block(ctx context.Context, first int, at func(i int) string) (time.Duration, error) {
	took, err := timed(func() error {
		all, within := errgroup.WithContext(ctx)
		all.SetLimit(callers)
		for i := range c.Pushes {
			all.Go(func() error {
				_, got, err := c.ask(within, http.MethodGet, at(first+i), nil)
				if err == nil && !bytes.Contains(got, []byte(`"userName"`)) {
					err = fmt.Errorf("%s answered %.300s", at(first+i), got)
				}
				return err
			})
		}
		return all.Wait()
	})
	return took / time.Duration(c.Pushes), err
}

// members puts one more user into a group of a tenth of the company and into one of
// half of it, and into groups as large of which Omni alone knows. Omni answers with
// all members, and whether it did what it was asked shows in the answer alone: so
// reading that is no part of what a push adds.
func (c *caller) members(ctx context.Context) error {
	n := max(1, c.Pushes/16)
	for kind, part := range map[string]int{pushMember: tenthOfAll, pushMembers: halfOfAll} {
		size := c.Company.Users / part
		pushed, ours, err := c.group(ctx, c.Endpoint+scimPath, fmt.Sprintf("bench %d", size), c.ids[:size])
		if err != nil {
			return err
		}
		alone, bare, err := c.group(ctx, c.omni(""), fmt.Sprintf("bench %d, Omni's own", size), c.ids[:size])
		if err != nil {
			return err
		}
		if kind == pushMembers && ours > 0 {
			c.result.Costs[pushGroup] = []toll{{ours, bare}}
		}
		err = c.counted(ctx, kind, n, func(i int) error {
			who := c.ids[size+(c.Turn*n+i)%(len(c.ids)-size)]
			edit := map[string]any{"schemas": []string{scimPatch}, "Operations": []any{
				map[string]any{"op": "add", "path": "members", "value": []identity.Ref{{ID: who}}}}}
			return c.pair(kind, func() (time.Duration, error) {
				took, _, err := c.ask(ctx, http.MethodPatch, c.Endpoint+scimPath+"/Groups/"+pushed, edit)
				return took, err
			}, func() (time.Duration, error) {
				took, got, err := c.ask(ctx, http.MethodPatch, c.omni("/Groups/"+alone), edit)
				if err != nil {
					return took, err
				}
				decoding, err := timed(func() error { return one[teamRecord](got) })
				return took + decoding, err
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// teamRecord has the fields that omniclient/records.go reads.
type teamRecord struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	Members     []struct {
		Value string `json:"value"`
	} `json:"members"`
}

// group gives the id of a group with these members. Where there is none it makes it,
// and tells how long that took.
func (c *caller) group(ctx context.Context, at, name string, members []string) (id string, took time.Duration, err error) {
	_, got, err := c.ask(ctx, http.MethodGet, at+"/Groups?filter="+url.QueryEscape(fmt.Sprintf("displayName eq %q", name)), nil)
	if err != nil {
		return "", 0, err
	}
	var list struct{ Resources []teamRecord }
	if err := json.Unmarshal(got, &list); err != nil {
		return "", 0, err
	}
	if len(list.Resources) > 0 {
		return list.Resources[0].ID, 0, nil
	}
	refs := make([]identity.Ref, len(members))
	for i, id := range members {
		refs[i].ID = id
	}
	took, got, err = c.ask(ctx, http.MethodPost, at+"/Groups", map[string]any{"schemas": []string{scimGroup}, "displayName": name, "members": refs})
	if err != nil {
		return "", 0, err
	}
	var made teamRecord
	err = json.Unmarshal(got, &made)
	return made.ID, took, err
}
