package push

import (
	"crypto/tls"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/omnisync/omnisync/fault"
	"go.uber.org/zap"
)

// lookAgain is how often a certificate's files are looked at, at most.
const lookAgain = time.Second

// certificate is a pair of files that may be replaced while it is in use.
type certificate struct {
	cert, key string // paths
	name, at  string // whose it is, and the section that says so
	log       *zap.Logger

	mu     sync.Mutex
	looked time.Time
	seen   [2]os.FileInfo // of the pair that was tried last
	pair   *tls.Certificate
}

// newCertificate reads the pair, and fails where it doesn't fit.
func newCertificate(s Server) (*certificate, error) {
	c := &certificate{cert: s.CertFile, key: s.KeyFile, name: s.Name, at: s.Section + ".tls", log: s.Log, looked: time.Now()}
	seen, err := c.look()
	if err == nil {
		err = c.load(seen)
	}
	if err != nil {
		return nil, &fault.Error{Op: "read the certificate of the " + c.name, Err: err, Hint: "see " + c.at}
	}
	return c, nil
}

// config is for the server. Okta speaks TLS 1.2.
func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.current}
}

// current gives the pair, read again where the files changed. While they don't fit
// each other, in the middle of a replacement or by mistake, the last that did is
// served.
func (c *certificate) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= lookAgain {
		c.looked = now
		c.renew()
	}
	return c.pair, nil
}

// renew reads the files where they changed, and warns once of each change that
// can't be used.
func (c *certificate) renew() {
	seen, err := c.look()
	if err == nil && same(seen[0], c.seen[0]) && same(seen[1], c.seen[1]) {
		return
	}
	gone := err != nil && c.seen == [2]os.FileInfo{}
	if err == nil {
		err = c.load(seen)
	}
	switch {
	case err == nil:
		c.log.Info("the certificate of the " + c.name + " was replaced")
	case !gone:
		c.log.Warn("the new certificate of the "+c.name+" can't be used; the one before is kept: see "+c.at, zap.Error(err))
	}
	c.seen = seen
}

func (c *certificate) look() (seen [2]os.FileInfo, err error) {
	cert, err1 := os.Stat(c.cert)
	key, err2 := os.Stat(c.key)
	if err := errors.Join(err1, err2); err != nil {
		return seen, err
	}
	return [2]os.FileInfo{cert, key}, nil
}

func (c *certificate) load(seen [2]os.FileInfo) error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err == nil {
		c.pair, c.seen = &pair, seen
	}
	return err
}

// same reports whether nothing was written to the file, and no other took its
// place.
func same(a, b os.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
