package omniclient

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"github.com/omnisync/omnisync/fault"
)

// v1Page is one page of a list of Omni's own API.
type v1Page struct {
	Info struct {
		More  bool    `json:"hasNextPage"`
		Next  *string `json:"nextCursor"`
		Total *int    `json:"totalRecords"`
	} `json:"pageInfo"`
	Records *[]json.RawMessage `json:"records"`
}

// v1Listing is one question to such a list.
type v1Listing[R any] struct {
	what  string // for messages, and its path: "schedules"
	query url.Values
	most  int // how many entries are read; 0: all that there are
	id    func(R) string
	wrong func(R) string // why an entry answers another question; "" for one that fits
}

// whole reads a list to its end. The whole is given, or an error: fault.Doubt where
// it can't be whole, in the ways that the lists of SCIM have, or holds what wasn't
// asked for. Its cursor is taken as Omni gives it: it is the number of a page where
// schedules are listed.
func whole[R any](ctx context.Context, c *Client, l v1Listing[R]) ([]R, error) {
	w := v1Walk[R]{v1Listing: l, seen: map[string]bool{}}
	query := url.Values{}
	maps.Copy(query, l.query)
	query.Set("pageSize", strconv.Itoa(pageSize))
	for {
		var p v1Page
		_, err := c.ask(ctx, request{op: w.op(), method: http.MethodGet, path: v1 + l.what, query: query, apart: true}, &p)
		if fault.Is(err, fault.Refused) && query.Has("cursor") { // the page isn't there any more
			return nil, w.doubt("it ends after %d of %d entries: %v", len(w.list), w.total, err)
		}
		if err != nil {
			return nil, err
		}
		next, err := w.add(p)
		if err != nil || next == "" {
			return w.list, err
		}
		query.Set("cursor", next)
	}
}

// v1Walk is such a list on its way.
type v1Walk[R any] struct {
	v1Listing[R]
	list  []R
	seen  map[string]bool
	total int
}

func (w *v1Walk[R]) op() string { return "list Omni " + w.what }

func (w *v1Walk[R]) doubt(format string, args ...any) error {
	return &fault.Error{
		Kind: fault.Doubt, Op: w.op(), Detail: fmt.Sprintf(format, args...),
		Hint: "The list can't be believed whole. If it happens at every run, tell Omni's support.",
	}
}

// add takes a page, and gives the cursor of the next, "" after the last.
func (w *v1Walk[R]) add(p v1Page) (string, error) {
	if p.Info.Total == nil || *p.Info.Total < 0 || p.Records == nil {
		return "", w.doubt("the answer from entry %d on is no list", len(w.list)+1)
	}
	if *p.Info.Total < w.total {
		return "", w.doubt("the list shrank from %d to %d entries while it was read", w.total, *p.Info.Total)
	}
	if w.total = *p.Info.Total; w.most > 0 && w.total > w.most {
		return "", w.doubt("there are more than %d", w.most)
	}
	for _, raw := range *p.Records {
		if err := w.record(raw); err != nil {
			return "", err
		}
	}
	switch more := p.Info.More && p.Info.Next != nil; {
	case len(w.list) > w.total || len(w.list) == w.total && more:
		return "", w.doubt("the list has %d entries or more and announces %d", len(w.list), w.total)
	case len(w.list) == w.total:
		return "", nil
	case !more || len(*p.Records) == 0:
		return "", w.doubt("the list ends after %d of %d entries", len(w.list), w.total)
	default:
		return *p.Info.Next, nil
	}
}

func (w *v1Walk[R]) record(raw json.RawMessage) error {
	var r R
	n := len(w.list) + 1
	if err := json.Unmarshal(raw, &r); err != nil {
		return w.doubt("entry %d: %v", n, err)
	}
	id := w.id(r)
	switch {
	case id == "":
		return w.doubt("entry %d has no id", n)
	case w.seen[id]:
		return w.doubt("entry %d repeats %s", n, id)
	case w.wrong(r) != "":
		return w.doubt("entry %d %s", n, w.wrong(r))
	}
	w.seen[id] = true
	w.list = append(w.list, r)
	return nil
}
