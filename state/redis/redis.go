// Package redis keeps the ledger in Redis, for daemons on several machines of
// which one leads. It needs Redis 6.2 or later, and a server that evicts nothing
// (maxmemory-policy noeviction): a ledger with a hole is a wrong ledger.
//
// keys.go has every key, scripts.go every script. A bucket is a hash, a stream
// is a Redis stream. A batch is one script, which compares the fence in the
// same step. Nothing is tried again in here: a write whose answer got lost may
// have happened, and the engine knows better what to do about that.
package redis

import (
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// answerWait is how long one command may take: a batch of thousands of writes and
// the answer to a scan take milliseconds. A connection of which nobody says that it
// is dead holds up who uses it for so long.
const answerWait = 3 * time.Second

// idleWait is how long a connection that nobody uses is trusted: what stands
// between us and Redis may have forgotten it without a word.
const idleWait = 2 * time.Second

// dialWait is how long a connection may take to come about.
const dialWait = 5 * time.Second

// Store is the ledger of one connection. It implements state.Store, state.Leaser
// and state.Mailbox.
type Store struct {
	client  *redis.Client
	keys    keys
	addr    string // for messages; without user and password
	left    left
	waiting chan struct{} // capacity 1: a renewal saw errands wait
	keeps   time.Duration // how old an entry of a stream gets
}

// Options tell where a ledger is.
type Options struct {
	URL    string // redis://[[user]:password@]host[:port][/database], rediss:// with TLS
	Name   string // the connection's
	Prefix string // what every key begins with; "" stands for DefaultPrefix
}

// Open gives the ledger that the options name. It connects only when the store
// is used. An error never repeats the URL, which may hold a password.
func Open(options Options) (*Store, error) {
	k, err := newKeys(options)
	if err != nil {
		return nil, err
	}
	o, err := parseURL(options.URL)
	if err != nil {
		return nil, err
	}
	o.MaxRetries = -1
	o.DialerRetries = 1
	o.ContextTimeoutEnabled = true
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.ReadTimeout, o.WriteTimeout, o.DialTimeout, o.ConnMaxIdleTime = answerWait, answerWait, dialWait, idleWait
	return &Store{client: redis.NewClient(o), keys: k, addr: o.Addr, waiting: make(chan struct{}, 1), keeps: state.MaxAge}, nil
}

// KeepFor says how old an entry of a stream gets: state.MaxAge unless it is said. It is
// called before the store is used, and takes effect with the next append to the stream.
func (s *Store) KeepFor(age time.Duration) { s.keeps = age }

// Quiet ends go-redis's own lines on stderr, for the whole process: all that
// they tell is in the errors of the Store too. A program calls it once, at its start.
func Quiet() { logging.Disable() }

// Close closes the connections. The lease stays until it is released or ends.
// Closing twice is no error.
func (s *Store) Close() error {
	if err := s.client.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
		return s.fault("close", err)
	}
	return nil
}

func fenced(op, detail string) error {
	return &fault.Error{Kind: fault.Fenced, Op: op, Detail: detail}
}
