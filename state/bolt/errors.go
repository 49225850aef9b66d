package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"

	"github.com/omnisync/omnisync/fault"
)

var (
	errDamaged = errors.New("the file is damaged")
	errForeign = errors.New("the file is a bbolt file, but not a ledger of syncd")
)

const (
	hintAside = "nothing in it was changed; move it aside and start again: a reconcile builds the ledger anew and removes nobody"
	hintOther = "nothing in it was changed; let state.url name another path, or move the file aside if it was a ledger"
)

// openFault classifies what kept the file from being opened.
func openFault(path string, err error) error {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e
	}
	e := &fault.Error{Kind: fault.Other, Op: "open ledger " + path, Err: err}
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		e.Kind, e.Err, e.Detail = fault.Fenced, nil, describeOwner(path)
		e.Hint = "stop that process first, or ask the running daemon"
	case errors.Is(err, errForeign), errors.Is(err, berrors.ErrInvalid):
		e.Detail, e.Hint = "not a ledger", hintOther
	case errors.Is(err, berrors.ErrVersionMismatch):
		e.Hint = "run the version of syncd that wrote it"
	case errors.Is(err, errDamaged), errors.Is(err, berrors.ErrChecksum):
		e.Hint = hintAside
	case errors.Is(err, fs.ErrNotExist):
		e.Hint = "make its directory first"
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "this user must be able to write the file and its directory"
	default:
		e.Kind, e.Hint = diskKind(err)
		if _, ok := errors.AsType[syscall.Errno](err); !ok {
			e.Hint = hintAside // bbolt's own words about the content
		}
	}
	return e
}

// fault classifies what kept an open ledger from being read or written; a
// fault passes as it is.
func (s *Store) fault(op string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e
	}
	e := &fault.Error{Kind: fault.Other, Op: fmt.Sprintf("%s ledger %s", op, s.path), Err: err}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.Kind = fault.Unavailable
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		e.Kind, e.Detail = fault.Unavailable, "the ledger is closed"
	case errors.Is(err, errDamaged):
		e.Hint = "stop syncd and move the file aside: a reconcile builds the ledger anew and removes nobody"
	default:
		e.Kind, e.Hint = diskKind(err)
	}
	return e
}

func diskKind(err error) (fault.Kind, string) {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.Unavailable, "the disk is full: make room"
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.EROFS):
		return fault.Unavailable, "the disk fails or is read-only: see the system's log"
	}
	return fault.Other, ""
}

func fenced(op, detail string) error {
	return &fault.Error{Kind: fault.Fenced, Op: op, Detail: detail}
}

// guard makes an error of a panic or a memory fault under f. They are how
// bbolt meets a damaged page and a file that somebody cut.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	return f()
}
