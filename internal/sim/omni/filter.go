package omni

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
)

// defaultCount is how much a list gives when nobody says how much.
const defaultCount = 100

// query is what a SCIM list is asked for.
type query struct {
	count, start int // start is 1-based
	filter       filter
}

// filter compares one attribute with a value; without an operator it takes all.
type filter struct {
	operator string // eq, co
	value    string
	exact    bool // letter case matters
}

func (f filter) matches(s string) bool {
	want := f.value
	if !f.exact {
		s, want = strings.ToLower(s), strings.ToLower(want)
	}
	if f.operator == "co" {
		return strings.Contains(s, want)
	}
	return s == want
}

// readQuery reads count, startIndex and a filter on the one attribute that can be filtered by.
func (o *Org) readQuery(values url.Values, attribute string) (query, *failure) {
	q := query{count: defaultCount, start: 1}
	for name, to := range map[string]*int{"count": &q.count, "startIndex": &q.start} {
		if fail := readNumber(values, name, to); fail != nil {
			return query{}, fail
		}
	}
	q.count, q.start = max(q.count, 0), max(q.start, 1)
	if o.Knobs.PageMax > 0 {
		q.count = min(q.count, o.Knobs.PageMax)
	}
	text := values.Get("filter")
	if text == "" {
		return q, nil
	}
	f, ok := parseFilter(text, attribute)
	if !ok {
		return query{}, invalid("Unsupported filter %q", text)
	}
	f.exact = o.Knobs.FilterCaseSensitive
	q.filter = f
	return q, nil
}

func readNumber(values url.Values, name string, to *int) *failure {
	text := values.Get(name)
	if text == "" {
		return nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n > 1<<31 || n < -1<<31 {
		return invalid("%s: Expected number", name)
	}
	*to = int(n)
	return nil
}

// parseFilter takes attribute eq "value", and co for users. Attribute and
// operator may have any letter case.
func parseFilter(text, attribute string) (filter, bool) {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	operator, quoted, _ := strings.Cut(strings.TrimSpace(rest), " ")
	f := filter{operator: strings.ToLower(operator)}
	known := f.operator == "eq" || f.operator == "co" && attribute == "userName"
	if !known || !strings.EqualFold(name, attribute) {
		return filter{}, false
	}
	return f, json.Unmarshal([]byte(quoted), &f.value) == nil
}

// listJSON is a page of a SCIM list.
type listJSON[T any] struct {
	Schemas      []string `json:"schemas"`
	TotalResults int      `json:"totalResults"`
	StartIndex   int      `json:"startIndex"`
	ItemsPerPage int      `json:"itemsPerPage"` // in this page
	Resources    []T      `json:"Resources"`
}

// page cuts what q asks for out of found.
func page[R, T any](q query, found []R, render func(R) T) listJSON[T] {
	j := listJSON[T]{
		Schemas:      []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"},
		TotalResults: len(found),
		StartIndex:   q.start,
		Resources:    []T{},
	}
	first := min(q.start-1, len(found))
	for _, r := range found[first:min(first+q.count, len(found))] {
		j.Resources = append(j.Resources, render(r))
	}
	j.ItemsPerPage = len(j.Resources)
	return j
}
