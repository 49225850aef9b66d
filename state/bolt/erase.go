package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"go.etcd.io/bbolt"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// Rewrite puts what edit makes of each entry in its place, in one transaction.
func (s *Store) Rewrite(ctx context.Context, f state.Fence, st state.Stream, edit func([]byte) ([]byte, error)) (changed int, err error) {
	err = s.update(ctx, "rewrite", func(tx *bbolt.Tx) error {
		changed = 0
		if err := s.checkFence(f); err != nil {
			return err
		}
		b := stream(tx, st)
		if b == nil {
			return nil
		}
		edited, err := editAll(b, edit)
		if err != nil || len(edited) == 0 {
			return err
		}
		if _, err := advance(tx, ""); err != nil {
			return err
		}
		for _, e := range edited {
			if err := b.Put([]byte(e.Key), e.Value); err != nil {
				return err
			}
		}
		changed = len(edited)
		return nil
	})
	return changed, err
}

// editAll gives the entries that edit changes.
func editAll(b *bbolt.Bucket, edit func([]byte) ([]byte, error)) (edited []state.Entry, err error) {
	err = b.ForEach(func(k, v []byte) error {
		now, err := edit(bytes.Clone(v))
		if err == nil && !bytes.Equal(now, v) {
			edited = append(edited, state.Entry{Key: string(k), Value: now})
		}
		return err
	})
	return edited, err
}

// compactStep is how many bytes of records one transaction of a copy holds.
const compactStep = 4 << 20

// Scrub copies what the ledger holds into a new file, which takes the old one's place:
// bbolt leaves what was removed in the pages that it doesn't use. Nobody reads or writes
// meanwhile. The new file is locked before it has the name, so that no other process comes
// in between; a crash leaves the old file, or the new one.
func (s *Store) Scrub(ctx context.Context, f state.Fence) error {
	s.swap.Lock()
	defer s.swap.Unlock()
	if err := s.ready(ctx); err != nil {
		return err
	}
	if err := s.checkFence(f); err != nil {
		return err
	}
	if runtime.GOOS == "windows" { // an open file keeps its name there
		return &fault.Error{Kind: fault.Declined, Op: "scrub ledger " + s.path, Detail: "what was replaced stands in unused parts of the file still",
			Hint: "export the ledger, import it into a new file, and delete this one"}
	}
	return s.fault("scrub", s.replace())
}

func (s *Store) replace() error {
	path := s.path + ".scrub"
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a crash
		return err
	}
	fresh, err := openFile(path)
	if err != nil {
		return err
	}
	err = guard(func() error {
		if err := bbolt.Compact(fresh, s.db, compactStep); err != nil {
			return err
		}
		return fresh.Sync()
	})
	if err == nil {
		err = os.Rename(path, s.path)
	}
	if err != nil {
		return errors.Join(closeAfter(fresh, err), os.Remove(path))
	}
	old := s.db
	s.db = fresh
	return errors.Join(syncDir(filepath.Dir(s.path)), guard(old.Close))
}

// syncDir makes the names in dir durable. Windows does so by itself, and has no such call.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// errReplaced is a file that has lost its name to another one since it was opened.
var errReplaced = errors.New("the file was replaced while it was opened")

// stillNamed makes sure that path is the file's: who waited for its lock while Scrub
// replaced it has the old one.
func stillNamed(path string, file *os.File) error {
	mine, err := file.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(mine, named) {
		return fmt.Errorf("%w: %s", errReplaced, path)
	}
	return nil
}
