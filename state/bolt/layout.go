package bolt

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"

	"go.etcd.io/bbolt"

	"github.com/omnisync/omnisync/state"
)

// The buckets of the file, and the keys of the first.
const (
	ledgerBucket  = "ledger"
	recordBuckets = "buckets"
	streamBuckets = "streams"

	formKey    = "form"
	epochKey   = "epoch"
	counterKey = "counter"
	writesKey  = "writes" // how many batches were applied
	lastKey    = "last"   // the ID of the last one
)

// form is the version of this layout.
const form = "1"

// prepare reads the epoch of the ledger, or makes a ledger in an empty file.
func (s *Store) prepare() error {
	fresh := false
	err := guard(func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			if err := checkSize(tx, s.path); err != nil {
				return err
			}
			first, _ := tx.Cursor().First()
			fresh = first == nil
			if fresh {
				return nil
			}
			return s.readLedger(tx)
		})
	})
	if err != nil || !fresh {
		return err
	}
	return guard(func() error { return s.db.Update(s.makeLedger) })
}

// checkSize finds a file that was cut, before a read runs into its end.
func checkSize(tx *bbolt.Tx, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() < tx.Size() {
		return fmt.Errorf("%w: it has %d bytes and should have %d", errDamaged, info.Size(), tx.Size())
	}
	return nil
}

func (s *Store) readLedger(tx *bbolt.Tx) error {
	l := tx.Bucket([]byte(ledgerBucket))
	if l == nil || tx.Bucket([]byte(recordBuckets)) == nil || tx.Bucket([]byte(streamBuckets)) == nil {
		return errForeign
	}
	if f := l.Get([]byte(formKey)); string(f) != form {
		return fmt.Errorf("%w %.20q, this binary knows %q", errForm, f, form)
	}
	s.epoch = string(l.Get([]byte(epochKey)))
	if s.epoch == "" || len(l.Get([]byte(counterKey))) != 8 {
		return fmt.Errorf("%w: it has no epoch or no counter", errDamaged)
	}
	return nil
}

func (s *Store) makeLedger(tx *bbolt.Tx) error {
	for _, name := range []string{recordBuckets, streamBuckets} {
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	l, err := tx.CreateBucket([]byte(ledgerBucket))
	if err != nil {
		return err
	}
	s.epoch = rand.Text()
	for key, value := range map[string][]byte{
		formKey: []byte(form), epochKey: []byte(s.epoch), counterKey: number(0),
	} {
		if err := l.Put([]byte(key), value); err != nil {
			return err
		}
	}
	return nil
}

// records gives the bucket of b, nil when nothing was written to it.
func records(tx *bbolt.Tx, b state.Bucket) *bbolt.Bucket {
	return tx.Bucket([]byte(recordBuckets)).Bucket([]byte(b))
}

// stream gives the bucket of s, nil when nothing was appended to it.
func stream(tx *bbolt.Tx, s state.Stream) *bbolt.Bucket {
	return tx.Bucket([]byte(streamBuckets)).Bucket([]byte(s))
}

// number spells n so that the order of the bytes is the order of the numbers.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
