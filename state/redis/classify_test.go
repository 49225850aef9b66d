package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/omnisync/omnisync/fault"
)

// reply is an error as a server answers it.
type reply string

func (r reply) Error() string { return string(r) }
func (reply) RedisError()     {}

// TestClassify has the answers that are hard to get from a real server beside
// those that TestRefusals gets.
func TestClassify(t *testing.T) {
	for _, c := range []struct {
		err  error
		kind fault.Kind
		hint bool
	}{
		{reply("LOADING Redis is loading the dataset in memory"), fault.Unavailable, true},
		{reply("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."), fault.Unavailable, true},
		{reply("TRYAGAIN Multiple keys request during rehashing of slot"), fault.Unavailable, true},
		{reply("CLUSTERDOWN The cluster is down"), fault.Unavailable, true},
		{reply("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."), fault.Unavailable, true},
		{reply("READONLY You can't write against a read only replica. script: 1f2e, on @user_script:4."), fault.Unavailable, true},
		{reply("ERR Error running script (call to f_1f2e): @user_script:4: @user_script: 4: -READONLY You can't write against a read only replica."), fault.Unavailable, true},
		{reply("OOM command not allowed when used memory > 'maxmemory'."), fault.Unavailable, true},
		{reply("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."), fault.Unavailable, true},
		{reply("NOREPLICAS Not enough good replicas to write."), fault.Unavailable, true},
		{reply("ERR max number of clients reached"), fault.Unavailable, true},
		{reply("NOAUTH Authentication required."), fault.Unauthorized, true},
		{reply("ERR Protocol error: unauthenticated multibulk length"), fault.Unauthorized, true},
		{reply("WRONGPASS invalid username-password pair or user is disabled."), fault.Unauthorized, true},
		{reply("ERR invalid password"), fault.Unauthorized, true},
		{reply("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"), fault.Unauthorized, true},
		{reply("NOPERM this user has no permissions to run the 'evalsha' command"), fault.Unauthorized, true},
		{reply("ERR ACL failure in script: User syncd has no permissions to run the 'get' command script: 1f2e, on @user_script:2."), fault.Unauthorized, true},
		{reply("CROSSSLOT Keys in request don't hash to the same slot"), fault.Refused, true},
		{reply("MOVED 3999 127.0.0.1:6381"), fault.Refused, true},
		{reply("WRONGTYPE Operation against a key holding the wrong kind of value"), fault.Refused, true},
		{reply("ERR DB index is out of range"), fault.Refused, true},
		{reply("ERR unknown command 'HSET'"), fault.Other, false},
		{fmt.Errorf("wrapped: %w", syscall.ECONNRESET), fault.Other, false},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, fault.Unavailable, true},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, fault.Unavailable, true},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}}, fault.Unavailable, true},
		{io.EOF, fault.Unavailable, true},
		{io.ErrUnexpectedEOF, fault.Unavailable, true},
		{context.Canceled, fault.Unavailable, false},
		{context.DeadlineExceeded, fault.Unavailable, true},
		{redis.ErrClosed, fault.Unavailable, true},
		{redis.ErrPoolTimeout, fault.Unavailable, true},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{Cert: &x509.Certificate{}}}, fault.Unavailable, true},
		{&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}, fault.Unavailable, true},
		{&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: &x509.Certificate{}}}, fault.Unavailable, true},
		{tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, fault.Unavailable, true},
		{errors.New("anything else"), fault.Other, false},
	} {
		kind, hint := classify(c.err)
		if kind != c.kind || (hint != "") != c.hint {
			t.Errorf("%v is %q with the hint %q; want %q, a hint: %t", c.err, kind, hint, c.kind, c.hint)
		}
	}
}

func TestFaultKeepsItsCause(t *testing.T) {
	s := &Store{addr: "host:6379"}
	if err := s.fault("read", nil); err != nil {
		t.Errorf("nil becomes %v", err)
	}
	err := s.fault("read", io.EOF)
	if !errors.Is(err, io.EOF) || err.Error() != "read ledger on host:6379: EOF" {
		t.Errorf("the fault is %q", err)
	}
}
