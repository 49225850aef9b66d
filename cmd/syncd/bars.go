package main

import (
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/omnisync/omnisync/sync"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// barWidth is the widest that a bar is; a narrow terminal makes it narrower.
const barWidth = 20

// bars draws steps on a terminal: one bar at a time, and above it a line for
// each step that is over.
type bars struct {
	all *mpb.Progress
	one *mpb.Bar // nil before the first step
	now *drawn
}

// drawn is what the newest bar shows. mpb reads it from a goroutine of its own.
type drawn struct {
	progress atomic.Pointer[sync.Progress]
	begun    time.Time
	took     atomic.Int64 // of a step that is over
}

func newBars(w io.Writer, options ...mpb.ContainerOption) *bars {
	options = append([]mpb.ContainerOption{mpb.WithOutput(w), mpb.WithWidth(barWidth), mpb.WithAutoRefresh(), mpb.PopCompletedMode()}, options...)
	return &bars{all: mpb.New(options...)}
}

// draw shows how far a step is, on a new bar for the next one.
func (b *bars) draw(p sync.Progress, next bool) {
	if next {
		b.finish()
		b.now = &drawn{begun: time.Now()}
	}
	b.now.progress.Store(&p)
	if next {
		b.one = b.all.New(0, barStyle(), mpb.BarFillerClearOnComplete(),
			mpb.PrependDecorators(decor.Any(b.now.name, decor.WC{W: 12, C: decor.DindentRight})),
			mpb.AppendDecorators(decor.Any(b.now.text)))
	}
	b.one.SetTotal(int64(max(p.Total, 1)), false)
	b.one.SetCurrent(int64(min(p.Done, p.Total)))
}

// barStyle is plain, so that any terminal and any font shows it.
func barStyle() mpb.BarFillerBuilder {
	return mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]")
}

func (d *drawn) name(decor.Statistics) string { return label(d.progress.Load().Step) }

func (d *drawn) text(s decor.Statistics) string {
	p := *d.progress.Load()
	p.Note = "" // it has a line of its own
	list := []string{count(p)}
	if s.Completed || s.Aborted {
		if took := time.Duration(d.took.Load()); took >= 10*time.Second {
			list = append(list, strings.TrimPrefix(inWords(took), "about "))
		}
	} else {
		list = append(list, details(p)...)
	}
	return " " + strings.Join(list, "  ")
}

// finish ends the newest bar: its line stays, without the bar itself.
func (b *bars) finish() {
	if b.one == nil {
		return
	}
	b.now.took.Store(int64(time.Since(b.now.begun)))
	b.one.SetTotal(-1, true)
	b.one.Wait()
}

// line writes a line above the bar.
func (b *bars) line(text string) { _, _ = b.Write([]byte(text + "\n")) }

// Write writes whole lines above the bar.
func (b *bars) Write(text []byte) (int, error) { return b.all.Write(text) }

func (b *bars) end() {
	b.finish()
	b.all.Wait()
}
