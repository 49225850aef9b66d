package sync

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// clocksDiffer is how far the clock of who asks may be ahead of ours.
const clocksDiffer = time.Minute

// AccessQuery asks who had access at a moment.
type AccessQuery struct {
	At      time.Time
	Subject string // one person, by a userName that they have or had, or by an id of either side; "" for everybody
}

// AccessAnswer tells who had access at a moment. Without a subject it lists who had, and
// who may have had; where the log isn't whole it lists only who had.
type AccessAnswer struct {
	At      time.Time `json:"at"`
	Whole   bool      `json:"whole"`          // the log reaches back so far: who isn't listed had no access
	Since   time.Time `json:"since,omitzero"` // the oldest line of the ledger's log; zero: there is none
	People  []Access  `json:"people"`
	Unknown int       `json:"unknown"` // how many people are known of whom it isn't known, listed or not
}

// Access tells who had access at a moment, from the provisioning log, and from the archive
// where that reaches further back. It knows what this connection did, not what others did
// in Omni.
func (e *Engine) Access(ctx context.Context, q AccessQuery) (AccessAnswer, error) {
	now := time.Now()
	if q.At.After(now.Add(clocksDiffer)) {
		return AccessAnswer{}, &fault.Error{Kind: fault.Refused, Op: "tell who had access at " + q.At.UTC().Format(time.RFC3339), Detail: "that is yet to come",
			Hint: "syncd leavers tells who is on the way out"}
	}
	if q.At.After(now) {
		q.At = now
	}
	p, err := e.past(ctx, q.At)
	if err != nil {
		return AccessAnswer{}, err
	}
	answer := AccessAnswer{At: q.At.UTC(), Whole: p.whole(q.At), Since: p.since, People: []Access{}}
	var who identified
	if q.Subject != "" {
		who = p.identified(q.Subject)
	}
	for _, a := range p.accesses(q.At) {
		if q.Subject != "" && !who.ids[a.OktaID] && a.OmniID != q.Subject {
			continue
		}
		if a.Access == NotKnown {
			answer.Unknown++
		}
		if q.Subject != "" || a.Access == HadAccess || a.Access == NotKnown && answer.Whole {
			answer.People = append(answer.People, a)
		}
	}
	return answer, nil
}

// identified finds the Okta ids of a subject: of everybody who ever had the name.
func (p past) identified(subject string) identified {
	f := HistoryFilter{Subject: subject}
	who := f.identified(p.lines)
	who.ids[subject] = true
	name := identity.FoldUserName(subject)
	for id, u := range p.now {
		if identity.FoldUserName(u.UserName) == name || string(u.Omni) == subject {
			who.ids[string(id)] = true
		}
	}
	same := p.merged()
	for _, c := range p.lines {
		if id, ok := same[c.OmniID]; ok && who.ids[c.OktaID] && isOwn(c.OktaID) {
			who.ids[string(id)] = true
		}
	}
	return who
}

// past reads what the answer rests on. The ledger's records are read before the log: what is
// changed meanwhile has its line then, and that is after the moment.
func (e *Engine) past(ctx context.Context, at time.Time) (past, error) {
	p := past{now: map[identity.OktaID]state.User{}}
	if err := collect(ctx, e.o.Store, state.Users, p.now); err != nil {
		return p, err
	}
	var err error
	if p.lines, p.since, err = e.wholeLog(ctx); err != nil || p.whole(at) {
		return p, err
	}
	older, err := e.archivedBefore(p.since)
	p.lines = append(older, p.lines...)
	return p, err
}

// wholeLog gives the lines of the ledger's log, the oldest first, and when that was written;
// zero where there is none.
func (e *Engine) wholeLog(ctx context.Context) (lines []state.Change, since time.Time, err error) {
	lines, err = state.Newest[state.Change](ctx, e.o.Store, state.Log, state.Log.Keep())
	slices.Reverse(lines)
	if len(lines) > 0 {
		since = lines[0].Time
	}
	return lines, since, err
}

// archivedBefore gives the lines of the archive that are older than the ledger's log; all,
// where that is empty.
func (e *Engine) archivedBefore(since time.Time) (lines []state.Change, err error) {
	for r, err := range e.o.Archive.Records() {
		if err != nil {
			return nil, fmt.Errorf("read the archive for what the log doesn't tell: %w", err)
		}
		if r.Kind != state.ArchivedChange {
			continue
		}
		var c state.Change
		if !readInto(r.Record, &c) {
			return nil, &fault.Error{Kind: fault.Refused, Op: "read the archive for what the log doesn't tell",
				Detail: "a line of " + r.Time.UTC().Format(time.RFC3339) + " is no change"}
		}
		if since.IsZero() || c.Time.Before(since) {
			lines = append(lines, c)
		}
	}
	return lines, nil
}
