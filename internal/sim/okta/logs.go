package okta

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How far back the System Log answers: by itself, and at most before a query is refused.
const (
	logDefault = 7 * 24 * time.Hour
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

// logCursor is where a page ended: for a polling query only the number counts.
type logCursor struct {
	published time.Time
	number    uint64
}

func (c logCursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.published.UnixMilli(), 10) + "_" + strconv.FormatUint(c.number, 10)))
}

func parseLogCursor(text string) (*logCursor, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("not a cursor of this log")
	}
	ms, number, _ := strings.Cut(string(raw), "_")
	at, errAt := strconv.ParseInt(ms, 10, 64)
	n, errN := strconv.ParseUint(number, 10, 64)
	if errAt != nil || errN != nil {
		return nil, fmt.Errorf("not a cursor of this log")
	}
	return &logCursor{time.UnixMilli(at).UTC(), n}, nil
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
		if now.Sub(q.since) > logMost {
			return q, badLogQuery("since", fmt.Errorf("more than 180 days ago"))
		}
	}
	if text := c.param("after"); text != "" {
		if q.after, err = parseLogCursor(text); err != nil {
			return q, badLogQuery("after", err)
		}
	}
	q.accept, err = parseFilter(c.param("filter"), "eventType", "target.id", "target.type", "actor.id", "outcome.result", "transaction.type", "uuid")
	if err != nil {
		return q, badLogQuery("filter", err)
	}
	return q, nil
}

// visible are the events that were persisted by now.
func (l *eventLog) visible(now time.Time) []event {
	n, _ := slices.BinarySearchFunc(l.events, now, func(e event, now time.Time) int {
		if e.persisted.After(now) {
			return 1
		}
		return -1
	})
	return l.events[:n]
}

// poll gives the next events in order of persistence, and the cursor behind the last one that was looked at.
func (l *eventLog) poll(q logQuery, now time.Time) (found []event, next string) {
	var last logCursor
	if q.after != nil {
		last = *q.after
	}
	events := l.visible(now)
	start, _ := slices.BinarySearchFunc(events, last.number+1, func(e event, n uint64) int {
		if e.number < n {
			return -1
		}
		return 1
	})
	for _, e := range events[start:] {
		if len(found) == q.limit {
			break
		}
		last = logCursor{e.Published, e.number}
		if (q.after != nil || e.persisted.After(q.since)) && q.accept(e.attribute) {
			found = append(found, e)
		}
	}
	return found, last.String()
}

// query gives a page of a bounded query, ordered by published, and its next cursor, "" at the end.
func (l *eventLog) query(q logQuery, now time.Time) (found []event, next string) {
	compare := func(a, b event) int {
		order := logCursor{a.Published, a.number}.compare(logCursor{b.Published, b.number})
		if q.descending {
			return -order
		}
		return order
	}
	for _, e := range l.visible(now) {
		if e.Published.After(q.since) && !e.Published.After(q.until) && q.accept(e.attribute) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, compare)
	if q.after != nil {
		at := event{Event: Event{Published: q.after.published}, number: q.after.number}
		found = slices.DeleteFunc(found, func(e event) bool { return compare(e, at) <= 0 })
	}
	if len(found) > q.limit {
		found = found[:q.limit]
		if q.limit > 0 {
			next = logCursor{found[q.limit-1].Published, found[q.limit-1].number}.String()
		}
	}
	return found, next
}

func (c logCursor) compare(other logCursor) int {
	if order := c.published.Truncate(time.Millisecond).Compare(other.published.Truncate(time.Millisecond)); order != 0 {
		return order
	}
	return int(int64(c.number) - int64(other.number))
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

// uuid is the same for the same event in each run.
func (e event) uuid() string {
	sum := sha256.Sum256([]byte(strconv.FormatUint(e.number, 10)))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
