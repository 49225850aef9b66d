package console_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// annals is a daemon with a log of lines, the newest first.
type annals struct {
	*daemon
	lines []state.Change
}

func (a *annals) History(_ context.Context, f sync.HistoryFilter) ([]state.Change, error) {
	var found []state.Change
	skip := f.Skip
	for _, c := range a.lines {
		if (f.Until.IsZero() || c.Time.Before(f.Until)) && len(found) < f.Limit {
			if skip--; skip < 0 {
				found = append(found, c)
			}
		}
	}
	return found, nil
}

var (
	older = regexp.MustCompile(`href="([^"]*)" rel="next"`)
	named = regexp.MustCompile(`>line-\d+@`)
)

// Whoever goes from part to part sees each line of the log once, also where many have one
// time, and while new ones come.
func TestEveryLineIsInOnePart(t *testing.T) {
	d := &annals{daemon: newDaemon()}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	add := func(i int) {
		c := state.Change{Kind: "update", UserName: fmt.Sprintf("line-%d@x.co", i), State: state.Applied, Time: at.Add(time.Duration(i/250) * time.Second)}
		d.lines = append([]state.Change{c}, d.lines...)
	}
	for i := range 730 {
		add(i)
	}
	o := manned(d.daemon)
	o.Engine = d
	site := serveOptions(t, o)
	seen := map[string]int{}
	path, parts := "/log", 0
	for ; path != "" && parts < 20; parts++ {
		text := get(t, site, path)
		for _, name := range named.FindAllString(text, -1) {
			seen[name[1:]]++
		}
		path = ""
		if m := older.FindStringSubmatch(text); m != nil {
			path = html.UnescapeString(m[1])
		}
		add(1000 + parts)
	}
	for i := range 730 {
		if n := seen[fmt.Sprintf("line-%d@", i)]; n != 1 {
			t.Fatalf("line %d is shown %d times", i, n)
		}
	}
	if parts != 8 || len(seen) != 730 {
		t.Errorf("%d parts with %d lines", parts, len(seen))
	}
}

// What a decision would cover is told by the API, too, and nothing is done.
func TestPreviewByTheAPI(t *testing.T) {
	d := newDaemon()
	d.run = func(context.Context, sync.Request) (sync.Report, error) { panic("a preview needs no run") }
	url := d.serve(t)
	for _, verb := range []string{"approve", "reject"} {
		a := knock{method: http.MethodPost, path: "/api/v1/runs/r1/" + verb, token: token, body: `{"preview":true,"only":["ann@example.com"]}`}.send(t, url)
		if v := <-d.decided; a.status != 200 || !v.Preview || len(v.Only) != 1 || !strings.HasPrefix(a.body, `{"decided":{`) {
			t.Errorf("%s: %+v, %d %s", verb, v, a.status, a.body)
		}
	}
}

// The stream of events tells that the page is old once something has changed.
func TestEventsTellOfChanges(t *testing.T) {
	d := newDaemon()
	running, _ := d.status()
	ended := running
	ended.Running, ended.Last = nil, &sync.LastRun{Run: "r3"}
	asked := 0
	d.status = func() (sync.Status, error) {
		if asked++; asked == 1 {
			return running, nil
		}
		return ended, nil
	}
	ctx, leave := context.WithTimeout(t.Context(), 10*time.Second)
	defer leave()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, d.serve(t)+"/api/v1/events", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, buffer := "", make([]byte, 4096)
	for !strings.Contains(text, "event: changed\n") {
		n, err := answer.Body.Read(buffer)
		if err != nil {
			t.Fatalf("%v after %s", err, text)
		}
		text += string(buffer[:n])
	}
	if first, _, _ := strings.Cut(text, "event: changed"); strings.Count(first, "event: progress") != 2 || !strings.Contains(first, "84") {
		t.Errorf("told before: %s", first)
	}
}
