package omniclient

import (
	"context"
	"maps"
	"net/url"
	"strings"
	"sync/atomic"
	"unicode"

	"github.com/omnisync/omnisync/fault"
)

// find looks a name up. Omni's filter is documented to ignore letter case for
// users, and not documented for groups; so a filter that finds nobody is believed
// only once it was seen to ignore case. Otherwise the list decides. The cost: one
// request for what is there, and for what isn't; three the first time; the list
// where the filter minds case or isn't supported.
//
// same decides whether a name is the wanted one: the filter's word isn't taken.
func find[R any](ctx context.Context, c *Client, l listing[R], q lookup) (R, bool, error) {
	r, found, err := filtered(ctx, c, l, q, q.name)
	if found || err != nil && !fault.Is(err, fault.Refused) {
		return r, found, err
	}
	if err == nil {
		folds, err := filterFolds(ctx, c, l, q)
		if err != nil || folds {
			return r, false, err
		}
		if lower := strings.ToLower(q.name); lower != q.name {
			if r, found, err := filtered(ctx, c, l, q, lower); found || err != nil {
				return r, found, err
			}
		}
	}
	return first(all(ctx, c, l, q.extra), func(r R) bool { return q.same(l.name(r)) })
}

// lookup is what find is after.
type lookup struct {
	name  string
	same  func(string) bool
	extra url.Values   // for the whole list, such as excludedAttributes
	folds *atomic.Bool // remembers that the filter ignores case
}

func filtered[R any](ctx context.Context, c *Client, l listing[R], q lookup, name string) (R, bool, error) {
	r, found, err := first(all(ctx, c, l, url.Values{"filter": {equals(l.field, name)}}), func(r R) bool { return q.same(l.name(r)) })
	if found && l.name(r) != name {
		q.folds.Store(true)
	}
	return r, found, err
}

// filterFolds finds out once whether the filter ignores case: it takes the first
// object of the list and looks for its name in the other case.
func filterFolds[R any](ctx context.Context, c *Client, l listing[R], q lookup) (bool, error) {
	if q.folds.Load() {
		return true, nil
	}
	query := url.Values{"count": {"1"}}
	maps.Copy(query, q.extra)
	sample, some, err := first(all(ctx, c, l, query), func(R) bool { return true })
	if err != nil || !some {
		return !some, err // nobody is there at all
	}
	swapped := swapCase(l.name(sample))
	if swapped == l.name(sample) {
		return false, nil
	}
	_, found, err := first(all(ctx, c, l, url.Values{"filter": {equals(l.field, swapped)}}), func(r R) bool { return l.id(r) == l.id(sample) })
	if found {
		q.folds.Store(true)
	}
	return found, err
}

// first gives the first record that is wanted, and reads no further.
func first[R any](records func(func(R, error) bool), wanted func(R) bool) (R, bool, error) {
	var none R
	for r, err := range records {
		if err != nil {
			return none, false, err
		}
		if wanted(r) {
			return r, true, nil
		}
	}
	return none, false, nil
}

// equals is a filter for field = value, with SCIM's (JSON's) escapes.
func equals(field, value string) string {
	return field + ` eq "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}
