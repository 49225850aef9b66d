package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/console"
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
	for name, secret := range m.marks() {
		for _, form := range forms(secret) {
			if i := strings.Index(text, form); i >= 0 {
				m.t.Errorf("%s leaks in %s: ...%s...", name, where, text[max(0, i-100):min(len(text), i+100)])
				break
			}
		}
	}
}

// marks are the parts of the secrets that say it all.
func (m *marked) marks() map[string]string {
	marks := map[string]string{}
	for name, secret := range m.secrets {
		if name != "MARK_STATE" {
			marks[name] = secret
		} else if u, err := url.Parse(secret); err == nil && u.User != nil {
			marks[name], _ = u.User.Password()
		}
	}
	return marks
}

// needless names commands that aren't started with every kind of words, and why.
var needless = map[string]string{
	"syncd demo": "it knows no configuration, and makes secrets of its own",
	"syncd run":  "the daemon is started by itself",
}

// everyCommand types each command that there is, and its help, in several ways.
func (m *marked) everyCommand(state string, ways ...string) {
	m.t.Helper()
	typed := 0
	eachCommand((&app{}).root(), func(c *cobra.Command) {
		words := strings.Fields(c.CommandPath())[1:]
		if !c.Runnable() || len(words) == 0 {
			return
		}
		lines := []string{"--help"}
		if needless[c.CommandPath()] == "" {
			lines = append(lines, ways...)
		}
		for _, way := range lines {
			if strings.HasPrefix(c.CommandPath(), "syncd state ") { // whose words are files
				way = strings.Replace(way, "ann@acme.co", filepath.Join(m.dir, "moved.jsonl"), 1)
			}
			line := slices.Concat(words, strings.Fields(way))
			status, printed := m.run(2*time.Second, line...)
			typed++
			m.leaks(fmt.Sprint(state, ": syncd ", strings.Join(line, " ")), printed)
			if printed == "" && status != exitDone {
				m.t.Errorf("%s: syncd %s ended with %d and said nothing", state, strings.Join(line, " "), status)
			}
		}
	})
	if typed < 50 {
		m.t.Errorf("%d lines were typed", typed)
	}
}

// everyRoute asks each route of the console, with and without the token; in good times by
// several queries and bodies, in bad ones by one, and not for long.
func (m *marked) everyRoute(state string, patience time.Duration, queries, bodies []string) {
	m.t.Helper()
	for _, r := range console.Routes() {
		path := strings.NewReplacer("{run}", "20200101-000000-abcdef", "{subject}", "ann@acme.co", "{user}", "ann@acme.co", "{file}", "style.css", "{$}", "").Replace(r.Path)
		for _, query := range queries {
			for i, body := range bodies {
				if i > 0 && r.Method == http.MethodGet {
					continue
				}
				for _, known := range []bool{true, false} {
					a := m.ask(patience, r.Method, m.console+path+query, body, known)
					m.leaks(fmt.Sprint(state, ": ", r.Method, " ", path, query), a.String())
				}
			}
		}
	}
}

// knocks tries the other listeners: with right secrets, with those of others, and with one
// that is nearly right. They slow down who knocks wrongly, so nobody waits for long.
func (m *marked) knocks(state string) {
	m.t.Helper()
	for _, value := range []string{"Bearer " + m.secrets["MARK_SCIM_1"], "Bearer " + m.secrets["MARK_SCIM_2"], m.secrets["MARK_HOOKS"],
		"Bearer " + m.secrets["MARK_CONSOLE"], "Bearer " + m.secrets["MARK_SCIM_1"] + "x"} {
		for _, address := range []string{m.scim + "/scim/v2/Users", m.scim + "/scim/v2/Nothing", m.hooks + "/okta/events"} {
			ctx, cancel := context.WithTimeout(m.t.Context(), 300*time.Millisecond)
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address, strings.NewReader(`{"userName":"new@acme.co","data":{}}`))
			if err != nil {
				m.t.Fatal(err)
			}
			r.Header.Set("Authorization", value)
			r.Header.Set("Content-Type", "application/scim+json")
			m.leaks(fmt.Sprint(state, ": POST ", address), send(r).String())
			cancel()
		}
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
