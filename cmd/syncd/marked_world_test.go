package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// marked is a whole setup in which every secret carries a mark: both sides, a ledger, a
// SCIM endpoint, event hooks, a console.
type marked struct {
	t       *testing.T
	dir     string
	okta    *simokta.Org
	omni    *simomni.Org
	ids     []string // of Okta's people, in the order of the alphabet
	environ []string
	secrets map[string]string   // by what they are
	marked  map[string][]string // likewise: forms of those of them that were looked for last
	file    string
	console string
	scim    string
	hooks   string
	unkind  atomic.Int32 // how the sides answer, see unkindly
	alerted atomic.Int32 // attempts to send an alert
	log     safeBuffer   // of the daemon
}

// safeBuffer is a buffer that several goroutines write to.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// people is how many there are in a marked world.
var people = []string{"ann", "bob", "cat", "dan", "eve"}

// newMarked makes one with its ledger at the URL, which may hold a password; "" for one in
// a file. With oauth, the daemon signs in to Okta as an app.
func newMarked(t *testing.T, ledger string, oauth bool) *marked {
	t.Helper()
	m := &marked{t: t, dir: t.TempDir(), secrets: map[string]string{
		"MARK_OKTA": "MARKED-okta-5e1f", "MARK_OMNI_1": "MARKED-omni-77aa", "MARK_OMNI_2": "MARKED-omni-88bb", "MARK_SCIM_1": "MARKED-scim-11cc-of-length", "MARK_SCIM_2": "MARKED-scim-22dd-of-length",
		"MARK_HOOKS": "MARKED-hooks-33ee-of-length", "MARK_CONSOLE": "MARKED-console-0c3d", "MARK_READER": "MARKED-reader-31aa-of-length", "MARK_ACTOR": "MARKED-actor-42bb-of-length",
		"MARK_PROXY": "MARKED-proxy-9b1c-of-length", "MARK_KEY": "MARKED-state-key-66dd-as-long-as-a-key-has-to-be", "MARK_ALERTS_TOKEN": "MARKED-alerts-77ee"}}
	m.okta = &simokta.Org{Token: m.secrets["MARK_OKTA"], Knobs: simokta.Knobs{Limits: map[simokta.Bucket]int{simokta.BucketApps: -1}}} // all of its runs are in one minute
	m.omni = &simomni.Org{Knobs: simomni.Knobs{Keys: []string{m.secrets["MARK_OMNI_1"], m.secrets["MARK_OMNI_2"]}, RealLimit: -1}}
	for _, name := range people {
		id := m.okta.AddUser(simokta.User{Login: name + "@acme.co", Email: name + "@acme.co", FirstName: name, LastName: "Example"})
		m.okta.Assign(id, simokta.AssignOptions{})
		m.ids = append(m.ids, id)
	}
	sales := m.okta.AddGroup("Sales", "OKTA_GROUP")
	m.okta.AddMembers(sales, m.ids[:2]...)
	m.okta.Push(sales)
	for _, address := range []*string{&m.console, &m.scim, &m.hooks} {
		var err error
		if *address, err = freeAddress(); err != nil {
			t.Fatal(err)
		}
	}
	okta := httptest.NewServer(m.unkindly(&hookDesk{Handler: m.okta, proxy: m.hooks}))
	omni := httptest.NewServer(m.unkindly(m.omni))
	alerts := httptest.NewServer(http.HandlerFunc(m.unhearing))
	t.Cleanup(okta.Close)
	t.Cleanup(omni.Close)
	t.Cleanup(alerts.Close)
	m.secrets["MARK_ALERTS"] = alerts.URL + "/MARKED-receiver-88ff"
	auth := `{api_token: "${env:MARK_OKTA}"}`
	if oauth {
		auth = m.asApp()
	}
	if ledger == "" {
		ledger = "bolt://" + filepath.Join(m.dir, "ledger.db")
	}
	m.secrets["MARK_STATE"] = ledger
	for name, value := range m.secrets {
		m.environ = append(m.environ, name+"="+value)
	}
	m.file = filepath.Join(m.dir, "syncd.yaml")
	m.write(m.file, fmt.Sprintf(`
name: acme
okta: {org_url: %q, app_id: %q, auth: %s, rate_share: 1}
omni: {base_url: %q, api_keys: ["${env:MARK_OMNI_1}", "${env:MARK_OMNI_2}"], requests_per_minute: 60000}
state: {url: "${env:MARK_STATE}", archive: %q, key: "${env:MARK_KEY}"}
schedule: {delta: "@every 1h", full: "", reconcile: ""}
deprovision: {grace: 0s, settle: 0s, handover: {schedules: save}}
guard: {deactivations: {count: 1, percent: 1}}
scim: {listen: %q, bearer_tokens: ["${env:MARK_SCIM_1}", "${env:MARK_SCIM_2}"]}
hooks: {listen: %q, secret: "${env:MARK_HOOKS}"}
console: {listen: %q, token: "${env:MARK_CONSOLE}", tokens: [{name: rita, role: read, token: "${env:MARK_READER}"}, {name: adam, role: act, token: "${env:MARK_ACTOR}"}], proxy: {token: "${env:MARK_PROXY}", role: act}}
alerts: {webhook: {url: "${env:MARK_ALERTS}", bearer_token: "${env:MARK_ALERTS_TOKEN}"}, names: true}
log: {level: debug}
`, okta.URL, m.okta.ID(), auth, omni.URL, filepath.Join(m.dir, "archive"), m.scim, m.hooks, m.console))
	return m
}

