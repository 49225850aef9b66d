package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/omnisync/omnisync/fault"
)

const hintRights = "the Redis user lacks a right: give it ~omnisync:* and the commands that docs/state.md lists"

// replies classifies the errors that Redis answers with, by their first words.
// A code is found within the message too: before version 7 Redis wraps what a
// script met as "ERR Error running script ...: -CODE ...".
var replies = []struct {
	word string
	kind fault.Kind
	hint string
}{
	{"LOADING", fault.Unavailable, "Redis is reading its data after a start: wait"},
	{"BUSY", fault.Unavailable, "another script blocks Redis: wait"},
	{"TRYAGAIN", fault.Unavailable, "the cluster moves keys: wait"},
	{"CLUSTERDOWN", fault.Unavailable, "the Redis cluster is down: see CLUSTER INFO"},
	{"MASTERDOWN", fault.Unavailable, "this Redis is a replica that lost its master: name the master in state.url"},
	{"READONLY", fault.Unavailable, "this Redis is a replica: name the master in state.url"},
	{"OOM", fault.Unavailable, "Redis is out of memory: raise its maxmemory, and keep maxmemory-policy noeviction"},
	{"MISCONF", fault.Unavailable, "Redis can't save to its disk and so refuses writes: see its log"},
	{"NOREPLICAS", fault.Unavailable, "Redis has fewer replicas than min-replicas-to-write asks for"},
	{"max number of clients", fault.Unavailable, "Redis has no connection left: raise its maxclients"},
	{"NOAUTH", fault.Unauthorized, "Redis asks for a password: put it into state.url"},
	{"Protocol error: unauthenticated", fault.Unauthorized, "Redis asks for a password: put it into state.url"}, // to a long command before a login
	{"WRONGPASS", fault.Unauthorized, "Redis refuses the user or the password in state.url"},
	{"invalid password", fault.Unauthorized, "Redis refuses the password in state.url"},
	{"AUTH", fault.Unauthorized, "Redis has no password set, or knows no users: see its ACL LIST"},
	{"NOPERM", fault.Unauthorized, hintRights},
	{"The user executing the script can't", fault.Unauthorized, hintRights}, // version 7.0's NOPERM within a script
	{"ACL failure in script", fault.Unauthorized, hintRights},               // version 7.2's
	{"CROSSSLOT", fault.Refused, "one ledger's keys lie in several cluster slots, so something changed them: report it"},
	{"MOVED", fault.Refused, "this is one node of a Redis cluster, and another has the keys: use a Redis that isn't clustered"},
	{"WRONGTYPE", fault.Refused, "something else wrote under omnisync: in this database: give syncd a database of its own"},
	{"DB index", fault.Refused, "this Redis has no database of the number in state.url"},
}

// fault classifies err, which met op; a fault passes as it is.
func (s *Store) fault(op string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e
	}
	kind, hint := classify(err)
	hint = strings.ReplaceAll(hint, DefaultPrefix+":", s.keys.place())
	return &fault.Error{Kind: kind, Op: fmt.Sprintf("%s ledger on %s", op, s.addr), Hint: hint, Err: err}
}

func classify(err error) (fault.Kind, string) {
	if _, ok := errors.AsType[redis.Error](err); ok {
		return classifyReply(err.Error())
	}
	if unknown, ok := errors.AsType[x509.UnknownAuthorityError](err); ok && unknown.Cert != nil {
		return fault.Unavailable, "the certificate of Redis is signed by nobody this machine trusts: install its CA"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return fault.Unavailable, "the certificate of Redis is for another name than the host in state.url: name it as the certificate does"
	}
	if expired, ok := errors.AsType[x509.CertificateInvalidError](err); ok && expired.Reason == x509.Expired {
		return fault.Unavailable, "the certificate of Redis has expired, or this machine's clock is wrong"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return fault.Unavailable, "Redis doesn't speak TLS on this port: use redis:// or its TLS port"
	}
	return classifyBroken(err)
}

func classifyReply(text string) (fault.Kind, string) {
	for _, r := range replies {
		if strings.HasPrefix(strings.TrimPrefix(text, "ERR "), r.word) || strings.Contains(text, "-"+r.word+" ") {
			return r.kind, r.hint
		}
	}
	return fault.Other, ""
}

// classifyBroken tells what a connection without an answer means.
func classifyBroken(err error) (fault.Kind, string) {
	var dns *net.DNSError
	var op *net.OpError
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return fault.Unavailable, ""
	case errors.Is(err, redis.ErrClosed):
		return fault.Unavailable, "the store is closed"
	case errors.Is(err, redis.ErrPoolTimeout):
		return fault.Unavailable, "all connections to Redis are busy"
	case errors.As(err, &dns):
		return fault.Unavailable, "the host in state.url has no address: check its name"
	case errors.As(err, &op) && op.Op == "dial":
		return fault.Unavailable, "nothing answers at the address in state.url: is Redis running, and reachable from here?"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fault.Unavailable, "Redis doesn't answer in time: see its load (SLOWLOG GET), and whether its port speaks TLS where state.url begins with rediss://"
	case errors.As(err, &op), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Unavailable, "Redis cut the connection; with TLS on its side state.url begins with rediss://"
	}
	return fault.Other, ""
}

func quote(s string) string { return fmt.Sprintf("%.40q", s) }
