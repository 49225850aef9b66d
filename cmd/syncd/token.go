package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/fault"
)

// tokenFile is where a token stands that syncd made itself: beside the embedded
// ledger, or with Redis in the working directory.
func tokenFile(c *configs.Config) (string, error) {
	kind, address, err := c.State.Backend()
	if err != nil {
		return "", fmt.Errorf("state.url: %w", err)
	}
	if kind == configs.Bolt {
		return address + ".token", nil
	}
	return "syncd-" + c.Name + ".token", nil
}

// knownToken gives the console's token: the configured one, else the one in
// tokenFile, else "". It looks anew at each call, so that a replaced one counts.
func knownToken(c *configs.Config) (string, error) {
	token, err := c.Console.Token.Value()
	if err != nil || token != "" {
		return token, err
	}
	path, err := tokenFile(c)
	if err != nil {
		return "", err
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", &fault.Error{Op: "read the console's token", Err: err,
			Hint: "it belongs to whoever runs the daemon: run this command as the same user, or set console.token"}
	}
	return strings.TrimSpace(string(raw)), nil
}

// keysOf gives who may use the console: whoever has its token may act, and each of the others
// as it says. One that can't be read locks its owner out, and nobody else.
func keysOf(c *configs.Config) ([]console.Key, error) {
	token, err := knownToken(c)
	if err != nil {
		return nil, err
	}
	keys := []console.Key{{Role: console.Acts, Token: token}}
	for _, t := range c.Console.Tokens {
		if value, err := t.Token.Value(); err == nil && value != "" {
			keys = append(keys, console.Key{Name: t.Name, Role: console.Role(t.Role), Token: value})
		}
	}
	return keys, nil
}

// proxyOf is the proxy whose word on its callers counts, once it has a token.
func proxyOf(c configs.ConsoleProxy) *console.Proxy {
	return &console.Proxy{Token: c.Token.Value, UserHeader: c.UserHeader, RoleHeader: c.RoleHeader, Role: console.Role(c.Role)}
}

// makeToken writes a token of 26 random letters and digits where none is known,
// and gives the path that it stands at, "" where one is configured.
func makeToken(c *configs.Config) (string, error) {
	configured, err := c.Console.Token.Value()
	if err != nil || configured != "" {
		return "", err
	}
	path, err := tokenFile(c)
	if err != nil {
		return "", err
	}
	known, err := knownToken(c)
	if err != nil || known != "" {
		return path, err
	}
	if err := os.WriteFile(path, []byte(rand.Text()+"\n"), 0o600); err != nil {
		return "", &fault.Error{Op: "make the console's token", Err: err, Hint: "set console.token, or let syncd write there"}
	}
	return path, nil
}
