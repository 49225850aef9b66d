package bolt

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"github.com/omnisync/omnisync/state"
)

// The buckets of the file, and the keys of the first.
const (
	ledgerBucket  = "ledger"
	recordBuckets = "buckets"
	streamBuckets = "streams"

	formKey    = "form"
	needsKey   = "needs" // the version of syncd that reads the form; not in form 1
	epochKey   = "epoch"
	counterKey = "counter"
	writesKey  = "writes" // how many batches were applied
	lastKey    = "last"   // the ID of the last one
)

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
	if err := state.CheckForm("open ledger "+s.path, string(l.Get([]byte(formKey))), string(l.Get([]byte(needsKey)))); err != nil {
		return err
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
	for key, value := range map[string][]byte{epochKey: []byte(s.epoch), counterKey: number(0)} {
		if err := l.Put([]byte(key), value); err != nil {
			return err
		}
	}
	return putForm(l)
}

func putForm(l *bbolt.Bucket) error {
	if err := l.Put([]byte(formKey), strconv.AppendInt(nil, state.Form, 10)); err != nil {
		return err
	}
	return l.Put([]byte(needsKey), []byte(state.Needs))
}

// upgrade brings a ledger of an older form to this one. In form 1 the key of a
// stream's entry was its number alone: it counts as written now.
func upgrade(tx *bbolt.Tx, now time.Time) error {
	l := tx.Bucket([]byte(ledgerBucket))
	if string(l.Get([]byte(formKey))) == strconv.Itoa(state.Form) {
		return nil
	}
	all := tx.Bucket([]byte(streamBuckets))
	err := all.ForEachBucket(func(name []byte) error { return stamp(all.Bucket(name), now) })
	if err != nil {
		return err
	}
	return putForm(l)
}

// stamp gives every entry of a stream the time now.
func stamp(b *bbolt.Bucket, now time.Time) error {
	var keys [][]byte
	err := b.ForEach(func(k, _ []byte) error {
		keys = append(keys, bytes.Clone(k))
		return nil
	})
	for _, k := range keys {
		if err == nil && len(k) == 8 {
			value := bytes.Clone(b.Get(k))
			err = errors.Join(b.Delete(k), b.Put(entryKey(binary.BigEndian.Uint64(k), now), value))
		}
	}
	return err
}

// entryKey is the key of a stream's entry: its number, which gives the order, and
// its time in milliseconds.
func entryKey(n uint64, at time.Time) []byte {
	return binary.BigEndian.AppendUint64(number(n), uint64(at.UnixMilli()))
}

// ofEntry reads an entry's key.
func ofEntry(k []byte) (n uint64, at time.Time, err error) {
	if len(k) != 16 {
		return 0, at, fmt.Errorf("%w: an entry of a stream has the key %x", errDamaged, k)
	}
	return binary.BigEndian.Uint64(k), time.UnixMilli(int64(binary.BigEndian.Uint64(k[8:]))), nil
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
