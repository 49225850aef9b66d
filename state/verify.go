package state

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/fault"
)

// longestLine is the greatest length of a line of an export, in bytes.
const longestLine = 64 << 20

// Verify reads an export to its end, and tells what it holds. It refuses, with
// the number of the line, what is cut, changed or of another form, and a ledger
// of another connection, Okta org, app or Omni than own names.
func Verify(r io.Reader, own Header) (Moved, error) {
	return readExport(r, own, func(item, []byte) error { return nil })
}

// importing reads an export line by line.
type importing struct {
	lines *bufio.Scanner
	n     int // lines read
	sum   hash.Hash
	own   Header
	got   Moved // the header, and what was counted so far

	groups   map[Bucket]bool // members that may follow
	owned    bool            // the connection's record was seen
	finished bool            // the footer was seen
}

// readExport gives each item with its record as it is stored.
func readExport(r io.Reader, own Header, each func(item, []byte) error) (Moved, error) {
	m := &importing{lines: bufio.NewScanner(r), sum: sha256.New(), own: own, groups: map[Bucket]bool{}}
	m.got.Footer = Footer{Records: map[string]int{}, Streams: map[Stream]int{}}
	m.lines.Buffer(nil, longestLine)
	m.lines.Split(wholeLines)
	for m.lines.Scan() {
		m.n++
		if err := m.line(m.lines.Bytes(), each); err != nil {
			return Moved{}, m.refuse(err)
		}
	}
	switch err := m.lines.Err(); {
	case errors.Is(err, errTorn), err == nil && !m.finished:
		m.n++
		return Moved{}, m.refuse(errors.New("the export ends here, before its last line: it is cut short"))
	case errors.Is(err, bufio.ErrTooLong):
		m.n++
		return Moved{}, m.refuse(err)
	case err != nil:
		return Moved{}, &fault.Error{Kind: fault.Other, Op: "read the export", Err: err}
	}
	return m.got, nil
}

var errTorn = errors.New("no line break at the end")

// wholeLines splits at line breaks and refuses an end that has none.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, errTorn
	}
	return 0, nil, nil
}

func (m *importing) refuse(err error) error {
	if u, ok := errors.AsType[*used](err); ok {
		return u.error
	}
	return &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("read line %d of the export", m.n), Err: err,
		Hint: "nothing of it was used: export again, and import the file as it is"}
}

func (m *importing) line(text []byte, each func(item, []byte) error) error {
	if m.n == 1 {
		m.count(text)
		return m.header(text)
	}
	if m.finished {
		return errors.New("more follows the last line")
	}
	var i struct {
		item
		Footer
	}
	if err := strictly(text, &i); err != nil {
		return err
	}
	if i.SHA256 != "" {
		return m.footer(i.Footer)
	}
	m.count(text)
	return m.item(i.item, each)
}

func (m *importing) count(text []byte) {
	m.sum.Write(text) // a hash takes everything
	m.sum.Write([]byte("\n"))
}

func strictly(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more follows the end of the value")
	}
	return nil
}

func (m *importing) header(text []byte) error {
	var form struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(text, &form); err != nil || form.Format != exportFormat {
		return errors.New("it is not an export of a ledger")
	}
	if form.Version != exportVersion {
		return fmt.Errorf("the export has the form %d, this binary reads %d: import it with the version of syncd that wrote it", form.Version, exportVersion)
	}
	if err := strictly(text, &m.got.Header); err != nil {
		return err
	}
	for _, c := range []struct{ what, got, own string }{
		{"connection", m.got.Connection, m.own.Connection},
		{"Okta org", m.got.Org, m.own.Org},
		{"Okta app", m.got.App, m.own.App},
		{"Omni", m.got.Omni, m.own.Omni},
	} {
		if c.got != c.own {
			return fmt.Errorf("the export is of %s %q, the configuration names %q", c.what, c.got, c.own)
		}
	}
	return nil
}

func (m *importing) item(i item, each func(item, []byte) error) error {
	body := i.Base64
	switch {
	case (i.Bucket == "") == (i.Stream == ""):
		return errors.New("it names neither a bucket nor a stream, or both")
	case (i.Value == nil) == (i.Base64 == nil):
		return errors.New("it has neither value nor base64, or both")
	case len(i.Form) != 1:
		return errors.New("it lacks its form")
	case body == nil:
		body = i.Value
	}
	raw := append([]byte(i.Form), body...)
	if err := i.check(raw); err != nil {
		return err
	}
	if err := m.relate(i, raw); err != nil {
		return err
	}
	if i.Stream != "" {
		m.got.Streams[i.Stream]++
	} else {
		m.got.Records[i.kind()]++
	}
	if err := each(i, raw); err != nil {
		return &used{err}
	}
	return nil
}

// used is an error of what is done with an item, not of the export.
type used struct{ error }

func (u *used) Unwrap() error { return u.error }

// relate compares the item with those before it.
func (m *importing) relate(i item, raw []byte) error {
	switch {
	case i.Bucket == Groups:
		m.groups[membersPrefix+Bucket(i.Key)] = true
	case i.kind() == "members" && !m.groups[i.Bucket]:
		return fmt.Errorf("it is a member of a group that doesn't stand before it: %.60q", i.Bucket)
	case i.Bucket == Meta && i.Key == "connection":
		var c Connection
		if err := decode(raw, &c); err != nil {
			return err
		}
		if c.Org != m.own.Org || c.App != m.own.App || c.Omni != m.own.Omni || c.Importing != nil || m.owned {
			return errors.New("it is the record of another connection, or of a part of a ledger")
		}
		m.owned = true
	}
	return nil
}

func (m *importing) footer(f Footer) error {
	m.finished = true
	if got := hex.EncodeToString(m.sum.Sum(nil)); got != f.SHA256 {
		return fmt.Errorf("the lines before have the SHA-256 %.16s..., the export had %.16s...: something was changed", got, f.SHA256)
	}
	if !maps.Equal(f.Records, m.got.Records) || !maps.Equal(f.Streams, m.got.Streams) {
		return fmt.Errorf("it counts %s, but the lines before are %s", counts(f), counts(m.got.Footer))
	}
	if !m.owned {
		return errors.New("the record of the connection is missing")
	}
	m.got.SHA256 = f.SHA256
	return nil
}

// counts tells a footer's numbers in the order of their names.
func counts(f Footer) string {
	var list []string
	for _, b := range slices.Sorted(maps.Keys(f.Records)) {
		list = append(list, fmt.Sprintf("%s %d", b, f.Records[b]))
	}
	for _, s := range slices.Sorted(maps.Keys(f.Streams)) {
		list = append(list, fmt.Sprintf("%s %d", s, f.Streams[s]))
	}
	return strings.Join(list, ", ")
}
