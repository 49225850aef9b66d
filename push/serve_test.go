package push_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/push"
)

// serveDoors answers through the doors.
func serveDoors(ctx context.Context, l net.Listener, d push.Doors) error {
	return d.Server().Serve(ctx, l, push.Guarded(d))
}

// serve lets the gate serve on loopback until the test ends.
func (g *gate) serve(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serveDoors(ctx, l, g.Doors) }()
	t.Cleanup(func() {
		end()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return l.Addr().String()
}

// call sends one request on a connection of its own.
func call(t *testing.T, url, token string, trusted *x509.CertPool, body io.Reader) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, DisableKeepAlives: true}
	a, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Do(r)
	if err == nil {
		t.Cleanup(func() { a.Body.Close() })
	}
	return a, err
}

func TestServeOverHTTP(t *testing.T) {
	g := newGate(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(body)
	})
	at := "http://" + g.serve(t)
	a, err := call(t, at+"/scim/v2/Users", token, nil, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(a.Body); string(body) != "hello" || err != nil || a.StatusCode != http.StatusOK {
		t.Errorf("%d %q %v", a.StatusCode, body, err)
	}
	if a, err = call(t, at+"/scim/v2/Users", "wrong", nil, nil); err != nil {
		t.Fatal(err)
	}
	refused(t, "a stranger", a, http.StatusUnauthorized, "the token is wrong")
	if a, err = call(t, at+"/scim/v2/Users", token, nil, io.LimitReader(zeros{}, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, a.Body); n != 1<<20 || err != nil {
		t.Errorf("of a MiB without a length %d bytes came back, %v", n, err)
	}
	line := g.seen.FilterMessage("push request").All()[0].ContextMap()
	if line["source"] != "127.0.0.1" {
		t.Errorf("the log tells %v", line)
	}
}

// TestServeCutsAnAnswerThatBrokeOff: half an answer must not look whole.
func TestServeCutsAnAnswerThatBrokeOff(t *testing.T) {
	g := newGate(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 64<<10))
		panic("half way")
	})
	a, err := call(t, "http://"+g.serve(t)+"/scim/v2/Users", token, nil, nil)
	if err == nil {
		_, err = io.ReadAll(a.Body)
	}
	if err == nil || g.Meter.Counts().Panics != 1 {
		t.Errorf("the answer came whole: %v, counted %+v", err, g.Meter.Counts())
	}
}

// TestServeLetsNobodyDawdle: who doesn't finish the header, or sends a large one,
// is cut off.
func TestServeLetsNobodyDawdle(t *testing.T) {
	t.Parallel()
	at := newGate(hello).serve(t)
	dial := func(send string) net.Conn {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at)
		if err == nil {
			_, err = io.WriteString(c, send)
		}
		if err == nil {
			err = c.SetReadDeadline(time.Now().Add(15 * time.Second))
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	slow := dial("GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nX-Slow")
	large := dial("GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nX-Large: " + strings.Repeat("a", 32<<10) + "\r\n\r\n")
	if line, err := bufio.NewReader(large).ReadString('\n'); !strings.Contains(line, "431") {
		t.Errorf("a large header is answered %q, %v", line, err)
	}
	begun := time.Now()
	if _, err := io.Copy(io.Discard, slow); err != nil || time.Since(begun) > 10*time.Second {
		t.Errorf("half a header is cut off after %v: %v", time.Since(begun), err)
	}
}

func TestServeEndsInOrder(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	g := newGate(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-release
		_, _ = io.WriteString(w, "done")
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serveDoors(ctx, l, g.Doors) }()
	told := make(chan error, 1)
	go func() {
		a, err := call(t, "http://"+l.Addr().String()+"/scim/v2/Users", token, nil, nil)
		if err == nil {
			var body []byte
			if body, err = io.ReadAll(a.Body); string(body) != "done" {
				err = errors.Join(err, errors.New("the answer is "+string(body)))
			}
		}
		told <- err
	}()
	<-begun
	end()
	for { // until nobody new is let in
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			break
		}
		c.Close()
	}
	close(release)
	if err := errors.Join(<-told, <-served); err != nil {
		t.Error(err)
	}
}

