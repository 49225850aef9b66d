package omniclient

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/omnisync/omnisync/fault"
)

// keyring knows the API keys and which of them Omni refused. A refusal belongs
// to the value of a key: a rotated one counts anew.
type keyring struct {
	read    []func() (string, error)
	mu      sync.Mutex
	refused []string // by key: the value that was refused, "" where none was
}

func newKeyring(read []func() (string, error)) *keyring {
	return &keyring{read: slices.Clone(read), refused: make([]string, len(read))}
}

// resolve reads every key and gives the values, "" where one can't be read, with
// the first reason.
func (k *keyring) resolve() ([]string, error) {
	values := make([]string, len(k.read))
	var first error
	for i, read := range k.read {
		v, err := read()
		v = strings.TrimSpace(v)
		switch {
		case err != nil:
			err = fmt.Errorf("API key %d: %w", i+1, err)
		case v == "":
			err = fmt.Errorf("API key %d is empty", i+1)
		case strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' }):
			err = fmt.Errorf("API key %d contains characters that no key has", i+1)
		default:
			values[i] = v
		}
		if first == nil {
			first = err
		}
	}
	return values, first
}

// usable gives the values of all keys and the numbers of those to send with:
// the ones that weren't refused, or all that can be read where every one was. A
// refusal may concern one object, or end, so that the last key is never given up.
func (k *keyring) usable(op string) (values []string, keys []int, err error) {
	values, err = k.resolve()
	k.mu.Lock()
	defer k.mu.Unlock()
	var known []int
	for i, v := range values {
		if v == "" {
			continue
		}
		known = append(known, i)
		if k.refused[i] != v {
			keys = append(keys, i)
		}
	}
	if len(known) == 0 {
		return nil, nil, &fault.Error{Kind: fault.Unauthorized, Op: op, Hint: hintKey, Err: err}
	}
	if len(keys) == 0 {
		keys = known
	}
	return values, keys, nil
}

// refuse sets a key aside, and reports whether another, or a newer value of
// this one, is left to try.
func (k *keyring) refuse(key int, value string) bool {
	values, _ := k.resolve()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refused[key] = value
	for i, v := range values {
		if v != "" && k.refused[i] != v {
			return true
		}
	}
	return false
}

// accept takes a key back that Omni took.
func (k *keyring) accept(key int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refused[key] = ""
}

// refusals names the keys that are set aside, counted from 1 as in messages.
func (k *keyring) refusals() []int {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := []int{}
	for i, v := range k.refused {
		if v != "" {
			out = append(out, i+1)
		}
	}
	return out
}
