package okta

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// nextLink finds the address of the next page in the Link headers, nil when
// there is none (RFC 8288). Okta sends one header for each link, a proxy may have
// joined them.
func nextLink(h http.Header) (*url.URL, error) {
	var next *url.URL
	for _, line := range h.Values("Link") {
		for line = strings.TrimLeft(line, " \t,"); line != ""; line = strings.TrimLeft(line, " \t,") {
			target, rest, ok := strings.Cut(line, ">")
			if !ok || !strings.HasPrefix(target, "<") {
				return nil, errors.New("a link isn't in angle brackets")
			}
			var params string
			params, line = cutParams(rest)
			if !isNext(params) {
				continue
			}
			u, err := url.Parse(target[1:])
			if err != nil || u.Host == "" {
				return nil, errors.New("the next link isn't an address")
			}
			if next != nil && *next != *u {
				return nil, errors.New("there are two next links")
			}
			next = u
		}
	}
	return next, nil
}

// cutParams ends at the first comma outside quotes.
func cutParams(s string) (params, rest string) {
	quoted := false
	for i, r := range s {
		switch {
		case r == '"':
			quoted = !quoted
		case r == ',' && !quoted:
			return s[:i], s[i:]
		}
	}
	return s, ""
}

// isNext reports whether the parameters hold rel=next.
func isNext(params string) bool {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "rel") {
			continue
		}
		for rel := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(value), `"`)) {
			if strings.EqualFold(rel, "next") {
				return true
			}
		}
	}
	return false
}
