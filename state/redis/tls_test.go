package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state/statetest"
)

// authority is a CA of a company's own.
type authority struct {
	file string // its certificate
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority makes one in dir.
func newAuthority(dir string) (authority, error) {
	a := authority{file: filepath.Join(dir, "ca.pem"), cert: certificate("a CA")}
	a.cert.IsCA, a.cert.BasicConstraintsValid, a.cert.KeyUsage = true, true, x509.KeyUsageCertSign
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return a, err
	}
	raw, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		return a, err
	}
	return a, writePEM(a.file, "CERTIFICATE", raw)
}

func certificate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
}

func writePEM(path, kind string, raw []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}), 0o600)
}

// server starts a redis-server with a certificate of this CA for 127.0.0.1, and
// gives its rediss:// URL.
func (a authority) server(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := certificate("redis")
	cert.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	signed, err := x509.CreateCertificate(rand.Reader, cert, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := writePEM(certFile, "CERTIFICATE", signed); err != nil {
		t.Fatal(err)
	}
	if err := writePEM(keyFile, "EC PRIVATE KEY", raw); err != nil {
		t.Fatal(err)
	}
	port := closedPort(t)
	statetest.Redis(t, "--tls-port", port, "--tls-cert-file", certFile, "--tls-key-file", keyFile,
		"--tls-ca-cert-file", a.file, "--tls-auth-clients", "no", "--requirepass", "geheim")
	return fmt.Sprintf("rediss://:geheim@127.0.0.1:%s", port)
}

// TestTLS runs everything over TLS, with a certificate of a CA that this machine
// trusts as SSL_CERT_FILE names it (see TestMain).
func TestTLS(t *testing.T) {
	url := trusted.server(t)
	statetest.Run(t, func(t *testing.T) statetest.Store { return open(t, url, statetest.Name()) })
}

func TestUnknownCA(t *testing.T) {
	other, err := newAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(t, other.server(t), "main").Holder(t.Context())
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "install its CA") {
		t.Errorf("a CA that nobody knows gives %v (%s), hint %q", err, fault.KindOf(err), fault.HintOf(err))
	}
	wantNoSecret(t, err)
}

// TestOtherHost has a certificate of a known CA, for another name.
func TestOtherHost(t *testing.T) {
	url := strings.Replace(trusted.server(t), "127.0.0.1", "localhost", 1)
	_, err := open(t, url, "main").Holder(t.Context())
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.HintOf(err), "another name") {
		t.Errorf("another host's certificate gives %v (%s), hint %q", err, fault.KindOf(err), fault.HintOf(err))
	}
	wantNoSecret(t, err)
}
