// Package archive keeps on disk what can't be built again when a ledger is
// lost: the provisioning log, people's decisions, the runs, what was saved of
// leavers, and which ledger this machine has seen last.
//
// It is a directory of JSON lines, for one connection or several:
//
//	acme-20261124-0001.jsonl   lines {"v":1,"connection":"acme","kind":...,"time":...,"record":...}
//	acme.position.json         the state.Position that was seen last
//
// Each process writes files of its own: it makes a new one, under a number that
// nobody has, when it first appends, on each new day (UTC), and when one is
// full. So replicas may share a directory, also one on a network disk, without
// a lock, and what a crash leaves half written at the end of a file is never
// written behind: a reader drops it, because it was never acknowledged. Nothing
// is ever deleted here; Rewrite replaces what is told of somebody who is forgotten.
package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

const (
	// fullSize is the size in bytes from which on a file is not written to.
	fullSize = 64 << 20
	// longest is the greatest length of a line in bytes.
	longest = 64 << 20
	// version is that of the lines, and of the position's file.
	version = 1
)

// Archive is one connection's archive, open for writing. Its methods may be
// called from several goroutines.
type Archive struct {
	dir, name string

	mu   sync.Mutex
	file *os.File // nil until something is appended, and after an error
	day  string   // of file
	size int64    // of file
}

// line is one line of a file.
type line struct {
	Version    int    `json:"v"`
	Connection string `json:"connection"`
	state.Archived
}

// Open opens the archive of the connection called name in dir, which it makes
// (mode 0700) where it is absent. It fails when dir can't be written to, so that
// this is known before anything has happened that must be archived.
func Open(dir, name string) (*Archive, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, failed("open", dir, err)
	}
	if err := probe(dir); err != nil {
		return nil, failed("open", dir, err)
	}
	return &Archive{dir: dir, name: name}, nil
}

// probe writes a file and removes it.
func probe(dir string) error {
	f, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString("x")
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// Append writes the records in order, and is durable when it returns nil. After
// an error they may be in the archive or not, each of them whole.
func (a *Archive) Append(ctx context.Context, records ...state.Archived) error {
	if err := ctx.Err(); err != nil {
		return failed("append to", a.dir, err)
	}
	if len(records) == 0 {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now().UTC()
	text, err := a.encode(now, records)
	if err != nil {
		return err
	}
	if err := a.rotate(now.Format("20060102"), int64(len(text))); err != nil {
		return failed("append to", a.dir, err)
	}
	if err := a.write(text); err != nil {
		return failed("append to", a.dir, errors.Join(err, a.abandon()))
	}
	return nil
}

// Close closes the file. Nothing is lost without it.
func (a *Archive) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file == nil {
		return nil
	}
	err := a.file.Close()
	a.file = nil
	return failed("close", a.dir, err)
}

func (a *Archive) encode(now time.Time, records []state.Archived) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, r := range records {
		if r.Time.IsZero() {
			r.Time = now
		}
		start := b.Len()
		if err := e.Encode(line{Version: version, Connection: a.name, Archived: r}); err != nil {
			return nil, refused(a.dir, r.Kind, err)
		}
		if n := b.Len() - start; n > longest {
			return nil, refused(a.dir, r.Kind, fmt.Errorf("it is %d bytes long, at most %d are possible", n, longest))
		}
	}
	return b.Bytes(), nil
}

func (a *Archive) write(text []byte) error {
	if _, err := a.file.Write(text); err != nil {
		return err
	}
	if err := a.file.Sync(); err != nil {
		return err
	}
	a.size += int64(len(text))
	return nil
}

// abandon lets go of a file whose last write failed, without the part that was
// written: what a disk keeps after an error is not to be built upon.
func (a *Archive) abandon() error {
	f := a.file
	a.file = nil
	err := errors.Join(f.Truncate(a.size), f.Close())
	if a.size == 0 {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// rotate makes sure that there is a file of that day with room for more bytes.
func (a *Archive) rotate(day string, more int64) error {
	if a.file != nil {
		if a.day == day && a.size+more <= fullSize && a.mine() {
			return nil
		}
		err := a.file.Close()
		a.file = nil
		if err != nil {
			return err
		}
	}
	f, err := a.create(day)
	if err != nil {
		return err
	}
	a.file, a.day, a.size = f, day, 0
	if err := syncDir(a.dir); err != nil {
		return errors.Join(err, a.abandon())
	}
	return nil
}

// create makes the day's next file. Another process may take the number first.
func (a *Archive) create(day string) (*os.File, error) {
	files, err := filesOf(a.dir, a.name)
	if err != nil {
		return nil, err
	}
	number := 1
	for _, f := range files {
		if f.day == day && f.number >= number {
			number = f.number + 1
		}
	}
	for {
		path := filepath.Join(a.dir, fmt.Sprintf("%s-%s-%04d.jsonl", a.name, day, number))
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
		number++
	}
}

// file is one file of an archive.
type file struct {
	path   string
	day    string
	number int
}

// filesOf lists the files of a connection's archive by name; none where dir is absent.
func filesOf(dir, name string) ([]file, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	pattern := regexp.MustCompile(`^` + regexp.QuoteMeta(name) + `-([0-9]{8})-([0-9]{4,9})\.jsonl$`)
	var list []file
	for _, e := range entries {
		m := pattern.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		number, err := strconv.Atoi(m[2])
		if err != nil {
			return nil, err
		}
		list = append(list, file{path: filepath.Join(dir, e.Name()), day: m[1], number: number})
	}
	return list, nil
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

func refused(dir, kind string, err error) error {
	return &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("append %.40q to archive %s", kind, dir), Err: err}
}
