package main

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/omniclient"
)

// asked tells the meters of each request to one of the two sides.
type asked struct {
	next   http.RoundTripper
	meters *console.Meters
	side   console.Side
	bucket func(path string) string
	prefix string // path of the side's address
}

// RoundTrip sends r as it is.
func (c asked) RoundTrip(r *http.Request) (*http.Response, error) {
	began, status := time.Now(), 0
	response, err := c.next.RoundTrip(r)
	if err == nil {
		status = response.StatusCode
	}
	c.meters.Asked(c.side, c.bucket(strings.TrimPrefix(r.URL.Path, c.prefix)), status, time.Since(began))
	return response, err
}

func countedOkta(o okta.Options, m *console.Meters) okta.Options {
	o.Transport = asked{next: o.Transport, meters: m, side: console.OktaSide, bucket: okta.BucketOf, prefix: basePath(o.OrgURL)}
	return o
}

func countedOmni(o omniclient.Options, m *console.Meters) omniclient.Options {
	o.Transport = asked{next: o.Transport, meters: m, side: console.OmniSide, bucket: omniKind, prefix: basePath(o.BaseURL)}
	return o
}

// basePath gives the path of an address, "" for one that isn't any: whoever uses it says so.
func basePath(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.Path, "/")
}

// omniKind names what a path of Omni's API is about. Omni has one limit for all of them.
func omniKind(path string) string {
	rest, is := strings.CutPrefix(path, "/api/")
	if !is {
		return "other"
	}
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "scim/v2/"), "v1/")
	if strings.HasSuffix(rest, "/model-roles") {
		return "roles"
	}
	first, _, _ := strings.Cut(rest, "/")
	switch first = strings.ToLower(first); first {
	case "users", "groups", "schedules", "documents", "whoami":
		return first
	case "user-groups":
		return "groups"
	case "user-attributes":
		return "attributes"
	}
	return "other"
}
