package pusher

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// at finds a value of the answer by a path such as Resources.0.id; nil is none.
func (c *checks) at(path string) any {
	value := c.body
	for key := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

func (c *checks) text(path string) string {
	value := c.at(path)
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

func (c *checks) fail(format string, args ...any) {
	c.reasons = append(c.reasons, fmt.Sprintf(format, args...))
}

func (c *checks) status(want int) {
	if c.code != want {
		c.fail("status is %d, not %d", c.code, want)
	}
}

// filled wants values that are there and not empty. The published test takes false for a value.
func (c *checks) filled(paths ...string) {
	for _, path := range paths {
		if list, isList := c.at(path).([]any); c.text(path) == "" || isList && len(list) == 0 {
			c.fail("%s is empty", path)
		}
	}
}

func (c *checks) equal(path, want string) {
	if got := c.text(path); got != want {
		c.fail("%s is %q, not %q", path, got, want)
	}
}

func (c *checks) has(path, want string) {
	if list, _ := c.at(path).([]any); !slices.Contains(list, any(want)) {
		c.fail("%s lacks %s", path, want)
	}
}

func (c *checks) numbers(paths ...string) {
	for _, path := range paths {
		if _, ok := c.at(path).(float64); !ok {
			c.fail("%s is %#v, not a number", path, c.at(path))
		}
	}
}

func (c *checks) faster(limit time.Duration) {
	if c.took >= limit {
		c.fail("took %v, the limit is %v", c.took, limit)
	}
}

// nobody wants an empty list.
func (c *checks) nobody() {
	c.status(200)
	c.has("schemas", listSchema)
	c.equal("totalResults", "0")
}

// refused wants an error in SCIM form.
func (c *checks) refused(status int) {
	c.status(status)
	c.filled("detail")
	c.has("schemas", errorSchema)
}

// who wants the user of the test.
func (c *checks) who(p *probe) {
	c.equal("userName", p.vars["name"])
	c.equal("name.familyName", p.vars["family"])
	c.equal("name.givenName", p.vars["given"])
}
