package archive

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// Records gives what the archive holds, as Read does.
func (a *Archive) Records() iter.Seq2[state.Archived, error] { return Read(a.dir, a.name) }

// Read gives what the archive of the connection called name in dir holds, in
// the order of the times of writing; what one process wrote stays in its order
// whatever its clock did. It reads as it goes. The end of a file that a crash
// left half written is dropped. A line that can't be read gives an error with
// its file and number, and the rest follows for a loop that goes on; so does a
// file that can't be read. No directory is no records.
//
// An archive may hold a record twice: an Append that failed may have been
// written, and is then repeated.
func Read(dir, name string) iter.Seq2[state.Archived, error] {
	return func(yield func(state.Archived, error) bool) {
		files, err := filesOf(dir, name)
		if err != nil {
			yield(state.Archived{}, failed("read", dir, err))
			return
		}
		m := merge{name: name}
		defer m.close()
		if m.survey(files, yield) {
			m.run(yield)
		}
	}
}

// merge joins files that were written at the same time. A file is open only
// while its turn may come, so that years of them need few handles.
type merge struct {
	name    string
	waiting []*source // not open, by the time of their first record
	open    []*source
}

// source is a file that is read, with its next record.
type source struct {
	path  string
	file  *os.File
	lines *bufio.Scanner
	n     int // lines read
	next  state.Archived
}

// survey reads the first record of each file; false when yield wants no more.
func (m *merge) survey(files []file, yield func(state.Archived, error) bool) bool {
	for _, f := range files {
		s := &source{path: f.path}
		err := s.start(m.name)
		s.stop()
		switch {
		case errors.Is(err, errEnd):
		case err != nil && s.n == 0: // the file itself
			if !yield(state.Archived{}, err) {
				return false
			}
		default: // a bad first line is told when its turn comes
			m.waiting = append(m.waiting, s)
		}
	}
	slices.SortStableFunc(m.waiting, func(a, b *source) int { return a.next.Time.Compare(b.next.Time) })
	return true
}

func (m *merge) run(yield func(state.Archived, error) bool) {
	for {
		s := m.earliest()
		if len(m.waiting) > 0 && (s == nil || !m.waiting[0].next.Time.After(s.next.Time)) {
			s = m.waiting[0]
			m.waiting = m.waiting[1:]
			m.open = append(m.open, s)
			if !m.advance(s, s.start(m.name), yield) {
				return
			}
			continue
		}
		if s == nil {
			return
		}
		if !yield(s.next, nil) || !m.advance(s, s.advance(m.name), yield) {
			return
		}
	}
}

// advance tells errors until s has a record or is at its end; false when yield
// wants no more.
func (m *merge) advance(s *source, err error, yield func(state.Archived, error) bool) bool {
	for err != nil {
		if errors.Is(err, errEnd) {
			m.drop(s)
			return true
		}
		if !yield(state.Archived{}, err) {
			return false
		}
		if s.lines == nil {
			m.drop(s)
			return true
		}
		err = s.advance(m.name)
	}
	return true
}

func (m *merge) drop(s *source) {
	s.stop()
	m.open = slices.DeleteFunc(m.open, func(o *source) bool { return o == s })
}

// earliest gives the open file whose record comes next, nil without any.
func (m *merge) earliest() *source {
	var first *source
	for _, s := range m.open {
		if first == nil || s.next.Time.Before(first.next.Time) {
			first = s
		}
	}
	return first
}

func (m *merge) close() {
	for _, s := range m.open {
		s.stop()
	}
}

// errEnd is a file's end.
var errEnd = errors.New("end of the file")

// start opens the file and reads its first record.
func (s *source) start(name string) error {
	f, err := os.Open(s.path)
	if err != nil {
		return failed("read", s.path, err)
	}
	s.file, s.n = f, 0
	s.lines = bufio.NewScanner(f)
	s.lines.Buffer(nil, longest+1)
	s.lines.Split(wholeLines)
	return s.advance(name)
}

// advance reads the next record.
func (s *source) advance(name string) error {
	if !s.lines.Scan() {
		err := s.lines.Err()
		s.lines = nil
		if err != nil {
			return failed("read", fmt.Sprintf("%s behind line %d", s.path, s.n), err)
		}
		return errEnd
	}
	s.n++
	var l line
	err := json.Unmarshal(s.lines.Bytes(), &l)
	switch {
	case err != nil:
		return s.bad("it is damaged", "", err)
	case l.Version > version:
		return s.bad(fmt.Sprintf("it has the form %d, this binary reads up to %d", l.Version, version), "run the newer syncd that wrote it", nil)
	case l.Connection != name:
		return s.bad(fmt.Sprintf("it belongs to connection %.70q, not %q", l.Connection, name), "give the file the name that it had", nil)
	case l.Version < 1 || l.Kind == "" || len(l.Record) == 0 || l.Time.IsZero():
		return s.bad("it lacks its version, kind, time or record", "", nil)
	}
	s.next = l.Archived
	return nil
}

func (s *source) bad(detail, hint string, err error) error {
	return &fault.Error{Kind: fault.Other, Op: fmt.Sprintf("read archive %s line %d", s.path, s.n), Detail: detail, Hint: hint, Err: err}
}

func (s *source) stop() {
	if s.file != nil {
		_ = s.file.Close()         // it was only read
		s.file, s.lines = nil, nil // the buffer with it
	}
}

// wholeLines splits at line breaks and drops an end that has none.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF {
		return len(data), nil, nil
	}
	return 0, nil, nil
}