// asApp lets the daemon sign in by the key of an app.
func (m *marked) asApp() string {
	m.t.Helper()
	key := newKey(m.t)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		m.t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	m.write(filepath.Join(m.dir, "okta.pem"), text)
	m.okta.Token, m.okta.ClientID = "", checkClient
	m.okta.AddKey("k1", key.Public())
	delete(m.secrets, "MARK_OKTA")
	m.secrets["okta.pem"] = strings.Split(text, "\n")[1]
	return fmt.Sprintf(`{oauth: {client_id: %s, key_id: k1, private_key: "${file:%s}"}}`, checkClient, filepath.Join(m.dir, "okta.pem"))
}

func (m *marked) write(path, text string) {
	m.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// rewrite changes the configuration.
func (m *marked) rewrite(from, to string) {
	m.t.Helper()
	text, err := os.ReadFile(m.file)
	if err != nil || !strings.Contains(string(text), from) {
		m.t.Fatalf("%v, or the configuration has no %s", err, from)
	}
	m.write(m.file, strings.Replace(string(text), from, to, 1))
}

// The ways in which the sides answer.
const (
	kindly   = iota
	echoing  // 401, and the body says which credential it was
	breaking // the answer breaks off after the credential
	paging   // a proxy's page that shows the whole request
)

// unkindly answers as the world says, with all that came in the answer.
func (m *marked) unkindly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // whoever breaks off gets no answer
		r.Body = io.NopCloser(bytes.NewReader(body))
		told := fmt.Sprintf("%q %q", r.Header, body)
		switch m.unkind.Load() {
		case echoing:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprintf(w, `{"errorCode":"E0000011","errorSummary":%q,"detail":%[1]q,"error":"invalid_client","error_description":%[1]q,"message":%[1]q}`, "wrong: "+r.Header.Get("Authorization")+" "+string(body))
		case breaking:
			w.Header().Set("Content-Length", "100000")
			_, _ = io.WriteString(w, told)
			panic(http.ErrAbortHandler)
		case paging:
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, "<html>"+told)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// unhearing is a receiver of alerts that takes none, and says what it got: it fails first, and
// then refuses, which isn't tried again.
func (m *marked) unhearing(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // as above
	status := http.StatusInternalServerError
	if m.alerted.Add(1) > 1 {
		status = http.StatusUnauthorized
	}
	w.Header().Set("Location", r.URL.String())
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "%q %q %q", r.RequestURI, r.Header, body)
}

// run types one command, for at most that long.
func (m *marked) run(patience time.Duration, words ...string) (status int, printed string) {
	ctx, cancel := context.WithTimeout(m.t.Context(), patience)
	defer cancel()
	var out safeBuffer
	status = execute(ctx, shell{Args: append(words, "--config", m.file), Out: &out, Err: &out, Environ: m.environ})
	return status, out.String()
}

// start begins the daemon, which ends with the test or by stop.
func (m *marked) start() (stop func()) {
	m.t.Helper()
	ctx, cancel := context.WithCancel(m.t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- execute(ctx, shell{Args: []string{"run", "--config", m.file}, Out: &m.log, Err: &m.log, Environ: m.environ})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if status := <-ended; status != 0 {
			m.t.Errorf("the daemon ended with %d:\n%s", status, m.log.String())
		}
	})
	m.t.Cleanup(stop)
	for deadline := time.Now().Add(20 * time.Second); ; pause() {
		if m.get("/readyz").status == http.StatusOK {
			return stop
		}
		if time.Now().After(deadline) {
			m.t.Fatalf("the daemon isn't ready:\n%s", m.log.String())
		}
	}
}

// consoleAnswer is an answer with all that came with it.
type consoleAnswer struct {
	status int
	header http.Header
	body   string
}

func (a consoleAnswer) String() string { return fmt.Sprint(a.status, a.header, a.body) }

// get asks the console.
func (m *marked) get(path string) consoleAnswer {
	return m.ask(time.Minute, http.MethodGet, m.console+path, "", true)
}

// ask sends a request, with the console's token or none, and waits no longer than that.
func (m *marked) ask(patience time.Duration, method, address, body string, known bool) consoleAnswer {
	m.t.Helper()
	who := visitor{}
	if known {
		who = bearer(m.secrets["MARK_CONSOLE"])
	}
	return m.asks(patience, who, method, address, body)
}

// send gives the answer to a request, whatever it is; none where the connection fails.
func send(r *http.Request) consoleAnswer {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return consoleAnswer{}
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(response.Body) // a stream may break off
	return consoleAnswer{response.StatusCode, response.Header, string(text)}
}
