// Package state is the ledger: what was last applied to Omni per Okta object,
// what is held, what is failing, and the log of it all. It holds the records
// and the contract of the stores that keep them; state/bolt and state/redis
// are the stores.
package state

import (
	"context"
	"iter"
	"time"

	"github.com/omnisync/omnisync/identity"
)

// Bucket is a set of records of one kind, by key.
type Bucket string

// The buckets of a connection. Members gives one more for each group.
const (
	Meta    Bucket = "meta"    // a few singletons: Connection, Window, LogRead, Keys
	Users   Bucket = "users"   // User by OktaID
	Marks   Bucket = "marks"   // Mark by OktaID: the index of Users
	Groups  Bucket = "groups"  // Group by GroupID
	Holds   Bucket = "held"    // Hold by Key
	Failing Bucket = "failing" // Failure by subject

	Leavers Bucket = "leavers"   // Leaver by OktaID: who is on the way out
	Saves   Bucket = "saved"     // Saved by the id of the schedule or document
	Forgets Bucket = "forgotten" // Forgotten by OktaID
	Undoes  Bucket = "undone"    // Undone by subject: whom and what a person brought back
	Unlinks Bucket = "unlinked"  // Unlinked by OktaID

	PushedUsers  Bucket = "pushed/users"  // PushedUser by OktaID
	PushedGroups Bucket = "pushed/groups" // PushedGroup by GroupID
)

// Members is the bucket of one group's members: Member by OktaID.
func Members(g identity.GroupID) Bucket { return "members/" + Bucket(g) }

// Stream is a list that only grows at its end and is cut at its beginning.
type Stream string

// The streams of a connection.
const (
	Log  Stream = "log"  // Change: the provisioning log
	Runs Stream = "runs" // Run
)

// Keep is how many of the newest entries of a stream a store keeps at least.
var keep = map[Stream]int{Log: 100_000, Runs: 1_000}

// Keep tells how many of its newest entries a store keeps of s, as long as they
// are no older than it was told, else than MaxAge.
func (s Stream) Keep() int { return keep[s] }

// MaxAge is how old an entry of a stream gets in a store that wasn't told otherwise.
// Older ones are gone after the next append: the archive is what keeps them longer.
const MaxAge = 400 * 24 * time.Hour

// Entry is one record with its key, not decoded.
type Entry struct {
	Key   string
	Value []byte
}

// Write is one record to store; a nil Value removes the key, an empty one is a record.
type Write struct {
	Bucket Bucket
	Key    string
	Value  []byte
}

// Append is one entry for the end of a stream.
type Append struct {
	Stream Stream
	Value  []byte
}

// Position tells which ledger this is and how far it has come. A ledger that was
// emptied or replaced has another epoch; one that was set back to an older copy
// has fewer writes than somebody remembers.
type Position struct {
	Epoch  string `json:"epoch"`  // random, made with the ledger; "" for none
	Writes uint64 `json:"writes"` // how many batches were written since
}

// Behind reports whether the ledger at p isn't one that was at seen before: it
// is another one, or an older copy. Nobody has seen a position without an epoch.
func (p Position) Behind(seen Position) bool {
	return seen.Epoch != "" && (p.Epoch != seen.Epoch || p.Writes < seen.Writes)
}

// Batch is written whole or not at all, in order: of two writes to one key the
// later one counts. Check tells what can't be written.
//
// A batch whose ID is that of the batch written last is acknowledged and not
// written again: one whose answer got lost can be sent a second time.
type Batch struct {
	ID      string // "" for a batch that is never sent again
	Writes  []Write
	Appends []Append
	Drops   []Bucket // buckets that are emptied before anything is written
}

// Fence proves that its holder leads. It is the ledger's epoch and a counter
// (in Redis also a nonce, as a failover may lose the newest count), and is
// compared for equality by the store in the same step as each write. It is
// current from Acquire until its lease is released or runs out.
type Fence string

// Store keeps one connection's ledger. Its methods may be called from several
// goroutines. A store that is out of reach or closed, and a context that has
// ended, are fault.Unavailable; the context's error is in the chain.
type Store interface {
	Reader
	Eraser
	// Apply writes the batch whole or not at all, and is durable (bbolt) or
	// acknowledged (Redis) when it returns nil. It answers fault.Fenced and writes
	// nothing when f isn't the current fence, fault.Refused when Check finds fault.
	// After fault.Unavailable the batch may have been written, whole.
	Apply(ctx context.Context, f Fence, b Batch) error
	// Durable answers nil when every batch that was acknowledged before it was called
	// is on the disk: always in a file, in Redis once it has confirmed it. fault.Refused
	// says that this store can't tell, and its hint what it takes: what is nowhere else
	// isn't safe there. fault.Unavailable says that it didn't tell this time.
	Durable(ctx context.Context) error
}

// Eraser takes out of a ledger what a stream can't lose by itself. Both methods answer
// fault.Fenced and do nothing when f isn't the current fence.
type Eraser interface {
	// Rewrite gives each entry of s to edit, the oldest first, and puts what edit makes of
	// it in its place: order, number and ages stay. It is done whole or not at all, counts
	// as one batch where anything was changed, and tells how many entries were. edit must
	// not use the store, may be asked twice about an entry, and its error ends it. Nobody
	// may append meanwhile.
	// After fault.Unavailable it may have been done, whole.
	Rewrite(ctx context.Context, f Fence, s Stream, edit func(value []byte) ([]byte, error)) (changed int, err error)
	// Scrub takes out of the store's own files what was removed and replaced before.
	// fault.Declined says in words for a person that this store can't do it, and what does.
	Scrub(ctx context.Context, f Fence) error
}

// Reader reads the ledger. The bytes that it gives are the caller's.
type Reader interface {
	// Get gives the record under key, and false when there is none.
	Get(ctx context.Context, b Bucket, key string) ([]byte, bool, error)
	// Scan gives every record of b once, in no order that means anything. Records
	// that are written during the scan may be seen or not. It ends at its first error.
	Scan(ctx context.Context, b Bucket) iter.Seq2[Entry, error]
	Streams
	// Position tells which ledger this is and how many batches were applied to it;
	// the zero Position where nobody has held its lease yet.
	Position(ctx context.Context) (Position, error)
}

// Streams reads the ledger's streams.
type Streams interface {
	// Tail gives the n newest entries of s, newest first.
	Tail(ctx context.Context, s Stream, n int) ([][]byte, error)
	// After gives up to n entries of s that follow the one under the key, the oldest first,
	// and whether that one is still there. An entry's key is what an earlier answer of the
	// same ledger gave; Rewrite leaves it as it is. "" stands before all, and is always there.
	After(ctx context.Context, s Stream, key string, n int) (list []Entry, there bool, err error)
}

// Leaser grants the right to write to one process at a time.
type Leaser interface {
	// Acquire takes the lease for ttl and gives a fence that no earlier holder had.
	// When somebody else has it, it answers fault.Fenced, the holder's name in Detail.
	// A holder that ends without releasing loses the lease after its ttl.
	Acquire(ctx context.Context, holder string, ttl time.Duration) (Fence, error)
	// Renew prolongs the lease by ttl from now; fault.Fenced when f no longer holds it.
	Renew(ctx context.Context, f Fence, ttl time.Duration) error
	// Release gives the lease back; releasing one that is lost is no error.
	Release(ctx context.Context, f Fence) error
	// Holder names who has the lease now, "" when nobody has.
	Holder(ctx context.Context) (string, error)
}
