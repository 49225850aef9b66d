package configs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
)

// ErrAbsent is in the chain of the error for a secret whose variable or file
// does not exist, or is empty.
var ErrAbsent = errors.New("secret is absent")

// absent tells which variable or file there isn't; its chain holds ErrAbsent.
type absent string

func (a absent) Error() string { return string(a) }

func (absent) Is(target error) bool { return target == ErrAbsent }

// errFolder is in the chain of the error for a secret whose file is a directory.
var errFolder = errors.New("is a directory, not a file")

// mask stands where a secret would be printed.
const mask = "***"

// maxSecret bounds what is read of a secret's file, in bytes.
const maxSecret = 1 << 20

var reference = regexp.MustCompile(`^\$\{(?:env:([A-Za-z_][A-Za-z0-9_]*)|file:([^{}]+))\}$`)

// Secret is a value that never prints: ${env:NAME} or ${file:PATH}, resolved
// when it is needed. Copies share what was resolved, so that Reread on one is
// seen by all. The zero Secret is empty.
type Secret struct{ cell *cell }

type cell struct {
	ref      string
	env      environment
	optional bool // absent counts as empty

	mu    sync.Mutex
	value string
	known bool
}

// ParseSecret reads a reference, ${env:NAME} or ${file:PATH}. Variables are
// looked up in environ, which has the form of os.Environ.
func ParseSecret(ref string, environ []string) (Secret, error) {
	if !reference.MatchString(ref) {
		return Secret{}, errors.New("a secret is written as ${env:NAME} or ${file:PATH}, never as itself")
	}
	return newSecret(ref, newEnvironment(environ)), nil
}

func newSecret(ref string, env environment) Secret {
	return Secret{&cell{ref: ref, env: env, optional: ref == consoleToken || ref == proxyToken}}
}

// Value gives the secret itself, resolved at the first call and kept until
// Reread. A file's trailing line break is dropped. The error wraps ErrAbsent
// where there is nothing; the defaults of console.token and console.proxy.token are then "" instead.
func (s Secret) Value() (string, error) {
	if s.cell == nil {
		return "", nil
	}
	s.cell.mu.Lock()
	defer s.cell.mu.Unlock()
	if s.cell.known {
		return s.cell.value, nil
	}
	value, err := s.cell.resolve()
	if errors.Is(err, ErrAbsent) && s.cell.optional {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	s.cell.value, s.cell.known = value, true
	return value, nil
}

// Reread forgets what was resolved, so that the next Value looks again: on
// SIGHUP, and when the other side refuses the credential.
func (s Secret) Reread() {
	if s.cell == nil {
		return
	}
	s.cell.mu.Lock()
	defer s.cell.mu.Unlock()
	s.cell.value, s.cell.known = "", false
}

// Ref gives the reference, which is no secret: ${env:NAME} or ${file:PATH}.
func (s Secret) Ref() string {
	if s.cell == nil {
		return ""
	}
	return s.cell.ref
}

// Equal reports whether both refer to the same place.
func (s Secret) Equal(t Secret) bool { return s.Ref() == t.Ref() }

// Format prints three stars, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// String gives three stars.
func (s Secret) String() string { return mask }

// GoString gives three stars.
func (s Secret) GoString() string { return mask }

// MarshalText gives three stars.
func (s Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// MarshalJSON gives three stars.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

// MarshalYAML gives three stars.
func (s Secret) MarshalYAML() (any, error) { return mask, nil }

func (c *cell) resolve() (string, error) {
	m := reference.FindStringSubmatch(c.ref)
	if m == nil {
		return "", absent("secret without a reference")
	}
	value, place := c.env[m[1]], "environment variable "+m[1]
	if m[2] != "" {
		place = "file " + m[2]
		var err error
		if value, err = readSecret(m[2]); err != nil {
			return "", err
		}
	}
	if value == "" {
		return "", absent(place + " is not set or empty")
	}
	if reference.MatchString(value) {
		return "", fmt.Errorf("%s holds another reference instead of the secret", place)
	}
	return value, nil
}

func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", absent("file " + path + " does not exist")
	}
	if err != nil {
		return "", fmt.Errorf("secret can't be read: %w", err)
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return "", fmt.Errorf("%s %w", path, errFolder)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("secret can't be read: %w", err)
	}
	if len(b) > maxSecret {
		return "", fmt.Errorf("file %s is too large for a secret", path)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}
