package configs

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// The kinds of store that a state URL can name.
const (
	Bolt  = "bolt"
	Redis = "redis"
)

// StoreURL is where the ledger is kept: written out, or as a whole reference
// like a Secret's. It prints without its password.
type StoreURL struct {
	text   string // as written; "" when it is a reference
	secret Secret
}

func newStoreURL(text string, env environment) StoreURL {
	if reference.MatchString(text) {
		return StoreURL{secret: newSecret(text, env)}
	}
	return StoreURL{text: text}
}

// Backend tells which store is meant, and where it is: for Bolt the path as it
// stands, for Redis the whole URL with its password, which must not be printed.
func (s State) Backend() (kind, address string, err error) {
	text := s.URL.text
	if text == "" {
		if text, err = s.URL.secret.Value(); err != nil {
			return "", "", err
		}
	}
	scheme, rest, _ := strings.Cut(text, "://")
	switch scheme {
	case "bolt":
		if rest == "" {
			return "", "", errors.New("no path follows bolt://")
		}
		return Bolt, rest, nil
	case "redis", "rediss":
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" { // the parser's error would repeat the password
			return "", "", fmt.Errorf("not a valid %s:// URL with a host", scheme)
		}
		return Redis, text, nil
	}
	return "", "", errors.New("neither bolt://, redis:// nor rediss://")
}

// String gives the URL with its password masked, or the reference.
func (u StoreURL) String() string {
	if u.text == "" {
		return u.secret.Ref()
	}
	scheme, rest, found := strings.Cut(u.text, "://")
	if !found || scheme == "bolt" {
		return maskIf(!found && u.text != "", u.text)
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		user, _, hasPassword := strings.Cut(rest[:at], ":")
		if hasPassword {
			rest = user + ":" + mask + rest[at:]
		}
	}
	if parsed, err := url.Parse("x://" + rest); err != nil || parsed.Query().Has("password") {
		return scheme + "://" + mask
	}
	return scheme + "://" + rest
}

func maskIf(hide bool, s string) string {
	if hide {
		return mask
	}
	return s
}

// Format prints as String, whatever the verb.
func (u StoreURL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.String()) }

// MarshalText gives String.
func (u StoreURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// Equal reports whether both are written alike.
func (u StoreURL) Equal(v StoreURL) bool { return u.text == v.text && u.secret.Equal(v.secret) }

// Reread forgets what a reference was resolved to.
func (u StoreURL) Reread() { u.secret.Reread() }
