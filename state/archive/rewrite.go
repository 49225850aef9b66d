package archive

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// aside is what the file begins with that is to take the place of another one.
const aside = ".rewrite-"

// Rewrite gives every record to edit, and puts what edit makes of it in its place, file by
// file: each is written anew beside the old one, brought to the disk and given its name.
// After a crash or an error some files are rewritten and the others aren't, each of them
// whole; the same once more does the rest. It tells how many records were changed.
//
// A line that can't be read is given as a record without a kind, whose Record is the line as
// it stands. What a crash left half written at the end of a file is such a line too. A line
// of a newer form ends it. The caller makes sure that no other process appends meanwhile.
func (a *Archive) Rewrite(ctx context.Context, edit func(state.Archived) (state.Archived, error)) (changed int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file != nil { // its place may be taken
		err = a.file.Close()
		a.file = nil
	}
	if err == nil {
		err = a.sweep()
	}
	files, listed := filesOf(a.dir, a.name)
	if err = errors.Join(err, listed); err != nil {
		return 0, failed("rewrite", a.dir, err)
	}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return changed, failed("rewrite", a.dir, err)
		}
		n, err := a.rewrite(f.path, edit)
		if err != nil {
			return changed, err
		}
		changed += n
	}
	return changed, nil
}

// sweep removes what an earlier rewriting of this connection left that broke off.
func (a *Archive) sweep() error {
	entries, err := os.ReadDir(a.dir)
	mine := regexp.MustCompile(`^` + regexp.QuoteMeta(aside) + `[0-9]+\.` + regexp.QuoteMeta(a.name) + `$`)
	for _, e := range entries {
		if mine.MatchString(e.Name()) {
			err = errors.Join(err, os.Remove(filepath.Join(a.dir, e.Name())))
		}
	}
	return err
}

// rewrite writes one file anew, where anything in it changes.
func (a *Archive) rewrite(path string, edit func(state.Archived) (state.Archived, error)) (changed int, err error) {
	in, err := os.Open(path)
	if err != nil {
		return 0, failed("rewrite", path, err)
	}
	defer func() { _ = in.Close() }()                   // it was only read
	out, err := os.CreateTemp(a.dir, aside+"*."+a.name) // mode 0600
	if err != nil {
		return 0, failed("rewrite", path, err)
	}
	changed, err = a.copyEdited(bufio.NewReader(in), out, path, edit)
	if err == nil && changed > 0 {
		err = failed("rewrite", path, out.Sync())
	}
	err = errors.Join(err, failed("rewrite", path, out.Close()))
	if err != nil || changed == 0 {
		return 0, errors.Join(err, failed("rewrite", path, os.Remove(out.Name())))
	}
	if err := os.Rename(out.Name(), path); err != nil {
		return 0, failed("rewrite", path, errors.Join(err, os.Remove(out.Name())))
	}
	return changed, failed("rewrite", path, syncDir(a.dir))
}

// copyEdited copies the lines, edited.
func (a *Archive) copyEdited(in *bufio.Reader, out *os.File, path string, edit func(state.Archived) (state.Archived, error)) (changed int, err error) {
	w := bufio.NewWriter(out)
	for n := 1; ; n++ {
		text, end := in.ReadBytes('\n')
		if end != nil && !errors.Is(end, io.EOF) {
			return changed, failed("rewrite", path, end)
		}
		if len(text) > 0 {
			now, err := a.edited(text, fmt.Sprintf("%s line %d", path, n), edit)
			if err != nil {
				return changed, err
			}
			if !bytes.Equal(now, text) {
				changed++
			}
			if _, err := w.Write(now); err != nil {
				return changed, failed("rewrite", path, err)
			}
		}
		if end != nil {
			return changed, failed("rewrite", path, w.Flush())
		}
	}
}

// edited gives a line as edit makes it, in the same bytes where that changes nothing.
func (a *Archive) edited(text []byte, where string, edit func(state.Archived) (state.Archived, error)) ([]byte, error) {
	end := text[len(bytes.TrimSuffix(text, []byte("\n"))):]
	body := text[:len(text)-len(end)]
	var l line
	if err := json.Unmarshal(body, &l); err == nil && l.Version > version {
		return nil, &fault.Error{Kind: fault.Refused, Op: "rewrite archive " + where,
			Detail: fmt.Sprintf("it has the form %d, this binary reads up to %d", l.Version, version), Hint: "run the newer syncd that wrote it"}
	} else if err != nil || l.Kind == "" || len(l.Record) == 0 || len(end) == 0 {
		now, err := edit(state.Archived{Record: body})
		return append(bytes.Clone(now.Record), end...), err
	}
	now, err := edit(l.Archived)
	if err != nil || bytes.Equal(now.Record, l.Record) {
		return text, err
	}
	l.Archived = now
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(l); err != nil {
		return nil, refused(a.dir, now.Kind, err)
	}
	return b.Bytes(), nil
}

// mine reports whether the open file still has its name: another process may have rewritten
// it since, and what is appended to the old one would be lost.
func (a *Archive) mine() bool {
	open, err := a.file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(a.file.Name())
	return err == nil && os.SameFile(open, named)
}
