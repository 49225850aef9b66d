package bolt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// owner is the process that has the file, as it stands in PATH.owner.
type owner struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

func ownerPath(path string) string { return path + ".owner" }

// writeOwner names this process. Only the holder of the lock may call it.
func writeOwner(path string) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown" // the name is for people alone
	}
	o := owner{PID: os.Getpid(), Host: host, Since: time.Now().UTC().Truncate(time.Second)}
	raw, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return os.WriteFile(ownerPath(path), append(raw, '\n'), 0o600)
}

func removeOwner(path string) error {
	if err := os.Remove(ownerPath(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// describeOwner says who has the file. The owner's file may be missing or half
// written for the moment between the lock and the name.
func describeOwner(path string) string {
	raw, err := os.ReadFile(ownerPath(path))
	var o owner
	if err != nil || json.Unmarshal(raw, &o) != nil || o.PID == 0 {
		return "another process has it"
	}
	return fmt.Sprintf("pid %d on %s has it since %s", o.PID, o.Host, o.Since.Format(time.RFC3339))
}
