package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	checks "github.com/omnisync/omnisync/check"
	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/state/redis"
	goredis "github.com/redis/go-redis/v9"
)

// lookIntoStore opens the ledger, unless there is none, and closes it again.
func lookIntoStore(ctx context.Context, c *configs.Config) checks.Ledger {
	l := lookIntoLedger(ctx, c)
	saved := savedOf(c)
	saved.Durable = l.Saved.Durable
	l.Saved = saved
	l.Export = checks.Export{Path: c.Log.Export, Err: lookIntoExport(c.Log.Export)}
	return l
}

// lookIntoExport tells why the log can't be exported to a file. It makes none, and opens none
// that might wait for a reader.
func lookIntoExport(name string) error {
	if name == "" {
		return nil
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		dir := filepath.Dir(name)
		if info, err = os.Stat(dir); err == nil && !info.IsDir() {
			err = errors.New(dir + " is no directory")
		}
	case err == nil && info.IsDir():
		err = errors.New(name + " is a directory")
	case err == nil && info.Mode().IsRegular():
		var file *os.File
		if file, err = os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0); err == nil {
			err = file.Close()
		}
	}
	if err != nil {
		return &fault.Error{Op: "look at log.export", Err: err, Hint: "make the directory and the file writable for syncd's user, or let log.export name another file"}
	}
	return nil
}

// savedOf tells with which key what leavers own would be encrypted. It makes none.
func savedOf(c *configs.Config) checks.Saved {
	s := checks.Saved{Archive: c.State.Archive}
	if c.State.Key.Ref() == "" {
		s.File = keyFile(c)
	}
	s.Key, s.KeyErr = vaultOf(c).KeyID()
	return s
}

func lookIntoLedger(ctx context.Context, c *configs.Config) checks.Ledger {
	kind, address, err := c.State.Backend()
	switch {
	case err != nil:
		return checks.Ledger{Place: "state.url", Err: err}
	case kind == configs.Bolt:
		return lookIntoFile(ctx, address)
	default:
		return lookIntoRedis(ctx, c, address)
	}
}

// lookIntoFile makes no file: neither the ledger nor its directory.
func lookIntoFile(ctx context.Context, name string) checks.Ledger {
	l := checks.Ledger{Place: name}
	info, err := os.Stat(name)
	if errors.Is(err, os.ErrNotExist) || err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		l.Absent = true
		l.Err = checkFolder(filepath.Dir(name))
		return l
	}
	store, err := bolt.Open(name)
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Fenced {
		l.Owner = f.Detail
		return l
	}
	if err != nil {
		l.Err = err
		return l
	}
	l = belongs(ctx, l, store)
	l.Err = firstOf(l.Err, store.Close())
	return l
}

func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = errors.New("is no directory")
	}
	if err != nil {
		return &fault.Error{Op: "look into the directory of the ledger", Err: err, Hint: fmt.Sprintf("make the directory %s, writable for syncd's user, or let state.url name another place", dir)}
	}
	return nil
}

func lookIntoRedis(ctx context.Context, c *configs.Config, address string) checks.Ledger {
	l := checks.Ledger{Place: c.State.URL.String(), Redis: true}
	store, err := redis.Open(redis.Options{URL: address, Name: c.Name, Prefix: c.State.Prefix})
	if err != nil {
		l.Err = err
		return l
	}
	l = belongs(ctx, l, store)
	if l.Err == nil && c.State.Archive == "" && c.Deprovision.Saves() {
		l.Saved.Durable = store.Durable(ctx) // it leaves a mark for a minute, beside the ledger
	}
	l.Err = firstOf(l.Err, store.Close())
	if l.Err == nil {
		l.Version, l.Policy, l.Unlimited = redisSettings(ctx, address)
	}
	return l
}

// belongs reads whom the ledger belongs to.
func belongs(ctx context.Context, l checks.Ledger, store state.Store) checks.Ledger {
	connection, _, err := state.Read[state.Connection](ctx, store, state.Meta, "connection")
	l.Org, l.App, l.Omni, l.Err = connection.Org, connection.App, connection.Omni, err
	return l
}

// redisSettings reads INFO, which more users may than CONFIG GET. What isn't told
// stays empty.
func redisSettings(ctx context.Context, address string) (version, policy string, unlimited bool) {
	o, err := goredis.ParseURL(address)
	if err != nil {
		return "", "", false
	}
	o.MaxRetries, o.DisableIdentity, o.ContextTimeoutEnabled = -1, true, true
	o.DialTimeout, o.ReadTimeout = 5*time.Second, 5*time.Second
	client := goredis.NewClient(o)
	defer func() { _ = client.Close() }() // nothing was written
	told := map[string]string{}
	for _, section := range []string{"server", "memory"} {
		text, err := client.Info(ctx, section).Result()
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ":")
			told[name] = value
		}
	}
	return told["redis_version"], told["maxmemory_policy"], told["maxmemory"] == "0"
}
