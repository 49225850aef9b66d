package configs

import (
	"fmt"
	"strings"
)

// Fault is one thing wrong with the configuration.
type Fault struct {
	Path    string // of the key, such as okta.rate_share; "" for the file as a whole
	Line    int    // in the file, from 1; 0 when the value is not from a file, or missing
	Column  int    // of that line, from 1; 0 when it isn't known
	Source  string // the file, or the environment variable; "" for a default
	Message string // what is wrong
	Mend    string // what to do about it
}

// String gives the fault on one line: place, key, what is wrong, how to mend it.
func (f Fault) String() string {
	var b strings.Builder
	if f.Source != "" {
		b.WriteString(f.Source)
		if f.Line > 0 {
			fmt.Fprintf(&b, ":%d", f.Line)
		}
		if f.Column > 0 {
			fmt.Fprintf(&b, ":%d", f.Column)
		}
		b.WriteString(": ")
	}
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	b.WriteString(f.Message)
	if f.Mend != "" {
		b.WriteString("; " + f.Mend)
	}
	return b.String()
}

// Invalid is a configuration that can't be used, with all its faults in the
// order of the file.
type Invalid struct{ Faults []Fault }

// Error gives one fault a line.
func (e *Invalid) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Warning is something odd that stops nothing.
type Warning struct {
	Column  int    // of that line, from 1; 0 when it isn't known
	Source  string // the environment variable
	Message string
}

// String gives the warning on one line.
func (w Warning) String() string { return w.Source + ": " + w.Message }

// Check looks for faults in a whole configuration, beyond what this package
// knows. It names the paths; Load fills in sources and lines.
type Check func(*Config) []Fault
