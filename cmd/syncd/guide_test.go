package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// guide is the page that is followed, and the values that stand in it.
const (
	guide       = "../../docs/getting-started.md"
	guideClient = "0oa2b7c8d9E0fGhIj5d7"
	guideKey    = "kid-from-okta"
	guideApp    = "0oa1gjh63g214q0Hq0g4"
)

// block is one fenced block of the guide.
type block struct {
	kind string // sh: a person types it; text: what that prints
	text string
	line int
}

// The guide is followed word for word: every command block is run as it stands
// there, in one shell's folder, and prints what the guide shows. Only the two
// addresses, the console's port and the stand-in's higher allowance come from
// outside, through variables.
func TestGettingStarted(t *testing.T) {
	w := newGuideWorld(t)
	blocks := blocksOf(t)
	if shells := slices.IndexFunc(blocks, func(b block) bool { return b.kind == "sh" }); shells < 0 {
		t.Fatal("the guide has no command blocks any more")
	}
	last := ""
	for _, b := range blocks {
		switch b.kind {
		case "sh":
			last = w.run(t, b)
		case "text":
			if !shows(last, b.text) {
				t.Fatalf("%s:%d shows\n%s\nbut it prints\n%s", guide, b.line, b.text, last)
			}
		}
	}
	if n := active(w.omni); n != 41 { // 40 assigned, one who isn't ours
		t.Errorf("Omni has %d active users in the end, want 41", n)
	}
}

type guideWorld struct {
	omni *simomni.Org
	dir  string
	env  []string
}

func newGuideWorld(t *testing.T) guideWorld {
	t.Helper()
	okta := &simokta.Org{ClientID: guideClient, AppID: guideApp}
	okta.SetKnobs(func(k *simokta.Knobs) { k.RequireDPoP = true })
	omni := &simomni.Org{Knobs: simomni.Knobs{Keys: []string{"omni_osk_guide"}, RealLimit: -1}}
	omni.AddUser("someone@partner.example", "Some One")
	group := okta.AddGroup("Sales", "OKTA_GROUP")
	for i := range 40 {
		name := fmt.Sprintf("person%02d@acme.example", i)
		id := okta.AddUser(simokta.User{Login: name, Email: name, FirstName: "Person", LastName: fmt.Sprint(i)})
		okta.Assign(id, simokta.AssignOptions{})
		if i%2 == 0 {
			okta.AddMember(group, id)
		}
		if i < 5 {
			omni.AddUser(name, "Person")
		}
	}
	okta.Push(group)
	oktaServer, omniServer := httptest.NewServer(okta), httptest.NewServer(omni)
	t.Cleanup(oktaServer.Close)
	t.Cleanup(omniServer.Close)
	console, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	w := guideWorld{omni: omni, dir: t.TempDir()}
	w.env = append(os.Environ(), "SYNCD_OKTA_ORG_URL="+oktaServer.URL, "SYNCD_OMNI_BASE_URL="+omniServer.URL,
		"SYNCD_CONSOLE_LISTEN="+console, "SYNCD_OMNI_REQUESTS_PER_MINUTE=500")
	w.files(t, okta)
	return w
}

// files puts there what the screens of Okta and Omni give, and the clone.
func (w guideWorld) files(t *testing.T, okta *simokta.Org) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	okta.AddKey(guideKey, key.Public())
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	clone, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"okta.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"omni.key": []byte("omni_osk_guide\n"),
	} {
		if err := os.WriteFile(filepath.Join(w.dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(clone, filepath.Join(w.dir, "omnisync")); err != nil {
		t.Fatal(err)
	}
}

// run runs one block and gives what it prints. A daemon goes on beside what follows.
func (w guideWorld) run(t *testing.T, b block) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	// What a block exports stays for the next ones, as in a person's shell.
	script := "set -eu\ntouch .exported; . ./.exported\n" + b.text + "\nexport -p | grep ' SYNCD_' >.exported || true\n"
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = w.dir, w.env, &out, &errs
	if strings.Contains(b.text, "syncd run") {
		cmd.Args[2] = "set -eu; . ./.exported; exec " + b.text
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		w.background(t, cmd, cancel)
		return ""
	}
	defer cancel()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s:%d: %v\n%s\n%s\n%s", guide, b.line, err, b.text, out.String(), errs.String())
	}
	return out.String()
}

// background starts the daemon, and ends it with the test.
func (w guideWorld) background(t *testing.T, cmd *exec.Cmd, end context.CancelFunc) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		end()
		_ = cmd.Wait() // ended by a signal
	})
	for range 1000 {
		status := exec.Command("./syncd", "status", "--config", "syncd.yaml", "--json")
		status.Dir, status.Env = w.dir, w.env
		if out, err := status.Output(); err == nil && bytes.Contains(out, []byte(`"leader": true`)) {
			return
		}
		pause()
	}
	t.Fatalf("the daemon did not come up: %s", cmd.Stderr)
}

// active counts Omni's active users.
func active(o *simomni.Org) int {
	n := 0
	for _, u := range o.Users() {
		if u.Active {
			n++
		}
	}
	return n
}

// blocksOf reads the guide's fenced blocks.
func blocksOf(t *testing.T) []block {
	t.Helper()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	open := false
	for i, line := range strings.Split(string(text), "\n") {
		kind, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && !open:
			blocks, open = append(blocks, block{kind: kind, line: i + 1}), true
		case fence:
			open = false
		case open:
			blocks[len(blocks)-1].text += line + "\n"
		}
	}
	return blocks
}

// shows reports whether printed is what the guide shows, where "..." stands for
// anything.
func shows(printed, shown string) bool {
	var pattern strings.Builder
	pattern.WriteString(`(?s)\A`)
	for i, part := range strings.Split(strings.TrimSpace(shown), "...") {
		if i > 0 {
			pattern.WriteString(".*")
		}
		pattern.WriteString(regexp.QuoteMeta(part))
	}
	pattern.WriteString(`\s*\z`)
	return regexp.MustCompile(pattern.String()).MatchString(printed)
}
