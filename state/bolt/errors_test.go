package bolt

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"

	berrors "go.etcd.io/bbolt/errors"

	"github.com/omnisync/omnisync/fault"
)

// TestFaults has what a test can't make happen: a full or failing disk.
func TestFaults(t *testing.T) {
	s := &Store{path: "ledger.db"}
	disk := func(errno syscall.Errno) error { return &fs.PathError{Op: "write", Path: "ledger.db", Err: errno} }
	for _, c := range []struct {
		err  error
		kind fault.Kind
		hint bool
	}{
		{disk(syscall.ENOSPC), fault.Unavailable, true},
		{disk(syscall.EDQUOT), fault.Unavailable, true},
		{os.NewSyscallError("fdatasync", syscall.EIO), fault.Unavailable, true},
		{disk(syscall.EROFS), fault.Unavailable, true},
		{disk(syscall.EBADF), fault.Other, false},
		{berrors.ErrDatabaseNotOpen, fault.Unavailable, false},
		{context.Canceled, fault.Unavailable, false},
		{context.DeadlineExceeded, fault.Unavailable, false},
		{errDamaged, fault.Other, true},
		{berrors.ErrValueTooLarge, fault.Other, false},
		{fenced("write", "lost"), fault.Fenced, false},
	} {
		err := s.fault("write", c.err)
		if !errors.Is(err, c.err) || !fault.Is(err, c.kind) || (fault.HintOf(err) != "") != c.hint {
			t.Errorf("%v becomes %v, %q, hint %q; want %q, a hint: %t", c.err, err, fault.KindOf(err), fault.HintOf(err), c.kind, c.hint)
		}
	}
	if err := s.fault("write", nil); err != nil {
		t.Errorf("nil becomes %v", err)
	}
}

func TestOpenFaults(t *testing.T) {
	for _, c := range []struct {
		err  error
		kind fault.Kind
		hint bool
	}{
		{&fs.PathError{Op: "open", Path: "p", Err: syscall.EACCES}, fault.Other, true},
		{&fs.PathError{Op: "open", Path: "p", Err: syscall.ENOENT}, fault.Other, true},
		{&fs.PathError{Op: "open", Path: "p", Err: syscall.ENOSPC}, fault.Unavailable, true},
		{&fs.PathError{Op: "open", Path: "p", Err: syscall.EISDIR}, fault.Other, false},
		{berrors.ErrVersionMismatch, fault.Other, true},
		{berrors.ErrChecksum, fault.Other, true},
		{berrors.ErrInvalid, fault.Other, true},
		{errors.New("bbolt's words"), fault.Other, true},
	} {
		err := openFault("p", c.err)
		if !errors.Is(err, c.err) || !fault.Is(err, c.kind) || (fault.HintOf(err) != "") != c.hint {
			t.Errorf("%v becomes %v, %q, hint %q; want %q, a hint: %t", c.err, err, fault.KindOf(err), fault.HintOf(err), c.kind, c.hint)
		}
	}
}

func TestGuard(t *testing.T) {
	err := guard(func() error { panic("page 3 is no leaf") })
	if !errors.Is(err, errDamaged) || err.Error() != "the file is damaged: page 3 is no leaf" {
		t.Errorf("a panic becomes %v", err)
	}
	if err := guard(func() error { return fs.ErrExist }); err != fs.ErrExist {
		t.Errorf("an error becomes %v", err)
	}
	if err := guard(func() error { return nil }); err != nil {
		t.Errorf("nil becomes %v", err)
	}
}
