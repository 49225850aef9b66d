package main

import (
	"fmt"
	"io"
	"time"

	"github.com/omnisync/omnisync/sync"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// meterPause is the least time between two lines about one step off a terminal.
const meterPause = 10 * time.Second

// meter tells the progress of one run: bars on a terminal, else a line a step
// and now and then one about a long step.
type meter struct {
	w     io.Writer
	bars  *mpb.Progress // nil off a terminal
	bar   *mpb.Bar
	last  sync.Progress
	begun bool
	told  time.Time
}

func newMeter(w io.Writer) *meter {
	m := &meter{w: w}
	if isTerminal(w) {
		m.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40), mpb.WithAutoRefresh())
	}
	return m
}

// step tells one step.
func (m *meter) step(p sync.Progress) {
	next := !m.begun || p.Step != m.last.Step
	if m.bars != nil {
		m.draw(p, next)
	} else if next || p.Total > 0 && p.Done >= p.Total && p != m.last || time.Since(m.told) >= meterPause {
		m.line(p)
	}
	m.last, m.begun = p, true
}

func (m *meter) line(p sync.Progress) {
	m.told = time.Now()
	text := p.Step
	switch {
	case p.Total > 0:
		text += fmt.Sprintf(" %d/%d", p.Done, p.Total)
	case p.Done > 0:
		text += fmt.Sprintf(" %d", p.Done)
	}
	if p.Note != "" {
		text += ": " + clean(p.Note)
	}
	_, _ = fmt.Fprintln(m.w, text)
}

func (m *meter) draw(p sync.Progress, next bool) {
	if next {
		m.finish()
		m.bar = m.bars.AddBar(0, mpb.PrependDecorators(decor.Name(p.Step, decor.WCSyncSpaceR)),
			mpb.AppendDecorators(decor.CountersNoUnit("%d/%d")))
	}
	m.bar.SetTotal(int64(p.Total), false)
	m.bar.SetCurrent(int64(p.Done))
}

func (m *meter) finish() {
	if m.bar != nil {
		m.bar.SetTotal(-1, true)
	}
}

// end leaves the terminal as it was, below the bars.
func (m *meter) end() {
	if m.bars == nil {
		return
	}
	m.finish()
	m.bars.Wait()
}
