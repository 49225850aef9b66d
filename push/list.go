package push

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/omnisync/omnisync/fault"
)

// page is what a list is asked for.
type page struct {
	start, count int
	filter       *match // nil: everything
}

// listDoc is the answer to it (RFC 7644, section 3.4.2). Okta stops at numbers that
// are written as strings, and at Resources that isn't a list.
type listDoc struct {
	Schemas   []string `json:"schemas"`
	Total     int      `json:"totalResults"`
	Start     int      `json:"startIndex"`
	Count     int      `json:"itemsPerPage"`
	Resources []any    `json:"Resources"`
}

func (p page) answer(total int, resources []any) reply {
	if resources == nil {
		resources = []any{}
	}
	return reply{status: http.StatusOK,
		body: listDoc{Schemas: []string{listURN}, Total: total, Start: p.start, Count: len(resources), Resources: resources}}
}

// one answers a filter, which finds one resource or none.
func (p page) one(resource any, err error) (reply, error) {
	switch {
	case fault.Is(err, fault.NotFound):
		return p.answer(0, nil), nil
	case err != nil:
		return reply{}, err
	case p.start > 1 || p.count == 0:
		return p.answer(1, nil), nil
	}
	return p.answer(1, []any{resource}), nil
}

// readPage reads the query of a list.
func (k kind) readPage(r *http.Request) (page, error) {
	query, err := url.ParseQuery(r.URL.RawQuery) // URL.Query leaves out what it can't read, and a filter that is left out finds everybody
	if err != nil {
		return page{}, invalid("the query can't be read: escape what it holds")
	}
	start, err := number(query.Get("startIndex"), "startIndex", 1)
	if err != nil {
		return page{}, err
	}
	count, err := number(query.Get("count"), "count", usualResults)
	if err != nil {
		return page{}, err
	}
	p := page{start: max(start, 1), count: min(max(count, 0), maxResults)}
	if text := strings.TrimSpace(query.Get("filter")); text != "" {
		m, err := k.readFilter(text)
		if err != nil {
			return page{}, err
		}
		p.filter = &m
	}
	return p, nil
}

func number(text, name string, otherwise int) (int, error) {
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n > math.MaxInt32 {
		return 0, invalid("%s: a whole number is wanted, and not a huge one", name)
	}
	return n, nil
}

// view is which attributes an answer shows (RFC 7644, section 3.9), in lower case.
type view struct {
	only   []string // nil: all
	except []string
}

func readView(r *http.Request) view {
	query := r.URL.Query()
	return view{only: names(query.Get("attributes")), except: names(query.Get("excludedAttributes"))}
}

func names(list string) []string {
	var read []string
	for name := range strings.SplitSeq(strings.ToLower(list), ",") {
		name = strings.TrimSpace(name)
		for _, core := range []string{userKindURN, groupKindURN} {
			name = strings.TrimPrefix(name, core)
		}
		if name != "" {
			read = append(read, name)
		}
	}
	return read
}

// The core schemas, as attribute names are prefixed with them in a query.
const (
	userKindURN  = "urn:ietf:params:scim:schemas:core:2.0:user:"
	groupKindURN = "urn:ietf:params:scim:schemas:core:2.0:group:"
)

// shows reports whether a whole attribute is shown.
func (v view) shows(name string) bool {
	name = strings.ToLower(name)
	if len(v.only) > 0 && !slices.Contains(v.only, name) {
		return false
	}
	return !slices.Contains(v.except, name)
}

// of is the part of a resource that is shown. id and schemas always are.
func (v view) of(resource any) (any, error) {
	if len(v.only) == 0 && len(v.except) == 0 {
		return resource, nil
	}
	doc, err := document(resource)
	if err != nil {
		return nil, err
	}
	v.prune(doc, "")
	return doc, nil
}

func (v view) prune(doc map[string]any, above string) {
	for name, value := range doc {
		whole := above + strings.ToLower(name)
		if whole == byID || whole == "schemas" {
			continue
		}
		if slices.Contains(v.except, whole) {
			delete(doc, name)
			continue
		}
		if len(v.only) == 0 || slices.Contains(v.only, whole) {
			v.within(value, whole, view{except: v.except})
			continue
		}
		if !v.mentions(whole) {
			delete(doc, name)
			continue
		}
		v.within(value, whole, v)
	}
}

// within goes on in the parts of an attribute: name.givenName, or urn:...:department.
func (v view) within(value any, whole string, inner view) {
	mark := "."
	if strings.HasPrefix(whole, "urn:") && !strings.Contains(whole[strings.LastIndexByte(whole, ':'):], ".") {
		mark = ":"
	}
	switch value := value.(type) {
	case map[string]any:
		inner.prune(value, whole+mark)
	case []any:
		for _, item := range value {
			if object, ok := item.(map[string]any); ok {
				inner.prune(object, whole+mark)
			}
		}
	}
}

// mentions reports whether a part of the attribute is asked for.
func (v view) mentions(whole string) bool {
	return slices.ContainsFunc(v.only, func(s string) bool {
		return strings.HasPrefix(s, whole+".") || strings.HasPrefix(s, whole+":")
	})
}
