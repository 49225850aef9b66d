package omniclient

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"github.com/omnisync/omnisync/fault"
)

// pageSize is Omni's default; whether it takes more is not documented.
const pageSize = 100

// listing is one kind of object that Omni lists.
type listing[R any] struct {
	what  string // for messages: "users"
	path  string // below /api/scim/v2
	field string // the name that the filter knows
	id    func(R) string
	name  func(R) string
}

// page is Omni's form of a list.
type page struct {
	Total     *int               `json:"totalResults"`
	Resources *[]json.RawMessage `json:"Resources"`
}

// all lists what query selects. It steps by what a page held, as Omni's pages may
// be shorter than asked for, and ends with fault.Doubt where the list can't be
// whole: a page that is empty before the announced total, an object told twice, a
// total that shrinks on the way (something moved up over the page boundary and was
// not seen), or an answer that is no list.
func all[R any](ctx context.Context, c *Client, l listing[R], query url.Values) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		w := walk[R]{c: c, listing: l, query: query, seen: map[string]bool{}}
		for {
			records, err := w.next(ctx)
			for _, r := range records {
				if !yield(r, nil) {
					return
				}
			}
			if err != nil {
				var none R
				yield(none, err)
				return
			}
			if w.read >= w.total {
				return
			}
		}
	}
}

// walk is a listing on its way.
type walk[R any] struct {
	c *Client
	listing[R]
	query url.Values
	seen  map[string]bool
	read  int
	total int
}

func (w *walk[R]) doubt(format string, args ...any) error {
	return &fault.Error{
		Kind: fault.Doubt, Op: "list Omni " + w.what, Detail: fmt.Sprintf(format, args...),
		Hint: "The list can't be believed whole. If it happens at every run, tell Omni's support.",
	}
}

// next reads one page.
func (w *walk[R]) next(ctx context.Context) ([]R, error) {
	query := maps.Clone(w.query)
	if query == nil {
		query = url.Values{}
	}
	if !query.Has("count") {
		query.Set("count", strconv.Itoa(pageSize))
	}
	query.Set("startIndex", strconv.Itoa(w.read+1))
	var p page
	if _, err := w.c.ask(ctx, request{op: "list Omni " + w.what, method: http.MethodGet, path: w.path, query: query}, &p); err != nil {
		return nil, err
	}
	switch {
	case p.Total == nil || *p.Total < 0 || p.Resources == nil && *p.Total > 0:
		return nil, w.doubt("the answer from entry %d on is no list", w.read+1)
	case *p.Total < w.total:
		return nil, w.doubt("the list shrank from %d to %d entries while it was read", w.total, *p.Total)
	case p.Resources == nil:
		return nil, nil
	case len(*p.Resources) == 0 && *p.Total > w.read:
		return nil, w.doubt("the list ends after %d of %d entries", w.read, *p.Total)
	}
	w.total = *p.Total
	return w.records(*p.Resources)
}

func (w *walk[R]) records(raw []json.RawMessage) ([]R, error) {
	out := make([]R, 0, len(raw))
	for _, b := range raw {
		var r R
		if err := json.Unmarshal(b, &r); err != nil {
			return out, w.doubt("entry %d: %v", w.read+1, err)
		}
		id := w.id(r)
		if id == "" {
			return out, w.doubt("entry %d has no id", w.read+1)
		}
		if w.seen[id] {
			return out, w.doubt("entry %d repeats %s", w.read+1, id)
		}
		w.seen[id] = true
		w.read++
		out = append(out, r)
	}
	if w.read > w.total {
		return out, w.doubt("the list has %d entries and announces %d", w.read, w.total)
	}
	return out, nil
}
