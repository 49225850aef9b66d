package omniclient

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

const (
	// fewOwners is up to how many owners are asked about one by one: Omni counts for each.
	fewOwners = 5
	// mostPages bounds how much of the list of all schedules is read: 100 on a page.
	mostPages = 50
)

// Schedules counts how many schedules each of the accounts owns. About many it reads
// the list of all, which costs a request for each hundred schedules. fault.Doubt when
// an answer can't be right, or the list is longer than 5,000.
func (c *Client) Schedules(ctx context.Context, owners []identity.OmniID) (map[identity.OmniID]int, error) {
	count := make(map[identity.OmniID]int, len(owners))
	if len(owners) > fewOwners {
		return count, c.countAll(ctx, owners, count)
	}
	for _, id := range owners {
		n, err := c.owned(ctx, "schedules", "ownerId", id)
		if err != nil && !fault.Is(err, fault.NotFound) { // whom Omni doesn't know owns nothing
			return nil, err
		}
		count[id] = n
	}
	return count, nil
}

// schedulePage is one page of Omni's list of schedules.
type schedulePage struct {
	Info struct {
		More  bool    `json:"hasNextPage"`
		Next  *string `json:"nextCursor"`
		Total *int    `json:"totalRecords"`
	} `json:"pageInfo"`
	Records []struct {
		ID    string          `json:"id"`
		Owner identity.OmniID `json:"ownerId"`
	} `json:"records"`
}

func (c *Client) countAll(ctx context.Context, owners []identity.OmniID, count map[identity.OmniID]int) error {
	const op = "list Omni schedules"
	doubt := func(format string, args ...any) error {
		return &fault.Error{Kind: fault.Doubt, Op: op, Detail: fmt.Sprintf(format, args...)}
	}
	for _, id := range owners {
		count[id] = 0
	}
	seen := map[string]bool{}
	query := url.Values{"pageSize": {"100"}}
	for range mostPages {
		var page schedulePage
		if _, err := c.ask(ctx, request{op: op, method: http.MethodGet, path: v1 + "schedules", query: query, apart: true}, &page); err != nil {
			return err
		}
		if page.Info.Total == nil {
			return doubt("the answer is no list")
		}
		for _, s := range page.Records {
			if _, asked := count[s.Owner]; asked && !seen[s.ID] {
				count[s.Owner]++
			}
			seen[s.ID] = true
		}
		switch {
		case page.Info.More && page.Info.Next != nil && len(page.Records) > 0:
			query.Set("cursor", *page.Info.Next)
		case len(seen) < *page.Info.Total:
			return doubt("the list ends after %d of %d entries", len(seen), *page.Info.Total)
		default:
			return nil
		}
	}
	return doubt("there are more than %d", mostPages*100)
}
