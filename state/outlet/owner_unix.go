//go:build unix

package outlet

import (
	"io/fs"
	"os"
	"syscall"
)

// owned gives out the owner and the group of another file, as far as this process may, and
// reports whether it has the group.
func owned(out *os.File, was fs.FileInfo) bool {
	s, ok := was.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	return out.Chown(int(s.Uid), int(s.Gid)) == nil || out.Chown(-1, int(s.Gid)) == nil
}
