package configs

import (
	"strings"
	"time"
)

// shortestLog bounds log.keep from below: the guard's window, and who looks what happened
// yesterday, need some of it.
const shortestLog = 24 * time.Hour

// checkLog judges how long the provisioning log is kept, and where it is exported to.
func checkLog(l Log) []Fault {
	var faults []Fault
	if l.Keep < shortestLog {
		faults = append(faults, Fault{Path: "log.keep", Message: "is shorter than a day", Mend: "write a duration of 24h or longer, such as 9600h, which is 400 days"})
	}
	if message := exported(l.Export); message != "" {
		faults = append(faults, Fault{Path: "log.export", Message: message, Mend: `write a file such as audit.jsonl or /var/log/syncd/audit.jsonl, or "" for none`})
	}
	return faults
}

// exported tells what keeps a path from being that of a file.
func exported(path string) string {
	switch {
	case path == "":
		return ""
	case strings.TrimSpace(path) != path, strings.ContainsAny(path, "\x00\r\n"):
		return "begins or ends with a space, or holds a line break"
	case strings.Contains(path, "://"):
		return "is a URL, not a file"
	case strings.HasSuffix(path, "/"):
		return "is a directory, not a file"
	}
	return ""
}
