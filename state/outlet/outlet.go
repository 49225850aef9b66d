// Package outlet appends the provisioning log to a file of JSON lines, for other programs
// to ship: each line once, also over crashes and full disks, and while the file is rotated.
//
//	audit.jsonl             a change a line, as syncd history --format jsonl gives it
//	audit.jsonl.position    how far it is: the last line, and where it ended
//
// The file is opened by its name for each Append, so that one that was renamed, emptied or
// removed meanwhile is begun anew. The position is written behind the lines, once they are on
// the disk. What a crash leaves between the two is found by comparing: lines that follow in
// the file what the position says are those that are about to be written, and aren't written again.
package outlet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// File is where the log goes. Its methods may be called from several goroutines; another
// process needs a file of its own.
type File struct {
	path  string
	mu    sync.Mutex
	swept bool // of what an earlier process left
}

// New gives the file of that path. It opens nothing: a path that can't be written is told
// by Append.
func New(path string) *File { return &File{path: path} }

// Place tells how far the export is; the zero Exported where there is none yet. Where the
// position is gone, it is told by the file's last line.
func (f *File) Place(ctx context.Context) (state.Exported, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return state.Exported{}, f.failed("read", err)
	}
	p, err := f.position()
	return p.Exported, err
}

// Append writes lines, each with its line break, behind what from tells, as Place gave it, and is on the
// disk when it returns nil: then to is the place. What an earlier Append of the same lines
// left that broke off is completed. fault.Conflict says that another process writes to the file.
func (f *File) Append(ctx context.Context, lines [][]byte, from, to state.Exported) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return f.failed("write", err)
	}
	p, err := f.position()
	if err != nil {
		return err
	}
	if p.Exported != from {
		return &fault.Error{Kind: fault.Conflict, Op: "write " + f.path, Detail: "another process writes to it", Hint: "give each daemon a log.export of its own"}
	}
	if !f.swept {
		f.swept = true
		if path, err := filepath.EvalSymlinks(f.path); err == nil {
			_ = sweep(path) // Rewrite tells
		}
	}
	if len(lines) > 0 {
		if p.Size, err = f.write(lines, p); err != nil {
			return f.failed("write", err)
		}
		p.Last = len(lines[len(lines)-1])
	}
	p.Exported = to
	return f.remember(p)
}

// write brings the lines to the end of the file, and gives where the last of them ends.
func (f *File) write(lines [][]byte, p position) (end int64, err error) {
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	at, size, err := p.in(file)
	if err != nil {
		return 0, err
	}
	for len(lines) > 0 && at < size { // what broke off has written these
		part, err := readAt(file, at, min(int64(len(lines[0])), size-at))
		if err != nil {
			return 0, err
		}
		if !bytes.HasPrefix(lines[0], part) {
			break
		}
		if at += int64(len(part)); len(part) < len(lines[0]) {
			lines = append([][]byte{lines[0][len(part):]}, lines[1:]...)
			break
		}
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return at, file.Sync()
	}
	if at < size { // it is none of ours, or of a line that has become another one since
		if err := cutHalf(file, at, size); err != nil {
			return 0, err
		}
	}
	if _, err := file.Write(bytes.Join(lines, nil)); err != nil {
		return 0, err
	}
	if err := file.Sync(); err != nil {
		return 0, err
	}
	return file.Seek(0, io.SeekEnd)
}

// piece is how much of the file is looked through at once.
const piece = 64 << 10

// cutHalf takes half a line off the end of the file, which begins at from or later.
func cutHalf(file *os.File, from, size int64) error {
	for end := size; end > from; {
		at := max(from, end-piece)
		part, err := readAt(file, at, end-at)
		if err != nil {
			return err
		}
		whole := at + int64(bytes.LastIndexByte(part, '\n')) + 1
		switch {
		case whole == size:
			return nil
		case whole > at:
			return file.Truncate(whole)
		}
		end = at
	}
	return file.Truncate(from)
}

func readAt(file *os.File, at, n int64) ([]byte, error) {
	part := make([]byte, n)
	_, err := file.ReadAt(part, at)
	return part, err
}

// failed tells what a failure is about; nil is none.
func (f *File) failed(op string, err error) error {
	if err == nil {
		return nil
	}
	return &fault.Error{Kind: fault.Unavailable, Op: op + " " + f.path, Err: err,
		Hint: "see that the file of log.export and its directory can be written, and have room"}
}
