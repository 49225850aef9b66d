package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/sync"
	"golang.org/x/term"
)

// meterPause is the least time between two lines about one step off a terminal.
const meterPause = 10 * time.Second

// meter tells the progress of one run: a bar a step on a terminal that can move
// its cursor, else a line a step and now and then one about a long step.
type meter struct {
	w     io.Writer
	bars  *bars // nil where there are only lines
	last  sync.Progress
	begun time.Time // the step that is told; zero before the first
	told  time.Time // the newest line
}

// newMeter makes the meter of the run that the command waits for.
func (a *app) newMeter() *meter {
	a.meter = newMeter(a.Err, a.Environ)
	return a.meter
}

// logs is where a command logs: standard error, above the meter.
type logs struct{ app *app }

func (l logs) Write(b []byte) (int, error) {
	if l.app.meter != nil {
		return l.app.meter.Write(b)
	}
	return l.app.Err.Write(b)
}

func newMeter(w io.Writer, environ []string) *meter {
	m := &meter{w: w}
	if movable(w) && !slices.Contains(environ, "TERM=dumb") {
		m.bars = newBars(w)
	}
	return m
}

// movable reports whether w is a terminal with room for bars. One that doesn't
// know its size has none.
func movable(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	width, height, err := term.GetSize(int(f.Fd()))
	return err == nil && width >= 20 && height >= 2
}

// step tells how far a step is.
func (m *meter) step(p sync.Progress) {
	next := m.begun.IsZero() || p.Step != m.last.Step || p.Run != m.last.Run
	if next {
		m.over()
		m.begun = time.Now()
	}
	if m.bars != nil {
		if next && p.Note != "" && p.Note != m.last.Note {
			m.bars.line(clean(p.Note))
		}
		m.bars.draw(p, next)
	} else if next || time.Since(m.told) >= meterPause {
		m.line(p)
	}
	m.last = p
}

// over tells the end of a step off a terminal, where it was long.
func (m *meter) over() {
	if m.bars == nil && !m.begun.IsZero() && m.last.Done > 0 && time.Since(m.told) >= meterPause {
		m.line(m.last)
	}
}

func (m *meter) line(p sync.Progress) {
	m.told = time.Now()
	_, _ = fmt.Fprintln(m.w, told(p))
}

// Write writes log lines so that they don't mix with the bars.
func (m *meter) Write(b []byte) (int, error) {
	if m.bars != nil {
		return m.bars.Write(b)
	}
	return m.w.Write(b)
}

// end leaves the terminal as it was, below the bars.
func (m *meter) end() {
	m.over()
	if m.bars != nil {
		m.bars.end()
		m.bars = nil
	}
}

// told gives a step's progress as one line.
func told(p sync.Progress) string {
	return strings.Join(append([]string{strings.TrimSpace(label(p.Step) + " " + count(p))}, details(p)...), ", ")
}

// label says what is done in a step.
func label(step string) string {
	switch step {
	case "read":
		return "read users"
	case "members":
		return "read groups"
	case "survey":
		return "read Omni"
	}
	return clean(step)
}

// count tells how much is done, and of how much.
func count(p sync.Progress) string {
	switch {
	case p.Total > 0:
		return fmt.Sprintf("%d/%d", p.Done, p.Total)
	case p.Done > 0:
		return fmt.Sprint(p.Done)
	}
	return ""
}

// details tell the rate, the time left and what else there is to say.
func details(p sync.Progress) []string {
	var list []string
	if p.PerMinute >= 1 && p.Done > 0 {
		list = append(list, fmt.Sprintf("%.0f a minute", p.PerMinute))
	}
	if p.Left != nil {
		list = append(list, inWords(time.Duration(*p.Left*float64(time.Second)))+" left")
	}
	if p.Note != "" {
		list = append(list, clean(p.Note))
	}
	return list
}

// inWords tells a time that was estimated, no more precisely than it is known.
func inWords(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return "a few seconds"
	case d < 55*time.Second:
		return fmt.Sprintf("about %d s", d.Round(5*time.Second)/time.Second)
	case d < 59*time.Minute+30*time.Second:
		return fmt.Sprintf("about %d min", d.Round(time.Minute)/time.Minute)
	case d < 2*time.Hour:
		return hoursAndMinutes(d.Round(time.Minute))
	case d < 10*time.Hour:
		return hoursAndMinutes(d.Round(5 * time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("about %d h", d.Round(time.Hour)/time.Hour)
	}
	return fmt.Sprintf("about %d days", d.Round(24*time.Hour)/(24*time.Hour))
}

func hoursAndMinutes(d time.Duration) string {
	if minutes := d % time.Hour / time.Minute; minutes > 0 {
		return fmt.Sprintf("about %d h %d min", d/time.Hour, minutes)
	}
	return fmt.Sprintf("about %d h", d/time.Hour)
}
