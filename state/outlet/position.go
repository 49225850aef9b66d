package outlet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// version is that of the position's file.
const version = 1

// position is how far an export is, and where in the file that was.
type position struct {
	Version int `json:"v"`
	state.Exported
	Size int64 `json:"size"` // where the last line ended
	Last int   `json:"last"` // its length
}

// in tells from where on the file may hold what isn't known to be written: behind the last
// line, or from its beginning where that isn't there, because the file is another one.
func (p position) in(file *os.File) (at, size int64, err error) {
	info, err := file.Stat()
	if err != nil {
		return 0, 0, err
	}
	size = info.Size()
	if p.Size == 0 || p.Size > size || int64(p.Last) > p.Size {
		return 0, size, nil
	}
	last, err := readAt(file, p.Size-int64(p.Last), int64(p.Last))
	if err == nil && state.SumOf(last) == p.Sum {
		at = p.Size
	}
	return at, size, err
}

func (f *File) positionPath() string { return f.path + ".position" }

// position reads the position; where it is gone, the last line of the file tells.
func (f *File) position() (position, error) {
	var p position
	text, err := os.ReadFile(f.positionPath())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f.byLastLine()
	case err != nil:
		return p, f.failed("read", err)
	case json.Unmarshal(text, &p) != nil:
		return f.byLastLine()
	case p.Version > version:
		return p, &fault.Error{Kind: fault.Refused, Op: "read " + f.positionPath(), Detail: fmt.Sprintf("it has the form %d, this binary reads up to %d", p.Version, version),
			Hint: "run the newer syncd that wrote it"}
	}
	return p, nil
}

// mostSearched bounds how far a last line is looked for. A longer one isn't recognised.
const mostSearched = 16 << 20

func (f *File) byLastLine() (p position, err error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return position{}, nil
	}
	if err != nil {
		return p, f.failed("read", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return p, f.failed("read", err)
	}
	n := min(info.Size(), mostSearched)
	tail, err := readAt(file, info.Size()-n, n)
	if err != nil {
		return p, f.failed("read", err)
	}
	tail = tail[:bytes.LastIndexByte(tail, '\n')+1]
	if len(tail) == 0 {
		return position{}, nil
	}
	line := tail[bytes.LastIndexByte(tail[:len(tail)-1], '\n')+1:]
	var c struct{ Time time.Time }
	if json.Unmarshal(line, &c) != nil {
		return position{}, nil
	}
	return position{Exported: state.Exported{Sum: state.SumOf(line), Time: c.Time}, Size: info.Size() - n + int64(len(tail)), Last: len(line)}, nil
}

// remember puts the position into its file, whole or not at all.
func (f *File) remember(p position) error {
	p.Version = version
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := replace(f.positionPath(), text); err != nil {
		return f.failed("write", err)
	}
	return nil
}

// replace writes a file beside that of the path, and gives it its name.
func replace(path string, text []byte) error {
	beside := path + ".new"
	file, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(filepath.Clean(beside), path)
}
