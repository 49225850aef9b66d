package omniclient

import (
	"context"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

const (
	// fewOwners is up to how many owners are asked about one by one: Omni counts for each.
	fewOwners = 5
	// mostSchedules is up to how many the list of all is read, 100 with a request.
	mostSchedules = 5000
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

// countAll reads the list of all schedules, where it isn't too long for that.
func (c *Client) countAll(ctx context.Context, owners []identity.OmniID, count map[identity.OmniID]int) error {
	type record struct {
		ID    string          `json:"id"`
		Owner identity.OmniID `json:"ownerId"`
	}
	list, err := whole(ctx, c, v1Listing[record]{what: "schedules", most: mostSchedules,
		id: func(r record) string { return r.ID }, wrong: func(record) string { return "" }})
	if err != nil {
		return err
	}
	for _, id := range owners {
		count[id] = 0
	}
	for _, s := range list {
		if _, asked := count[s.Owner]; asked {
			count[s.Owner]++
		}
	}
	return nil
}
