package omniclient

import (
	"context"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

const (
	// fewOwners is up to how many owners are asked about one by one.
	fewOwners = 5
	// mostListed is up to how many entries the list of all is read, 100 with a request.
	mostListed = 5000
)

// Schedules counts the schedules that each of the accounts owns, and who gets them.
// About many it reads the list of all, which costs a request for each hundred
// schedules. fault.Doubt when an answer can't be right, or that list is longer than
// 5,000.
func (c *Client) Schedules(ctx context.Context, owners []identity.OmniID) (map[identity.OmniID]identity.Deliveries, error) {
	count := make(map[identity.OmniID]identity.Deliveries, len(owners))
	for _, id := range owners {
		count[id] = identity.Deliveries{}
	}
	add := func(owner identity.OmniID, people int) {
		if d, asked := count[owner]; asked {
			count[owner] = identity.Deliveries{Schedules: d.Schedules + 1, People: d.People + people}
		}
	}
	if len(owners) > fewOwners {
		list, err := whole(ctx, c, v1Listing[scheduleRecord]{what: "schedules", most: mostListed,
			id: func(r scheduleRecord) string { return string(r.ID) }, wrong: func(scheduleRecord) string { return "" }})
		for _, r := range list {
			add(r.Owner, max(0, r.Recipients))
		}
		return count, err
	}
	for _, id := range owners {
		list, err := c.OwnedSchedules(ctx, id)
		if err != nil && !fault.Is(err, fault.NotFound) { // whom Omni doesn't know owns nothing
			return nil, err
		}
		for _, s := range list {
			add(s.Owner, s.People)
		}
	}
	return count, nil
}

// Documents counts the documents that each of the accounts owns, as Schedules does.
func (c *Client) Documents(ctx context.Context, owners []identity.OmniID) (map[identity.OmniID]int, error) {
	count := make(map[identity.OmniID]int, len(owners))
	for _, id := range owners {
		count[id] = 0
	}
	if len(owners) > fewOwners {
		list, err := whole(ctx, c, v1Listing[documentRecord]{what: "documents", most: mostListed,
			id: func(r documentRecord) string { return string(r.ID) }, wrong: func(documentRecord) string { return "" }})
		for _, r := range list {
			if _, asked := count[r.Owner.ID]; asked {
				count[r.Owner.ID]++
			}
		}
		return count, err
	}
	for _, id := range owners {
		list, err := c.OwnedDocuments(ctx, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		count[id] = len(list)
	}
	return count, nil
}
