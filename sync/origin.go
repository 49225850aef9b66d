package sync

import (
	"slices"
	"strings"

	"github.com/omnisync/omnisync/identity"
)

// pages are the answers of one list, so that what one of them listed costs a
// number and no text.
type pages []identity.Origin

// number gives the number of the page that is being read.
func (p *pages) number(from identity.Origin) int32 {
	if len(*p) == 0 || p.last() != from {
		*p = append(*p, from)
	}
	return int32(len(*p) - 1)
}

func (p pages) at(number int32) identity.Origin {
	if 0 <= number && int(number) < len(p) {
		return p[number]
	}
	return ""
}

// last is where the list ended: what it doesn't hold, it says there.
func (p pages) last() identity.Origin { return p.at(int32(len(p) - 1)) }

// rollcall is where Okta told the members of a group.
type rollcall struct {
	pages  pages
	joined []int32                             // the page of each of Crowd.Joined; nil where there is but one
	proofs map[identity.OktaID]identity.Origin // where it said of those who left, and were asked for, that they did
}

// of keeps the pages of those who joined.
func (p pages) of(joined []identity.OktaID, page map[identity.OktaID]int32) rollcall {
	l := rollcall{pages: p}
	if len(p) > 1 {
		l.joined = make([]int32, len(joined))
		for i, id := range joined {
			l.joined[i] = page[id]
		}
	}
	return l
}

// origin is where Okta told what the change rests on. Of members there may be
// many, told in many places: then it is the place of the first of those who go,
// else of those who come.
func (d Desired) origin(c Change) identity.Origin {
	if c.User != "" {
		if event, told := d.Departed[c.User]; told {
			return event
		}
		p, _ := d.person(c.User)
		return p.Origin
	}
	g, chosen := d.Groups[c.Group]
	switch {
	case !chosen:
		return d.Chosen
	case c.Kind == Create || c.Kind == Adopt:
		return g.Chosen
	case c.Kind == Members:
		return d.ofMembers(g, c)
	default:
		return g.Told
	}
}

func (d Desired) ofMembers(g Crowd, c Change) identity.Origin {
	for _, id := range c.Drop {
		if proof := g.Listed.proofs[id]; proof != "" {
			return proof
		}
	}
	for _, id := range c.Drop {
		if _, left := slices.BinarySearch(g.Left, id); left && len(g.Listed.pages) > 0 {
			return g.Listed.pages.last()
		}
	}
	for _, id := range c.Add {
		if i, joined := slices.BinarySearch(g.Joined, id); joined {
			return g.page(i)
		}
	}
	for _, need := range c.Needs { // a member all along, who gets an account now
		if id, user := strings.CutPrefix(need, userSubject("")); user {
			p, _ := d.person(identity.OktaID(id))
			return p.Origin
		}
	}
	return g.Told
}

// page is where Okta told of the one at place i of Joined.
func (g Crowd) page(i int) identity.Origin {
	if i < len(g.Listed.joined) {
		return g.Listed.pages.at(g.Listed.joined[i])
	}
	return g.Listed.pages.at(0)
}
