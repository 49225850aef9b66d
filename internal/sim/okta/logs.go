package okta

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// How far back the System Log answers: by itself, at all, and at most before a query is refused.
const (
	logDefault = 7 * 24 * time.Hour
	logKept    = 90 * 24 * time.Hour
	logMost    = 180 * 24 * time.Hour
)

// logQuery is a query of the System Log that was understood. A polling one has no end: neither until nor a
// descending order. It is ordered by persistence; a bounded one by what published says.
type logQuery struct {
	polling    bool
	descending bool
	since      time.Time // exclusive
	until      time.Time
	after      *logCursor
	limit      int
	accept     filter
}

// logCursor is where a page ended: by persistence in a polling query, by published in a bounded one. Nothing comes
// twice and nothing is left out: at one time the place decides.
type logCursor struct {
	at    time.Time
	place uint64
}

func (c logCursor) compare(other logCursor) int {
	if order := c.at.Truncate(time.Millisecond).Compare(other.at.Truncate(time.Millisecond)); order != 0 {
		return order
	}
	return cmp.Compare(c.place, other.place)
}

func (l *eventLog) cursor(c logCursor) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d_%d_%d", c.at.UnixMilli(), c.place, l.era))
}

// parseCursor refuses what isn't a cursor, one that Okta forgot, and one that is older than a since may be.
func (l *eventLog) parseCursor(text string, now time.Time) (*logCursor, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("not a cursor of this log")
	}
	var ms int64
	var place uint64
	var era int
	if _, err := fmt.Sscanf(string(raw), "%d_%d_%d", &ms, &place, &era); err != nil {
		return nil, errors.New("not a cursor of this log")
	}
	c := &logCursor{time.UnixMilli(ms).UTC(), place}
	if era != l.era || now.Sub(c.at) > logMost {
		return nil, errors.New("the cursor has expired")
	}
	return c, nil
}

func (o *Org) listLogs(c call) (reply, *failure) {
	q, f := o.logQuery(c)
	if f != nil {
		return reply{list: true}, f
	}
	look := o.log.query
	if q.polling {
		look = o.log.poll
	}
	found, next := look(q, o.now())
	body := make([]logEventJSON, 0, len(found))
	for _, e := range found {
		body = append(body, e.json())
	}
	return reply{body: body, list: true, after: next, endless: q.polling}, nil
}

func (o *Org) logQuery(c call) (q logQuery, f *failure) {
	now := o.now()
	q = logQuery{limit: 100, until: now, descending: c.param("sortOrder") == "DESCENDING"}
	if order := c.param("sortOrder"); order != "" && order != "ASCENDING" && order != "DESCENDING" {
		return q, badLogQuery("sortOrder", fmt.Errorf("%q is neither ASCENDING nor DESCENDING", order))
	}
	if c.param("q") != "" {
		return q, unsupported("q of the System Log: use filter")
	}
	var err error
	if text := c.param("limit"); text != "" {
		if q.limit, err = strconv.Atoi(text); err != nil || q.limit < 0 || q.limit > 1000 {
			return q, badLogQuery("limit", fmt.Errorf("%q isn't a number from 0 to 1000", text))
		}
	}
	q.polling = c.param("until") == "" && !q.descending
	if text := c.param("until"); text != "" {
		if q.until, err = time.Parse(time.RFC3339, text); err != nil {
			return q, badLogQuery("until", err)
		}
	}
	q.since = q.until.Add(-logDefault)
	if text := c.param("since"); text != "" {
		if q.since, err = time.Parse(time.RFC3339, text); err != nil {
			return q, badLogQuery("since", err)
		}
		if c.param("after") == "" && now.Sub(q.since) > logMost {
			return q, badLogQuery("since", fmt.Errorf("more than 180 days ago"))
		}
	}
	if text := c.param("after"); text != "" {
		if q.after, err = o.log.parseCursor(text, now); err != nil {
			return q, badLogQuery("after", err)
		}
	}
	q.accept, err = parseFilter(c.param("filter"), "eventType", "target.id", "target.type", "actor.id", "outcome.result", "transaction.type", "uuid")
	if err != nil {
		return q, badLogQuery("filter", err)
	}
	return q, nil
}

// visible are the events behind the cursor that were persisted by now and are kept still.
func (l *eventLog) visible(behind logCursor, now time.Time) []event {
	kept := l.after(logCursor{now.Add(-logKept), math.MaxUint64})
	to := l.after(logCursor{now, math.MaxUint64})
	return l.events[min(max(kept, l.after(behind)), to):to]
}

// poll gives the next events in order of persistence, and the cursor behind the last one that was looked at.
func (l *eventLog) poll(q logQuery, now time.Time) (found []event, next string) {
	last := logCursor{q.since, math.MaxUint64}
	if q.after != nil {
		last = *q.after
	}
	for _, e := range l.visible(last, now) {
		if len(found) == q.limit {
			break
		}
		if last = e.position(); q.accept(e.attribute) {
			found = append(found, e)
		}
	}
	return found, l.cursor(last)
}

// query gives a page of a bounded query, ordered by published, and its next cursor, "" at the end.
func (l *eventLog) query(q logQuery, now time.Time) (found []event, next string) {
	happened := func(e event) logCursor { return logCursor{e.Published, e.place} }
	compare := func(a, b logCursor) int {
		if q.descending {
			return b.compare(a)
		}
		return a.compare(b)
	}
	for _, e := range l.visible(logCursor{}, now) {
		if e.Published.After(q.since) && !e.Published.After(q.until) && q.accept(e.attribute) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b event) int { return compare(happened(a), happened(b)) })
	if q.after != nil {
		found = slices.DeleteFunc(found, func(e event) bool { return compare(happened(e), *q.after) <= 0 })
	}
	if len(found) > q.limit {
		found = found[:q.limit]
		if q.limit > 0 {
			next = l.cursor(happened(found[q.limit-1]))
		}
	}
	return found, next
}

func (e event) attribute(name string) []string {
	switch name {
	case "eventType":
		return []string{e.Type}
	case "actor.id":
		return []string{e.actor().ID}
	case "outcome.result":
		return []string{e.Outcome}
	case "transaction.type":
		return []string{e.transaction()}
	case "uuid":
		return []string{e.uuid()}
	}
	values := make([]string, 0, len(e.Targets))
	for _, t := range e.Targets {
		if name == "target.id" {
			values = append(values, t.ID)
		} else {
			values = append(values, t.Type)
		}
	}
	return values
}

func (e event) transaction() string {
	if e.Job {
		return "JOB"
	}
	return "WEB"
}

func (e event) uuid() string { return uuid(strconv.FormatUint(e.number, 10)) }

// uuid is the same for the same thing in each run.
func uuid(of string) string {
	sum := sha256.Sum256([]byte(of))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
