package outlet

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// Lines gives each line of the file, without its line break; none where there is no file.
// What a crash left half written at the end is one too.
func (f *File) Lines() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for line, err := range f.raw() {
			if !yield(bytes.TrimSuffix(line, []byte("\n")), err) {
				return
			}
		}
	}
}

// raw gives each line with its line break, where it has one.
func (f *File) raw() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		f.mu.Lock()
		defer f.mu.Unlock()
		file, err := os.Open(f.path)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(nil, f.failed("read", err))
			return
		}
		defer func() { _ = file.Close() }() // it was only read
		for r := bufio.NewReader(file); ; {
			line, err := r.ReadBytes('\n')
			if len(line) > 0 && !yield(line, nil) || errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, f.failed("read", err))
				return
			}
		}
	}
}

// Rewrite puts what edit makes of each line in its place, and tells how many it changed. The
// file is written anew beside the old one and given its name: whoever follows it may read it
// again. Files that it was renamed to are out of reach.
func (f *File) Rewrite(ctx context.Context, edit func(line []byte) ([]byte, error)) (changed int, err error) {
	p, err := f.at(ctx)
	if err != nil {
		return 0, err
	}
	var text bytes.Buffer
	read, size, last := int64(0), int64(0), []byte(nil)
	known := false // the last line that the position knows has passed
	for was, err := range f.raw() {
		if err != nil {
			return 0, err
		}
		line := bytes.TrimSuffix(was, []byte("\n"))
		now, err := edit(line)
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(line, now) {
			changed++
		}
		now = slices.Concat(now, was[len(line):])
		read += int64(len(was))
		text.Write(now)
		if state.SumOf(was) == p.Sum {
			known, size, last = true, int64(text.Len()), now
		}
	}
	if changed == 0 {
		return 0, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if info, err := os.Stat(f.path); err != nil || info.Size() != read {
		return 0, &fault.Error{Kind: fault.Conflict, Op: "rewrite " + f.path, Err: err, Detail: "it was written to meanwhile", Hint: "try again"}
	}
	if err := replace(f.path, text.Bytes()); err != nil {
		return 0, f.failed("rewrite", err)
	}
	if known {
		p.Sum, p.Size, p.Last = state.SumOf(last), size, len(last)
	}
	return changed, f.remember(p)
}

func (f *File) at(ctx context.Context) (position, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return position{}, f.failed("rewrite", err)
	}
	return f.position()
}
