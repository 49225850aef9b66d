package outlet

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
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

// aside is what the file begins with that is to take the place of another one: whoever ships
// by a pattern doesn't take it for one of the log's.
const aside = ".rewrite-"

// Rewrite puts what edit makes of each line in its place, and tells how many it changed. The
// file is written anew beside the old one and given its name, mode, owner and group: whoever
// follows it may read it again. Where the path is a link, that is the file that it leads to.
// Files that it was renamed to are out of reach. A crash leaves the old one, or the new one.
func (f *File) Rewrite(ctx context.Context, edit func(line []byte) ([]byte, error)) (changed int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, f.failed("rewrite", err)
	}
	p, err := f.position()
	if err != nil {
		return 0, err
	}
	path, err := filepath.EvalSymlinks(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err = errors.Join(err, sweep(path)); err != nil {
		return 0, f.failed("rewrite", err)
	}
	c, err := f.rewrite(path, p.Sum, edit)
	if err != nil || c.changed == 0 {
		return 0, err
	}
	if c.last != nil {
		p.Sum, p.Size, p.Last = state.SumOf(c.last), c.size, len(c.last)
	}
	return c.changed, f.remember(p)
}

// sweep removes what an earlier rewriting left that broke off.
func sweep(path string) error {
	dir, name := filepath.Split(path)
	entries, err := os.ReadDir(cmp.Or(dir, "."))
	mine := regexp.MustCompile(`^` + regexp.QuoteMeta(aside) + `[0-9]+\.` + regexp.QuoteMeta(name) + `$`)
	for _, e := range entries {
		if mine.MatchString(e.Name()) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// rewrite writes the file anew, where anything in it changes.
func (f *File) rewrite(path, sum string, edit func([]byte) ([]byte, error)) (c edited, err error) {
	in, err := os.Open(path)
	if err != nil {
		return c, f.failed("rewrite", err)
	}
	defer func() { _ = in.Close() }() // it was only read
	out, err := os.CreateTemp(filepath.Dir(path), aside+"*."+filepath.Base(path))
	if err != nil {
		return c, f.failed("rewrite", err)
	}
	c, err = f.copyEdited(in, out, sum, edit)
	if err == nil && c.changed > 0 {
		err = f.failed("rewrite", errors.Join(alike(out, in), out.Sync()))
	}
	err = errors.Join(err, f.failed("rewrite", out.Close()))
	if err == nil && c.changed > 0 {
		err = f.still(path, c.read)
	}
	if err != nil || c.changed == 0 {
		return c, errors.Join(err, f.failed("rewrite", os.Remove(out.Name())))
	}
	if err := os.Rename(out.Name(), path); err != nil {
		return c, f.failed("rewrite", errors.Join(err, os.Remove(out.Name())))
	}
	return c, f.failed("rewrite", syncDir(filepath.Dir(path)))
}

// still says fault.Conflict unless the file is as long as what was read of it.
func (f *File) still(path string, read int64) error {
	if info, err := os.Stat(path); err != nil || info.Size() != read {
		return &fault.Error{Kind: fault.Conflict, Op: "rewrite " + f.path, Err: err, Detail: "it was written to meanwhile", Hint: "try again"}
	}
	return nil
}

// edited is what became of a file whose lines were edited.
type edited struct {
	changed int
	read    int64  // bytes of the old one
	last    []byte // what became of the line of the sum; nil where it isn't there
	size    int64  // where that ends
}

// copyEdited copies the lines, edited.
func (f *File) copyEdited(in io.Reader, out io.Writer, sum string, edit func([]byte) ([]byte, error)) (c edited, err error) {
	r, w := bufio.NewReader(in), bufio.NewWriter(out)
	for written := int64(0); ; {
		was, end := r.ReadBytes('\n')
		if end != nil && !errors.Is(end, io.EOF) {
			return c, f.failed("rewrite", end)
		}
		if len(was) > 0 {
			line := bytes.TrimSuffix(was, []byte("\n"))
			now, err := edit(line)
			if err != nil {
				return c, err
			}
			if !bytes.Equal(line, now) {
				c.changed++
			}
			now = slices.Concat(now, was[len(line):])
			c.read, written = c.read+int64(len(was)), written+int64(len(now))
			if state.SumOf(was) == sum {
				c.last, c.size = now, written
			}
			if _, err := w.Write(now); err != nil {
				return c, f.failed("rewrite", err)
			}
		}
		if end != nil {
			return c, f.failed("rewrite", w.Flush())
		}
	}
}

// alike gives out the mode of the other file, and its owner and group as far as this process
// may: where the group stays another one, that one may do nothing.
func alike(out, was *os.File) error {
	info, err := was.Stat()
	if err != nil {
		return err
	}
	mode := info.Mode().Perm()
	if !owned(out, info) {
		mode &^= 0o070
	}
	return out.Chmod(mode)
}

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
