package archive

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/omnisync/omnisync/fault"
)

const hintElse = `, or let state.archive name another directory ("" switches the archive off)`

// failed classifies what kept the archive from being read or written; nil stays nil.
func failed(op, where string, err error) error {
	if err == nil {
		return nil
	}
	e := &fault.Error{Kind: fault.Other, Op: op + " archive " + where, Err: err}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.Kind = fault.Unavailable
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Kind, e.Hint = fault.Unavailable, "the disk is full: make room"+hintElse
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.EROFS):
		e.Kind, e.Hint = fault.Unavailable, "the disk fails or is read-only: see the system's log"+hintElse
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "the user that runs syncd must be able to write into it" + hintElse
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		e.Hint = "a file stands where the directory should be: move it" + hintElse
	}
	return e
}
