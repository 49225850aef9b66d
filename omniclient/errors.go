package omniclient

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omnisync/omnisync/fault"
)

// The hints that go with Omni's refusals.
const (
	hintKey  = "SCIM needs an organization key, made by an Org Admin in Omni under Settings > API access and not disabled since; a personal token is refused. Put it under omni.api_keys."
	hintBase = "Check omni.base_url: it is the login URL, such as https://acme.omniapp.co, without /api."
)

const detailLength = 300

// classify turns an answer without success into a fault with Omni's own words.
//
//	429                               limited
//	401 403                           unauthorized: both were seen for a bad key
//	3xx, 5xx, 408 425                 unavailable
//	any other with a web page         unavailable: something in between answered
//	404 410 with JSON or nothing      not found
//	404 410 with other text           unavailable
//	409, scimType uniqueness          conflict
//	other 4xx                         refused
func classify(op string, res *http.Response, body []byte, key string) error {
	f := &fault.Error{Op: op, Detail: fmt.Sprintf("%d %s", res.StatusCode, describe(body, key))}
	switch s := res.StatusCode; {
	case s == http.StatusTooManyRequests:
		f.Kind, f.After = fault.Limited, retryAfter(res.Header.Get("Retry-After"), time.Now())
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		f.Kind, f.Hint = fault.Unauthorized, hintKey
	case s < 400:
		f.Kind, f.Hint = fault.Unavailable, hintBase
		f.Detail = fmt.Sprintf("%d, a redirect, which is not followed", s)
	case s >= 500 || s == http.StatusRequestTimeout || s == http.StatusTooEarly:
		f.Kind = fault.Unavailable
	case isPage(res, body) || absent(s) && !fromAPI(body):
		f.Kind, f.Hint = fault.Unavailable, hintBase
	case absent(s):
		f.Kind = fault.NotFound
	case s == http.StatusConflict || scimType(body) == "uniqueness":
		f.Kind = fault.Conflict
	default:
		f.Kind = fault.Refused
	}
	return f
}

func absent(status int) bool { return status == http.StatusNotFound || status == http.StatusGone }

// isPage tells a web page, which no API sends, by its type or its first letter.
func isPage(res *http.Response, body []byte) bool {
	return strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") || bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

// fromAPI tells Omni's own "not found", which is JSON or nothing, from the word
// of a proxy or of a wrong address, which must not make a user count as gone.
func fromAPI(body []byte) bool {
	body = bytes.TrimSpace(body)
	return len(body) == 0 || json.Valid(body)
}

func scimType(body []byte) string {
	var e struct {
		Type string `json:"scimType"`
	}
	_ = json.Unmarshal(body, &e) // no such field is no such type
	return e.Type
}

// retryAfter reads the header's two forms, seconds and a date; 0 when there is none.
func retryAfter(header string, now time.Time) time.Duration {
	if s, err := strconv.Atoi(strings.TrimSpace(header)); err == nil && s > 0 {
		return time.Duration(min(s, 24*3600)) * time.Second
	}
	if t, err := http.ParseTime(header); err == nil && t.After(now) {
		return min(t.Sub(now), 24*time.Hour)
	}
	return 0
}

// describe gives Omni's own words, in whichever of its forms they came, clipped
// and without the key, should Omni repeat it.
func describe(body []byte, key string) string {
	var v any
	text := ""
	if json.Unmarshal(body, &v) == nil {
		text = strings.Join(words(v, 0), ": ")
	}
	if text == "" {
		text = strings.Join(strings.Fields(tags.ReplaceAllString(string(body), " ")), " ")
	}
	if key != "" {
		text = strings.ReplaceAll(text, key, "[API key]")
	}
	return clip(text)
}

var tags = regexp.MustCompile(`(?s)<style.*?</style>|<script.*?</script>|<[^>]*>`)

// words collects the texts of an error body: {"error","message"} of SCIM and
// rate limits, {"status","detail"} of v1, {"errors":[...]}, or a plain text.
func words(v any, depth int) []string {
	if depth > 4 {
		return nil
	}
	switch v := v.(type) {
	case string:
		if s := strings.Join(strings.Fields(v), " "); s != "" {
			return []string{s}
		}
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, words(item, depth+1)...)
		}
		return all
	case map[string]any:
		var all []string
		for _, name := range []string{"error", "message", "detail", "errors"} {
			all = append(all, words(v[name], depth+1)...)
		}
		return all
	}
	return nil
}

// clip shortens a foreign text and makes it printable.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	if len(s) <= detailLength {
		return s
	}
	cut := detailLength
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}
