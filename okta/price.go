package okta

import "github.com/omnisync/omnisync/identity"

// Price is what asking about n objects in this way costs, as a part of what a
// minute allows: the requests that it takes, by the limit that Okta counts them in.
func (r *Reader) Price(q identity.Question, n int) float64 {
	switch q {
	case identity.AskUser:
		return r.pace.price("apps/*", n)
	case identity.AskUsers:
		return r.pace.price("apps/*", pagesOf(n, usersPage))
	case identity.AskGroup:
		return r.pace.price("groups/{id}", n)
	case identity.AskGroups:
		return r.pace.price("groups/*", pagesOf(n, groupsPage))
	case identity.AskOfUser:
		return r.pace.price("other", n)
	default:
		return r.pace.price("groups/*", pagesOf(n, membersPage))
	}
}

// How many objects a page of each list has.
const (
	usersPage   = 500
	groupsPage  = 200
	membersPage = 1000
)

// pagesOf counts pages; an empty list is one.
func pagesOf(n, page int) int { return max(1, (n+page-1)/page) }

// price is n requests by the limit of a bucket.
func (p *pace) price(name string, n int) float64 {
	b := p.bucket(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	return float64(n) / float64(max(1, b.limit))
}
