package console

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/omnisync/omnisync/sync"
)

// restEvery is how often a stream that has nothing to tell says that it lives, so that
// proxies leave it open.
const restEvery = 15 * time.Second

// events follows the connection for an open page, as server-sent events: "progress" brings
// the run that is under way, as HTML that the server escaped, and "changed" says that the
// page isn't up to date. It ends with the client, or with the daemon.
func (a *api) events(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	head(w, "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // or nginx keeps them back
	told, mark, rested := "\x00", "", time.Now()
	t := time.NewTicker(glanceLasts)
	defer t.Stop()
	for {
		var text strings.Builder
		if s, err := a.pulse.glance(r.Context()); err == nil {
			if now := a.progress(s.Running); now != told {
				told = now
				event(&text, "progress", now)
			}
			if now := markOf(s); now != mark {
				if mark != "" {
					event(&text, "changed", "")
				}
				mark = now
			}
		}
		if text.Len() == 0 && time.Since(rested) > restEvery {
			text.WriteString(":\n\n")
		}
		if text.Len() > 0 {
			rested = time.Now()
			_ = control.SetWriteDeadline(rested.Add(patience))
			if _, err := w.Write([]byte(text.String())); err != nil || control.Flush() != nil {
				return
			}
		}
		select {
		case <-t.C:
		case <-r.Context().Done():
			return
		case <-a.lives.Done():
			return
		}
	}
}

// event writes one event; each line of its data is one of the stream.
func event(b *strings.Builder, name, data string) {
	fmt.Fprintf(b, "event: %s\n", name)
	for line := range strings.SplitSeq(data, "\n") {
		fmt.Fprintf(b, "data: %s\n", strings.TrimRight(line, "\r"))
	}
	b.WriteString("\n")
}

// progress gives the run that is under way as HTML.
func (a *api) progress(r *sync.Running) string {
	var text bytes.Buffer
	if err := a.templates["now"].ExecuteTemplate(&text, "running", r); err != nil {
		return ""
	}
	return text.String()
}

// markOf tells two statuses apart of which a page shows something different, besides the
// progress of a run.
func markOf(s sync.Status) string {
	parts := []string{fmt.Sprint(s.State, s.Leader, s.Holder, s.Reason, len(s.Failing), len(s.Rejected), s.Running == nil)}
	if s.Last != nil {
		parts = append(parts, s.Last.Run)
	}
	if s.Pause != nil {
		parts = append(parts, "paused", seen(s.Pause))
	}
	for _, h := range s.Held {
		parts = append(parts, h.Run, h.Hash)
	}
	return strings.Join(parts, " ")
}