func TestServeTellsWhatIsMissing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(hello)
	g.CertFile, g.KeyFile = t.TempDir()+"/none.pem", t.TempDir()+"/none.key"
	if err := serveDoors(t.Context(), l, g.Doors); err == nil || !strings.Contains(err.Error(), "none.pem") {
		t.Errorf("without a certificate: %v", err)
	}
	if err := serveDoors(t.Context(), l, newGate(hello).Doors); err == nil {
		t.Error("a closed listener is served")
	}
}

// authority signs certificates for 127.0.0.1.
type authority struct {
	t    *testing.T
	name string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, name: name, key: newKey(t), pool: x509.NewCertPool()}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	a.cert = a.sign(form, form, a.key)
	a.pool.AddCert(a.cert)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) sign(form, parent *x509.Certificate, of *ecdsa.PrivateKey) *x509.Certificate {
	a.t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, form, parent, of.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

// issue gives a certificate and its key, in PEM form.
func (a *authority) issue() (cert, key []byte) {
	a.t.Helper()
	private := newKey(a.t)
	signed := a.sign(&x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "scim"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, a.cert, private)
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		a.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed.Raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestCertificateIsReplaced while it is served: in two steps, broken once, and by
// a rename, as Kubernetes does.
func TestCertificateIsReplaced(t *testing.T) {
	t.Parallel()
	first, second, third := newAuthority(t, "first"), newAuthority(t, "second"), newAuthority(t, "third")
	dir := t.TempDir()
	g := newGate(hello)
	g.CertFile, g.KeyFile = filepath.Join(dir, "scim.pem"), filepath.Join(dir, "scim.key")
	cert, key := first.issue()
	write(t, g.CertFile, cert)
	write(t, g.KeyFile, key)
	at := "https://" + g.serve(t) + "/scim/v2/Users"
	signedBy := func(a *authority) bool {
		answer, err := call(t, at, token, a.pool, nil)
		return err == nil && answer.StatusCode == http.StatusOK
	}
	warned := func() int { return g.seen.FilterMessageSnippet("can't be used").Len() }
	until := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(15 * time.Second); !done(); {
			if time.Now().After(deadline) {
				t.Fatalf("%s: not within 15 seconds; the log says %v", what, g.seen.All())
			}
			<-time.After(50 * time.Millisecond)
		}
	}
	if !signedBy(first) || signedBy(second) {
		t.Fatal("the first certificate isn't served")
	}
	cert, key = second.issue()
	write(t, g.CertFile, cert)
	until("a certificate without its key is told", func() bool { return signedBy(first) && warned() == 1 })
	write(t, g.KeyFile, key)
	until("the second pair is served", func() bool { return signedBy(second) })
	if warned() != 1 {
		t.Errorf("%d warnings, want one a change", warned())
	}
	if err := os.Remove(g.KeyFile); err != nil {
		t.Fatal(err)
	}
	until("a key that is gone is told", func() bool { return signedBy(second) && warned() == 2 })
	cert, key = third.issue()
	for path, text := range map[string][]byte{g.CertFile: cert, g.KeyFile: key} {
		write(t, path+".new", text)
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	until("the third pair is served", func() bool { return signedBy(third) })
}

func TestOldTLSIsRefused(t *testing.T) {
	a := newAuthority(t, "ours")
	dir := t.TempDir()
	g := newGate(hello)
	g.CertFile, g.KeyFile = filepath.Join(dir, "scim.pem"), filepath.Join(dir, "scim.key")
	cert, key := a.issue()
	write(t, g.CertFile, cert)
	write(t, g.KeyFile, key)
	at := g.serve(t)
	for version, fits := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		d := tls.Dialer{Config: &tls.Config{RootCAs: a.pool, MinVersion: tls.VersionTLS10, MaxVersion: version}}
		c, err := d.DialContext(t.Context(), "tcp", at)
		if (err == nil) != fits {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			c.Close()
		}
	}
}
