// Package bolt keeps the ledger in one file on one machine, with bbolt.
//
// The file belongs to one process at a time: bbolt locks it. Who has it stands
// as JSON in a second file beside it, PATH.owner, so that the next process can
// say whom it waits for. A process that crashes leaves that file behind, but
// not the lock; the next one overwrites it.
//
// The file holds three buckets:
//
//	ledger   form, needs, epoch, counter, writes, last: what makes it a ledger, and the fence
//	buckets  one bucket per state.Bucket, so that a group's members are together
//	streams  one bucket per state.Stream, keys are big-endian: number, time in ms
//
// Each Apply is one bbolt transaction and is on the disk when it returns.
package bolt

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/omnisync/omnisync/state"
)

// lockWait is how long Open waits for another process to let go of the file.
// It is long enough for a command that is just ending.
const lockWait = time.Second

// Store is a ledger in a file. It implements state.Store and state.Leaser.
type Store struct {
	swap  sync.RWMutex // of db, which Scrub replaces; taken before all else
	db    *bbolt.DB
	path  string
	epoch string
	keeps time.Duration // how old an entry of a stream gets

	mu     sync.Mutex // guards what follows; may be taken inside a bbolt transaction, never around one
	lease  lease
	closed bool
}

// Open opens the ledger at path, or makes one (mode 0600) where there is no
// file. It answers fault.Fenced with the owner's pid, host and time in Detail
// when another process has the file, and leaves a file that is not a ledger, or
// a damaged one, as it stands.
func Open(path string) (*Store, error) {
	db, err := openFile(path)
	for errors.Is(err, errReplaced) {
		db, err = openFile(path)
	}
	if err != nil {
		return nil, openFault(path, err)
	}
	s := &Store{db: db, path: path, keeps: state.MaxAge}
	if err := s.prepare(); err != nil {
		return nil, openFault(path, closeAfter(db, err))
	}
	if err := writeOwner(path); err != nil {
		return nil, openFault(path, closeAfter(db, err))
	}
	return s, nil
}

// KeepFor says how old an entry of a stream gets: state.MaxAge unless it is said. It is
// called before the store is used, and takes effect with the next append to the stream.
func (s *Store) KeepFor(age time.Duration) { s.keeps = age }

// Close lets go of the file and of the lease. Closing twice is no error.
func (s *Store) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.lease = lease{}
	s.mu.Unlock()
	if again {
		return nil
	}
	// The owner's file goes first: once the lock is off it would be the next owner's.
	err := removeOwner(s.path)
	s.swap.Lock()
	defer s.swap.Unlock()
	if e := guard(s.db.Close); e != nil {
		err = e
	}
	return s.fault("close", err)
}

// openFile opens the file with bbolt. bbolt panics where the free list is
// damaged and then keeps its file, and with it the lock, open: hence the own handle.
func openFile(path string) (*bbolt.DB, error) {
	var db *bbolt.DB
	var file *os.File
	options := *bbolt.DefaultOptions
	options.Timeout = lockWait
	options.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		f, err := os.OpenFile(name, flag, mode)
		file = f
		return f, err
	}
	err := guard(func() (err error) {
		db, err = bbolt.Open(path, 0o600, &options)
		return err
	})
	if err != nil && file != nil {
		_ = file.Close() // closed already unless bbolt panicked
	}
	if err == nil {
		if err = stillNamed(path, file); err != nil {
			return nil, closeAfter(db, err)
		}
	}
	return db, err
}

func closeAfter(db *bbolt.DB, err error) error {
	if e := guard(db.Close); e != nil {
		return fmt.Errorf("%w; then closing it: %w", err, e)
	}
	return err
}
