package main

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/omnisync/omnisync/sync"
)

// onTerminal lets draw use a meter on a terminal of the given width, and gives
// everything that was written to it.
func onTerminal(t *testing.T, width uint16, environ []string, draw func(*meter)) string {
	t.Helper()
	mine, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	if err := pty.Setsize(mine, &pty.Winsize{Rows: 24, Cols: width}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	copied := make(chan struct{})
	go func() { defer close(copied); _, _ = io.Copy(&out, mine) }() // ends with EIO
	m := newMeter(theirs, environ)
	draw(m)
	m.end()
	theirs.Close()
	<-copied
	return out.String()
}

var escape = regexp.MustCompile(`\x1b\[[0-9]*[A-Za-z]`)

// frames are the lines that were drawn, without what moves the cursor.
func frames(out string) []string {
	var list []string
	for line := range strings.Lines(escape.ReplaceAllString(out, "")) {
		list = append(list, strings.TrimRight(line, " \r\n"))
	}
	return list
}

func load(done int, left float64) sync.Progress {
	return sync.Progress{Run: "r1", Step: "apply", Done: done, Total: 5060, PerMinute: 58.4, Left: &left}
}

// shown waits until a frame was drawn: the terminal is drawn to twice a refresh.
func shown() { <-time.After(400 * time.Millisecond) }

func TestBarOnATerminal(t *testing.T) {
	out := onTerminal(t, 100, nil, func(m *meter) {
		m.step(sync.Progress{Run: "r1", Step: "read", Done: 500})
		m.step(sync.Progress{Run: "r1", Step: "read", Done: 5000})
		m.step(load(1265, 3900))
		shown()
		_, _ = io.WriteString(logs{&app{meter: m}}, "a warning\n")
		m.step(load(5060, 0))
	})
	lines := frames(out)
	for _, want := range []string{
		"read users     5000",
		"apply        [====>             ]  1265/5060  58 a minute  about 1 h 5 min left",
		"a warning",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("%q was not drawn:\n%s", want, strings.Join(lines, "\n"))
		}
	}
	if last := lines[len(lines)-1]; last != "apply          5060/5060" {
		t.Errorf("what stays in the end is %q", last)
	}
}

// A line that is wider than the terminal would be broken into two, and each
// frame would leave one behind.
func TestBarIsNeverWiderThanTheTerminal(t *testing.T) {
	for _, width := range []uint16{20, 40, 60} {
		out := onTerminal(t, width, nil, func(m *meter) {
			m.step(load(1265, 3900))
			shown()
		})
		for _, line := range frames(out) {
			if n := len([]rune(line)); n > int(width) {
				t.Errorf("at %d columns a line has %d: %q", width, n, line)
			}
		}
	}
}

func TestPlainLinesWhereTheCursorCannotMove(t *testing.T) {
	for name, tt := range map[string]struct {
		width   uint16
		environ []string
	}{"dumb": {80, []string{"TERM=dumb"}}, "no size": {0, nil}} {
		out := onTerminal(t, tt.width, tt.environ, func(m *meter) { m.step(load(1265, 3900)) })
		if want := "apply 1265/5060, 58 a minute, about 1 h 5 min left\r\n"; out != want {
			t.Errorf("%s: drawn %q, want %q", name, out, want)
		}
	}
}

// Nothing is coloured, so NO_COLOR has nothing to forbid.
func TestBarHasNoColour(t *testing.T) {
	out := onTerminal(t, 80, []string{"NO_COLOR=1"}, func(m *meter) { m.step(load(1265, 3900)); shown() })
	if strings.Contains(escape.FindString(out), "m") || regexp.MustCompile(`\x1b\[[0-9;]*m`).MatchString(out) {
		t.Errorf("coloured: %q", out)
	}
}

func TestInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                               "a few seconds",
		9 * time.Second:                 "a few seconds",
		12 * time.Second:                "about 10 s",
		54 * time.Second:                "about 55 s",
		58 * time.Second:                "about 1 min",
		100 * time.Second:               "about 2 min",
		59*time.Minute + 20*time.Second: "about 59 min",
		59*time.Minute + 40*time.Second: "about 1 h",
		83 * time.Minute:                "about 1 h 23 min",
		2*time.Hour + 3*time.Minute:     "about 2 h 5 min",
		9*time.Hour + 58*time.Minute:    "about 10 h",
		28*time.Hour + 20*time.Minute:   "about 28 h",
		70 * time.Hour:                  "about 3 days",
	} {
		if got := inWords(d); got != want {
			t.Errorf("%s is told as %q, want %q", d, got, want)
		}
	}
}
