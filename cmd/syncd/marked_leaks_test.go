package main

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// forms are what a secret may look like where it leaks.
func forms(secret string) []string {
	list := []string{secret, hex.EncodeToString([]byte(secret)), url.QueryEscape(secret)}
	for pad := range 3 { // in the midst of something else
		text := base64.StdEncoding.EncodeToString([]byte("xyz"[:pad] + secret))
		list = append(list, strings.TrimRight(text[(pad*8+5)/6:], "=")[:len(secret)])
	}
	return append(list, strings.ToUpper(list[1]))
}

// leaks tells which secrets stand in a text.
func (m *marked) leaks(where, text string) {
	m.t.Helper()
	for name, i := range m.told(text) {
		m.t.Errorf("%s leaks in %s: ...%s...", name, where, text[max(0, i-100):min(len(text), i+100)])
	}
}

// told finds secrets in a text, and where.
func (m *marked) told(text string) map[string]int {
	found := map[string]int{}
	for name, list := range m.marks() {
		for _, form := range list {
			if i := strings.Index(text, form); i >= 0 {
				found[name] = i
				break
			}
		}
	}
	return found
}

// Each of the secrets is found, as it is and in another form.
func TestMarksBite(t *testing.T) {
	m := newMarked(t, "redis://:MARKED-redis-44ff@127.0.0.1:1/0", false)
	for name, secret := range m.secrets {
		if u, err := url.Parse(secret); err == nil && u.Scheme != "" {
			password, _ := u.User.Password()
			secret = cmp.Or(password, u.Path)
		}
		for _, text := range []string{"a=" + secret + "&b", "Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+strings.Trim(secret, "/")+":x"))} {
			if _, found := m.told(text)[name]; !found {
				t.Errorf("%s isn't found in %s", name, text)
			}
		}
	}
}

// marks are the forms of the parts of the secrets that say it all.
func (m *marked) marks() map[string][]string {
	if len(m.marked) == len(m.secrets) {
		return m.marked
	}
	m.marked = map[string][]string{}
	for name, secret := range m.secrets {
		if u, err := url.Parse(secret); err == nil && u.Scheme != "" {
			password, _ := u.User.Password()
			secret = cmp.Or(password, strings.TrimPrefix(u.Path, "/"))
		}
		if name != "MARK_STATE" || strings.Contains(secret, "MARKED") { // a file has no password
			m.marked[name] = forms(secret)
		} else {
			m.marked[name] = nil
		}
	}
	return m.marked
}

// needless names commands that aren't started with every kind of words, and why.
var needless = map[string]string{
	"syncd demo": "it knows no configuration, and makes secrets of its own",
	"syncd run":  "the daemon is started by itself",
}

// more are words that commands do something with.
var more = map[string][]string{
	"syncd pause":             {"--for 1h --removals-only --reason moving"},
	"syncd schedules list":    {"cat@acme.co", "cat@acme.co --json"},
	"syncd schedules restore": {"cat@acme.co --to ann@acme.co"},
}

// everyCommand types each command that there is, and its help, in several ways, and waits
// no longer for each than that.
func (m *marked) everyCommand(state string, patience time.Duration, ways ...string) {
	m.t.Helper()
	typed := 0
	eachCommand((&app{}).root(), func(c *cobra.Command) {
		words := strings.Fields(c.CommandPath())[1:]
		if !c.Runnable() || len(words) == 0 {
			return
		}
		lines := []string{"--help"}
		if needless[c.CommandPath()] == "" {
			lines = slices.Concat(lines, ways, more[c.CommandPath()])
		}
		for _, way := range lines {
			if strings.HasPrefix(c.CommandPath(), "syncd state ") { // whose words are files
				way = strings.Replace(way, "ann@acme.co", filepath.Join(m.dir, "moved.jsonl"), 1)
			}
			m.types(state, patience, slices.Concat(words, strings.Fields(way)))
			typed++
		}
	})
	if typed < 50 {
		m.t.Errorf("%d lines were typed", typed)
	}
}

// types types one line.
func (m *marked) types(state string, patience time.Duration, line []string) {
	m.t.Helper()
	status, printed := m.run(patience, line...)
	m.leaks(fmt.Sprint(state, ": syncd ", strings.Join(line, " ")), printed)
	if printed == "" && status != exitDone {
		m.t.Errorf("%s: syncd %s ended with %d and said nothing", state, strings.Join(line, " "), status)
	}
}

// files looks through all that was written to disk, but for where the secrets are kept.
func (m *marked) files(state string) {
	m.t.Helper()
	count := 0
	err := filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(path) == "okta.pem" {
			return err
		}
		text, err := os.ReadFile(path)
		count++
		m.leaks(state+": "+filepath.Base(path), string(text))
		return err
	})
	if err != nil || count < 2 {
		m.t.Errorf("%d files were read, %v", count, err)
	}
}
